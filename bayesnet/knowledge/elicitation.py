"""Elicited ranges and strengths: the share of a number's distribution that lies in its range, and the strength that fits it.

A plausible range is read as a 90 % interval (O'Hagan et al. 2006, chapter 5). A state of a Dirichlet row with mean p and
strength s has a Beta(p s, (1 - p) s) distribution. Needs scipy, which is imported when first used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesnet.errors import MissingExtra
from bayesnet.inference.network import Array
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.numbers import Elicited, NumberTable
from bayesnet.knowledge.schema import Range

MASS = 0.9
"""What share of a number's distribution its range should hold."""
TOO_LITTLE, TOO_MUCH = 0.60, 0.99
"""Outside of these shares the strength and the range do not say the same."""
MEDIAN_WITHIN = 3.0
"""A number whose median is farther from it than by this factor is drawn as zero, or nearly, most of the time."""
SMALL = 1e-9
WEAKEST, STRONGEST = 0.1, 1e7
"""The strengths among which the fitting one is looked for."""


@dataclass(frozen=True)
class Share:
    """How much of the distribution of one state of one row lies in its range; `fitted` is the strength that fits the row."""

    table: NumberTable
    row: Elicited
    state: str
    share: float
    fitted: float

    @property
    def agrees(self) -> bool:
        """Whether strength and range say about the same."""
        return TOO_LITTLE <= self.share <= TOO_MUCH


def shares(knowledge: Knowledge) -> Iterator[Share]:
    """Every number with a range, in the order of the file. Raises MissingExtra where scipy is not installed."""
    for table in knowledge.tables.values():
        for row in table.rows:
            ranges = {state: span for state, span in row.ranges.items() if 0 < row.p[state] < 1}  # a fact has no spread
            fitted = fitted_strength(row.p, ranges) if ranges else 0.0
            for state, span in ranges.items():
                yield Share(table, row, state, share_in_range(row.p[state], row.strength, span), fitted)


def collapsed(knowledge: Knowledge) -> Iterator[tuple[NumberTable, Elicited, str, float]]:
    """Every rare number that draws take for nothing: (table, row, state, median of its distribution)."""
    for table in knowledge.tables.values():
        for row in table.rows:
            for state, p in row.p.items():
                median = median_of(p, row.strength) if 0 < p < 0.5 else p
                if median * MEDIAN_WITHIN < p:
                    yield table, row, state, median


def share_in_range(p: float, strength: float, span: Range) -> float:
    """The mass that a Beta distribution with mean p and this strength has in the range."""
    return float(_shares(p, np.array(strength), span))


def _shares(p: float, strengths: Array, span: Range) -> Array:
    low, high = (_beta().cdf(end, p * strengths, (1 - p) * strengths) for end in span)
    return np.asarray(high - low)


def median_of(p: float, strength: float) -> float:
    """The median of a Beta distribution with mean p and this strength."""
    return float(_beta().ppf(0.5, p * strength, (1 - p) * strength))


def fitted_strength(p: Mapping[str, float], ranges: Mapping[str, Range]) -> float:
    """The strength with which every range of a row holds 90 % of its number's mass, as closely as one strength can.

    Args:
        p: {state: probability} of the row.
        ranges: {state: (low, high)}, at least one.

    Returns:
        The equivalent sample size of least squared differences of the log-odds, to three significant digits.
    """
    _beta()  # before scipy.optimize: where scipy is not installed, that is told
    from scipy.optimize import minimize_scalar

    def distance(log_strength: Array) -> Array:
        # In log-odds: that nearly all of a number lies in its range is as wrong as that little does.
        found = np.array([_shares(p[state], np.exp(log_strength), span) for state, span in ranges.items()])
        odds = np.clip(found, SMALL, 1 - SMALL) / np.clip(1 - found, SMALL, 1)
        return np.asarray(((np.log(odds) - np.log(MASS / (1 - MASS))) ** 2).sum(axis=0))

    grid = np.linspace(np.log(WEAKEST), np.log(STRONGEST), 200)
    best = int(distance(grid).argmin())
    around = (grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)])
    found = minimize_scalar(distance, bounds=around, method="bounded", options={"xatol": 1e-6})
    return float(f"{np.exp(found.x):.3g}")


def _beta() -> Any:
    try:
        from scipy.stats import beta
    except ImportError:
        raise MissingExtra("the share of a number in its range", "learn") from None
    return beta
