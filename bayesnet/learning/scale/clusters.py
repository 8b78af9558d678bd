"""Tasks on Dask and on Spark: clusters that are there already, or small ones started here."""

import importlib.util
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from bayesnet.errors import EngineError, MissingExtra
from bayesnet.learning.scale.engines import Run, deaf_children, told, untold

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 64
"""So many tasks are with a cluster at a time, or twice as many as it has cores: a million would choke its scheduler."""
RETRIES = 3
TIMEOUT = 10.0
"""Seconds to wait for a cluster to answer."""
ATTEMPTS = 3
PACKAGE = "bayesnet"
JAVA = "Spark needs Java 17 or later, and there is none; on Debian: apt-get install openjdk-17-jre-headless"


# ---- Dask


def on_dask(client: Any) -> Run:
    """Runs tasks on the workers of a `distributed.Client`; those of a worker that dies run again on others."""

    def run(function: Callable[[T], R], items: Sequence[T], /) -> Iterator[R]:
        from distributed import as_completed

        waiting, task = iter(items), partial(told, function)
        at_once = max(AT_ONCE, 2 * sum(client.nthreads().values()))
        running = as_completed(_submitted(client, task, islice(waiting, at_once)), raise_errors=False)
        try:
            for future in running:
                with _in_one_line("Dask"):
                    answer = future.result()
                running.update(_submitted(client, task, islice(waiting, 1)))
                future.release()
                yield untold(answer)
        finally:
            client.cancel(list(running.futures), force=True)

    return run


def _submitted(client: Any, task: Callable[[T], R], items: Iterator[T]) -> list[Any]:
    # Not pure: the same task writes its file again where it must. A wrapped exception is no failure, so nothing retries it.
    return [client.submit(task, item, pure=False, retries=RETRIES) for item in items]


@contextmanager
def dask(address: str | None, jobs: int) -> Iterator[Run]:
    """A client of the scheduler at an address, or of a cluster of so many processes here."""
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtra("the engine 'dask'", "dask") from None

    for name in ("distributed", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        if address is None:
            cluster = stack.enter_context(_started(partial(_local_cluster, jobs)))
        try:
            place = cluster if address is None else address
            client = stack.enter_context(_started(partial(Client, place, timeout=TIMEOUT)))
        except (OSError, TimeoutError, ValueError) as error:
            raise EngineError(f"the Dask scheduler at {address} does not answer: {_first_line(error)}") from None
        with _in_one_line("Dask"):
            _check_versions("Dask", list(client.run(version, PACKAGE).values()))
        yield on_dask(client)


def _local_cluster(jobs: int) -> Any:
    from distributed import LocalCluster

    with deaf_children():
        return LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )


def _started(make: Callable[[], T]) -> T:
    """A client or a cluster of Dask. Where its thread does not start within ten seconds, Dask merely asserts that it has."""
    for _ in range(ATTEMPTS):
        with suppress(AssertionError):
            return make()
    raise EngineError("Dask does not start; where a machine is too busy for it, it helps to try again later")


# ---- Spark


def on_spark(session: Any) -> Run:
    """Runs tasks on the executors of a `SparkSession`, in waves; those of an executor that dies run again on others."""
    return _on_context(session.sparkContext)


def _on_context(context: Any) -> Run:
    def run(function: Callable[[T], R], items: Sequence[T], /) -> Iterator[R]:
        task, size = partial(told, function), max(AT_ONCE, 2 * context.defaultParallelism)
        for start in range(0, len(items), size):
            wave = items[start : start + size]
            with _in_one_line("Spark"):
                answers = context.parallelize(wave, len(wave)).map(task).collect()
            for answer in answers:
                yield untold(answer)

    return run


