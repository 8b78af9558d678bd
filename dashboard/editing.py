"""The numbers of a variable as they are typed by hand, and what was changed in them as edits. Knows no Streamlit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.numbers import Elicited, NumberTable
from bayesnet.knowledge.schema import BINARY, YES
from bayesnet.learning.versions import Edit


@dataclass(frozen=True)
class Distribution:
    """A row of a number table: P(states | given). Of a yes/no variable only the "yes" is asked, of any other every state."""

    table: NumberTable
    row: Elicited
    label: str
    labels: Mapping[str, str]

    @property
    def id(self) -> str:
        """What tells it from the other rows."""
        return f"{self.table.id}({','.join(f'{parent}={state}' for parent, state in self.row.given)})"

    def range_of(self, state: str) -> str:
        """The plausible range of a probability, empty where none is known."""
        low_high = self.row.ranges.get(state)
        return f"plausibly {low_high[0]:.1%} to {low_high[1]:.1%}" if low_high else ""

    def edit(self, percent: Mapping[str, float | None], strength: float | None) -> Edit | None:
        """What was typed, if it differs. What is empty is as it was."""
        p = {
            state: self.row.p[state] if typed is None or typed == self.percent(state) else typed / 100
            for state, typed in percent.items()
        }
        strength = self.row.strength if strength is None else strength
        if strength == self.row.strength and all(self.row.p[state] == value for state, value in p.items()):
            return None
        return Edit(self.table.id, self.row.given, p, strength)

    def percent(self, state: str) -> float:
        """A probability as it is shown."""
        return round(self.row.p[state] * 100, 6)


def distributions(knowledge: Knowledge, variable: str) -> Iterator[Distribution]:
    """Every distribution that a variable has: one, one per row, or one per link of its gate and one for the leak."""
    for table in knowledge.tables_of(variable):
        for row in table.rows:
            states = (YES,) if table.states == BINARY else table.states
            labels = {state: knowledge.number_label(table, row, state) for state in states}
            yield Distribution(table, row, next(iter(labels.values())), labels)
