"""The folder of scores: a file per part, and a manifest once all are there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import msgspec

from bayesnet.errors import BadFile
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.skips import Skip, Skipped, all_skipped
from bayesnet.learning.cases.source import Source
from bayesnet.learning.cases.whole_file import written_whole
from bayesnet.learning.scale.scored_part import Origin, ScoredPart, part_path, scored_already

MANIFEST = "manifest.json"
LEFT_OVER = re.compile(r"\..*\.[0-9a-f]{12}\.tmp")
"""A file that `written_whole` had begun."""


@dataclass(frozen=True)
class Input:
    """A file that was scored: `rows` = `scored` + `skipped`, and the questions that nobody in it answered.

    `rows` of a file that could not be read are None, and counted nowhere; `never_answered` of one that gave no row is, too.
    """

    file: str
    size: int
    modified: str
    rows: int | None
    scored: int
    skipped: int
    never_answered: tuple[str, ...] | None


@dataclass(frozen=True)
class Manifest:
    """What a folder of scores holds, and what it was made from: `rows` = `scored` + `skipped`, over `inputs` as in all.

    `quiet` of the scored rows have no cause to look for. `unread` files could not be read at all. `parts` files of scores were
    written; the numbers of those that would be empty are left out. `checksum` is a SHA-256 over
    all probabilities. The first `skips` are listed.
    """

    bayesnet: str
    made_at: str
    model: Mapping[str, str]
    rows: int
    scored: int
    quiet: int
    skipped: int
    unread: int
    parts: int
    checksum: str
    inputs: tuple[Input, ...]
    skips: tuple[Skip, ...]


def prepare(folder: Path, origins: Sequence[Origin], resume: bool) -> dict[int, ScoredPart]:
    """Makes the folder, and finds the parts that are there already; what an interrupted task left behind goes.

    Raises BadFile for a folder that cannot be made, or holds something else than parts of these scores to be resumed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise BadFile(f"cannot write {folder}: {error.strerror or error}") from None
    if names and not resume:
        raise BadFile(
            f"cannot write {folder}: it holds something already ({names[0]}); choose a new folder, or go on with what was "
            f"interrupted (--resume)"
        )
    paths = {part_path(folder, number).name: number for number in range(len(origins))}
    sweep(folder)
    done: dict[int, ScoredPart] = {}
    for name in names:
        if name == MANIFEST or LEFT_OVER.fullmatch(name):
            continue
        if name not in paths:
            raise BadFile(
                f"cannot resume in {folder}: {name} is no part of these scores, or the files are no longer the same ones; "
                "choose a new folder"
            )
        found, wanted = scored_already(folder / name), origins[paths[name]]
        if (found.origin.model, found.origin.file) != (wanted.model, wanted.file):
            what = "by another model" if found.origin.model != wanted.model else f"from {found.origin.file}"
            raise BadFile(f"cannot resume in {folder}: {name} was scored {what}; choose a new folder")
        if found.origin == wanted:
            done[paths[name]] = found
    with suppress(FileNotFoundError):
        (folder / MANIFEST).unlink()
    return done


def sweep(folder: Path) -> None:
    """Removes what tasks that were killed had begun to write."""
    for path in folder.iterdir():
        if LEFT_OVER.fullmatch(path.name):
            path.unlink(missing_ok=True)


def finish(
    folder: Path,
    knowledge: Knowledge,
    sources: Sequence[Source],
    parts: Mapping[int, ScoredPart],
    unread: Sequence[Skip],
) -> Manifest:
    """Writes what the folder holds beside it, once all parts are there."""
    ordered = [parts[number] for number in sorted(parts)]
    skipped = all_skipped([Skipped(0, tuple(unread), len(unread)), *(part.skipped for part in ordered)])
    rows = sum(part.rows for part in ordered)
    made = Manifest(
        bayesnet=version("bayesnet"),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        model={
            "id": knowledge.id,
            "version": knowledge.version_name,
            "fingerprint": next((part.origin.model for part in ordered), ""),
        },
        rows=rows,
        scored=rows - skipped.rows,
        quiet=sum(part.quiet for part in ordered),
        skipped=skipped.rows,
        unread=skipped.unread,
        parts=sum(part_path(folder, part.number).exists() for part in ordered),
        checksum=sha256("".join(part.digest for part in ordered).encode()).hexdigest(),
        inputs=tuple(_inputs(knowledge, sources, ordered)),
        skips=skipped.listed,
    )
    with written_whole(folder / MANIFEST) as beside:
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2))
    return made


def _inputs(knowledge: Knowledge, sources: Sequence[Source], parts: Sequence[ScoredPart]) -> Iterator[Input]:
    by_file: dict[str, list[ScoredPart]] = {}
    for part in parts:
        by_file.setdefault(part.origin.file, []).append(part)
    for source in sources:
        mine = by_file.get(source.name, [])
        rows, skipped = sum(part.rows for part in mine), all_skipped(part.skipped for part in mine)
        answered = {question for part in mine for question in part.answered}
        yield Input(
            file=source.name,
            size=source.size,
            modified=datetime.fromtimestamp(source.modified / 1e9, UTC).isoformat(),
            rows=rows if mine and not skipped.unread else None,
            scored=rows - skipped.rows,
            skipped=skipped.rows,
            never_answered=tuple(question for question in knowledge.questions if question not in answered)
            if rows > skipped.rows
            else None,
        )
