"""What if: the probability of the next cramp if habits change, and the habits ranked by how much they lower it."""

import session
import streamlit as st
import tables

from bayesnet.diagnosis.fixes import Fixes, WhatIf
from bayesnet.diagnosis.words import in_percent, in_words_and_percent

AS_NOW = "as now"


def show() -> None:
    """The fixes, then a control per habit with the next session before and after."""
    model = session.model()
    st.title("What if you changed a habit?", anchor=False)
    st.markdown(
        "Habits and lasting causes carry over from this episode, as far as your answers tell. Everything else, such as the "
        "heat, is as usual next time. These are rough numbers from a model, not a promise."
    )
    show_first_things()
    left, right = st.columns([5, 6], gap="large")
    with left:
        changes = ask_changes()
    with right:
        if changes:
            show_change(model.what_if(session.answers(), changes))
        show_fixes(model.fixes(session.answers()))
        st.markdown(
            " ".join((model.knowledge.numbers_from, model.knowledge.disclaimer, "[About](/about) says more.")).strip()
        )


def show_first_things() -> None:
    """A level above the lowest comes before any habit."""
    advice = session.diagnosis().advice
    rank = session.model().knowledge.level_ranks[advice.level.id]
    if session.answers() and rank > 0:
        draw = st.warning if rank == 1 else st.error
        draw(f"**{advice.level.label}.** {advice.level.says} No habit makes up for that.")


def ask_changes() -> dict[str, str]:
    """A control per habit, each starting at what it is now."""
    st.header("Change something", anchor=False)
    changes = {}
    for habit in session.model().knowledge.habits.values():
        labels = {AS_NOW: "As now"} | {state.id: state.label for state in habit.states}
        now = session.answers().get(habit.id)
        chosen = st.segmented_control(
            habit.label,
            list(labels),
            default=AS_NOW,
            required=True,
            format_func=labels.__getitem__,
            help=f"{habit.ask} You answered: {labels[now]}." if now else f"{habit.ask} You have not answered this.",
            key=f"what_if:{habit.id}",
            wrap=True,
        )
        if chosen and chosen != AS_NOW:
            changes[habit.id] = chosen
    return changes


def show_change(result: WhatIf) -> None:
    """The next session before and after, in words, number and bar, and how the causes move."""
    model = session.model()
    st.header("; ".join(model.in_words(habit, state) for habit, state in result.changes.items()), anchor=False)
    st.markdown(f"{model.knowledge.outcome.label}, next time: {result.says}; {result.in_points}.")
    for label, p in (("As things are", result.before), ("With the change", result.after)):
        st.progress(p, text=f"{label}: {in_words_and_percent(p)}")
    rows = [
        (model.knowledge.labels[cause], in_percent(before), in_percent(after))
        for cause, (before, after) in result.causes.items()
    ]
    with st.expander("How each cause moves"):
        headers = ("Cause", "triggers it next time, as things are", "with the change")
        tables.show("How each cause moves", headers, rows)


def show_fixes(fixes: Fixes) -> None:
    """The best change of each habit, the most helpful first."""
    st.header("What helps most", anchor=False)
    outcome = session.model().knowledge.outcome.label
    st.markdown(f"{outcome}, next time, as things are: {in_words_and_percent(fixes.before)}.")
    if not len(fixes):
        st.markdown("No change of a single habit lowers that.")
        return
    lines = [
        f"1. **{fix.label}: {fix.to_label}** (effort: {fix.effort})  \n{fix.what_if.says}; {fix.what_if.in_points}"
        for fix in fixes
    ]
    st.markdown("\n".join(lines))
    st.markdown("*Points* are percentage points: from 19% to 11% is 8 points lower.")


show()
