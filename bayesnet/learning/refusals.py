"""What nothing can be learned from, refused before anything is learned."""

from math import isfinite

import numpy as np

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.errors import BadCases, BadEvidence
from bayesnet.inference.contradiction import smallest_contradiction
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import NO
from bayesnet.learning.patterns import Patterns
from bayesnet.learning.predictions import AT_ONCE

SHOWN_IMPOSSIBLE = 20
"""At most so many impossible cases are named."""


def check_options(strength: float, starts: int, iterations: int, tolerance: float) -> None:
    """Raises BadEvidence for an option of `tune` that is out of range, by name."""
    check_strength(strength)
    for name, value, least in (("starts", starts, 1), ("iterations", iterations, 1)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not (value >= least and isfinite(value)):
            raise BadEvidence(f"{name} must be a number of at least {least}, not {value!r}")
    if not isinstance(tolerance, int | float) or not tolerance > 0:
        raise BadEvidence(f"tolerance must be a number of nats above 0, not {tolerance!r}")


def check_strength(strength: float) -> None:
    """Raises BadEvidence for a strength that is no number of at least 0."""
    if (
        isinstance(strength, bool)
        or not isinstance(strength, int | float)
        or not (strength >= 0 and isfinite(strength))
    ):
        raise BadEvidence(f"strength must be a number of at least 0, not {strength!r}")


def refuse(model: DiagnosticModel, patterns: Patterns, ascertained: bool) -> None:
    """Raises BadCases for quiet sessions among cases that are said to be what happened only, and for impossible cases."""
    knowledge = model.knowledge
    for name, states in patterns.coding.states.items():
        if knowledge.states.get(name) != states:
            raise BadCases([f"these are cases of another model: {knowledge.id} knows no {name!r} with these answers"])
    quiet = patterns.weight_of(knowledge.outcome.id, knowledge.states[knowledge.outcome.id].index(NO))
    if ascertained and quiet:
        raise BadCases(
            [
                f"{quiet:g} of {patterns.cases:g} cases say {knowledge.outcome.id} = {NO}: if every session was logged, quiet "
                f"ones too, say so (ascertained=False, --all-sessions); otherwise leave them out"
            ]
        )
    _refuse_impossible(model, patterns)


def refuse_twice(knowledge: Knowledge, patterns: Patterns, strength: float) -> None:
    """Raises BadCases where the model has learned from these very cases: they would count twice."""
    made = knowledge.provenance
    if made and strength and patterns.cases and patterns.source in knowledge.sources:
        raise BadCases(
            [
                f"{made.version} has learned from these {patterns.cases:g} cases already; tune its parent, or give new ones"
            ]
        )


def _refuse_impossible(model: DiagnosticModel, patterns: Patterns) -> None:
    """Raises BadCases for cases to which the model gives a probability of zero: no number that is 0 can learn otherwise."""
    tree, problems = model.tree, list[str]()
    impossible = [
        (int(patterns.first[row]), row, part, row - run.start)
        for run, part in patterns.parts(AT_ONCE)
        for row in (np.flatnonzero(np.isneginf(tree.log_evidence(part))) + run.start).tolist()
    ]
    for _, row, part, at in sorted(impossible, key=lambda found: found[0])[:SHOWN_IMPOSSIBLE]:
        clash = smallest_contradiction(part.answers(at, tree.network.states), tree.log_evidence)
        listed = " and ".join(f"{variable} = {answer}" for variable, answer in clash.items())
        problems.append(f"{patterns.name_of(row)}: the model holds {listed} to be impossible")
    if problems:
        n = sum(patterns.weights[row] for _, row, *_ in impossible)
        which = "all" if len(impossible) == patterns.n else f"{n:g} of {patterns.cases:g}"
        raise BadCases([f"{which} cases are impossible under the model; {problems[0]}", *problems[1:]])
