"""The snapshots of a source: what was fetched, when, and which one is current."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from budmodel_pipeline.warehouse.tables import snapshot_files, snapshots, sources


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """One endpoint's bytes as stored: `url` is where they were fetched, `object_key` where they lie."""

    endpoint: str
    url: str
    sha256: str
    size_bytes: int
    object_key: str
    etag: str | None
    last_modified: str | None
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All files of a source at one moment. `previous_snapshot_id` was current when this one was fetched.

    `status` is fetched (not yet parsed), published or refused (it failed a check; `refusal` says which).
    """

    snapshot_id: str
    source: str
    previous_snapshot_id: str | None
    content_sha256: str
    parser_version: int
    origin: str
    status: str
    fetched_at: datetime
    last_seen_at: datetime
    files: tuple[SnapshotFile, ...]
    refusal: str | None = None
    as_of: date | None = None
    unknown_columns: Sequence[str] = ()
    rows_read: int | None = None
    rows_kept: int | None = None
    rows_rejected: int | None = None


_FILE_COLUMNS = tuple(SnapshotFile.__dataclass_fields__)
# One row for each file: a refresh asks for its snapshot again and again, and each query is a wait.
_WITH_FILES = (
    select(snapshots, *(snapshot_files.c[name].label(f"file_{name}") for name in _FILE_COLUMNS))
    .join(snapshot_files, snapshot_files.c.snapshot_id == snapshots.c.snapshot_id)
    .order_by(snapshot_files.c.endpoint)
)


def content_digest(files: Iterable[tuple[str, str]]) -> str:
    """sha256 over the (endpoint, sha256) pairs of a snapshot, whatever their order."""
    return hashlib.sha256("".join(f"{endpoint} {sha256}\n" for endpoint, sha256 in sorted(files)).encode()).hexdigest()


def snapshot_id_for(source: str, content_sha256: str, parser_version: int, origin: str, previous_id: str | None) -> str:
    """The id of a snapshot, the same on every machine that sees the same succession of contents."""
    lineage = f"{content_sha256} {parser_version} {origin} {previous_id or ''}"
    return f"{source}-{hashlib.sha256(lineage.encode()).hexdigest()[:16]}"


def fetched_snapshot(
    source: str, parser_version: int, origin: str, current: Snapshot | None, files: Sequence[SnapshotFile], now: datetime
) -> Snapshot:
    """What a fetch amounts to: the current snapshot seen again where nothing changed, else a new one."""
    content = content_digest((file.endpoint, file.sha256) for file in files)
    if current and (current.content_sha256, current.parser_version, current.origin) == (content, parser_version, origin):
        return current
    previous_id = current.snapshot_id if current else None
    return Snapshot(
        snapshot_id=snapshot_id_for(source, content, parser_version, origin, previous_id),
        source=source,
        previous_snapshot_id=previous_id,
        content_sha256=content,
        parser_version=parser_version,
        origin=origin,
        status="fetched",
        fetched_at=now,
        last_seen_at=now,
        files=tuple(files),
    )


def record_unchanged(connection: Connection, snapshot: Snapshot, now: datetime) -> None:
    """The current snapshot was seen again: a successful extraction that changes no score."""
    current = snapshots.c.snapshot_id == snapshot.snapshot_id
    connection.execute(update(snapshots).where(current).values(last_seen_at=now))
    succeeded = {"last_extracted_at": now, "last_attempt_at": now, "last_error": None}
    connection.execute(update(sources).where(sources.c.source == snapshot.source).values(succeeded))


def record_fetched(connection: Connection, snapshot: Snapshot) -> None:
    """Notes a new snapshot that is yet to be parsed; fetching the same one again after a failure renews its row."""
    row = {
        column: getattr(snapshot, column)
        for column in (
            "snapshot_id",
            "source",
            "previous_snapshot_id",
            "content_sha256",
            "parser_version",
            "origin",
            "status",
            "fetched_at",
            "last_seen_at",
            "refusal",
        )
    }
    renewed = {column: row[column] for column in ("status", "fetched_at", "last_seen_at", "refusal")}
    statement = upsert(snapshots).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["snapshot_id"], set_=renewed))
    connection.execute(delete(snapshot_files).where(snapshot_files.c.snapshot_id == snapshot.snapshot_id))
    files = [{"snapshot_id": snapshot.snapshot_id, **_file_row(file)} for file in snapshot.files]
    connection.execute(insert(snapshot_files), files)


def record_attempt(connection: Connection, source: str, now: datetime) -> None:
    """An extraction of `source` begins."""
    connection.execute(update(sources).where(sources.c.source == source).values(last_attempt_at=now))


def record_failure(
    connection: Connection, source: str, error: str, now: datetime, *, refused: Snapshot | None = None
) -> None:
    """An extraction of `source` failed; what was published stays. `refused` is the snapshot that failed a check, if any."""
    failed = {"last_error": error, "last_failed_at": now}
    connection.execute(update(sources).where(sources.c.source == source).values(failed))
    if refused is not None:
        refusal = {"status": "refused", "refusal": error}
        unpublished = (snapshots.c.snapshot_id == refused.snapshot_id) & (snapshots.c.status != "published")
        connection.execute(update(snapshots).where(unpublished).values(refusal))


def current_snapshot(connection: Connection, source: str) -> Snapshot | None:
    """The snapshot whose scores are published, None before the first."""
    return _one(connection, select(sources.c.current_snapshot_id).where(sources.c.source == source))


def latest_snapshot(connection: Connection, source: str) -> Snapshot | None:
    """The snapshot that was fetched or seen last, whether published, refused or still to be parsed."""
    seen = snapshots.c.last_seen_at.desc(), snapshots.c.fetched_at.desc()
    return _one(connection, select(snapshots.c.snapshot_id).where(snapshots.c.source == source).order_by(*seen).limit(1))


def snapshot_as_of(connection: Connection, source: str, day: date | None) -> Snapshot | None:
    """The published snapshot that was current at the end of `day` (UTC), the newest where `day` is None."""
    published = select(snapshots.c.snapshot_id).where(snapshots.c.source == source, snapshots.c.status == "published")
    if day is not None:
        published = published.where(snapshots.c.fetched_at < datetime.fromisoformat(f"{day}T23:59:59.999999+00:00"))
    return _one(connection, published.order_by(snapshots.c.fetched_at.desc()).limit(1))


def _one(connection: Connection, chosen: Select[Any]) -> Snapshot | None:
    """The snapshot whose id `chosen` selects, with its files."""
    statement = _WITH_FILES.where(snapshots.c.snapshot_id == chosen.scalar_subquery())
    rows = connection.execute(statement).mappings().all()
    if not rows:
        return None
    return Snapshot(
        files=tuple(SnapshotFile(**{name: row[f"file_{name}"] for name in _FILE_COLUMNS}) for row in rows),
        unknown_columns=tuple(rows[0]["unknown_columns"]),
        **{name: rows[0][name] for name in Snapshot.__dataclass_fields__ if name not in ("files", "unknown_columns")},
    )


def _file_row(file: SnapshotFile) -> dict[str, object]:
    return {name: getattr(file, name) for name in _FILE_COLUMNS}
