"""What a number and its strength leave open: the middle 90 % of its Beta distribution."""

from collections.abc import Mapping

import numpy as np
from scipy import stats

from bayesnet.diagnosis.uncertainty import COVERAGE
from bayesnet.inference.network import Array
from bayesnet.knowledge.numbers import Elicited
from bayesnet.knowledge.schema import BINARY, YES, Range

DECIMALS = 4
"""Of a range in a model file."""


def intervals(p: Array, strength: Array) -> tuple[Array, Array]:
    """The middle 90 % of Beta(strength p, strength (1 - p)): what a Dirichlet row says of one of its numbers."""
    tail = (1 - COVERAGE) / 2
    certain = (p <= 0) | (p >= 1)
    a, b = np.where(certain, 1.0, strength * p), np.where(certain, 1.0, strength * (1 - p))
    low, high = (np.where(certain, p, stats.beta.ppf(q, a, b)) for q in (tail, 1 - tail))
    return np.minimum(low, p), np.maximum(high, p)


def plausible(row: Elicited) -> Mapping[str, Range]:
    """The range of each number of a row, rounded outwards for a model file; of a yes/no row that of the "yes"."""
    p = np.array([row.p[state] for state in row.p])
    low, high = intervals(p, np.full(len(p), row.strength))
    scale = 10**DECIMALS
    low, high = np.floor(low * scale) / scale, np.minimum(np.ceil(high * scale) / scale, 1.0)
    spans = dict(zip(row.p, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    return {YES: spans[YES]} if set(row.p) == set(BINARY) else spans
