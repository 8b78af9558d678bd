"""A case that is pinned: its bars stand beside those of the case at hand, whose answers may then be changed."""

import asking
import session
import streamlit as st

from bayesnet import Diagnosis

_PINNED = "pinned"


def pinned() -> Diagnosis | None:
    """The diagnosis of the pinned case."""
    answers = st.session_state.get(_PINNED)
    return None if answers is None else session.model().diagnose(answers)


def show_pin() -> None:
    """A way to pin the case at hand; or what is pinned, what has changed since, and the ways back."""
    answers: dict[str, str] | None = st.session_state.get(_PINNED)
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
    st.session_state[_PINNED] = dict(session.answers())


def _unpin() -> None:
    st.session_state.pop(_PINNED, None)


def _go_back() -> None:
    session.answers().clear()
    session.answers().update(st.session_state[_PINNED])
