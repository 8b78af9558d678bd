"""The elicited numbers of a model: each a distribution with a strength, so that it can be drawn from and learned."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from bayesnet.inference.network import Array
from bayesnet.knowledge.order import Order, order_of, transitive
from bayesnet.knowledge.schema import YES, Basis, Range

Given = tuple[tuple[str, str], ...]
"""Parent states that a row is for, as ((parent, state), ...)."""


@dataclass(frozen=True)
class Elicited:
    """One row, P(states | given), with everything that is known about it. `strength` is an equivalent sample size."""

    given: Given
    p: Mapping[str, float]
    ranges: Mapping[str, Range]
    strength: float
    basis: Basis
    sources: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class NumberTable:
    """P(variable | parents) as elicited. Axis 0 is the variable, axis i + 1 is parents[i].

    `values` (n_states, *parent states); `strength` (*parent states) is the equivalent sample size of each row,
    infinite where the row is not a number but a fact (a link that is off). `rises` {parent: chains of its states}: along
    them P(yes) never falls.
    """

    id: str
    states: tuple[str, ...]
    parents: tuple[str, ...]
    values: Array
    strength: Array
    rows: tuple[Elicited, ...]
    rises: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

    @property
    def variable(self) -> str:
        """The variable whose number this is: `id` is its name, or "variable/link" for a part of a gate."""
        return self.id.partition("/")[0]

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """n draws from the Dirichlet distribution of each row: an array (n_states, *parent states, n)."""
        certain = np.isinf(self.strength)
        alpha = self.values * np.where(certain, 1.0, self.strength)
        gammas = rng.standard_gamma(np.broadcast_to(alpha[..., None], (*alpha.shape, n)))
        totals = gammas.sum(axis=0)
        # Below about 1e-300 every gamma of a row may underflow to zero; its mean is then as good as any.
        keep = certain[..., None] | (totals == 0)
        drawn = gammas / np.where(totals == 0, 1.0, totals)
        return np.where(keep, self.values[..., None], drawn)


Numbers = Mapping[str, Array]
"""Per table id its values (n_states, *parent states, n): n = 1 as elicited, or n draws."""


def combinations_of(parents: tuple[str, ...], states: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Every combination of the parents' states, the last parent changing fastest."""
    return product(*(states[parent] for parent in parents))


ROUNDING = 1e-9
"""What two numbers may differ by that are the same."""


def falling(table: NumberTable, states: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[Elicited, Elicited]]:
    """Every pair of rows of which the first must not exceed the second, and does."""
    for i, j in np.argwhere(row_order(table, states)) if table.rises else ():
        low, high = table.rows[i], table.rows[j]
        if low.p[YES] > high.p[YES] + ROUNDING:
            yield low, high


def row_order(table: NumberTable, states: Mapping[str, tuple[str, ...]]) -> Order:
    """Which rows of a table must not exceed which, (n_rows, n_rows): none of their parents' states stands higher.

    Rows that leave out a parent stand for all its states, and so for each in turn.
    """
    rows = [row.given for row in table.rows]
    return transitive(np.array([[row_is_below(row, other, table, states) for other in rows] for row in rows]))


def row_is_below(row: Given, other: Given, table: NumberTable, states: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether no parent stands higher in one row of a table than in another."""
    given, then = dict(row), dict(other)
    for parent in given.keys() & then.keys():
        order = order_of(states[parent], table.rises.get(parent, ()))
        if not order[states[parent].index(given[parent]), states[parent].index(then[parent])]:
            return False
    return True
