"""Databases for the tests of the case store: SQLite files, and a real PostgreSQL server that is started on first use."""

import atexit
import functools
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, make_url

from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.table import MODEL_VERSION
from bayesnet.learning.store.upgrade import MIGRATIONS

PASSWORD = "geheim-7f3a"
FIRST_EDITION = Path(__file__).parent / "stores" / "first_edition.sql"
ENGINES = ("sqlite", "postgres")


class Server:
    """A PostgreSQL server of our own on 127.0.0.1, which wants a password."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="bayesnet-postgres-"))
        self.port = free_port()
        (self.folder / "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (self.folder, self.folder / "password"):
                shutil.chown(path, "postgres", "postgres")
        self._run("initdb", "-D", self._data, "-U", "tester", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8",
                  f"--pwfile={self.folder}/password")  # fmt: skip
        self.start()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        # Clients are killed here, the machine is not: nothing needs to reach the disk.
        options = f"-c fsync=off -c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder}"
        self._run("pg_ctl", "-w", "-D", self._data, "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-D", self._data, "-m", "immediate", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str) -> None:
        # PostgreSQL refuses to run as root.
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*user, str(self.programs / program), *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", text=True)
        assert done.returncode == 0, done.stderr

    def url(self, database: str = "postgres", user: str = "tester", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str) -> None:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@functools.cache
def server() -> Server:
    """The server of this test run. Skips where there is no PostgreSQL, but not where CI is set."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs and not os.environ.get("CI"):
        pytest.skip("no PostgreSQL on this machine: apt-get install postgresql")
    assert programs, "CI needs PostgreSQL: apt-get install postgresql"
    started = Server(programs[-1])
    atexit.register(started.remove)
    return started


def empty_database(engine: str, folder: Path) -> Iterator[str]:
    """The URL of a database in which nothing is yet; it is gone afterwards."""
    if engine == "sqlite":
        yield f"sqlite:///{folder}/cases.db"
        return
    name = f"test_{uuid.uuid4().hex}"
    server().execute(f"CREATE DATABASE {name}")
    yield server().url(name)
    server().execute(f"DROP DATABASE {name} WITH (FORCE)")


def first_edition(url: str) -> sqlite3.Connection:
    """Fills an empty database with a case store as a program with version 1.0 of the model made it; gives that one itself."""
    from alembic import command
    from alembic.config import Config

    made = sqlite3.connect(":memory:" if "postgres" in url else url.removeprefix("sqlite:///"))
    made.executescript(FIRST_EDITION.read_text(encoding="utf-8"))
    if "postgres" in url:
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(MIGRATIONS))
            command.upgrade(config, "0001")
            for table in ("model_versions", "adoptions", "cases"):
                rows = made.execute(f"SELECT * FROM {table}").fetchall()
                places = ", ".join(["%s"] * len(rows[0]))
                connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({places})", rows)
            connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('adoptions', 'number'), 1)")
        engine.dispose()
    return made


def random_cases(knowledge: Knowledge, n: int, seed: int = 0, distinct: int | None = None) -> pd.DataFrame:
    """A case table with gaps, labels, times and counts of all sorts; its rows repeat `distinct` patterns if given."""
    rng = np.random.default_rng(seed)
    patterns = distinct or n
    pick = rng.integers(patterns, size=n) if distinct else np.arange(n)
    causes = [*knowledge.causes, *(name for name in knowledge.headings if name not in knowledge.causes)]
    some = np.array(["", causes[0], f"{causes[1]};{causes[2]}", causes[-1]])
    moments = 1_700_000_000_000_000 + rng.integers(10**12, size=n)
    columns = {
        "case_id": pd.Series([f"{seed}-{number:06d}-{rng.integers(10**9)}" for number in range(n)], dtype="str"),
        "recorded_at": pd.Series(moments.astype("datetime64[us]")).dt.tz_localize("UTC"),
        "origin": pd.Series(rng.choice(["dashboard", "import", "simulated"], n), dtype="str"),
        knowledge.outcome.id: pd.Series(rng.choice(["no", "yes"], patterns)[pick], dtype="str"),
    }
    for question in knowledge.questions.values():
        states = pd.Index([state.id for state in question.states])
        codes = rng.integers(-1, len(states), patterns)[pick]
        columns[question.id] = pd.Series(pd.Categorical.from_codes(codes, categories=states))
    columns["triggered"] = pd.Series(rng.choice(some, patterns)[pick], dtype="str")
    columns["ruled_out"] = pd.Series(rng.choice(some, patterns)[pick], dtype="str")
    columns["certainty"] = pd.Series(rng.choice([1.0, 0.5, 0.1 + 0.2], patterns)[pick])
    columns["count"] = pd.Series(rng.choice([0, 1, 1, 1, 7], n)).astype("int64")
    table = pd.DataFrame(columns)
    table.attrs[MODEL_VERSION] = knowledge.version
    return table


def in_order(cases: pd.DataFrame) -> pd.DataFrame:
    """As the store gives cases back: the oldest first."""
    return cases.sort_values(["recorded_at", "case_id"], ignore_index=True)
