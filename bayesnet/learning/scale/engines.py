"""Where many small tasks run: in this process, on processes of this machine, on Dask, on Spark.

A `Run` is all that the rest of the package knows of an engine; the builtin `map` is the simplest one.
"""

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import get_context, parent_process, resource_tracker
from typing import Any, Protocol, TypeVar

from bayesnet.errors import EngineError, nearest

T = TypeVar("T")
R = TypeVar("R")

DEATHS = 3
"""So often in a row workers may die before any of them has finished a task."""


class Run(Protocol):
    """Applies a function to every item and yields the results as they arrive, in any order; both must be picklable.

    An exception of the function arrives as itself, and ends the run; so does closing the iterator.
    """

    def __call__(self, function: Callable[[T], R], items: Sequence[T], /) -> Iterator[R]:
        """The results."""


@contextmanager
def running(run: Run, function: Callable[[T], R], items: Sequence[T]) -> Iterator[Iterator[R]]:
    """The results of a run, which ends with the `with`: also where it is the one who takes them that stops."""
    results = run(function, items)
    try:
        yield results
    finally:
        if isinstance(results, Generator):
            results.close()


@contextmanager
def opened(engine: str = "local", address: str | None = None, jobs: int | None = None) -> Iterator[Run]:
    """An engine for the time of a `with`; whatever was started for it is gone afterwards.

    `engine` is "local" (processes of this machine; with one job, this process itself), "dask" or "spark". `address` names a
    cluster that is there already: tcp://host:8786 (Dask), spark://host:7077 or any master that Spark knows; without one, dask
    and spark start their own on this machine. `jobs`, of at least 1, is how many tasks run here at the same time; by default
    one per CPU that this process may use.

    Raises EngineError for an unknown engine, options that do not go together, a cluster that does not answer, has no workers
    or ones without this version of the package, and where Java is missing; MissingExtra where Dask or Spark is.
    """
    engines: dict[str, Callable[[str | None, int], AbstractContextManager[Run]]] = {
        "local": _local,
        "dask": _dask,
        "spark": _spark,
    }
    if engine not in engines:
        raise EngineError(f"unknown engine {engine!r}{nearest(engine, engines)}")
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise EngineError(f"jobs must be a whole number of at least 1, not {jobs!r}")
    if address is not None and engine == "local":
        raise EngineError("the engine 'local' has no address; dask and spark have")
    if address is not None and "@" in address:
        raise EngineError("the address of an engine takes no user and no password")  # not a word of them is repeated
    if address is not None and jobs is not None:
        raise EngineError("jobs are for this machine; a cluster at an address has the workers that it has")
    with engines[engine](address, jobs or usable_cpus()) as run:
        yield run


@contextmanager
def _local(_: str | None, jobs: int) -> Iterator[Run]:
    yield map if jobs == 1 else on_processes(jobs)


def _dask(address: str | None, jobs: int) -> AbstractContextManager[Run]:
    from bayesnet.learning.scale.clusters import dask

    return dask(address, jobs)


def _spark(address: str | None, jobs: int) -> AbstractContextManager[Run]:
    from bayesnet.learning.scale.clusters import spark

    return spark(address, jobs)


def usable_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_processes(jobs: int) -> Run:
    """Runs tasks on so many processes of this machine.

    Where one dies (killed for its memory, say), its tasks run again on new ones. They go when the run ends, and when this
    process does. Raises EngineError where they die again and again.
    """
    if jobs < 1:
        raise EngineError(f"jobs must be a whole number of at least 1, not {jobs!r}")

    def run(function: Callable[[T], R], items: Sequence[T], /) -> Iterator[R]:
        left, deaths = dict(enumerate(items)), 0
        while left:
            try:
                for number, result in _on_one_pool(jobs, function, left):
                    del left[number]
                    deaths = 0
                    yield result
            except BrokenProcessPool:
                deaths += 1
                if deaths == DEATHS:
                    raise EngineError(
                        f"{DEATHS} times a process died before it had finished a task. A script starts processes "
                        f"under `if __name__ == '__main__':`; else, is there memory for {jobs}? Fewer --jobs need less"
                    ) from None

    return run


def _on_one_pool(jobs: int, function: Callable[[T], R], items: dict[int, T]) -> Iterator[tuple[int, R]]:
    """Results with the numbers of their items. Raises BrokenProcessPool where a process dies."""
    pool = ProcessPoolExecutor(min(jobs, len(items)), get_context("spawn"), _end_with_parent)
    waiting = iter(list(items.items()))
    running: dict[Future[R], int] = {}
    try:
        while True:
            # No more than are soon run: their results would wait in memory.
            while len(running) < 2 * jobs and (item := next(waiting, None)) is not None:
                with deaf_children():
                    running[pool.submit(function, item[1])] = item[0]
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
    finally:
        for worker in list((pool._processes or {}).values()):  # kill_workers(), from Python 3.14 on
            worker.kill()
        pool.shutdown(wait=True, cancel_futures=True)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for tasks for ever."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def deaf_children() -> Iterator[None]:
    """Processes that are started within do not hear Ctrl-C: it is this process that ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its own start would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def told(function: Callable[[T], R], item: T) -> tuple[bool, Any]:
    """(True, result), or (False, exception): so that a cluster neither repeats a task that failed for good nor wraps why."""
    try:
        return True, function(item)
    except Exception as error:
        return False, error


def untold(answer: tuple[bool, Any]) -> Any:
    """The result. Raises the exception if it is one."""
    worked, found = answer
    if not worked:
        raise found
    return found
