"""Do the answers fit together? The conflict measure of Jensen et al. (1990), and the answer that stands out.

conf(e) = log of product of P(e_i) / P(e). Above 0 the answers are rarer together than apart: a mistake in one of them, or
a rare case. A cause h explains it away if conf(e, h) is no longer above 0. The outcome is left out of e: where it is
known, answers that have nothing to do with each other compete to explain it, and would seem at odds for that alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from bayesnet.diagnosis.reader import Case
from bayesnet.diagnosis.words import within_sentence
from bayesnet.knowledge.schema import YES

WORTH_SAYING = log(2)
"""An answer less than twice as rare among the others as by itself is no news."""
NONE = 1e-9
"""A conflict below this is rounding."""


@dataclass(frozen=True)
class Surprise:
    """How much rarer an answer is among the others than by itself, in natural log: positive stands out."""

    question: str
    label: str
    surprise: float


@dataclass(frozen=True)
class Conflict:
    """`value` is conf(e); `surprises` lists the answers, the one that stands out most first.

    Where `value` is above 0, or one answer stands out much (a total can hide a local conflict), `odd` is that answer's
    question, and `resolved_by` a cause that would explain it away.
    """

    value: float
    surprises: tuple[Surprise, ...]
    odd: str | None
    resolved_by: str | None
    says: str

    @property
    def worth_saying(self) -> bool:
        """Whether an answer stands out so much that a person should look at it again."""
        return self.odd is not None and self.surprises[0].surprise > WORTH_SAYING


def conflict(case: Case) -> Conflict:
    """How the answers fit together: each alone, all but each, all, and all with each cause, in one batch."""
    questions, causes = list(case.given), list(case.reader.knowledge.causes)
    k = len(questions)
    alone = [{question: case.given[question]} for question in questions]
    but_one = [{q: a for q, a in case.given.items() if q != question} for question in questions]
    by_cause = [{cause: YES} for cause in causes] + [{**case.given, cause: YES} for cause in causes]
    logs = case.reader.tree.log_evidence([case.given, *alone, *but_one, *by_cause])
    together, apart, others = logs[0], logs[1 : k + 1], logs[k + 1 : 2 * k + 1]
    cause_alone, cause_too = np.split(logs[2 * k + 1 :], 2)
    value = float(apart.sum() - together) if k > 1 else 0.0
    surprises = [
        Surprise(q, case.reader.in_words(q, case.given[q]), float(apart[i] + others[i] - together) if k > 1 else 0.0)
        for i, q in enumerate(questions)
    ]
    surprises.sort(key=lambda s: -s.surprise)
    largest = surprises[0].surprise if surprises else 0.0
    odd = surprises[0].question if value > NONE or largest > WORTH_SAYING else None
    with np.errstate(invalid="ignore"):
        gains = np.nan_to_num(cause_too - together - cause_alone, nan=-np.inf)
    best = int(gains.argmax())
    resolved = causes[best] if odd and gains[best] >= (value if value > NONE else largest) else None
    return Conflict(value, tuple(surprises), odd, resolved, _says(case, surprises, odd, resolved))


def _says(case: Case, surprises: list[Surprise], odd: str | None, resolved: str | None) -> str:
    if odd is None:
        return "The answers fit together." if len(surprises) > 1 else "Too few answers to be at odds."
    label = f"“{surprises[0].label}”"
    unless = f", unless {within_sentence(case.reader.knowledge.labels[resolved])} is behind it" if resolved else ""
    if surprises[0].surprise <= WORTH_SAYING:
        return f"The answers fit together well enough; {label} is the least expected of them{unless}."
    return f"{label} is rarely seen with the other answers{unless}. Check it; if it is right, this is a rare case."
