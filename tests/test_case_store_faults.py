"""The case store when things go wrong: killed processes, races, and databases that cannot be used, told in one line."""

import itertools
import logging
import multiprocessing
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine, event, inspect, make_url
from sqlalchemy.engine import Engine
from stores import ENGINES, PASSWORD, empty_database, free_port, in_order, random_cases, server

import bayesnet
from bayesnet import DiagnosticModel
from bayesnet.errors import BadCases, BayesnetError, MissingExtra, StoreError
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.store import CaseStore, database, failures, schema, upgrade

NOBODY = 65534


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from empty_database(request.param, tmp_path)


@pytest.fixture
def k(model: DiagnosticModel) -> Knowledge:
    return model.knowledge


def told(work: Callable[[], object], *, about: str = "", kind: type[BayesnetError] = StoreError) -> str:
    """The one line that is said when `work` fails, which hides the password from everybody who looks."""
    with pytest.raises(kind) as caught:
        work()
    message = str(caught.value)
    assert "\n" not in message
    assert about in message
    seen, error = [], caught.value
    while error is not None:
        seen += [str(error), repr(error), repr(error.__dict__)]
        error = error.__cause__ or error.__context__
    assert not any(PASSWORD in text for text in seen)
    assert len(seen) == 3, "the driver's own exception hangs on"
    return message


# ---- many processes, one of them killed

SAVE = """
import sys
import pandas as pd
from bayesnet.learning.store import CaseStore

url, model, cases, acknowledged = sys.argv[1:]
cases = pd.read_pickle(cases)
with CaseStore(url) as store, open(acknowledged, "a") as out:
    for number in range(len(cases)):
        store.add(cases.iloc[[number]], model)
        print(cases["case_id"].iloc[number], file=out, flush=True)
"""


def test_every_acknowledged_case_is_there_once_though_a_process_is_killed(
    url: str, k: Knowledge, tmp_path: Path
) -> None:
    tables = [random_cases(k, 500, seed) for seed in range(4)]
    lists = [tmp_path / f"acknowledged{seed}" for seed in range(4)]
    for seed, table in enumerate(tables):
        table.to_pickle(tmp_path / f"cases{seed}")

    def start(seed: int) -> "subprocess.Popen[bytes]":
        arguments = [url, k.id, str(tmp_path / f"cases{seed}"), str(lists[seed])]
        return subprocess.Popen([sys.executable, "-c", SAVE, *arguments])

    workers = [start(seed) for seed in range(4)]
    wait_until(lambda: lists[0].exists() and lists[0].read_text().count("\n") >= 100)
    workers[0].send_signal(signal.SIGKILL)
    assert workers[0].wait() == -signal.SIGKILL
    assert all(worker.poll() is None for worker in workers[1:]), "the others had finished: nothing was tested"
    assert [worker.wait(120) for worker in workers[1:]] == [0, 0, 0]

    acknowledged = [path.read_text().split("\n")[:-1] for path in lists]
    assert 100 <= len(acknowledged[0]) < 500
    assert [len(names) for names in acknowledged[1:]] == [500, 500, 500]
    with CaseStore(url) as store:
        found = store.table(k)
        assert found["case_id"].is_unique
        assert {name for names in acknowledged for name in names} <= set(found["case_id"])
        assert len(found) - sum(map(len, acknowledged)) in (0, 1), "more than the one case it was saving when killed"
        everything = pd.concat(tables)
        pd.testing.assert_frame_equal(found, in_order(everything[everything["case_id"].isin(found["case_id"])]))
    # Started again, it saves what is missing, and nothing twice.
    assert start(0).wait(120) == 0
    with CaseStore(url) as store:
        pd.testing.assert_frame_equal(store.table(k), in_order(everything))


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_a_process_killed_in_the_middle_of_a_table_leaves_nothing_of_it(url: str, k: Knowledge, tmp_path: Path) -> None:
    with CaseStore(url) as store:
        store.add(random_cases(k, 5), k.id)
    random_cases(k, 500, seed=1).to_pickle(tmp_path / "cases")
    dying = f"""
import os, signal
import pandas as pd
from bayesnet.learning.store import CaseStore, saving
saving.BATCH = 100
add, turns = saving._add_batch, []
def add_batch(*arguments):
    turns.append(1)
    return add(*arguments) if len(turns) < 4 else os.kill(os.getpid(), signal.SIGKILL)
saving._add_batch = add_batch
CaseStore({url!r}).add(pd.read_pickle({str(tmp_path / "cases")!r}), {k.id!r})
"""
    assert subprocess.run([sys.executable, "-c", dying]).returncode == -signal.SIGKILL
    with CaseStore(url) as store:
        assert store.rows(k.id) == 5
        assert store.add(random_cases(k, 500, seed=1), k.id).new == 500


