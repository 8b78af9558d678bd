"""Fair shares: how much each of k players adds to a worth, averaged over all orders in which they may join (Shapley 1953)."""

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

from bayesnet.inference.network import Array

EXACT_UP_TO = 14
"""Players; 2 to that power are 16,384 coalitions."""
ORDERS = 400
SEED = 1953

Members = NDArray[np.bool_]
"""Which players are in which coalition: (n_coalitions, k)."""


def coalitions(k: int) -> Members:
    """All 2^k coalitions; player i is in those whose number has bit i."""
    members: Members = (np.arange(2**k)[:, None] >> np.arange(k)) % 2 == 1
    return members


def shapley(worths: Array, k: int) -> Array:
    """The share of each of k players: an array (k,), which adds up to worth(all) - worth(none).

    `worths` (2^k,) stand in the order of `coalitions`.
    """
    members = coalitions(k)
    size = members.sum(axis=1)
    weight = np.array([factorial(s) * factorial(k - s - 1) / factorial(k) for s in range(k)])
    shares = np.zeros(k)
    for player in range(k):
        without = np.flatnonzero(~members[:, player])
        gains = steps(worths[without], worths[without + 2**player])
        shares[player] = gains @ weight[size[without]]
    return shares


def sampled_shapley(worth: Callable[[Members], Array], k: int) -> tuple[Array, Array]:
    """Estimates of the shares from ORDERS random orders, each with its reverse, and their standard errors: arrays (k,)."""
    rng = np.random.default_rng(SEED)
    gains = np.empty((ORDERS, 2, k))
    for i in range(ORDERS):
        order = rng.permutation(k)
        for j, way in enumerate((order, order[::-1])):
            rank = np.empty(k, dtype=int)
            rank[way] = np.arange(k)
            worths = worth(rank[None, :] < np.arange(k + 1)[:, None])
            gains[i, j, way] = steps(worths[:-1], worths[1:])
    pairs = gains.mean(axis=1)
    shares = pairs.mean(axis=0)
    finite = np.where(np.isfinite(shares), pairs, 0.0)  # an endless share has no error
    return shares, finite.std(axis=0, ddof=1) / np.sqrt(ORDERS)


def steps(before: Array, after: Array) -> Array:
    """after - before, where equal infinities differ by 0."""
    with np.errstate(invalid="ignore"):
        return np.where(before == after, 0.0, after - before)
