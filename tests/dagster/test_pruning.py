"""What is old is forgotten, but for what tells how something stands, and for what was published."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.schedules.monthly_pruning import pruning
from budmodel_pipeline.schedules.pruning import forget, forget_runs, old, old_runs
from budmodel_pipeline.services.object_store import open_directory
from budmodel_pipeline.warehouse.price_records import CatalogFileRecord, store_prices
from tests.dagster.conftest import VICTIM, Deployment, sample
from tests.hostile_server import Reply


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_what_an_asset_stands_on_is_kept(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def thing() -> None: ...

    @dg.asset
    def other() -> None: ...

    runs = [dg.materialize([asset], instance=instance).run_id for asset in (thing, other, thing)]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert old_runs(instance, datetime.now(UTC) - timedelta(days=1)) == []
    assert old_runs(instance, tomorrow) == runs[:1]
    forget_runs(instance, old_runs(instance, tomorrow))
    assert {run.run_id for run in instance.get_runs()} == set(runs[1:])
    assert instance.get_latest_materialization_event(thing.key) is not None
    assert instance.all_logs(runs[0]) == []


def test_what_is_not_over_is_kept(instance: dg.DagsterInstance) -> None:
    instance.add_run(dg.DagsterRun(job_name="job", run_id="at work", status=dg.DagsterRunStatus.STARTED))
    assert old_runs(instance, datetime.now(UTC) + timedelta(days=1)) == []


def test_a_refused_snapshot_goes_and_a_published_one_stays(
    deployment: Deployment, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    def snapshots() -> dict[str, int]:
        rows = deployment.rows("select status, count(*) as count from budmodel.snapshots group by status")
        return {row["status"]: row["count"] for row in rows}

    def objects() -> set[str]:
        return {path.name for path in deployment.objects.rglob("sha256/*/*")}

    log = tmp_path / "dbt.log.1"
    log.write_text("long ago")
    before, stored, scores = snapshots(), objects(), deployment.scores(VICTIM)
    assert scores
    rows = sample(VICTIM).splitlines(keepends=True)
    deployment.serves(VICTIM, Reply(body=b"".join(rows[: len(rows) // 2])))
    assert not deployment.run([VICTIM]).success
    assert snapshots() == {**before, "refused": 1}
    assert len(objects()) == len(stored) + 1

    job, _ = pruning(tmp_path)
    resources = {
        "postgres": deployment.postgres(),
        "object_storage": ObjectStorageResource(directory=str(deployment.objects)),
    }

    def prune(**config: object) -> None:
        ops = {"forget_what_is_old": {"config": config}}
        job.execute_in_process(instance=instance, resources=resources, run_config={"ops": ops})

    prune(days=7)
    assert (snapshots()["refused"], log.exists()) == (1, True)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    store = open_directory(deployment.objects)
    states = [
        f"catalogs/live/models.dev/{day}T000000.000000-0123456789abcdef"
        for day in ("2026-01-01", "2026-01-02", "2026-01-03")
    ]
    for key in states:
        store.put(key, b"{}")
    with deployment.engine.begin() as connection:
        store_prices(connection, CatalogFileRecord("models.dev", "", "live", "", states[1], 2, tomorrow), [])
    what = old(instance, deployment.engine, store, tmp_path, tomorrow)
    assert "1 snapshots that never were published with 1 objects, 1 log files of dbt" in what.sentence()
    assert "1 states of catalogs" in what.sentence()
    assert snapshots()["refused"] == 1
    forget(instance, deployment.engine, store, what)
    # The newest is kept, and the one that prices come from.
    assert list(store.list("catalogs")) == states[1:]
    assert (snapshots(), objects(), deployment.scores(VICTIM), log.exists()) == (before, stored, scores, False)


def test_a_dry_run_does_nothing(deployment: Deployment, instance: dg.DagsterInstance, tmp_path: Path) -> None:
    long_ago = datetime.now(UTC).timestamp() - 100 * 86_400
    log = tmp_path / "dbt.log.1"
    log.write_text("long ago")
    os.utime(log, (long_ago, long_ago))
    job, schedule = pruning(tmp_path)
    resources = {
        "postgres": deployment.postgres(),
        "object_storage": ObjectStorageResource(directory=str(deployment.objects)),
    }
    for dry_run in (True, False):
        config = {"ops": {"forget_what_is_old": {"config": {"dry_run": dry_run}}}}
        assert job.execute_in_process(instance=instance, resources=resources, run_config=config).success
        assert log.exists() is dry_run
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
