"""Loading an older file of a source as history."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.sources.contract import AsOfBasis, Parsed, Source, SourceError
from budmodel_pipeline.sources.quality import assess
from budmodel_pipeline.warehouse.publish import load, lock_source
from budmodel_pipeline.warehouse.snapshots import (
    BACKFILL,
    Snapshot,
    SnapshotFile,
    fetched_snapshot,
    is_published,
    record_backfill,
)
from budmodel_pipeline.workflows.manifests import parse_snapshot, write_manifest


class BackfillError(Exception):
    """An older file is not what the source publishes, fails a check, says another day, or was loaded before."""


def backfill(
    source: Source, contents: Mapping[str, bytes], day: date, *, engine: Engine, store: ObjectStore
) -> tuple[Snapshot, Parsed]:
    """Loads an older file of each endpoint, as it stood on `day`, as history; what is current stays.

    Raises BackfillError; nothing was loaded then.
    """
    now = datetime.now(UTC)
    try:
        wanted = source.all_endpoints(contents)
    except SourceError as error:
        raise BackfillError(f"{source.slug}: {error}. Nothing was loaded.") from error
    stored = {endpoint: store.put_content(contents[endpoint.name]) for endpoint in wanted if endpoint.name in contents}
    files = [
        SnapshotFile(endpoint.name, endpoint.url, content.sha256, content.size, content.key, None, None, now)
        for endpoint, content in stored.items()
    ]
    snapshot = fetched_snapshot(source.slug, source.parser_version, BACKFILL, None, files, now)
    snapshot = replace(snapshot, as_of=day, as_of_basis=AsOfBasis.PERSON)
    try:
        parsed = parse_snapshot(source, snapshot, store)
    except SourceError as error:
        raise BackfillError(f"{source.slug}: {error}. Nothing was loaded.") from error
    if parsed.as_of_basis is AsOfBasis.STATED and parsed.as_of != day:
        raise BackfillError(f"{source.slug}: the file says that it is of {parsed.as_of}, not of {day}. Nothing was loaded.")
    parsed = replace(parsed, as_of=day, as_of_basis=AsOfBasis.PERSON)
    if refusals := [outcome for outcome in assess(source, parsed, None) if outcome.refuses]:
        reason = "; ".join(f"{outcome.check.name}: {outcome.found}" for outcome in refusals)
        raise BackfillError(f"{source.slug}: {reason}. Nothing was loaded.")
    with engine.begin() as connection:
        lock_source(connection, source.slug)
        if is_published(connection, snapshot.snapshot_id):
            raise BackfillError(f"{source.slug}: this file was loaded before, as {snapshot.snapshot_id}.")
        record_backfill(connection, snapshot)
        snapshot = load(connection, source, snapshot, parsed)
    write_manifest(engine, store, snapshot)
    return snapshot, parsed