@contextmanager
def spark(master: str | None, jobs: int) -> Iterator[Run]:
    """A session with a master, or here with so many tasks at a time."""
    if importlib.util.find_spec("pyspark") is None:
        raise MissingExtra("the engine 'spark'", "spark")
    if not shutil.which("java") and not Path(os.environ.get("JAVA_HOME", "/nowhere"), "bin", "java").is_file():
        raise EngineError(JAVA)
    _check_answers(master)
    # In local[n, 4] a task may fail four times, as on a cluster; in local[n] once.
    chosen = master or f"local[{jobs},{RETRIES + 1}]"
    with ExitStack() as stack:
        with _in_one_line("Spark"), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # about pandas, which Spark is not asked to use
            context = _context(chosen, stack)
            cores = context.defaultParallelism
            found = context.parallelize([PACKAGE] * cores, cores).map(version).collect()
        _check_versions("Spark", found)
        yield _on_context(context)


def _context(master: str, stack: ExitStack) -> Any:
    """A Spark context in a Java process of its own, which `stack` ends."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    conf = SparkConf().setMaster(master).setAppName("bayesnet").setAll(SETTINGS)
    if master.startswith("local"):
        conf.set("spark.driver.host", "127.0.0.1").set("spark.driver.bindAddress", "127.0.0.1")
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # Nobody listens to what it logs: what matters stands in errors.
    gateway = launch_gateway(conf, {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL})
    stack.callback(_end, gateway)
    on_interrupt = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None
    context = SparkContext(conf=conf, gateway=gateway)
    if on_interrupt is not None:
        # Spark's own answer to Ctrl-C talks to Java in the middle of a talk with Java, and fails in forty lines.
        signal.signal(signal.SIGINT, on_interrupt)
    stack.callback(context.stop)
    return context


def _end(gateway: Any) -> None:
    """Ends the Java process that a session ran in."""
    from pyspark import SparkContext

    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()
    SparkContext._gateway = SparkContext._jvm = None


MASTERS = r"local(\[\s*(\d+|\*)\s*(,\s*\d+\s*)?\])?\Z|local-cluster\[[\s\d]+,[\s\d]+,[\s\d]+\]\Z|yarn\Z|spark://|k8s://"
SETTINGS = [("spark.ui.enabled", "false"), ("spark.ui.showConsoleProgress", "false")]


def _check_answers(master: str | None) -> None:
    """Raises EngineError for what is no master, and where nobody listens at spark://host:port: Spark would try for a minute."""
    if master is not None and not re.match(MASTERS, master):
        raise EngineError(
            f"{master!r} is no Spark master; allowed: such as spark://host:7077, k8s://..., yarn or local[2]"
        )
    found = re.fullmatch(r"spark://([^:/,]+):(\d+)", master or "")
    if found:
        try:
            socket.create_connection((found[1], int(found[2])), timeout=TIMEOUT).close()
        except OSError as error:
            raise EngineError(f"the Spark master at {master} does not answer: {error.strerror or error}") from None


# ---- both


def own_version() -> str:
    """The version of this package here."""
    return version(PACKAGE)


def _check_versions(engine: str, found: Sequence[str]) -> None:
    own = own_version()
    if not found:
        raise EngineError(f"the {engine} cluster has no workers; start some")
    others = sorted({other for other in found if other != own})
    if others:
        raise EngineError(
            f"workers of {engine} have bayesnet {', '.join(others)}, and this is {own}; install the same on all"
        )


@contextmanager
def _in_one_line(engine: str) -> Iterator[None]:
    """What an engine says of its troubles, in one line."""
    try:
        yield
    except Exception as error:
        said = str(error)
        if "PackageNotFoundError" in f"{type(error).__name__} {said}" or "No module named 'bayesnet" in said:
            raise EngineError(
                f"the workers of {engine} have no bayesnet; install this version of it on all of them"
            ) from None
        raise EngineError(f"{engine} cannot run the tasks: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    """What went wrong: of Spark's pages, the line with the Python error, or why the job was given up, or Java's own."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"\w*(Error|Exception): ", line)]
    telling += [line for line in lines if "Job aborted due to stage failure" in line]
    telling += [line.removeprefix(": ") for line in lines if line.startswith(": ")]
    return (telling or lines or [type(error).__name__])[0][:300]
