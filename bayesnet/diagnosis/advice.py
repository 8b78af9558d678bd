"""Advice by rules: what matches the likely causes and the findings, the most urgent first, red flags above all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bayesnet.diagnosis.answers import CheckedAnswers, holds
from bayesnet.diagnosis.words import in_words
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import AdviceRule, Condition, Level, Withhold


@dataclass(frozen=True)
class AdviceItem:
    """One thing to do. `because` says in words what brought it; empty for advice that is always given."""

    id: str
    title: str
    level: Level
    do: tuple[str, ...]
    caution: str
    because: str
    cause: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Withheld:
    """Advice that would be given but for something more serious."""

    id: str
    title: str
    because: str


@dataclass(frozen=True)
class Advice:
    """`level` is the highest of all items and red flags; `items` run from the most to the least urgent."""

    level: Level
    items: tuple[AdviceItem, ...]
    withheld: tuple[Withheld, ...]

    @property
    def not_now(self) -> dict[str, list[str]]:
        """What is withheld, by reason: {reason: titles}."""
        reasons: dict[str, list[str]] = {}
        for item in self.withheld:
            reasons.setdefault(item.because, []).append(item.title)
        return reasons

    @property
    def gist(self) -> tuple[str, frozenset[str]]:
        """What it comes down to: the level and what to do, by id. Advice differs where this does."""
        return self.level.id, frozenset(item.id for item in self.items)

    def __iter__(self) -> Iterator[AdviceItem]:
        return iter(self.items)


@dataclass(frozen=True)
class Findings:
    """All that a rule may look at."""

    knowledge: Knowledge
    answers: CheckedAnswers
    triggered: Mapping[str, float]
    unexplained: float


def advise(findings: Findings) -> Advice:
    """Every rule whose condition holds, sorted by level, less what a graver matter withholds."""
    knowledge = findings.knowledge
    ranks = knowledge.level_ranks
    given = [(rule, because) for rule in knowledge.advice.values() if (because := _because(rule, findings)) is not None]
    flags = [knowledge.red_flags[flag] for flag in findings.answers.red_flags]
    levels = [rule.level for rule, _ in given] + [flag.level for flag in flags]
    highest = max(levels, key=ranks.__getitem__, default=next(iter(knowledge.levels)))

    items, withheld = [], []
    for rule, because in given:
        if rule.withhold and _applies(rule.withhold, {r.id for r, _ in given}, bool(flags), highest, ranks):
            withheld.append(Withheld(rule.id, rule.title, rule.withhold.because))
        else:
            level = knowledge.levels[rule.level]
            items.append(
                AdviceItem(rule.id, rule.title, level, rule.do, rule.caution, because, rule.cause, rule.sources)
            )
    items.sort(key=lambda item: -ranks[item.level.id])
    return Advice(knowledge.levels[highest], tuple(items), tuple(withheld))


def _applies(withhold: Withhold, given: set[str], flagged: bool, highest: str, ranks: Mapping[str, int]) -> bool:
    by_level = withhold.level is not None and ranks[highest] >= ranks[withhold.level]
    return by_level or not given.isdisjoint(withhold.advice) or (withhold.red_flags and flagged)


def _because(rule: AdviceRule, findings: Findings) -> str | None:
    """What brings this advice, in words; None where nothing does."""
    if rule.always:
        return ""
    for condition in rule.when:
        reasons = _reasons(condition, rule.cause, findings)
        if reasons is not None:
            return "; ".join(reasons)
    return None


def _reasons(condition: Condition, cause: str | None, findings: Findings) -> list[str] | None:
    """Why a condition holds, part by part; None where a part does not."""
    if not _holds(condition, cause, findings):
        return None
    knowledge, reasons = findings.knowledge, []
    for question, wanted in condition.answers.items():
        asked = knowledge.questions[question]
        labels = " or ".join(state.label.lower() for state in asked.states if state.id in wanted)
        reasons.append(f"{asked.label.lower()}: {labels}")
    if condition.triggered is not None and cause is not None:
        reasons.append(f"{knowledge.causes[cause].label.lower()}: {in_words(findings.triggered[cause])}")
    if condition.others_below is not None:
        reasons.append("no other cause looks likely")
    return reasons


def _holds(condition: Condition, cause: str | None, findings: Findings) -> bool:
    """Whether every part of a condition does."""
    if condition.triggered is not None and cause is not None and findings.triggered[cause] < condition.triggered:
        return False
    if condition.unexplained is not None and findings.unexplained < condition.unexplained:
        return False
    for question, wanted in condition.answers.items():
        states = findings.knowledge.allowed_answers[question]
        if not holds(findings.answers.given, question, states, wanted):
            return False
    below = condition.others_below
    return below is None or all(p < below for name, p in findings.triggered.items() if name != cause)
