"""A list of what is wrong with a model's files, each problem in one line that names file, entry and what is allowed."""

from collections.abc import Iterable

from bayesnet.errors import nearest
from bayesnet.knowledge.schema import Source, SourcesFile


class Problems:
    """Collects problems in `found`; the checkers of the files build on it."""

    def __init__(self, sources: SourcesFile) -> None:
        self.sources: tuple[Source, ...] = sources.source
        self.found: list[str] = []

    def say(self, file: str, item: str, problem: str) -> None:
        """Note one problem."""
        self.found.append(f"{file}: {item}: {problem}")

    def known(self, file: str, item: str, kind: str, given: str, allowed: Iterable[str]) -> bool:
        """Whether a name is among those allowed; a problem where it is not."""
        names = tuple(allowed)
        if given in names:
            return True
        self.say(file, item, f"unknown {kind} {given!r}{nearest(given, names)}")
        return False

    def unique(self, file: str, kind: str, names: Iterable[str]) -> None:
        """A problem for every name that stands there again."""
        seen: set[str] = set()
        for name in names:
            if name in seen:
                self.say(file, f"{kind} {name!r}", "stands there twice; every id must be unique")
            seen.add(name)

    def cited(self, file: str, item: str, cited: Iterable[str]) -> None:
        """A problem for every source that is not known, or that nobody read."""
        read = {source.id: source.read for source in self.sources}
        for source in cited:
            if self.known(file, item, "source", source, read) and read[source] == "not_read":
                self.say(file, item, f"source {source!r} was not read, so nothing may rest on it")
