"""Advice for one case, in words: what the rules show, what brought it, and what they withhold and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bayesnet.diagnosis.rules import Findings, Rules, thresholds
from bayesnet.diagnosis.words import in_words
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.rules import AdviceRule, Condition, Level, Line


@dataclass(frozen=True)
class AdviceItem:
    """One thing to do. `because` says in words what brought it; empty for advice that is always given.

    `heads`: it heads the page, whatever cause comes first. `safety_net`: it says what calls for help later.
    """

    id: str
    title: str
    level: Level
    do: tuple[str, ...]
    caution: str
    because: str
    cause: str | None
    sources: tuple[str, ...]
    heads: bool = False
    safety_net: bool = False


@dataclass(frozen=True)
class Withheld:
    """Advice that would be given but for something more serious."""

    id: str
    title: str
    because: str


@dataclass(frozen=True)
class Advice:
    """`level` is the highest of all items, shown or withheld, and of the red flags; its `says` is what to say of this case.

    `items` run from the most to the least urgent, one that heads the page before all others.
    """

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
    def head(self) -> AdviceItem | None:
        """The item that heads the page, if any does."""
        return next((item for item in self.items if item.heads), None)

    @property
    def gist(self) -> tuple[str, frozenset[str]]:
        """What it comes down to: the level and what to do, by id. Advice differs where this does."""
        return self.level.id, frozenset(item.id for item in self.items)

    def __iter__(self) -> Iterator[AdviceItem]:
        return iter(self.items)


def advise(knowledge: Knowledge, findings: Findings, all_asked: bool) -> Advice:
    """The advice for one case; `all_asked` says whether every warning sign was answered."""
    rules, ranks = Rules(knowledge, findings), knowledge.level_ranks
    level = list(knowledge.levels.values())[int(rules.level().item())]
    held = [rule for rule in knowledge.advice.values() if rules.holds(rule.id).item()]
    shown = [rule for rule in held if rules.shown(rule.id).item()]
    shown.sort(key=lambda rule: (not rule.heads, -ranks[rule.level]))
    withheld = [Withheld(rule.id, rule.title, _why_not(rules, rule)) for rule in held if rule not in shown]
    return Advice(level.said(all_asked), tuple(_item(rules, rule) for rule in shown), tuple(withheld))


def _item(rules: Rules, rule: AdviceRule) -> AdviceItem:
    return AdviceItem(
        id=rule.id,
        title=rule.title,
        level=rules.knowledge.levels[rule.level],
        do=tuple(_lines(rules, rule)),
        caution=rule.caution,
        because=_because(rules, rule),
        cause=rule.cause,
        sources=rule.sources,
        heads=rule.heads,
        safety_net=rule.safety_net,
    )


def _lines(rules: Rules, rule: AdviceRule) -> Iterator[str]:
    """The lines of an item that are to be said."""
    for line in rule.do:
        if not isinstance(line, Line):
            yield line
        elif rules.any_holds(line.when, rule.cause).item():
            yield line.say


def _why_not(rules: Rules, rule: AdviceRule) -> str:
    """Why an item that holds is withheld: the gravest reason."""
    levels = list(rules.knowledge.levels.values())
    for rank in reversed(rules.levels_that_withhold(rule)):
        if rules.reaches(rank).item():
            return levels[rank].withholds_below
    return next(withhold.because for withhold in rule.withholds if rules.withheld(withhold).item())


def _because(rules: Rules, rule: AdviceRule) -> str:
    """What brings this advice, in words: the first condition that holds."""
    for condition in () if rule.always else rule.when:
        if rules.holds_condition(condition, rule.cause).item():
            return "; ".join(_reasons(rules, condition, rule.cause))
    return ""


def _reasons(rules: Rules, condition: Condition, cause: str | None) -> Iterator[str]:
    """Why a condition holds, part by part."""
    knowledge, findings = rules.knowledge, rules.findings
    for flag in condition.flags:
        if findings.red_flags[flag].item():
            yield f"{knowledge.red_flags[flag].label.lower()}"
    for question, wanted in condition.answers.items():
        asked = knowledge.questions[question]
        given = findings.answers[question].ravel()
        labels = [s.label.lower() for s, yes in zip(asked.states, given, strict=True) if yes and s.id in wanted]
        yield f"{asked.label.lower()}: {' or '.join(labels)}"
    for question in condition.unanswered:
        yield f"{knowledge.questions[question].label.lower()}: not answered"
    for name in thresholds(condition, cause):
        label = knowledge.causes[name].label if name in knowledge.causes else knowledge.headings[name].label
        yield f"{label.lower()}: {in_words(findings.triggered[name].item())}"
    if condition.leads:
        yield f"{knowledge.labels[list(knowledge.causes)[findings.first.item()]].lower()} comes first"
    if condition.others_below is not None:
        yield "no other cause looks likely"
    if condition.unexplained is not None:
        yield "no known cause explains it well"
