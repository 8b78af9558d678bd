"""The elicited numbers of a model: each a distribution with a strength, so that it can be drawn from and learned."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from bayesnet.inference.network import Array
from bayesnet.knowledge.schema import Basis, Range

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
    infinite where the row is not a number but a fact (a link that is off).
    """

    id: str
    states: tuple[str, ...]
    parents: tuple[str, ...]
    values: Array
    strength: Array
    rows: tuple[Elicited, ...]

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
