"""Answers -> likelihood vectors. Hard, soft and missing answers are one thing from here on.

A likelihood vector holds P(what was observed | state) for each state of a variable, up to a common factor ("nothing
else considered": Pearl's virtual evidence, 1988). A hard answer is a vector with a single 1; no answer is no vector.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    """None, "" and NaN all say that a question was not answered."""
    return answer is None or (isinstance(answer, str) and answer == "") or answer != answer


def likelihood(variable: str, states: Sequence[str], answer: Any) -> Array:
    """The likelihood vector (n_states,) of one answer, in the order of `states`.

    Raises UnknownState, or BadEvidence for a likelihood that is negative, not finite, or all zero.
    """
    if not isinstance(answer, str | Mapping):
        raise BadEvidence(f"answer {answer!r} to {variable!r}: a state, {{state: likelihood}} or None is needed")
    soft = answer if isinstance(answer, Mapping) else {answer: 1.0}
    vector = np.zeros(len(states))
    for state, value in soft.items():
        if state not in states:
            raise UnknownState("state", state, states, f"of {variable!r}")
        vector[states.index(state)] = _checked_likelihood(variable, state, value)
    if not vector.any():
        raise BadEvidence(f"every likelihood of {variable!r} is zero; at least one state must be possible")
    return vector


def _checked_likelihood(variable: str, state: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if isinstance(value, bool) or not np.isfinite(number) or number < 0:
        raise BadEvidence(f"likelihood {value!r} of {variable} = {state}: a finite number of at least 0 is needed")
    return number


def encode(network: Network, cases: Sequence[Answers]) -> Likelihoods:
    """The likelihoods of many cases at once, the case on the last axis.

    Raises UnknownVariable for a variable the network lacks; other errors as in `likelihood`.
    """
    encoded: Likelihoods = {}
    for row, answers in enumerate(cases):
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
