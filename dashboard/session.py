"""What lasts between two clicks: the model in use, and this session's answers, kept in the URL.

The answers live in one dict of the session, because Streamlit forgets a widget when its page is left. The URL repeats
them under the model's own names (`?felt_tear=yes`, see `links`), so that a link restores them. Which version of the model
answers is asked of the case store once a rerun; where the store cannot answer, the last known one goes on.
"""

import gc
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st
from links import from_link, to_link
from threadpoolctl import threadpool_limits

from bayesnet import BayesnetError, CaseStore, Diagnosis, DiagnosticModel, MissingExtra, StoreError, load
from bayesnet.knowledge.schema import NO, YES
from bayesnet.learning.versions import model_of, renewed

T = TypeVar("T")
NOT_SURE = "not_sure"
"""The option every question starts with; it is no state of any question."""
PATIENCE = 5.0
"""Seconds for which a store that failed is left in peace: a dead server must not make every click wait."""
TIMEOUT = 3.0
"""Seconds that saving may wait for a store that another program is writing to."""
GLANCE = 0.25
"""Seconds that any click may wait to be told which version is in use: the last known one will do."""

NOTED = "noted"
"""The question that was just answered where it was asked, which stays until the next is wanted."""
SKIPPED = "skipped"
"""The questions that were left when they were asked."""
LAST = "last_answered"
"""The question that was answered last, anywhere."""
PINNED = "pinned"
"""The answers of the pinned case."""
REPORT = "report"
"""The report, and what it was made of."""
WORTH = "worth_asking"
"""The questions worth asking, and what they were made of."""
CASE = "case_at_hand"
"""What is known of the case at hand until its answers change: its number, its time, whether it is saved and its box opened."""
_LEVEL = "level"
_ROSE = "level_rose"
OF_THE_CASE = (NOTED, SKIPPED, LAST, PINNED, REPORT, WORTH, CASE, _LEVEL, _ROSE)
"""All that a session keeps of a case beside its answers and their diagnosis."""
_ANSWERS = "answers"
_DIAGNOSIS = "diagnosis"
_GENERATION = "generation"
_TURNS = "turns"
"""How often each widget that shows what is kept was replaced by a new one."""
KINDS = ("all", "next", "flag")
"""The widgets of an answer are named `all:felt_tear`: in the list of all questions, where it is asked next, and to tick."""
_MODEL = "model_in_use"
_PROBLEM = "store_problem"
_UNREADABLE = "version_problem"

# ---- the model


@st.cache_resource(show_spinner=False)
def _load(path: str | None) -> DiagnosticModel:
    return load(path)


@st.cache_resource(show_spinner=False, max_entries=8)
def _version(name: str) -> DiagnosticModel:
    return renewed(model_of(store().version(name)), shipped())


@dataclass
class _Seen:
    """What was last seen of the store, for all sessions: when it failed and how, and the version in use."""

    failed: float = -PATIENCE
    problem: str = ""
    version: str | None = None


@st.cache_resource(show_spinner=False)
def _seen() -> _Seen:
    return _Seen()


def shipped() -> DiagnosticModel:
    """The model named by BAYESNET_MODEL, or the shipped one: what the experts said. Raises BadModel."""
    return _load(os.environ.get("BAYESNET_MODEL"))


@st.cache_resource(show_spinner=False)
def store() -> CaseStore:
    """The case store of this server. Raises StoreError, and is tried anew the next time."""
    return CaseStore(timeout=TIMEOUT)


@st.cache_resource(show_spinner=False)
def _glance() -> CaseStore:
    """The store for what every click asks. A server lets nobody wait who only reads."""
    return store() if "://" in store().where else CaseStore(timeout=GLANCE)


def begin() -> None:
    """At the start of every rerun: which version is in use."""
    seen, unreadable = _seen(), ""
    if time.monotonic() - seen.failed >= PATIENCE:
        try:
            seen.version, seen.problem = _glance().adopted_name(shipped().knowledge.id), ""
        except (StoreError, MissingExtra) as error:
            seen.failed, seen.problem = time.monotonic(), str(error)
    name, in_use = seen.version, shipped()  # read once: another session may change it
    try:
        if name is not None:
            in_use = _version(name)
    except StoreError as error:
        seen.failed, seen.problem = time.monotonic(), str(error)
    except BayesnetError as error:
        unreadable = str(error)
    st.session_state.update({_MODEL: in_use, _PROBLEM: seen.problem, _UNREADABLE: unreadable})


def store_problem() -> str:
    """Why the case store cannot be used at the moment; empty where it can."""
    return str(st.session_state.get(_PROBLEM, ""))


def version_problem() -> str:
    """Why the version in use cannot answer, so that the shipped model does; empty where it can."""
    return str(st.session_state.get(_UNREADABLE, ""))


def model() -> DiagnosticModel:
    """The model in use: the adopted version, or the shipped one."""
    found: DiagnosticModel | None = st.session_state.get(_MODEL)
    return found or shipped()


@st.cache_resource(show_spinner=False)
def settle() -> None:
    """After the first page: what is there now stays, and a click is the work of one processor.

    Looking for garbage among all objects of all packages takes longer than a click (and unless told otherwise Streamlit does
    so after every rerun). A product of small tables is not done sooner by several threads, which wait for each other spinning.
    """
    gc.collect()
    gc.freeze()
    threadpool_limits(1)


# ---- the answers


