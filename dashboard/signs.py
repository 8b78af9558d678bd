"""The warning signs: a box for each, with all that it asks in sight, and a button for "none of these"."""

from collections.abc import Mapping

import session
import streamlit as st
from links import none_of_them
from session import LAST, NOTED

from bayesnet.knowledge.schema import NO, YES


def ask_signs() -> None:
    """Every box with its whole text; then the button, or that none applies and the way back.

    What somebody has not read is not answered: nothing here is folded away, and a box that is left alone says nothing.
    """
    knowledge, given = session.model().knowledge, session.answers()
    st.subheader("Warning signs", anchor="signs")
    st.markdown("Read each one, and tick any that applies. They count whatever else you answer.")
    for flag in knowledge.red_flags.values():
        key, ticked = session.widget(f"flag:{flag.id}"), given.get(flag.id) == YES
        if st.checkbox(f"**{flag.label}**  \n{flag.question}", ticked, key=key, on_change=_take, args=(key,)):
            level = knowledge.levels[flag.level]
            st.error(f"**{level.label}.** {flag.says}\n\n{level.said(all_asked=True).says}")
    if none_of_them(knowledge, given):
        st.success("Noted: none of these.")
        st.button("Undo none of these", key="undo_signs", on_click=forget_no)
    elif YES not in [given.get(flag) for flag in knowledge.red_flags]:
        st.button("None of these", key="no_sign", type="primary", on_click=_none)


def are_open() -> bool:
    """Whether a warning sign is unanswered."""
    return any(flag not in session.answers() for flag in session.model().knowledge.red_flags)


def in_words(given: Mapping[str, str]) -> str:
    """The warning signs among some answers that are answered with no, in words; empty where there are none."""
    flags = session.model().knowledge.red_flags
    down = [flag for flag in flags if given.get(flag) == NO]
    if not down:
        return ""
    return "Warning signs: " + ("none of these" if len(down) == len(flags) else f"no to {len(down)} of {len(flags)}")


def forget_no() -> None:
    """No warning sign is answered with no any more."""
    for flag in session.model().knowledge.red_flags:
        if session.answers().get(flag) == NO:
            session.remember(flag, None)
    st.session_state[NOTED] = st.session_state[LAST] = None


def _take(key: str) -> None:
    if session.take(key):
        st.session_state[NOTED] = None


def _none() -> None:
    for flag in session.model().knowledge.red_flags:
        session.remember(flag, NO)
