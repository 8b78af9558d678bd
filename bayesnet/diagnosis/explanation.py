"""Why: how much each answer speaks for or against a cause, as weight of evidence (Good 1950)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isinf, log

import numpy as np

from bayesnet.diagnosis.html import bar_table
from bayesnet.diagnosis.reader import Case
from bayesnet.diagnosis.shapley import EXACT_UP_TO, Members, coalitions, sampled_shapley, shapley, steps
from bayesnet.diagnosis.words import in_words_and_percent
from bayesnet.inference.evidence import Answer, Answers, Column, Evidence, likelihood, one_case
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.lookup import Lookup
from bayesnet.inference.network import Array

NEGLIGIBLE = log(1.1)
"""A weight below this changes the odds by less than a tenth: it is said to hardly matter."""

SCALE = ((150.0, "very strongly"), (20.0, "strongly"), (3.0, "clearly"), (1.1, "a little"))
"""From which change of the odds on an answer speaks how strongly (Kass & Raftery 1995; the last step is ours)."""


@dataclass(frozen=True)
class Weight:
    """The weight of one answer in log-odds (natural): positive speaks for the cause.

    `alone` is the shift it makes as the only answer; `without` the shift that is lost when it alone is left out;
    `shapley` its fair share of the whole shift, averaged over all orders of the answers. A shift to certainty is infinite.
    """

    question: str
    answer: Answer
    label: str
    alone: float
    without: float
    shapley: float
    sentence: str

    @property
    def factor(self) -> float:
        """By what its share multiplies the odds."""
        return exp(min(self.shapley, 700.0))

    @property
    def says(self) -> str:
        """The sentence without the answer that it begins with."""
        return self.sentence.removeprefix(f"{self.label}: ")


@dataclass(frozen=True)
class OpenFinding:
    """A question not yet answered, with the answers that would speak most for and most against the cause."""

    question: str
    label: str
    best_for: str
    weight_for: float
    best_against: str
    weight_against: float

    @property
    def says(self) -> str:
        """'Felt a tear: Yes would speak clearly against it (odds ÷ 3.0); ...', the weightier answer first."""
        sides = [(self.best_for, self.weight_for), (self.best_against, self.weight_against)]
        sides.sort(key=lambda side: -abs(side[1]))
        said = [f"{label} {strength(weight, 'would speak')}" for label, weight in sides if abs(weight) > NEGLIGIBLE]
        return "; ".join(said)


@dataclass(frozen=True)
class Explanation:
    """Every answer's weight for one cause having triggered the outcome, the strongest share first.

    `prior` and `posterior` are its probabilities without and with the answers; the shares add up to the shift of the
    log-odds between them. `error` is the largest standard error of a share: 0 where they are exact. `open` lists what was
    not answered and would matter, the weightiest first.
    """

    cause: str
    label: str
    prior: float
    posterior: float
    weights: tuple[Weight, ...]
    error: float
    open: tuple[OpenFinding, ...]

    @property
    def speaks_for(self) -> tuple[Weight, ...]:
        """The answers whose share raises the odds by more than a tenth, the strongest first."""
        return tuple(w for w in self.weights if w.shapley > NEGLIGIBLE)

    @property
    def speaks_against(self) -> tuple[Weight, ...]:
        """The answers whose share lowers the odds by more than a tenth, the strongest first."""
        return tuple(w for w in self.weights if w.shapley < -NEGLIGIBLE)

    @property
    def lengths(self) -> tuple[float, ...]:
        """Per weight how long its bar is, in [-1, 1]: its share beside the largest that is not endless."""
        largest = max((abs(w.shapley) for w in self.weights if not isinf(w.shapley)), default=1.0) or 1.0
        return tuple(max(-1.0, min(1.0, w.shapley / largest)) for w in self.weights)

    def _repr_html_(self) -> str:
        rows = [(w.label, length, w.says) for w, length in zip(self.weights, self.lengths, strict=True)]
        caption = f"{self.label}: before {in_words_and_percent(self.prior)}, now {in_words_and_percent(self.posterior)}"
        return bar_table(caption, ("answer", "weight", ""), rows)


@dataclass(frozen=True)
class Weighed:
    """Log-odds of a node, `prior` and `posterior`, and per answer its weights: arrays (k,) in the order of the answers."""

    prior: float
    posterior: float
    alone: Array
    without: Array
    shapley: Array
    errors: Array


def weigh(engine: JunctionTree | Lookup, node: str, given: Answers, always: Answers) -> Weighed:
    """What each of the `given` answers weighs for a yes/no node; `always` is taken as known throughout.

    All subsets of up to EXACT_UP_TO answers are one batch; of more, the shares are estimated from random orders.
    """
    k = len(given)
    every = one_case(engine.network, {**always, **given})
    likelihoods = [likelihood(question, engine.network.states[question], answer) for question, answer in given.items()]

    def worth(members: Members) -> Array:
        columns = {
            question: Column(members[:, i].astype(np.intp), np.array([np.ones(len(vector)), vector]))
            for i, (question, vector) in enumerate(zip(given, likelihoods, strict=True))
        }
        fixed = {variable: at for variable, at in every.fixed.items() if variable not in given}
        rest = {
            v: Column(np.zeros(len(members), dtype=np.intp), c.vectors)
            for v, c in every.columns.items()
            if v not in given
        }
        return _log_odds(engine, node, Evidence(len(members), fixed, {**rest, **columns}))

    singles = np.vstack([np.zeros((1, k), bool), np.ones((1, k), bool), np.eye(k, dtype=bool), ~np.eye(k, dtype=bool)])
    if k <= EXACT_UP_TO:
        worths = worth(coalitions(k))
        shares, errors, few = shapley(worths, k), np.zeros(k), worths[singles @ (1 << np.arange(k))]
    else:
        (shares, errors), few = sampled_shapley(worth, k), worth(singles)
    prior, full, alone, left_out = few[0], few[1], few[2 : 2 + k], few[2 + k :]
    return Weighed(
        float(prior), float(full), steps(np.full(k, prior), alone), steps(left_out, np.full(k, full)), shares, errors
    )


def explain(case: Case, cause: str) -> Explanation:
    """The weights of the answers for `cause`, in words."""
    reader = case.reader
    found = weigh(reader.engine, reader.triggers[cause], case.given, reader.outcome)
    weights = [
        Weight(
            question=question,
            answer=answer,
            label=(label := reader.in_words(question, answer)),
            alone=float(found.alone[i]),
            without=float(found.without[i]),
            shapley=float(found.shapley[i]),
            sentence=f"{label}: {strength(float(found.shapley[i]))}",
        )
        for i, (question, answer) in enumerate(case.given.items())
    ]
    return Explanation(
        cause=cause,
        label=reader.knowledge.causes[cause].label,
        prior=_probability(found.prior),
        posterior=_probability(found.posterior),
        weights=tuple(sorted(weights, key=lambda w: -abs(w.shapley))),
        error=float(found.errors.max(initial=0.0)),
        open=_open_findings(case, cause, found.posterior),
    )


def strength(weight: float, speaks: str = "speaks") -> str:
    """A weight in words, with the factor by which it changes the odds."""
    direction = "for" if weight > 0 else "against"
    if isinf(weight):
        return f"{speaks} {direction} it beyond doubt"
    factor = exp(min(abs(weight), 700.0))
    for least, word in SCALE:
        if factor > least:
            size = f"{factor:.1f}" if factor < 10 else f"{factor:.0f}" if factor < 1000 else "over 1000"
            return f"{speaks} {word} {direction} it (odds {'×' if weight > 0 else '÷'} {size})"
    return "hardly matters here"


def _log_odds(engine: JunctionTree | Lookup, node: str, cases: Evidence | Sequence[Answers]) -> Array:
    """The log-odds of "yes", per case; infinite where that is certain."""
    p = engine.posteriors(cases, [node])[node]
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p[:, 1]) - np.log(p[:, 0]))


def _probability(log_odds: float) -> float:
    if isinf(log_odds):
        return 1.0 if log_odds > 0 else 0.0
    return float(1 / (1 + np.exp(-log_odds)))


def _open_findings(case: Case, cause: str, now: float) -> tuple[OpenFinding, ...]:
    """The questions of which some answer would change the odds by more than a tenth."""
    knowledge = case.reader.knowledge
    asked = [(question, state.id) for question in case.open_questions for state in knowledge.questions[question].states]
    versions = case.with_each(asked)
    possible = np.flatnonzero(np.isfinite(case.reader.log_likelihoods(versions)))[1:]
    after = _log_odds(case.reader.engine, case.reader.triggers[cause], versions.rows(possible))
    asked = [asked[row - 1] for row in possible]
    weights: dict[str, list[tuple[float, str]]] = {}
    for (question, state), weight in zip(asked, steps(np.full(len(after), now), after), strict=True):
        weights.setdefault(question, []).append((float(weight), state))
    found = []
    for question, of_states in weights.items():
        (low, against), (high, favours) = min(of_states), max(of_states)
        if max(high, -low) > NEGLIGIBLE:
            label = knowledge.questions[question].label
            words = {state: case.reader.in_words(question, state) for state in (favours, against)}
            found.append(OpenFinding(question, label, words[favours], high, words[against], low))
    return tuple(sorted(found, key=lambda f: -max(f.weight_for, -f.weight_against)))
