"""Publishes a source: its whole new snapshot becomes current in one transaction, or nothing changes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, text

from budmodel_pipeline.sources.collector import collector_paused
from budmodel_pipeline.sources.contract import Benchmark, Metric, Parsed, Source
from budmodel_pipeline.sources.data_terms import OTHER_TERMS, DataTerms
from budmodel_pipeline.warehouse.rows import copy_rows, upsert
from budmodel_pipeline.warehouse.snapshots import Snapshot
from budmodel_pipeline.warehouse.tables import SCHEMA, benchmarks, data_terms, metrics, rejected_rows, sources, unread_cells

ENTRY_COLUMNS = (
    "snapshot_id",
    "entry_no",
    "entry_key",
    "published_name",
    "link",
    "organization",
    "published_id",
    "license",
    "released_on",
    "settings",
)
SCORE_COLUMNS = (
    "snapshot_id",
    "entry_no",
    "metric_id",
    "value",
    "canonical_value",
    "lower",
    "upper",
    "interval_basis",
    "votes",
    "published_rank",
    "standing",
    "tasks",
    "tasks_total",
)

_SCORED = text("""
    update budmodel.metrics set last_scored_at = :fetched_at where metric_id = any(:scored)
""")
_NUMBERED = text("""
    update budmodel.snapshots set published_no = 1 + (
        select coalesce(max(published_no), 0) from budmodel.snapshots where source = :source
    ) where snapshot_id = :snapshot_id
