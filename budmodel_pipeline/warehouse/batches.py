"""Batches: which targets a run works on. A target bears the id of its batch until the batch is done with it.

Whoever claims a target anew takes it out of the batch that had it, so no two batches hold the same one; and a run that takes
the place of a dead one finds in its batch what is left to do.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from budmodel_pipeline.warehouse.model_states import LEFT_UNFINISHED


@dataclass(frozen=True, slots=True)
class Batch:
    """What is left of a batch: targets `to_read`, and those that were `read` by a run that died before it was done."""

    to_read: Sequence[str]
    read: Sequence[str]


def claim_due(connection: Connection, batch_id: str, now: datetime, until: datetime, limit: int) -> list[str]:
    """Puts targets whose time has come into a batch, the longest waiting first; nobody else requests them before `until`."""
    claimed = connection.execute(
        text("""
            update budmodel.extraction_targets set batch_id = :batch_id, next_attempt_at = :until where target in (
                select target from budmodel.extraction_targets where status = 'waiting' and next_attempt_at <= :now
                order by next_attempt_at, target limit :limit for update skip locked
            ) returning target
        """),
        {"batch_id": batch_id, "now": now, "until": until, "limit": limit},
    )
    return sorted(claimed.scalars())


def claim(connection: Connection, batch_id: str, target: str, until: datetime) -> None:
    """Puts a target into a batch because a person asks for it: it is read again, also where that failed for good."""
    connection.execute(
        text("""
            update budmodel.extraction_targets
            set status = 'waiting', attempts = 0, batch_id = :batch_id, next_attempt_at = :until where target = :target
        """),
        {"batch_id": batch_id, "target": target, "until": until},
    )


def batch_of(connection: Connection, batch_id: str, *, scanned: bool) -> Batch:
    """What is left of a batch, scans counted where models are `scanned`."""
    rows = connection.execute(
        text(f"""
            select target, status from budmodel.extraction_targets known
            where batch_id = :batch_id and (status = 'waiting' or status = 'extracted' and {LEFT_UNFINISHED}) order by target
        """),
        {"batch_id": batch_id, "scanned": scanned},
    ).all()
    of = {status: [row.target for row in rows if row.status == status] for status in ("waiting", "extracted")}
    return Batch(of["waiting"], of["extracted"])


def close_batch(connection: Connection, batch_id: str) -> None:
    """The batch is done with all of its targets."""
    statement = text("update budmodel.extraction_targets set batch_id = null where batch_id = :batch_id")
    connection.execute(statement, {"batch_id": batch_id})


def open_batches(connection: Connection) -> dict[str, datetime | None]:
    """The batches that are not done and that no request waits for, with the end of their lease."""
    rows = connection.execute(
        text("""
            select batch_id, max(next_attempt_at) as until from budmodel.extraction_targets
            where batch_id is not null and batch_id not in (
                select batch_id from budmodel.extraction_requests where status = 'running' and batch_id is not null
            ) group by batch_id order by batch_id
        """)
    )
    return {row.batch_id: row.until for row in rows}


def free_batches(
    connection: Connection,
    batch_ids: Collection[str] | None,
    now: datetime,
    *,
    scanned: bool,
    pause: timedelta = timedelta(0),
) -> int:
    """Makes due again what is left of batches whose runs are no more (None: of all): at once after the first failed attempt,
    then after a `pause` that doubles with each up to a day; how many.

    The caller knows that none is at work. A run that ended in the midst counts as an attempt: else a model that kills its
    worker would be read without end.
    """
    chosen = "batch_id = any(:batch_ids)" if batch_ids is not None else "batch_id is not null"
    values = {"now": now, "scanned": scanned, "pause": pause, "counted": int(pause > timedelta(0))}
    freed = connection.execute(
        text(f"""
            update budmodel.extraction_targets known set batch_id = null, status = 'waiting',
                attempts = attempts + cast(:counted as int),
                next_attempt_at = cast(:now as timestamptz) + case when attempts > 0 then
                    least(cast(:pause as interval) * power(2, least(attempts - 1, 20)), interval '1 day')
                    else interval '0' end
            where {chosen} and (status = 'waiting' or status = 'extracted' and {LEFT_UNFINISHED})
        """),
        {**values, "batch_ids": list(batch_ids or ())},
    ).rowcount
    # The others are done.
    connection.execute(
        text(f"update budmodel.extraction_targets set batch_id = null where {chosen}"), {"batch_ids": list(batch_ids or ())}
    )
    return freed
