"""Orders: which of several states is more than another, and which numbers must not fall as their parents' states rise.

An order is a matrix (n, n) of truth values, reflexive and transitive: `order[i, j]` says that i stands at or below j.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bayesnet.inference.network import Array

Order = NDArray[np.bool_]
Chain = Sequence[str]

MOST_UPPER_SETS = 2000
"""An order with more upper sets than this is not kept to: the numbers of one table have some dozens to some hundreds."""


def order_of(states: Sequence[str], chains: Iterable[Chain]) -> Order:
    """The order of some states that chains, each from the lowest to the highest, make together."""
    found = np.eye(len(states), dtype=bool)
    for chain in chains:
        places = [states.index(state) for state in chain]
        found[places[:-1], places[1:]] = True
    return transitive(found)


def transitive(relation: Order) -> Order:
    """The smallest transitive relation that holds this one (Warshall 1962)."""
    found = relation.copy()
    for k in range(len(found)):
        found |= np.outer(found[:, k], found[k])
    return found


def is_circular(order: Order) -> bool:
    """Whether two different things stand below each other."""
    return bool((order & order.T & ~np.eye(len(order), dtype=bool)).any())


def upper_sets(order: Order) -> NDArray[np.bool_]:
    """Every set that holds, with each thing, all above it: (n_sets, n). Raises ValueError beyond MOST_UPPER_SETS.

    Added one thing at a time, the highest first: a thing may join a set that holds all above it.
    """
    found = np.zeros((1, len(order)), dtype=bool)
    for i in sorted(range(len(order)), key=lambda i: int(order[i].sum())):
        above = order[i].copy()
        above[i] = False
        joined = found[found[:, above].all(axis=1)]
        joined = joined.copy()
        joined[:, i] = True
        found = np.vstack([found, joined])
        if len(found) > MOST_UPPER_SETS:
            raise ValueError(f"an order of {len(order)} with more than {MOST_UPPER_SETS:,} upper sets")
    return found


def isotonic(values: Array, weights: Array, order: Order) -> Array:
    """The values nearest to `values`, in weighted squares, that never fall along the order: isotonic regression.

    For proportions it is the likeliest that keeps the order, too. By the max-min formula of Robertson, Wright & Dykstra
    (1988, theorem 1.4.4): at each thing the greatest, over the upper sets with it, of the least mean, over the lower sets
    with it, of what is in both.

    Args:
        values: shape (n,) or (n, n_columns), each column by itself.
        weights: (n,), positive.
        order: (n, n).

    Returns:
        As `values`; where they keep the order, they themselves.
    """
    columns = values.reshape(len(values), -1)
    wrong = (columns[:, None] > columns[None, :])[order].any(axis=0)
    if not wrong.any():
        return values
    mended = columns.copy()
    mended[:, wrong] = _max_min(columns[:, wrong], weights, order)
    return mended.reshape(values.shape)


def _max_min(columns: Array, weights: Array, order: Order) -> Array:
    uppers = upper_sets(order)
    lowers = ~uppers
    found = np.full(columns.shape, -np.inf)
    for upper in uppers:
        both = lowers & upper
        some = both.any(axis=1)
        mass = both[some] * weights
        means = (mass @ columns) / mass.sum(axis=1, keepdims=True)  # (n_lower_sets, n_columns)
        for i in np.flatnonzero(upper):
            found[i] = np.maximum(found[i], means[both[some][:, i]].min(axis=0))
    return found
