"""A case that is pinned: its bars stand beside those of the case at hand, whose answers may then be changed."""

import asking
import session
import streamlit as st
from session import LAST, PINNED

from bayesnet import Diagnosis, ImpossibleEvidence


def pinned() -> Diagnosis | None:
    """The diagnosis of the pinned case."""
    answers = st.session_state.get(PINNED)
    if answers is None:
        return None
    try:
        return session.model().diagnose(answers)
    except ImpossibleEvidence:  # under numbers that came into use since
        _unpin()
        st.warning("The pinned case contradicts the numbers in use, and is no longer pinned.")
        return None


def show_pin() -> None:
    """A way to pin the case at hand; or what is pinned, what has changed since, and the ways back."""
    answers: dict[str, str] | None = st.session_state.get(PINNED)
    if answers is None:
        if session.answers():
            st.button(
                "Pin this case",
                key="pin",
                on_click=_pin,
                help="Then change answers: the outlined bars stay those of the case as it is now.",
            )
        return
    with st.container(border=True):
        said = "; ".join(asking.in_words(answers).values())
        st.markdown(f"**Pinned:** {said}.  \n{_changes(answers)}")
        with st.container(horizontal=True, gap="small"):
            st.button("Back to the pinned case", key="back", on_click=_go_back)
            st.button("Unpin", key="unpin", on_click=_unpin)


def _changes(pinned: dict[str, str]) -> str:
    now = session.answers()
    changed = {name: state for name, state in now.items() if pinned.get(name) != state}
    gone = {name: state for name, state in pinned.items() if name not in now}
    lines = list(asking.in_words(changed).values())
    lines += [f"no longer {said}" for said in asking.in_words(gone).values()]
    return f"Changed since: {'; '.join(lines)}." if lines else "Change answers, and compare the bars."


def _pin() -> None:
    st.session_state[PINNED] = dict(session.answers())


def _unpin() -> None:
    st.session_state.pop(PINNED, None)


def _go_back() -> None:
    session.remember_only(st.session_state[PINNED])
    st.session_state[LAST] = None
