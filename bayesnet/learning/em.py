"""Maximum a posteriori EM over the numbers of a model, from distinct weighted patterns with gaps.

Each number is a Dirichlet distribution with alpha = strength x elicited value, and the M-step is (alpha + N) / sum(alpha + N)
(Lauritzen 1995), N the expected counts; where the model says that numbers must not fall, the likeliest that do not (isotonic
regression with these counts as weights). What never falls is the log-posterior, sum ln P(case) + sum alpha ln theta.

People log cramps, not quiet sessions. Ascertained cases are therefore taken given the outcome: each iteration adds the unseen
sessions that the numbers expect, n (1 - p) / p of them with p = P(outcome), as one pattern (truncated data: Dempster, Laird &
Rubin 1977, section 4.2), and ln p is taken off each case. With so much missing, plain EM crawls; two steps are extrapolated
(SQUAREM: Varadhan & Roland 2008) and the leap is kept where the log-posterior agrees.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bayesnet.errors import ImpossibleEvidence
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.network import Array
from bayesnet.knowledge.gates import number_counts, tables_of
from bayesnet.knowledge.schema import NO
from bayesnet.learning.parameters import Parameters
from bayesnet.learning.patterns import Patterns

ROUNDING = 1e-13
"""A gain below this share of the log-posterior is rounding."""
LEAST = 1e-12
"""No leap takes a number below this: what is left of it in 1 - p would be rounding."""
Watch = Callable[[int, float], bool | None]
"""Called after every iteration with its number and the log-posterior; True ends the learning there."""


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be learned from what: `alpha` (n,) is the prior, `ascertained` says that only cramps were logged."""

    parameters: Parameters
    tree: JunctionTree
    patterns: Patterns
    alpha: Array
    ascertained: bool

    def over(self, patterns: Patterns) -> "Problem":
        """The same with other cases."""
        return replace(self, patterns=patterns)

    def expected(self, values: Array) -> tuple[Array, float]:
        """The E-step under these values: expected counts of every parameter (n,), and the log-likelihood of the cases.

        Unseen sessions are counted in.
        """
        knowledge, seen = self.parameters.knowledge, self.patterns
        numbers = self.parameters.numbers(values)
        tree = self.tree.with_tables({v: table[..., 0] for v, table in tables_of(knowledge, numbers).items()})
        counts, log_likelihood = {v: np.zeros(f.table.shape) for v, f in tree.network.families.items()}, 0.0
        for evidence, weights in seen.chunks:
            found, logs = tree.family_counts_and_log_evidence(evidence, weights)
            log_likelihood += logs
            for variable, array in found.items():
                counts[variable] += array
        if self.ascertained:
            outcome = knowledge.outcome.id
            no, yes = tree.posterior({}, [outcome])[outcome].tolist()
            log_likelihood -= seen.cases * float(np.log(yes))
            if no > 0:
                for variable, array in tree.family_counts([{outcome: NO}], [seen.cases * no / yes]).items():
                    counts[variable] += array
        return self.parameters.counts(number_counts(knowledge, numbers, counts)), log_likelihood

    def log_prior(self, values: Array) -> float:
        """sum alpha ln theta, up to a constant."""
        some = self.alpha > 0
        return float(self.alpha[some] @ np.log(values[some]))

    def step(self, values: Array) -> tuple[Array, float]:
        """One iteration of EM: the next values, and the log-posterior of these."""
        counts, log_likelihood = self.expected(values)
        completed = self.alpha + counts
        after = self.parameters.normalised(completed)
        return self.parameters.in_order(after, self.parameters.row_sums(completed)), log_likelihood + self.log_prior(
            values
        )


@dataclass(frozen=True, eq=False)
class Fit:
    """Where EM ended: `values` (n,), the log-posterior of every iteration, and whether it stood still or was stopped."""

    values: Array
    history: tuple[float, ...]
    converged: bool
    stopped: bool


def fit(
    task: Problem, start: Array, iterations: int, tolerance: float, accelerate: bool = True, watch: Watch | None = None
) -> Fit:
    """EM from the values `start` until an iteration gains less than `tolerance` nats, or for so many iterations.

    An interrupt (Ctrl-C) or a watch that says True ends it early, and what was reached is kept.
    """
    history: list[float] = []
    values = safe = start
    path, leapt, converged, stopped = [start], False, False, False
    try:
        while len(history) < iterations and not (converged or stopped):
            try:
                after, reached = task.step(path[-1])
            except ImpossibleEvidence:
                if not leapt:
                    raise
                reached = -np.inf
            if leapt and reached < history[-1]:
                path, leapt = [safe], False
                continue
            least = max(tolerance, ROUNDING * abs(reached))
            # A leap may land as high as it began and still be far from the top; only a step that gains nothing is there.
            converged = bool(history) and not leapt and reached - history[-1] < least
            history.append(reached)
            values, leapt = after, False
            path.append(after)
            if accelerate and len(path) == 3:
                path, safe, leapt = [_leap(task.parameters, *path)], after, True
            stopped = bool(watch and watch(len(history), reached))
    except KeyboardInterrupt:
        stopped = True
    return Fit(values, tuple(history), converged, stopped)


def _leap(parameters: Parameters, first: Array, second: Array, third: Array) -> Array:
    """Where the way from `first` to `third` seems to lead (SQUAREM, its third step length), in logarithms."""
    moves = (first > 0) & (second > 0) & (third > 0)
    a, b, c = (np.log(values[moves]) for values in (first, second, third))
    step, turn = b - a, c - 2 * b + a
    length = float(np.sqrt((turn @ turn) / (step @ step))) if step.any() else 1.0
    alpha = -max(1.0, 1 / length) if length > 0 else -1.0
    leap = third.copy()
    leap[moves] = np.exp(np.clip(a - 2 * alpha * step + alpha**2 * turn, np.minimum(c, np.log(LEAST)), 0.0))
    return parameters.in_order(parameters.normalised(leap), parameters.strength)
