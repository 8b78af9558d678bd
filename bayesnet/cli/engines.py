"""Where the tasks of a command run, as its options say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import typer

from bayesnet.errors import EngineError

ENGINES = "local (processes of this machine), dask or spark"
OptionalEngine = Annotated[
    str | None, typer.Option("--engine", metavar="NAME", help=f"Where files are counted: {ENGINES}.")
]
EngineOption = Annotated[str, typer.Option("--engine", metavar="NAME", help=f"Where it is done: {ENGINES}.")]
AddressOption = Annotated[
    str | None,
    typer.Option("--address", metavar="ADDRESS", help="Of a Dask scheduler or Spark master that is there already."),
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Tasks at the same time; by default as many as there are CPUs.")
]
OnErrorOption = Annotated[
    str, typer.Option("--on-error", metavar="stop|skip", help="Stop at a bad file or row, or leave it out and say so.")
]


@dataclass(frozen=True)
class Engine:
    """The options of a command that say where its tasks run."""

    name: str | None
    address: str | None
    jobs: int | None
    policy: str

    @property
    def is_default(self) -> bool:
        """Whether nothing was asked for."""
        return self == Engine(None, None, None, "stop")

    @property
    def on_error(self) -> Literal["stop", "skip"]:
        """What to do about a bad file or row; checked where it is used."""
        return cast(Literal["stop", "skip"], self.policy)

    def refuse(self) -> None:
        """Raises EngineError where anything was asked for: the case store counts by itself."""
        if not self.is_default:
            raise EngineError("the case store counts its cases itself; engines are for files: name them")

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """What runs the tasks."""
        from bayesnet.learning.scale.engines import opened

        with opened(self.name or "local", self.address, self.jobs) as run:
            yield run
