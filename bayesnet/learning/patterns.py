"""Cases -> the distinct patterns that the network sees, each with how many cases showed it.

Answers are hard evidence; what a case turned out to be is a likelihood (see `labels`). However many the cases are, learning
looks at each pattern once. Patterns stand in the order of their keys, so that the same cases are the same patterns to the
last bit, wherever and in whatever order they were counted.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesnet.inference.evidence import Evidence
from bayesnet.inference.network import Array
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.skips import Skipped
from bayesnet.learning.coding import Coding, Keys, Labels, NodeLabels, by_node, coding_of
from bayesnet.learning.counts import Counts, added, counted

CHUNK = 1024
"""Distinct patterns that the engine passes at a time."""
KEPT = 200 * CHUNK
"""Of so many patterns, what the engine finds out about them is kept for the next pass; of more, memory is spared."""
BLOCK = 2**18
"""Patterns that are looked at at a time where it is only about their keys."""


def as_case(row: int) -> str:
    """What the rows of a table are called: case 1, case 2, ..."""
    return f"case {row + 1}"


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct cases: their `keys` (n_numbers, n), in order, and `weights` (n,), how many cases are like each.

    `first` (n,) is the row where each stands first, and `name_row` says what messages call it. `simulated` says how many
    cases were made up. `left_out` counts what the store has that the model does not know, {"question=state": cases};
    `skipped` are rows of files that were not taken.
    """

    coding: Coding
    keys: Keys
    weights: Array
    first: NDArray[np.int64]
    labels: Labels
    simulated: float = 0.0
    left_out: Mapping[str, int] = field(default_factory=dict)
    name_row: Callable[[int], str] = as_case
    skipped: Skipped = field(default_factory=Skipped)

    @property
    def n(self) -> int:
        """How many distinct patterns there are."""
        return len(self.weights)

    @property
    def cases(self) -> float:
        """How many cases there are, counts included."""
        return float(self.weights.sum())

    @property
    def labelled(self) -> float:
        """How many cases say what they turned out to be."""
        return float(self.weights[self.keys[-1] != 0].sum())

    @cached_property
    def evidence(self) -> Evidence:
        """All patterns at once: some 200 bytes each. `parts` takes them a run at a time."""
        return self._decoded(slice(None))

    def parts(self, size: int) -> Iterator[tuple[slice, Evidence]]:
        """The patterns in runs of at most `size`, and where each run stands; one empty run where there are none."""
        for at in range(0, max(self.n, 1), size):
            run = slice(at, min(at + size, self.n))
            yield run, self._decoded(run)

    @property
    def chunks(self) -> Iterable[tuple[Evidence, Array]]:
        """The patterns in runs of at most CHUNK with their weights; like ones stand together, so that they share work."""
        return self._kept if self.n <= KEPT else ((part, self.weights[run]) for run, part in self.parts(CHUNK))

    @cached_property
    def _kept(self) -> tuple[tuple[Evidence, Array], ...]:
        return tuple((part, self.weights[run]) for run, part in self.parts(CHUNK))

    def _decoded(self, run: slice) -> Evidence:
        return self.coding.evidence(self.keys[:, run], self._by_node, self._ranges)

    @cached_property
    def _by_node(self) -> list[NodeLabels]:
        return by_node(self.labels)

    @cached_property
    def _ranges(self) -> dict[str, tuple[int, int]]:
        """The least and the greatest digit of each variable: where they are the same, all cases are."""
        found: dict[str, tuple[int, int]] = {}
        for keys in self._blocks():
            for variable, (low, high) in self.coding.ranges(keys).items():
                known = found.get(variable, (low, high))
                found[variable] = min(low, known[0]), max(high, known[1])
        return found

    def _blocks(self) -> Iterator[Keys]:
        return (self.keys[:, at : at + BLOCK] for at in range(0, self.n, BLOCK))

    @cached_property
    def data_hash(self) -> str:
        """SHA-256 over the patterns and their weights, whatever the order of the cases."""
        seen = sha256(json.dumps({name: list(states) for name, states in self.coding.states.items()}).encode())
        for number in (*self.keys, self.weights):
            for at in range(0, self.n, BLOCK):
                seen.update(number[at : at + BLOCK].tobytes())
        return seen.hexdigest()

    @property
    def source(self) -> str:
        """The id under which a model cites these cases."""
        return f"cases_{self.data_hash[:8]}"

    def name_of(self, pattern: int) -> str:
        """What the first case of a pattern is called: 'line 17'."""
        return self.name_row(int(self.first[pattern]))

    def weight_of(self, variable: str, state: int) -> float:
        """How many cases answered a question, or the outcome, with the state at this position."""
        weights = (self.weights[at : at + BLOCK] for at in range(0, self.n, BLOCK))
        found = ((self.coding.digit(keys, variable) == state + 1) for keys in self._blocks())
        return float(sum(weight[is_it].sum() for weight, is_it in zip(weights, found, strict=True)))

    def reweighted(self, weights: Array) -> "Patterns":
        """The same with other weights (n,), those of weight 0 left out."""
        rows = np.flatnonzero(weights)
        return replace(self, keys=self.keys[:, rows], weights=weights[rows], first=self.first[rows])

    def subset(self, n: int, seed: int) -> "Patterns":
        """About n patterns drawn by weight, each standing for the same share of all cases: for large sums, estimated."""
        if self.n <= n:
            return self
        chosen = np.random.default_rng(seed).choice(self.n, n, p=self.weights / self.cases)
        weights = np.bincount(chosen, minlength=self.n) * (self.cases / n)
        return self.reweighted(weights.astype(np.float64))


def as_patterns_of(coding: Coding, counts: Counts, name_row: Callable[[int], str] = as_case) -> Patterns:
    """What was counted, as patterns."""
    weights = counts.weights.astype(np.float64)
    return Patterns(coding, counts.keys, weights, counts.first, counts.labels, float(counts.simulated), {}, name_row)


def patterns_of(knowledge: Knowledge, table: pd.DataFrame) -> Patterns:
    """The distinct patterns of a case table (see `cases.case_columns`); cases of count 0 are left out."""
    coding = coding_of(knowledge)
    return as_patterns_of(coding, added([counted(coding, table)]))
