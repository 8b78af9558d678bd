"""The same case_id more than once: the same case is kept once, other content under a used id is told apart."""

from collections.abc import Iterable
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Earlier = dict[str, tuple[object, int]]
"""Of every id that comes more than once: where it came first, and the hash of its content."""

CASE_ID = "case_id"
AT_ONCE = 4_000_000
"""So many hashes of ids are compared in memory at a time: 32 MB."""


def settle_repeats(
    table: pd.DataFrame, rows: NDArray[Any], candidates: Iterable[str], earlier: Earlier, row_word: str
) -> tuple[list[int], list[tuple[int, str, str]]]:
    """Positions of cases that were there before, and (position, id, why) of ids used before for another case.

    `rows` are the names of the table's rows. The first case of an id stands; `earlier` knows it from then on.
    """
    doubles: list[int] = []
    clashes: list[tuple[int, str, str]] = []
    at_hand = np.flatnonzero(table[CASE_ID].isin(list(candidates)))
    subset = table.iloc[at_hand]
    contents = pd.util.hash_pandas_object(subset.drop(columns=CASE_ID), index=False)
    for at, name, content in zip(at_hand.tolist(), subset[CASE_ID], contents.tolist(), strict=True):
        if name not in earlier:
            earlier[name] = (rows[at], content)
        elif earlier[name][1] == content:
            doubles.append(at)
        else:
            clashes.append(
                (at, name, f"was used before, in {row_word} {earlier[name][0]}, for a case of other content")
            )
    return doubles, clashes


class RepeatedIds:
    """Finds the ids that come more than once among any number, in bounded memory.

    Eight bytes of hash per id go to a temporary file, and are compared a share of all hashes at a time. Ids of equal hash
    count as repeated too; who uses the answer compares the ids themselves.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._n, self._at_once = 0, at_once

    def __enter__(self) -> "RepeatedIds":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, ids: NDArray[np.object_]) -> None:
        """Takes note of some ids."""
        hashed_ids(ids).tofile(self._file)
        self._n += len(ids)

    def hashes(self) -> NDArray[np.uint64]:
        """The hashes of the ids that came more than once, sorted."""
        shares = max(1, -(-self._n // self._at_once))
        found = [self._repeated_in(np.uint64(share), np.uint64(shares)) for share in range(shares)]
        return np.sort(np.concatenate(found))

    def _repeated_in(self, share: np.uint64, shares: np.uint64) -> NDArray[np.uint64]:
        self._file.seek(0)
        mine = []
        while len(block := np.fromfile(self._file, dtype=np.uint64, count=AT_ONCE)):
            mine.append(block[block % shares == share])
        unique, times = np.unique(np.concatenate([np.empty(0, np.uint64), *mine]), return_counts=True)
        return unique[times > 1]


def hashed_ids(ids: NDArray[np.object_]) -> NDArray[np.uint64]:
    """A 64-bit hash of each id."""
    return pd.util.hash_array(ids, categorize=False)
