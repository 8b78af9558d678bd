"""The rows of a file, some at a time, each held against the model for itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases import csv_reader, parquet
from bayesnet.learning.cases.csv_reader import Piece
from bayesnet.learning.cases.parquet import ROWS_AT_ONCE
from bayesnet.learning.cases.source import LARGEST_FILE, Source
from bayesnet.learning.cases.spreadsheet import restored
from bayesnet.learning.cases.table import (
    CASE_ID,
    CERTAINTY,
    BadValue,
    CheckedCases,
    Column,
    case_columns,
    check_names,
    check_rows,
)

PROBLEM = "problem"
"""The column that `write_bad_rows` adds in front; reading leaves it out, so that a mended file can be read as it is."""


@dataclass(frozen=True)
class Rows:
    """A run of row groups of a Parquet file: their numbers from 0, and the number from 1 of the first row."""

    groups: range
    first: int = 1


def checked_parts(
    source: Source,
    knowledge: Knowledge,
    largest: int = LARGEST_FILE,
    size: int = ROWS_AT_ONCE,
    columns: Sequence[Column] | None = None,
    only: Rows | None = None,
) -> Iterator[CheckedCases]:
    """The rows of a file, at most `size` at a time; the first part is there even if there are no rows.

    `columns` as in `check_rows`; `only` some row groups of a Parquet file. Raises BadFile, and BadCases for its columns.
    """
    now = datetime.now(UTC)
    columns = case_columns(knowledge) if columns is None else columns
    word = source.row_word
    for piece in read_pieces(source, knowledge, columns, largest, size, only=only):
        for start in range(0, max(len(piece.cells), 1), size):
            cells, lines = piece.cells.iloc[start : start + size], piece.lines[start : start + size]
            found = check_rows(knowledge, cells, lines.tolist(), word, now, columns)
            broken = piece.broken if start == 0 else []
            yield CheckedCases(
                good=found.good,
                bad=(*(BadValue(line, "", text, why, word) for line, text, why in broken), *found.bad),
                bad_rows=(*(line for line, *_ in broken), *lines[list(found.bad_rows)].tolist()),
                rows=found.rows,
                positions=found.rows,
            )


def read_pieces(
    source: Source,
    knowledge: Knowledge,
    columns: Sequence[Column],
    largest: int = LARGEST_FILE,
    size: int = ROWS_AT_ONCE,
    names: Sequence[str] | None = None,
    only: Rows | None = None,
) -> Iterator[Piece]:
    """The cells of a file as they stand there; the first piece is empty and tells the columns.

    Of the `columns` that a file may have, `names` are those to read, if not all. Raises as `checked_parts`.
    """
    known = [column.name for column in columns]

    def check(found: Sequence[str]) -> None:
        check_names(knowledge, [name for name in found if name != PROBLEM], columns)

    if source.is_csv:
        for piece in csv_reader.read_pieces(source, largest, check, known, names):
            yield Piece(_as_written(piece.cells, piece.separator), piece.lines, piece.broken)
        return
    row = only.first if only else 1
    groups = only.groups if only else None
    for table in parquet.read_tables(source, check, size, known if names is None else names, groups):
        yield Piece(table, np.arange(row, row + len(table)))
        row += len(table)


def _as_written(cells: pd.DataFrame, separator: str) -> pd.DataFrame:
    """Cells without what a CSV file or a spreadsheet did to them: neutralised ids, decimal commas."""
    cells = cells.drop(columns=PROBLEM, errors="ignore")
    if CASE_ID in cells:
        cells[CASE_ID] = restored(pa.array(cells[CASE_ID].array)).to_pandas()
    if separator != "," and CERTAINTY in cells:
        cells[CERTAINTY] = cells[CERTAINTY].str.replace(r"\A(\d*),(\d+)\Z", r"\1.\2", regex=True)
    return cells
