"""What is done to each model, in one step: one partition per model, worked on in batches.

A run works on the partitions it was given; what became of each model is in `budmodel.extraction_targets`. In a batch the
models that failed stay unmaterialized and the rest is kept; a run for one model fails with it, and a failure of this program
fails every run, after all that could be done was done.
"""

import warnings
from collections.abc import Iterator
from functools import cache

import dagster as dg

from budmodel_pipeline.assets import per_model_files, per_model_info, per_model_license, per_model_scan
from budmodel_pipeline.assets.per_model_events import FILES, INFO, LICENSE, SCAN, Trouble
from budmodel_pipeline.assets.run_config import refuse_environment
from budmodel_pipeline.resources.file_policy import FilePolicy
from budmodel_pipeline.resources.models import NO_HUB, ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.resources.scanning import ScanningResource
from budmodel_pipeline.targets.closed_models import catalogued_models
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.warehouse.model_states import states_of
from budmodel_pipeline.workflows.model_discovery import MODELS_A_RUN
from budmodel_pipeline.workflows.model_reading import ModelReading, one_batch
from budmodel_pipeline.workflows.remembered_catalogs import RUN_SECONDS

# Chosen knowingly: without it a backfill in the UI starts a process for each model.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)

MODELS = dg.DynamicPartitionsDefinition(name="models")
BACKFILL = dg.BackfillPolicy.multi_run(max_partitions_per_run=MODELS_A_RUN)


class FilesConfig(dg.Config):
    """`policy` is what is copied: none, metadata or all; without it the deployment's own."""

    policy: str | None = None


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
    config: FilesConfig,
    postgres: PostgresResource,
    models: ModelsResource,
    object_storage: ObjectStorageResource,
    file_policy: FilePolicy,
    scanning: ScanningResource,
) -> Iterator[dg.AssetCheckResult]:
    refuse_environment(context)
    selected, targets = context.selected_asset_keys, list(context.partition_keys)
    troubles: list[Trouble] = []
    with one_batch(reading_of(postgres, models, object_storage)) as reading:
        if INFO in selected:
            troubles += yield from per_model_info.read(context, targets, reading)
            with postgres.engine.connect() as connection:
                targets = [state.target for state in states_of(connection, targets) if state.status == "extracted"]
        if LICENSE in selected:
            troubles += yield from per_model_license.search(context, targets, reading, object_storage.store)
        how = scanning.scanning
        if SCAN in selected and how is not None:
            troubles += yield from per_model_scan.scan(context, targets, reading, how)
        if FILES in selected:
            copying = file_policy.copying(object_storage, config.policy)
            troubles += yield from per_model_files.copy(context, targets, reading, copying)
    defects = [trouble.what for trouble in troubles if trouble.defect]
    if defects:
        raise dg.Failure(f"This program failed: {'; '.join(defects[:5])}", allow_retries=False)
    if troubles and len(context.partition_keys) == 1:
        # Who asked for one model is told that it failed; a batch has its failures in the checks and the table.
        raise dg.Failure("; ".join(trouble.what for trouble in troubles[:5]), allow_retries=False)
