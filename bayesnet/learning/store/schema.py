"""The tables of the case store as they are now. `migrations` makes them, step by step; a test compares the two."""

import time

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text
from sqlalchemy.dialects import postgresql

HEAD = "0002"
"""The newest revision in `migrations/versions`."""
VERSION_TABLE = "case_store_schema"
"""Where the revision of a database is noted: a name of our own, since a server's database may be shared."""

# Ordered by bytes everywhere, so that both engines sort alike and no server's locale decides what comes first.
Code = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
# Microseconds since 1970 in UTC: the one form of a time that both engines keep exactly and compare as it is.
Moment = BigInteger

metadata = MetaData()

cases = Table(
    "cases",
    metadata,
    Column("case_id", Code, primary_key=True),
    Column("model", Code, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("origin", Code, nullable=False),
    Column("outcome", Code, nullable=False),
    Column("answers", Code, nullable=False),  # canonical JSON, so that equal answers are equal texts
    Column("triggered", Code, nullable=False),
    Column("ruled_out", Code, nullable=False),
    Column("certainty", Float(53), nullable=False),
    Column("count", BigInteger, nullable=False),
    # The version of the model under which it was logged; empty: before versions were noted. The default serves programs of
    # the schema before this one that still run.
    Column("model_version", Code, nullable=False, server_default=""),
    Index("cases_by_time", "model", "recorded_at", "case_id"),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("version", Code, primary_key=True),
    Column("model", Code, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("parent", Code, nullable=False),
    Column("files", Code, nullable=False),  # JSON: {file name: text}
    Column("summary", Code, nullable=False),  # JSON
    Index("model_versions_by_time", "model", "created_at", "version"),
)

adoptions = Table(
    "adoptions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("model", Code, nullable=False),
    Column("version", Code, ForeignKey("model_versions.version")),  # NULL: the shipped model
    Column("at", Moment, nullable=False),
    Column("rolled_back_at", Moment),
    Index("adoptions_by_model", "model", "number"),
)


def now() -> int:
    """This moment, as the tables keep it."""
    return time.time_ns() // 1000
