"""What may go after a while: Dagster's runs with their events and logs, dbt's logs, snapshots that never were published,
and states of catalogs.

What tells how something stands is kept: runs that hold the latest materialization of an asset, all published snapshots, the
newest state of each catalog and those that the tables lead to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from sqlalchemy import Engine

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.warehouse.old_snapshots import OldSnapshots, forget_snapshots, unpublished_before
from budmodel_pipeline.warehouse.price_records import catalog_keys
from budmodel_pipeline.workflows.remembered_catalogs import old_states

_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Old:
    """What is from before a day: ids of runs, snapshots with the content that only they have, log files of dbt, keys of
    states of catalogs."""

    before: datetime
    runs: Sequence[str]
    snapshots: OldSnapshots
    logs: Sequence[Path]
    catalogs: Sequence[str]

    def sentence(self) -> str:
        """For people."""
        snapshots, size = self.snapshots, sum(path.stat().st_size for path in self.logs if path.is_file())
        return (
            f"{len(self.runs):,} runs with their events and logs, {len(snapshots.snapshot_ids):,} snapshots that never were "
            f"published with {len(snapshots.contents):,} objects, {len(self.logs):,} log files of dbt ({size / 1e6:.1f} MB) "
            f"and {len(self.catalogs):,} states of catalogs, all from before {self.before:%Y-%m-%d}"
        )


def old(instance: dg.DagsterInstance, engine: Engine, store: ObjectStore, dbt: Path, before: datetime) -> Old:
    """Everything from before `before` that may go; `dbt` is the folder in which its project is built."""
    with engine.connect() as connection:
        snapshots = unpublished_before(connection, before)
        needed = catalog_keys(connection)
    logs = [path for path in sorted(dbt.glob("*.log*")) if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before]
    catalogs = [key for key in old_states(store, before) if key not in needed]
    return Old(before, old_runs(instance, before), snapshots, logs, catalogs)


def forget(instance: dg.DagsterInstance, engine: Engine, store: ObjectStore, what: Old) -> None:
    """Deletes it. Killed in its midst, the next call goes on: an object goes before the row that leads to it."""
    forget_runs(instance, what.runs)
    for sha256 in what.snapshots.contents:
        store.remove(sha256)
    for key in what.catalogs:
        store.remove_key(key)
    with engine.begin() as connection:
        forget_snapshots(connection, what.snapshots.snapshot_ids)
    for path in what.logs:
        path.unlink(missing_ok=True)


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


def forget_runs(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> None:
    """Deletes these runs with their events, and what their steps printed."""
    for run_id in run_ids:
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        instance.delete_run(run_id)
