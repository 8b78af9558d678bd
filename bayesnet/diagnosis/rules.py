"""The rule engine: which advice holds, which of it is shown, and how urgent it all is, for any number of cases at once.

One case is a batch of one. Everything is a comparison of arrays that broadcast together, so that the same rules decide a case,
a table of a million, and every combination that a rule can tell apart (see `laws`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

import numpy as np
from numpy.typing import NDArray

from bayesnet.inference.evidence import Ids
from bayesnet.inference.network import Array
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.rules import AdviceRule, Condition, Withhold
from bayesnet.knowledge.schema import Answered

Mask = NDArray[np.bool_]
NOWHERE: Mask = np.zeros(1, dtype=bool)
EVERYWHERE: Mask = np.ones(1, dtype=bool)


@dataclass(frozen=True, eq=False)
class Findings:
    """All that a rule may look at, of n cases: arrays (n,), or of any shapes that broadcast together.

    `answers` {question: which of its states count as answered, an axis of states first}; an open question has none, or is
    left out. `red_flags` {flag: whether it is up}, `triggered` {cause or heading: P(triggered)}, `unexplained` P(no cause
    did), `first` the position of the likeliest cause.
    """

    answers: Mapping[str, Mask]
    red_flags: Mapping[str, Mask]
    triggered: Mapping[str, Array]
    unexplained: Array
    first: Ids


class Rules:
    """A model's rules over some findings. What is asked for twice is worked out once."""

    def __init__(self, knowledge: Knowledge, findings: Findings) -> None:
        self.knowledge, self.findings = knowledge, findings
        self._held: dict[str, Mask] = {}
        self._shown: dict[str, Mask] = {}

    def level(self) -> Ids:
        """The rank of the highest level of all advice that holds and of all red flags, 0 the lowest."""
        reached = (self.reaches(rank).astype(np.intp) for rank in range(1, len(self.knowledge.levels)))
        return sum(reached, start=np.zeros(1, dtype=np.intp))

    def reaches(self, rank: int) -> Mask:
        """Where advice that holds, shown or withheld, or a red flag is of this level or a higher one."""
        knowledge = self.knowledge
        rules = (rule.id for rule in knowledge.advice.values() if knowledge.level_ranks[rule.level] >= rank)
        flags = (flag.id for flag in knowledge.red_flags.values() if knowledge.level_ranks[flag.level] >= rank)
        return _any([*map(self.holds, rules), *map(self._flag, flags)])

    def holds(self, advice: str) -> Mask:
        """Where an item is always given, or a condition of it holds; it may be withheld all the same."""
        if advice not in self._held:
            rule = self.knowledge.advice[advice]
            self._held[advice] = EVERYWHERE if rule.always else self.any_holds(rule.when, rule.cause)
        return self._held[advice]

    def shown(self, advice: str) -> Mask:
        """Where an item holds and nothing withholds it."""
        if advice not in self._shown:
            rule = self.knowledge.advice[advice]
            withheld = _any(map(self.withheld, rule.withholds))
            self._shown[advice] = self.holds(advice) & ~self._withheld_below(rule) & ~withheld
        return self._shown[advice]

    def any_holds(self, conditions: Iterable[Condition], cause: str | None) -> Mask:
        """Where any of these conditions holds; `cause` is the one that a bare `triggered` is about."""
        return _any(self.holds_condition(condition, cause) for condition in conditions)

    def holds_condition(self, condition: Condition, cause: str | None) -> Mask:
        """Where every part of a condition holds."""
        found, parts = self.findings, [EVERYWHERE]
        parts += [found.triggered[name] >= p for name, p in thresholds(condition, cause).items()]
        if condition.others_below is not None:
            others = (name for name in self.knowledge.causes if name != cause)
            parts += [found.triggered[name] < condition.others_below for name in others]
        if condition.unexplained is not None:
            parts.append(found.unexplained >= condition.unexplained)
        parts += [self.answered({question: wanted}) for question, wanted in condition.answers.items()]
        parts += [~self._is_answered(question) for question in condition.unanswered]
        if condition.flags:
            parts.append(_any(map(self._flag, condition.flags)))
        if condition.leads:
            causes = list(self.knowledge.causes)
            parts.append(np.isin(found.first, [causes.index(name) for name in condition.leads]))
        return reduce(and_, parts)

    def withheld(self, withhold: Withhold) -> Mask:
        """Where a reason to withhold something applies."""
        found = [*map(self.holds, withhold.advice), *map(self.shown, withhold.shown), self.answered(withhold.answers)]
        if withhold.red_flags:
            found += map(self._flag, self.knowledge.red_flags)
        if withhold.level is not None:
            found.append(self.reaches(self.knowledge.level_ranks[withhold.level]))
        return _any(found)

    def _withheld_below(self, rule: AdviceRule) -> Mask:
        """Where a higher level leaves no room for an item of this one."""
        return _any(self.reaches(rank) for rank in self.levels_that_withhold(rule))

    def levels_that_withhold(self, rule: AdviceRule) -> list[int]:
        """The ranks above a rule's own that leave no room for it."""
        levels = enumerate(self.knowledge.levels.values())
        own = self.knowledge.level_ranks[rule.level]
        return [rank for rank, level in levels if rank > own and level.withholds_below]

    def answered(self, wanted: Answered) -> Mask:
        """Where any of these questions has one of these answers."""
        found = []
        for question, states in wanted.items():
            if question in self.findings.answers:
                order = self.knowledge.states[question]
                chosen = self.findings.answers[question][[order.index(state) for state in states]]
                found.append(np.logical_or.reduce(chosen, axis=0))
        return _any(found)

    def _is_answered(self, question: str) -> Mask:
        answers = self.findings.answers.get(question)
        return NOWHERE if answers is None else np.asarray(np.logical_or.reduce(answers, axis=0))

    def _flag(self, flag: str) -> Mask:
        return self.findings.red_flags.get(flag, NOWHERE)


def thresholds(condition: Condition, cause: str | None) -> Mapping[str, float]:
    """Which causes or headings a condition wants to be how likely: {id: P(triggered)}."""
    if isinstance(condition.triggered, Mapping):
        return condition.triggered
    return {} if condition.triggered is None or cause is None else {cause: condition.triggered}


def _any(masks: Iterable[Mask]) -> Mask:
    return reduce(or_, masks, NOWHERE)
