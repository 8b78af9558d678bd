"""Engines: every task is done once, whatever dies; what goes wrong is one line; nothing stays behind."""

import gc
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from engines import CLUSTERS, ENGINES, dask_scheduler, die, killing_one, needs, wait_for

import bayesnet
from bayesnet import BadCases, DiagnosticModel, EngineError, MissingExtra, count_cases, score_cases, tune
from bayesnet.learning.cases.files import write_cases
from bayesnet.learning.scale.clusters import AT_ONCE
from bayesnet.learning.scale.engines import Run, on_processes, opened, usable_cpus
from bayesnet.learning.simulation import simulate

RunOn = Callable[[str], Run]


def square(number: int) -> int:
    return number * number


def fail(number: int) -> int:
    if number == 3:
        raise BadCases(["item 3 is bad", "and so is its neighbour"])
    return number


def noted(folder: str, seconds: float, number: int) -> int:
    (Path(folder) / f"{number}-{os.getpid()}").touch()
    time.sleep(seconds)
    return number


def doomed(number: int) -> int:
    if number == 1:
        die()
    return number


# ---- the same results from all


@pytest.mark.parametrize("engine", ENGINES)
def test_every_item_is_done_once(run_on: RunOn, engine: str) -> None:
    run = run_on(engine)
    assert sorted(run(square, range(AT_ONCE + 6))) == [square(number) for number in range(AT_ONCE + 6)]
    assert list(run(square, [])) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_an_exception_arrives_as_itself(run_on: RunOn, engine: str) -> None:
    with pytest.raises(BadCases, match=r"^item 3 is bad \(and 1 more\)$") as caught:
        list(run_on(engine)(fail, range(6)))
    assert caught.value.problems[1] == "and so is its neighbour"


