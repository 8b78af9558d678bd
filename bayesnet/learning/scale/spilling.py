"""Counts that outgrow memory: sorted runs in temporary files, merged in order."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bayesnet.learning.coding import Coding, Labels
from bayesnet.learning.counts import Counts, Sum, added, all_labels
from bayesnet.learning.labels import Label

IN_MEMORY = 8_000_000
"""Distinct patterns that are held in memory while they are added up, unless told otherwise."""
PIECE = 2**17
"""Keys that are read of each run at a time."""


class SpillingSum:
    """Adds up counts like `Sum`; what is more than `in_memory` keys waits in sorted Parquet files of a temporary folder."""

    def __init__(self, coding: Coding, in_memory: int = IN_MEMORY) -> None:
        self._coding, self._in_memory = coding, in_memory
        self._sum = Sum(coding)
        self._labels: dict[int, Label] = {}
        self._simulated = 0
        self._runs: list[Path] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, part: Counts) -> None:
        """One more part. Raises as `added`."""
        self._sum.add(part)
        if self._sum.n > self._in_memory:
            self._spill()

    def counts(self) -> Counts:
        """All that was added. Beyond what is held in memory, its arrays are mapped from a temporary file."""
        if not self._runs:
            return self._sum.counts()
        if self._sum.n:
            self._spill()
        pieces = merged([_read(run) for run in self._runs])
        return _on_disk(pieces, self._coding.size, self._labels, self._simulated)

    def _spill(self) -> None:
        counts, self._sum = self._sum.counts(), Sum(self._coding)
        if not self._runs:
            self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bayesnet-")))
        self._labels = all_labels([self._labels, counts.labels])
        self._simulated += counts.simulated
        self._runs.append(self._folder / f"run-{len(self._runs):05}.parquet")
        _write(self._runs[-1], counts)


def merged(runs: Sequence[Iterator[Counts]]) -> Iterator[Counts]:
    """Sorted runs, a piece at a time -> all of them added up, a piece at a time, in order.

    What lies below the last first number of every piece at hand is complete, since each run goes on from there.
    """
    heads = [_Head(run) for run in runs]
    while any(head.at_hand.n for head in heads):
        open_ends = [head.last for head in heads if not head.ended]
        bound = min(open_ends) if open_ends else None
        taken = [head.take(bound) for head in heads]
        if any(part.n for part in taken):
            yield added(taken)
        for head in heads:
            # Where one first number fills all that is at hand, more of the run is needed to get past it.
            head.refill(bound)


class _Head:
    """The next piece of a run."""

    def __init__(self, run: Iterator[Counts]) -> None:
        self._run = run
        self.at_hand, self.ended = next(run), False
        self.refill(None)

    @property
    def last(self) -> int:
        """The greatest first number at hand."""
        return int(self.at_hand.keys[0, -1])

    def take(self, bound: int | None) -> Counts:
        """All keys whose first number is below the bound."""
        n = self.at_hand.n if bound is None else int(np.searchsorted(self.at_hand.keys[0], bound))
        taken, self.at_hand = self.at_hand.rows(slice(0, n)), self.at_hand.rows(slice(n, None))
        return taken

    def refill(self, bound: int | None) -> None:
        """Reads on until something beyond the bound is at hand, or the run ends."""
        while not self.ended and (not self.at_hand.n or (bound is not None and self.last <= bound)):
            piece = next(self._run, None)
            self.ended = piece is None
            if piece is not None:
                self.at_hand = added([self.at_hand, piece])


def _write(path: Path, counts: Counts) -> None:
    with pq.ParquetWriter(path, _schema(len(counts.keys)), compression="zstd", use_dictionary=False) as writer:
        for part in counts.parts(PIECE):
            writer.write_table(pa.table([*part.keys, part.weights, part.first], writer.schema))


def _read(path: Path) -> Iterator[Counts]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(PIECE):
            *keys, weights, first = (column.to_numpy() for column in batch.columns)
            yield Counts(np.stack(keys), weights, first)


def _schema(numbers: int) -> pa.Schema:
    names = [*(f"key_{at}" for at in range(numbers)), "weight", "first"]
    return pa.schema([pa.field(name, pa.int64()) for name in names])


def _on_disk(pieces: Iterator[Counts], numbers: int, labels: Labels, simulated: int) -> Counts:
    """Counts whose arrays are mapped from a temporary file, which goes when they do."""
    with tempfile.TemporaryFile(prefix="bayesnet-") as file:
        n = 0
        for piece in pieces:
            np.vstack([piece.keys, piece.weights, piece.first]).T.tofile(file)
            n += piece.n
        file.flush()
        columns = np.memmap(file, np.int64, "r", shape=(n, numbers + 2)).T
    return Counts(columns[:numbers], columns[numbers], columns[numbers + 1], labels, simulated)
