"""Requests runs for the models that are due: newly discovered ones, those whose time has come, those that moved on the hub.

The state is in our tables, which serve as the cursor: a tick that is killed loses nothing, and the next one goes on.
"""

import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import dagster as dg
from sqlalchemy import Connection

from budmodel_pipeline.assets.per_model import BATCH, BATCH_FOR, DUE, MODELS
from budmodel_pipeline.fetching.http import FetchError
from budmodel_pipeline.model_info.catalogs import CatalogError
from budmodel_pipeline.resources.models import ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.resources.scanning import ScanningResource
from budmodel_pipeline.sensors.unfinished_runs import UNFINISHED
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.targets.closed_models import catalogued_models
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_pipeline.warehouse.batches import claim_due, free_batches, open_batches
from budmodel_pipeline.warehouse.model_states import due_targets, holds_real_data, record_checks, unchecked_targets
from budmodel_pipeline.workflows.attempts import FIRST_WAIT
from budmodel_pipeline.workflows.model_discovery import LEASE, MODELS_A_RUN, discover
from budmodel_pipeline.workflows.remembered_catalogs import TICK_SECONDS

PRIORITY = "dagster/priority"
# What a person asks for, and leaderboards, go before models that have become old.
LAST = "-1"
WILL_RETRY = "dagster/will_retry"
# A tick has 60 seconds; what is not done by then is done by the next.
DEADLINE_SECONDS = 40.0
RUNS_AT_ONCE = 2
BATCHES_A_TICK = 5
# Due models are counted up to here: more would be told, and cost a tick the more the more there are.
COUNTED = 10_000
# A batch whose run nobody has launched in this time will have none: its tick was killed.
UNLAUNCHED = timedelta(minutes=3)
CHECK_EVERY = timedelta(days=1)
CHECKS_A_TICK = 400


