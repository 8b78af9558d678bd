"""Runs over many files: how far they are, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bayesnet.diagnosis.words import how_many

if TYPE_CHECKING:
    from bayesnet.learning.scale.folder import Manifest
    from bayesnet.learning.scale.progress import Progress as Reached

SHOWN_SKIPS = 5


@contextmanager
def shown_parts(what: str) -> Iterator[Callable[[Reached], None]]:
    """A bar on standard error: rows, rows a second and the time left; none where nobody looks."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[says]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None, says="")

        def step(reached: Reached) -> None:
            seconds = progress.tasks[0].elapsed or 0
            rate = f", {reached.rows / seconds:,.0f}/s" if reached.rows and seconds else ""
            skipped = f", {reached.skipped:,} skipped" if reached.skipped else ""
            says = f"{reached.rows:,} rows{rate}{skipped} (part {reached.parts:,} of {reached.all_parts:,})"
            progress.update(task, completed=reached.size, total=max(1, reached.all_size), says=says)

        yield step


def print_manifest(made: Manifest, folder: Path) -> None:
    """What was scored, and the first rows that were not."""
    out = Console(highlight=False, soft_wrap=True)
    quiet = f" {made.quiet:,} more are quiet sessions, which have no scores." if made.quiet else ""
    scored = made.scored - made.quiet
    out.print(f"Scored [bold]{scored:,}[/] of {made.rows:,} rows by {escape(made.model['version'])}.{quiet}")
    if made.skipped or made.unread:
        rows, files = how_many(made.skipped, "row"), how_many(made.unread, "file")
        out.print(f"[yellow]Left out: {rows}, and {files} that cannot be read.[/]")
        for skip in sorted(made.skips, key=lambda skip: skip.row is not None)[:SHOWN_SKIPS]:  # whole files first
            out.print(f"  {escape(str(skip))}")
        if len(made.skips) > SHOWN_SKIPS:
            out.print("  ...")
    out.print(f"{how_many(made.parts, 'part')} and manifest.json are in {escape(str(folder))}.")
    out.print(f"[dim]checksum {made.checksum}[/]")


def manifest_values(made: Manifest) -> dict[str, Any]:
    """A manifest as plain JSON values."""
    return asdict(made)
