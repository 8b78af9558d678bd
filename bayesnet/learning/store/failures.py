"""What a database driver said, as one readable line."""

import os
import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, TimeoutError

from bayesnet.learning.store.address import Address

_SQLITE = {
    sqlite3.SQLITE_BUSY: "it is locked by another program; waited {timeout:g} s",
    sqlite3.SQLITE_LOCKED: "it is locked by another program; waited {timeout:g} s",
    sqlite3.SQLITE_READONLY: "it cannot be written: the file or its folder is read-only",
    sqlite3.SQLITE_NOTADB: "the file is not a database of cases",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_FULL: "the disk is full; nothing was saved",
    sqlite3.SQLITE_IOERR: "the file could not be read or written (disk I/O error); is the disk full?",
    sqlite3.SQLITE_PERM: "no permission to read the file",
}
_POSTGRES = {
    "55P03": "it is locked by another program; waited {timeout:g} s",
    "53100": "the disk of the server is full; nothing was saved",
    "25006": "it cannot be written: the server is read-only",
    "42501": "the user may not do this; ask who runs the server for rights on the database",
}


def in_one_line(error: Exception, address: Address, timeout: float) -> str:
    """What went wrong and where, without a password."""
    if isinstance(error, TimeoutError):
        said = f"it is too busy: no free connection within {timeout:g} s"
    else:
        driver = error.orig if isinstance(error, DBAPIError) and isinstance(error.orig, Exception) else error
        said = _known(driver, address).format(timeout=timeout) or _quoted(driver, address)
    return f"the case store {address.where} cannot be used: {said}"


def _known(driver: Exception, address: Address) -> str:
    if address.path is None:
        return _POSTGRES.get(getattr(driver, "sqlstate", None) or "", "")
    # The low byte is the kind of error; the rest says more than anybody needs.
    code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
    return _cannot_open(address.path) if code == sqlite3.SQLITE_CANTOPEN else _SQLITE.get(code, "")


def _cannot_open(path: Path) -> str:
    if os.access(path.parent, os.X_OK) and path.is_dir():
        return "it is a folder, not a file"
    if os.access(path.parent.parent, os.X_OK) and not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    return "the file cannot be opened: no permission, or its folder is read-only"


def _quoted(driver: Exception, address: Address) -> str:
    """The driver's own words on one line, braces and passwords apart."""
    return address.without_secrets(" ".join(str(driver).split()))[:500] or type(driver).__name__
