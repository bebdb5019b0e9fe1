"""Stored snapshots: the rows of their bytes, and the note of each from which a database can be rebuilt."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date
from email.utils import parsedate_to_datetime

from sqlalchemy import Engine

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.contract import AsOfBasis, Parsed, Source
from budmodel_pipeline.sources.reading import parse_files
from budmodel_pipeline.warehouse.decisions import decisions_about
from budmodel_pipeline.warehouse.snapshots import BACKFILL, Snapshot, SnapshotFile

MANIFESTS = "snapshots"


def parse_snapshot(source: Source, snapshot: Snapshot, store: ObjectStore) -> Parsed:
    """The rows of a stored snapshot, dated by the publisher's files where they hold no date themselves.

    Raises SourceError where the bytes are not what the source publishes.
    """
    parsed = parse_files(source, {file.endpoint: store.get_content(file.sha256) for file in snapshot.files})
    # A copy's files are as old as the copy.
    if parsed.as_of is not None or snapshot.origin != Origin.LIVE:
        return parsed
    newest = _newest(snapshot.files)
    return replace(parsed, as_of=newest, as_of_basis=AsOfBasis.FILE_DATE) if newest else parsed


def _newest(files: Sequence[SnapshotFile]) -> date | None:
    return max(filter(None, (_file_date(file.last_modified) for file in files)), default=None)


def _file_date(last_modified: str | None) -> date | None:
    try:
        return parsedate_to_datetime(last_modified).astimezone(UTC).date() if last_modified else None
    except ValueError:
        return None


def write_manifest(engine: Engine, store: ObjectStore, snapshot: Snapshot) -> None:
    """Notes a published snapshot in the object store, once, with what people decided about it.

    Its key sorts by source and time of fetching. It is written after publishing. A run killed in between leaves it out; the
    next refresh of the source puts it there.
    """
    with engine.connect() as connection:
        made = decisions_about(connection, snapshot.snapshot_id)
    manifest = {
        "origin": snapshot.origin,
        "fetched_at": snapshot.fetched_at.isoformat(),
        "files": [asdict(file) | {"fetched_at": file.fetched_at.isoformat()} for file in snapshot.files],
        "decisions": [asdict(decision) for decision in made],
        "as_of": snapshot.as_of.isoformat() if snapshot.origin == BACKFILL and snapshot.as_of else None,
    }
    key = f"{MANIFESTS}/{snapshot.source}/{snapshot.fetched_at:%Y%m%dT%H%M%S.%fZ}-{snapshot.snapshot_id}.json"
    store.put(key, json.dumps(manifest, indent=1, sort_keys=True).encode())
