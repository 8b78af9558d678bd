"""What would change the result: the smallest changes of answers after which another cause leads or the level differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from bayesnet.diagnosis.questions import offered_states, versions_of
from bayesnet.diagnosis.reader import Case
from bayesnet.inference.evidence import Answer

LARGEST_CHANGE = 2
"""So many answers at most are changed together."""


@dataclass(frozen=True)
class Flip:
    """`changes` maps each changed question to its other answer, None where it is taken back. `first` is the cause that would
    lead, `level` the level of advice, and `changes_first` and `changes_level` say which of them differs from now.
    """

    changes: Mapping[str, str | None]
    first: str
    level: str
    changes_first: bool
    changes_level: bool
    says: str


def flips(case: Case) -> tuple[Flip, ...]:
    """Changes of one answer that change the first cause or the level, the likeliest first; of two where no single one does."""
    for size in range(1, min(LARGEST_CHANGE, len(case.given)) + 1):
        found = _flips(case, list(_changes(case, size)))
        if found:
            return found
    return ()


def _changes(case: Case, size: int) -> Iterator[dict[str, str | None]]:
    for chosen in combinations(case.given, size):
        options = [[None, *(s.id for s in offered_states(case, q) if s.id != case.given[q])] for q in chosen]
        for states in product(*options):
            yield dict(zip(chosen, states, strict=True))


def _flips(case: Case, changes: list[dict[str, str | None]]) -> tuple[Flip, ...]:
    versions: list[Mapping[str, Answer]] = [case.given]
    versions += [{q: a for q, a in {**case.given, **change}.items() if a is not None} for change in changes]
    encoded = case.reader.versions(versions)
    likely = case.reader.log_likelihoods(encoded)
    kept = np.flatnonzero(np.isfinite(likely))
    triggered, unexplained = case.reader.triggered(encoded.rows(kept))
    answers = [case.answering(versions[i]).answers for i in kept]
    made = versions_of(case, answers, triggered, unexplained)
    causes, levels = list(case.reader.triggers), list(case.reader.knowledge.levels)
    found: list[tuple[float, Flip]] = []
    for place, i in enumerate(kept):
        first, level = causes[made.first[place]], levels[made.levels[place]]
        leads, advised = made.first[place] != made.first[0], made.levels[place] != made.levels[0]
        if leads or advised:
            change = changes[i - 1]
            says = _says(case, change, first if leads else None, level if advised else None)
            found.append((float(likely[i]), Flip(change, first, level, bool(leads), bool(advised), says)))
    return tuple(flip for _, flip in sorted(found, key=lambda pair: -pair[0]))


def _says(case: Case, change: Mapping[str, str | None], first: str | None, level: str | None) -> str:
    knowledge = case.reader.knowledge
    changed = [
        f"it were “{case.reader.in_words(q, a)}”" if a else f"{knowledge.questions[q].label} were not answered"
        for q, a in change.items()
    ]
    then = []
    if first is not None:
        then.append(f"{knowledge.labels[first]} would come first")
    if level is not None:
        then.append(f"the advice would be \u201c{case.level_label(level)}\u201d")
    return f"If {' and '.join(changed)}, {' and '.join(then)}."
