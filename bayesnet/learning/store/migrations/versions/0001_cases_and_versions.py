"""Cases, model versions, and the log of which version was adopted when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

code = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "cases",
        sa.Column("case_id", code, primary_key=True),
        sa.Column("model", code, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("origin", code, nullable=False),
        sa.Column("outcome", code, nullable=False),
        sa.Column("answers", code, nullable=False),
        sa.Column("triggered", code, nullable=False),
        sa.Column("ruled_out", code, nullable=False),
        sa.Column("certainty", sa.Float(53), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.create_index("cases_by_time", "cases", ["model", "recorded_at", "case_id"])
    op.create_table(
        "model_versions",
        sa.Column("version", code, primary_key=True),
        sa.Column("model", code, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("parent", code, nullable=False),
        sa.Column("files", code, nullable=False),
        sa.Column("summary", code, nullable=False),
    )
    op.create_index("model_versions_by_time", "model_versions", ["model", "created_at", "version"])
    op.create_table(
        "adoptions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("model", code, nullable=False),
        sa.Column("version", code, sa.ForeignKey("model_versions.version")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("rolled_back_at", sa.BigInteger),
    )
    op.create_index("adoptions_by_model", "adoptions", ["model", "number"])
