"""Which answers contradict each other, when a case has probability zero."""

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb

import numpy as np

from bayesnet.inference.evidence import Answers, is_missing
from bayesnet.inference.network import Array

EXHAUSTIVE = 20_000
"""Subsets that the search may try per size before it settles for a set that is merely irreducible."""


def smallest_contradiction(case: Answers, log_evidence: Callable[[Sequence[Answers]], Array]) -> dict[str, object]:
    """The smallest subset of an impossible case that is impossible by itself.

    Sizes are tried from one answer up, all subsets of a size in one batch. Where a size has more than EXHAUSTIVE
    subsets (a case with hundreds of answers), the set is irreducible: no answer in it can be left out.
    """
    given = {variable: answer for variable, answer in case.items() if not is_missing(answer)}
    for size in range(1, len(given)):
        if comb(len(given), size) > EXHAUSTIVE:
            return _irreducible(given, log_evidence)
        subsets = [dict(chosen) for chosen in combinations(given.items(), size)]
        impossible = np.flatnonzero(np.isneginf(log_evidence(subsets)))
        if len(impossible):
            return dict(subsets[impossible[0]])
    return dict(given)


def _irreducible(given: Answers, log_evidence: Callable[[Sequence[Answers]], Array]) -> dict[str, object]:
    """Deletion filter (Chinneck & Dravnieks 1991): leave out each answer in turn, keep out what is not needed."""
    kept = dict(given)
    for variable in given:
        without = {v: answer for v, answer in kept.items() if v != variable}
        if np.isneginf(log_evidence([without]))[0]:
            kept = without
    return dict(kept)
