"""Speed beside the peers, in one run and one thread: `python tests/benchmarks/run.py` prints the tables of the README.

Each time is a median over pairs: the same work, done by us and by the peer, one right after the other. A ratio is the
median of the pairs' own ratios, peer / ours; where cases differ much in size it is not the quotient of the two medians.
The answers are compared too. With --only, the other tables keep their figures.
"""

import os

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"  # before numpy is imported

import argparse
import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
README = HERE.parents[1] / "README.md"


@dataclass(frozen=True)
class Result:
    """One line of a table. Times are seconds per unit of work; `worst` is the largest difference between the answers."""

    work: str
    peer: str
    ours: float
    theirs: float
    ratio: float
    pairs: int
    worst: float | None = None


def rounded(seconds: float) -> str:
    """A time in the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def as_rows(results: list[Result]) -> Iterator[tuple[str, ...]]:
    for r in results:
        worst = "" if r.worst is None else f"{r.worst:.0e}"
        yield (
            r.work,
            r.peer,
            rounded(r.theirs),
            rounded(r.ours),
            f"{r.ratio:,.1f}" if r.ratio < 100 else f"{r.ratio:,.0f}",
            worst,
        )


HEADINGS = ("work", "peer", "peer's time", "ours", "ratio", "largest difference")


def show(title: str, results: list[Result]) -> None:
    table = Table(*HEADINGS, title=title)
    for row in as_rows(results):
        table.add_row(*row)
    Console().print(table)


def markdown(results: list[Result]) -> str:
    lines = [HEADINGS, ("---",) * len(HEADINGS), *as_rows(results)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def into_readme(text: str, tables: dict[str, list[Result]]) -> str:
    """The README with each table between its two marks made anew."""
    for name, results in tables.items():
        start, end = f"<!-- benchmark: {name} -->\n", f"\n<!-- end: {name} -->"
        if start in text:
            before, rest = text.split(start)
            text = f"{before}{start}{markdown(results)}{end}{rest.split(end)[1]}"
    return text


def load() -> dict[str, list[Result]]:
    """The results of the last run."""
    stored = json.loads(RESULTS.read_text(encoding="utf-8"))["tables"] if RESULTS.exists() else {}
    return {name: [Result(**row) for row in rows] for name, rows in stored.items()}


def main() -> None:
    import work

    available: dict[str, Callable[[], list[Result]]] = {
        "single": work.single_cases,
        "batch": work.batches,
        "learning": work.learning,
        "reasons": work.reasons,
        "networks": work.example_networks,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=available, nargs="*", default=list(available))
    tables = load()
    for name in parser.parse_args().only:
        tables[name] = available[name]()
        show(name, tables[name])
    machine = {
        "python": platform.python_version(),
        "processor": work.processor(),
        **{name: version(name) for name in ("numpy", "pandas", "pyagrum", "pgmpy")},
    }
    stored = {"machine": machine, "tables": {name: [asdict(r) for r in rows] for name, rows in tables.items()}}
    RESULTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    README.write_text(into_readme(README.read_text(encoding="utf-8"), tables), encoding="utf-8")


if __name__ == "__main__":
    main()
