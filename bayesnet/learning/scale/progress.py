"""How far a run over many files has come."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bayesnet.learning.scale.parts import Part, Tally


@dataclass(frozen=True)
class Progress:
    """`parts` of `all_parts` are through, and `size` of `all_size` bytes; `rows` were read, of which `skipped` left out."""

    parts: int
    all_parts: int
    size: int
    all_size: int
    rows: int
    skipped: int


Watch = Callable[[Progress], object]
"""Called at the start and after each part; what it raises ends the run."""


class Done(Protocol):
    """What a task gives back."""

    @property
    def number(self) -> int:
        """The number of the part."""

    @property
    def tally(self) -> Tally:
        """What became of its rows."""


R = TypeVar("R", bound=Done)


def watched(results: Iterable[R], parts: Sequence[Part], watch: Watch | None) -> Iterator[R]:
    """The same results; `watch` hears of each."""
    sizes = {part.number: part.size for part in parts}
    done = size = rows = skipped = 0

    def tell() -> None:
        if watch:
            watch(Progress(done, len(parts), size, sum(sizes.values()), rows, skipped))

    tell()
    for result in results:
        done, size = done + 1, size + sizes[result.number]
        rows, skipped = rows + result.tally.rows, skipped + result.tally.skipped.rows
        yield result
        tell()
