"""CSV and Parquet files <-> case tables: every row checked, every bad one named by its line; written whole or not at all."""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bayesnet.errors import BadFile
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases import csv_reader, parquet
from bayesnet.learning.cases.parquet import ROWS_AT_ONCE, as_arrow
from bayesnet.learning.cases.reading import PROBLEM, checked_parts, read_pieces
from bayesnet.learning.cases.repeats import Earlier, RepeatedIds, hashed_ids
from bayesnet.learning.cases.source import LARGEST_FILE, Source, check_name, is_csv, local_source
from bayesnet.learning.cases.spreadsheet import neutralised
from bayesnet.learning.cases.table import CASE_ID, BadValue, CheckedCases, case_columns, without_repeats
from bayesnet.learning.cases.whole_file import written_whole


def read_cases(path: str | Path, knowledge: Knowledge, largest: int = LARGEST_FILE) -> CheckedCases:
    """All cases of a file, by the ending of its name; what is wrong is named by line (CSV) or row from 1 (Parquet).

    Raises BadFile for what is no readable table, and BadCases where its columns are not those of the model's cases.
    """
    source = local_source(path, largest)
    parts = list(checked_parts(source, knowledge, largest))
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
    return _in_order(without_repeats(whole, set(doubled), {}, source.row_word))


def read_batches(
    path: str | Path, knowledge: Knowledge, size: int = ROWS_AT_ONCE, largest: int = LARGEST_FILE
) -> Iterator[CheckedCases]:
    """The cases of a file of any length, at most `size` rows at a time, in bounded memory; checked like `read_cases`.

    The file is read twice. The first time looks only for ids that come more than once, and for what makes the whole file
    unreadable: that is raised before there is a first batch. The second time yields the cases, at least one batch.
    """
    source = local_source(path, largest)
    repeated = _repeated_ids(source, knowledge, largest)
    earlier: Earlier = {}
    for part in checked_parts(source, knowledge, largest, size):
        ids = part.good[CASE_ID].to_numpy(dtype=object)
        candidates = set(ids[np.isin(hashed_ids(ids), repeated)]) if len(repeated) else set()
        yield _in_order(without_repeats(part, candidates, earlier, source.row_word))


def write_cases(frames: pd.DataFrame | Iterable[pd.DataFrame], path: str | Path, knowledge: Knowledge) -> None:
    """Writes case tables to one file, by the ending of its name: whole or not at all. Raises BadFile."""
    target = check_name(path)
    tables = iter([frames]) if isinstance(frames, pd.DataFrame) else iter(frames)
    with written_whole(target) as beside:
        if not is_csv(target.name):
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
    target, origin = check_name(path), local_source(source, largest)
    if is_csv(target.name) != origin.is_csv:
        raise BadFile(f"cannot write {path}: bad rows stay in the format of {origin.name}")
    says: dict[int, list[str]] = {}
    for bad in checked.bad if isinstance(checked, CheckedCases) else checked:
        says.setdefault(int(str(bad.row)), []).append(bad.says)
    problems = {row: " | ".join(texts) for row, texts in says.items()}
    with written_whole(target) as beside:
        if not is_csv(target.name):
            parquet.write_marked_rows(beside, origin, problems, PROBLEM)
            return
        with _open_to_write(beside, target) as stream:
            for line in _marked_lines(origin, problems, largest, _names(knowledge)):
                stream.write(line.encode())


def _marked_lines(source: Source, problems: dict[int, str], largest: int, known: Sequence[str]) -> Iterator[str]:
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


def _in_order(checked: CheckedCases) -> CheckedCases:
    """Problems by line."""
    bad = tuple(sorted(checked.bad, key=lambda value: int(str(value.row))))
    rows = tuple(sorted(checked.bad_rows))
    return CheckedCases(checked.good, bad, rows, checked.rows, checked.positions, checked.repeated)


def _repeated_ids(source: Source, knowledge: Knowledge, largest: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Hashes of the ids that come more than once in a file."""
    with RepeatedIds() as found:
        for piece in read_pieces(source, knowledge, case_columns(knowledge), largest, names=(CASE_ID,)):
            if CASE_ID in piece.cells:
                given = piece.cells[CASE_ID].dropna()
                found.add(given.map(str).to_numpy(dtype=object))
        return found.hashes()


def _csv_lines(table: pd.DataFrame, knowledge: Knowledge) -> bytes:
    """The rows of a case table as lines."""
    *texts, last = [_as_texts(column) for column in as_arrow(table, case_columns(knowledge)).columns]
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
