"""Rebuilds the marts when sources published snapshots that the marts do not hold yet, and once a week whatever happened.

Marts tell how old things are; and a week in which nothing was published is no fault, as freshness policies would have it.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.sensors.unfinished_runs import UNFINISHED
from budmodel_pipeline.warehouse.states import MODELS_READ, marts_behind
from budmodel_pipeline.workflows.attempts import pause
from budmodel_pipeline.workflows.cadence import has_passed

BEHIND = "budmodel/behind"
RUNS_LOOKED_AT = 20
# Before the freshness policies of the marts warn.
REBUILD_AFTER = timedelta(days=7)
AT_MOST_ONCE = timedelta(days=1)
# A batch takes minutes and there may be many: the marts follow them at this distance.
BETWEEN_BATCHES = timedelta(minutes=30)


def rebuild_key(behind: Collection[str], last_run: str | None) -> str:
    """One rebuild per set of new inputs and last run: nothing is asked for twice, and what failed is tried again."""
    return f"{_digest(behind)} after {last_run}"


def snapshots_of(behind: Collection[str]) -> str:
    """The new snapshots alone, as a tag: models are read all the time, and do not make a failing rebuild another one."""
    return _digest(one for one in behind if not one.startswith(MODELS_READ))


def _digest(names: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(sorted(names)).encode()).hexdigest()[:16]


def stale_marts(extraction_job: str, marts_job: str, models_job: str, built: Sequence[dg.AssetKey]) -> dg.SensorDefinition:
    """The sensor that requests `marts_job`, which makes the assets `built`; it waits while an extraction runs: one rebuild
    serves all its sources."""

    @dg.sensor(
        name="stale_marts",
        job_name=marts_job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests the marts when a source published a snapshot, or a model was read, that they do not hold yet, "
        "and when they are a week old. "
        "After a failed rebuild it waits, twice as long each time.",
    )
    def tick(context: dg.SensorEvaluationContext, postgres: PostgresResource) -> dg.RunRequest | dg.SkipReason:
        with postgres.engine.connect() as connection:
            behind = marts_behind(connection)
        now = datetime.now(UTC)
        if not behind and not _is_old(context.instance, built, now):
            return dg.SkipReason("The marts hold every current snapshot and model.")
        news = f"{len(behind)} inputs are new" if behind else "The marts are a week old"
        for job, what in ((extraction_job, "extraction"), (marts_job, "rebuild")):
            if context.instance.get_runs(dg.RunsFilter(job_name=job, statuses=UNFINISHED), limit=1):
                return dg.SkipReason(f"{news}; waiting for the {what} that is running.")
        sources = snapshots_of(behind)
        records = context.instance.get_run_records(dg.RunsFilter(job_name=marts_job), limit=RUNS_LOOKED_AT)
        failures = _failures(records, sources)
        if failures:
            last = failures[0]
            ended, wait = datetime.fromtimestamp(last.end_time or now.timestamp(), UTC), pause(len(failures))
            if not has_passed(wait, ended, now):
                return dg.SkipReason(
                    f"{news}, and the rebuild failed {_times(len(failures))}: see run {last.dagster_run.run_id}. It is "
                    f"tried again at {ended + wait:%Y-%m-%d %H:%M} UTC, or at once when a source publishes something new."
                )
        elif behind and all(one.startswith(MODELS_READ) for one in behind) and records and records[0].dagster_run.is_success:
            ended = _ended(records[0])
            batches = dg.RunsFilter(job_name=models_job, statuses=UNFINISHED)
            if not has_passed(BETWEEN_BATCHES, ended, now) and context.instance.get_runs(batches, limit=1):
                return dg.SkipReason(f"Models are being read; the marts follow at {ended + BETWEEN_BATCHES:%H:%M} UTC.")
        elif not behind and records and not has_passed(AT_MOST_ONCE, _ended(records[0]), now):
            return dg.SkipReason("The marts hold every current snapshot and model, and were built within a day.")
        last_run = records[0].dagster_run.run_id if records else None
        return dg.RunRequest(run_key=rebuild_key(behind, last_run), tags={BEHIND: sources})

    return tick


def _ended(record: dg.RunRecord) -> datetime:
    return datetime.fromtimestamp(record.end_time or 0, UTC)


def _is_old(instance: dg.DagsterInstance, built: Sequence[dg.AssetKey], now: datetime) -> bool:
    """Whether one of the assets was made so long ago that all are to be made again; what never was is not old."""
    records = instance.get_asset_records(built)
    made = [entry.timestamp for record in records if (entry := record.asset_entry.last_materialization_record) is not None]
    return any(has_passed(REBUILD_AFTER, datetime.fromtimestamp(moment, UTC), now) for moment in made)


def _failures(records: Collection[dg.RunRecord], sources: str) -> list[dg.RunRecord]:
    """The rebuilds of the same snapshots that failed one after the other, the latest first."""
    failed: list[dg.RunRecord] = []
    for record in records:
        if record.dagster_run.is_success or record.dagster_run.tags.get(BEHIND) != sources:
            break
        failed.append(record)
    return failed


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
