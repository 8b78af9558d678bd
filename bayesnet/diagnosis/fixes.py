"""What if a habit changed? The risk of the next session, before and after, and the habits ranked by how much they lower it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayesnet.diagnosis.reader import Case
from bayesnet.diagnosis.twin import KEEP, next_node, switch_node
from bayesnet.diagnosis.uncertainty import Interval, span
from bayesnet.diagnosis.words import from_to, in_points
from bayesnet.errors import BadEvidence, UnknownName, UnknownState
from bayesnet.inference.evidence import Answer
from bayesnet.inference.network import Array
from bayesnet.knowledge.schema import YES, ids

LOWERS = 1e-6
"""A change that lowers the risk by less is none."""


@dataclass(frozen=True)
class WhatIf:
    """The probability of the outcome in the next session, `before` and `after` the `changes` of habits.

    `causes` maps each cause to the probability that it triggers the outcome then, before and after.
    """

    changes: Mapping[str, str]
    before: float
    after: float
    causes: Mapping[str, tuple[float, float]]
    _risk_before: Risk = field(repr=False, compare=False)
    _risk_after: Risk = field(repr=False, compare=False)

    @property
    def lowered(self) -> float:
        """By how much the risk falls; negative where it rises."""
        return self.before - self.after

    @property
    def interval(self) -> Interval:
        """(low, high): 90 % credible interval of `lowered`, from the strengths of the model's numbers."""
        both = self._risk_before.possible & self._risk_after.possible
        return span((self._risk_before.drawn - self._risk_after.drawn)[both])

    @property
    def in_points(self) -> str:
        """'8.2 points lower (plausibly 2.0 to 16.3)', in percentage points."""
        return in_points(self.lowered, self.interval)

    @property
    def says(self) -> str:
        """In natural frequencies: 'from 3 in 10 sessions to 2 in 10'."""
        return from_to(self.before, self.after)


@dataclass(frozen=True)
class Fix:
    """One habit changed to one state. `effort` is the model's word for what the change takes."""

    habit: str
    label: str
    now: Answer
    to: str
    to_label: str
    effort: str
    what_if: WhatIf

    @property
    def before(self) -> float:
        """The risk of the next session as things are."""
        return self.what_if.before

    @property
    def after(self) -> float:
        """The risk with the change."""
        return self.what_if.after

    @property
    def lowered(self) -> float:
        """By how much the risk falls."""
        return self.what_if.lowered

    @property
    def interval(self) -> Interval:
        """(low, high): 90 % credible interval of `lowered`."""
        return self.what_if.interval

    @property
    def sentence(self) -> str:
        """'Water: Adequate: from 3 in 10 sessions to 2 in 10'."""
        return f"{self.label}: {self.to_label}: {self.what_if.says}"


@dataclass(frozen=True)
class Fixes:
    """The changes that lower the risk of the next session, the most helpful first."""

    before: float
    ranked: tuple[Fix, ...]

    def __iter__(self) -> Iterator[Fix]:
        return iter(self.ranked)

    def __len__(self) -> int:
        return len(self.ranked)

    def __getitem__(self, place: int) -> Fix:
        return self.ranked[place]


def what_if(case: Case, changes: Mapping[str, Any]) -> WhatIf:
    """The next session if these habits were changed.

    Raises UnknownName for what is no habit, UnknownState for a state that it does not have.
    """
    return _what_ifs(case, [_checked(case, changes)])[0]


def fixes(case: Case) -> Fixes:
    """The best change of each habit, ranked by how much it lowers the risk of the next session."""
    habits = case.reader.knowledge.habits
    options = [(habit, state.id) for habit, state in case.reader.knowledge.advisable]
    results = _what_ifs(case, [{}, *({habit: state} for habit, state in options)])
    best: dict[str, Fix] = {}
    for (habit, to), result in zip(options, results[1:], strict=True):
        question = habits[habit]
        if result.lowered > LOWERS and (habit not in best or result.lowered > best[habit].lowered):
            label = case.reader.knowledge.state_label(habit, to)
            effort = question.habit.effort if question.habit else ""
            best[habit] = Fix(habit, question.label, case.given.get(habit), to, label, effort, result)
    return Fixes(results[0].before, tuple(sorted(best.values(), key=lambda fix: -fix.lowered)))


def _checked(case: Case, changes: Mapping[str, Any]) -> dict[str, str]:
    habits = case.reader.knowledge.habits
    if not isinstance(changes, Mapping):
        raise BadEvidence(f"changes must be {{habit: state}}, not {type(changes).__name__}")
    for habit, state in changes.items():
        if habit not in habits:
            known = habit in case.reader.knowledge.questions or habit in case.reader.knowledge.causes
            raise UnknownName(
                "habit", habit, habits, "(not a habit: nobody can simply decide to change it)" if known else ""
            )
        if state not in ids(habits[habit].states):
            raise UnknownState("state", state, ids(habits[habit].states), f"of {habit!r}")
    return dict(changes)


class Risk:
    """The risk of the next session under every draw of the numbers, drawn when first asked for."""

    def __init__(self, case: Case, changes: Mapping[str, str]) -> None:
        self._case, self._changes = case, changes

    @cached_property
    def _found(self) -> tuple[Array, Array]:
        reader, outcome = self._case.reader, next_node(self._case.reader.knowledge.outcome.id)
        yes = reader.twin.network.states[outcome].index(YES)
        found, log_evidence = reader.twin.under(reader.twin_drawn, _evidence(self._case, self._changes), [outcome])
        return found[outcome][:, yes], log_evidence

    @property
    def drawn(self) -> Array:
        """(n_draws,)"""
        return self._found[0]

    @property
    def possible(self) -> NDArray[np.bool_]:
        """Which draws do not rule out what was answered: (n_draws,)."""
        return self._found[1] > -np.inf


def _what_ifs(case: Case, all_changes: list[dict[str, str]]) -> list[WhatIf]:
    """The next session under each set of changes: one batch."""
    reader = case.reader
    nodes = {cause: next_node(node) for cause, node in reader.triggers.items()}
    outcome = next_node(reader.knowledge.outcome.id)
    found = reader.twin.posteriors(
        [_evidence(case, changes) for changes in [{}, *all_changes]], [*nodes.values(), outcome]
    )
    as_things_are = Risk(case, {})
    return [
        WhatIf(
            changes=changes,
            before=float(found[outcome][0, 1]),
            after=float(found[outcome][i, 1]),
            causes={cause: (float(found[node][0, 1]), float(found[node][i, 1])) for cause, node in nodes.items()},
            _risk_before=as_things_are,
            _risk_after=Risk(case, changes),
        )
        for i, changes in enumerate(all_changes, start=1)
    ]


def next_session(cases: Sequence[Case], changes: Sequence[Mapping[str, str]]) -> Array:
    """The risk of the next session of each case under each set of changes, in one batch: (n_cases, n_changes)."""
    reader = cases[0].reader
    outcome = next_node(reader.knowledge.outcome.id)
    every = [_evidence(case, change) for case in cases for change in changes]
    found = reader.twin.posteriors(every, [outcome])[outcome]
    return np.asarray(found[:, 1]).reshape(len(cases), len(changes))


def _evidence(case: Case, changes: Mapping[str, str]) -> dict[str, Answer]:
    switches = {switch_node(habit): changes.get(habit, KEEP) for habit in case.reader.knowledge.habits}
    return {**case.evidence, **switches}
