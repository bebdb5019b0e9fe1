"""What of Dagster's history may go: finished runs of long ago, but for those that tell how an asset or a check stands."""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg

_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PAGE = 500


def old_runs(instance: dg.DagsterInstance, before: datetime) -> Sequence[str]:
    """The ids of finished runs from before `before` that hold no asset's latest materialization, the oldest first."""
    keys = list(instance.all_asset_keys())
    latest = instance.get_latest_materialization_events(keys)
    needed = {entry.run_id for entry in latest.values() if entry is not None}
    found: list[str] = []
    cursor: str | None = None
    while page := instance.get_run_records(
        dg.RunsFilter(statuses=_OVER, created_before=before), limit=_PAGE, cursor=cursor, ascending=True
    ):
        found += [record.dagster_run.run_id for record in page if record.dagster_run.run_id not in needed]
        cursor = page[-1].dagster_run.run_id
    return found


def forget(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> None:
    """Deletes these runs with their events."""
    for run_id in run_ids:
        instance.delete_run(run_id)
