"""Who may see saved cases and change numbers: everybody on this machine; from elsewhere, who knows the admin password."""

import hmac
import os
import threading
import time
from collections import deque
from urllib.parse import urlsplit

import streamlit as st

from bayesnet.report.admin import PASSWORD, SHORTEST

AT_HOME = ("localhost", "127.0.0.1", "::1")
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
_GRANTED = "access:granted"


class Allowance:
    """So many times in so many seconds, for all sessions of a server together."""

    def __init__(self, times: int, seconds: float) -> None:
        self._times, self._seconds = times, seconds
        self._taken: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether there was one left, which is taken."""
        with self._lock:
            now = time.monotonic()
            while self._taken and now - self._taken[0] >= self._seconds:
                self._taken.popleft()
            if len(self._taken) >= self._times:
                return False
            self._taken.append(now)
            return True


@st.cache_resource(show_spinner=False)
def tries() -> Allowance:
    """Of the password."""
    return Allowance(5, 60.0)


@st.cache_resource(show_spinner=False)
def saves() -> Allowance:
    """Of cases, by visitors from elsewhere."""
    return Allowance(30, 60.0)


def exposed() -> bool:
    """Whether this session may be of somebody elsewhere: the server listens there, or something passes requests on to it."""
    headers = st.context.headers
    host = urlsplit(f"//{headers.get('Host', '')}").hostname
    return (
        st.get_option("server.address") not in AT_HOME
        or host not in AT_HOME
        or any(name in headers for name in FORWARDED)
    )


def granted() -> bool:
    """Whether this session may see saved cases and change numbers."""
    if not exposed() and not os.environ.get(PASSWORD):
        return True
    return bool(st.session_state.get(_GRANTED))


def ask() -> None:
    """Asks for the password; who knows it may go on, in this session."""
    password = os.environ.get(PASSWORD, "")
    if len(password) < SHORTEST:
        st.error(
            f"This page is closed. Whoever runs the server opens it by setting {PASSWORD} to at least {SHORTEST} characters, "
            "or uses it on the machine itself, where none is set."
        )
        return
    with st.form("admin"):
        given = st.text_input("Admin password", type="password", autocomplete="current-password")
        sent = st.form_submit_button("Go on")
    if not sent:
        return
    if not tries().take():
        st.error("Too many tries. Wait a minute.")
    elif hmac.compare_digest(given.encode(), password.encode()):
        st.session_state[_GRANTED] = True
        st.rerun()
    else:
        st.error("That is not the password.")


def told(problem: str) -> str:
    """What is wrong with the case store, for those who may know where it lies; nothing for others."""
    return "" if exposed() and not granted() else problem