def discovered_models(job_name: str) -> dg.SensorDefinition:
    """The sensor that finds models in the tables of the leaderboards and requests `job_name` for all that are due."""

    @dg.sensor(
        name="discovered_models",
        job_name=job_name,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Adds models that leaderboards link to or that a catalog knows, and requests those that are due: new, "
        "a week old, scanned by older rules or signatures, or to be tried again.",
    )
    def tick(
        context: dg.SensorEvaluationContext,
        postgres: PostgresResource,
        models: ModelsResource,
        object_storage: ObjectStorageResource,
        scanning: ScanningResource,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        how = scanning.scanning
        running = context.instance.get_runs(
            dg.RunsFilter(job_name=job_name, statuses=UNFINISHED, tags={BATCH_FOR: DUE}), limit=RUNS_AT_ONCE
        )
        catalogued, note = _catalogued(models, object_storage)
        now = datetime.now(UTC)
        with postgres.engine.begin() as connection:
            if models.origin is Origin.SAMPLE and holds_real_data(connection):
                return dg.SkipReason("Real data are published here, and samples never join them.")
            discover(
                connection,
                catalogued,
                models.origin.value,
                now,
                only=models.only,
                scan_versions=how.versions if how is not None else None,
            )
            _free_ended(context.instance, connection, now, scanned=how is not None)
            due = due_targets(connection, now, COUNTED)
        if due and len(running) >= RUNS_AT_ONCE:
            many = f"{'at least ' if due == COUNTED else ''}{due}"
            return dg.SkipReason(f"{many} models are due; waiting for the {len(running)} batches that are running.{note}")
        launched: list[dg.RunRequest] = []
        while due > 0 and len(launched) < BATCHES_A_TICK:
            batch_id = new_batch()
            with postgres.engine.begin() as connection:
                targets = claim_due(connection, batch_id, now, now + LEASE, MODELS_A_RUN)
            if not targets:
                break
            launched.append(batch_run(context.instance, batch_id, targets, DUE, LAST))
            due -= len(targets)
        return launched or dg.SkipReason(f"No model is due.{note}")

    return tick


def updated_models(job_name: str) -> dg.SensorDefinition:
    """The sensor that compares revisions with the hub; what moved becomes due and is requested by `discovered_models`."""

    @dg.sensor(
        name="updated_models",
        job_name=job_name,
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks the hub daily for the revision of each extracted model; those that moved become due.",
    )
    def tick(context: dg.SensorEvaluationContext, postgres: PostgresResource, models: ModelsResource) -> dg.SkipReason:
        hub = models.hub
        if hub is None:
            return dg.SkipReason("There is no hub to ask.")
        end = time.monotonic() + DEADLINE_SECONDS
        now = datetime.now(UTC)
        with postgres.engine.connect() as connection:
            states = unchecked_targets(connection, now - CHECK_EVERY, CHECKS_A_TICK)
        same: list[str] = []
        moved: list[str] = []
        problems: list[str] = []

        def revision(uri: str) -> str | None:
            return hub.current_revision(uri) if time.monotonic() < end else None

        with ThreadPoolExecutor(models.threads) as pool:
            asked = [(state, pool.submit(revision, state.uri)) for state in states]
            for state, answer in asked:
                try:
                    found = answer.result()
                except ProviderError as error:
                    # Extraction meets the same trouble, names it in the table and decides whether it passes.
                    problems.append(str(error))
                    moved.append(state.target)
                    continue
                if found is not None:
                    (same if found == state.revision else moved).append(state.target)
        with postgres.engine.begin() as connection:
            record_checks(connection, same, moved, now)
        context.update_cursor(now.isoformat())
        trouble = f" The hub did not answer for {len(problems)}: {problems[0]}" if problems else ""
        left = len(states) - len(same) - len(moved)
        return dg.SkipReason(f"{len(same)} models are as they were, {len(moved)} moved, {left} are left for later.{trouble}")

    return tick


def new_batch() -> str:
    """An id for a batch."""
    return uuid.uuid4().hex


def batch_run(
    instance: dg.DagsterInstance, batch_id: str, targets: Collection[str], purpose: str, priority: str
) -> dg.RunRequest:
    """The run for a batch that holds `targets`, each of which is a partition: people look for models by these."""
    instance.add_dynamic_partitions(str(MODELS.name), list(targets))
    return dg.RunRequest(run_key=batch_id, tags={BATCH: batch_id, BATCH_FOR: purpose, PRIORITY: priority})


def runs_of_batches(instance: dg.DagsterInstance, batch_ids: Collection[str]) -> Mapping[str, dg.DagsterRun]:
    """The latest run of each batch that has one."""
    if not batch_ids:
        return {}
    runs = instance.get_runs(dg.RunsFilter(tags={BATCH: sorted(batch_ids)}))
    return {run.tags[BATCH]: run for run in reversed(runs)}


def is_new(until: datetime | None, now: datetime) -> bool:
    """Whether the run of a batch that is leased until then may still be launched by the tick that claimed it. A lease that
    began in the future is of a clock that went wrong."""
    return until is not None and abs(now + LEASE - until) <= UNLAUNCHED


def has_ended(run: dg.DagsterRun) -> bool:
    """Whether a run is over and Dagster is not about to put another in its place."""
    return run.is_finished and run.tags.get(WILL_RETRY) != "true"


def _free_ended(instance: dg.DagsterInstance, connection: Connection, now: datetime, *, scanned: bool) -> None:
    """Lets go of what is left of batches whose run has ended in their midst, or was never launched."""
    batches = open_batches(connection)
    runs = runs_of_batches(instance, batches)
    ended = [batch_id for batch_id in batches if batch_id in runs and has_ended(runs[batch_id])]
    free_batches(connection, ended, now, scanned=scanned, pause=FIRST_WAIT)
    unlaunched = [batch_id for batch_id, until in batches.items() if batch_id not in runs and not is_new(until, now)]
    free_batches(connection, unlaunched, now, scanned=scanned)


def _catalogued(models: ModelsResource, storage: ObjectStorageResource) -> tuple[Sequence[str], str]:
    """Ids of the models that the catalogs know, and a sentence where they could not be had: the hub's models go on."""
    try:
        found = models.catalogs(storage.store, TICK_SECONDS)
        return list(catalogued_models(found.records)), "".join(f" {note}." for note in found.notes)
    except (FetchError, CatalogError) as error:
        return (), f" Closed models were not looked for: {error}"
