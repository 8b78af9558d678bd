"""The version of the model under which a case was logged; empty for cases from before versions were noted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

code = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column: with a constant default neither engine writes the rows anew."""
    op.add_column("cases", sa.Column("model_version", code, nullable=False, server_default=""))
