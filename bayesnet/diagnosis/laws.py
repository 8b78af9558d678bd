"""The laws of safe advice, checked over every combination that a model's rules can tell apart.

1. No two items that conflict are shown together.
2. No worse answer and no further answer lowers the level. Rules above the lowest level therefore look at no probability. (A
   further red flag cannot: conditions are never about a flag that is down.)
3. An emergency names what to do first, and the lowest level has words for signs that were not asked.

The rules are those that decide a case (`rules.Rules`), over arrays with an axis for everything that a rule looks at (see
`combinations`). Where one finding alone withholds an item, whatever the others, that finding is left out beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayesnet.diagnosis.combinations import (
    UNANSWERED,
    Axis,
    Read,
    TooMany,
    alike,
    axes_of,
    every_state,
    findings_of,
    flag_axis,
)
from bayesnet.diagnosis.rules import EVERYWHERE, Mask, Rules
from bayesnet.inference.evidence import Ids
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.order import order_of
from bayesnet.knowledge.rules import AdviceRule, Condition

MOST = 100_000_000
"""Combinations that are looked at for one pair of items, or for the level: more are refused rather than sampled."""


@dataclass(frozen=True)
class Laws:
    """What the check found: `broken` in one line each, and how many `combinations` were looked at, by kind of law."""

    broken: tuple[str, ...]
    combinations: Mapping[str, int]


def check_laws(knowledge: Knowledge) -> Laws:
    """Every law, for one model."""
    pairs = list(conflicting_pairs(knowledge))
    conflicts = [_together(knowledge, *pair) for pair in pairs]
    falls, levels = _level_laws(knowledge)
    broken = [*(line for line, _ in conflicts if line is not None), *falls, *_words(knowledge)]
    counts = {
        "pairs of items": len(pairs),
        "of conflicting items": sum(count for _, count in conflicts),
        "of answers for the level": levels,
    }
    return Laws(tuple(broken), counts)


def conflicting_pairs(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Every pair of items that must not be shown together, once."""
    seen = {frozenset((rule.id, other)) for rule in knowledge.advice.values() for other in rule.conflicts}
    yield from ((a, b) for a, b in combinations(knowledge.advice, 2) if frozenset((a, b)) in seen)


def _together(knowledge: Knowledge, a: str, b: str) -> tuple[str | None, int]:
    """Where two conflicting items are shown together, in words (None: nowhere), and how many combinations that covers."""
    read = Read()
    for name in (a, b):
        read.rule(knowledge, knowledge.advice[name], shown=True)
    try:
        axes = axes_of(knowledge, read)
        count = prod(map(len, axes))
        axes = [axis.some(~_withheld_by(knowledge, axis, (a, b))) for axis in axes]
        size = prod(map(len, axes))
        if size > MOST:
            raise TooMany(f"rules tell {size:,} combinations apart; at most {MOST:,} are looked at")
        if size == 0:
            return None, count
        rules = Rules(knowledge, findings_of(axes))
    except TooMany as error:
        return f"advice.toml: advice {a!r} and {b!r}: cannot be checked: {error}", 0
    both = rules.shown(a) & rules.shown(b)
    if not both.any():
        return None, count
    said = ", ".join(f"{axis.name} = {label}" for axis, label in _first_place(both, axes) if _matters(axis, label))
    return f"advice.toml: advice {a!r}: conflicts with {b!r}, yet both are shown, as for {said or 'any answers'}", count


def _full(values: NDArray[Any], axes: Sequence[Axis]) -> NDArray[Any]:
    """The values with the whole length of every axis that has several possibilities."""
    shape = tuple(len(axis) for axis in axes if len(axis) > 1)
    return np.broadcast_to(values.reshape(values.shape if values.ndim == len(shape) else (1,) * len(shape)), shape)


def _first_place(where: Mask, axes: Sequence[Axis]) -> list[tuple[Axis, str]]:
    """The first combination that holds: the label of each axis."""
    full = _full(where, axes)
    place = iter(np.unravel_index(int(full.argmax()), full.shape))
    return [(axis, axis.labels[int(next(place)) if len(axis) > 1 else 0]) for axis in axes]


def _matters(axis: Axis, label: str) -> bool:
    """Whether a label says anything beyond nothing answered, no flag and nothing likely."""
    return label != {"answer": UNANSWERED, "flag": "no", "triggered": "0 or more", "unexplained": "0 or more"}.get(
        axis.kind
    )


