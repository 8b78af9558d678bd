"""Fair shares: how much each of k players adds to a worth, averaged over all orders in which they may join (Shapley 1953)."""

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

from bayesnet.inference.network import Array

EXACT_UP_TO = 13
"""Players; 2 to that power are 8,192 coalitions, which are there at once."""
MOST_SAMPLED = 2**12
"""Coalitions that an estimate looks at, about: it is to be there at once."""
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
    """Estimates of the shares from random orders, each with its reverse, and their standard errors: arrays (k,).

    The coalitions of all orders, some MOST_SAMPLED of them, are one batch.
    """
    rng = np.random.default_rng(SEED)
    drawn = np.array([rng.permutation(k) for _ in range(max(2, MOST_SAMPLED // (2 * k)))])
    orders = np.stack([drawn, drawn[:, ::-1]], axis=1)  # (n_pairs, 2, k)
    ranks = np.argsort(orders, axis=2)
    members = ranks[..., None, :] < np.arange(k + 1)[:, None]  # (n_pairs, 2, k + 1, k)
    some, at = np.unique(members.reshape(-1, k), axis=0, return_inverse=True)
    worths = worth(some)[at].reshape(members.shape[:-1])
    gains = np.empty(orders.shape)
    np.put_along_axis(gains, orders, steps(worths[..., :-1], worths[..., 1:]), axis=2)
    pairs = gains.mean(axis=1)
    shares = pairs.mean(axis=0)
    finite = np.where(np.isfinite(shares), pairs, 0.0)  # an endless share has no error
    return shares, finite.std(axis=0, ddof=1) / np.sqrt(len(drawn))


def steps(before: Array, after: Array) -> Array:
    """after - before, where equal infinities differ by 0."""
    with np.errstate(invalid="ignore"):
        return np.where(before == after, 0.0, after - before)
