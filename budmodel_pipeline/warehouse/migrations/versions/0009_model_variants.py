"""Models that a repository holds several of, or in parts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "model_info",
        sa.Column("variants", postgresql.JSONB(), nullable=False, server_default=sa.text("'[]'")),
        schema="budmodel",
    )
