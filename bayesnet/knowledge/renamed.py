"""Answers of earlier versions of a model, in the names and states of today's (`renamed` in the model file)."""

import re
from collections.abc import Mapping
from typing import Any

from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import Answered, Renamed


def answer_of_today(knowledge: Knowledge, name: str, answer: Any) -> tuple[str, Any]:
    """An answer that may use an earlier name or state; what today's version knows, and what none does, stays as it is.

    A state that became several is a soft answer, and one that became none is no answer.
    """
    old = _renamed(knowledge).get(name)
    if old is None or old.now is None:
        return name, answer
    states = knowledge.allowed_answers.get(name, ())
    then = {state: now for state, now in old.states.items() if state not in states}
    if isinstance(answer, Mapping):
        return old.now, _soft(then, answer)
    if not isinstance(answer, str) or answer not in then:
        return old.now, answer
    now = then[answer]
    return old.now, now[0] if len(now) == 1 else dict.fromkeys(now, 1.0) or None


def _soft(then: Answered, answer: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """{state: likelihood} with the states of today, where `then` are those of before.

    Weights are passed on as they are, so that what is no likelihood is refused as that. Where the likeliest is a state that
    became none, there is no answer.
    """
    found: dict[Any, Any] = {}
    lost: list[Any] = []
    for state, weight in answer.items():
        for now in then.get(state, (state,)):
            found[now] = found[now] + weight if now in found else weight
        if state in then and not then[state]:
            lost.append(weight)
    if not all(isinstance(weight, int | float) for weight in (*found.values(), *lost)):
        return answer if lost else found
    return None if lost and max(lost) > max(found.values(), default=0) else found


def today_of(knowledge: Knowledge, name: str) -> str | None:
    """What a name of an earlier version is called today; None for a name that none had, or that is no longer asked."""
    old = _renamed(knowledge).get(name)
    return None if old is None else old.now


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
