"""Parquet files <-> cases, with the types of the columns as the model gives them; the one module that opens Parquet."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bayesnet.errors import BadFile
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.source import Source
from bayesnet.learning.cases.table import Column, Kind, case_columns

ROWS_AT_ONCE = 131_072
TYPES: dict[Kind, pa.DataType] = {
    "id": pa.string(),
    "given_id": pa.string(),
    "time": pa.timestamp("us", "UTC"),
    "certainty": pa.float64(),
    "count": pa.int64(),
}
WORDS = pa.dictionary(pa.int32(), pa.string())
"""Columns of few distinct texts: answers, and ids of causes."""


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The types of some columns of the case table in a Parquet file."""
    return pa.schema([pa.field(column.name, TYPES.get(column.kind, WORDS)) for column in columns])


def as_arrow(table: pd.DataFrame, columns: Sequence[Column]) -> pa.Table:
    """A case table with the types of `arrow_schema`."""
    return pa.table([_typed(table[column.name], column) for column in columns], arrow_schema(columns))


def _typed(values: pd.Series, column: Column) -> pa.Array:
    if column.kind == "given_id":
        return pa.array(values.where(values != "", None), TYPES[column.kind], from_pandas=True)
    if column.kind not in TYPES:
        coded = values if isinstance(values.dtype, pd.CategoricalDtype) else values.astype("category")
        return words(coded.cat.codes.to_numpy(), coded.cat.categories)
    return pa.array(values, TYPES[column.kind], from_pandas=True)


def words(codes: NDArray[Any], texts: Iterable[str]) -> pa.Array:
    """Texts by their position among a few; null where it is below 0."""
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype("int32"), mask=codes < 0), pa.array(list(texts), pa.string())
    )


def write_parquet(path: Path, tables: Iterator[pd.DataFrame], knowledge: Knowledge) -> None:
    """Writes case tables one after the other into one file."""
    columns = case_columns(knowledge)
    with pq.ParquetWriter(path, arrow_schema(columns), compression="zstd") as writer:
        for table in tables:
            writer.write_table(as_arrow(table, columns), row_group_size=ROWS_AT_ONCE)


def read_tables(
    source: Source,
    check: Callable[[Sequence[str]], None],
    size: int,
    only: Sequence[str] | None = None,
    groups: Sequence[int] | None = None,
) -> Iterator[pd.DataFrame]:
    """The rows of a file, whatever its types, at most `size` at a time; first an empty table that tells the columns.

    `check` is asked about the names of the columns before any row is read; `only` names the columns to read, of those
    that are there, and `groups` the row groups, if not all. Raises BadFile.
    """
    with opened(source) as file:
        names = file.schema_arrow.names
        check(names)
        wanted = [name for name in names if only is None or name in only]
        yield pd.DataFrame({name: pd.Series(dtype=object) for name in wanted})
        for batch in file.iter_batches(min(size, ROWS_AT_ONCE), row_groups=groups, columns=wanted, use_threads=False):
            yield pd.DataFrame({name: _column(batch.column(name)) for name in wanted}, index=range(batch.num_rows))


def row_groups(source: Source) -> list[int]:
    """How many rows each row group of a file has. Raises BadFile."""
    with opened(source) as file:
        return [file.metadata.row_group(at).num_rows for at in range(file.metadata.num_row_groups)]


def _column(values: pa.Array) -> pd.Series:
    """A column as pandas holds it; read as plain values where pandas would not have it, such as a word listed twice."""
    try:
        return pd.Series(values.to_pandas())
    except (pa.ArrowException, ValueError, OverflowError, TypeError):
        if pa.types.is_dictionary(values.type):
            return _column(values.dictionary_decode())
        # A time beyond pandas' reach, say: as the texts of its values, which no column takes.
        return pd.Series(values.cast(pa.string()).to_pylist(), dtype=object)


def write_marked_rows(path: Path, source: Source, problems: dict[int, str], column: str) -> None:
    """Copies the rows numbered in `problems` (from 1), behind what is wrong with them as the first column."""
    with opened(source) as file:
        fields = [field for field in file.schema_arrow if field.name != column]
        schema = pa.schema([pa.field(column, pa.string()), *fields])
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            start = 1
            for batch in file.iter_batches(ROWS_AT_ONCE):
                mine = [row for row in range(start, start + batch.num_rows) if row in problems]
                rows = batch.take(pa.array([row - start for row in mine], pa.int64()))
                says = pa.array([problems[row] for row in mine], pa.string())
                writer.write_table(pa.table([says, *(rows.column(field.name) for field in fields)], schema))
                start += batch.num_rows


@contextmanager
def opened(source: Source) -> Iterator[pq.ParquetFile]:
    """A Parquet file to read from; what pyarrow says of a damaged one is a BadFile."""
    try:
        with source.open() as stream, pq.ParquetFile(stream, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        first: Any = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadFile(f"{source}: not a Parquet file, or a damaged one ({first})") from None
