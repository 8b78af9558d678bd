"""Why: how much each answer speaks for or against a cause, as weight of evidence (Good 1950)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isinf, log

import numpy as np

from bayesnet.diagnosis.reader import Case
from bayesnet.diagnosis.shapley import EXACT_UP_TO, Members, coalitions, sampled_shapley, shapley, steps
from bayesnet.inference.evidence import Answer, Column, Evidence, likelihood
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


@dataclass(frozen=True)
class OpenFinding:
    """A question not yet answered, with the answers that would speak most for and most against the cause."""

    question: str
    label: str
    best_for: str
    weight_for: float
    best_against: str
    weight_against: float


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


def explain(case: Case, cause: str) -> Explanation:
    """The weights of the answers for `cause`. All subsets of up to EXACT_UP_TO answers are one batch."""
    questions = list(case.given)
    k = len(questions)

    def worth(members: Members) -> Array:
        return _log_odds(case, cause, _subsets(case, questions, members))

    singles = np.vstack([np.zeros((1, k), bool), np.ones((1, k), bool), np.eye(k, dtype=bool), ~np.eye(k, dtype=bool)])
    if k <= EXACT_UP_TO:
        worths = worth(coalitions(k))
        numbers = singles @ (1 << np.arange(k))
        shares, errors, few = shapley(worths, k), np.zeros(k), worths[numbers]
    else:
        (shares, errors), few = sampled_shapley(worth, k), worth(singles)
    prior, full, alone, left_out = few[0], few[1], few[2 : 2 + k], few[2 + k :]
    weights = [
        Weight(
            question=question,
            answer=case.given[question],
            label=(label := case.reader.in_words(question, case.given[question])),
            alone=float(steps(prior, alone[i])),
            without=float(steps(left_out[i], full)),
            shapley=float(shares[i]),
            sentence=f"{label}: {strength(float(shares[i]))}",
        )
        for i, question in enumerate(questions)
    ]
    return Explanation(
        cause=cause,
        label=case.reader.knowledge.causes[cause].label,
        prior=_probability(prior),
        posterior=_probability(full),
        weights=tuple(sorted(weights, key=lambda w: -abs(w.shapley))),
        error=float(errors.max(initial=0.0)),
        open=_open_findings(case, cause, float(full)),
    )


def strength(weight: float) -> str:
    """A weight in words, with the factor by which it changes the odds."""
    direction = "for" if weight > 0 else "against"
    if isinf(weight):
        return f"speaks {direction} it beyond doubt"
    factor = exp(min(abs(weight), 700.0))
    for least, word in SCALE:
        if factor > least:
            size = f"{factor:.1f}" if factor < 10 else f"{factor:.0f}" if factor < 1000 else "over 1000"
            return f"speaks {word} {direction} it (odds {'×' if weight > 0 else '÷'} {size})"
    return "hardly matters here"


def _subsets(case: Case, questions: Sequence[str], members: Members) -> Evidence:
    """One row per coalition, with the answers of its members and the outcome."""
    columns = {}
    for i, question in enumerate(questions):
        states = case.reader.tree.network.states[question]
        vector = likelihood(question, states, case.given[question])
        columns[question] = Column(members[:, i].astype(np.intp), np.array([np.ones(len(states)), vector]))
    outcome = case.reader.knowledge.outcome.id
    happened = case.reader.tree.network.states[outcome].index(str(case.reader.outcome[outcome]))
    return Evidence(len(members), {outcome: happened}, columns)


def _log_odds(case: Case, cause: str, cases: Evidence | Sequence[object]) -> Array:
    """The log-odds that the cause triggered the outcome, per case; infinite where that is certain."""
    node = case.reader.triggers[cause]
    p = case.reader.engine.posteriors(cases, [node])[node]
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
    likely = case.reader.log_likelihoods([{**case.given, question: state} for question, state in asked])
    asked = [pair for pair, log_likelihood in zip(asked, likely, strict=True) if np.isfinite(log_likelihood)]
    if not asked:
        return ()
    after = _log_odds(case, cause, [{**case.evidence, question: state} for question, state in asked])
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
    return tuple(sorted(found, key=lambda f: -min(max(f.weight_for, -f.weight_against), inf)))
