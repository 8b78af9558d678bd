"""Many people at once: `python tests/benchmarks/load.py` starts a dashboard, visits it, and prints what the server took.

Twenty visitors, each with an answer every two seconds, for five minutes (--seconds); then the same again for a minute, to see
whether memory is given back; then fifty that open the page at the same moment. A visitor speaks the dashboard's own protocol
over the loopback, without a browser, so that what is measured is the server. It keeps all that it is told, and checks it.
"""

import argparse
import asyncio
import os
import random
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

import bayesnet
from bayesnet.knowledge.schema import Question, State
from bayesnet.learning.place import VARIABLE

T = TypeVar("T")
AT_ONCE, PAUSE = 20, 2.0
CROWD = 50
HOME = "127.0.0.1"
PATIENCE = 60.0
"""Seconds that a visitor waits for an answer of the server before it counts as lost."""


@dataclass
class Visitor:
    """One session: the widgets that it was shown, what it answered, and how long the server took each time, in seconds."""

    connection: ClientConnection
    widgets: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    clicked: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    async def look(self, page: str = "") -> float:
        """Opens a page; the seconds until all of it was there."""
        self.texts.clear()
        return await self._rerun({}, page)

    async def answer(self, question: Question, state: State) -> None:
        """Answers a question in the list of all: a browser sends the label of what was clicked."""
        self.answers[question.id] = state.id
        self.clicked[f"all:{question.id}"] = state.label
        self.took.append(await self._rerun(self.clicked))

    async def _rerun(self, values: Mapping[str, str], page: str = "") -> float:
        asked = BackMsg()
        asked.rerun_script.page_name = page
        asked.rerun_script.query_string = urlencode(self.shown)
        for name, value in values.items():
            state = asked.rerun_script.widget_states.widgets.add()
            state.id = self.widgets[name]
            state.string_array_value.data.append(value)
        start = time.perf_counter()
        await self.connection.send(asked.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while not self._finished(ForwardMsg.FromString(bytes(await self.connection.recv(decode=False)))):
                pass
        return time.perf_counter() - start

    def _finished(self, message: ForwardMsg) -> bool:
        element = message.delta.new_element
        if element.WhichOneof("type") == "button_group":
            widget = element.button_group.id
            self.widgets[re.sub(r":\d+$", "", widget.split("-", 2)[-1])] = widget  # whichever turn of it this is
        elif element.WhichOneof("type") == "exception":
            self.errors.append(element.exception.message)
        elif element.WhichOneof("type") in ("markdown", "alert", "heading"):
            self.texts.append(getattr(element, str(element.WhichOneof("type"))).body)
        if message.WhichOneof("type") == "page_info_changed":
            self.shown = dict(parse_qsl(message.page_info_changed.query_string))
        return message.WhichOneof("type") == "script_finished"


async def visit(address: str, seconds: float, seed: int, all_here: asyncio.Barrier) -> Visitor:
    """A visitor who answers at random every PAUSE seconds for so long, once all have their page.

    Raises TimeoutError where the server is silent.
    """
    draw = random.Random(seed)
    questions = bayesnet.load().knowledge.questions
    async with connect(_socket(address), subprotocols=["streamlit"], max_size=None, compression=None) as connection:  # type: ignore[list-item]
        visitor = Visitor(connection)
        await visitor.look()
        await all_here.wait()  # how long pages take that are opened at once is measured by the crowd
        await asyncio.sleep(draw.random() * PAUSE)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.monotonic()
            question = draw.choice(list(questions.values()))
            await visitor.answer(question, draw.choice(question.states))
            await asyncio.sleep(max(0.0, begun + PAUSE - time.monotonic()))
    return visitor


async def visits(address: str, n: int, seconds: float) -> list[Visitor]:
    """So many visitors at the same time."""
    all_here = asyncio.Barrier(n)
    return list(await asyncio.gather(*(visit(address, seconds, seed, all_here) for seed in range(n))))


async def crowd(address: str, n: int) -> list[float]:
    """So many that open the page at the same moment; the seconds after which each has all of it."""

    async def one() -> float:
        async with connect(_socket(address), subprotocols=["streamlit"], max_size=None, compression=None) as connection:  # type: ignore[list-item]
            visitor = Visitor(connection)
            took = await visitor.look()
            assert f"all:{next(iter(bayesnet.load().knowledge.questions))}" in visitor.widgets
            assert not visitor.errors, visitor.errors
            return took

    return list(await asyncio.gather(*(one() for _ in range(n))))


def run(visits: Coroutine[Any, Any, T]) -> T:
    """Runs them to their end in a thread: a browser of Playwright may have an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, visits).result()


def _socket(address: str) -> str:
    return f"{address.replace('http', 'ws', 1)}/_stcore/stream"


def percentile(times: Sequence[float], share: float) -> float:
    """The time within which this share of the answers came."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def lost(visitors: Sequence[Visitor]) -> list[str]:
    """What went wrong: errors on a page, and answers that the page does not show."""
    wrong = [error for visitor in visitors for error in visitor.errors]
    return wrong + [f"{v.answers} became {v.shown}" for v in visitors if v.answers != v.shown]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for(address: str) -> None:
    """Until a dashboard answers, at most half a minute."""
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"no dashboard at {address}")


@contextmanager
def dashboard(folder: Path, *options: str, host: str = HOME, **variables: str) -> Iterator[tuple[str, psutil.Process]]:
    """A dashboard of its own, and its process; with options, another address and more environment variables, if given."""
    port = free_port()
    command = [Path(sys.executable).with_name("bayesnet"), "dashboard", "--port", str(port), "--no-browser", *options]
    if host != HOME:
        command += ["--address", host]
    environment = {**os.environ, "HOME": str(folder), VARIABLE: str(folder / "cases.db"), **variables}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://{host}:{port}"
    try:
        wait_for(address)
        yield address, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(10)


def megabytes(process: psutil.Process) -> float:
    """What a process and its children hold."""
    every = (process, *process.children(recursive=True))
    return sum(one.memory_info().rss for one in every) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    seconds = parser.parse_args().seconds
    with TemporaryDirectory() as folder, dashboard(Path(folder)) as (address, process):
        asyncio.run(visits(address, 2, 10))  # what is made once, is made now
        before = megabytes(process)
        visitors = asyncio.run(visits(address, AT_ONCE, seconds))
        between = megabytes(process)
        times = [took for visitor in visitors for took in visitor.took]
        print(f"{AT_ONCE} visitors, {len(times):,} answers in {seconds:.0f} s: ", end="")
        for share in (0.5, 0.95, 0.99):
            print(f"p{share * 100:.0f} {percentile(times, share) * 1000:.0f} ms, ", end="")
        print(f"longest {max(times) * 1000:.0f} ms; lost or wrong: {len(lost(visitors))}")
        again = asyncio.run(visits(address, AT_ONCE, min(60.0, seconds)))
        after = megabytes(process)
        print(
            f"memory: {before:.0f} MB before, {between:.0f} MB after them ({(between - before) / AT_ONCE:+.2f} MB a visitor), "
            f"{after:.0f} MB after {AT_ONCE} more ({(after - between) / AT_ONCE:+.2f}); lost or wrong: {len(lost(again))}"
        )
        opened = asyncio.run(crowd(address, CROWD))
        print(
            f"{CROWD} at once: all got the page, half within {percentile(opened, 0.5):.1f} s, the last in {max(opened):.1f} s"
        )
        log = (Path(folder) / "log").read_text()
        print(f"errors in the log: {sum(word in log for word in ('Traceback', 'Error'))}")


if __name__ == "__main__":
    main()
