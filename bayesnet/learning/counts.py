"""How many cases have each key: counted a part at a time, and added up in any order."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesnet.errors import TooLarge
from bayesnet.learning.cases.table import COUNT, ORIGIN
from bayesnet.learning.coding import Coding, Keys, Labels
from bayesnet.learning.labels import Label

MOST_CASES = 2**53
"""Cases are whole numbers, and learned from as floats: these are exact up to here."""
BLOCK = 2**18
"""Keys that are put in order at a time: so few stay near the processor, and take little memory beside the result."""
WAITING = 2**22
"""Keys that wait to be added up, of some 32 bytes each: the more there are, the less often the sum is moved."""


@dataclass(frozen=True, eq=False)
class Counts:
    """Distinct keys (n_numbers, n) in rising order, how many cases have each (n,), and the least row that does (n,).

    `simulated` counts the cases that were made up.
    """

    keys: Keys
    weights: NDArray[np.int64]
    first: NDArray[np.int64]
    labels: Labels = field(default_factory=dict)
    simulated: int = 0

    @property
    def n(self) -> int:
        """How many distinct keys there are."""
        return len(self.weights)

    def parts(self, size: int) -> Iterator["Counts"]:
        """The same in runs of at most `size` keys."""
        return (self.rows(slice(at, at + size)) for at in range(0, self.n, size))

    def rows(self, run: slice) -> "Counts":
        """Some of the keys, without what they all share."""
        return Counts(self.keys[:, run], self.weights[run], self.first[run])


class Sum:
    """Adds up counts as they arrive, in any order, each key being moved only a few times.

    Parts wait until they have WAITING keys and as many as what is added up already.
    """

    def __init__(self, coding: Coding) -> None:
        self._total = nothing(coding)
        self._waiting: list[Counts] = []

    def add(self, part: Counts) -> None:
        """One more part. Raises as `added`."""
        self._waiting.append(part)
        if self.n - self._total.n > max(self._total.n, WAITING):
            self.counts()

    def counts(self) -> Counts:
        """All that was added so far, as one."""
        self._total, self._waiting = added([self._total, *self._waiting]), []
        return self._total

    @property
    def n(self) -> int:
        """How many keys are held."""
        return self._total.n + sum(waiting.n for waiting in self._waiting)


def nothing(coding: Coding) -> Counts:
    """The counts of no case."""
    empty = np.zeros(0, dtype=np.int64)
    return Counts(np.zeros((coding.size, 0), dtype=np.int64), empty, empty)


def counted(coding: Coding, table: pd.DataFrame, rows: NDArray[np.int64] | None = None) -> Counts:
    """The counts of a case table whose `rows` (n_rows,) are numbered so, from 0 by default; cases of count 0 are left out."""
    rows = np.arange(len(table)) if rows is None else rows
    some = (table[COUNT] > 0).to_numpy()
    if not some.all():
        table, rows = table.loc[some], rows[some]
    weights = table[COUNT].to_numpy(dtype=np.int64)
    made_up = weights[(table[ORIGIN] == "simulated").to_numpy()].sum() if ORIGIN in table else 0
    keys, labels = coding.keys(table)
    check_total([weights])
    return replace(_in_order(keys, weights, rows.astype(np.int64)), labels=labels, simulated=int(made_up))


def added(parts: Iterable[Counts]) -> Counts:
    """Counts of the same coding as one, whatever their order. Raises TooLarge beyond MOST_CASES."""
    every = list(parts)
    labels, simulated = all_labels(part.labels for part in every), sum(part.simulated for part in every)
    check_total([part.weights for part in every])
    blocks = list(_blocks([part for part in every if part.n] or every[:1]))
    return Counts(
        np.concatenate([block.keys for block in blocks], axis=1),
        np.concatenate([block.weights for block in blocks]),
        np.concatenate([block.first for block in blocks]),
        labels,
        simulated,
    )


def _blocks(parts: Sequence[Counts]) -> Iterator[Counts]:
    """Parts, each in order, added up block after block: all keys whose first number lies between two bounds."""
    if len(parts) == 1:
        yield parts[0]
        return
    largest = max(parts, key=lambda part: part.n)
    blocks = math.ceil(sum(part.n for part in parts) / BLOCK)
    bounds = largest.keys[0, [largest.n * at // blocks for at in range(1, blocks)]]
    cuts = [[0, *np.searchsorted(part.keys[0], bounds).tolist(), part.n] for part in parts]
    for at in range(blocks):
        of_block = [part.rows(slice(cut[at], cut[at + 1])) for part, cut in zip(parts, cuts, strict=True)]
        yield _in_order(
            np.concatenate([part.keys for part in of_block], axis=1),
            np.concatenate([part.weights for part in of_block]),
            np.concatenate([part.first for part in of_block]),
        )


def all_labels(parts: Iterable[Labels]) -> dict[int, Label]:
    """All labels of several parts. Raises TooLarge where two share a hash: among a million, that is one in 10 million."""
    labels: dict[int, Label] = {}
    for part in parts:
        for key, label in part.items():
            if labels.setdefault(key, label) != label:
                raise TooLarge("two labels of these cases have the same 63-bit hash; count the files apart")
    return labels


def _in_order(keys: Keys, weights: NDArray[np.int64], first: NDArray[np.int64]) -> Counts:
    """Rows in any order -> each key once, in order."""
    varying = [number for number in keys if number.size and (number != number[0]).any()]
    order = np.lexsort(varying[::-1]) if varying else np.arange(len(weights))
    is_new = np.zeros(len(weights), dtype=bool)
    is_new[:1] = True
    for number in varying:
        ordered = number[order]
        is_new[1:] |= ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(is_new)
    if not len(starts):
        return Counts(keys, weights, first)
    return Counts(
        keys[:, order[starts]], np.add.reduceat(weights[order], starts), np.minimum.reduceat(first[order], starts)
    )


def check_total(weights: Iterable[NDArray[np.int64]]) -> None:
    """Raises TooLarge for more cases than a float can count one by one."""
    total = sum(part.sum(dtype=np.float64) for part in weights)
    if total > MOST_CASES:
        raise TooLarge(f"{total:.3g} cases are more than can be counted exactly; at most {MOST_CASES:.3g} can")
