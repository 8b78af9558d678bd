"""Sensitivity: how far each number of the model moves a posterior, and where better data would help most.

When one number t varies and the others of its row keep their proportions, P(cause, e) and P(e) are linear in t, so the
posterior is (a t + b) / (c t + d): two values of t give all four (Castillo, Gutierrez & Hadi 1997; Kjaerulff & van der
Gaag 2000). The second value of every number is a column of one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from bayesnet.diagnosis.reader import Case
from bayesnet.inference.network import Array
from bayesnet.knowledge.gates import tables_of
from bayesnet.knowledge.numbers import Elicited, NumberTable
from bayesnet.knowledge.schema import BINARY, YES, Basis

IMPOSSIBLE = 1e-9
"""Where P(e) falls below this share of what it is now, it is taken as 0."""
STILL = 1e-12
"""A slope below this is rounding."""


@dataclass(frozen=True)
class OneWay:
    """P(cause triggered | e) as a function of one number, (a t + b) / (c t + d).

    `table`, `given` and `state` say which number, `value` is what it is now, `strength` its equivalent sample size.
    `derivative` is the slope here, `doubt` = |derivative| x standard deviation of the number: how far the posterior may
    be off because of it. `flips_at` is the nearest value at which another cause becomes the likeliest, None where none does.
    """

    table: str
    label: str
    given: tuple[tuple[str, str], ...]
    state: str
    value: float
    strength: float
    basis: Basis
    a: float
    b: float
    c: float
    d: float
    derivative: float
    doubt: float
    flips_at: float | None

    def at(self, t: float) -> float:
        """The posterior if the number were t, in [0, 1]; its limit where the evidence would be impossible."""
        below = self.c * t + self.d
        # Where the evidence becomes impossible, numerator and denominator vanish together: what is left is the limit.
        value = (self.a * t + self.b) / below if below > IMPOSSIBLE else self.a / self.c
        return min(1.0, max(0.0, value))

    @property
    def swing(self) -> tuple[float, float]:
        """The posterior one standard deviation of the number below and above its value."""
        sd = sqrt(self.value * (1 - self.value) / (self.strength + 1))
        return self.at(max(0.0, self.value - sd)), self.at(min(1.0, self.value + sd))


@dataclass(frozen=True)
class Sensitivity:
    """Every number of the model, those in doubt that matter most first: the list of what to collect."""

    cause: str
    triggered: float
    numbers: tuple[OneWay, ...]

    def __iter__(self) -> Iterator[OneWay]:
        return iter(self.numbers)


Place = tuple[NumberTable, Elicited, int]
"""A number: its table, its row, and the position of its state."""


def sensitivity(case: Case, cause: str) -> Sensitivity:
    """How P(cause triggered) depends on each number of the model."""
    reader = case.reader
    places = list(_places(case))
    moved = np.array([_moved(row.p[table.states[at]]) for table, row, at in places])
    nodes = list(reader.triggers.values())
    now, log_now = reader.tree.posterior_and_log_evidence(case.evidence, nodes)
    found, log_evidence = reader.tree.under(_tables(case, places, moved), case.evidence, nodes)
    # Everything relative to P(e) as it is now, so that c t + d is 1 at the present value.
    scale = np.exp(log_evidence - log_now)
    values = np.array([row.p[table.states[at]] for table, row, at in places])
    slope_below = (scale - 1) / (moved - values)
    slopes = {
        name: (np.where(scale > 0, found[node][:, 1], 0.0) * scale - now[node][1]) / (moved - values)
        for name, node in reader.triggers.items()
    }
    present = {name: float(now[node][1]) for name, node in reader.triggers.items()}
    numbers = [
        _one_way(
            case, places[i], cause, present, {name: float(s[i]) for name, s in slopes.items()}, float(slope_below[i])
        )
        for i in range(len(places))
    ]
    return Sensitivity(cause, present[cause], tuple(sorted(numbers, key=lambda number: -number.doubt)))


def _places(case: Case) -> Iterator[Place]:
    """Every number that may vary: of a yes/no row the "yes", of any other every state."""
    for table in case.reader.knowledge.tables.values():
        for row in table.rows:
            for at, state in enumerate(table.states):
                if table.states != BINARY or state == YES:
                    yield table, row, at


def _moved(value: float) -> float:
    """Another value of the number, well away from it and from the ends."""
    return value / 2 if value > 0.5 else (1 + value) / 2


def _tables(case: Case, places: list[Place], moved: Array) -> Mapping[str, Array]:
    """The network's tables with one number moved per column, the others of its row in proportion."""
    numbers = {
        name: np.repeat(table.values[..., None], len(places), axis=-1)
        for name, table in case.reader.knowledge.tables.items()
    }
    for column, (table, row, at) in enumerate(places):
        old, new = row.p[table.states[at]], moved[column]
        cells = case.reader.knowledge.cells(table, row)
        values = numbers[table.id][(slice(None), *cells, column)]
        others = (1 - new) / (1 - old) * values if old < 1 else np.full_like(values, (1 - new) / (len(values) - 1))
        others[at] = new
        numbers[table.id][(slice(None), *cells, column)] = others
    return tables_of(case.reader.knowledge, numbers)


def _one_way(
    case: Case, place: Place, cause: str, present: Mapping[str, float], slopes: Mapping[str, float], below: float
) -> OneWay:
    table, row, at = place
    value = row.p[table.states[at]]
    derivative = slopes[cause] - present[cause] * below
    derivative = derivative if abs(derivative) > STILL else 0.0
    return OneWay(
        table=table.id,
        label=case.reader.knowledge.number_label(table, row, table.states[at]),
        given=row.given,
        state=table.states[at],
        value=value,
        strength=row.strength,
        basis=row.basis,
        a=slopes[cause],
        b=present[cause] - slopes[cause] * value,
        c=below,
        d=1 - below * value,
        derivative=derivative,
        doubt=abs(derivative) * sqrt(value * (1 - value) / (row.strength + 1)),
        flips_at=_flips_at(value, present, slopes, below),
    )


def _flips_at(value: float, present: Mapping[str, float], slopes: Mapping[str, float], below: float) -> float | None:
    """Where the line of another cause meets that of the likeliest, nearest to the present value.

    Where the evidence becomes impossible all lines meet at 0, and nothing is overtaken.
    """
    first = max(present, key=present.__getitem__)
    meets = []
    for other in present:
        closing = slopes[other] - slopes[first]
        if other != first and abs(closing) > STILL:
            t = value + (present[first] - present[other]) / closing
            if 0 <= t <= 1 and 1 + below * (t - value) > IMPOSSIBLE:
                meets.append(t)
    return min(meets, key=lambda t: abs(t - value), default=None)
