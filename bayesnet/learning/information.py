"""How much the cases say about each number: the observed information, as equivalent sample sizes.

Gaps and unseen sessions are not evidence. The information of the completed data is what counts would give; what is missing
of it is how the expected counts move with the numbers (the missing information principle: Louis 1982, in the form of Oakes
1999).
With complete data nothing moves, and a number's strength grows by its counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bayesnet.inference.network import Array
from bayesnet.learning.em import Problem
from bayesnet.learning.parameters import Ints, Parameters

STEP = 1e-3
"""How far to either side a number is moved, in log-odds, to see how the expected counts follow."""
ENOUGH = 20_000
"""Beyond so many distinct patterns the information is estimated from that many, drawn by weight: off by about one percent."""
SEED = 1982
DIGITS = 6
"""Significant digits of a strength: more would be noise, and a model file is for reading."""
VAGUE = 1e-9
"""The share of its counts that a number without a prior is taken to have: enough to invert a matrix, too little to matter."""
LEAST = 1e-3
"""No strength is less."""

Step = Callable[[int, int], None]
"""Called with how many numbers have been moved, and of how many."""


@dataclass(frozen=True, eq=False)
class Free:
    """The coordinates of the information: log-odds of each state against the likeliest of its row, where both can be."""

    parameters: Parameters
    values: Array
    at: Ints

    @property
    def p(self) -> Array:
        """The values of the free numbers: (n_free,)."""
        return self.values[self.at]

    @property
    def rows(self) -> Ints:
        """The row of each free number: (n_free,)."""
        return self.parameters.row_of[self.at]

    def moved(self, j: int, by: float) -> Array:
        """All values with the log-odds of free number j up by so much."""
        values = self.values.copy()
        values[self.at[j]] *= np.exp(by)
        return self.parameters.normalised(values)

    def blocks(self, totals: Array) -> Array:
        """Row by row totals (n_rows,) x (diag p - p p'): the information of so many complete observations."""
        same = self.rows[:, None] == self.rows
        found: Array = np.where(same, np.diag(self.p) - np.outer(self.p, self.p), 0.0) * totals[self.rows][:, None]
        return found


def strengths(task: Problem, values: Array, step: Step | None = None) -> Array:
    """The strength of each row after learning (n_rows,), never below that of its prior.

    The posterior covariance, in the normal approximation at `values`, is matched row by row by a Dirichlet distribution of
    the same total variance.
    """
    parameters, prior = task.parameters, task.parameters.row_sums(task.alpha)
    task = task.over(task.patterns.subset(ENOUGH, SEED))
    completed = parameters.row_sums(task.alpha + task.expected(values)[0])
    free = _free(parameters, values, completed)
    if not len(free.at):
        return prior
    observed = _observed(task, free, completed, step)
    known = free.blocks(prior + VAGUE * completed)
    return _matched(free, _covariance(observed, known), prior)


def _free(parameters: Parameters, values: Array, completed: Array) -> Free:
    """All states that can be but the likeliest of each row, in rows that are known of at all."""
    keep = (values > 0) & (completed[parameters.row_of] > 0)
    for block in parameters.blocks:
        keep[block.start + int(values[block].argmax())] = False
    return Free(parameters, values, np.flatnonzero(keep))


def _observed(task: Problem, free: Free, completed: Array, step: Step | None) -> Array:
    """The observed information (n_free, n_free): that of the completed data less what the gaps take away."""
    n = len(free.at)
    missing = np.empty((n, n))
    for j in range(n):
        above, below = (task.expected(free.moved(j, by))[0] for by in (STEP, -STEP))
        change = (above - below) / (2 * STEP)
        missing[:, j] = change[free.at] - free.p * task.parameters.row_sums(change)[free.rows]
        if step:
            step(j + 1, n)
    information = free.blocks(completed) - missing
    return np.asarray((information + information.T) / 2)


def _covariance(observed: Array, known: Array) -> Array:
    """The inverse of the information. What the cases add to what was `known` is never negative: it is not in expectation."""
    eigenvalues, vectors = linalg.eigh(observed, known)
    return np.asarray((vectors / np.maximum(eigenvalues, 1.0)) @ vectors.T)


def _matched(free: Free, covariance: Array, prior: Array) -> Array:
    """Per row the strength at which a Dirichlet distribution has the same total variance: sum p (1 - p) / sum var p."""
    found = prior.copy()
    for row in np.unique(free.rows):
        inside = np.flatnonzero(free.rows == row)
        p = free.values[free.parameters.blocks[row]]
        own = free.p[inside]
        # d p / d log-odds: (diag p - p p') for the free states, and minus their sum for the one they are measured against.
        slope = np.diag(own) - np.outer(own, own)
        slope = np.vstack([slope, -slope.sum(axis=0)])
        variance = np.trace(slope @ covariance[np.ix_(inside, inside)] @ slope.T)
        found[row] = max(found[row], float((p * (1 - p)).sum() / variance))
    return np.array([float(f"{max(s, LEAST):.{DIGITS}g}") for s in found])