def in_processes(n: int, work: Callable[[int], None]) -> list[int | None]:
    """Fork n processes that begin at the same moment; their exit codes."""
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(n)

    def run(number: int) -> None:
        barrier.wait(30)
        work(number)

    processes = [fork.Process(target=run, args=(number,)) for number in range(n)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_six_processes_make_the_tables_at_once(
    url: str, k: Knowledge, journal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAL_IS_SAFE_FROM", (3, 0, 0) if journal == "wal" else (99, 0, 0))

    def start(number: int) -> None:
        with CaseStore(url) as store:
            store.add(random_cases(k, 1, seed=number), k.id)

    assert in_processes(6, start) == [0] * 6
    with CaseStore(url) as store:
        assert store.rows(k.id) == 6


def test_the_same_cases_saved_by_many_at_once_are_there_once(url: str, k: Knowledge) -> None:
    cases = random_cases(k, 300)
    CaseStore(url).close()

    def save(number: int) -> None:
        with CaseStore(url) as store:
            store.add(cases.sample(frac=1, random_state=number), k.id)

    assert in_processes(4, save) == [0] * 4
    with CaseStore(url) as store:
        pd.testing.assert_frame_equal(store.table(k), in_order(cases))


def test_a_forked_process_does_not_disturb_its_parent(url: str, k: Knowledge) -> None:
    with CaseStore(url) as store:
        store.add(random_cases(k, 5), k.id)

        def use(number: int) -> None:
            store.add(random_cases(k, 5, seed=number + 1), k.id)
            store.close()

        assert in_processes(3, use) == [0] * 3
        assert store.rows(k.id) == 20


def test_adopting_at_once_keeps_the_log_in_order(url: str) -> None:
    CaseStore(url).close()

    def toggle(number: int) -> None:
        with CaseStore(url) as store:
            for _ in range(10):
                store.adopt("m", None)
                with suppress(StoreError):
                    store.rollback("m")

    assert in_processes(3, toggle) == [0] * 3


# ---- the schema


def engine_of(url: str) -> Engine:
    return create_engine(make_url(url).set(drivername="postgresql+psycopg" if "postgres" in url else "sqlite"))


def test_migrations_make_the_tables_that_the_code_uses(url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    CaseStore(url).close()
    engine = engine_of(url)
    with engine.connect() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_head_that_is_looked_for() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(upgrade.MIGRATIONS)).get_current_head() == schema.HEAD


def test_a_store_that_is_up_to_date_opens_without_alembic(url: str) -> None:
    CaseStore(url).close()
    opened = f"import sys; from bayesnet.learning.store import CaseStore; CaseStore({url!r}); print('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", opened], capture_output=True, text=True).stdout == "False\n"


