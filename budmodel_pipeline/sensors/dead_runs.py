"""Ends the runs whose process is gone: whatever waits for them, a pool, a lease, the marts, goes on within two minutes."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from budmodel_pipeline.resources.postgres import WATCHED, PostgresResource
from budmodel_pipeline.warehouse.run_locks import living

GONE = "The process of this run is gone: nobody holds its lock in the database any more."
# A run has its lock, or has begun with a step that needs none, long before.
UNWATCHED = timedelta(minutes=3)


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs whose process was killed as failed, so that nothing waits for them; they are tried again.",
)
def dead_runs(context: dg.SensorEvaluationContext, postgres: PostgresResource) -> dg.SkipReason:
    at_work = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    records = context.instance.get_run_records(at_work)
    runs = {
        record.dagster_run.run_id: record.dagster_run
        for record in records
        if record.dagster_run.tags.get(WATCHED) == "true" or _never_began(context.instance, record)
    }
    with postgres.engine.connect() as connection:
        gone = runs.keys() - living(connection, runs.keys())
    # Twice in a row: a run that ends, or whose server restarts, is without its lock for a moment.
    dead = sorted(gone & set((context.cursor or "").split()))
    context.update_cursor(" ".join(sorted(gone - set(dead))))
    for run_id in dead:
        if runs[run_id].status is dg.DagsterRunStatus.CANCELING:
            context.instance.report_run_canceled(runs[run_id], GONE)
        else:
            context.instance.report_run_failed(runs[run_id], GONE)
        context.instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    ended = f" Ended: {', '.join(dead)}." if dead else ""
    return dg.SkipReason(f"{len(runs) - len(gone)} of {len(runs)} runs that were started are at work.{ended}")


def _never_began(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    """Whether a run was started a while ago and came to no step: it was killed before it could take its lock."""
    if record.start_time is None or datetime.now(UTC) - datetime.fromtimestamp(record.start_time, UTC) < UNWATCHED:
        return False
    run_id = record.dagster_run.run_id
    return not instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_START, limit=1).records
