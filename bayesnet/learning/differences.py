"""Two versions of a model, number by number: before, after, how sure, and how many cases are behind the change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayesnet.diagnosis.uncertainty import Interval
from bayesnet.errors import BadModel
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.numbers import Elicited, NumberTable
from bayesnet.knowledge.schema import BINARY, YES
from bayesnet.learning.intervals import intervals


@dataclass(frozen=True)
class NumberChange:
    """One number of a model before and after. `strength` is the equivalent sample size of its row, `interval` the middle 90 %.

    `table`, `given` and `state` name it. `cases` is how many complete observations would say as much as the cases did.
    """

    table: str
    label: str
    given: tuple[tuple[str, str], ...]
    state: str
    before: float
    after: float
    strength_before: float
    strength_after: float
    interval_before: Interval
    interval_after: Interval

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def cases(self) -> float:
        """How much stronger the number has become, in complete observations; 0 where it has become weaker."""
        return max(0.0, self.strength_after - self.strength_before)

    @property
    def has_changed(self) -> bool:
        """Whether the number or its strength differs."""
        return self.before != self.after or self.strength_before != self.strength_after


def differences(before: Knowledge, after: Knowledge) -> tuple[NumberChange, ...]:
    """Every number of two models of the same structure, in the order of their files.

    Of a yes/no row it is the "yes", of any other every state. Raises BadModel where more than numbers differs.
    """
    pairs = list(_pairs(before, after))
    old, new = (_spans([(row, state) for row, state in side]) for side in _sides(pairs))
    return tuple(
        NumberChange(
            table=table.id,
            label=before.number_label(table, row, state),
            given=row.given,
            state=state,
            before=row.p[state],
            after=other.p[state],
            strength_before=row.strength,
            strength_after=other.strength,
            interval_before=span_before,
            interval_after=span_after,
        )
        for (table, row, other, state), span_before, span_after in zip(pairs, old, new, strict=True)
    )


Pair = tuple[NumberTable, Elicited, Elicited, str]


def _pairs(before: Knowledge, after: Knowledge) -> list[Pair]:
    if {name: shape_of(table) for name, table in before.tables.items()} != {
        name: shape_of(table) for name, table in after.tables.items()
    }:
        sides = " and ".join(f"{side.id} {side.version}" for side in (before, after))
        raise BadModel([f"{sides} differ in more than their numbers; compare versions of one model"])
    found = []
    for table in before.tables.values():
        for row, other in zip(table.rows, after.tables[table.id].rows, strict=True):
            states = (YES,) if table.states == BINARY else table.states
            found += [(table, row, other, state) for state in states]
    return found


def shape_of(table: NumberTable) -> tuple[object, ...]:
    """What two tables must share for their numbers to be compared."""
    return table.states, table.parents, tuple(row.given for row in table.rows)


def _sides(pairs: Sequence[Pair]) -> tuple[list[tuple[Elicited, str]], list[tuple[Elicited, str]]]:
    return [(row, state) for _, row, _, state in pairs], [(other, state) for _, _, other, state in pairs]


def _spans(numbers: Sequence[tuple[Elicited, str]]) -> list[Interval]:
    p = np.array([row.p[state] for row, state in numbers])
    strength = np.array([row.strength for row, _ in numbers])
    low, high = intervals(p, strength)
    return list(zip(low.tolist(), high.tolist(), strict=True))
