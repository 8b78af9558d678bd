"""Network: how questions, causes and the outcome hang together, with this case's answers marked, and every number."""

from dataclasses import replace

import charts
import session
import streamlit as st
import tables
from drawing import draw

from bayesnet import Diagnosis
from bayesnet.diagnosis.words import in_range, in_words_and_percent
from bayesnet.knowledge.knowledge import Knowledge

SHOWN_DRIVERS = 8


def show() -> None:
    """The graph, the same as a list, and the numbers behind a node."""
    model, diagnosis = session.model(), session.diagnosis()
    st.title("How the causes hang together", anchor=False)
    st.markdown(
        "An arrow says: this makes that more or less likely. What you answered is blue; every cause shows how likely it "
        "triggered it. What happened is taken as given."
    )
    if model.knowledge.numbers_from:
        st.markdown(model.knowledge.numbers_from)
    with st.container(height=400):
        st.graphviz_chart(charts.network_chart(model.knowledge, diagnosis), width="content")
    with st.expander("The arrows as a list"):
        st.markdown(arrow_list(model.knowledge))
    st.header("The numbers behind a node", anchor=False)
    show_numbers(model.knowledge, diagnosis)


def arrow_list(knowledge: Knowledge) -> str:
    """A line per variable that has arrows into it."""
    parents: dict[str, list[str]] = {}
    for parent, child in knowledge.arcs:
        parents.setdefault(child, []).append(knowledge.labels[parent])
    return "\n".join(
        f"- **{knowledge.labels[child]}** depends on {', '.join(names)}" for child, names in parents.items()
    )


def show_drivers(knowledge: Knowledge, diagnosis: Diagnosis, variable: str) -> None:
    """How far the likeliest cause would move if the numbers of a node were a little off: a tornado."""
    first = diagnosis.beliefs[0]
    names = {table.id for table in knowledge.tables_of(variable)}
    numbers = [number for number in diagnosis.sensitivity(first.cause) if number.table in names and number.doubt > 1e-6]
    if not numbers:
        st.markdown(f"These numbers do not move {first.label.lower()} in this case.")
        return
    st.markdown(
        f"How far *{first.label.lower()}* ({in_words_and_percent(first.triggered)}) would move if one of these numbers were "
        "one standard deviation off. The longest bars are where data would help most."
    )
    # All are of this node: its name before each would only push the rest out of sight.
    shown = [replace(n, label=n.label.removeprefix(f"{knowledge.labels[variable]}, ")) for n in numbers[:SHOWN_DRIVERS]]
    said = "; ".join(f"{n.label}: {in_range((min(n.swing), max(n.swing)))}" for n in shown)
    draw(charts.tornado_chart(shown, session.theme()), said)


def state_label(knowledge: Knowledge, variable: str, state: str) -> str:
    """A state as people know it; those of a cause are yes and no."""
    states = knowledge.questions[variable].states if variable in knowledge.questions else ()
    return {one.id: one.label for one in states}.get(state, state)


def show_numbers(knowledge: Knowledge, diagnosis: Diagnosis) -> None:
    """Every row of numbers of the chosen variable, with strength, basis and sources."""
    names = knowledge.labels
    likeliest = list(names).index(diagnosis.beliefs[0].cause)
    chosen = st.selectbox("Show the numbers of", list(names), index=likeliest, format_func=names.__getitem__)
    show_drivers(knowledge, diagnosis, chosen)
    cited: dict[str, None] = {}
    rows = []
    for table in knowledge.tables_of(chosen):
        for row in table.rows:
            cited.update(dict.fromkeys(row.sources))
            given = ", ".join(
                f"{names[parent]}: {state_label(knowledge, parent, state)}" for parent, state in row.given
            )
            said = {state: state_label(knowledge, chosen, state) for state in row.p}
            p = ", ".join(f"{said[state]} {value:g}" for state, value in row.p.items())
            plausible = ", ".join(f"{said[state]} {low:g} to {high:g}" for state, (low, high) in row.ranges.items())
            name = table.id.partition("/")[2] or table.id
            rows.append((name, given, p, plausible, f"{row.strength:g}", row.basis, ", ".join(row.sources)))
    headers = ("Number", "given", "probability", "plausible", "strength", "basis", "sources")
    tables.show(f"The numbers of {names[chosen]}", headers, rows)
    st.markdown(
        "*Strength* is how many observed cases would weigh as much as the number. *leak*: it happens without any known cause."
    )
    for source in (knowledge.sources[name] for name in cited):
        st.markdown(f"- **{source.id}**: {source.cite}. {source.says}")


show()
