"""The snapshots of a source: what was fetched, when, and which one is current."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from budmodel_pipeline.sources.contract import AsOfBasis
from budmodel_pipeline.warehouse.rows import replace_rows, upsert
from budmodel_pipeline.warehouse.tables import snapshot_files, snapshots

# The origin of older files that a person loaded as history.
BACKFILL = "backfill"


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
    as_of_basis: str = AsOfBasis.UNKNOWN
    missing_columns: Sequence[str] = ()
    unknown_columns: Sequence[str] = ()
    rows_read: int | None = None
    rows_kept: int | None = None
    rows_rejected: int | None = None


_FILE_COLUMNS = tuple(SnapshotFile.__dataclass_fields__)
# One row for each file: a refresh asks for its snapshot again and again, and each query is a wait.
_WITH_FILES = f"""
    select snapshots.*, {", ".join(f"files.{name} as file_{name}" for name in _FILE_COLUMNS)}
    from budmodel.snapshots join budmodel.snapshot_files files using (snapshot_id)
"""
# Since when each published snapshot stood. What was loaded as history stood from the day of which a person said so; what was
# followed by something else stood before that was fetched, also where a clock that was ahead says later.
STOOD = """
    select snapshot_id, source, origin, published_no, case
        when origin = 'backfill' then cast(as_of as timestamp) at time zone 'UTC'
        else min(fetched_at) over (
            partition by source, origin = 'backfill' order by published_no desc nulls last, fetched_at desc
        ) end as since
    from budmodel.snapshots where status = 'published'
"""


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
    values = {"source": snapshot.source, "snapshot_id": snapshot.snapshot_id, "now": now}
    connection.execute(text("update budmodel.snapshots set last_seen_at = :now where snapshot_id = :snapshot_id"), values)
    succeeded = text("""
        update budmodel.sources set last_extracted_at = :now, last_attempt_at = :now, last_error = null,
            latest_snapshot_id = :snapshot_id
        where source = :source
    """)
    connection.execute(succeeded, values)


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
    upsert(connection, snapshots, [row])
    of_snapshot = {"snapshot_id": snapshot.snapshot_id}
    replace_rows(connection, snapshot_files, of_snapshot, [of_snapshot | asdict(file) for file in snapshot.files])
    attempted = text("""
        update budmodel.sources set last_attempt_at = :at, latest_snapshot_id = :snapshot_id where source = :source
    """)
    connection.execute(attempted, {"at": snapshot.last_seen_at, "source": snapshot.source, **of_snapshot})


def record_backfill(connection: Connection, snapshot: Snapshot) -> None:
    """Notes a snapshot that is loaded as history."""
    row = {
        column: getattr(snapshot, column)
        for column in (
            *("snapshot_id", "source", "content_sha256", "parser_version", "origin", "status", "fetched_at"),
            *("last_seen_at", "as_of", "as_of_basis", "missing_columns", "unknown_columns"),
        )
    }
    upsert(connection, snapshots, [row])
    files = [{"snapshot_id": snapshot.snapshot_id, **asdict(file)} for file in snapshot.files]
    upsert(connection, snapshot_files, files)


def is_published(connection: Connection, snapshot_id: str) -> bool:
    """Whether there is a published snapshot of this id."""
    status = text("select status from budmodel.snapshots where snapshot_id = :snapshot_id")
    return connection.execute(status, {"snapshot_id": snapshot_id}).scalar_one_or_none() == "published"


def moment_fetched(connection: Connection, snapshot_id: str | None) -> datetime | None:
    """When a snapshot was fetched; None where there is none."""
    moment = text("select fetched_at from budmodel.snapshots where snapshot_id = :snapshot_id")
    found: datetime | None = connection.execute(moment, {"snapshot_id": snapshot_id}).scalar_one_or_none()
    return found


def record_failure(
    connection: Connection, source: str, error: str, now: datetime, *, refused: Snapshot | None = None
) -> None:
    """An extraction of `source` failed; what was published stays. `refused` is the snapshot that failed a check, if any."""
    failed = text("""
        update budmodel.sources set last_error = :error, last_failed_at = :now, last_attempt_at = :now where source = :source
    """)
    connection.execute(failed, {"source": source, "error": error, "now": now})
    if refused is not None:
        refusal = text("""
            update budmodel.snapshots set status = 'refused', refusal = :error
            where snapshot_id = :snapshot_id and status <> 'published'
        """)
        connection.execute(refusal, {"snapshot_id": refused.snapshot_id, "error": error})


def current_snapshot(connection: Connection, source: str) -> Snapshot | None:
    """The snapshot whose scores are published, None before the first."""
    return _one(connection, "select current_snapshot_id from budmodel.sources where source = :source", source=source)


def latest_snapshot(connection: Connection, source: str) -> Snapshot | None:
    """The snapshot that was fetched or seen last, whether published, refused or still to be parsed."""
    return _one(connection, "select latest_snapshot_id from budmodel.sources where source = :source", source=source)


def snapshot_as_of(connection: Connection, source: str, day: date | None) -> Snapshot | None:
    """The published snapshot that was current at the end of `day` (UTC), the newest where `day` is None."""
    end = datetime.fromisoformat(f"{day}T23:59:59.999999+00:00") if day is not None else None
    published = f"""
        select snapshot_id from ({STOOD}) as stood
        where source = :source and since < coalesce(cast(:end as timestamptz), 'infinity')
        order by since desc, published_no desc nulls last limit 1
    """
    return _one(connection, published, source=source, end=end)


def _one(connection: Connection, chosen: str, **values: object) -> Snapshot | None:
    """The snapshot whose id `chosen` selects, with its files."""
    statement = text(f"{_WITH_FILES} where snapshot_id = ({chosen}) order by files.endpoint")
    rows = connection.execute(statement, values).mappings().all()
    if not rows:
        return None
    return Snapshot(
        files=tuple(SnapshotFile(**{name: row[f"file_{name}"] for name in _FILE_COLUMNS}) for row in rows),
        missing_columns=tuple(rows[0]["missing_columns"]),
        unknown_columns=tuple(rows[0]["unknown_columns"]),
        **{
            name: rows[0][name]
            for name in Snapshot.__dataclass_fields__
            if name not in ("files", "missing_columns", "unknown_columns")
        },
    )
