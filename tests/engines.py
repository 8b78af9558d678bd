"""Engines to test with: processes, a Dask scheduler with two worker processes, and Spark with two executors."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bayesnet.learning.scale.engines import Run, on_processes, opened

SPARK = "local-cluster[2,1,1024]"
ENGINES = ("map", "processes", "dask", "spark")
CLUSTERS = ENGINES[1:]
HERE = {"PYTHONPATH": str(Path(__file__).parent)}
"""So that workers find the functions of test modules."""


def needs(package: str, *programs: str) -> None:
    """Skips where something is missing that CI must have."""
    missing = [name for name in programs if not shutil.which(name)]
    if importlib.util.find_spec(package) is None:
        missing.append(package)
    if missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert not missing, f"CI must have {missing}"


@contextmanager
def dask_scheduler(folder: Path, workers: int = 2, **environment: str) -> Iterator[str]:
    """The address of a scheduler with so many worker processes, of one thread each and without a nanny."""
    needs("distributed")
    file = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    quiet = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "env": os.environ | HERE | environment,
        "cwd": folder,
    }
    started = [
        subprocess.Popen(
            [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file],
            **quiet,
        )
    ]
    try:
        wait_for(file.exists)
        for _ in range(workers):
            worker = [*dask, "worker", "--scheduler-file", file, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
            started.append(subprocess.Popen(worker, **quiet))
        from distributed import Client

        with Client(scheduler_file=str(file), timeout=20, set_as_default=False) as client:
            if workers:
                client.wait_for_workers(workers, timeout=30)
            address = client.scheduler.address
        yield address
    finally:
        for process in started:
            process.kill()
            process.wait()


def wait_for(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def spark_run() -> Iterator[Run]:
    """Tasks on Spark with two executor processes; starting them takes ten seconds."""
    needs("pyspark", "java")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", HERE["PYTHONPATH"])
        with opened("spark", SPARK) as run:
            yield run


@pytest.fixture
def run_on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    """A function from the name of an engine to what runs tasks on it."""
    with ExitStack() as stack:

        def started(engine: str) -> Run:
            if engine == "dask":
                address = stack.enter_context(dask_scheduler(tmp_path))
                return stack.enter_context(opened("dask", address))
            if engine == "spark":
                return request.getfixturevalue("spark_run")
            return map if engine == "map" else on_processes(2)

        yield started


def killing_one(run: Run, marker: Path, executor: bool = False) -> Run:
    """The same, but the first task that is begun kills its worker with SIGKILL; with `executor`, Spark's whole executor."""

    def killed(function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        return run(partial(die_once, str(marker), executor, function), items)

    return killed


def die_once(marker: str, executor: bool, function: Callable[[Any], Any], item: Any) -> Any:
    try:
        Path(marker).touch(exist_ok=False)
    except FileExistsError:
        return function(item)
    # A Python worker of Spark is a child of a daemon, and that of the executor's Java.
    die(parent_of(parent_of(os.getpid())) if executor else os.getpid())
    return None


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def die(pid: int | None = None) -> None:
    os.kill(pid or os.getpid(), signal.SIGKILL)
    time.sleep(60)
