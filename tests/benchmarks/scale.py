"""Counting and scoring many rows: `python tests/benchmarks/scale.py` writes the tables of the README.

Simulated cases, 30 % of the answers missing, 10 % labelled, in one Parquet file. The peers stand beside in the same run: a loop
of pyAgrum over some rows, and DuckDB, which groups the same file and copies it. With --rows fewer rows than 10 million; making
so many takes some minutes, once: --folder keeps them.
"""

import os

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"  # before numpy is imported

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd
import peers
import psutil

import bayesnet
from bayesnet import DiagnosticModel, count_cases, score_cases
from bayesnet.inference.network import Network
from bayesnet.learning.cases.files import write_cases
from bayesnet.learning.scale.engines import on_processes
from bayesnet.learning.simulation import simulate

README = Path(__file__).parents[2] / "README.md"
MISSING, LABELLED = 0.3, 0.1
AT_ONCE = 100_000
"""Cases that are simulated at a time."""
LOOP = 1000
"""Rows that pyAgrum is asked about."""
YEAR = 365.25 * 24 * 3600


def made(model: DiagnosticModel, rows: int, folder: Path) -> Path:
    """The file of so many simulated cases; it is made unless it is there."""
    path = folder / f"simulated_{rows}.parquet"
    if not path.exists():
        starts = range(0, rows, AT_ONCE)
        tables = (simulate(model, min(AT_ONCE, rows - at), at, MISSING, LABELLED) for at in starts)
        write_cases(tables, path, model.knowledge)
    return path


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """The most megabytes that this process and those it starts have held together (each shared page once)."""
    found, done, own = [0.0], threading.Event(), psutil.Process()

    def watch() -> None:
        while not done.wait(0.1):
            total = 0
            for process in (own, *own.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            found[0] = max(found[0], total / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def scored(model: DiagnosticModel, path: Path, jobs: int) -> float:
    """Seconds to score a file into a folder that is gone afterwards."""
    with TemporaryDirectory(dir=path.parent) as out:
        return timed(lambda: score_cases(model, path, Path(out), map if jobs == 1 else on_processes(jobs)))


def counted(model: DiagnosticModel, path: Path, jobs: int) -> float:
    return timed(lambda: count_cases(path, map if jobs == 1 else on_processes(jobs), model))


def duck(model: DiagnosticModel, path: Path, threads: int) -> tuple[float, float]:
    """Seconds in which DuckDB groups the file by all that makes a pattern, and copies it to another."""
    knowledge = model.knowledge
    columns = ", ".join((*knowledge.questions, knowledge.outcome.id, "triggered", "ruled_out", "certainty"))
    database = duckdb.connect()
    database.execute(f"SET threads = {threads}")
    group = f"CREATE OR REPLACE TEMP TABLE patterns AS SELECT {columns}, sum(count) FROM '{path}' GROUP BY ALL"
    copy = f"COPY (SELECT * FROM '{path}') TO '{path}.copy' (FORMAT parquet, COMPRESSION zstd)"
    found = timed(lambda: database.execute(group)), timed(lambda: database.execute(copy))
    Path(f"{path}.copy").unlink()
    return found


def loop(model: DiagnosticModel, path: Path) -> float:
    """Seconds that the fastest engine of pyAgrum takes for the causes of a case, one after the other."""
    network: Network = model.tree.network
    cases = pd.read_parquet(path).head(LOOP)[list(model.knowledge.questions)]
    answers = [
        {question: str(answer) for question, answer in row.items() if isinstance(answer, str)} | model.reader.outcome
        for row in cases.astype(object).where(cases.notna(), None).to_dict("records")
    ]
    asks = peers.agrum_asks(network, [*model.reader.triggers.values(), model.reader.any_cause])
    return min(timed(lambda ask=ask: [ask(case) for case in answers]) for ask in asks.values()) / len(answers)


def into_readme(name: str, text: str) -> None:
    start, end = f"<!-- scale: {name} -->\n", f"<!-- end: {name} -->"
    before, rest = README.read_text(encoding="utf-8").split(start)
    README.write_text(f"{before}{start}{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")
    print(text, "\n")


def table(*rows: tuple[str, ...]) -> str:
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *body))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        measure(bayesnet.load(), int(options.rows), folder)


