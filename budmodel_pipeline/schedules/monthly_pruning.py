"""The monthly job that forgets what is old: what `budmodel prune` does by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from pydantic import Field

from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.schedules.pruning import forget, old

PRUNE_JOB = "prune"
KEPT_DAYS = 90
# A week of runs must be there for whoever looks for a failure.
LEAST_DAYS = 7


class PruneConfig(dg.Config):
    """How long things are kept."""

    days: int = Field(KEPT_DAYS, ge=LEAST_DAYS, description="How long runs, logs, refused snapshots and catalogs are kept.")
    dry_run: bool = Field(False, description="Say what would go, and do nothing.")


def pruning(dbt: Path) -> tuple[dg.JobDefinition, dg.ScheduleDefinition]:
    """The job, and the schedule that launches it; `dbt` is the folder in which the dbt project is built."""

    @dg.op(name="forget_what_is_old")
    def forget_what_is_old(
        context: dg.OpExecutionContext,
        config: PruneConfig,
        postgres: PostgresResource,
        object_storage: ObjectStorageResource,
    ) -> None:
        store, before = object_storage.store, datetime.now(UTC) - timedelta(days=config.days)
        what = old(context.instance, postgres.engine, store, dbt, before)
        told = what.sentence()
        if not config.dry_run:
            forget(context.instance, postgres.engine, store, what)
        context.log.info(f"{'Would forget' if config.dry_run else 'Forgot'} {told}.")

    @dg.job(
        name=PRUNE_JOB,
        description="Forgets old runs of Dagster, logs of dbt, refused snapshots and catalogs; `dry_run` says which.",
    )
    def prune() -> None:
        forget_what_is_old()

    @dg.schedule(
        name="monthly_pruning",
        job=prune,
        cron_schedule="0 5 1 * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Forgets what is older than {KEPT_DAYS} days, on the first of each month.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m}")

    return prune, tick
