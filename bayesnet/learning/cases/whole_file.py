"""Files that are written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bayesnet.errors import BadFile


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; on success it takes that name, else nothing is left of it.

    A link is followed. Raises BadFile where `path` is something else than a file, or cannot be written.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise BadFile(f"cannot write {path}: it exists and is not a file")
        beside = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}.tmp")
    except (OSError, ValueError, RuntimeError) as error:
        raise BadFile(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        yield beside
        with beside.open("rb+") as stream:
            os.fsync(stream.fileno())
        beside.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise BadFile(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            beside.unlink()


def _sync_folder(folder: Path) -> None:
    """Makes the new name last through a power cut, where the system lets a folder be synced."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
