"""Cases, tuning, evaluation and versions: as text for a terminal, and as plain values for machines.

What is shown comes in as it is: nothing of what learning needs is imported here, so that a count is there at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bayesnet.diagnosis.words import in_percent
from bayesnet.report.tables import plain_table

if TYPE_CHECKING:
    from bayesnet.learning.cases.table import CheckedCases, Column
    from bayesnet.learning.differences import NumberChange
    from bayesnet.learning.evaluation import Evaluation
    from bayesnet.learning.store import ModelVersion
    from bayesnet.learning.tuning import Tuned

SHOWN_BAD = 20
SHOWN_NUMBERS = 15


@contextmanager
def shown_progress(what: str, total: int) -> Iterator[Callable[[int, Any], None]]:
    """A bar on standard error that moves with every call; none where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[says]}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total, says="")

        def step(done: int, says: Any) -> None:
            progress.update(task, completed=done, says=f"{says:,.3f} nats" if isinstance(says, float) else f"of {says}")

        yield step


@contextmanager
def shown_work(what: str) -> Iterator[None]:
    """A moving sign on standard error while something takes its time; none where nobody looks."""
    console = Console(stderr=True)
    with console.status(what) if console.is_terminal else nullcontext():
        yield


# ---- cases


def print_bad_rows(checked: CheckedCases) -> None:
    """Every bad cell, the first ones in full, on standard error."""
    out = Console(stderr=True, highlight=False, soft_wrap=True)
    for problem in checked.problems[:SHOWN_BAD]:
        out.print(escape(problem))
    more = len(checked.problems) - SHOWN_BAD
    if more > 0:
        out.print(f"... and {more:,} more")


def print_columns(columns: Sequence[Column]) -> None:
    """What a file of cases may hold."""
    table = plain_table("column", "means", "takes", "empty is")
    for column in columns:
        table.add_row(column.name, escape(column.means), escape(column.takes), escape(column.empty))
    Console(highlight=False).print(table)


# ---- tuning


def print_tuned(tuned: Tuned, version: str, folder: Path | None, evaluated: bool) -> None:
    """What was learned: remarks, the numbers that moved most, the scores, and what to do with it."""
    out = Console(highlight=False)
    cases = tuned.patterns.cases
    out.print(f"Learned from [bold]{cases:,.0f}[/] cases ({len(tuned.patterns.weights):,} distinct).")
    for remark in tuned.remarks:
        out.print(f"[yellow]{escape(remark)}[/]")
    if tuned.history:
        state = "stood still" if tuned.converged else "did not stand still"
        out.print(
            f"The log-posterior rose from {tuned.history[0]:,.1f} to {tuned.history[-1]:,.1f} nats in "
            f"{len(tuned.history)} iterations and {state}."
        )
    moved = sorted((n for n in tuned.numbers if n.has_changed), key=lambda n: -abs(n.change))
    if moved:
        out.print(f"\n{len(moved)} of {len(tuned.numbers)} numbers changed; those that moved most:")
        _print_numbers(moved[:SHOWN_NUMBERS], out)
    if evaluated and tuned.evaluation:
        out.print()
        print_evaluation(tuned.evaluation)
    if version:
        out.print(f"\nKept as version [bold]{version}[/]. `bayesnet models diff {version}` shows every number,")
        out.print(f"`bayesnet models adopt {version}` puts it into use.")
    if folder is not None:
        out.print(f"\nWrote {escape(str(folder))}; use it with --model.")


def tuned_values(tuned: Tuned, version: str, evaluated: bool) -> dict[str, Any]:
    """A tuned model as plain JSON values."""
    return {
        "version": version or None,
        "cases": tuned.patterns.cases,
        "distinct": len(tuned.patterns.weights),
        "converged": tuned.converged,
        "history": list(tuned.history),
        "starts": [asdict(start) for start in tuned.starts],
        "remarks": list(tuned.remarks),
        "numbers": difference_values(tuned.numbers),
        "evaluation": evaluation_values(tuned.evaluation) if evaluated and tuned.evaluation else None,
    }


# ---- evaluation


def print_evaluation(found: Evaluation) -> None:
    """Every score before and after, and the verdict."""
    out = Console(highlight=False)
    out.print(f"On held-out cases ({found.folds} folds, {found.cases_in_words}, {found.labelled:,.0f} labelled):")
    table = plain_table("score", "before", "tuned", "better by", "means")
    for score in found.scores.values():
        gain = score.gain
        table.add_row(
            score.name,
            f"{score.before.value:.4g}",
            f"{score.tuned.value:.4g}",
            f"{gain.value:+.3g} ({gain.low:+.3g} to {gain.high:+.3g})",
            escape(score.means),
        )
    out.print(table)
    verdict = "[green]Better[/]" if found.better else "[yellow]Not better[/]"
    out.print(f"{verdict}: {escape(found.reason)}.")


def evaluation_values(found: Evaluation) -> dict[str, Any]:
    """An evaluation as plain JSON values."""
    return asdict(found)


# ---- versions


def print_versions(versions: Sequence[ModelVersion], in_use: str, under: Mapping[str, str]) -> None:
    """A line per version, the one in use marked; `under` says which version of the model each was made under."""
    out = Console(highlight=False)
    table = plain_table("", "version", "model", "parent", "cases", "how", "verdict")
    table.columns[1].no_wrap = True  # a name to be copied
    for version in versions:
        table.add_row(
            "*" if version.version == in_use else "",
            version.version,
            escape(under[version.version]),
            escape(version.parent),
            f"{version.summary.get('cases', 0):,}",
            escape(str(version.summary.get("method", ""))),
            escape(str(version.summary.get("reason", ""))),
        )
    shipped = ("shipped", escape(under["shipped"]), "", "", "what the experts said", "")
    table.add_row("*" if in_use == "shipped" else "", *shipped)
    out.print(table)
    out.print("[dim]* is in use[/]")


def version_values(versions: Sequence[ModelVersion], in_use: str, under: Mapping[str, str]) -> list[dict[str, Any]]:
    """Versions as plain JSON values."""
    return [
        {
            "version": version.version,
            "model_version": under[version.version],
            "parent": version.parent,
            "created_at": version.created_at.isoformat(),
            "in_use": version.version == in_use,
            **{key: value for key, value in version.summary.items() if key not in ("version", "parent", "evaluation")},
        }
        for version in versions
    ]


def print_differences(numbers: Sequence[NumberChange]) -> None:
    """Number by number."""
    out = Console(highlight=False)
    if not numbers:
        out.print("No number differs.")
        return
    _print_numbers(numbers, out)


def _print_numbers(numbers: Sequence[NumberChange], out: Console) -> None:
    table = plain_table("number", "before", "90% range", "after", "90% range", "cases behind it")
    for n in numbers:
        table.add_row(
            escape(n.label),
            f"{n.before:.3g}",
            _span(n.interval_before),
            f"{n.after:.3g}",
            _span(n.interval_after),
            f"{n.cases:,.0f}",
        )
    out.print(table)


def _span(interval: tuple[float, float]) -> str:
    return " to ".join(in_percent(limit) for limit in interval)


def difference_values(numbers: Sequence[NumberChange]) -> list[dict[str, Any]]:
    """Numbers before and after as plain JSON values."""
    return [asdict(n) | {"given": dict(n.given), "cases": n.cases} for n in numbers]
