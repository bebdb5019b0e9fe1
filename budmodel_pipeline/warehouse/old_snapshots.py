"""Snapshots that never were published: fetched and refused, or fetched and left. Published ones are history, and stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class OldSnapshots:
    """Their ids, and the SHA-256 of files that nothing else needs."""

    snapshot_ids: Sequence[str]
    contents: Sequence[str]


def unpublished_before(connection: Connection, before: datetime) -> OldSnapshots:
    """Those that were last seen before `before`."""
    found = connection.execute(
        text("""
            select snapshot_id from budmodel.snapshots
            where status <> 'published' and last_seen_at < :before and snapshot_id not in (
                select current_snapshot_id from budmodel.sources where current_snapshot_id is not null
            ) order by last_seen_at, snapshot_id
        """),
        {"before": before},
    )
    ids: list[str] = list(found.scalars())
    contents = connection.execute(
        text("""
            select distinct sha256 from budmodel.snapshot_files mine where snapshot_id = any(:ids) and not exists (
                select from budmodel.snapshot_files others
                where others.sha256 = mine.sha256 and others.snapshot_id <> all(:ids)
            ) and not exists (select from budmodel.model_files where model_files.sha256 = mine.sha256)
              and not exists (select from budmodel.license_documents where text_sha256 = mine.sha256)
              and not exists (select from budmodel.catalog_files where catalog_files.sha256 = mine.sha256)
            order by 1
        """),
        {"ids": ids},
    )
    return OldSnapshots(ids, list(contents.scalars()))


def forget_snapshots(connection: Connection, snapshot_ids: Sequence[str]) -> None:
    """Deletes them, with all that hangs on them; of what was fetched last and goes, what is published takes the place."""
    left = text("""
        update budmodel.sources set latest_snapshot_id = current_snapshot_id where latest_snapshot_id = any(:ids)
    """)
    connection.execute(left, {"ids": list(snapshot_ids)})
    statement = text("delete from budmodel.snapshots where snapshot_id = any(:ids) and status <> 'published'")
    connection.execute(statement, {"ids": list(snapshot_ids)})
