"""Rankings: which benchmark counts another in, which metric stands for one, and what the fit made of them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

SCHEMA = "budmodel"


def upgrade() -> None:
    op.add_column("benchmarks", sa.Column("part_of", sa.Text()), schema=SCHEMA)
    op.add_column(
        "metrics",
        sa.Column("stands_for_benchmark", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        schema=SCHEMA,
    )
    # The others are known when their source is published next.
    op.execute("""
        update budmodel.metrics set stands_for_benchmark = true
        where is_headline or not exists (
            select from budmodel.metrics as other
            where other.source = metrics.source and other.benchmark_id = metrics.benchmark_id
              and other.metric_id <> metrics.metric_id
        )
    """)
    op.drop_constraint(op.f("ck_metrics_run_by"), "metrics", schema=SCHEMA)
    op.create_check_constraint(
        op.f("ck_metrics_run_by"), "metrics", "run_by in ('publisher', 'maker', 'submitter', 'other')", schema=SCHEMA
    )
    _tables()


def _tables() -> None:
    op.create_table(
        "rankings",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("lower", sa.Double(), nullable=False),
        sa.Column("upper", sa.Double(), nullable=False),
        sa.Column("rank", sa.Integer()),
        sa.Column("tier", sa.Integer()),
        sa.Column("benchmark_ids", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("sources", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("self_reported", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "group_id", name=op.f("pk_rankings")),
        schema=SCHEMA,
    )
    op.create_table(
        "ranking_evidence",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("benchmark_id", sa.Text(), nullable=False),
        sa.Column("metric_id", sa.Text(), nullable=False),
        sa.Column("published_name", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text()),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("seen", sa.Double(), nullable=False),
        sa.Column("predicted", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "group_id", "benchmark_id", name=op.f("pk_ranking_evidence")),
        schema=SCHEMA,
    )
    op.create_table(
        "ranking_benchmarks",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("benchmark_id", sa.Text(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("is_used", sa.Boolean(), nullable=False),
        sa.Column("is_saturated", sa.Boolean(), nullable=False),
        sa.Column("is_thin", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("scope", "benchmark_id", name=op.f("pk_ranking_benchmarks")),
        schema=SCHEMA,
    )
