"""What publishers allow to be done with their data."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "data_terms",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("benchmark_id", sa.Text(), nullable=False),
        sa.Column("allowed", sa.Text(), nullable=False),
        sa.Column("commercial", sa.Text(), nullable=False),
        sa.Column("attribution", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("verified_on", sa.Date()),
        sa.PrimaryKeyConstraint("source", "benchmark_id", name="pk_data_terms"),
        sa.CheckConstraint("allowed in ('permitted', 'unclear', 'forbidden')", name="allowed"),
        sa.CheckConstraint("commercial in ('permitted', 'unclear', 'forbidden')", name="commercial"),
        schema="budmodel",
    )