@pytest.fixture(scope="module")
def folder(model: DiagnosticModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cases in files of both formats, with gaps, labels and quiet sessions."""
    inside = tmp_path_factory.mktemp("cases")
    cases = simulate(model, 6000, 3, missing=0.3, labelled=0.2, quiet=True)
    for number in range(6):
        part = cases.iloc[number * 1000 : (number + 1) * 1000]
        write_cases(part, inside / f"simulated_{number}.{'csv' if number % 2 else 'parquet'}", model.knowledge)
    return inside


def outcome(model: DiagnosticModel, folder: Path, out: Path, run: Run) -> tuple[Any, ...]:
    """Row count, distinct ids and checksum of the scores, and the hash and the numbers learned from the patterns."""
    made, patterns = score_cases(model, folder, out, run), count_cases(folder, run, model)
    ids = pd.concat([pd.read_parquet(path, columns=["case_id"]) for path in out.glob("part-*.parquet")])["case_id"]
    tuned = tune(model, patterns, ascertained=False, starts=1, iterations=2)
    numbers = {name: table.values.tobytes() for name, table in tuned.model.knowledge.tables.items()}
    return made.rows, len(ids), ids.nunique(), made.checksum, patterns.data_hash, tuned.history, numbers


@pytest.fixture(scope="module")
def here(model: DiagnosticModel, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """The outcome of an undisturbed run in this process."""
    return outcome(model, folder, tmp_path_factory.mktemp("here"), map)


def test_the_rows_are_all_there(here: tuple[Any, ...]) -> None:
    assert here[:3] == (6000, 6000, 6000)


@pytest.mark.parametrize("engine", CLUSTERS)
def test_engines_count_score_and_tune_the_same(
    model: DiagnosticModel, run_on: RunOn, engine: str, folder: Path, here: tuple[Any, ...], tmp_path: Path
) -> None:
    assert outcome(model, folder, tmp_path / "out", run_on(engine)) == here


@pytest.mark.parametrize(
    ("engine", "executor"), [("processes", False), ("dask", False), ("spark", False), ("spark", True)]
)
def test_a_worker_that_is_killed_changes_nothing(
    model: DiagnosticModel,
    run_on: RunOn,
    engine: str,
    executor: bool,
    folder: Path,
    here: tuple[Any, ...],
    tmp_path: Path,
) -> None:
    """By SIGKILL, in the middle of a task; Spark's Python worker, and its executor."""
    run, marker = killing_one(run_on(engine), tmp_path / "killed", executor), tmp_path / "killed"
    assert outcome(model, folder, tmp_path / "out", run) == here
    assert marker.exists()


# ---- what cannot be done


def test_a_task_that_always_kills_its_process_ends_the_run() -> None:
    with pytest.raises(EngineError, match="3 times a process died before it had finished a task"):
        list(on_processes(2)(doomed, range(5)))


def test_dask_gives_up_such_a_task(tmp_path: Path) -> None:
    with (
        dask_scheduler(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as address,
        opened("dask", address) as run,
        pytest.raises(EngineError, match=r"^Dask cannot run the tasks: .*worker") as caught,
    ):
        list(run(doomed, range(5)))
    assert "\n" not in str(caught.value)


def test_spark_gives_up_such_a_task(run_on: RunOn) -> None:
    with pytest.raises(EngineError, match=r"^Spark cannot run the tasks: .*aborted") as caught:
        list(run_on("spark")(doomed, range(5)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("engine", "address", "jobs", "says"),
    [
        ("dusk", None, None, r"unknown engine 'dusk'; did you mean 'dask'\? Allowed: local, dask, spark"),
        ("local", None, 0, "jobs must be a whole number of at least 1, not 0"),
        ("local", None, True, "jobs must be a whole number"),
        ("local", "tcp://x:1", None, "'local' has no address"),
        ("dask", "tcp://x:1", 2, "a cluster at an address has the workers that it has"),
        ("dask", "no address at all", None, "does not answer"),
        ("dask", "tcp://me:secret@x:1", None, "^the address of an engine takes no user and no password$"),
        ("spark", "no master at all", None, "'no master at all' is no Spark master"),
        ("spark", "local[2]\n", None, "is no Spark master"),
        ("spark", "local[x]", None, r"'local\[x\]' is no Spark master; allowed: such as"),
    ],
)
def test_options_that_cannot_be(engine: str, address: str | None, jobs: Any, says: str) -> None:
    with pytest.raises(EngineError, match=says) as caught, opened(engine, address, jobs):
        pass
    assert "\n" not in str(caught.value)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(("engine", "scheme"), [("dask", "tcp"), ("spark", "spark")])
def test_a_cluster_that_does_not_answer(
    engine: str, scheme: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bayesnet.learning.scale.clusters.TIMEOUT", 1.0)
    address = f"{scheme}://127.0.0.1:{free_port()}"
    with pytest.raises(EngineError, match=f"at {address} does not answer"), opened(engine, address):
        pass
    assert capfd.readouterr().err == ""


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of what did not start, Dask says that nobody closed it
@pytest.mark.parametrize(("fails", "works"), [(1, True), (99, False)])
@pytest.mark.parametrize("here", [True, False])
def test_dask_where_its_thread_does_not_start_in_time(
    here: bool, fails: int, works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed.utils import LoopRunner

    start, failed = LoopRunner.start, []

    def late(runner: LoopRunner) -> None:
        if len(failed) < fails:
            failed.append(runner)
            raise AssertionError
        start(runner)

    with nullcontext(None) if here else dask_scheduler(tmp_path) as address:
        monkeypatch.setattr(LoopRunner, "start", late)
        says = nullcontext() if works else pytest.raises(EngineError, match="Dask does not start; where a machine is")
        with says, opened("dask", address, 1 if here else None) as run:
            assert set(run(str, [1, 2])) == {"1", "2"}
    gc.collect()


def test_a_scheduler_without_workers(tmp_path: Path) -> None:
    says = pytest.raises(EngineError, match="the Dask cluster has no workers")
    with dask_scheduler(tmp_path, workers=0) as address, says, opened("dask", address):
        pass


def test_workers_with_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bayesnet.learning.scale.clusters.own_version", lambda: "9.9")
    with dask_scheduler(tmp_path) as address:
        says = re.escape(f"workers of Dask have bayesnet {bayesnet.__version__}, and this is 9.9")
        with pytest.raises(EngineError, match=says), opened("dask", address):
            pass


def test_workers_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bayesnet.learning.scale.clusters.PACKAGE", "no_such_package")
    says = pytest.raises(EngineError, match="workers of Dask have no bayesnet")
    with dask_scheduler(tmp_path) as address, says, opened("dask", address):
        pass


def test_without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    needs("pyspark")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(EngineError, match="apt-get install openjdk-17-jre-headless"), opened("spark"):
        pass


@pytest.mark.parametrize(("engine", "package"), [("dask", "distributed"), ("spark", "pyspark")])
def test_without_the_extra(engine: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"pip install '\.\[{engine}\]'"), opened(engine):
        pass


# ---- nothing stays behind, and nothing piles up


def test_one_job_is_this_process() -> None:
    with opened("local", jobs=1) as run:
        assert run is map
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)


def test_closing_ends_the_processes(tmp_path: Path) -> None:
    results = on_processes(2)(partial(noted, str(tmp_path), 0.01), range(1000))
    next(results)
    results.close()
    assert not multiprocessing.active_children()
    assert len(list(tmp_path.iterdir())) < 100


@pytest.mark.parametrize("engine", ["processes", "dask"])
def test_no_more_is_begun_than_is_soon_asked_for(run_on: RunOn, engine: str, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    results = iter(run_on(engine)(partial(noted, str(begun), 0.0), range(1000)))
    next(results)
    time.sleep(0.5)
    assert len(list(begun.iterdir())) < 200
    results.close()


SCRIPT = """
import sys, time
from functools import partial
from test_engines import noted
from bayesnet.learning.scale.engines import opened
if __name__ == "__main__":
    with opened(sys.argv[1], jobs=2) as run:
        for _ in run(partial(noted, sys.argv[2], 0.2), range(10_000)):
            print("begun", flush=True)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def started(engine: str, folder: Path) -> tuple[subprocess.Popen[str], set[int]]:
    """A script that runs tasks, in a group of its own as in a terminal, and the processes that do them."""
    script, notes = folder / "script.py", folder / "notes"
    script.write_text(SCRIPT)
    notes.mkdir()
    process = subprocess.Popen(
        [sys.executable, script, engine, notes],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    wait_for(lambda: len({name.name.split("-")[1] for name in notes.iterdir()}) == 2)
    return process, {int(name.name.split("-")[1]) for name in notes.iterdir()}


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_ctrl_c_ends_all_and_only_the_caller_hears_of_it(engine: str, tmp_path: Path) -> None:
    needs("distributed")
    process, workers = started(engine, tmp_path)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    _, said = process.communicate(timeout=30)
    assert said.count("Traceback") <= 1
    assert said.rstrip().endswith("KeyboardInterrupt")
    wait_for(lambda: not any(alive(pid) for pid in workers), 10)


def test_processes_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    process, workers = started("local", tmp_path)
    process.kill()
    process.communicate()
    wait_for(lambda: not any(alive(pid) for pid in workers), 10)


def test_spark_leaves_no_java_behind(tmp_path: Path) -> None:
    """In a process of its own: here, a session is open."""
    needs("pyspark", "java")
    script = tmp_path / "script.py"
    script.write_text(
        "from math import sqrt\nfrom bayesnet.learning.scale.engines import opened\nimport subprocess\n"
        "with opened('spark', jobs=2) as run:\n    print(sorted(run(sqrt, [4.0, 9.0])))\n"
        "print(subprocess.run(['pgrep', '-P', str(__import__('os').getpid()), 'java'], capture_output=True).stdout)\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout == "[2.0, 3.0]\nb''\n"
    assert run.stderr == ""