""")
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:source, 0))")


class PublishConflictError(Exception):
    """Another run published this source since the snapshot was fetched."""


def register_sources(connection: Connection, catalog: Mapping[str, Source]) -> None:
    """Makes a row for every source and keeps its description up to date."""
    described: list[dict[str, object]] = [
        {
            "source": source.slug,
            "title": source.title,
            "publisher": source.publisher,
            "homepage": source.homepage,
            "license": source.license,
            "cadence_days": source.cadence / timedelta(days=1),
            "default_view": sorted(source.default_view),
            "shape": source.shape,
            "documented_files": list(source.documented),
        }
        for source in catalog.values()
    ]
    upsert(connection, sources, described)
    for slug, source in catalog.items():
        own = {benchmark.id_in(slug): benchmark.terms for benchmark in source.benchmarks if benchmark.terms}
        _register_terms(connection, slug, {"": source.terms, **own})
    for slug, terms in OTHER_TERMS.items():
        _register_terms(connection, slug, {"": terms})


def _register_terms(connection: Connection, source: str, of_benchmarks: Mapping[str, DataTerms]) -> None:
    gone = text("delete from budmodel.data_terms where source = :source and benchmark_id <> all(:known)")
    connection.execute(gone, {"source": source, "known": list(of_benchmarks)})
    rows = [{"source": source, "benchmark_id": benchmark, **asdict(terms)} for benchmark, terms in of_benchmarks.items()]
    upsert(connection, data_terms, rows)


def publish(connection: Connection, source: Source, snapshot: Snapshot, parsed: Parsed, now: datetime) -> Snapshot:
    """Loads `parsed` and makes `snapshot` the current one; the caller's transaction decides when that shows.

    Returns the snapshot as published. Raises PublishConflictError when the snapshot that it follows is no longer current.
    """
    if lock_source(connection, source.slug) != snapshot.previous_snapshot_id:
        raise PublishConflictError(
            f"{source.slug}: another run published it since this snapshot was fetched; nothing was changed, extract again"
        )
    published = load(connection, source, snapshot, parsed)
    scored = {f"{source.slug}.{metric}" for entry in parsed.entries for metric in entry.scores}
    connection.execute(_SCORED, {"fetched_at": snapshot.fetched_at, "scored": sorted(scored)})
    connection.execute(_NUMBERED, {"source": source.slug, "snapshot_id": snapshot.snapshot_id})
    connection.execute(
        text("""
            update budmodel.sources set current_snapshot_id = :snapshot_id, last_extracted_at = :now, last_error = null
            where source = :source
        """),
        {"source": source.slug, "snapshot_id": snapshot.snapshot_id, "now": now},
    )
    return published


@collector_paused()
def load(connection: Connection, source: Source, snapshot: Snapshot, parsed: Parsed) -> Snapshot:
    """Writes the rows of a snapshot, which is published from then on; as history unless `publish` makes it current."""
    declared = (*source.metrics, *parsed.metrics)
    known = {benchmark.slug: benchmark for benchmark in (*source.benchmarks, *parsed.benchmarks)}
    upsert(connection, benchmarks, _benchmark_rows(source.slug, known))
    upsert(connection, metrics, _metric_rows(source.slug, declared, known))
    columns = ("endpoint", "column_name", "reason", "cells", "example", "is_score")
    unread = [{"snapshot_id": snapshot.snapshot_id, **dict(zip(columns, cells, strict=True))} for cells in parsed.unread]
    upsert(connection, unread_cells, unread)
    rejected = [{"snapshot_id": snapshot.snapshot_id, **rejection._asdict()} for rejection in parsed.rejections]
    upsert(connection, rejected_rows, rejected)
    copy_rows(connection, f"{SCHEMA}.entries", ENTRY_COLUMNS, entry_rows(snapshot.snapshot_id, parsed))
    copy_rows(connection, f"{SCHEMA}.scores", SCORE_COLUMNS, score_rows(source.slug, declared, snapshot.snapshot_id, parsed))
    published = replace(
        snapshot,
        status="published",
        refusal=None,
        as_of=parsed.as_of,
        as_of_basis=parsed.as_of_basis,
        rows_read=parsed.rows_read,
        rows_kept=parsed.rows_kept,
        rows_rejected=parsed.rows_rejected,
        missing_columns=parsed.missing_columns,
        unknown_columns=parsed.unknown_columns,
    )
    window_start, window_end = parsed.window or (None, None)
    connection.execute(
        text("""
            update budmodel.snapshots set status = 'published', refusal = null, as_of = :as_of, as_of_basis = :as_of_basis,
                window_start = :window_start, window_end = :window_end, rows_read = :rows_read, rows_kept = :rows_kept,
                rows_rejected = :rows_rejected, missing_columns = :missing_columns, unknown_columns = :unknown_columns
            where snapshot_id = :snapshot_id
        """),
        {
            "snapshot_id": snapshot.snapshot_id,
            "as_of": parsed.as_of,
            "as_of_basis": parsed.as_of_basis,
            "window_start": window_start,
            "window_end": window_end,
            "rows_read": parsed.rows_read,
            "rows_kept": parsed.rows_kept,
            "rows_rejected": parsed.rows_rejected,
            "missing_columns": list(parsed.missing_columns),
            "unknown_columns": list(parsed.unknown_columns),
        },
    )
    return published


def lock_source(connection: Connection, source: str) -> str | None:
    """Waits until no other transaction publishes `source`; gives the id of its current snapshot."""
    connection.execute(_LOCK, {"source": source})
    current = text("select current_snapshot_id from budmodel.sources where source = :source")
    current_id: str | None = connection.execute(current, {"source": source}).scalar_one()
    return current_id


def entry_rows(snapshot_id: str, parsed: Parsed) -> Iterator[tuple[Any, ...]]:
    """Rows of table `entries`, in the order of ENTRY_COLUMNS."""
    for number, entry in enumerate(parsed.entries):
        yield (
            snapshot_id,
            number,
            entry.key,
            entry.published_name,
            entry.link,
            entry.organization,
            entry.published_id,
            entry.license,
            entry.released_on,
            orjson.dumps(entry.settings).decode(),
        )


def score_rows(source: str, declared: Iterable[Metric], snapshot_id: str, parsed: Parsed) -> Iterator[tuple[Any, ...]]:
    """Rows of table `scores`, in the order of SCORE_COLUMNS."""
    known = {metric.slug: (f"{source}.{metric.slug}", metric.unit.divisor) for metric in declared}
    for number, entry in enumerate(parsed.entries):
        for slug, score in entry.scores.items():
            value, lower, upper, basis, votes, rank, standing, tasks, tasks_total = score
            metric_id, divisor = known[slug]
            canonical = value if divisor == 1 else _quotient(value, divisor)
            vouched, span = standing or entry.standing, (lower, upper, basis)
            yield snapshot_id, number, metric_id, value, canonical, *span, votes, rank, vouched, tasks, tasks_total


@lru_cache(maxsize=100_000)
def _quotient(value: float, divisor: float) -> Decimal:
    """In decimals, as a person divides: 1.1 % is 0.011, and a float would make it 0.011000000000000001.

    Remembered, because accuracies over the same questions repeat.
    """
    return Decimal(repr(value)) / Decimal(divisor)


def _benchmark_rows(source: str, known: Mapping[str, Benchmark]) -> list[dict[str, object]]:
    return [
        {
            "benchmark_id": benchmark.id_in(source),
            "source": None if benchmark.shared else source,
            "title": benchmark.title,
            "domain": benchmark.domain,
            "description": benchmark.description,
            "part_of": known[whole].id_in(source) if (whole := benchmark.part_of) in known else whole or None,
        }
        for benchmark in known.values()
    ]


def _metric_rows(source: str, declared: Sequence[Metric], known: Mapping[str, Benchmark]) -> list[dict[str, object]]:
    stand_for = {metric.benchmark: metric.slug for metric in reversed(declared) if metric.higher_is_better is not None}
    stand_for |= {metric.benchmark: metric.slug for metric in declared if metric.headline}
    return [
        {
            "metric_id": f"{source}.{metric.slug}",
            "source": source,
            "benchmark_id": known[metric.benchmark].id_in(source),
            "title": metric.title,
            "unit": metric.unit,
            "canonical_unit": metric.unit.canonical,
            "higher_is_better": metric.higher_is_better,
            "minimum": metric.minimum,
            "maximum": metric.maximum,
            "description": metric.description,
            "is_headline": metric.headline,
            "run_by": metric.run_by,
            "stands_for_benchmark": stand_for.get(metric.benchmark) == metric.slug,
        }
        for metric in declared
    ]
