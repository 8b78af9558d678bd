"""Where cases lie -> the files that hold them: a file, a folder, a glob or a URI, here or in an object store."""

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import fs

from bayesnet.errors import BadFile
from bayesnet.learning.cases.source import FORMATS, Source, check_name

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""One place or several."""
WILD = re.compile(r"[*?\[]")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def sources(paths: Paths, filesystem: Any = None) -> list[Source]:
    """The files of cases at some places, each once, in the order of their names.

    A place is a file, a folder (with all folders in it), a glob (`*`, `?`, `[...]`, and `**` for any folders), or a URI that
    pyarrow knows, such as `s3://bucket/cases/`; with a pyarrow `filesystem`, a path in that. In folders, files of other
    formats and those whose names begin with "." or "_" are passed over. Raises BadFile where there is nothing to read.
    """
    places = list(paths) if isinstance(paths, Sequence) and not isinstance(paths, str) else [paths]
    if not places:
        raise BadFile(f"no files are given; name files, folders or globs of {FORMATS}")
    found: dict[str, Source] = {}
    for place in places:
        for source in _at(place, filesystem):
            # A file has many names here: a.csv, ./a.csv, /home/me/a.csv. It counts once, under the first of them.
            found.setdefault(os.path.realpath(source.path) if source.filesystem is None else source.name, source)
    return sorted(found.values(), key=lambda source: source.name)


def _at(place: str | os.PathLike[str], filesystem: Any) -> Iterator[Source]:
    if not isinstance(place, str | os.PathLike) or not str(place).strip():
        raise BadFile(f"{place!r} is no path; cases are kept in {FORMATS}")
    text = os.fspath(place)
    try:
        system, path, prefix = _located(text, filesystem)
        wild = WILD.search(path)
        if wild and system.get_file_info(path).type != fs.FileType.NotFound:
            wild = None  # a name that has such characters in it
        base = path[: wild.start()].rpartition("/")[0] if wild else path
        root = "/" if path.startswith("/") else "." if filesystem is None and not prefix else ""
        info = system.get_file_info(base or root)
        if info.type == fs.FileType.NotFound:
            raise BadFile(f"cannot read {_shown(text)}: there is no such file or folder")
        if info.type == fs.FileType.File:
            check_name(Path(base))
            files = [info]
        else:
            inside = system.get_file_info(fs.FileSelector(info.path, recursive=True))
            files = [file for file in inside if _holds_cases(file, info.path)]
            files = [file for file in files if not wild or _matches(_names(file.path), _names(path))]
    except (OSError, ValueError, pa.ArrowException) as error:
        said = str(error).splitlines()[0].replace(text, _shown(text)) if str(error) else type(error).__name__
        raise BadFile(f"cannot read {_shown(text)}: {said}") from None
    if not files:
        raise BadFile(f"{_shown(text)}: there is no file of cases ({FORMATS})")
    plain = filesystem is None and not prefix
    for file in files:
        modified = file.mtime_ns or 0
        name = os.path.normpath(file.path) if plain else prefix + file.path
        yield Source(name, file.path, file.size, modified, None if plain else system)


def _located(text: str, filesystem: Any) -> tuple[Any, str, str]:
    """The file system, the path in it, and what stands before that in a name that people know."""
    if filesystem is not None:
        return filesystem, text.rstrip("/") or text, ""
    scheme = URI.match(text)
    if not scheme:
        return fs.LocalFileSystem(), text.rstrip("/") or text, ""
    wild = re.search(r"[*\[]", text)  # a "?" begins the options of a URI
    head = text[: wild.start()].rpartition("/")[0] if wild else text
    system, path = fs.FileSystem.from_uri(head)
    return system, path + text[len(head) :] if wild else path, "" if path.startswith("/") else scheme.group()


def _holds_cases(file: Any, base: str) -> bool:
    inside = file.path[len(base) :].strip("/").split("/")
    if file.type != fs.FileType.File or any(name.startswith((".", "_")) for name in inside):
        return False
    return re.search(r"\.(csv|csv\.gz|parquet)$", file.path, re.IGNORECASE) is not None


def _names(path: str) -> list[str]:
    return path.removeprefix("./").split("/")


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether a path is meant by a glob, both split at "/"."""
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(_matches(names[at:], patterns[1:]) for at in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatchcase(names[0], patterns[0]) and _matches(names[1:], patterns[1:])


def _shown(text: str) -> str:
    """A URI without the user and password that may stand in it."""
    return re.sub(r"//[^/@]*@", "//", text)
