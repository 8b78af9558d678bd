"""CSV and Parquet files <-> case tables: every row checked, every bad one named by its line; written whole or not at all."""

import gzip
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO, Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bayesnet.errors import BadFile
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases import csv_reader, parquet
from bayesnet.learning.cases.csv_reader import Piece
from bayesnet.learning.cases.parquet import ROWS_AT_ONCE, as_arrow
from bayesnet.learning.cases.repeats import Earlier, RepeatedIds, hashed_ids
from bayesnet.learning.cases.spreadsheet import neutralised, restored
from bayesnet.learning.cases.table import (
    CASE_ID,
    CERTAINTY,
    BadValue,
    CheckedCases,
    case_columns,
    check_names,
    check_rows,
    without_repeats,
)
from bayesnet.learning.cases.whole_file import written_whole

LARGEST_FILE = 4_000_000_000
"""Bytes. A larger file is refused before it is read, unless the caller allows more."""
PROBLEM = "problem"
"""The column that `write_bad_rows` adds in front; reading leaves it out, so that a mended file can be read as it is."""
FORMATS = ".csv, .csv.gz, .parquet"


def read_cases(path: str | Path, knowledge: Knowledge, largest: int = LARGEST_FILE) -> CheckedCases:
    """All cases of a file, by the ending of its name; what is wrong is named by line (CSV) or row from 1 (Parquet).

    Raises BadFile for what is no readable table, and BadCases where its columns are not those of the model's cases.
    """
    source = _checked_source(path, largest)
    parts = list(_checked_parts(source, knowledge, largest, ROWS_AT_ONCE))
    good = pd.concat([part.good for part in parts], ignore_index=True) if len(parts) > 1 else parts[0].good
    rows = np.concatenate([part.rows for part in parts])
    whole = CheckedCases(
        good=good,
        bad=tuple(chain.from_iterable(part.bad for part in parts)),
        bad_rows=tuple(chain.from_iterable(part.bad_rows for part in parts)),
        rows=rows,
        positions=rows,
    )
    doubled = good.loc[good[CASE_ID].duplicated(), CASE_ID]
    return _in_order(without_repeats(whole, set(doubled), {}, row_word(source)))


def read_batches(
    path: str | Path, knowledge: Knowledge, size: int = ROWS_AT_ONCE, largest: int = LARGEST_FILE
) -> Iterator[CheckedCases]:
    """The cases of a file of any length, at most `size` rows at a time, in bounded memory; checked like `read_cases`.

    The file is read twice. The first time looks only for ids that come more than once, and for what makes the whole file
    unreadable: that is raised before there is a first batch. The second time yields the cases, at least one batch.
    """
    source = _checked_source(path, largest)
    repeated = _repeated_ids(source, knowledge, largest)
    earlier: Earlier = {}
    for part in _checked_parts(source, knowledge, largest, size):
        ids = part.good[CASE_ID].to_numpy(dtype=object)
        candidates = set(ids[np.isin(hashed_ids(ids), repeated)]) if len(repeated) else set()
        yield _in_order(without_repeats(part, candidates, earlier, row_word(source)))


def write_cases(frames: pd.DataFrame | Iterable[pd.DataFrame], path: str | Path, knowledge: Knowledge) -> None:
    """Writes case tables to one file, by the ending of its name: whole or not at all. Raises BadFile."""
    target = _checked_name(path)
    tables = iter([frames]) if isinstance(frames, pd.DataFrame) else iter(frames)
    with written_whole(target) as beside:
        if not csv_reader.is_csv(target):
            parquet.write_parquet(beside, tables, knowledge)
            return
        with _open_to_write(beside, target) as stream:
            stream.write((",".join(_names(knowledge)) + "\n").encode())
            for table in tables:
                for start in range(0, len(table), ROWS_AT_ONCE):
                    stream.write(_csv_lines(table.iloc[start : start + ROWS_AT_ONCE], knowledge))


def write_bad_rows(
    path: str | Path,
    source: str | Path,
    checked: CheckedCases | Iterable[BadValue],
    knowledge: Knowledge,
    largest: int = LARGEST_FILE,
) -> None:
    """The rows of `source` that were not taken, as they stand there, behind a column that says what is wrong.

    Both files have the same ending. Takes what `read_cases` gave, or the bad values of all batches. Raises BadFile.
    """
    target, origin = _checked_name(path), _checked_source(source, largest)
    if csv_reader.is_csv(target) != csv_reader.is_csv(origin):
        raise BadFile(f"cannot write {path}: bad rows stay in the format of {origin.name}")
    says: dict[int, list[str]] = {}
    for bad in checked.bad if isinstance(checked, CheckedCases) else checked:
        says.setdefault(int(str(bad.row)), []).append(bad.says)
    problems = {row: " | ".join(texts) for row, texts in says.items()}
    with written_whole(target) as beside:
        if not csv_reader.is_csv(target):
            parquet.write_marked_rows(beside, origin, problems, PROBLEM)
            return
        with _open_to_write(beside, target) as stream:
            for line in _marked_lines(origin, problems, largest, _names(knowledge)):
                stream.write(line.encode())


def _marked_lines(source: Path, problems: dict[int, str], largest: int, known: Sequence[str]) -> Iterator[str]:
    """The header and the lines in question, with the problem in front: whatever is wrong behind cannot shift it."""
    for line, text, separator in csv_reader.records(source, largest, known):
        ended = text if text.endswith(("\n", "\r")) else text + "\n"
        if line == 1:
            yield f"{PROBLEM}{separator}{ended}"
        elif line in problems:
            quoted = problems[line].replace('"', '""')
            yield f'"{quoted}"{separator}{ended}'


