"""The core tables of the weekly refresh: sources, snapshots, benchmarks, metrics, entries, scores, models and aliases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["superseded_by"], ["budmodel.models.model_id"], name=op.f("fk_models_superseded_by")),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_models")),
        schema="budmodel",
    )
    op.create_table(
        "scores",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("entry_no", sa.Integer(), nullable=False),
        sa.Column("metric_id", sa.Text(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("canonical_value", sa.Numeric(), nullable=False),
        sa.Column("lower", sa.Numeric(), nullable=True),
        sa.Column("upper", sa.Numeric(), nullable=True),
        sa.Column("votes", sa.BigInteger(), nullable=True),
        sa.Column("published_rank", sa.Integer(), nullable=True),
        sa.Column("is_self_reported", sa.Boolean(), nullable=True),
        sa.CheckConstraint("value not in ('NaN', 'Infinity', '-Infinity')", name=op.f("ck_scores_finite")),
        sa.PrimaryKeyConstraint("snapshot_id", "entry_no", "metric_id", name=op.f("pk_scores")),
        schema="budmodel",
    )
    op.create_table(
        "sources",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("homepage", sa.Text(), nullable=False),
        sa.Column("license", sa.Text(), nullable=True),
        sa.Column("cadence_days", sa.Double(), nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_extracted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_snapshot_id", sa.Text(), nullable=True),
        sa.Column("marts_snapshot_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_sources")),
        schema="budmodel",
    )
    op.create_table(
        "benchmarks",
        sa.Column("benchmark_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["budmodel.sources.source"], name=op.f("fk_benchmarks_source")),
        sa.PrimaryKeyConstraint("benchmark_id", name=op.f("pk_benchmarks")),
        schema="budmodel",
    )
    op.create_table(
        "model_aliases",
        sa.Column("alias_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("published_name", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("organization", sa.Text(), nullable=True),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("evidence", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["budmodel.models.model_id"], name=op.f("fk_model_aliases_model_id")),
        sa.ForeignKeyConstraint(["source"], ["budmodel.sources.source"], name=op.f("fk_model_aliases_source")),
        sa.PrimaryKeyConstraint("alias_id", name=op.f("pk_model_aliases")),
        sa.UniqueConstraint(
            "source",
            "published_name",
            "link",
            "organization",
            name="uq_model_aliases_name",
            postgresql_nulls_not_distinct=True,
        ),
        schema="budmodel",
    )
    op.create_index(op.f("ix_model_aliases_model_id"), "model_aliases", ["model_id"], unique=False, schema="budmodel")
    op.create_table(
        "snapshots",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("previous_snapshot_id", sa.Text(), nullable=True),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("parser_version", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("window_start", sa.Date(), nullable=True),
        sa.Column("window_end", sa.Date(), nullable=True),
        sa.Column("rows_read", sa.Integer(), nullable=True),
        sa.Column("rows_kept", sa.Integer(), nullable=True),
        sa.Column("rows_rejected", sa.Integer(), nullable=True),
        sa.Column("unknown_columns", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("origin in ('sample', 'mirror', 'live')", name=op.f("ck_snapshots_origin")),
        sa.CheckConstraint("status in ('fetched', 'published', 'refused')", name=op.f("ck_snapshots_status")),
        sa.CheckConstraint("rows_read = rows_kept + rows_rejected", name=op.f("ck_snapshots_row_account")),
        sa.ForeignKeyConstraint(["source"], ["budmodel.sources.source"], name=op.f("fk_snapshots_source")),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshots")),
        schema="budmodel",
    )
    op.create_index(
        op.f("ix_snapshots_source_fetched_at"), "snapshots", ["source", "fetched_at"], unique=False, schema="budmodel"
    )
    op.create_table(
        "entries",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("entry_no", sa.Integer(), nullable=False),
        sa.Column("entry_key", sa.Text(), nullable=False),
        sa.Column("published_name", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("organization", sa.Text(), nullable=True),
        sa.Column("license", sa.Text(), nullable=True),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["budmodel.snapshots.snapshot_id"], name=op.f("fk_entries_snapshot_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "entry_no", name=op.f("pk_entries")),
        sa.UniqueConstraint("snapshot_id", "entry_key", name=op.f("uq_entries_snapshot_id_entry_key")),
        schema="budmodel",
    )
    op.create_table(
        "metrics",
        sa.Column("metric_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("benchmark_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("canonical_unit", sa.Text(), nullable=False),
        sa.Column("higher_is_better", sa.Boolean(), nullable=True),
        sa.Column("minimum", sa.Double(), nullable=True),
        sa.Column("maximum", sa.Double(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_headline", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["benchmark_id"], ["budmodel.benchmarks.benchmark_id"], name=op.f("fk_metrics_benchmark_id")
        ),
        sa.ForeignKeyConstraint(["source"], ["budmodel.sources.source"], name=op.f("fk_metrics_source")),
        sa.PrimaryKeyConstraint("metric_id", name=op.f("pk_metrics")),
        schema="budmodel",
    )
    op.create_table(
        "rejected_rows",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_rule", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["budmodel.snapshots.snapshot_id"],
            name=op.f("fk_rejected_rows_snapshot_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "endpoint", "reason", "by_rule", name=op.f("pk_rejected_rows")),
        schema="budmodel",
    )
    op.create_table(
        "snapshot_files",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["budmodel.snapshots.snapshot_id"],
            name=op.f("fk_snapshot_files_snapshot_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "endpoint", name=op.f("pk_snapshot_files")),
        schema="budmodel",
    )
