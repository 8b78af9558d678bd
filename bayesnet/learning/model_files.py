"""A model with other numbers -> readable model files: its parent's texts with only the changed numbers written anew.

Comments, order and layout stay, so that two versions can be compared with any diff.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.items import InlineTable, Table

from bayesnet.errors import BadFile
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.load import NEEDED, OPTIONAL, knowledge_of
from bayesnet.knowledge.numbers import Elicited
from bayesnet.knowledge.schema import YES


def model_texts(knowledge: Knowledge) -> dict[str, str]:
    """The files of a model, {file name: text}, with its numbers as they are now."""
    before = knowledge_of(knowledge.files, knowledge.path)
    model = tomlkit.parse(knowledge.files["model.toml"])
    for name, table in knowledge.tables.items():
        for item, old, new in zip(_rows(model, name), before.tables[name].rows, table.rows, strict=True):
            if new != old:
                _write_row(item, new, old)
    if knowledge.provenance is not None:
        model["provenance"] = _as_table(knowledge.provenance)
    sources = tomlkit.parse(knowledge.files["sources.toml"])
    for source in knowledge.sources.values():
        if source.id not in before.sources:
            sources["source"].append(_as_table(source))
    return {**knowledge.files, "model.toml": tomlkit.dumps(model), "sources.toml": tomlkit.dumps(sources)}


def check_new(folder: Path) -> None:
    """Raises BadFile for a folder that holds something: to be asked before long work whose result is to go there."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise BadFile(f"cannot write {folder}: it exists already; choose a folder that does not")


def save_model(knowledge: Knowledge, path: str | Path) -> Path:
    """Writes a model as a folder of files, whole or not at all. Raises BadFile, also for a folder that holds something."""
    folder = Path(path)
    check_new(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            inside = Path(made) / "model"
            inside.mkdir()
            for name, text in model_texts(knowledge).items():
                if name not in (*NEEDED, *OPTIONAL):
                    raise BadFile(f"cannot write {folder}: {name!r} is no file of a model")
                _write(inside / name, text)
            inside.rename(folder)
    except OSError as error:
        raise BadFile(f"cannot write {folder}: {error.strerror or error}") from None
    return folder


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _rows(model: Any, table: str) -> Iterator[Any]:
    """The items of model.toml that hold the rows of a number table, in their order."""
    variable, _, part = table.partition("/")
    outcome = model["outcome"]
    holders = [*model["question"], *model["cause"], outcome]
    holder = next(item for item in holders if item["id"] == variable)
    if not part:
        yield from holder["table"]["rows"]
    elif part == "leak":
        yield holder["gate"]["leak"]
    else:
        link = next(item for item in holder["gate"]["links"] if part in (item.get("id"), item.get("cause")))
        yield from [link] if "cause" in link else link["rows"]


def _write_row(item: Any, new: Elicited, old: Elicited) -> None:
    """Changes one row in place."""
    if new.p != old.p:
        if isinstance(item["p"], dict):
            for state, value in new.p.items():
                item["p"][state] = value
        else:
            item["p"] = new.p[YES]
    if new.ranges:
        item["range"] = _spans(new) if isinstance(item["p"], dict) else list(new.ranges[YES])
    else:
        item.pop("range", None)
    item["strength"] = new.strength
    item["basis"] = new.basis
    item["sources"] = list(new.sources)


def _spans(row: Elicited) -> InlineTable:
    """{state: [low, high]}"""
    spans = tomlkit.inline_table()
    for state, span in row.ranges.items():
        spans.append(state, list(span))
    return spans


def _as_table(item: msgspec.Struct) -> Table:
    """A struct as a TOML table, empty fields left out."""
    table = tomlkit.table()
    for name, value in msgspec.to_builtins(item).items():
        if value not in ("", {}, [], None):
            table[name] = value
    return table
