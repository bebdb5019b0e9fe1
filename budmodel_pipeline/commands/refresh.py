"""Extracts sources and models through Dagster in this process, then rebuilds the marts where something changed."""

from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from sqlalchemy import Engine

from budmodel_pipeline.assets.per_model import BATCH_FOR, REQUESTS
from budmodel_pipeline.commands.progress import NAME, Say, progress_logger
from budmodel_pipeline.definitions import EXTRACTION_JOB, MARTS_JOB, MODELS_JOB, build_definitions
from budmodel_pipeline.sensors.unfinished_runs import UNFINISHED
from budmodel_pipeline.settings import Settings
from budmodel_pipeline.warehouse.batches import free_batches
from budmodel_pipeline.warehouse.states import marts_behind
from budmodel_pipeline.workflows.extraction import Accepted

COMMAND = "budmodel/command"
# A person is watching: what the site refuses for minutes is reported now and extracted by the next run.
NO_RETRY: dg.RetryPolicy | None = None


def refresh(
    engine: Engine, settings: Settings, sources: Sequence[str], *, accepted: Accepted, rebuild_marts: bool, say: Say
) -> bool:
    """Extracts `sources` and the models that are due, and brings the marts up to date; whether everything succeeded.

    A model that cannot be read is no failure of the run: it is in the table, with the time of the next attempt.

    The caller makes sure that one process at a time does this: runs left behind by a killed one are closed first.
    """
    definitions = dg.Definitions.merge(
        build_definitions(settings, retry=NO_RETRY), dg.Definitions(loggers={NAME: progress_logger(say)})
    )
    with dg.DagsterInstance.get() as instance:
        close_dead_runs(instance)
        extracted = not sources or _execute(
            definitions.resolve_job_def(EXTRACTION_JOB),
            instance,
            [dg.AssetKey([layer, source]) for source in sources for layer in ("snapshots", "scores")],
            {f"scores__{source}": {"config": _config(accepted)} for source in sources},
        )
        with engine.connect() as connection:
            behind = marts_behind(connection)
        # Which models there are follows from the names that were just published.
        resolved = not behind or _execute(definitions.resolve_job_def(MARTS_JOB), instance, [dg.AssetKey("models")], {})
        if not instance.get_runs(dg.RunsFilter(job_name=MODELS_JOB, statuses=UNFINISHED), limit=1):
            # Killed runs have left their batches open; nobody works on them.
            with engine.begin() as connection:
                free_batches(connection, None, datetime.now(UTC), scanned=settings.budmodel_scan_max_megabytes > 0)
        extracted &= resolved and _read_models(definitions, instance, say)
        with engine.connect() as connection:
            behind = marts_behind(connection)
        if not behind and not rebuild_marts:
            return extracted
        # dbt prints a line per model and test; the run shows one per table.
        with (settings.budmodel_home / "dbt.log").open("w") as log, redirect_stdout(log):
            return _execute(definitions.resolve_job_def(MARTS_JOB), instance, None, {}) and extracted


def _config(accepted: Accepted) -> Mapping[str, Any]:
    said = {"accept_shrinkage": accepted.shrinkage, "set_aside": list(accepted.aside)}
    return said if accepted.story is None else {**said, "accept": accepted.story}


def _read_models(definitions: dg.Definitions, instance: dg.DagsterInstance, say: Say) -> bool:
    """Does here what the sensors would request of the daemon: serves requests, then reads the models that are due."""
    job = definitions.resolve_job_def(MODELS_JOB)
    succeeded = True
    for sensor in ("extraction_requests", "discovered_models"):
        for asked in _tick(definitions, instance, sensor, say):
            succeeded &= _execute(job, instance, None, {}, asked.tags) or asked.tags[BATCH_FOR] == REQUESTS
    # What came of the requests goes back into their rows.
    _tick(definitions, instance, "extraction_requests", say)
    return succeeded


def _tick(definitions: dg.Definitions, instance: dg.DagsterInstance, sensor: str, say: Say) -> Sequence[dg.RunRequest]:
    found = definitions.resolve_sensor_def(sensor)
    resources = {name: (definitions.resources or {})[name] for name in found.required_resource_keys}
    with dg.build_sensor_context(instance, definitions=definitions, resources=resources) as context:
        tick = found.evaluate_tick(context)
    if tick.run_requests:
        say(f"{sensor}: {len(tick.run_requests)} {'run' if len(tick.run_requests) == 1 else 'runs'}")
    return tick.run_requests or []


def close_dead_runs(instance: dg.DagsterInstance) -> None:
    """Marks runs of this command that were killed as failed, and frees the pool slots that runs hold which are over.

    A run whose failure was noted in its midst keeps its slots as a killed one does, and a step would wait for them for ever:
    the daemon, which frees them otherwise, need not be running.
    """
    # A filter on the tag would miss a run that was killed before its tags were indexed; the run itself has them by then.
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        if COMMAND in run.tags:
            instance.report_run_failed(run, "The process of this run died; the next one took over.")
    storage = instance.event_log_storage
    pools = [storage.get_concurrency_info(key) for key in storage.get_concurrency_keys()]
    # A place that was given up goes to whoever waits longest, dead or not.
    for run_id in {one for pool in pools for one in pool.active_run_ids | pool.pending_run_ids | pool.assigned_run_ids}:
        holder = instance.get_run_by_id(run_id)
        if holder is None or holder.is_finished:
            storage.free_concurrency_slots_for_run(run_id)


def _execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    asset_selection: Sequence[dg.AssetKey] | None,
    ops: Mapping[str, Any],
    tags: Mapping[str, str] | None = None,
) -> bool:
    result = job.execute_in_process(
        run_config={"loggers": {NAME: {}}, "ops": dict(ops)},
        instance=instance,
        asset_selection=asset_selection,
        raise_on_error=False,
        tags={**(tags or {}), COMMAND: "run"},
    )
    return result.success