def _withheld_by(knowledge: Knowledge, axis: Axis, items: Iterable[str]) -> Mask:
    """Which possibilities of one axis alone, whatever the others, withhold one of the items: (n,).

    Only conditions that read nothing but this axis are asked.
    """
    rules = Rules(knowledge, findings_of([axis]))
    found = np.zeros(len(axis), dtype=bool)
    for name in items:
        for withhold in knowledge.advice[name].withholds:
            held = [rules.answered({q: states}) for q, states in withhold.answers.items()]
            for rule in (knowledge.advice[other] for other in withhold.advice):
                read_here = (c for c in rule.when if _reads_only(knowledge, c, rule.cause, axis))
                held += [EVERYWHERE] if rule.always else [rules.holds_condition(c, rule.cause) for c in read_here]
            if withhold.red_flags and axis.kind == "flag":
                held.append(axis.values)
            for mask in held:
                found |= mask
    return found


def _reads_only(knowledge: Knowledge, condition: Condition, cause: str | None, axis: Axis) -> bool:
    read = Read()
    read.condition(knowledge, condition, cause)
    return read.things == {(axis.kind, axis.name)}


def _level_laws(knowledge: Knowledge) -> tuple[list[str], int]:
    """What is wrong with how the level follows the answers, and how many sets of answers were looked at."""
    lowest = min(knowledge.level_ranks, key=knowledge.level_ranks.__getitem__)
    graver = [rule for rule in knowledge.advice.values() if rule.level != lowest]
    broken = [
        f"advice.toml: advice {rule.id!r}: is above {lowest!r}, so its conditions may name answers and red flags only: a "
        "further answer could make a cause less likely, and lower the level"
        for rule in graver
        if any(condition.is_about_probabilities for condition in rule.when)
    ]
    read = Read()
    read.level(knowledge, 1)
    read.thresholds, read.unexplained, read.leads = {}, set(), False
    axes = [every_state(knowledge, question) for question in knowledge.questions if question in read.wanted]
    flags = [flag_axis(group) for group in alike(knowledge, read) if any(f in _named_flags(graver) for f in group)]
    count = prod(map(len, axes))
    if broken:
        return broken, count
    if count * 2 ** len(flags) > MOST:
        return [
            f"advice.toml: rules above {lowest!r} read {count:,} sets of answers; at most {MOST:,} can be checked"
        ], count
    level = _full(Rules(knowledge, findings_of([*axes, *flags])).level(), [*axes, *flags])
    for place, axis in enumerate(axes):
        broken += _falls(knowledge, level, place, axis)
    return broken, count


def _named_flags(rules: Iterable[AdviceRule]) -> set[str]:
    return {flag for rule in rules for condition in rule.when for flag in condition.flags}


def _falls(knowledge: Knowledge, level: Ids, place: int, axis: Axis) -> Iterator[str]:
    """Where the level falls from an open question to an answered one, or from an answer to a worse one."""
    order = order_of(axis.labels, knowledge.questions[axis.name].worse)
    order[0] = True
    ranks = list(knowledge.levels)
    for low, high in np.argwhere(order):
        before, after = level.take(low, axis=place), level.take(high, axis=place)
        if (after < before).any():
            at = np.unravel_index(int((after < before).argmax()), before.shape)
            yield (
                f"advice.toml: question {axis.name!r}: from {axis.labels[low]} to {axis.labels[high]} the level falls from "
                f"{ranks[before[at]]!r} to {ranks[after[at]]!r}; a worse or further answer must not lower it"
            )


def _words(knowledge: Knowledge) -> Iterator[str]:
    """Levels that lack what has to be said."""
    highest = list(knowledge.levels.values())[-1]
    used = {flag.level for flag in knowledge.red_flags.values()} | {rule.level for rule in knowledge.advice.values()}
    if knowledge.red_flags and len(knowledge.levels) > 1 and highest.id in used and not highest.do_first:
        yield f"advice.toml: level {highest.id!r}: is the gravest, and does not name what to do first (`do_first`)"
    lowest = next(iter(knowledge.levels.values()))
    if knowledge.red_flags and not lowest.says_unasked:
        yield (
            f"advice.toml: level {lowest.id!r}: has no words for a case whose warning signs were not asked (`says_unasked`), "
            "and would say that nothing is amiss"
        )
