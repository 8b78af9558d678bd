"""Why: how much each answer speaks for or against a cause, as weight of evidence (Good 1950)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, inf, log

from bayesnet.inference.evidence import Answer
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.lookup import Lookup

NEGLIGIBLE = log(1.1)
"""A weight below this changes the odds by less than a tenth: it is said to hardly matter."""


@dataclass(frozen=True)
class Weight:
    """The weight of one answer in log-odds (natural): positive speaks for the cause.

    `alone` is the shift it makes as the only answer; `without` the shift that is lost when it alone is left out.
    A shift to or from certainty is infinite.
    """

    question: str
    answer: Answer
    alone: float
    without: float
    sentence: str


@dataclass(frozen=True)
class Explanation:
    """Every answer's weight for one cause, the strongest first."""

    cause: str
    weights: tuple[Weight, ...]

    @property
    def speaks_for(self) -> tuple[Weight, ...]:
        """The answers that raise the cause by more than a tenth in odds, the strongest first."""
        return tuple(w for w in self.weights if w.without > NEGLIGIBLE)

    @property
    def speaks_against(self) -> tuple[Weight, ...]:
        """The answers that lower the cause by more than a tenth in odds, the strongest first."""
        return tuple(w for w in self.weights if w.without < -NEGLIGIBLE)


def explain(
    engine: JunctionTree | Lookup,
    node: str,
    cause: str,
    given: Mapping[str, Answer],
    always: Mapping[str, Answer],
    labels: Mapping[str, str],
) -> Explanation:
    """The weights of the `given` answers for `node`, a yes/no variable; `always` is taken as known throughout.

    `labels` puts each answer into words. One batch of 2 k + 2 rows for k answers.
    """
    names = list(given)
    rows: list[Mapping[str, Answer]] = [always, {**always, **given}]
    rows += [{**always, name: given[name]} for name in names]
    rows += [{**always, **{other: given[other] for other in names if other != name}} for name in names]
    p = engine.posteriors(rows, [node])[node]
    prior, full, alone, left_out = p[0], p[1], p[2 : 2 + len(names)], p[2 + len(names) :]
    weights = []
    for i, name in enumerate(names):
        without = _shift(left_out[i], full)
        sentence = _sentence(labels[name], without)
        weights.append(Weight(name, given[name], _shift(prior, alone[i]), without, sentence))
    return Explanation(cause, tuple(sorted(weights, key=lambda w: -abs(w.without))))


def _shift(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """The change in log-odds of "yes" between two distributions (no, yes); 0 where both are equally certain."""
    certain_before = min(before[0], before[1]) == 0
    certain_after = min(after[0], after[1]) == 0
    if certain_before or certain_after:
        change = after[1] - before[1]
        return 0.0 if change == 0 else inf if change > 0 else -inf
    return log(after[1] / after[0]) - log(before[1] / before[0])


def _sentence(answer: str, weight: float) -> str:
    if abs(weight) <= NEGLIGIBLE:
        return f"{answer}: hardly matters here"
    direction = "more" if weight > 0 else "less"
    if abs(weight) == inf:
        return f"{answer}: settles it"
    factor = exp(abs(weight))
    size = f"{factor:.1f}" if factor < 10 else f"{factor:.0f}" if factor < 1000 else "over 1000"
    return f"{answer}: {size} times {direction} likely (in odds)"
