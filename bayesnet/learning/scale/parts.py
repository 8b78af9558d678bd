"""The files -> parts that one task each reads, and the checked cases of a part."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from bayesnet.errors import BadCases, BadEvidence, BadFile
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases import csv_reader, parquet
from bayesnet.learning.cases.reading import Rows, checked_parts
from bayesnet.learning.cases.skips import LISTED, Skip, Skipped, all_skipped
from bayesnet.learning.cases.source import Source, check_size
from bayesnet.learning.cases.table import CheckedCases, Column

OnError = Literal["stop", "skip"]
PART = 2**19
"""Rows of a part, more or less: a row group is never split."""


@dataclass(frozen=True)
class Part:
    """A run of row groups of a Parquet file, or a whole CSV file; `file` and `number` count files and parts from 0.

    `n` is how many rows it has, None for a CSV file; `size` about how many bytes.
    """

    number: int
    file: int
    source: Source
    rows: Rows | None = None
    n: int | None = None
    size: int = 0


def check_policy(on_error: str) -> None:
    """Raises BadEvidence for a policy that is none."""
    if on_error not in ("stop", "skip"):
        raise BadEvidence(f"on_error must be 'stop' or 'skip', not {on_error!r}")


def parts_of(sources: Sequence[Source], on_error: OnError = "stop", rows: int = PART) -> tuple[list[Part], list[Skip]]:
    """The parts of all files, of about so many rows, and the files that cannot even be split. Raises BadFile to stop."""
    parts: list[Part] = []
    unread: list[Skip] = []
    for file, source in enumerate(sources):
        try:
            check_size(source, sys.maxsize)
            groups = None if source.is_csv else parquet.row_groups(source)
        except BadFile as error:
            if on_error == "stop":
                raise
            unread.append(Skip(source.name, None, str(error)))
            continue
        if groups is None:
            parts.append(Part(len(parts), file, source, size=source.size))
            continue
        share = source.size / max(1, sum(groups))
        for run, first in _runs(groups, rows):
            n = sum(groups[run.start : run.stop])
            parts.append(Part(len(parts), file, source, Rows(run, first), n, round(n * share)))
    return parts, unread


def _runs(groups: Sequence[int], rows: int) -> Iterator[tuple[range, int]]:
    """Runs of row groups of at most so many rows, or of one group; and the number from 1 of the first row of each."""
    start, first, n = 0, 1, 0
    for at, group in enumerate(groups):
        if n and n + group > rows:
            yield range(start, at), first
            start, first, n = at, first + n, 0
        n += group
    yield range(start, len(groups)), first


@dataclass
class Tally:
    """What became of the rows of a part: how many it has, as far as that is known, and which were left out."""

    rows: int = 0
    skipped: Skipped = field(default_factory=Skipped)

    @property
    def taken(self) -> int:
        """How many rows were good."""
        return self.rows - self.skipped.rows


def cases_of(
    part: Part, knowledge: Knowledge, columns: Sequence[Column], on_error: OnError, tally: Tally
) -> Iterator[CheckedCases]:
    """The good cases of a part, a batch at a time; `tally` is added to. Raises BadFile and BadCases, naming the file."""
    name = part.source.name
    try:
        for checked in checked_parts(part.source, knowledge, sys.maxsize, columns=columns, only=part.rows):
            if checked.bad and on_error == "stop":
                raise BadCases(checked.problems)
            tally.rows += len(checked.good) + len(checked.bad_rows)
            tally.skipped = all_skipped([tally.skipped, _bad_rows(name, checked)])
            yield checked
    except BadCases as error:
        raise BadCases([f"{name}: {problem}" for problem in error.problems]) from None


def _bad_rows(name: str, checked: CheckedCases) -> Skipped:
    problems: dict[int, list[str]] = {}
    for bad in checked.bad:
        problems.setdefault(int(str(bad.row)), []).append(bad.says)
    listed = (Skip(name, row, "; ".join(says)) for row, says in islice(sorted(problems.items()), LISTED))
    return Skipped(len(checked.bad_rows), tuple(listed))


def given_up(part: Part, error: BadFile | BadCases) -> Tally:
    """A part none of which is taken, because of an error."""
    skip = Skip(part.source.name, None, str(error))
    rows = _rows_in(part)
    return Tally(0, Skipped(0, (skip,), 1)) if rows is None else Tally(rows, Skipped(rows, (skip,)))


def _rows_in(part: Part) -> int | None:
    """How many rows a part has, whatever they hold; None where nobody can tell."""
    if part.n is not None:
        return part.n
    try:
        pieces = csv_reader.read_pieces(part.source, sys.maxsize, lambda _: None, ())
        return sum(len(piece.lines) + len(piece.broken) for piece in pieces)
    except BadFile:
        return None
