"""Rebuilds the marts when sources published snapshots that the marts do not hold yet."""

import hashlib
from collections.abc import Collection
from datetime import datetime

import dagster as dg

from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.sensors.unfinished_runs import UNFINISHED
from budmodel_pipeline.warehouse.states import marts_behind


def rebuild_key(behind: Collection[str], now: datetime) -> str:
    """One rebuild per set of new snapshots and hour: a failed rebuild is tried again, but not at every tick."""
    digest = hashlib.sha256(" ".join(sorted(behind)).encode()).hexdigest()[:16]
    return f"{digest} {now:%Y-%m-%d %H}h"


def stale_marts(extraction_job: str, marts_job: str) -> dg.SensorDefinition:
    """The sensor that requests `marts_job`; it waits while an extraction runs: one rebuild serves all its sources."""

    @dg.sensor(
        name="stale_marts",
        job_name=marts_job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests the marts when a source published a snapshot, or a model was read, that they do not hold yet.",
    )
    def tick(context: dg.SensorEvaluationContext, postgres: PostgresResource) -> dg.RunRequest | dg.SkipReason:
        with postgres.engine.connect() as connection:
            behind = marts_behind(connection)
        if not behind:
            return dg.SkipReason("The marts hold every current snapshot and model.")
        for job, what in ((extraction_job, "extraction"), (marts_job, "rebuild")):
            if context.instance.get_runs(dg.RunsFilter(job_name=job, statuses=UNFINISHED), limit=1):
                return dg.SkipReason(f"{len(behind)} inputs are new; waiting for the {what} that is running.")
        return dg.RunRequest(run_key=rebuild_key(behind, datetime.now().astimezone()))

    return tick
