"""Run by Alembic: brings the database to the newest revision within the transaction that `upgrade` has opened."""

from alembic import context

from bayesnet.learning.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
