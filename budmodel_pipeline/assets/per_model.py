"""What is done to each model, in one step: one partition per model, worked on in batches.

A run works on the batch that its tags name, or on the partitions that a person chose; what became of each model is in
`budmodel.extraction_targets`. A batch is a list in our tables, because a run of Dagster has one partition or a range of
them: such a run has none, and reports an event for the partition of each of its models. Models that failed stay
unmaterialized and the rest is kept. A run fails with a model where a person asked for it, and, after all that could be done
was done, with this program.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

import dagster as dg
from pydantic import Field
from sqlalchemy import Engine

from budmodel_pipeline.assets import per_model_events, per_model_files, per_model_info, per_model_license, per_model_scan
from budmodel_pipeline.assets.per_model_events import FILES, INFO, LICENSE, SCAN, Trouble
from budmodel_pipeline.assets.run_config import refuse_environment
from budmodel_pipeline.resources.file_policy import FilePolicy
from budmodel_pipeline.resources.models import NO_HUB, ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.resources.scanning import ScanningResource
from budmodel_pipeline.targets.closed_models import catalogued_models
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.targets.target import TargetError, parse_target, target_of
from budmodel_pipeline.warehouse.batches import batch_of, close_batch
from budmodel_pipeline.warehouse.model_states import add_targets, states_of
from budmodel_pipeline.warehouse.withdrawals import lift_withdrawal
from budmodel_pipeline.workflows.model_discovery import MODELS_A_RUN, known_target
from budmodel_pipeline.workflows.model_reading import ModelReading, one_batch
from budmodel_pipeline.workflows.remembered_catalogs import RUN_SECONDS

# Chosen knowingly: without it a backfill in the UI starts a process for each model.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)

MODELS = dg.DynamicPartitionsDefinition(name="models")
BACKFILL = dg.BackfillPolicy.multi_run(max_partitions_per_run=MODELS_A_RUN)
# Tags of a run: its batch, and what that is for.
BATCH, BATCH_FOR = "budmodel/batch", "budmodel/batch_for"
DUE, REQUESTS = "due", "requests"
UI = "Dagster's UI"


class PerModelConfig(dg.Config):
    """For a person who launches a run by hand."""

    policy: str | None = Field(
        None, description="Which files are copied: none, metadata or all; without it the deployment's own."
    )
    force: bool = Field(
        False, description="Read and scan again, whatever is known of the same revision and of the same content."
    )


@dataclass(frozen=True, slots=True)
class Work:
    """The targets of a run: those `to_read`, those that a dead run of the same batch has `read`, and whether a person asked
    for each of them."""

    to_read: Sequence[str]
    read: Sequence[str] = ()
    asked_for: bool = False


def reading_of(postgres: PostgresResource, models: ModelsResource, storage: ObjectStorageResource) -> ModelReading:
    """How this run reads models."""
    providers = Providers(
        hub=models.hub,
        hub_pages=models.hub_pages,
        no_hub=NO_HUB,
        disk_roots=models.roots,
        # Names are resolved once for all closed models of a run.
        catalogs=cache(lambda: catalogued_models(models.catalogs(storage.store, RUN_SECONDS).records)),
    )
    return ModelReading(postgres.engine, providers, models.origin.value, models.llm, models.threads)


@dg.multi_asset(
    name="per_model_work",
    specs=[per_model_info.SPEC, per_model_scan.SPEC, per_model_files.SPEC, per_model_license.SPEC],
    check_specs=[
        per_model_info.ALL_EXTRACTED,
        per_model_license.ALL_LICENSED,
        per_model_scan.FILES_ARE_SAFE,
        per_model_files.ALL_COPIED,
    ],
    # One step for all: a step after one that leaves out failed models would be left out as a whole.
    can_subset=True,
    partitions_def=MODELS,
    backfill_policy=BACKFILL,
)
def per_model_work(
    context: dg.AssetExecutionContext,
    config: PerModelConfig,
    postgres: PostgresResource,
    models: ModelsResource,
    object_storage: ObjectStorageResource,
    file_policy: FilePolicy,
    scanning: ScanningResource,
) -> Iterator[dg.AssetCheckResult]:
    refuse_environment(context)
    selected, how = context.selected_asset_keys, scanning.scanning
    work = _work(context, postgres.engine, scanned=how is not None)
    targets, troubles = [*work.to_read, *work.read], list[Trouble]()
    with one_batch(reading_of(postgres, models, object_storage)) as reading:
        if INFO in selected:
            troubles += yield from _checked(context, per_model_info.read(context, work.to_read, reading))
            with postgres.engine.connect() as connection:
                targets = [state.target for state in states_of(connection, targets) if state.status == "extracted"]
        if LICENSE in selected:
            troubles += yield from _checked(
                context, per_model_license.search(context, targets, reading, object_storage.store)
            )
        if SCAN in selected and how is not None:
            how = replace(how, anew=config.force)
            troubles += yield from _checked(context, per_model_scan.scan(context, targets, reading, how))
        if FILES in selected:
            copying = file_policy.copying(object_storage, config.policy)
            troubles += yield from _checked(context, per_model_files.copy(context, targets, reading, copying))
    if INFO in selected and (batch_id := context.run.tags.get(BATCH)):
        with postgres.engine.begin() as connection:
            close_batch(connection, batch_id)
    defects = [trouble.what for trouble in troubles if trouble.defect]
    if defects:
        raise dg.Failure(f"This program failed: {'; '.join(defects[:5])}", allow_retries=False)
    if troubles and work.asked_for:
        # Who asked is told that it failed; other batches have their failures in the checks and the table.
        raise dg.Failure("; ".join(trouble.what for trouble in troubles[:5]), allow_retries=False)


def _checked(context: dg.AssetExecutionContext, work: per_model_events.Work) -> per_model_events.Work:
    """The same work. For a check Dagster looks up the partition of the run, which a batch has not: its checks are events of
    the asset as a whole."""
    if BATCH not in context.run.tags:
        return (yield from work)
    while True:
        try:
            found = next(work)
        except StopIteration as end:
            troubles: Sequence[Trouble] = end.value
            return troubles
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=found.asset_key or INFO,
                check_name=found.check_name or "",
                passed=found.passed,
                metadata=found.metadata,
                severity=found.severity,
                description=found.description,
            )
        )


def _work(context: dg.AssetExecutionContext, engine: Engine, *, scanned: bool) -> Work:
    """What this run is to do. Raises dg.Failure where that is nothing that can be read."""
    tags = context.run.tags
    if batch_id := tags.get(BATCH):
        with engine.connect() as connection:
            left = batch_of(connection, batch_id, scanned=scanned)
        return Work(left.to_read, left.read, asked_for=tags.get(BATCH_FOR) == REQUESTS)
    if not (context.has_partition_key or context.has_partition_key_range):
        raise dg.Failure("Choose the partitions of the models to read; nothing was read.", allow_retries=False)
    chosen = list(context.partition_keys)
    _add_unknown(engine, chosen)
    return Work(chosen, asked_for=len(chosen) == 1)


def _add_unknown(engine: Engine, partitions: Sequence[str]) -> None:
    """A partition that a person added in the UI is a request like any other. Raises dg.Failure where it names no model."""
    with engine.begin() as connection:
        known = {state.target for state in states_of(connection, partitions)}
        for partition in partitions:
            if partition in known:
                continue
            try:
                written = parse_target(partition)
                target = target_of(written.provider, written.place)
            except TargetError as error:
                raise dg.Failure(f"{partition!r} is no model: {error}. Nothing was read.", allow_retries=False) from error
            if target.key != partition:
                found = f"The partition {partition!r} is the model {target.key}: add a partition of that name"
                raise dg.Failure(f"{found}. Nothing was read.", allow_retries=False)
            now = datetime.now(UTC)
            lift_withdrawal(connection, target.key, UI, now)
            add_targets(connection, [known_target(target, UI)], now)
