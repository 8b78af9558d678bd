"""The case store: what people logged and said later, and the model versions learned from it.

Every command asks it which version is in use, so pandas is imported only where cases are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, cast, delete, func, select, tuple_, update

from bayesnet.errors import StoreError, TracesLeft
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.store import saving, versions
from bayesnet.learning.store.address import find
from bayesnet.learning.store.database import Database
from bayesnet.learning.store.leftovers import left_out
from bayesnet.learning.store.saving import Added, chunks
from bayesnet.learning.store.schema import cases
from bayesnet.learning.store.upgrade import prepare
from bayesnet.learning.store.versions import ModelVersion

if TYPE_CHECKING:
    import pandas as pd

    from bayesnet.learning.store.rows import Reader

_PATTERN = (
    cases.c.outcome,
    cases.c.answers,
    cases.c.triggered,
    cases.c.ruled_out,
    cases.c.certainty,
    cases.c.model_version,  # equal texts of two versions may mean different things
)
_CASE = (cases.c.case_id, cases.c.recorded_at, cases.c.origin, *_PATTERN, cases.c["count"])
_TIME = (cases.c.recorded_at, cases.c.case_id)
_WEIGHT = cast(func.sum(cases.c["count"]), BigInteger)
ROWS_AT_A_TIME = 50_000


class CaseStore:
    """Cases and model versions in one database, which any number of threads and processes may use at once.

    `url`: a path or URL; by default that in the environment variable BAYESNET_DATABASE_URL, else the user's own file.
    `timeout`: seconds to wait while another program writes. Whatever fails is a StoreError that names no password.
    """

    def __init__(self, url: str | os.PathLike[str] | None = None, *, timeout: float = 30.0) -> None:
        self._database = Database(find(url), timeout)
        try:
            prepare(self._database)
        except BaseException:
            self.close()
            raise

    @property
    def where(self) -> str:
        """Where the store is, for people: the path, or the URL with its password hidden."""
        return self._database.address.where

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.where!r})"

    def add(self, table: pd.DataFrame, model: Knowledge | str) -> Added:
        """Store a case table of a model, all of it or nothing; cases that are there already are left as they are.

        With each case the version of the model is kept: the one that the table notes, as tables of `cases_table` and
        `simulate` do, else that of `model`. A model given by its id alone has none: a table that notes none either is read
        as one of the first version, and what is there already is compared as it was stored, not as it reads today.

        A case without a time (NaT) is recorded now. Raises BadCases for ids that are there with other content.
        """
        batches = saving.batches_of(table, model)
        knowledge = None if isinstance(model, str) else model
        return self._database.write(lambda connection: saving.add(connection, batches, knowledge))

    def label(self, case_id: str, triggered: Sequence[str], ruled_out: Sequence[str], certainty: float = 1.0) -> None:
        """Note what a case turned out to be, in place of what was noted before. Raises StoreError for an unknown id."""
        said = {"triggered": ";".join(triggered), "ruled_out": ";".join(ruled_out), "certainty": certainty}
        change = update(cases).where(cases.c.case_id == case_id).values(said).returning(cases.c.case_id)
        if not self._database.write(lambda connection: connection.scalars(change).all()):
            raise StoreError(f"the case store {self.where} has no case {case_id!r}")

    def delete(self, case_ids: Sequence[str]) -> int:
        """Delete cases for good, and say how many there were."""

        def work(connection: Connection) -> int:
            some = (delete(cases).where(cases.c.case_id.in_(names)) for names in chunks(sorted(set(case_ids))))
            return sum(connection.execute(one).rowcount for one in some)

        return self._deleted(self._database.write(work))

    def delete_all(self, model: str) -> int:
        """Delete all cases of a model for good, and say how many there were. Model versions stay."""
        every = delete(cases).where(cases.c.model == model)
        return self._deleted(self._database.write(lambda connection: connection.execute(every).rowcount))

    def _deleted(self, number: int) -> int:
        """Write SQLite's file anew: in spite of `secure_delete`, pages keep copies of what was moved within them."""
        if self._database.on_a_server:
            return number
        busy, failure = 0, ""
        try:
            _, busy = self._database.alone("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
        except StoreError as error:
            failure = str(error)
        if failure or busy:
            reason = failure or "another program is using it"
            deleted = {0: "traces of deleted cases", 1: "1 case is deleted, but traces"}
            said = deleted.get(number, f"{number:,} cases are deleted, but traces")
            raise TracesLeft(f"{said} are left in the file; delete again: {reason}")
        return number

    def count(self, model: str) -> dict[str, int]:
        """How many cases there are (the sum of `count`), by origin."""
        by_origin = select(cases.c.origin, _WEIGHT).where(cases.c.model == model).group_by(cases.c.origin)
        ordered = by_origin.order_by(cases.c.origin)
        return self._database.read(lambda connection: {row[0]: row[1] for row in connection.execute(ordered)})

    def rows(self, model: str) -> int:
        """How many rows there are, whatever their `count`."""
        number = select(func.count()).select_from(cases).where(cases.c.model == model)
        return self._database.read(lambda connection: connection.scalar(number) or 0)

    def table(
        self, knowledge: Knowledge, case_ids: Sequence[str] | None = None, newest: int | None = None
    ) -> pd.DataFrame:
        """The case table, oldest first: all, those with these ids as far as they exist, or the newest so many.

        What the model does not know is left out; `left_out(table)` says what that was.
        """
        from bayesnet.learning.store.rows import Reader

        groups = [None] if case_ids is None else list(chunks(sorted(set(case_ids))))
        queries = [_newest(knowledge.id, names, newest) for names in groups]
        found = self._frame(Reader(knowledge), Reader.cases, queries)
        found = found.sort_values(["recorded_at", "case_id"], ignore_index=True)
        return found if newest is None else found.tail(max(0, newest)).reset_index(drop=True)

    def batches(self, knowledge: Knowledge, size: int = 50_000) -> Iterator[pd.DataFrame]:
        """All cases, oldest first, as case tables of at most `size` rows, in constant memory; none for no cases.

        Each is read by itself, so that others may write meanwhile. `left_out(table)` says what each is lacking.
        """
        from bayesnet.learning.store.rows import Reader

        size, after = max(1, size), None
        while True:
            page = _selected(knowledge.id, after).order_by(*_TIME).limit(size)
            rows = self._rows(page)
            if rows:
                reader = Reader(knowledge)
                yield reader.joined([reader.cases(rows)])
            if len(rows) < size:
                return
            after = tuple_(*_TIME) > tuple_(rows[-1][1], rows[-1][0])

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        return self._database.read(lambda connection: connection.execute(query).all())

    def patterns(self, knowledge: Knowledge) -> pd.DataFrame:
        """The distinct cases with their summed `count`, to learn from: the case table without ids, times and origins.

        Counted in the database. What the model does not know is left out; `left_out(patterns)` says what that was. Unlike
        in `table`, which is looked at, a question of an earlier version goes as a whole where any of its answers is lost.
        """
        from bayesnet.learning.store.earlier import state_to_learn_from
        from bayesnet.learning.store.rows import Reader, merged

        grouped = select(*_PATTERN, _WEIGHT).where(cases.c.model == knowledge.id, cases.c["count"] > 0)
        grouped = grouped.group_by(*_PATTERN).order_by(*_PATTERN)
        reader = Reader(knowledge, state_to_learn_from)
        patterns = self._frame(reader, Reader.patterns, [grouped])
        as_stored = reader.versions <= {knowledge.version} and not left_out(patterns)
        return patterns if as_stored else merged(patterns)

    def _frame(
        self, reader: Reader, table_of: Callable[[Reader, Sequence[Any]], pd.DataFrame], queries: list[Select[Any]]
    ) -> pd.DataFrame:
        """What the queries find as one table, fetched some rows at a time."""

        def work(connection: Connection) -> list[pd.DataFrame]:
            results = (connection.execute(query, execution_options={"stream_results": True}) for query in queries)
            return [table_of(reader, rows) for result in results for rows in result.partitions(ROWS_AT_A_TIME)]

        return reader.joined(self._database.read(work) or [table_of(reader, [])])

    def add_version(self, version: ModelVersion) -> None:
        """Store a model version. Raises StoreError where another one has its id."""
        self._database.write(lambda connection: versions.add(connection, version))

    def versions(self, model: str) -> tuple[ModelVersion, ...]:
        """All versions of a model, the newest first."""
        return self._database.read(lambda connection: versions.of_model(connection, model))

    def version(self, version: str) -> ModelVersion:
        """The model version of this id. Raises UnknownName."""
        return self._database.read(lambda connection: versions.get(connection, version))

    def adopt(self, model: str, version: str | None) -> None:
        """Use this version of a model from now on; None is the shipped one."""
        self._database.write(lambda connection: versions.adopt(connection, model, version))

    def adopted(self, model: str) -> ModelVersion | None:
        """The version of a model that is in use; None is the shipped one."""
        return self._database.read(lambda connection: versions.adopted(connection, model))

    def adopted_name(self, model: str) -> str | None:
        """The id of the version of a model that is in use, without reading it; None is the shipped one."""
        return self._database.read(lambda connection: versions.adopted_name(connection, model))

    def rollback(self, model: str) -> ModelVersion | None:
        """Use what was in use before the last adoption that still holds, and say what that is.

        Repeated calls go further back. Raises StoreError once there is nothing to roll back.
        """
        return self._database.write(lambda connection: versions.rollback(connection, model))


def _selected(model: str, *conditions: ColumnElement[bool] | None) -> Select[Any]:
    given = [condition for condition in conditions if condition is not None]
    return select(*_CASE).where(cases.c.model == model, *given)


def _newest(model: str, names: list[str] | None, newest: int | None) -> Select[Any]:
    chosen = _selected(model, None if names is None else cases.c.case_id.in_(names))
    return chosen.order_by(*(column.desc() for column in _TIME)).limit(None if newest is None else max(0, newest))
