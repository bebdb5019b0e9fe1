"""The core tables, schema `budmodel`. Timestamps are UTC. What analysts read is built from these by dbt."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA = "budmodel"

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    },
)


def _moment(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


sources = Table(
    "sources",
    metadata,
    Column("source", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("homepage", Text, nullable=False),
    Column("license", Text),
    Column("cadence_days", Double, nullable=False),
    _moment("last_attempt_at"),
    _moment("last_extracted_at"),
    Column("last_error", Text),
    _moment("last_failed_at"),
    Column("current_snapshot_id", Text),
    # The snapshot that the marts were last built from as a whole.
    Column("marts_snapshot_id", Text),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("snapshot_id", Text, primary_key=True),
    Column("source", Text, ForeignKey(sources.c.source), nullable=False),
    Column("previous_snapshot_id", Text),
    Column("content_sha256", Text, nullable=False),
    Column("parser_version", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("refusal", Text),
    _moment("fetched_at", nullable=False),
    _moment("last_seen_at", nullable=False),
    Column("as_of", Date),
    Column("window_start", Date),
    Column("window_end", Date),
    Column("rows_read", Integer),
    Column("rows_kept", Integer),
    Column("rows_rejected", Integer),
    Column("unknown_columns", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    CheckConstraint("origin in ('sample', 'mirror', 'live')", name="origin"),
    CheckConstraint("status in ('fetched', 'published', 'refused')", name="status"),
    CheckConstraint("rows_read = rows_kept + rows_rejected", name="row_account"),
    Index(None, "source", "fetched_at"),
)

snapshot_files = Table(
    "snapshot_files",
    metadata,
    Column("snapshot_id", Text, ForeignKey(snapshots.c.snapshot_id, ondelete="CASCADE"), primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("object_key", Text, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    _moment("fetched_at", nullable=False),
)

rejected_rows = Table(
    "rejected_rows",
    metadata,
    Column("snapshot_id", Text, ForeignKey(snapshots.c.snapshot_id, ondelete="CASCADE"), primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("by_rule", Boolean, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("example", Text, nullable=False),
)

benchmarks = Table(
    "benchmarks",
    metadata,
    Column("benchmark_id", Text, primary_key=True),
    Column("source", Text, ForeignKey(sources.c.source), nullable=False),
    Column("title", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("description", Text, nullable=False),
)

metrics = Table(
    "metrics",
    metadata,
    Column("metric_id", Text, primary_key=True),
    Column("source", Text, ForeignKey(sources.c.source), nullable=False),
    Column("benchmark_id", Text, ForeignKey(benchmarks.c.benchmark_id), nullable=False),
    Column("title", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("canonical_unit", Text, nullable=False),
    Column("higher_is_better", Boolean),
    Column("minimum", Double),
    Column("maximum", Double),
    Column("description", Text, nullable=False),
    Column("is_headline", Boolean, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("snapshot_id", Text, ForeignKey(snapshots.c.snapshot_id, ondelete="CASCADE"), primary_key=True),
    Column("entry_no", Integer, primary_key=True),
    Column("entry_key", Text, nullable=False),
    Column("published_name", Text, nullable=False),
    Column("link", Text),
    Column("organization", Text),
    Column("license", Text),
    Column("released_on", Date),
    Column("settings", JSONB, nullable=False),
    UniqueConstraint("snapshot_id", "entry_key"),
)

# Scores point at entries and metrics without foreign keys: checking them row by row would double the time to load, they are
# written in the same transaction as their entries, and dbt tests the relationships.
scores = Table(
    "scores",
    metadata,
    Column("snapshot_id", Text, primary_key=True),
    Column("entry_no", Integer, primary_key=True),
    Column("metric_id", Text, primary_key=True),
    Column("value", Numeric, nullable=False),
    Column("canonical_value", Numeric, nullable=False),
    Column("lower", Numeric),
    Column("upper", Numeric),
    Column("votes", BigInteger),
    Column("published_rank", Integer),
    Column("is_self_reported", Boolean),
    CheckConstraint("value not in ('NaN', 'Infinity', '-Infinity')", name="finite"),
)

models = Table(
    "models",
    metadata,
    Column("model_id", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
    _moment("first_seen_at", nullable=False),
    Column("superseded_by", Text, ForeignKey("budmodel.models.model_id")),
)

model_aliases = Table(
    "model_aliases",
    metadata,
    Column("alias_id", BigInteger, primary_key=True),
    Column("source", Text, ForeignKey(sources.c.source), nullable=False),
    Column("published_name", Text, nullable=False),
    Column("link", Text),
    Column("organization", Text),
    Column("model_id", Text, ForeignKey(models.c.model_id), nullable=False),
    Column("variant", Text),
    Column("method", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("evidence", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _moment("first_seen_at", nullable=False),
    _moment("last_seen_at", nullable=False),
    UniqueConstraint(
        "source", "published_name", "link", "organization", name="uq_model_aliases_name", postgresql_nulls_not_distinct=True
    ),
    Index(None, "model_id"),
)
