"""New cases into the database: all or none, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING

from sqlalchemy import Connection, TextClause, select, text
from sqlalchemy.dialects import sqlite

from bayesnet.errors import BadCases
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.store.earlier import answers_of_today
from bayesnet.learning.store.json_text import TEXTS, read_json
from bayesnet.learning.store.schema import cases as stored
from bayesnet.learning.store.schema import now

if TYPE_CHECKING:
    import pandas as pd

    from bayesnet.learning.store.rows import Row

BATCH = 20_000
"""Rows turned from the table at a time."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The version is not among them: the same case, exported and read again by a later program, is the same case.
COMPARED = ("model", "recorded_at", "origin", "outcome", "answers", "triggered", "ruled_out", "certainty", "count")


@dataclass(frozen=True)
class Added:
    """How many cases were new, and how many the store had already (the same id and content)."""

    new: int
    known: int


def batches_of(cases: pd.DataFrame, model: Knowledge | str) -> Iterator[list[Row]]:
    """The case table as rows, ordered by id, a batch at a time. Raises BadCases for what is no case table.

    In order, so that programs that save the same cases at once wait for each other, never crosswise.
    The first batch is made at once: before a transaction, so that nobody waits for it.
    """
    # Not at the top: whoever just asks which version is in use needs no pandas.
    from bayesnet.learning.cases.table import MODEL_VERSION
    from bayesnet.learning.store.rows import order_of_ids, to_rows

    order = order_of_ids(cases)
    name, version = (model, "") if isinstance(model, str) else (model.id, model.version)
    version = str(cases.attrs.get(MODEL_VERSION, version))
    starts = range(0, len(order), BATCH)
    batches = (to_rows(cases.iloc[order[start : start + BATCH]], name, version) for start in starts)
    return chain(list(islice(batches, 1)), batches)


def add(connection: Connection, batches: Iterable[list[Row]], knowledge: Knowledge | None) -> Added:
    """Store what is new. Raises BadCases, naming each id that the store has with other content.

    Answers of different versions are compared as `knowledge` reads them; without it, as they are.
    """
    new = total = 0
    problems: list[str] = []
    for rows in batches:
        new += _add_batch(connection, rows, problems, knowledge)
        total += len(rows)
    if problems:
        raise BadCases(problems)
    if new > BATCH and connection.dialect.name == "postgresql":
        # Until it has counted, the server takes the table for a small one, and reads all of it for every page.
        connection.execute(text("ANALYZE cases"))
    return Added(new, total - new)


def _add_batch(connection: Connection, rows: list[Row], problems: list[str], knowledge: Knowledge | None) -> int:
    """How many of these rows were new; what is wrong with others is added to `problems`."""
    moment = now()
    fresh: dict[str, Row] = {}
    for row in rows:
        fresh.setdefault(
            row["case_id"], {**row, "recorded_at": moment if row["recorded_at"] is None else row["recorded_at"]}
        )
    inserted = _insert(connection, list(fresh.values()))
    present = dict(_present(connection, [name for name in fresh if name not in inserted]))
    for row in rows:
        known = present.get(row["case_id"], fresh[row["case_id"]])
        differences = list(_differences(known, row, knowledge))
        if differences:
            problems.append(f"case_id {row['case_id']!r} is there with other content: {'; '.join(differences)}")
    return len(inserted)


def _insert(connection: Connection, rows: list[Row]) -> set[str]:
    """The ids of the rows that were inserted; those whose id is there already are not."""
    if not rows:
        return set()
    if connection.dialect.name == "postgresql":
        return set(connection.scalars(_INSERT_COLUMNS, {name: [row[name] for row in rows] for name in rows[0]}))
    insert = sqlite.insert(stored).on_conflict_do_nothing().returning(stored.c.case_id)
    return set(connection.scalars(insert, rows))


def _insert_columns() -> TextClause:
    """PostgreSQL's INSERT of whole columns, one array each: several times as fast as a value at a time."""
    names = ", ".join(f'"{column.name}"' for column in stored.columns)
    kinds = {"Text": "text", "BigInteger": "bigint", "Float": "double precision"}
    arrays = ", ".join(f"CAST(:{column.name} AS {kinds[type(column.type).__name__]}[])" for column in stored.columns)
    return text(
        f"INSERT INTO cases ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING RETURNING case_id"  # noqa: S608
    )


_INSERT_COLUMNS = _insert_columns()


def _present(connection: Connection, names: list[str]) -> Iterator[tuple[str, Row]]:
    for some in chunks(names):
        for row in connection.execute(select(stored).where(stored.c.case_id.in_(some))).mappings():
            yield row["case_id"], dict(row)


def chunks(names: list[str], size: int = 10_000) -> Iterator[list[str]]:
    """The names, at most `size` at a time: no database takes any number of parameters."""
    rest = iter(names)
    while some := list(islice(rest, size)):
        yield some


def _differences(known: Row, given: Row, knowledge: Knowledge | None) -> Iterator[str]:
    """What differs, in words. A case that came without a time was not recorded at another one."""
    for column in COMPARED:
        there, here = known[column], given[column]
        if there == here or here is None:
            continue
        if column == "answers":
            translate = knowledge if known["model_version"] != given["model_version"] else None
            yield from _different_answers(*(_answers(row, translate) for row in (known, given)))
        elif column == "recorded_at":
            yield f"recorded_at is {moment_of(there).isoformat()}, given {moment_of(here).isoformat()}"
        else:
            yield f"{column} is {there!r}, given {here!r}"


def _answers(row: Row, knowledge: Knowledge | None) -> dict[str, str]:
    """The answers of a row; in the terms of a model, if one is given."""
    answers = read_json(TEXTS, row["answers"], "the answers of a case")
    return answers if knowledge is None else answers_of_today(knowledge, answers, row["model_version"])


def _different_answers(there: dict[str, str], here: dict[str, str]) -> Iterator[str]:
    for question in sorted({*there, *here}):
        before, after = there.get(question, "unanswered"), here.get(question, "unanswered")
        if before != after:
            yield f"{question} is {before}, given {after}"


def moment_of(microseconds: int) -> datetime:
    """The time that the tables keep as a number."""
    return EPOCH + timedelta(microseconds=microseconds)


def microseconds_of(moment: datetime) -> int:
    """A time as the tables keep it."""
    return (moment - EPOCH) // timedelta(microseconds=1)
