"""Model versions, and the log of which was adopted when: rows are added, and marked as rolled back, never removed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, text, update

from bayesnet.errors import StoreError, UnknownName
from bayesnet.learning.store.json_text import TEXTS, VALUES, read_json
from bayesnet.learning.store.saving import microseconds_of, moment_of
from bayesnet.learning.store.schema import adoptions, model_versions, now


@dataclass(frozen=True)
class ModelVersion:
    """A model as it was once: its files, {name: text}, where they come from (`parent`) and what is known of them."""

    version: str
    model: str
    created_at: datetime
    parent: str
    files: Mapping[str, str]
    summary: Mapping[str, Any]


def add(connection: Connection, version: ModelVersion) -> None:
    """Store a version. The same one once more is no harm; another one of the same id raises StoreError."""
    if version.created_at.tzinfo is None:
        raise StoreError(f"model version {version.version!r}: created_at needs a time zone")
    row = {
        "version": version.version,
        "model": version.model,
        "created_at": microseconds_of(version.created_at),
        "parent": version.parent,
        "files": _as_json(version.files),
        "summary": _as_json(version.summary),
    }
    known = connection.execute(_one(version.version)).mappings().one_or_none()
    if known is None:
        connection.execute(insert(model_versions), row)
    elif dict(known) != row:
        raise StoreError(f"the case store has another model version {version.version!r} already")


def of_model(connection: Connection, model: str) -> tuple[ModelVersion, ...]:
    """All versions of a model, the newest first."""
    newest = (model_versions.c.created_at.desc(), model_versions.c.version.desc())
    rows = connection.execute(select(model_versions).where(model_versions.c.model == model).order_by(*newest))
    return tuple(_version(row) for row in rows.mappings())


def get(connection: Connection, version: str) -> ModelVersion:
    """The version of this id. Raises UnknownName."""
    row = connection.execute(_one(version)).mappings().one_or_none()
    if row is None:
        known = select(model_versions.c.version).order_by(model_versions.c.created_at, model_versions.c.version)
        raise UnknownName("model version", version, connection.scalars(known))
    return _version(row)


def adopt(connection: Connection, model: str, version: str | None) -> None:
    """From now on use this version, or (None) the shipped model. What is in use already stays so, without an entry."""
    if version is not None and (of := get(connection, version).model) != model:
        raise StoreError(f"model version {version!r} is one of {of!r}, not of {model!r}")
    _lock(connection)
    current = _current(connection, model)
    if (current["version"] if current else None) != version:
        connection.execute(insert(adoptions), {"model": model, "version": version, "at": now()})


def adopted_name(connection: Connection, model: str) -> str | None:
    """The id of the version in use; None is the shipped model."""
    current = _current(connection, model)
    name: str | None = current["version"] if current else None
    return name


def adopted(connection: Connection, model: str) -> ModelVersion | None:
    """The version in use; None is the shipped model."""
    name = adopted_name(connection, model)
    return None if name is None else get(connection, name)


def rollback(connection: Connection, model: str) -> ModelVersion | None:
    """Back to what was in use before, and what that was. Raises StoreError where nothing was adopted."""
    _lock(connection)
    current = _current(connection, model)
    if current is None:
        raise StoreError(f"nothing to roll back: the model {model!r} is in use as it was shipped")
    marked = update(adoptions).where(adoptions.c.number == current["number"]).values(rolled_back_at=now())
    connection.execute(marked)
    return adopted(connection, model)


def _current(connection: Connection, model: str) -> RowMapping | None:
    in_force = select(adoptions).where(adoptions.c.model == model, adoptions.c.rolled_back_at.is_(None))
    return connection.execute(in_force.order_by(adoptions.c.number.desc()).limit(1)).mappings().one_or_none()


def _lock(connection: Connection) -> None:
    """Let nobody adopt between looking and writing. SQLite's writers are alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE adoptions IN SHARE ROW EXCLUSIVE MODE"))


def _one(version: str) -> Any:
    return select(model_versions).where(model_versions.c.version == version)


def _version(row: RowMapping) -> ModelVersion:
    what = f"version {row['version']}"
    told = {"files": read_json(TEXTS, row["files"], what), "summary": read_json(VALUES, row["summary"], what)}
    return ModelVersion(**{**row, **told, "created_at": moment_of(row["created_at"])})


def _as_json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
