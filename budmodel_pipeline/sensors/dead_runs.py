"""Ends the runs whose process is gone: whatever waits for them, a pool, a lease, the marts, goes on within two minutes."""

import dagster as dg

from budmodel_pipeline.resources.postgres import WATCHED, PostgresResource
from budmodel_pipeline.warehouse.run_locks import living

GONE = "The process of this run is gone: nobody holds its lock in the database any more."


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs whose process was killed as failed, so that nothing waits for them; they are tried again.",
)
def dead_runs(context: dg.SensorEvaluationContext, postgres: PostgresResource) -> dg.SkipReason:
    at_work = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    runs = {run.run_id: run for run in context.instance.get_runs(dg.RunsFilter(statuses=at_work, tags={WATCHED: "true"}))}
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
