"""Brings a database to the newest schema at start: once, however many processes start together."""

import os
import threading
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table, text

from bayesnet.errors import StoreError
from bayesnet.learning.store.database import Database, choose_journal
from bayesnet.learning.store.schema import HEAD, VERSION_TABLE, metadata

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x6261796573_6E6574
"""Any number will do, as long as it is always the same: "bayesnet" in ASCII."""
# Alembic keeps what it works on in module globals.
_one_at_a_time = threading.Lock()


def prepare(database: Database) -> None:
    """Make or upgrade the tables, if that is needed. Raises StoreError for a newer schema and for foreign databases."""
    with _one_at_a_time:
        _make_file(database)
        if database.read(_revision) != HEAD:
            choose_journal(database)
            database.write(lambda connection: _upgrade(connection, database))
        else:
            choose_journal(database)


def _make_file(database: Database) -> None:
    """A new file is for its owner's eyes only. What stands in the way of making one, SQLite will meet and tell."""
    path = database.address.path
    if path is not None and not path.exists():
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except OSError:
            return


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))


def _upgrade(connection: Connection, database: Database) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    if database.on_a_server:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    found, where = _revision(connection), database.address.where
    if found == HEAD:
        return
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"the case store {where} was written by a newer bayesnet (schema {found}; this one knows {HEAD} and older):"
            " update bayesnet, or name another database"
        )
    tables = inspect(connection).get_table_names()
    # Programs share a server's database, but a file is one program's own.
    foreign = sorted(set(tables) & set(metadata.tables)) if database.on_a_server else tables
    if found is None and foreign:
        raise StoreError(
            f"the database {where} is not a case store, but already has the tables {', '.join(foreign[:5])}:"
            " name another database"
        )
    command.upgrade(config, "head")
