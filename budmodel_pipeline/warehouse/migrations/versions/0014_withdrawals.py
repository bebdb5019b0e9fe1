"""Models that were withdrawn: who wanted it, when and why, and what keeps them from being discovered again."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("withdrawal_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("removed_rows", sa.Integer(), nullable=False),
        sa.Column("removed_objects", sa.Integer(), nullable=False),
        sa.Column("objects_left", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("lifted_by", sa.Text()),
        sa.Column("lifted_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("withdrawal_id", name="pk_withdrawals"),
        schema="budmodel",
    )
    # The hub does not tell names apart by case.
    op.create_index(
        "ix_withdrawals_target",
        "withdrawals",
        [sa.text("lower(target)")],
        schema="budmodel",
        postgresql_where=sa.text("lifted_at is null"),
    )
