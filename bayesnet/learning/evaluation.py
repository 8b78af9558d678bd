"""Is a tuned model better? Elicited against tuned on cases that tuning did not see, k-fold, with paired bootstrap intervals.

All scores are per case. The log scores and the Brier score are proper (Gneiting & Raftery 2007): best for the truth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.calibration import calibration_curve

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.diagnosis.uncertainty import COVERAGE
from bayesnet.errors import BadCases, BadEvidence
from bayesnet.inference.network import Array
from bayesnet.learning.given import as_patterns
from bayesnet.learning.patterns import Patterns
from bayesnet.learning.predictions import Predictions, joined, predicted
from bayesnet.learning.refusals import check_strength, refuse, refuse_twice
from bayesnet.learning.remarks import FEW
from bayesnet.learning.tuning import tuned_values

SEED = 20070301
FOLDS = 5
BOOTSTRAP = 1000
"""How often the cases are drawn anew for the intervals."""
BINS = 10
"""Groups of predictions of like size in the reliability diagram."""
MOST_ROWS = 100_000
"""The reliability diagram needs a row per prediction; more predictions are scaled down to so many."""
ENOUGH = 200_000
"""Of more distinct patterns, so many cases are drawn: they show what tuning with that many is worth."""
ROUNDING = 1e-9
"""A gain no larger than this, in nats, is none."""

MEANINGS = {
    "log_score": "ln P(answers and labels | outcome), nats",
    "label_score": "ln P(labels | answers, outcome), nats",
    "brier": "mean squared error of P(triggered), of what is labelled",
    "top_1": "the likeliest cause is one that triggered it",
    "top_2": "one of the two likeliest causes is",
    "calibration": "expected calibration error of P(triggered)",
}
LOWER_IS_BETTER = ("brier", "calibration")


@dataclass(frozen=True)
class Estimate:
    """A mean over the cases with its 90 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Score:
    """One score of the model before and after tuning. `gain` is paired, and above 0 where tuned is better."""

    name: str
    means: str
    before: Estimate
    tuned: Estimate
    gain: Estimate


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: per group of predictions of like size their mean, and the share that came true."""

    predicted: tuple[float, ...]
    observed: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """Scores on held-out cases, before against tuned; label scores only where cases say what they turned out to be.

    `better` says whether tuning has shown to be worth it, `reason` why or why not. `drawn_from` is how many cases there are,
    where so many are judged by some of them.
    """

    scores: Mapping[str, Score]
    reliability: Mapping[str, Reliability]
    cases: float
    labelled: float
    folds: int
    better: bool
    reason: str
    drawn_from: float = 0.0

    def in_words(self) -> dict[str, str]:
        """Every score in a line, for a model file."""
        lines = {
            name: f"{s.before.value:.4g} before, {s.tuned.value:.4g} tuned, better by {s.gain.value:.3g} "
            f"({s.gain.low:.3g} to {s.gain.high:.3g})"
            for name, s in self.scores.items()
        }
        verdict = "better" if self.better else "not better"
        return {**lines, "verdict": f"{verdict}: {self.reason}", "folds": f"{self.folds}, on {self.cases_in_words}"}

    @property
    def cases_in_words(self) -> str:
        """How many cases it was judged on."""
        of = f" drawn from {self.drawn_from:,.0f}" if self.drawn_from > self.cases else ""
        return f"{self.cases:,.0f} cases{of}"


Watch = Callable[[int, int], bool | None]
"""Called when a fold begins, with its number and how many there are."""


def evaluate(
    model: DiagnosticModel,
    cases: Any,
    ascertained: bool = True,
    strength: float = 1.0,
    *,
    folds: int = FOLDS,
    seed: int = SEED,
    watch: Watch | None = None,
) -> Evaluation:
    """Whether tuning `model` with cases like these makes it better: each fold is predicted by a model that never saw it.

    `cases`, `ascertained` and `strength` are as in `tune`. Raises what `tune` raises, and BadCases for fewer cases than folds.
    """
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < 2:
        raise BadEvidence(f"folds must be a whole number of at least 2, not {folds!r}")
    check_strength(strength)
    patterns = as_patterns(model.knowledge, cases)
    refuse_twice(model.knowledge, patterns, strength)
    if patterns.cases < folds:
        raise BadCases([f"{patterns.cases:g} cases are too few for {folds} folds; at least {folds} are needed"])
    refuse(model, patterns, ascertained)
    rng, every = np.random.default_rng(seed), patterns.cases
    if patterns.n > ENOUGH:
        patterns = patterns.reweighted(rng.multinomial(ENOUGH, patterns.weights / every).astype(np.float64))
    shares = rng.multinomial(patterns.weights.astype(np.int64), [1 / folds] * folds)
    before = predicted(model, patterns, ascertained)
    parts = []
    for fold, held_out in enumerate(shares.T.astype(np.float64)):
        if watch:
            watch(fold + 1, folds)
        tuned = tuned_values(model, patterns.reweighted(patterns.weights - held_out), ascertained, strength)
        rows = np.flatnonzero(held_out)
        after = predicted(tuned, patterns.reweighted(held_out), ascertained)
        parts.append((held_out[rows], before.rows(rows), after))
    weights = np.concatenate([part[0] for part in parts])
    both = joined([part[1] for part in parts]), joined([part[2] for part in parts])
    can_be = both[1].possible
    found = _evaluation(weights[can_be], both[0].rows(can_be), both[1].rows(can_be), patterns, folds, rng)
    found = replace(found, drawn_from=every)
    if can_be.all():
        return found
    never = f"the tuned numbers hold {weights[~can_be].sum():g} held-out cases to be impossible"
    return replace(found, better=False, reason=never)


def _evaluation(
    weights: Array, before: Predictions, tuned: Predictions, patterns: Patterns, folds: int, rng: np.random.Generator
) -> Evaluation:
    """Means, and the same under BOOTSTRAP resamplings of the cases, both models on the same ones."""
    sides, bins, n = (before, tuned), _bins(before, tuned), int(weights.sum())
    now = [_means(weights, side, bins) for side in sides]
    drawn: list[list[dict[str, float]]] = [[], []]
    for _ in range(BOOTSTRAP):
        again = rng.multinomial(n, weights / weights.sum()).astype(np.float64)
        for side, found in zip(sides, drawn, strict=True):
            found.append(_means(again, side, bins))
    scores = {}
    for name in now[0]:
        old, new = (np.array([found[name] for found in side]) for side in drawn)
        sign = -1.0 if name in LOWER_IS_BETTER else 1.0
        gain = sign * (now[1][name] - now[0][name])
        scores[name] = Score(
            name,
            MEANINGS[name],
            _estimate(now[0][name], old),
            _estimate(now[1][name], new),
            _estimate(gain, sign * (new - old)),
        )
    better, reason = _verdict(scores, patterns.cases)
    names = ("before", "tuned")
    curves = {name: curve for name, side in zip(names, sides, strict=True) if (curve := _reliability(weights, side))}
    return Evaluation(scores, curves, patterns.cases, patterns.labelled, folds, better, reason)


def _estimate(value: float, drawn: Array) -> Estimate:
    tail = (1 - COVERAGE) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return Estimate(float(value), float(low), float(high))


def _bins(before: Predictions, tuned: Predictions) -> Array:
    """The inner limits of BINS groups of predictions of like size, the same for both models."""
    known = [side.triggered[~np.isnan(side.came_true)] for side in (before, tuned)]
    every = np.concatenate(known)
    return np.unique(np.quantile(every, np.linspace(0, 1, BINS + 1)[1:-1])) if len(every) else np.zeros(0)


def _means(weights: Array, side: Predictions, bins: Array) -> dict[str, float]:
    """Every score, averaged over the cases that have it; those that no case has are left out."""
    found = {}
    for name, values in side.scores.items():
        has = ~np.isnan(values)
        total = weights[has].sum()
        if has.any():
            found[name] = float(weights[has] @ values[has] / total) if total else float("nan")
    rows, causes = np.nonzero(~np.isnan(side.came_true))
    if len(rows):
        found["calibration"] = _calibration_error(
            weights[rows], side.triggered[rows, causes], side.came_true[rows, causes], bins
        )
    return found


def _calibration_error(weights: Array, p: Array, came_true: Array, bins: Array) -> float:
    """The mean over groups of |share that came true - mean prediction| (Naeini, Cooper & Hauskrecht 2015)."""
    group = np.digitize(p, bins)
    off = np.bincount(group, weights * (p - came_true), len(bins) + 1)
    total = weights.sum()
    return float(np.abs(off).sum() / total) if total else float("nan")


def _reliability(weights: Array, side: Predictions) -> Reliability | None:
    """scikit-learn's calibration curve, each case as often as it was seen."""
    rows, causes = np.nonzero(~np.isnan(side.came_true))
    if not len(rows):
        return None
    scale = min(1.0, MOST_ROWS / weights[rows].sum())
    times = np.maximum(1, np.rint(weights[rows] * scale)).astype(np.intp)
    p, y = (np.repeat(values[rows, causes], times) for values in (side.triggered, side.came_true))
    observed, predicted = calibration_curve(y, p, n_bins=BINS, strategy="quantile")
    return Reliability(tuple(predicted.tolist()), tuple(observed.tolist()))


def _verdict(scores: Mapping[str, Score], cases: float) -> tuple[bool, str]:
    """Better is: held-out cases are predicted better beyond doubt, and their labels not worse beyond doubt.

    Few or like cases leave the bootstrap nothing to vary: from fewer than FEW nothing is shown.
    """
    log_score, labels = scores["log_score"].gain, scores.get("label_score")
    said = f"log score {log_score.value:+.3g} nats a case ({log_score.low:+.3g} to {log_score.high:+.3g})"
    if cases < FEW:
        return False, f"{cases:g} cases are too few to show it, at least {FEW} are needed: {said}"
    if log_score.high < -ROUNDING:
        return False, f"tuned predicts worse: {said}"
    if log_score.low <= ROUNDING:
        return False, f"the cases do not show that tuned predicts better: {said}"
    if labels and labels.gain.high < -ROUNDING:
        return False, (
            f"what cases turned out to be is predicted worse: {labels.gain.value:+.3g} nats a labelled case "
            f"({labels.gain.low:+.3g} to {labels.gain.high:+.3g}), although {said}"
        )
    return True, said
