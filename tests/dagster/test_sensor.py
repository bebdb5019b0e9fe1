"""The sensor that keeps the marts in step, with real rows and the runs of an instance."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

from budmodel_pipeline.definitions import EXTRACTION_JOB, MARTS_JOB, build_definitions
from budmodel_pipeline.sensors.stale_marts import BEHIND, rebuild_key, snapshots_of
from budmodel_pipeline.settings import Settings
from budmodel_pipeline.warehouse.states import current_snapshots, marts_behind, newest_extraction, record_marts
from tests.dagster.conftest import BYSTANDER, SOURCES, Deployment, sample
from tests.hostile_server import Reply


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def tick(deployment: Deployment, instance: dg.DagsterInstance) -> tuple[list[dg.RunRequest], str | None]:
    """What the sensor asks for, and why nothing otherwise."""
    sensor = build_definitions(Settings()).resolve_sensor_def("stale_marts")
    with dg.build_sensor_context(instance=instance, resources={"postgres": deployment.postgres()}) as context:
        told = sensor.evaluate_tick(context)
    return list(told.run_requests or []), told.skip_message


def build_marts(deployment: Deployment) -> None:
    """What a build of the marts leaves for the sensor to see."""
    with deployment.engine.begin() as connection:
        record_marts(connection, current_snapshots(connection), newest_extraction(connection))


def add_run(
    instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus, tags: Mapping[str, str] | None = None
) -> str:
    """A run that has come to `status`; its id."""
    location = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("budmodel_pipeline"), "__repository__")
    origin = location.get_job_origin(job)
    run = dg.DagsterRun(job_name=job, run_id=str(uuid.uuid4()), status=status, remote_job_origin=origin, tags=tags or {})
    return instance.add_run(run).run_id


def publish_something(deployment: Deployment) -> None:
    deployment.serves(BYSTANDER, Reply(body=sample(BYSTANDER).replace(b'"Overall": 2', b'"Overall": 3', 1)))
    assert deployment.run([BYSTANDER]).success


def test_before_the_first_build_everything_is_new(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    (request,), _ = tick(deployment, instance)
    assert request.job_name in (None, MARTS_JOB)


def test_nothing_published_is_nothing_to_build(fresh: Deployment, instance: dg.DagsterInstance) -> None:
    assert tick(fresh, instance) == ([], "The marts hold every current snapshot and model.")


def test_in_step_it_skips(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    build_marts(deployment)
    assert tick(deployment, instance) == ([], "The marts hold every current snapshot and model.")


def test_a_week_without_news_is_checked_and_built_and_so_the_marts_stay_fresh(
    deployment: Deployment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_marts(deployment)
    instance.report_runless_asset_event(dg.AssetMaterialization(["marts", "leaderboard"]))
    assert tick(deployment, instance)[0] == []
    monkeypatch.setattr("budmodel_pipeline.sensors.stale_marts.REBUILD_AFTER", timedelta(0))
    assert len(tick(deployment, instance)[0]) == 1
    add_run(instance, MARTS_JOB, dg.DagsterRunStatus.STARTED)
    assert tick(deployment, instance) == ([], "The marts are a week old; waiting for the rebuild that is running.")


def test_a_new_snapshot_requests_a_rebuild_until_it_is_built(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    build_marts(deployment)
    publish_something(deployment)
    assert len(tick(deployment, instance)[0]) == 1
    build_marts(deployment)
    assert tick(deployment, instance)[0] == []


def test_unchanged_sources_request_nothing(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    build_marts(deployment)
    assert deployment.run().success
    assert tick(deployment, instance)[0] == []


def test_a_source_that_fails_does_not_hold_up_the_others(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    build_marts(deployment)
    deployment.serves(SOURCES[0], Reply(404))
    assert not deployment.run([SOURCES[0]]).success
    assert tick(deployment, instance)[0] == []
    publish_something(deployment)
    assert len(tick(deployment, instance)[0]) == 1


@pytest.mark.parametrize(
    "status",
    [
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ],
)
def test_it_waits_while_an_extraction_runs(
    deployment: Deployment, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    add_run(instance, EXTRACTION_JOB, status)
    reason = f"{len(SOURCES)} inputs are new; waiting for the extraction that is running."
    assert tick(deployment, instance) == ([], reason)


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_extractions_that_ended_hold_nothing_up(
    deployment: Deployment, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    add_run(instance, EXTRACTION_JOB, status)
    assert len(tick(deployment, instance)[0]) == 1


def test_it_waits_while_the_marts_are_rebuilt(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    publish_something(deployment)
    add_run(instance, MARTS_JOB, dg.DagsterRunStatus.STARTED)
    requests, skipped = tick(deployment, instance)
    assert requests == []
    assert skipped is not None
    assert "rebuild" in skipped


def test_what_was_asked_for_is_not_asked_for_twice() -> None:
    """Dagster drops a request whose key it has seen."""
    behind = {"ugi-1", "bfcl-1"}
    assert rebuild_key(behind, "run") == rebuild_key(sorted(behind), "run")
    assert rebuild_key(behind, "run") != rebuild_key(behind, "another run")
    for others in ({"ugi-1"}, {"ugi-1", "bfcl-2"}, {"ugi-1", "bfcl-1", "mteb-1"}):
        assert rebuild_key(others, "run") != rebuild_key(behind, "run")


def failed(deployment: Deployment, instance: dg.DagsterInstance, *, since: timedelta) -> str:
    """A rebuild of what is new now, which failed so long ago; its id."""
    with deployment.engine.connect() as connection:
        tags = {BEHIND: snapshots_of(marts_behind(connection))}
    ended = (datetime.now(UTC) - since).timestamp()
    run_id = add_run(instance, MARTS_JOB, dg.DagsterRunStatus.STARTED, tags)
    for kind in (dg.DagsterEventType.RUN_START, dg.DagsterEventType.RUN_FAILURE):
        event = dg.DagsterEvent(kind.value, MARTS_JOB)
        written = dg.EventLogEntry(  # type: ignore[no-untyped-call]
            None, "error", "", run_id, ended, job_name=MARTS_JOB, dagster_event=event
        )
        instance.handle_new_event(written)
    return run_id


def test_a_rebuild_that_failed_is_tried_again_later_and_says_so(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    failed(deployment, instance, since=timedelta(minutes=50))
    last = failed(deployment, instance, since=timedelta(minutes=9))
    requests, skipped = tick(deployment, instance)
    assert requests == []
    assert skipped is not None
    assert f"the rebuild failed 2 times: see run {last}. It is tried again at " in skipped


def test_it_waits_twice_as_long_after_each_failure(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    failed(deployment, instance, since=timedelta(minutes=6))
    assert len(tick(deployment, instance)[0]) == 1
    failed(deployment, instance, since=timedelta(minutes=6))
    assert tick(deployment, instance)[0] == []


def test_what_a_source_publishes_after_a_failure_does_not_wait(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    failed(deployment, instance, since=timedelta(minutes=1))
    publish_something(deployment)
    assert len(tick(deployment, instance)[0]) == 1
