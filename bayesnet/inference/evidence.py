"""Answers -> likelihood vectors. Hard, soft and missing answers are one thing from here on.

A likelihood vector holds P(what was observed | state) for each state of a variable, up to a common factor ("nothing
else considered": Pearl's virtual evidence, 1988). A hard answer is a vector with a single 1; no answer is no vector.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from numbers import Real
from typing import Any

import numpy as np

from bayesnet.errors import BadEvidence, UnknownState
from bayesnet.inference.network import Array, Network

Answer = str | Mapping[str, float] | None
"""A state, {state: likelihood} (states not named have likelihood 0), or None for unanswered."""

Answers = Mapping[str, Answer]
Likelihoods = dict[str, Array]
"""Per observed variable an array (n_states, n_cases); a missing answer is a column of ones."""


def is_missing(answer: object) -> bool:
    """None, "", NaN and pandas' NA all say that a question was not answered."""
    if isinstance(answer, str):
        return answer == ""
    if isinstance(answer, Real):
        return answer != answer
    # pandas is not imported for the sake of its own missing values.
    return answer is None or type(answer).__name__ in ("NAType", "NaTType")


def likelihood(variable: str, states: Sequence[str], answer: Any) -> Array:
    """The likelihood vector (n_states,) of one answer, in the order of `states`.

    Raises UnknownState, or BadEvidence for a likelihood that is negative, not finite, or all zero.
    """
    if isinstance(answer, bool | float) or not isinstance(answer, Hashable | Mapping):
        raise BadEvidence(f"answer {answer!r} to {variable!r}: a state, {{state: likelihood}} or None is needed")
    soft = answer if isinstance(answer, Mapping) else {answer: 1.0}
    vector = np.zeros(len(states))
    for state, value in soft.items():
        if state not in states:
            raise UnknownState("state", state, states, f"of {variable!r}")
        vector[states.index(state)] = _checked_likelihood(variable, str(state), value)
    if not vector.any():
        raise BadEvidence(f"every likelihood of {variable!r} is zero; at least one state must be possible")
    return vector


def _checked_likelihood(variable: str, state: str, value: Any) -> float:
    if isinstance(value, Real) and not isinstance(value, bool):
        with suppress(OverflowError):
            number = float(value)
            if np.isfinite(number) and number >= 0:
                return number
    raise BadEvidence(f"likelihood {value!r} of {variable} = {state}: a finite number of at least 0 is needed")


def encode(network: Network, cases: Sequence[Answers]) -> Likelihoods:
    """The likelihoods of many cases at once, the case on the last axis.

    Raises UnknownVariable for a variable the network lacks; other errors as in `likelihood`.
    """
    encoded: Likelihoods = {}
    for row, answers in enumerate(cases):
        if not isinstance(answers, Mapping):
            raise BadEvidence(f"a case must be {{variable: answer}}, not {answers!r}")
        for variable, answer in answers.items():
            network.check_variable(variable)
            if is_missing(answer):
                continue
            if variable not in encoded:
                encoded[variable] = np.ones((len(network.states[variable]), len(cases)))
            encoded[variable][:, row] = likelihood(variable, network.states[variable], answer)
    return encoded


def as_rows(cases: Any) -> Sequence[Answers]:
    """A pandas DataFrame (a column per variable) or any sequence of mappings, as a sequence of mappings."""
    if hasattr(cases, "to_dict"):
        rows: list[Answers] = cases.to_dict("records")
        return rows
    if isinstance(cases, Mapping) or not isinstance(cases, Iterable):
        raise BadEvidence("cases must be a table with a column per variable, or a list of {variable: answer}")
    return list(cases)
