"""Published snapshots as the object store remembers them: parse them again, or rebuild a database from them, offline."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.sources.contract import AsOfBasis, Parsed, Source, SourceError
from budmodel_pipeline.sources.set_aside import without
from budmodel_pipeline.warehouse.changes import stored_scores
from budmodel_pipeline.warehouse.decisions import Decision, record_decisions
from budmodel_pipeline.warehouse.publish import load, publish, register_sources
from budmodel_pipeline.warehouse.snapshots import (
    BACKFILL,
    Snapshot,
    SnapshotFile,
    fetched_snapshot,
    record_backfill,
    record_fetched,
    snapshot_as_of,
)
from budmodel_pipeline.workflows.manifests import MANIFESTS, in_order, parse_snapshot


class ReplayError(Exception):
    """There is nothing to parse again, today's parser does not read it, or there is no room for what it gives."""


def replayed_rows(engine: Engine, store: ObjectStore, source: Source, day: date | None) -> list[dict[str, object]]:
    """The scores of the snapshot that was current on `day` (UTC; the newest for None), parsed again, beside those stored.

    Raises ReplayError where there is no such snapshot or the parser of today does not read it, and ObjectStoreError.
    """
    with engine.connect() as connection:
        snapshot = snapshot_as_of(connection, source.slug, day)
        if snapshot is None:
            raise ReplayError(f"{source.slug}: no snapshot was published" + (f" by {day}." if day else " yet."))
        stored = stored_scores(connection, snapshot.snapshot_id)
    parsed = _parse_again(source, snapshot, store)
    return [
        {
            "snapshot": snapshot.snapshot_id,
            "published_name": entry.published_name,
            "metric": f"{source.slug}.{slug}",
            "value": score.value,
            "stored_value": stored.get((entry.key, f"{source.slug}.{slug}")),
        }
        for entry in parsed.entries
        for slug, score in entry.scores.items()
    ]


def rebuild(engine: Engine, store: ObjectStore, catalog: Mapping[str, Source]) -> dict[str, int]:
    """Publishes every snapshot that the store remembers into an empty database; how many of each source.

    It is one transaction: a rebuild that fails or is killed leaves the database empty. Raises ReplayError where the database
    holds snapshots, where the store remembers none and where the parser of today does not read one, and ObjectStoreError.
    """
    published = {}
    with engine.begin() as connection:
        held: int = connection.execute(text("select count(*) from budmodel.snapshots")).scalar_one()
        if held:
            raise ReplayError(
                f"The database {engine.url.database} holds {held} snapshots, and only an empty one can be rebuilt. "
                "Name a new one in POSTGRES_DB."
            )
        register_sources(connection, catalog)
        for source in catalog.values():
            current: Snapshot | None = None
            manifests = [json.loads(store.get(key)) for key in store.list(f"{MANIFESTS}/{source.slug}/")]
            for manifest in in_order(manifests):
                current = _publish_again(connection, store, source, current, manifest)
            published[source.slug] = len(manifests)
        if not any(published.values()):
            raise ReplayError(f"There is nothing to rebuild from: {store.place} remembers no snapshot.")
    return published


def _publish_again(
    connection: Connection, store: ObjectStore, source: Source, current: Snapshot | None, manifest: Mapping[str, Any]
) -> Snapshot | None:
    """The snapshot that is current afterwards."""
    files = [SnapshotFile(**file | {"fetched_at": datetime.fromisoformat(file["fetched_at"])}) for file in manifest["files"]]
    fetched_at = datetime.fromisoformat(str(manifest["fetched_at"]))
    origin = str(manifest["origin"])
    follows = None if origin == BACKFILL else current
    snapshot = fetched_snapshot(source.slug, source.parser_version, origin, follows, files, fetched_at)
    if snapshot is follows:
        return snapshot
    parsed = _parse_again(source, snapshot, store)
    # Manifests of before people could decide have no decisions.
    made = [Decision(**decision) for decision in manifest.get("decisions", ())]
    aside = {decision.entry_key: decision.reason for decision in made if decision.kind == "set_aside" and decision.entry_key}
    parsed = without(parsed, aside)
    if origin == BACKFILL:
        parsed = replace(parsed, as_of=date.fromisoformat(manifest["as_of"]), as_of_basis=AsOfBasis.PERSON)
        snapshot = replace(snapshot, as_of=parsed.as_of, as_of_basis=parsed.as_of_basis)
        record_backfill(connection, snapshot)
        load(connection, source, snapshot, parsed)
    else:
        record_fetched(connection, snapshot)
        current = publish(connection, source, snapshot, parsed, fetched_at)
    record_decisions(connection, source.slug, snapshot.snapshot_id, made, fetched_at)
    return current


def _parse_again(source: Source, snapshot: Snapshot, store: ObjectStore) -> Parsed:
    try:
        return parse_snapshot(source, snapshot, store)
    except SourceError as error:
        raise ReplayError(
            f"{source.slug}: the parser of today does not read the snapshot of {snapshot.fetched_at:%Y-%m-%d %H:%M} UTC "
            f"({snapshot.snapshot_id}): {error}. Let sources/{source.slug}.py read both layouts."
        ) from error
