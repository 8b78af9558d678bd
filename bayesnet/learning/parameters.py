"""All numbers of a model that may be learned, as one vector: what EM moves and the information is about.

A row of a number table is a distribution of its own; a row that stands for several states of a parent is still one.
Facts (a link that is off) are no parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bayesnet.inference.network import Array
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.numbers import Elicited, Numbers, NumberTable
from bayesnet.knowledge.order import Order, isotonic
from bayesnet.knowledge.schema import BINARY, NO, YES
from bayesnet.learning.intervals import plausible

Ints = NDArray[np.intp]
FACT = -1
"""The parameter of a cell that has none."""


@dataclass(frozen=True, eq=False)
class Parameters:
    """Which parameter each cell of each table is.

    `places` {table id: (n_states, *parent states)} numbers the parameters, FACT where a cell is a fact; `row_of` (n,) says to
    which row each parameter belongs, `rows` (n_rows) which row of which table that is. `values` (n,) and `strength` (n_rows,)
    are the numbers as they stand.
    """

    knowledge: Knowledge
    places: Mapping[str, Ints]
    rows: tuple[tuple[NumberTable, Elicited], ...]
    row_of: Ints
    values: Array
    strength: Array

    @property
    def n(self) -> int:
        """How many parameters there are, every state of every row."""
        return len(self.values)

    @cached_property
    def blocks(self) -> tuple[slice, ...]:
        """Where the parameters of each row stand."""
        starts = np.searchsorted(self.row_of, np.arange(len(self.rows) + 1)).tolist()
        return tuple(slice(a, b) for a, b in pairwise(starts))

    def row_sums(self, values: Array) -> Array:
        """The sum over each row: (n_rows,)."""
        return np.bincount(self.row_of, values, len(self.rows)).astype(np.float64)

    def normalised(self, weights: Array) -> Array:
        """Weights (n,) as distributions, row by row; a row without any weight keeps its numbers."""
        sums = self.row_sums(weights)[self.row_of]
        return np.divide(weights, sums, out=self.values.copy(), where=sums > 0)

    def in_order(self, values: Array, weights: Array) -> Array:
        """Values (n,) none of which falls where the model says that it must not, nearest to those given.

        `weights` (n_rows,) say how firm each row is. With the counts of the M-step as weights the result is the likeliest that
        keeps the order (see `order.isotonic`).
        """
        found = values.copy()
        for rows, order, yes, no in self._orders:
            firm = np.maximum(weights[rows], np.finfo(float).tiny)
            found[yes] = isotonic(values[yes], firm, order)
            found[no] = 1 - found[yes]
        return found

    @cached_property
    def _orders(self) -> tuple[tuple[Ints, Order, Ints, Ints], ...]:
        """Of each table with an order: its rows, the order, and where P(yes) and P(no) of each row stand."""
        found = []
        for table in self.knowledge.tables.values():
            if table.rises:
                rows = np.array([i for i, (of, _) in enumerate(self.rows) if of is table])
                starts = np.array([self.blocks[i].start for i in rows])
                yes, no = table.states.index(YES), table.states.index(NO)
                found.append((rows, self.knowledge.row_order(table), starts + yes, starts + no))
        return tuple(found)

    def numbers(self, values: Array) -> Numbers:
        """{table id: (n_states, *parent states, 1)} with these values in the place of the model's own."""
        found = {}
        for name, places in self.places.items():
            own = self.knowledge.tables[name].values
            found[name] = np.where(places == FACT, own, values[places])[..., None]
        return found

    def read(self, numbers: Mapping[str, Array]) -> Array:
        """The values (n,) that tables {table id: (n_states, *parent states)} hold."""
        found = np.zeros(self.n)
        for name, places in self.places.items():
            mine = places != FACT
            found[places[mine]] = numbers[name][mine]
        return found

    def counts(self, of_numbers: Mapping[str, Array]) -> Array:
        """Counts of the cells, {table id: (n_states, *parent states)}, as counts of the parameters: (n,)."""
        every = np.concatenate([of_numbers[name].ravel() for name in self.places])
        return np.bincount(self._flat + 1, every, self.n + 1)[1:].astype(np.float64)

    @cached_property
    def _flat(self) -> Ints:
        return np.concatenate([places.ravel() for places in self.places.values()])

    def with_values(
        self, values: Array, strength: Array, changed: NDArray[np.bool_], learned_from: str | None = None
    ) -> dict[str, list[Elicited]]:
        """Every row of every table with its `strength` (n_rows,); those of `changed` (n_rows,) with new values (n,) too.

        An elicited range no longer holds there. With the source that it was `learned_from`, a row is marked as learned, and
        its range is what is plausible now.
        """
        found: dict[str, list[Elicited]] = {name: [] for name in self.places}
        for i, (table, row) in enumerate(self.rows):
            new = row
            if changed[i]:
                p = dict(zip(table.states, values[self.blocks[i]].tolist(), strict=True))
                if table.states == BINARY:
                    p[NO] = 1 - p[YES]  # as a file has it that names the one number
                new = replace(row, p=p, ranges={}, strength=float(strength[i]))
                if learned_from is not None:
                    sources = tuple(dict.fromkeys((*row.sources, learned_from)))
                    new = replace(new, ranges=plausible(new), basis="learned", sources=sources)
            elif strength[i] != row.strength:
                new = replace(row, strength=float(strength[i]))
            found[table.id].append(new)
        return found


def parameters_of(knowledge: Knowledge) -> Parameters:
    """The parameters of a model, row by row in the order of its files."""
    places: dict[str, Ints] = {}
    rows: list[tuple[NumberTable, Elicited]] = []
    row_of: list[int] = []
    values: list[float] = []
    for table in knowledge.tables.values():
        place = np.full(table.values.shape, FACT, dtype=np.intp)
        for row in table.rows:
            for state, name in enumerate(table.states):
                place[(state, *knowledge.cells(table, row))] = len(values)
                row_of.append(len(rows))
                values.append(row.p[name])
            rows.append((table, row))
        places[table.id] = place
    strength = np.array([row.strength for _, row in rows])
    return Parameters(knowledge, places, tuple(rows), np.array(row_of), np.array(values), strength)
