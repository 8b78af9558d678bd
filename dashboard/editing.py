"""The numbers of a variable as a table to be edited, and what was changed in it as edits. Knows no Streamlit."""

import pandas as pd

from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import BINARY, YES
from bayesnet.learning.versions import Edit


def table(knowledge: Knowledge, variable: str) -> pd.DataFrame:
    """A row per number: of a yes/no distribution the "yes", of any other every state. Probabilities in percent."""
    rows = []
    for number in knowledge.tables_of(variable):
        for row in number.rows:
            for state in (YES,) if number.states == BINARY else number.states:
                low_high = row.ranges.get(state)
                rows.append(
                    {
                        "number": knowledge.number_label(number, row, state),
                        "probability": row.p[state] * 100,
                        "strength": row.strength,
                        "basis": row.basis,
                        "plausible": f"{low_high[0]:.1%} to {low_high[1]:.1%}" if low_high else "",
                        "sources": ", ".join(row.sources),
                    }
                )
    return pd.DataFrame(rows)


def edits(knowledge: Knowledge, variable: str, before: pd.DataFrame, after: pd.DataFrame) -> list[Edit]:
    """The rows of which a number differs. An emptied cell is not a number, and is refused as such later."""
    found, at = [], 0
    for number in knowledge.tables_of(variable):
        states = (YES,) if number.states == BINARY else number.states
        for row in number.rows:
            cells = after.iloc[at : at + len(states)]
            was = before.iloc[at : at + len(states)]
            at += len(states)
            if (
                not (changed := ~cells[["probability", "strength"]].eq(was[["probability", "strength"]]))
                .to_numpy()
                .any()
            ):
                continue
            p = {
                state: float(value) / 100 if moved else row.p[state]
                for state, value, moved in zip(states, cells["probability"], changed["probability"], strict=True)
            }
            strengths = cells.loc[changed["strength"], "strength"]
            found.append(Edit(number.id, row.given, p, float(strengths.iloc[0]) if len(strengths) else row.strength))
    return found
