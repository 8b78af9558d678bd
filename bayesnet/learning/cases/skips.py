"""What was left out of many cases, and why: each skip is named, up to a bound, and all are counted."""

from collections.abc import Iterable
from dataclasses import dataclass

LISTED = 10_000
"""At most so many skips are named."""


@dataclass(frozen=True)
class Skip:
    """A row of a file that was left out, or where `row` is None all that was not read of it. `why` says which cell, too."""

    file: str
    row: int | None
    why: str

    def __str__(self) -> str:
        return self.why if self.why.startswith(self.file) else f"{self.file}: {self.why}"


@dataclass(frozen=True)
class Skipped:
    """`rows` were left out; those `listed` say why. How many rows the `unread` files have is not known, nor counted here."""

    rows: int = 0
    listed: tuple[Skip, ...] = ()
    unread: int = 0

    def __bool__(self) -> bool:
        return bool(self.rows or self.unread)

    def __str__(self) -> str:
        files = f"{self.unread:,} files that cannot be read" if self.unread else ""
        rows = f"{self.rows:,} rows" if self.rows else ""
        return " and ".join(said for said in (rows, files) if said)


def all_skipped(parts: Iterable[Skipped]) -> Skipped:
    """Skips of several parts as one, the first LISTED of them named."""
    rows, unread, listed = 0, 0, list[Skip]()
    for part in parts:
        rows, unread = rows + part.rows, unread + part.unread
        listed.extend(part.listed[: LISTED - len(listed)])
    return Skipped(rows, tuple(listed), unread)