def measure(model: DiagnosticModel, rows: int, folder: Path) -> None:
    peers.quiet()
    few, path = made(model, min(100_000, rows), folder), made(model, rows, folder)
    per_row = loop(model, path)
    one = {"count": counted(model, path, 1), "score": scored(model, path, 1)}
    ducks = {threads: duck(model, path, threads) for threads in (1, 2)}
    with peak_memory() as counting:
        two_count = counted(model, path, 2)
    with peak_memory() as scoring:
        two_score = scored(model, path, 2)
    n = f"{rows:,}"
    into_readme(
        "speed",
        table(
            (f"{n} rows", "one process", "two processes", "ratio", "peak, two processes"),
            ("count", *seconds(one["count"], two_count), f"{counting[0]:,.0f} MB"),
            ("score", *seconds(one["score"], two_score), f"{scoring[0]:,.0f} MB"),
            ("DuckDB groups the file", *seconds(ducks[1][0], ducks[2][0]), ""),
            ("DuckDB groups and copies it", *seconds(sum(ducks[1]), sum(ducks[2])), ""),
            (
                "score, in that time",
                *(f"{a / sum(b):.2f} x" for a, b in ((one["score"], ducks[1]), (two_score, ducks[2]))),
                "",
                "",
            ),
            (
                f"score, rows/s as many as in a loop of pyAgrum ({per_row * 1e6:,.0f} µs a row, one thread)",
                f"{per_row * rows / one['score']:,.0f} x",
                f"{per_row * rows / two_score:,.0f} x",
                "",
                "",
            ),
        ),
    )
    growth(model, rows, few, one)
    plan(model, path, rows, two_count, two_score)


def seconds(one: float, two: float) -> tuple[str, str, str]:
    return f"{one:.1f} s", f"{two:.1f} s", f"{one / two:.2f}"


def growth(model: DiagnosticModel, rows: int, few: Path, one: dict[str, float]) -> None:
    """Time per row from few to many rows, one process, the tables of the model being made already."""
    small = {
        "count": min(counted(model, few, 1) for _ in range(3)),
        "score": min(scored(model, few, 1) for _ in range(3)),
    }
    lines = []
    for name, many in one.items():
        before, after = small[name] / 100_000, many / rows
        lines.append((name, f"{before * 1e6:.2f} µs", f"{after * 1e6:.2f} µs", f"{after / before - 1:+.0%}"))
    into_readme("growth", table(("per row, one process", "100,000 rows", f"{rows:,} rows", "growth"), *lines))


def plan(model: DiagnosticModel, path: Path, rows: int, count: float, score: float) -> None:
    """What more rows than fit on this machine would cost, from the rates measured here."""
    with TemporaryDirectory(dir=path.parent) as out:
        score_cases(model, path, Path(out), on_processes(2))
        written = sum(part.stat().st_size for part in Path(out).glob("*.parquet"))
    patterns = count_cases(path, on_processes(2), model).n
    lines = []
    for n in (1e9, 1e11):
        times = n / rows
        lines.append(
            (
                f"{n:.0e} rows".replace("+0", "").replace("+", ""),
                f"{times * count * 2 / 3600:,.1f}",
                f"{times * score * 2 / 3600:,.1f}",
                f"{times * path.stat().st_size / 1e9:,.0f} GB",
                f"{times * written / 1e9:,.0f} GB",
            )
        )
    heads = ("", "count, core-hours", "score, core-hours", "cases, Parquet", "scores, Parquet")
    into_readme("plan", table(heads, *lines) + f"\n\n{patterns:,} of {rows:,} cases were distinct.")


if __name__ == "__main__":
    main()
