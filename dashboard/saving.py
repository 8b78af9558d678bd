"""Saving the case at hand: what is kept is said before, and it can be deleted again with its number."""

import uuid
from datetime import UTC, datetime
from typing import Any

import access
import session
import streamlit as st
from session import CASE

from bayesnet import BayesnetError
from bayesnet.errors import TracesLeft
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.table import cases_table
from bayesnet.learning.labels import label_nodes, split_labels

CERTAINTIES = {"A clinician is sure": 1.0, "Rather sure": 0.8, "A guess": 0.6}
_TRACES = "traces_left"
"""The case that was deleted last, if traces of it are left, and why."""


def show_saving() -> None:
    """An expander at the end of the results: consent, what it turned out to be, save; then the number."""
    knowledge = session.model().knowledge
    given = {name: state for name, state in session.answers().items() if name in knowledge.questions}
    case = st.session_state.get(CASE)
    if case is None or case["answers"] != given:
        # The number is drawn once: a double click saves the same case, which the store keeps once.
        now = datetime.now(UTC).isoformat()
        case = {"answers": given, "case_id": uuid.uuid4().hex, "at": now, "saved": False, "looked_at": False}
        st.session_state[CASE] = case
    if not given:
        return
    with st.expander("Save this case", key="save_box", on_change="rerun") as box:
        case["looked_at"] |= box.open  # from then on it is drawn: what was chosen in it is not lost when it is closed
        if not case["looked_at"]:
            return
        show_traces()
        if session.store_problem():
            st.warning(f"Cases cannot be saved at the moment. {access.told(session.store_problem())}")
        elif case["saved"]:
            _show_saved(case["case_id"])
        else:
            _ask(case)


def _ask(case: dict[str, Any]) -> None:
    knowledge = session.model().knowledge
    where, who = f", in {session.store().where}", "can open this page"
    if access.exposed():
        where, who = " on this server", "has its admin password"
    st.markdown(
        f"Saved cases sharpen the numbers. What is kept{where}: your answers, what you say it turned out to be, "
        "the time and the version of the questions, under a random number. No name, no warning signs; "
        f"whoever {who} can read it and delete it."
    )
    agreed = st.checkbox("I agree that these answers are kept", key=session.key(f"consent:{case['case_id']}"))
    said = ask_labels(knowledge, f"save:{case['case_id']}")
    if st.button("Save", disabled=not agreed, key=session.key("save")) and agreed:
        if access.exposed() and not access.granted() and not access.saves().take():
            st.error("Not saved: too many cases come in at the moment. Try again in a minute.")
            return
        row = {"case_id": case["case_id"], "recorded_at": case["at"], "origin": "dashboard", **case["answers"], **said}
        try:
            session.store().add(cases_table(knowledge, [row]), knowledge)
        except BayesnetError as error:
            st.error(f"Not saved. {access.told(str(error))}")
            return
        case["saved"] = True
        st.rerun()


def _show_saved(case_id: str) -> None:
    st.success("Saved. Keep this number to delete the case, or to add later what it turned out to be (page Cases):")
    st.code(case_id, language=None)
    if st.button("Delete this case again"):
        try:
            delete(case_id)
        except BayesnetError as error:
            st.error(f"Not deleted. {access.told(str(error))}")
            return
        st.rerun()


def delete(case_id: str) -> None:
    """Deletes a case for good. Where traces of it stay in the file, that is kept to be said, and tried again."""
    st.session_state.pop(_TRACES, None)
    try:
        session.store().delete([case_id])
    except TracesLeft as error:
        st.session_state[_TRACES] = (case_id, str(error))
    forget(case_id)


def show_traces() -> None:
    """What is left of the case that was deleted last, and a way to remove that too."""
    if _TRACES in st.session_state:
        case_id, problem = st.session_state[_TRACES]
        st.warning(access.told(problem) or "The case is deleted, but traces are left in the file.")
        if st.button("Remove the traces", key="traces"):
            delete(case_id)
            st.rerun()


def forget(case_id: str) -> None:
    """A case was deleted: if it is the one at hand, it can be saved anew, under another number."""
    if st.session_state.get(CASE, {}).get("case_id") == case_id:
        del st.session_state[CASE]


def ask_labels(knowledge: Knowledge, name: str) -> dict[str, object]:
    """What it turned out to be, as cells of a case."""
    labels = cause_labels(knowledge)
    triggered = st.multiselect(
        "What it turned out to be, if you know",
        list(labels),
        format_func=labels.__getitem__,
        key=session.key(f"{name}:yes"),
    )
    ruled_out = st.multiselect("Ruled out", list(labels), format_func=labels.__getitem__, key=session.key(f"{name}:no"))
    if not triggered and not ruled_out:
        return {}
    sure = st.segmented_control(
        "How sure is that?", list(CERTAINTIES), default="Rather sure", required=True, key=session.key(f"{name}:sure")
    )
    certainty = CERTAINTIES[sure or "Rather sure"]
    return {"triggered": ";".join(triggered), "ruled_out": ";".join(ruled_out), "certainty": certainty}


def cause_labels(knowledge: Knowledge) -> dict[str, str]:
    """The name of every cause, and of every heading that stands for several."""
    causes = {cause: knowledge.labels[cause] for cause in knowledge.causes}
    headings = {
        h.id: f"{h.label} (any)" for h in knowledge.headings.values() if h.id not in causes and len(h.causes) > 1
    }
    return {name: label for name, label in {**causes, **headings}.items() if name in label_nodes(knowledge)}


def labels_in_words(knowledge: Knowledge, text: str) -> str:
    """Ids separated by semicolons, with the names that people know."""
    names = cause_labels(knowledge)
    return ", ".join(names.get(name, name) for name in split_labels(text))
