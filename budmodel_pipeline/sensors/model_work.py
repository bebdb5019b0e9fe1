"""Requests runs for the models that are due: newly discovered ones, those whose time has come, those that moved on the hub.

The state is in our tables, which serve as the cursor: a tick that is killed loses nothing, and the next one goes on.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import dagster as dg

from budmodel_pipeline.assets.per_model import MODELS
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
from budmodel_pipeline.warehouse.model_states import (
    due_targets,
    holds_real_data,
    lease,
    record_checks,
    unchecked_targets,
)
from budmodel_pipeline.workflows.model_discovery import (
    LEASE,
    MODELS_A_RUN,
    PAGE,
    contiguous_ranges,
    discover,
    in_range,
)
from budmodel_pipeline.workflows.remembered_catalogs import TICK_SECONDS

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
BATCH = "budmodel/batch"
# A tick has 60 seconds; what is not done by then is done by the next.
DEADLINE_SECONDS = 40.0
RUNS_AT_ONCE = 2
RANGES_A_TICK = 20
CHECK_EVERY = timedelta(days=1)
CHECKS_A_TICK = 400
CHUNK = 5_000


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
            dg.RunsFilter(job_name=job_name, statuses=UNFINISHED, tags={BATCH: "true"}), limit=RUNS_AT_ONCE
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
            due = due_targets(connection, now, PAGE)
        if len(running) >= RUNS_AT_ONCE:
            return dg.SkipReason(
                f"{len(due)} models are due; waiting for the {len(running)} batches that are running.{note}"
            )
        if not due:
            return dg.SkipReason(f"No model is due.{note}")
        order = partitions_with(context.instance, due)
        ranges = contiguous_ranges(order, due, MODELS_A_RUN)[:RANGES_A_TICK]
        leased = [target for first, last in ranges for target in in_range(order, first, last)]
        until = now + LEASE
        with postgres.engine.begin() as connection:
            lease(connection, leased, until)
        return [
            dg.RunRequest(
                run_key=f"{first} {last} {until.isoformat()}",
                tags={RANGE_START: first, RANGE_END: last, BATCH: "true"},
            )
            for first, last in ranges
        ]

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


def partitions_with(instance: dg.DagsterInstance, targets: Sequence[str]) -> Sequence[str]:
    """All partitions in their order, after those of `targets` that were missing were added at the end."""
    name = str(MODELS.name)
    order = instance.get_dynamic_partitions(name)
    known = frozenset(order)
    missing = [target for target in targets if target not in known]
    for start in range(0, len(missing), CHUNK):
        instance.add_dynamic_partitions(name, missing[start : start + CHUNK])
    return instance.get_dynamic_partitions(name) if missing else order


def _catalogued(models: ModelsResource, storage: ObjectStorageResource) -> tuple[Sequence[str], str]:
    """Ids of the models that the catalogs know, and a sentence where they could not be had: the hub's models go on."""
    try:
        found = models.catalogs(storage.store, TICK_SECONDS)
        return list(catalogued_models(found.records)), "".join(f" {note}." for note in found.notes)
    except (FetchError, CatalogError) as error:
        return (), f" Closed models were not looked for: {error}"
