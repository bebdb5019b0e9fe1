"""The state of every source, as schedules, sensors and commands need it."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from budmodel_pipeline.warehouse.built_marts import older_build
from budmodel_pipeline.warehouse.rows import replace_rows
from budmodel_pipeline.warehouse.tables import marts_inputs

# What an input of the marts is called that is no snapshot.
MODELS_READ = "models read until"


@dataclass(frozen=True, slots=True)
class SourceState:
    """When a source was last extracted with success, from which origin, what is current and what went wrong last.

    `forbidden`: the terms of its publisher forbid its use. `shape` says whether a real file of it was ever seen.
    """

    source: str
    cadence: timedelta
    last_extracted_at: datetime | None = None
    origin: str | None = None
    snapshot_id: str | None = None
    last_error: str | None = None
    forbidden: bool = False
    shape: str = "seen"


def source_states(connection: Connection, installed: Container[str] | None = None) -> list[SourceState]:
    """The registered sources in alphabetical order, or those of them that are `installed`.

    A source that a package brought stays registered when the package is gone, but nothing can extract it.
    """
    rows = connection.execute(
        text("""
            select sources.source, shape, cadence_days, last_extracted_at, origin, current_snapshot_id, last_error,
                coalesce(allowed = 'forbidden', false) as forbidden
            from budmodel.sources left join budmodel.snapshots on snapshot_id = current_snapshot_id
            left join budmodel.data_terms on data_terms.source = sources.source and data_terms.benchmark_id = ''
            order by sources.source
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
            forbidden=row.forbidden,
            shape=row.shape,
        )
        for row in rows
        if installed is None or row.source in installed
    ]


def current_snapshots(connection: Connection) -> dict[str, str]:
    """The published snapshot of every source that has one."""
    rows = connection.execute(text("select source, current_snapshot_id from budmodel.sources order by source"))
    return {row.source: row.current_snapshot_id for row in rows if row.current_snapshot_id}


def marts_behind(connection: Connection) -> frozenset[str]:
    """What the marts were not yet built from as a whole: current snapshots, models read since, this version of the code."""
    built = connection.execute(text("select source, marts_snapshot_id from budmodel.sources"))
    held = {row.source: row.marts_snapshot_id for row in built}
    behind = {snapshot for source, snapshot in current_snapshots(connection).items() if held[source] != snapshot}
    read, models_held = newest_extraction(connection), _models_held(connection)
    behind |= {f"{MODELS_READ} {read}"} if read != models_held else set()
    return frozenset(behind | ({older} if (older := older_build(connection)) else set()))


def newest_extraction(connection: Connection) -> str | None:
    """When a model was last read (UTC), as text; None before the first.

    What a clock that went wrong says of days to come would hide all that is read until then.
    """
    newest = text("""
        select to_char(max(extracted_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') from budmodel.extraction_targets
        where extracted_at < now() + interval '1 day'
    """)
    read: str | None = connection.execute(newest).scalar()
    return read


def _models_held(connection: Connection) -> str | None:
    statement = text("select built_from from budmodel.marts_inputs where input = 'model_info'")
    held: str | None = connection.execute(statement).scalar()
    return held


def record_marts(connection: Connection, built_from: Mapping[str, str], models_read: str | None) -> None:
    """Notes that all marts were built when `built_from` were current, and models had been read until `models_read`."""
    statement = text("update budmodel.sources set marts_snapshot_id = :snapshot_id where source = :source")
    if built_from:
        rows = [{"source": source, "snapshot_id": snapshot_id} for source, snapshot_id in built_from.items()]
        connection.execute(statement, rows)
    read = [{"input": "model_info", "built_from": models_read}] if models_read is not None else []
    replace_rows(connection, marts_inputs, {"input": "model_info"}, read)
