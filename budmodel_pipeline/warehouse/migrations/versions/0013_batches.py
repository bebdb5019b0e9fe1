"""Batches of models that lie anywhere: a run works on the targets that bear its batch."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for table in ("extraction_targets", "extraction_requests"):
        op.add_column(table, sa.Column("batch_id", sa.Text()), schema="budmodel")
        op.create_index(
            f"ix_{table}_batch_id", table, ["batch_id"], schema="budmodel", postgresql_where=sa.text("batch_id is not null")
        )
