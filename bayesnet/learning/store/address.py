"""Where a case store lies: a path or URL, read without ever repeating a password."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url

from bayesnet.errors import StoreError
from bayesnet.learning.place import VARIABLE, own_file

ALLOWED = "Allowed: a path, sqlite:///PATH, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
POSTGRES = ("postgres", "postgresql", "postgresql+psycopg")
SQLITE = ("sqlite", "sqlite+pysqlite")


@dataclass(frozen=True)
class Address:
    """A database's URL for SQLAlchemy, and `where` it is in words. `path`: the file of SQLite, None for a server."""

    url: URL
    where: str
    path: Path | None = None

    def without_secrets(self, text: str) -> str:
        """The text with anything hidden that is a password of this address."""
        secrets = [str(value) for key, value in self.url.query.items() if "password" in key.lower()]
        for secret in (self.url.password, *secrets):
            text = text.replace(str(secret), "***") if secret else text
        return text


def find(given: str | os.PathLike[str] | None) -> Address:
    """The address given, else the one in BAYESNET_DATABASE_URL, else cases.db among the user's own data.

    Raises StoreError for what is no such address.
    """
    if given is None:
        given = os.environ.get(VARIABLE, "").strip() or _own_file()
    text = os.fspath(given).strip()
    if "://" not in text:
        return _file(text)
    try:
        url = make_url(text)
    except Exception:
        url = None
    # What make_url cannot read, or splits at the wrong "@", may hold parts of a password: not a word of it is repeated.
    if url is None or "@" in f"{url.host}{url.database if url.drivername not in SQLITE else ''}":
        raise StoreError(
            "the database URL cannot be read; special characters in its user or password are written"
            f" as %40 for @, %2F for /, %3A for : and so on. {ALLOWED}"
        )
    if url.drivername in SQLITE:
        return _file(url.database or "")
    if url.drivername not in POSTGRES:
        raise StoreError(f"databases of the kind {url.drivername!r} are not supported. {ALLOWED}")
    shown = url.set(drivername="postgresql", query={})
    return Address(url.set(drivername="postgresql+psycopg"), shown.render_as_string(hide_password=True))


def _file(text: str) -> Address:
    if not text or text == ":memory:" or text.startswith("file:") or "\0" in text:
        raise StoreError(f"a case store needs a file or a server, not {text!r}. {ALLOWED}")
    if "@" in text and ":" in text and not Path(text).exists():
        raise StoreError(f"the database address looks like a URL, but has no '://'. {ALLOWED}")
    path = Path(text).expanduser().absolute()
    return Address(URL.create("sqlite+pysqlite", database=str(path)), str(path), path)


def _own_file() -> Path:
    file, failure = own_file(), ""
    folder = file.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        failure = error.strerror or str(error)
    if failure:
        raise StoreError(f"the folder of the case store, {folder}, cannot be made: {failure}")
    return file
