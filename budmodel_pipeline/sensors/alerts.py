"""Tells people of failures, of what has become too old, and once a week of what changed, by a webhook."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg
from sqlalchemy import Connection

from budmodel_pipeline.assets.upkeep import WEEK, stale_after
from budmodel_pipeline.resources.alerting import AlertingResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.sensors.model_work import has_ended
from budmodel_pipeline.services.webhook import WebhookError, plain
from budmodel_pipeline.warehouse.built_marts import MartsError
from budmodel_pipeline.warehouse.changes import changes_since
from budmodel_pipeline.warehouse.states import SourceState, source_states
from budmodel_pipeline.workflows.fault_messages import (
    Fault,
    after_delivery,
    after_failure,
    is_quiet,
    message,
    read_told,
    week_is_over,
)

RUNS_LOOKED_AT = 10
_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def alerts(
    extraction_job: str,
    jobs: Mapping[str, Mapping[str, str]],
    aging: Mapping[str, Sequence[dg.AssetKey]],
    *,
    running: bool,
) -> dg.SensorDefinition:
    """The sensor that tells of failed runs of `jobs` (by the tags of those that count), and of what is stale of `aging`, the
    keys of assets under the name that people know them by. It is `running` where somebody is to be told.

    That `extraction_job` failed is told where no leaderboard does: else it would be the same fault twice.
    """

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        description="Posts each fault once to BUDMODEL_ALERT_WEBHOOK (sources and jobs that fail, assets that are too old), "
        "once more when it is over, and once a week what the leaderboards changed.",
    )
    def tick(context: dg.SensorEvaluationContext, postgres: PostgresResource, alerting: AlertingResource) -> dg.SkipReason:
        if not alerting.is_configured:
            return dg.SkipReason("Nobody is told: BUDMODEL_ALERT_WEBHOOK is not set.")
        now, told = datetime.now(UTC), read_told(context.cursor)
        if is_quiet(told, now):
            return dg.SkipReason(f"The last message was not taken; it is tried again at {told.not_before:%H:%M:%S} UTC.")
        with postgres.engine.connect() as connection:
            sources = source_states(connection)
            over = week_is_over(told, now)
            changes = _changes(connection, now) if over else None
        failing = list(_failing(sources))
        faults = [
            *failing,
            *_failed_jobs(context.instance, jobs if failing else {extraction_job: {}, **jobs}),
            *_stale(context.instance, aging, {one.source: one for one in sources}, now),
        ]
        said = message(told, faults, changes)
        if said is not None:
            try:
                alerting.tell(said)
            except WebhookError as error:
                later = after_failure(told, now, error.retry_after)
                context.update_cursor(later.written())
                return dg.SkipReason(
                    f"A message was not taken: {error}. It is tried again at {later.not_before:%H:%M:%S} UTC."
                )
        context.update_cursor(after_delivery(told, faults, now, with_week=over).written())
        return dg.SkipReason(f"{len(faults)} faults, {'of which people were told' if said else 'and nothing new'}.")

    return tick


def _failing(sources: Sequence[SourceState]) -> Iterator[Fault]:
    for one in sources:
        if one.last_error:
            yield Fault(f"source {one.source}", f"leaderboard {one.source} fails: {plain(one.last_error)}")


def _failed_jobs(instance: dg.DagsterInstance, jobs: Mapping[str, Mapping[str, str]]) -> Iterator[Fault]:
    """Those whose latest run that ended has failed, and is not tried again by Dagster itself."""
    for job, tags in jobs.items():
        runs = instance.get_runs(dg.RunsFilter(job_name=job, statuses=_OVER, tags=dict(tags)), limit=RUNS_LOOKED_AT)
        latest = next(filter(has_ended, runs), None)
        if latest is not None and not latest.is_success:
            yield Fault(f"job {job}", f"job {job} failed: the log of run {latest.run_id} says why")


def _stale(
    instance: dg.DagsterInstance,
    aging: Mapping[str, Sequence[dg.AssetKey]],
    sources: Mapping[str, SourceState],
    now: datetime,
) -> Iterator[Fault]:
    """What Dagster's freshness policies call failed; what was never made is not old, nor what nobody is to use."""
    watched = {name: keys for name, keys in aging.items() if name not in sources or not sources[name].forbidden}
    keys = [key for of_name in watched.values() for key in of_name]
    made = {
        record.asset_entry.asset_key: datetime.fromtimestamp(entry.timestamp, UTC)
        for record in instance.get_asset_records(keys)
        if (entry := record.asset_entry.last_materialization_record) is not None
    }
    for name, of_name in watched.items():
        oldest = min((made[key] for key in of_name if key in made), default=now)
        if now - oldest >= stale_after(sources[name].cadence if name in sources else WEEK):
            yield Fault(f"stale {name}", f"{name}: made on {oldest:%Y-%m-%d} and not since")


def _changes(connection: Connection, now: datetime) -> list[str]:
    """What a week brought, in the words of marts.leaderboard_changes; the asset `weekly_digest` has it whole."""
    try:
        changes = changes_since(connection, now - WEEK)
    except MartsError as error:
        return [f"Not known. {error}"]
    return [
        f"{source}: {', '.join(f'{count:,} {kind}' for kind, count in kinds.items())}" for source, kinds in changes.items()
    ]