def execute(url: str, *statements: str) -> None:
    engine = engine_of(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def tables(url: str) -> list[str]:
    engine = engine_of(url)
    found = inspect(engine).get_table_names()
    engine.dispose()
    return found


def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    CaseStore(url).close()
    execute(url, f"UPDATE {schema.VERSION_TABLE} SET version_num = '0999'")
    for _ in range(2):
        assert "schema 0999; this one knows 0002" in told(lambda: CaseStore(url), about="written by a newer bayesnet")


def test_tables_of_something_else_are_refused_and_left_alone(url: str) -> None:
    execute(url, "CREATE TABLE cases (wine TEXT)", "INSERT INTO cases VALUES ('Riesling')")
    told(lambda: CaseStore(url), about="not a case store, but already has the tables cases")
    execute(url, "INSERT INTO cases VALUES ('Spätburgunder')")


def test_the_file_of_another_program_is_refused_though_no_name_is_taken(tmp_path: Path) -> None:
    execute(f"sqlite:///{tmp_path}/wine.db", "CREATE TABLE wine (name TEXT)")
    told(lambda: CaseStore(tmp_path / "wine.db"), about="already has the tables wine")


def test_a_migration_that_fails_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    index = op.create_index

    def fail(name: str, *rest: object) -> None:
        index(name, *rest) if name != "adoptions_by_model" else op.execute("SELECT nonsense")

    monkeypatch.setattr(op, "create_index", fail)
    told(lambda: CaseStore(url), about="nonsense")
    monkeypatch.undo()
    CaseStore(url).close()


CUT_SHORT = """
import os, signal, sys
from sqlalchemy import Engine, event
from bayesnet import CaseStore

left = [int(sys.argv[2])]

@event.listens_for(Engine, "after_cursor_execute")
def count(connection, cursor, statement, *rest):
    if statement.lstrip().startswith(("CREATE", "INSERT", "ALTER", "UPDATE")):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

CaseStore(sys.argv[1])
"""


def test_a_migration_that_is_killed_leaves_nothing_and_the_next_start_makes_it(url: str, k: Knowledge) -> None:
    def killed_after(statements: int) -> bool:
        done = subprocess.run([sys.executable, "-c", CUT_SHORT, url, str(statements)], check=False)
        assert done.returncode in {0, -signal.SIGKILL}
        assert bool(tables(url)) == (done.returncode == 0)
        return done.returncode != 0

    kills = list(itertools.takewhile(killed_after, itertools.count(0, 3)))
    assert len(kills) >= 3  # in the beginning, in the middle, near the end; and the last one was left to finish
    with CaseStore(url) as store:
        assert store.add(random_cases(k, 3), k.id).new == 3


# ---- files that cannot be used


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("dear diary, " * 500)
    told(
        lambda: CaseStore(tmp_path / "text.db"), about=f"{tmp_path}/text.db cannot be used: the file is not a database"
    )
    told(lambda: CaseStore(tmp_path), about="it is a folder, not a file")
    told(lambda: CaseStore(tmp_path / "no" / "where.db"), about=f"there is no folder {tmp_path}/no")
    told(lambda: CaseStore(tmp_path / "text.db" / "x.db"), about="there is no folder")


def test_a_damaged_file_is_told(tmp_path: Path, k: Knowledge) -> None:
    path = tmp_path / "cases.db"
    store = CaseStore(path)
    store.add(random_cases(k, 500), k.id)
    content = bytearray(path.read_bytes())
    content[8 * 4096 :] = b"\xff" * (len(content) - 8 * 4096)
    path.write_bytes(content)
    told(lambda: store.table(k), about="the file is damaged")


@contextmanager
def open_to_all() -> Iterator[Path]:
    """A folder that others than its owner can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, who may write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_file_can_be_read_and_says_why_it_is_not_written(k: Knowledge) -> None:
    with open_to_all() as folder:
        CaseStore(folder / "cases.db").add(random_cases(k, 5), k.id)
        (folder / "cases.db").chmod(0o444)
        with as_nobody():
            store = CaseStore(folder / "cases.db")
            assert store.rows(k.id) == 5
            told(lambda: store.add(random_cases(k, 5, seed=1), k.id), about="read-only")


def test_a_read_only_folder_is_told(k: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_to_all() as folder:
        folder.chmod(0o555)
        with as_nobody():
            told(lambda: CaseStore(folder / "cases.db"), about="no permission, or its folder is read-only")
            monkeypatch.delenv("BAYESNET_DATABASE_URL", raising=False)
            monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
            told(CaseStore, about="cannot be made: Permission denied")
        folder.chmod(0o755)
        CaseStore(folder / "cases.db").add(random_cases(k, 5), k.id)
        (folder / "cases.db").chmod(0o666)
        folder.chmod(0o555)
        with as_nobody():
            told(lambda: CaseStore(folder / "cases.db").delete_all(k.id), about="its folder is read-only")


def test_a_full_disk_is_told_and_nothing_is_stored(tmp_path: Path, k: Knowledge) -> None:
    store = CaseStore(tmp_path / "cases.db")
    store.add(random_cases(k, 5), k.id)

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 60").fetchone()

    event.listen(Engine, "connect", limit)
    try:
        told(lambda: store.add(random_cases(k, 5000, seed=1), k.id), about="the disk is full; nothing was saved")
    finally:
        event.remove(Engine, "connect", limit)
    assert store.rows(k.id) == 5


def test_a_locked_database_is_waited_for_and_then_told(url: str, k: Knowledge) -> None:
    with CaseStore(url, timeout=0.3) as store, holding(url):
        begin = time.monotonic()
        told(lambda: store.add(random_cases(k, 1), k.id), about="locked by another program; waited 0.3 s")
        assert 0.25 < time.monotonic() - begin < 5


def test_a_lock_that_is_released_in_time_is_no_error(url: str, k: Knowledge) -> None:
    with CaseStore(url, timeout=20) as store:
        with holding(url):
            saving = threading.Thread(target=lambda: store.add(random_cases(k, 1), k.id))
            saving.start()
            time.sleep(0.3)
            assert saving.is_alive()
        saving.join()
        assert store.rows(k.id) == 1


@contextmanager
def holding(url: str) -> Iterator[None]:
    """While another program has the cases for itself."""
    if "postgres" in url:
        import psycopg

        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE cases")
            yield
        return
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("COMMIT")
    other.close()


# ---- servers that cannot be used


def test_a_server_that_is_down_is_told() -> None:
    down = f"postgresql://tester:{PASSWORD}@127.0.0.1:{free_port()}/cases"
    assert "tester:***@127.0.0.1" in told(lambda: CaseStore(down), about="refused")
    told(lambda: CaseStore(f"postgresql://tester:{PASSWORD}@no.such.host.invalid/cases"), about="no.such.host.invalid")


def test_what_a_server_refuses_is_told() -> None:
    wrong = PASSWORD[::-1]
    message = told(lambda: CaseStore(server().url(password=wrong)), about="password authentication failed")
    assert wrong not in message
    told(lambda: CaseStore(server().url("no_such_database")), about='"no_such_database" does not exist')
    told(lambda: CaseStore(server().url() + "?nonsense=1"), about="nonsense")
    asked = server().url().replace(f":{PASSWORD}", "") + f"?password={PASSWORD}&sslmode=wrong"
    told(lambda: CaseStore(asked), about="sslmode")


def test_a_user_without_rights_is_told() -> None:
    for url in empty_database("postgres", Path()):
        name = make_url(url).database
        guest = url.replace("tester", f"guest_{name}")
        server().execute(f"CREATE USER guest_{name} PASSWORD '{PASSWORD}'")
        told(lambda guest=guest: CaseStore(guest), about="ask who runs the server for rights")
        server().execute(f"DROP USER guest_{name}")


def test_a_server_that_is_read_only_is_told(k: Knowledge) -> None:
    for url in empty_database("postgres", Path()):
        CaseStore(url).close()
        execute(url, f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on")
        with CaseStore(url) as store:
            told(lambda store=store: store.add(random_cases(k, 1), k.id), about="the server is read-only")
            assert store.rows(k.id) == 0


def test_a_server_that_was_away_is_found_again(k: Knowledge) -> None:
    for url in empty_database("postgres", Path()):
        with CaseStore(url) as store:
            store.add(random_cases(k, 5), k.id)
            server().stop()
            told(lambda store=store: store.rows(k.id), about="refused")
            server().start()
            assert store.rows(k.id) == 5


def end_sessions(_: object = None) -> None:
    server().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'")


def test_a_session_ended_by_the_server_is_replaced(k: Knowledge) -> None:
    for url in empty_database("postgres", Path()):
        with CaseStore(url) as store:
            end_sessions()
            assert store.add(random_cases(k, 5), k.id).new == 5


def test_a_session_ended_in_the_middle_of_saving_is_told_and_nothing_is_stored(k: Knowledge) -> None:
    for url in empty_database("postgres", Path()):
        with CaseStore(url) as store:
            event.listen(store._database._engine, "commit", end_sessions)
            told(lambda store=store: store.add(random_cases(k, 5), k.id), about="terminating connection")
            event.remove(store._database._engine, "commit", end_sessions)
            assert store.rows(k.id) == 0


def test_postgresql_without_its_driver_names_the_extra() -> None:
    without = "import sys; sys.modules['psycopg'] = None\nfrom bayesnet.learning.store import CaseStore\n"
    code = (
        without
        + "try: CaseStore('postgresql://h/d')\nexcept Exception as e: print(type(e).__name__, e.extra, e.__context__)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == f"{MissingExtra.__name__} postgres None\n"


# ---- addresses


@pytest.mark.parametrize(
    "given",
    [
        f"mysql://u:{PASSWORD}@h/d",
        f"postgresql+asyncpg://u:{PASSWORD}@h/d",
        f"nonsense://u:{PASSWORD}@h/d",
        f"postgresql://u:x@{PASSWORD}@h/d",
        f"postgresql://u/{PASSWORD}:x@h/d",
        f"postgresql://u:{PASSWORD}@h:port/d",
        f"postgresql:/u:{PASSWORD}@h/d",
        f"u:{PASSWORD}@h/d",
        "",
        "sqlite://",
        "sqlite:///:memory:",
        ":memory:",
        "sqlite:///file:x?mode=ro&uri=true",
        "://",
    ],
)
def test_an_address_that_is_none_is_refused_with_what_is_allowed(given: str, tmp_path: Path) -> None:
    told(lambda: CaseStore(given), about="Allowed: a path, sqlite:///PATH, or postgresql://USER:PASSWORD@HOST")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_name_of_postgresql_will_do_and_the_password_is_hidden(scheme: str) -> None:
    for url in empty_database("postgres", Path()):
        with CaseStore(url.replace("postgresql", scheme) + "?application_name=x") as store:
            assert store.where == url.replace(PASSWORD, "***")
            assert PASSWORD not in repr(store)


def test_a_password_of_special_characters_works_and_stays_hidden() -> None:
    strange = "a@b/c:d%e#f?g"
    server().execute(f"CREATE USER strange PASSWORD '{strange}' SUPERUSER")
    quoted = make_url(server().url(user="strange")).set(password=strange).render_as_string(hide_password=False)
    for url in empty_database("postgres", Path()):
        with CaseStore(quoted.replace("/postgres", f"/{make_url(url).database}")) as store:
            assert "strange:***@" in store.where
    server().execute("DROP USER strange")


def test_a_password_that_the_driver_repeats_is_hidden() -> None:
    from bayesnet.learning.store.address import find

    address = find(f"postgresql://u:{PASSWORD}@h/d?sslpassword=other-secret")
    said = failures.in_one_line(sqlite3.Error(f"no {PASSWORD}\nnor other-secret {{0}}"), address, 1)
    assert said == "the case store postgresql://u:***@h/d cannot be used: no *** nor *** {0}"


# ---- who else might tell


def test_no_log_shows_what_was_stored_or_the_password(url: str, k: Knowledge, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sqlalchemy"), CaseStore(url) as store:
        store.add(random_cases(k, 3), k.id)
        names = store.table(k)["case_id"].tolist()
        with suppress(BadCases):
            store.add(random_cases(k, 3).assign(certainty=0.123), k.id)
        store.label(names[0], ["dehydration"], [])
        store.delete(names)
    said = caplog.text
    assert "INSERT INTO cases" in said
    assert not any(name in said for name in (*names, PASSWORD))


def test_failures_can_be_sent_to_another_process() -> None:
    assert str(pickle.loads(pickle.dumps(StoreError("down")))) == "down"
    assert bayesnet.errors.StoreError is StoreError
