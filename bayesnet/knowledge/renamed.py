"""Answers of earlier versions of a model, in the names and states of today's (`renamed` in the model file)."""

import re
from collections.abc import Mapping
from typing import Any

from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import Renamed


def answer_of_today(knowledge: Knowledge, name: str, answer: Any) -> tuple[str, Any]:
    """An answer that may use an earlier name or state; what today's version knows, and what none does, stays as it is.

    A state that became several is a soft answer, and one that became none is no answer.
    """
    old = _renamed(knowledge).get(name)
    states = knowledge.allowed_answers.get(name, ())
    if old is None or old.now is None:
        return name, answer
    if isinstance(answer, Mapping):
        return old.now, _soft(old, states, answer)
    if not isinstance(answer, str) or answer in states:
        return old.now, answer
    now = old.states.get(answer, (answer,))
    return old.now, now[0] if len(now) == 1 else dict.fromkeys(now, 1.0) or None


def _soft(old: Renamed, states: tuple[str, ...], answer: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """{state: likelihood} with the states of today."""
    if not all(isinstance(weight, int | float) for weight in answer.values()):
        return answer  # no likelihoods, and refused as that
    found: dict[Any, float] = {}
    for state, weight in answer.items():
        for now in (state,) if state in states else old.states.get(state, (state,)):
            found[now] = found.get(now, 0.0) + weight
    return found


def state_of_today(knowledge: Knowledge, name: str, state: str, version: str) -> tuple[str, str] | None:
    """What a state that was stored under some version is today: (question, state), or None where it is lost.

    It is lost where the question is no longer asked or means something else, and where the state is now several or none.
    """
    old = _renamed(knowledge).get(name)
    if old is not None and is_before(version, old.before):
        now = old.states.get(state, (state,))
        if old.now is None or len(now) != 1:
            return None
        name, state = old.now, now[0]
    return (name, state) if state in knowledge.states.get(name, ()) and name in knowledge.questions else None


def is_before(version: str, other: str) -> bool:
    """Whether a version is an earlier one; one that was not noted is the earliest."""
    first, second = ([int(part) for part in re.findall(r"\d+", name)] for name in (version, other))
    return first < second


def _renamed(knowledge: Knowledge) -> Mapping[str, Renamed]:
    return {old.was: old for old in knowledge.renamed}
