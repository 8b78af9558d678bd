"""What earlier versions of a model called its questions and answers, told to those whose file still calls them so."""

from collections.abc import Sequence

from bayesnet.knowledge.knowledge import Knowledge


def column_today(knowledge: Knowledge, name: object, allowed: Sequence[str]) -> str:
    """What is to be done with a column of an earlier version, in words; empty for a name that none had."""
    old = next((old for old in knowledge.renamed if old.was == name), None)
    if old is None:
        return ""
    if old.now is None:
        return f"column {old.was!r} is no longer asked since {old.before}; leave it out"
    if old.now not in allowed:
        return f"column {old.was!r} is a red flag, called {old.now!r} since {old.before}; leave it out"
    states = ", ".join(f"{state} = {' or '.join(now) or 'an empty cell'}" for state, now in old.states.items())
    return f"column {old.was!r} is called {old.now!r} since {old.before}" + (f": {states}" if states else "")


def states_today(knowledge: Knowledge, question: str) -> dict[str, str]:
    """{state that a question had in an earlier version: what has become of it, in words}"""
    return {
        state: f"since {old.before} it is {' or '.join(now)}" if now else f"since {old.before} no answer stands for it"
        for old in knowledge.renamed
        if old.now == question
        for state, now in old.states.items()
    }