def answers() -> dict[str, str]:
    """This session's answers, unanswered questions left out."""
    kept: dict[str, str] = st.session_state.setdefault(_ANSWERS, {})
    return kept


def diagnosis() -> Diagnosis:
    """The diagnosis of this session's answers, kept until they or the version in use change."""
    return made_of_answers(_DIAGNOSIS, lambda: model().diagnose(dict(answers())))


def made_of_answers(name: str, make: Callable[[], T]) -> T:
    """What is made of this session's answers by the model in use, and kept until either changes."""
    return made(name, (model(), dict(answers())), make)


def made(name: str, of: tuple[object, ...], make: Callable[[], T]) -> T:
    """What is made of something and kept in the session under a name; it is made anew when that something differs."""
    kept = st.session_state.get(name)
    if kept is None or kept[0] != of:
        kept = st.session_state[name] = (of, make())
    found: T = kept[1]
    return found


def take_from_url() -> list[str]:
    """Takes over the answers of the URL, once per session; returns what in it is ignored, to be told to the user."""
    if "url_read" in st.session_state:
        return []
    st.session_state["url_read"] = True
    given = {name: st.query_params.get_all(name) for name in st.query_params}
    found, ignored = from_link(model().knowledge, given)
    answers().update(found)
    return ignored


def as_text(text: str) -> str:
    """Foreign text inside Markdown, shown as it is: no link, no image that a browser would fetch, no formula."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def key(name: str) -> str:
    """The key of a widget that shows nothing that is kept. Clearing moves it to a new generation, and so to its default."""
    return f"{name}:{st.session_state.get(_GENERATION, 0)}"


def remember(name: str, answer: str | None, by: str = "") -> bool:
    """Keeps an answer; None and NOT_SURE forget it. Returns whether that changes anything.

    All widgets that show it are renewed, but the one `by` which it was given.
    """
    now = None if answer == NOT_SURE else answer
    if now == answers().get(name):
        return False
    if now is None:
        del answers()[name]
    else:
        answers()[name] = now
    for kind in KINDS:
        if f"{kind}:{name}" != by:
            _renew_widget(f"{kind}:{name}")
    return True


def remember_only(given: Mapping[str, str]) -> None:
    """Keeps these answers in place of all that were given."""
    for name in list(answers()):
        remember(name, None)
    for name, answer in given.items():
        remember(name, answer)


def take(key: str) -> bool:
    """A widget of an answer was changed: its value is the answer now. Returns whether that changes anything."""
    if not _is_shown(key):
        return False
    kind, name, _ = key.split(":")
    value = st.session_state[key]
    if isinstance(value, bool):
        value = YES if value else _unticked(name)
    changed = remember(name, value, f"{kind}:{name}")
    if changed:
        st.session_state[LAST] = name
    return changed


def _unticked(flag: str) -> str | None:
    """What a warning sign is whose box is unticked again: unanswered, but where "None of these" had answered it: then no."""
    others = [answers().get(other) for other in model().knowledge.red_flags if other != flag]
    return NO if NO in others and None not in others else None


def clear() -> None:
    """Forgets the case, with all that was made of it, and begins anew: the next person at this screen sees nothing of it."""
    remember_only({})
    for name in (_DIAGNOSIS, *OF_THE_CASE):
        st.session_state.pop(name, None)
    renew()


def renew() -> None:
    """Widgets that show nothing that is kept start again from their defaults."""
    st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1


# ---- widgets that show what is kept


def widget(name: str) -> str:
    """The key of the widget that shows what is kept under a name, and that is to have it as its default.

    It is another key whenever anything but the widget itself has changed what is kept: a new widget begins with its
    default in whatever browser draws it. A value set from here would be sent only once, and would be lost with a connection
    that breaks; and a browser that was cut off reports under the old key what it showed before, which is then ignored.
    """
    return f"{name}:{st.session_state.get(_TURNS, {}).get(name, 0)}"


def _renew_widget(name: str) -> None:
    turns = st.session_state.setdefault(_TURNS, {})
    turns[name] = turns.get(name, 0) + 1


def _is_shown(key: str) -> bool:
    return key in st.session_state and key == widget(key.rpartition(":")[0])


def put(name: str, value: object) -> None:
    """Keeps a value under a name, in place of what its widget shows."""
    st.session_state[name] = value
    _renew_widget(name)


def keep(key: str) -> None:
    """The widget of a value that is kept was changed: its value is kept now."""
    if _is_shown(key):
        st.session_state[key.rpartition(":")[0]] = st.session_state[key]


# ---- what is kept of the page


def rose_to(rank: int) -> bool:
    """Whether these answers brought a higher level of advice than those before; the first look in a session brings none."""
    before: int = st.session_state.get(_LEVEL, rank)
    st.session_state[_LEVEL] = rank
    # A rerun with the same answers, such as for a box that is opened, takes no warning away.
    return made(_ROSE, (dict(answers()),), lambda: rank > before)


def share() -> None:
    """Puts the answers into the URL."""
    link = to_link(model().knowledge, answers())
    if st.query_params.to_dict() != link:
        st.query_params.from_dict(link)


def theme() -> str:
    """Whether the page is light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


def query() -> str:
    """The answers as they stand in the URL, such as '?felt_tear=yes'."""
    return "?" + "&".join(f"{name}={answer}" for name, answer in to_link(model().knowledge, answers()).items())
