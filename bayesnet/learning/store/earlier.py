"""Answers that were stored under an earlier version of a model, in the terms of today's.

A case stays in the store as it was logged; it is translated whenever it is read (see `knowledge.renamed`).
"""

from collections.abc import Mapping

from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.renamed import is_before, state_of_today


def answers_of_today(knowledge: Knowledge, answers: Mapping[str, str], version: str) -> dict[str, str]:
    """{question: state} of answers that were stored under some version, without those that are lost."""
    found = (state_of_today(knowledge, name, state, version) for name, state in answers.items())
    return dict(answer for answer in found if answer is not None)


def state_to_learn_from(knowledge: Knowledge, name: str, state: str, version: str) -> tuple[str, str] | None:
    """As `state_of_today`, but None too where another state of the same question is lost.

    What is left of such a question is no fair sample: of "yes" lost and "no" kept one would learn that nobody says yes.
    Left out as a whole, the question is a gap, which says nothing.
    """
    for old in knowledge.renamed:
        if old.was == name and is_before(version, old.before) and any(len(now) != 1 for now in old.states.values()):
            return None
    return state_of_today(knowledge, name, state, version)