def _names(knowledge: Knowledge) -> list[str]:
    return [column.name for column in case_columns(knowledge)]


def row_word(source: Path) -> str:
    """What a row of a file is called: CSV files are looked at in editors, which count lines."""
    return "line" if csv_reader.is_csv(source) else "row"


def _checked_parts(source: Path, knowledge: Knowledge, largest: int, size: int) -> Iterator[CheckedCases]:
    """The rows of a file, checked each for itself; the first part is there even if there are no rows."""
    now = datetime.now(UTC)
    word = row_word(source)
    for piece in _pieces(source, knowledge, largest, size):
        for start in range(0, max(len(piece.cells), 1), size):
            cells, lines = piece.cells.iloc[start : start + size], piece.lines[start : start + size]
            found = check_rows(knowledge, cells, lines.tolist(), word, now)
            broken = piece.broken if start == 0 else []
            yield CheckedCases(
                good=found.good,
                bad=(*(BadValue(line, "", text, why, word) for line, text, why in broken), *found.bad),
                bad_rows=(*(line for line, *_ in broken), *lines[list(found.bad_rows)].tolist()),
                rows=found.rows,
                positions=found.rows,
            )


def _in_order(checked: CheckedCases) -> CheckedCases:
    """Problems by line."""
    bad = tuple(sorted(checked.bad, key=lambda value: int(str(value.row))))
    rows = tuple(sorted(checked.bad_rows))
    return CheckedCases(checked.good, bad, rows, checked.rows, checked.positions, checked.repeated)


def _pieces(
    source: Path, knowledge: Knowledge, largest: int, size: int, only: Sequence[str] | None = None
) -> Iterator[Piece]:
    def check(names: Sequence[str]) -> None:
        check_names(knowledge, [name for name in names if name != PROBLEM])

    if csv_reader.is_csv(source):
        for piece in csv_reader.read_pieces(source, largest, check, _names(knowledge), only):
            yield Piece(_as_written(piece.cells, piece.separator), piece.lines, piece.broken)
        return
    row = 1
    for table in parquet.read_tables(source, check, size, _names(knowledge) if only is None else only):
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


def _repeated_ids(source: Path, knowledge: Knowledge, largest: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Hashes of the ids that come more than once in a file."""
    with RepeatedIds() as found:
        for piece in _pieces(source, knowledge, largest, ROWS_AT_ONCE, only=(CASE_ID,)):
            if CASE_ID in piece.cells:
                given = piece.cells[CASE_ID].dropna()
                found.add(given.map(str).to_numpy(dtype=object))
        return found.hashes()


def _csv_lines(table: pd.DataFrame, knowledge: Knowledge) -> bytes:
    """The rows of a case table as lines."""
    *texts, last = [_as_texts(column) for column in as_arrow(table, knowledge).columns]
    ended = pc.binary_join_element_wise(last, "", "\n")
    lines = pc.binary_join_element_wise(*texts, ended, ",")
    return b"".join(lines.cast(pa.large_binary()).to_pylist())


def _as_texts(column: pa.ChunkedArray) -> pa.Array:
    """The cells of a column as they stand in a CSV file. Only a case_id can hold what must be quoted."""
    values = column.combine_chunks()
    if pa.types.is_timestamp(values.type):
        written = np.datetime_as_string(values.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False), unit="us")
        return pc.binary_join_element_wise(pa.array(written, pa.string()), "Z", "")
    if pa.types.is_dictionary(values.type):
        return pc.fill_null(values.dictionary_decode(), "")
    if not pa.types.is_string(values.type):
        return values.cast(pa.string())
    ids = neutralised(values)
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(ids, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(ids, r'[,;\t"\r\n]|\A\s|\s\z'), quoted, ids)


@contextmanager
def _open_to_write(beside: Path, target: Path) -> Iterator[IO[bytes]]:
    with beside.open("wb") as stream:
        if target.suffix.lower() != ".gz":
            yield stream
            return
        with gzip.GzipFile(target.stem, "wb", fileobj=stream) as packed:
            yield cast(IO[bytes], packed)


def _checked_name(path: str | Path) -> Path:
    if not isinstance(path, str | Path) or not str(path).strip():
        raise BadFile(f"{path!r} is no path; cases are kept in {FORMATS}")
    named = Path(path)
    if not csv_reader.is_csv(named) and named.suffix.lower() != ".parquet":
        raise BadFile(f"{path}: the ending of the name must tell the format. Allowed: {FORMATS}")
    return named


def _checked_source(path: str | Path, largest: int) -> Path:
    """The path of a regular file that is not too large. Raises BadFile."""
    try:
        found = os.stat(path)  # noqa: PTH116 - before the name is looked at: a folder's name has no ending
    except (OSError, ValueError, TypeError) as error:
        raise BadFile(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if not S_ISREG(found.st_mode):
        raise BadFile(f"cannot read {path}: {'it is a folder' if S_ISDIR(found.st_mode) else 'it is not a file'}")
    if found.st_size > largest:
        raise BadFile(f"{path}: {found.st_size:,} bytes, more than the {largest:,} allowed; split it, or allow more")
    if not found.st_size:
        raise BadFile(f"{path}: the file is empty; its first line must name the columns")
    return _checked_name(path)
