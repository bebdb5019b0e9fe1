"""The state of every source, as schedules, sensors and commands need it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class SourceState:
    """When a source was last extracted with success, from which origin, what is current and what went wrong last."""

    source: str
    cadence: timedelta
    last_extracted_at: datetime | None = None
    origin: str | None = None
    snapshot_id: str | None = None
    last_error: str | None = None


def source_states(connection: Connection) -> list[SourceState]:
    """The registered sources in alphabetical order."""
    rows = connection.execute(
        text("""
            select sources.source, cadence_days, last_extracted_at, origin, current_snapshot_id, last_error
            from budmodel.sources left join budmodel.snapshots on snapshot_id = current_snapshot_id order by sources.source
        """)
    )
    return [
        SourceState(
            source=row.source,
            cadence=timedelta(days=row.cadence_days),
            last_extracted_at=row.last_extracted_at,
            origin=row.origin,
            snapshot_id=row.current_snapshot_id,
            last_error=row.last_error,
        )
        for row in rows
    ]


def marts_behind(connection: Connection) -> frozenset[str]:
    """The current snapshots that `marts.leaderboard` was not yet built from; all of them before the first build."""
    current_ids = text("select current_snapshot_id from budmodel.sources where current_snapshot_id is not null")
    current = frozenset[str](connection.execute(current_ids).scalars())
    if connection.execute(text("select to_regclass('marts.leaderboard')")).scalar() is None:
        return current
    built: Iterable[str] = connection.execute(text("select distinct snapshot_id from marts.leaderboard")).scalars()
    return current.difference(built)
