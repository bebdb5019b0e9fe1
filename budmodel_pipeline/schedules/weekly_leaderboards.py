"""The weekly schedule: ticks daily, requests the sources that are due, says otherwise when the next one is."""

import dagster as dg

from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.warehouse.publish import register_sources
from budmodel_pipeline.warehouse.states import source_states
from budmodel_pipeline.workflows.cadence import by_default, due_sources, left_out, nothing_due


def weekly_leaderboards(job_name: str, origin: Origin) -> dg.ScheduleDefinition:
    """The schedule over the extraction job for data of `origin`.

    It ticks daily because a missed or failed tick must cost a day, not a week; the state of the sources decides what runs.
    """

    @dg.schedule(
        name="weekly_leaderboards",
        job_name=job_name,
        cron_schedule="0 3 * * *",
        execution_timezone="UTC",
        # The 7-day rule is what this pipeline promises; a schedule that waits to be switched on would break it silently.
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Extracts each leaderboard when 7 days have passed since its last success.",
    )
    def tick(context: dg.ScheduleEvaluationContext, postgres: PostgresResource) -> dg.RunRequest | dg.SkipReason:
        with postgres.engine.begin() as connection:
            register_sources(connection, catalog())
            known = source_states(connection, catalog())
        states = by_default(known)
        scheduled = context.scheduled_execution_time
        due = due_sources(states, scheduled, origin)
        if kept_out := left_out(known):
            context.log.info(kept_out)
        if not due:
            return dg.SkipReason(f"{nothing_due(states, scheduled)} {kept_out}".rstrip())
        return dg.RunRequest(
            run_key=f"{scheduled:%Y-%m-%d}",
            asset_selection=[dg.AssetKey([layer, source]) for source in due for layer in ("snapshots", "scores")],
            tags={"budmodel/sources": ",".join(due)},
        )

    return tick
