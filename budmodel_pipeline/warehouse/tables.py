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
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
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
    # The standings that the publisher itself ranks.
    Column("default_view", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _moment("last_attempt_at"),
    _moment("last_extracted_at"),
    Column("last_error", Text),
    _moment("last_failed_at"),
    Column("current_snapshot_id", Text),
    # The one that was fetched or seen last, whatever the clock said then.
    Column("latest_snapshot_id", Text),
    # The snapshot that the marts were last built from as a whole.
    Column("marts_snapshot_id", Text),
    # How the shape of its files is known, and of which of them from documents alone: see `sources.contract.Shape`.
    Column("shape", Text, nullable=False, server_default="seen"),
    Column("documented_files", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    CheckConstraint("shape in ('seen', 'documented')", name="shape"),
)

# What publishers allow: see `sources.data_terms`. A source is a leaderboard or a catalog; a row with an empty `benchmark_id`
# is about all of it but the benchmarks with rows of their own.
data_terms = Table(
    "data_terms",
    metadata,
    Column("source", Text, primary_key=True),
    Column("benchmark_id", Text, primary_key=True),
    Column("allowed", Text, nullable=False),
    Column("commercial", Text, nullable=False),
    Column("attribution", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("verified_on", Date),
    CheckConstraint("allowed in ('permitted', 'unclear', 'forbidden')", name="allowed"),
    CheckConstraint("commercial in ('permitted', 'unclear', 'forbidden')", name="commercial"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("snapshot_id", Text, primary_key=True),
    Column("source", Text, ForeignKey(sources.c.source), nullable=False),
    Column("previous_snapshot_id", Text),
    Column("published_no", Integer),
    Column("content_sha256", Text, nullable=False),
    Column("parser_version", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("refusal", Text),
    _moment("fetched_at", nullable=False),
    _moment("last_seen_at", nullable=False),
    Column("as_of", Date),
    Column("as_of_basis", Text, nullable=False, server_default=text("'unknown'")),
    Column("window_start", Date),
    Column("window_end", Date),
    Column("rows_read", Integer),
    Column("rows_kept", Integer),
    Column("rows_rejected", Integer),
    Column("missing_columns", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("unknown_columns", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # A backfilled snapshot is an older file that a person loaded as history; it never becomes current.
    CheckConstraint("origin in ('sample', 'mirror', 'live', 'backfill')", name="origin"),
    CheckConstraint("as_of_basis in ('stated', 'newest_row', 'file_date', 'person', 'unknown')", name="as_of_basis"),
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
    Column("kind", Text, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("example", Text, nullable=False),
    CheckConstraint("kind in ('bad', 'by_rule', 'duplicate', 'set_aside')", name="kind"),
)

unread_cells = Table(
    "unread_cells",
    metadata,
    Column("snapshot_id", Text, ForeignKey(snapshots.c.snapshot_id, ondelete="CASCADE"), primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("column_name", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("cells", Integer, nullable=False),
    Column("example", Text, nullable=False),
    Column("is_score", Boolean, nullable=False),
)

# What a person decided about a snapshot: to publish it although it tells another story or has shrunk, or without an entry.
# `digest` is of the scores of an entry that was set aside; it stays aside as long as it has them.
decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, ForeignKey(sources.c.source), nullable=False),
    Column("snapshot_id", Text, ForeignKey(snapshots.c.snapshot_id, ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("entry_key", Text),
    Column("digest", Text),
    Column("found", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _moment("decided_at", nullable=False),
    CheckConstraint("kind in ('story', 'shrinkage', 'set_aside')", name="kind"),
    Index(None, "snapshot_id"),
)

benchmarks = Table(
    "benchmarks",
    metadata,
    Column("benchmark_id", Text, primary_key=True),
    # Null for a benchmark that several sources share.
    Column("source", Text, ForeignKey(sources.c.source)),
    Column("title", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("description", Text, nullable=False),
    # The benchmark of the same source that counts this one in already.
    Column("part_of", Text),
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
    Column("run_by", Text, nullable=False, server_default=text("'publisher'")),
    # Of several metrics of a benchmark the one that speaks for all of it.
    Column("stands_for_benchmark", Boolean, nullable=False, server_default=text("false")),
    # When the last snapshot with a score of it was fetched.
    _moment("last_scored_at"),
    CheckConstraint("run_by in ('publisher', 'maker', 'submitter', 'other')", name="run_by"),
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
    # The id of a model that the source gives beside the name.
    Column("published_id", Text),
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
    Column("interval_basis", Text),
    Column("votes", BigInteger),
    Column("published_rank", Integer),
    Column("standing", Text, nullable=False, server_default=text("'unknown'")),
    Column("tasks", Integer),
    Column("tasks_total", Integer),
    CheckConstraint("value not in ('NaN', 'Infinity', '-Infinity')", name="finite"),
)

# Releases without what changes between their snapshots: see `identity.groups`.
model_groups = Table(
    "model_groups",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("maker", Text),
)

models = Table(
    "models",
    metadata,
    Column("model_id", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
    # Null until names are resolved for the first time after an upgrade.
    Column("group_id", Text, ForeignKey(model_groups.c.group_id)),
    # Who released it, under the one name that we use; null where nobody tells.
    Column("maker", Text),
    # `owner/name` of its model of the hub, as a source spells it; null for models that a source links to no hub.
    Column("hub_repository", Text),
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
    Column("published_id", Text),
    Column("released_on", Date),
    Column("model_id", Text, ForeignKey(models.c.model_id), nullable=False),
    Column("variant", Text),
    Column("method", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("evidence", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _moment("first_seen_at", nullable=False),
    _moment("last_seen_at", nullable=False),
    # `owner/name` of the model of the hub that the link leads to: see `identity.hub_links`.
    Column("hub_repository", Text),
    # What a name is resolved by.
    UniqueConstraint(
        "source",
        "published_name",
        "link",
        "organization",
        "published_id",
        "released_on",
        name="uq_model_aliases_name",
        postgresql_nulls_not_distinct=True,
    ),
    Index(None, "model_id"),
)

# What the last fit to all current scores made of them: see `ranking`. A scope is all of them (`overall`) or a domain.
rankings = Table(
    "rankings",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("group_id", Text, primary_key=True),
    Column("score", Double, nullable=False),
    Column("lower", Double, nullable=False),
    Column("upper", Double, nullable=False),
    # Null where too few benchmarks are behind the score.
    Column("rank", Integer),
    Column("tier", Integer),
    Column("benchmark_ids", ARRAY(Text), nullable=False),
    Column("sources", ARRAY(Text), nullable=False),
    Column("self_reported", Integer, nullable=False),
)

ranking_evidence = Table(
    "ranking_evidence",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("group_id", Text, primary_key=True),
    Column("benchmark_id", Text, primary_key=True),
    Column("metric_id", Text, nullable=False),
    Column("published_name", Text, nullable=False),
    Column("variant", Text),
    Column("standing", Text, nullable=False),
    Column("seen", Double, nullable=False),
    Column("predicted", Double, nullable=False),
)

ranking_benchmarks = Table(
    "ranking_benchmarks",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("benchmark_id", Text, primary_key=True),
    Column("groups", Integer, nullable=False),
    Column("is_used", Boolean, nullable=False),
    Column("is_saturated", Boolean, nullable=False),
    Column("is_thin", Boolean, nullable=False),
    # Why it takes no part.
    Column("reason", Text),
)

# Where a model can be read, and how far we are with it: the state of per-model work. `target` is what commands call it too
# (`hf:org/name`, a path, a URL, `cloud:maker/name`) and the key of its Dagster partition.
extraction_targets = Table(
    "extraction_targets",
    metadata,
    Column("target", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("model_id", Text),
    Column("discovered_by", Text, nullable=False),
    _moment("first_seen_at", nullable=False),
    Column("status", Text, nullable=False, server_default=text("'waiting'")),
    Column("failure_state", Text),
    Column("last_error", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _moment("next_attempt_at"),
    Column("revision", Text),
    _moment("extracted_at"),
    _moment("checked_at"),
    # Of the run that works on it, until that is done with it.
    Column("batch_id", Text),
    CheckConstraint("provider in ('hugging_face', 'disk', 'url', 'cloud_model')", name="provider"),
    CheckConstraint("status in ('waiting', 'extracted', 'failed')", name="status"),
    UniqueConstraint("provider", "uri"),
    Index("ix_extraction_targets_waiting", "status", "next_attempt_at", "target"),
    Index("ix_extraction_targets_read", "extracted_at", postgresql_where=text("status = 'extracted' and batch_id is null")),
    Index(None, "extracted_at"),
    Index(
        "ix_extraction_targets_compared",
        "checked_at",
        "target",
        postgresql_where=text("provider = 'hugging_face' and status = 'extracted'"),
    ),
    # The hub does not tell names apart by case, and people do not.
    Index("ix_extraction_targets_any_case_target", text("lower(target)")),
    Index("ix_extraction_targets_any_case_uri", text("lower(uri)")),
    Index(None, "model_id"),
    Index(None, "batch_id", postgresql_where=text("batch_id is not null")),
)

# How far each walk over a whole table has come, a page at a time: the key of the last row that was looked at.
sweeps = Table(
    "sweeps",
    metadata,
    Column("sweep", Text, primary_key=True),
    Column("after", Text, nullable=False),
)

# One row per revision that was read; `facts` holds every field as value, method and evidence, or null with the reason.
model_info = Table(
    "model_info",
    metadata,
    Column("target", Text, ForeignKey(extraction_targets.c.target, ondelete="CASCADE"), primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("origin", Text, nullable=False),
    _moment("extracted_at", nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("base_models", JSONB, nullable=False),
    Column("evaluations", JSONB, nullable=False),
    Column("variants", JSONB, nullable=False, server_default=text("'[]'")),
    Column("prose", JSONB),
    Column("warnings", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("problems", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    CheckConstraint("origin in ('sample', 'mirror', 'live')", name="origin"),
)

model_files = Table(
    "model_files",
    metadata,
    Column("target", Text, primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("outcome", Text, nullable=False),
    Column("object_key", Text),
    Column("reason", Text),
    _moment("copied_at", nullable=False),
    ForeignKeyConstraint(
        ["target", "revision"], ["budmodel.model_info.target", "budmodel.model_info.revision"], ondelete="CASCADE"
    ),
    CheckConstraint("outcome in ('stored', 'present', 'left_out', 'failed', 'quarantined')", name="outcome"),
    Index(None, "sha256"),
)

# What people ask for: they insert provider, uri and requested_by; the rest comes back from the sensor.
extraction_requests = Table(
    "extraction_requests",
    metadata,
    Column("request_id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("status", Text, nullable=False, server_default=text("'queued'")),
    Column("target", Text),
    Column("run_id", Text),
    Column("error", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _moment("next_attempt_at"),
    _moment("finished_at"),
    # Requests of the same priority that came together share a batch.
    Column("batch_id", Text),
    CheckConstraint("status in ('queued', 'running', 'succeeded', 'failed')", name="status"),
    Index(None, "status", "priority", "request_id"),
    Index(None, "batch_id", postgresql_where=text("batch_id is not null")),
)

# Models that are not to be had, until somebody asks for them again: who wanted it, when and why. `objects_left` are keys of
# objects that are still to be removed.
withdrawals = Table(
    "withdrawals",
    metadata,
    Column("withdrawal_id", BigInteger, Identity(always=True), primary_key=True),
    Column("target", Text, nullable=False),
    Column("withdrawn_by", Text, nullable=False),
    _moment("withdrawn_at", nullable=False),
    Column("reason", Text, nullable=False),
    Column("removed_rows", Integer, nullable=False),
    Column("removed_objects", Integer, nullable=False),
    Column("objects_left", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("lifted_by", Text),
    _moment("lifted_at"),
    # The hub does not tell names apart by case.
    Index("ix_withdrawals_target", text("lower(target)"), postgresql_where=text("lifted_at is null")),
)

# From which state of the per-model tables the marts were last built as a whole.
marts_inputs = Table(
    "marts_inputs",
    metadata,
    Column("input", Text, primary_key=True),
    Column("built_from", Text, nullable=False),
)

# The licenses that are known by their terms, whether or not a model is under them.
licenses = Table(
    "licenses",
    metadata,
    Column("license_id", Text, primary_key=True),
    Column("spdx_id", Text),
    Column("license_type", Text),
    Column("suitability", Text),
    Column("terms_version", Text, nullable=False),
    # Values as in license_answers, with a sentence where the value alone says too little.
    Column("territory", Text),
    Column("territory_note", Text),
    Column("duties", Text),
    Column("duties_note", Text),
)

# What was read as a license: a text, or only a name. Many models share one text.
license_documents = Table(
    "license_documents",
    metadata,
    Column("document_id", Text, primary_key=True),
    Column("text_sha256", Text),
    Column("object_key", Text),
    Column("state", Text, nullable=False),
    Column("license_id", Text),
    Column("spdx_id", Text),
    Column("license_type", Text),
    Column("suitability", Text),
    Column("coverage", Double, nullable=False),
    Column("remainder", JSONB, nullable=False),
    Column("near", JSONB, nullable=False),
    Column("candidates", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("method", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("llm", JSONB),
    Column("terms_version", Text, nullable=False),
    _moment("read_at", nullable=False),
    Column("territory", Text),
    Column("duties", Text),
)

license_answers = Table(
    "license_answers",
    metadata,
    Column("document_id", Text, ForeignKey(license_documents.c.document_id, ondelete="CASCADE"), primary_key=True),
    Column("question", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("impact", Text, nullable=False),
    Column("explanation", Text, nullable=False),
    # text[quote_start:quote_end] is the quote, in characters of the stored text.
    Column("quote", Text),
    Column("quote_start", Integer),
    Column("quote_end", Integer),
    Column("method", Text, nullable=False),
    CheckConstraint("value in ('YES', 'NO', 'CONDITIONAL', 'NOT_APPLICABLE', 'SILENT', 'UNKNOWN')", name="value"),
    CheckConstraint("num_nulls(quote, quote_start, quote_end) in (0, 3)", name="quote"),
)

model_licenses = Table(
    "model_licenses",
    metadata,
    Column("target", Text, ForeignKey(extraction_targets.c.target, ondelete="CASCADE"), primary_key=True),
    Column("revision", Text, nullable=False),
    Column("document_id", Text, ForeignKey(license_documents.c.document_id), nullable=False),
    Column("evidence", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("tag", Text),
    _moment("read_at", nullable=False),
    # Weaker evidence that did not decide.
    Column("passed_over", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    CheckConstraint("evidence in ('text', 'link', 'tag', 'none')", name="evidence"),
    Index(None, "document_id"),
)

license_conflicts = Table(
    "license_conflicts",
    metadata,
    Column("target", Text, ForeignKey(extraction_targets.c.target, ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("other", Text, primary_key=True),
    Column("dimension", Text, primary_key=True),
    Column("severity", Text, nullable=False),
    Column("claimed", Text, nullable=False),
    Column("found", Text, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("severity in ('conflict', 'note')", name="severity"),
)

# The scan of each model at the revision that was scanned last, with every version that its verdict depends on.
model_scans = Table(
    "model_scans",
    metadata,
    Column("target", Text, ForeignKey(extraction_targets.c.target, ondelete="CASCADE"), primary_key=True),
    Column("revision", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("files", Integer, nullable=False),
    Column("versions", JSONB, nullable=False),
    _moment("scanned_at", nullable=False),
    CheckConstraint("verdict in ('safe', 'unscanned', 'error', 'suspicious', 'malicious')", name="verdict"),
)

scans = Table(
    "scans",
    metadata,
    Column("target", Text, ForeignKey(model_scans.c.target, ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("verdict", Text, nullable=False),
    Column("engines", JSONB, nullable=False),
    Column("from_cache", Boolean, nullable=False),
    CheckConstraint("verdict in ('safe', 'unscanned', 'error', 'suspicious', 'malicious')", name="verdict"),
    Index(None, "sha256"),
)

scan_findings = Table(
    "scan_findings",
    metadata,
    Column("target", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("finding_no", Integer, primary_key=True),
    Column("engine", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("place", Text, nullable=False),
    ForeignKeyConstraint(["target", "path"], ["budmodel.scans.target", "budmodel.scans.path"], ondelete="CASCADE"),
)

# What engines said of content under a name, by everything that it depends on; and the digests of files of a commit.
scan_results = Table(
    "scan_results",
    metadata,
    Column("cache_key", Text, primary_key=True),
    Column("findings", JSONB, nullable=False),
    Column("engines", JSONB, nullable=False),
    _moment("examined_at", nullable=False),
)

file_digests = Table(
    "file_digests",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
)

# The newest good file of a catalog of models; its bytes are in the object store.
catalog_files = Table(
    "catalog_files",
    metadata,
    Column("catalog", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("object_key", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    _moment("fetched_at", nullable=False),
    CheckConstraint("origin in ('sample', 'mirror', 'live')", name="origin"),
)

# What providers charge, as that file says; see `model_info.offers` for what 0 means. `unmatched` says why an offer is of no
# model that we know.
model_prices = Table(
    "model_prices",
    metadata,
    Column("catalog", Text, ForeignKey(catalog_files.c.catalog, ondelete="CASCADE"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("published_id", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("context_above", BigInteger, primary_key=True, autoincrement=False),
    Column("provider_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text),
    Column("model_id", Text),
    Column("variant", Text),
    Column("unmatched", Text),
    Column("basis", Text, nullable=False),
    Column("input_usd_per_million_tokens", Double),
    Column("output_usd_per_million_tokens", Double),
    Column("cache_read_usd_per_million_tokens", Double),
    Column("cache_write_usd_per_million_tokens", Double),
    Column("published_as_zero", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("refused", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("precedence", SmallInteger, nullable=False, server_default=text("1")),
    Column("retires_on", Date),
    Column("context_length", BigInteger),
    Column("output_tokens", BigInteger),
    Column("input_modalities", ARRAY(Text)),
    Column("output_modalities", ARRAY(Text)),
    Column("tool_use", Boolean),
    Column("reasoning", Boolean),
    Column("structured_output", Boolean),
    CheckConstraint("basis in ('priced', 'free', 'unclear', 'refused', 'unpublished')", name="basis"),
    CheckConstraint("(model_id is null) = (unmatched is not null)", name="matched"),
    Index(None, "model_id"),
)
