"""Every combination of findings that some rules can tell apart: an axis for each thing that they look at.

A question is reduced to the answers that differ in some condition, a probability to the intervals between the thresholds, the
red flags that no condition names to one for each level. Answers that tie, as soft ones may, count as all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayesnet.diagnosis.rules import Findings, Mask, Rules, thresholds
from bayesnet.inference.evidence import Ids
from bayesnet.inference.network import Array
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.rules import AdviceRule, Condition

UNANSWERED = "not answered"
"""An open question; no id can be called so."""
MOST_TIES = 5000
"""Answers of one question, ties included, that are told apart: more are refused."""
MOST_AXES = 60
"""Things that rules may look at together: numpy knows 64 dimensions."""


class TooMany(Exception):
    """Rules that tell apart more than can be looked at, in words."""


@dataclass
class Read:
    """What some conditions look at: which answers of which question, which thresholds, which flags.

    `wanted` {question: sets of answers}, `thresholds` {cause or heading: probabilities}, `unexplained` probabilities.
    """

    wanted: dict[str, set[frozenset[str]]] = field(default_factory=dict)
    thresholds: dict[str, set[float]] = field(default_factory=dict)
    unexplained: set[float] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    leads: bool = False
    _seen: set[tuple[str, bool]] = field(default_factory=set)
    _levels: set[int] = field(default_factory=set)

    @property
    def things(self) -> set[tuple[str, str]]:
        """(kind, name) of everything that was read, as the axes call it."""
        found = {("answer", name) for name in self.wanted} | {("triggered", name) for name in self.thresholds}
        found |= {("flag", name) for name in self.flags}
        found |= {("unexplained", "unexplained")} if self.unexplained else set()
        return found | ({("first", "first cause")} if self.leads else set())

    def condition(self, knowledge: Knowledge, condition: Condition, cause: str | None) -> None:
        """Take in what one condition looks at."""
        for question, states in condition.answers.items():
            self.wanted.setdefault(question, set()).add(frozenset(states))
        for question in condition.unanswered:
            self.wanted.setdefault(question, set()).add(frozenset(knowledge.states[question]))
        for name, p in thresholds(condition, cause).items():
            self.thresholds.setdefault(name, set()).add(p)
        if condition.others_below is not None:
            for name in knowledge.causes:
                self.thresholds.setdefault(name, set()).add(condition.others_below)
        if condition.unexplained is not None:
            self.unexplained.add(condition.unexplained)
        self.flags |= {*condition.flags}
        self.leads |= bool(condition.leads)

    def rule(self, knowledge: Knowledge, rule: AdviceRule, shown: bool) -> None:
        """Take in what decides whether a rule holds; and, if asked, whether it is shown."""
        if (rule.id, shown) in self._seen:
            return
        self._seen.add((rule.id, shown))
        for condition in rule.when:
            self.condition(knowledge, condition, rule.cause)
        if not shown:
            return
        for rank in Rules(knowledge, NOTHING).levels_that_withhold(rule):
            self.level(knowledge, rank)
        for withhold in rule.withholds:
            self.condition(knowledge, Condition(answers=withhold.answers), None)
            self.flags |= {*knowledge.red_flags} if withhold.red_flags else set()
            for name in (*withhold.advice, *withhold.shown):
                self.rule(knowledge, knowledge.advice[name], shown=name in withhold.shown)
            if withhold.level is not None:
                self.level(knowledge, knowledge.level_ranks[withhold.level])

    def level(self, knowledge: Knowledge, rank: int) -> None:
        """Take in what decides whether a level is reached."""
        if rank in self._levels:
            return
        self._levels.add(rank)
        ranks = knowledge.level_ranks
        for rule in knowledge.advice.values():
            if ranks[rule.level] >= rank:
                self.rule(knowledge, rule, shown=False)
        self.flags |= {flag.id for flag in knowledge.red_flags.values() if ranks[flag.level] >= rank}


NOTHING = Findings({}, {}, {}, np.zeros(1), np.zeros(1, dtype=np.intp))
"""No answers, no flags, nothing likely."""


@dataclass(frozen=True)
class Axis:
    """One thing that rules look at, with a value for each of its possibilities, and what each is called."""

    kind: str
    name: str
    values: NDArray[Any]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def some(self, chosen: Mask) -> Axis:
        """The axis with only some of its possibilities."""
        labels = tuple(label for label, yes in zip(self.labels, chosen, strict=True) if yes)
        return Axis(self.kind, self.name, self.values[chosen], labels)


def axes_of(knowledge: Knowledge, read: Read) -> list[Axis]:
    """An axis for everything that was read."""
    axes = [
        _answers_axis(knowledge, question, read.wanted[question])
        for question in knowledge.questions
        if question in read.wanted
    ]
    axes += [_threshold_axis("triggered", name, found) for name, found in sorted(read.thresholds.items())]
    if read.unexplained:
        axes.append(_threshold_axis("unexplained", "unexplained", read.unexplained))
    axes += [flag_axis(flags) for flags in alike(knowledge, read)]
    if read.leads:
        causes = tuple(knowledge.causes)
        axes.append(Axis("first", "first cause", np.arange(len(causes)), causes))
    return axes


def _answers_axis(knowledge: Knowledge, question: str, wanted: Iterable[frozenset[str]]) -> Axis:
    """The answers that differ in some condition: none, each state, and those that tie (which count as all of them)."""
    states = knowledge.states[question]
    kinds: dict[frozenset[frozenset[str]], frozenset[str]] = {frozenset(): frozenset()}
    every = set(wanted)
    for state in states:
        tied = {kind | {want for want in every if state in want}: told | {state} for kind, told in kinds.items()}
        kinds = tied | kinds
        if len(kinds) > MOST_TIES:
            raise TooMany(f"question {question!r}: rules tell more than {MOST_TIES:,} answers and ties of it apart")
    told = sorted(
        kinds.values(), key=lambda some: (len(some), [states.index(s) for s in sorted(some, key=states.index)])
    )
    values = np.array([[state in some for state in states] for some in told])
    labels = tuple(" or ".join(s for s in states if s in some) or UNANSWERED for some in told)
    return Axis("answer", question, values, labels)


def _threshold_axis(kind: str, name: str, found: Iterable[float]) -> Axis:
    """One probability in each interval between the thresholds: the lowest of it, which reaches the threshold."""
    values = np.array(sorted({0.0, *found}))
    return Axis(kind, name, values, tuple(f"{p:g} or more" for p in values))


def alike(knowledge: Knowledge, read: Read) -> list[tuple[str, ...]]:
    """Red flags that no rule tells apart together: those of one level that no condition names."""
    named = {flag for rule in knowledge.advice.values() for c in rule.when for flag in c.flags}
    groups: dict[str, list[str]] = {}
    for flag in knowledge.red_flags.values():
        if flag.id in read.flags:
            groups.setdefault(flag.id if flag.id in named else f"level {flag.level}", []).append(flag.id)
    return [tuple(group) for group in groups.values()]


def flag_axis(flags: Sequence[str]) -> Axis:
    return Axis("flag", flags[0], np.array([False, True]), ("no", "yes"))


def findings_of(axes: Sequence[Axis]) -> Findings:
    """All combinations of the axes, each that has several possibilities along its own dimension."""
    long = [axis for axis in axes if len(axis) > 1]
    if len(long) > MOST_AXES:
        raise TooMany(f"rules look at {len(long)} things together; at most {MOST_AXES}")
    answers: dict[str, Mask] = {}
    flags: dict[str, Mask] = {}
    triggered: dict[str, Array] = {}
    unexplained: Array = NOTHING.unexplained
    first: Ids = NOTHING.first
    for axis in axes:
        shape = tuple(len(axis) if axis is other else 1 for other in long)
        if axis.kind == "answer":
            answers[axis.name] = axis.values.T.reshape(-1, *shape)
        elif axis.kind == "flag":
            flags[axis.name] = axis.values.reshape(shape)
        elif axis.kind == "triggered":
            triggered[axis.name] = axis.values.reshape(shape)
        elif axis.kind == "unexplained":
            unexplained = axis.values.reshape(shape)
        else:
            first = axis.values.reshape(shape)
    return Findings(answers, flags, triggered, unexplained, first)


def every_state(knowledge: Knowledge, question: str) -> Axis:
    """An axis of a question left open, then of each of its states."""
    states = knowledge.states[question]
    values = np.vstack([np.zeros(len(states)), np.eye(len(states))]) > 0
    return Axis("answer", question, values, (UNANSWERED, *states))
