"""Who vouches for a score, where its interval and its date come from, unreadable cells, and what people decided."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

SCHEMA = "budmodel"


def upgrade() -> None:
    op.add_column(
        "sources",
        sa.Column("default_view", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        schema=SCHEMA,
    )
    _snapshots()
    _rejected_rows()
    op.alter_column("benchmarks", "source", nullable=True, schema=SCHEMA)
    op.add_column("metrics", sa.Column("run_by", sa.Text(), nullable=False, server_default="publisher"), schema=SCHEMA)
    op.add_column("metrics", sa.Column("last_scored_at", sa.DateTime(timezone=True)), schema=SCHEMA)
    op.create_check_constraint(
        op.f("ck_metrics_run_by"), "metrics", "run_by in ('publisher', 'maker', 'submitter')", schema=SCHEMA
    )
    op.drop_column("scores", "is_self_reported", schema=SCHEMA)
    op.add_column("scores", sa.Column("interval_basis", sa.Text()), schema=SCHEMA)
    op.add_column("scores", sa.Column("standing", sa.Text(), nullable=False, server_default="unknown"), schema=SCHEMA)
    op.add_column("scores", sa.Column("tasks", sa.Integer()), schema=SCHEMA)
    op.add_column("scores", sa.Column("tasks_total", sa.Integer()), schema=SCHEMA)
    # Every interval so far came from the publisher.
    op.execute("update budmodel.scores set interval_basis = 'published' where lower is not null or upper is not null")
    _unread_cells()
    _decisions()


def _snapshots() -> None:
    op.add_column("snapshots", sa.Column("as_of_basis", sa.Text(), nullable=False, server_default="unknown"), schema=SCHEMA)
    op.execute("update budmodel.snapshots set as_of_basis = 'stated' where as_of is not null")
    op.add_column(
        "snapshots",
        sa.Column("missing_columns", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        schema=SCHEMA,
    )
    op.drop_constraint(op.f("ck_snapshots_origin"), "snapshots", schema=SCHEMA)
    op.create_check_constraint(
        op.f("ck_snapshots_origin"), "snapshots", "origin in ('sample', 'mirror', 'live', 'backfill')", schema=SCHEMA
    )
    op.create_check_constraint(
        op.f("ck_snapshots_as_of_basis"),
        "snapshots",
        "as_of_basis in ('stated', 'newest_row', 'file_date', 'person', 'unknown')",
        schema=SCHEMA,
    )


def _rejected_rows() -> None:
    op.add_column("rejected_rows", sa.Column("kind", sa.Text()), schema=SCHEMA)
    op.execute("update budmodel.rejected_rows set kind = case when by_rule then 'by_rule' else 'bad' end")
    op.drop_constraint(op.f("pk_rejected_rows"), "rejected_rows", schema=SCHEMA)
    op.drop_column("rejected_rows", "by_rule", schema=SCHEMA)
    op.create_primary_key(
        op.f("pk_rejected_rows"), "rejected_rows", ["snapshot_id", "endpoint", "reason", "kind"], schema=SCHEMA
    )
    op.create_check_constraint(
        op.f("ck_rejected_rows_kind"),
        "rejected_rows",
        "kind in ('bad', 'by_rule', 'duplicate', 'set_aside')",
        schema=SCHEMA,
    )


def _unread_cells() -> None:
    op.create_table(
        "unread_cells",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column("is_score", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["budmodel.snapshots.snapshot_id"], name=op.f("fk_unread_cells_snapshot_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "endpoint", "column_name", "reason", name=op.f("pk_unread_cells")),
        schema=SCHEMA,
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entry_key", sa.Text()),
        sa.Column("digest", sa.Text()),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('story', 'shrinkage', 'set_aside')", name=op.f("ck_decisions_kind")),
        sa.ForeignKeyConstraint(["source"], ["budmodel.sources.source"], name=op.f("fk_decisions_source")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["budmodel.snapshots.snapshot_id"], name=op.f("fk_decisions_snapshot_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_decisions_snapshot_id"), "decisions", ["snapshot_id"], unique=False, schema=SCHEMA)
