"""Runs whose process is gone are ended, and those that are at work are not."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest

from budmodel_pipeline.commands.refresh import close_dead_runs
from budmodel_pipeline.resources.fixed import fixed
from budmodel_pipeline.resources.postgres import WATCHED, PostgresResource, while_the_run_lives
from budmodel_pipeline.sensors.dead_runs import GONE, dead_runs
from budmodel_pipeline.warehouse.run_locks import alive, living
from tests.dagster.conftest import Deployment

LEFT = {WATCHED: "true"}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def add_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, tags: dict[str, str]) -> str:
    return instance.add_run(dg.DagsterRun(job_name="job", run_id=str(uuid.uuid4()), status=status, tags=tags)).run_id


def tick(deployment: Deployment, instance: dg.DagsterInstance, cursor: str | None) -> tuple[str | None, str | None]:
    """The cursor that it leaves, and what it says."""
    with dg.build_sensor_context(instance, cursor=cursor, resources={"postgres": deployment.postgres()}) as context:
        told = dead_runs.evaluate_tick(context)
    return told.cursor, told.skip_message


def test_what_is_gone_at_two_ticks_is_ended(fresh: Deployment, instance: dg.DagsterInstance) -> None:
    killed = add_run(instance, dg.DagsterRunStatus.STARTED, LEFT)
    canceled = add_run(instance, dg.DagsterRunStatus.CANCELING, LEFT)
    at_work = add_run(instance, dg.DagsterRunStatus.STARTED, LEFT)
    starting = add_run(instance, dg.DagsterRunStatus.STARTING, LEFT)
    older = add_run(instance, dg.DagsterRunStatus.STARTED, {})

    def statuses() -> list[dg.DagsterRunStatus]:
        runs = [instance.get_run_by_id(run_id) for run_id in (killed, canceled, at_work, starting, older)]
        return [run.status for run in runs if run is not None]

    before = statuses()
    with alive(fresh.engine, at_work):
        cursor, told = tick(fresh, instance, None)
        assert statuses() == before
        assert told == "1 of 3 runs that were started are at work."
        cursor, told = tick(fresh, instance, cursor)
    assert told is not None
    assert killed in told
    ended = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    assert statuses() == [*ended, *before[2:]]
    assert GONE in str([record.message for record in instance.all_logs(killed)])


def test_one_that_is_back_at_the_second_tick_goes_on(fresh: Deployment, instance: dg.DagsterInstance) -> None:
    run_id = add_run(instance, dg.DagsterRunStatus.STARTED, LEFT)
    cursor, _ = tick(fresh, instance, None)
    assert cursor == run_id
    with alive(fresh.engine, run_id):
        cursor, _ = tick(fresh, instance, cursor)
    assert cursor == ""


def test_one_that_was_killed_before_it_could_take_its_lock_is_ended(
    fresh: Deployment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [add_run(instance, dg.DagsterRunStatus.STARTING, {}) for _ in range(2)]
    for run_id in runs:
        begun = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "job", message="")
        instance.report_dagster_event(begun, run_id)
    # It needs no database, and is at work.
    instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.STEP_START.value, "job", message=""), runs[1])
    assert tick(fresh, instance, None)[0] == ""
    monkeypatch.setattr("budmodel_pipeline.sensors.dead_runs.UNWATCHED", timedelta(0))
    cursor, _ = tick(fresh, instance, None)
    assert cursor == runs[0]
    tick(fresh, instance, cursor)
    found = [instance.get_run_by_id(run_id) for run_id in runs]
    assert [run.status for run in found if run] == [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED]


def test_a_run_holds_its_lock_while_it_works(fresh: Deployment, instance: dg.DagsterInstance) -> None:
    @dg.op
    def work(context: dg.OpExecutionContext, postgres: PostgresResource) -> list[str]:
        with postgres.engine.connect() as connection:
            return list(living(connection, [context.run_id]))

    @dg.job(resource_defs={"postgres": fixed(fresh.postgres(), while_the_run_lives)})
    def job() -> None:
        work()

    result = job.execute_in_process(instance=instance)
    assert result.output_for_node("work") == [result.run_id]
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags[WATCHED] == "true"
    with fresh.engine.connect() as connection:
        assert living(connection, [result.run_id]) == frozenset()


def test_a_run_that_is_over_holds_no_place_in_a_pool(instance: dg.DagsterInstance) -> None:
    """One whose failure was noted in its midst keeps its places: without a daemon the next run would wait for ever."""
    storage = instance.event_log_storage
    storage.set_concurrency_slots("pool", 3)
    failed, at_work = (
        add_run(instance, status, {}) for status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED)
    )
    for run_id in (failed, at_work, "given up", "is promised one", "waits"):
        storage.claim_concurrency_slot("pool", run_id, "step")
    storage.free_concurrency_slots_for_run("given up")
    before = storage.get_concurrency_info("pool")
    assert (before.assigned_run_ids - before.active_run_ids, before.pending_run_ids) == ({"is promised one"}, {"waits"})
    close_dead_runs(instance)
    pool = storage.get_concurrency_info("pool")
    assert (pool.active_run_ids, pool.pending_run_ids, pool.assigned_run_ids) == ({at_work}, set(), {at_work})
