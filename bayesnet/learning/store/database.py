"""The wall to the database: connections, transactions, and failures told as StoreError.

Failures are raised after the driver's exception has gone, so that none hangs on to it and what it may hold.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from bayesnet.errors import MissingExtra, StoreError
from bayesnet.learning.store.address import Address
from bayesnet.learning.store.failures import in_one_line

Result = TypeVar("Result")

WAL_IS_SAFE_FROM = (3, 51, 3)
"""Older SQLite can corrupt a write-ahead log with several writers (sqlite.org, the WAL-reset bug)."""


class Database:
    """Runs work in one transaction each: done as a whole or not at all. Safe to share between threads.

    A process forked from this one opens connections of its own. `timeout`: seconds to wait for locks.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self.address, self.timeout = address, timeout
        self._engine = _sqlite(address, timeout) if address.path else _postgres(address, timeout)
        self._errors = (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error, UnicodeError)
        self._process = os.getpid()

    @property
    def on_a_server(self) -> bool:
        """Whether this is PostgreSQL."""
        return self.address.path is None

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, from one consistent look at the database."""
        return self._told(lambda: self._in_transaction(work, "BEGIN"))

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, once all that it wrote is safely stored."""
        # Locked from the start: SQLite refuses at once, whatever the timeout, to turn a reader into a second writer.
        return self._told(lambda: self._in_transaction(work, "BEGIN IMMEDIATE"))

    def alone(self, *statements: str) -> list[Any]:
        """Run statements that allow no transaction around them; the first value that each gave."""
        return self._told(lambda: self._without_transaction(statements))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _told(self, work: Callable[[], Result]) -> Result:
        if os.getpid() != self._process:
            # The parent still uses the connections that came along; closing them here would end its sessions.
            self._engine.dispose(close=False)
            self._process = os.getpid()
        try:
            return work()
        except self._errors as error:
            failure = in_one_line(error, self.address, self.timeout)
        raise StoreError(failure)

    def _in_transaction(self, work: Callable[[Connection], Result], begin: str) -> Result:
        with self._engine.connect().execution_options(begin=begin) as connection, connection.begin():
            return work(connection)

    def _without_transaction(self, statements: tuple[str, ...]) -> list[Any]:
        with closing(self._engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            found = []
            for statement in statements:
                cursor.execute(statement)
                found.append((cursor.fetchone() or (None,))[0] if cursor.description else None)
            return found


def _postgres(address: Address, timeout: float) -> Engine:
    try:
        engine = create_engine(
            address.url,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_timeout=timeout,
            connect_args={"connect_timeout": max(2, min(10, round(timeout)))},
        )
    except ImportError:
        engine = None
    if engine is None:
        raise MissingExtra("the case store on PostgreSQL", "postgres")

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.execute(f"SET lock_timeout = {round(timeout * 1000)}")
        connection.commit()

    return engine


def _sqlite(address: Address, timeout: float) -> Engine:
    # A connection per transaction: nothing is left open that a fork could share or that keeps a lock.
    engine = create_engine(
        address.url,
        hide_parameters=True,
        poolclass=NullPool,
        connect_args={"timeout": timeout, "isolation_level": None, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options()["begin"])

    return engine


def choose_journal(database: Database) -> None:
    """Let SQLite keep a write-ahead log where it is safe, else a plain rollback journal."""
    wanted = "wal" if sqlite3.sqlite_version_info >= WAL_IS_SAFE_FROM else "delete"
    if database.on_a_server or database.alone("PRAGMA journal_mode")[0] == wanted:
        return
    try:
        database.alone(f"PRAGMA journal_mode = {wanted}")
    except StoreError:
        # Busy, or read-only. A rollback journal that stays is just as safe, only slower; a log that stays is not.
        if wanted == "delete":
            raise
