"""Do the answers fit together? The conflict measure of Jensen et al. (1990), and the answer that stands out.

conf(e) = log of product of P(e_i) / P(e), all given that the outcome happened. Above 0 the answers are rarer together
than apart: a mistake in one of them, or a rare case. A cause h explains it away if conf(e, h) is no longer above 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from bayesnet.diagnosis.reader import Case
from bayesnet.diagnosis.words import within_sentence
from bayesnet.knowledge.schema import YES

WORTH_SAYING = log(2)
"""Answers less than twice as rare together as apart are no news."""


@dataclass(frozen=True)
class Surprise:
    """How much rarer an answer is among the others than by itself, in natural log: positive stands out."""

    question: str
    label: str
    surprise: float


@dataclass(frozen=True)
class Conflict:
    """`value` is conf(e); `surprises` lists the answers, the one that stands out most first.

    `odd` is that answer's question where it is worth saying, `resolved_by` a cause that would explain the conflict away.
    """

    value: float
    surprises: tuple[Surprise, ...]
    odd: str | None
    resolved_by: str | None
    says: str


def conflict(case: Case) -> Conflict:
    """How the answers fit together: each alone, all but each, all, and all with each cause, in one batch."""
    questions = list(case.given)
    k = len(questions)
    alone = [{question: case.given[question]} for question in questions]
    but_one = [{q: a for q, a in case.given.items() if q != question} for question in questions]
    causes = list(case.reader.knowledge.causes)
    by_cause = [{cause: YES} for cause in causes] + [{**case.given, cause: YES} for cause in causes]
    logs = case.reader.log_likelihoods([case.given, *alone, *but_one, *by_cause])
    together, apart, others = logs[0], logs[1 : k + 1], logs[k + 1 : 2 * k + 1]
    value = float(apart.sum() - together) if k > 1 else 0.0
    surprises = sorted(
        (
            Surprise(
                q, case.reader.in_words(q, case.given[q]), float(apart[i] + others[i] - together) if k > 1 else 0.0
            )
            for i, q in enumerate(questions)
        ),
        key=lambda s: -s.surprise,
    )
    with np.errstate(invalid="ignore"):
        lifts = np.nan_to_num(
            logs[2 * k + 1 + len(causes) :] - together - logs[2 * k + 1 : 2 * k + 1 + len(causes)], nan=-np.inf
        )
    best = int(lifts.argmax())
    odd = surprises[0].question if surprises and surprises[0].surprise > WORTH_SAYING else None
    stands_out = odd is not None or value > WORTH_SAYING
    resolved = causes[best] if stands_out and lifts[best] > WORTH_SAYING and value - lifts[best] <= 0 else None
    return Conflict(value, tuple(surprises), odd, resolved, _says(case, surprises, odd, resolved, value))


def _says(case: Case, surprises: list[Surprise], odd: str | None, resolved: str | None, value: float) -> str:
    if odd is None and value <= WORTH_SAYING:
        return "The answers fit together." if len(surprises) > 1 else "Too few answers to be at odds."
    said = (
        f"\u201c{surprises[0].label}\u201d does not go with the other answers"
        if odd
        else "The answers are rarely seen together"
    )
    if resolved:
        label = within_sentence(case.reader.knowledge.labels[resolved])
        return f"{said}, unless {label} is behind it. Check the answer; if it is right, this is a rare case."
    return f"{said}. Check whether it is right; if it is, this is a rare case."
