"""How urgent the advice is, for many cases at once: the level that `advice.advise` gives each of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayesnet.inference.evidence import Ids
from bayesnet.inference.network import Array
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import Condition

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ManyFindings:
    """All that a rule may look at, of `n` cases.

    `answered` {question: the position of its state in each case, -1 where it is unanswered}, `red_flags` {flag: whether it
    is up}, `triggered` {cause: P(triggered)}, and `unexplained`: arrays (n,).
    """

    n: int
    answered: Mapping[str, Ids]
    red_flags: Mapping[str, Mask]
    triggered: Mapping[str, Array]
    unexplained: Array


def levels(knowledge: Knowledge, findings: ManyFindings) -> Ids:
    """The rank (n,) of the highest level of all advice and red flags of each case, 0 the lowest."""
    ranks = knowledge.level_ranks
    highest = np.zeros(findings.n, dtype=np.intp)
    for rule in knowledge.advice.values():
        holds = np.full(findings.n, rule.always)
        for condition in rule.when:
            holds |= _holds(knowledge, condition, rule.cause, findings)
        np.maximum(highest, np.where(holds, ranks[rule.level], 0), out=highest)
    for flag, is_up in findings.red_flags.items():
        np.maximum(highest, np.where(is_up, ranks[knowledge.red_flags[flag].level], 0), out=highest)
    return highest


def _holds(knowledge: Knowledge, condition: Condition, cause: str | None, findings: ManyFindings) -> Mask:
    """In which cases every part of a condition holds."""
    found = np.ones(findings.n, dtype=bool)
    if condition.triggered is not None and cause is not None:
        found &= findings.triggered[cause] >= condition.triggered
    if condition.unexplained is not None:
        found &= findings.unexplained >= condition.unexplained
    for question, wanted in condition.answers.items():
        found &= _answered(knowledge, question, wanted, findings)
    if condition.others_below is not None:
        for name, p in findings.triggered.items():
            if name != cause:
                found &= p < condition.others_below
    return found


def _answered(knowledge: Knowledge, question: str, wanted: tuple[str, ...], findings: ManyFindings) -> Mask:
    if question in findings.answered:
        states = knowledge.allowed_answers[question]
        return np.isin(findings.answered[question], [states.index(state) for state in wanted])
    return np.zeros(findings.n, dtype=bool)
