"""A file that cases are read from, on this machine or in a store that pyarrow can reach."""

import gzip
import os
import re
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO, Any, cast

from bayesnet.errors import BadFile

LARGEST_FILE = 4_000_000_000
"""Bytes. A larger file is refused before it is read, unless the caller allows more."""
FORMATS = ".csv, .csv.gz, .parquet"


@dataclass(frozen=True)
class Source:
    """A file as it is listed: `name` is what messages call it, `size` in bytes, `modified` in nanoseconds since 1970.

    `filesystem` is a pyarrow FileSystem that knows the file by `path`; None is this machine's own.
    """

    name: str
    path: str
    size: int
    modified: int
    filesystem: Any = None

    def __str__(self) -> str:
        return self.name

    @property
    def is_csv(self) -> bool:
        """Whether its name says CSV."""
        return is_csv(self.path)

    @property
    def row_word(self) -> str:
        """What a row is called: CSV files are looked at in editors, which count lines."""
        return "line" if self.is_csv else "row"

    def open(self) -> IO[bytes]:
        """The bytes of the file as they are stored. Raises OSError."""
        if self.filesystem is not None:
            return cast(IO[bytes], self.filesystem.open_input_file(self.path))
        return Path(self.path).open("rb")

    def open_unpacked(self) -> IO[bytes]:
        """The bytes of the file, those of a .gz unpacked. Raises OSError."""
        if not self.path.lower().endswith(".gz"):
            return self.open()
        return cast(IO[bytes], gzip.open(self.path if self.filesystem is None else self.open(), "rb"))


def local_source(path: str | os.PathLike[str], largest: int = LARGEST_FILE) -> Source:
    """A file of this machine. Raises BadFile unless it is a regular one of a known format, not empty and not too large."""
    try:
        found = os.stat(path)  # noqa: PTH116 - before the name is looked at: a folder's name has no ending
    except (OSError, ValueError, TypeError) as error:
        raise BadFile(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if not S_ISREG(found.st_mode):
        raise BadFile(f"cannot read {path}: {'it is a folder' if S_ISDIR(found.st_mode) else 'it is not a file'}")
    source = Source(str(path), str(path), found.st_size, found.st_mtime_ns)
    check_size(source, largest)
    check_name(path)
    return source


def check_size(source: Source, largest: int) -> None:
    """Raises BadFile for a file that is empty or larger than allowed."""
    if source.size > largest:
        raise BadFile(f"{source}: {source.size:,} bytes, more than the {largest:,} allowed; split it, or allow more")
    if not source.size:
        raise BadFile(f"{source}: the file is empty; its first line must name the columns")


def check_name(path: str | os.PathLike[str]) -> Path:
    """The path, if its ending tells a known format. Raises BadFile."""
    if not isinstance(path, str | Path) or not str(path).strip():
        raise BadFile(f"{path!r} is no path; cases are kept in {FORMATS}")
    named = Path(path)
    if not is_csv(named.name) and named.suffix.lower() != ".parquet":
        raise BadFile(f"{path}: the ending of the name must tell the format. Allowed: {FORMATS}")
    return named


def is_csv(name: str) -> bool:
    """Whether a name says CSV."""
    return re.search(r"\.csv(\.gz)?$", name, re.IGNORECASE) is not None
