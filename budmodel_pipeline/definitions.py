"""Where everything meets: the assets, jobs, schedules, sensors and resources of one deployment."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource

from budmodel_pipeline.assets.leaderboards import GROUP as LEADERBOARDS
from budmodel_pipeline.assets.leaderboards import RETRY, leaderboard_assets
from budmodel_pipeline.assets.licenses import license_catalog
from budmodel_pipeline.assets.marts import GROUP as MARTS
from budmodel_pipeline.assets.marts import PROJECT_DIRECTORY, marts_assets
from budmodel_pipeline.assets.models import models, no_clashes
from budmodel_pipeline.assets.per_model import BATCH_FOR, DUE, per_model_work
from budmodel_pipeline.assets.per_model_events import GROUP as MODELS
from budmodel_pipeline.assets.prices import model_prices
from budmodel_pipeline.assets.rankings import ranking
from budmodel_pipeline.assets.release import release
from budmodel_pipeline.assets.report_page import leaderboard_report
from budmodel_pipeline.assets.weekly_digest import weekly_digest
from budmodel_pipeline.resources.alerting import AlertingResource
from budmodel_pipeline.resources.file_policy import GIGABYTE, FilePolicy
from budmodel_pipeline.resources.fixed import fixed
from budmodel_pipeline.resources.leaderboard_http import LeaderboardHttpResource
from budmodel_pipeline.resources.models import ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource, while_the_run_lives
from budmodel_pipeline.resources.scanning import ScanningResource
from budmodel_pipeline.schedules.monthly_pruning import PRUNE_JOB, pruning
from budmodel_pipeline.schedules.weekly_leaderboards import weekly_leaderboards
from budmodel_pipeline.sensors.alerts import alerts
from budmodel_pipeline.sensors.dead_runs import dead_runs
from budmodel_pipeline.sensors.extraction_requests import extraction_requests
from budmodel_pipeline.sensors.model_work import discovered_models, updated_models
from budmodel_pipeline.sensors.stale_marts import stale_marts
from budmodel_pipeline.settings import Settings, read_settings
from budmodel_pipeline.sources.catalog import catalog

EXTRACTION_JOB = "extract_leaderboards"
MARTS_JOB = "refresh_marts"
MODELS_JOB = "extract_models"
MAX_RUNTIME_SECONDS_TAG, HOUR = "dagster/max_runtime", 3600


def build_definitions(
    settings: Settings, overrides: Mapping[str, Any] | None = None, retry: dg.RetryPolicy | None = RETRY
) -> dg.Definitions:
    """The definitions for `settings`; `overrides` replace resources by name.

    Extraction and marts are separate jobs: a source that fails must not keep the others out of the marts.
    """
    sources = [asset for source in catalog().values() for asset in leaderboard_assets(source, retry)]
    extraction = dg.define_asset_job(
        EXTRACTION_JOB,
        selection=dg.AssetSelection.groups(LEADERBOARDS),
        tags={MAX_RUNTIME_SECONDS_TAG: str(HOUR)},
        description="Fetches, checks and publishes leaderboards.",
    )
    marts = dg.define_asset_job(
        MARTS_JOB,
        selection=dg.AssetSelection.groups(MARTS),
        tags={MAX_RUNTIME_SECONDS_TAG: str(HOUR)},
        description="Resolves models and rebuilds what analysts read.",
    )
    per_model = dg.define_asset_job(
        MODELS_JOB,
        selection=dg.AssetSelection.groups(MODELS),
        # A lease of a model outlives it.
        tags={MAX_RUNTIME_SECONDS_TAG: str(2 * HOUR)},
        description="Reads what models are, and their files.",
    )
    dbt = settings.budmodel_home / "dbt"
    built = [models, ranking, license_catalog, model_prices, marts_assets(dbt), leaderboard_report, weekly_digest, release]
    made = [key for assets in built for key in assets.keys]
    prune, monthly_pruning = pruning(dbt)
    return dg.Definitions(
        assets=[*sources, *built, per_model_work],
        asset_checks=[no_clashes],
        jobs=[extraction, marts, per_model, prune],
        schedules=[weekly_leaderboards(EXTRACTION_JOB, settings.effective_origin), monthly_pruning],
        sensors=[
            dead_runs,
            stale_marts(EXTRACTION_JOB, MARTS_JOB, MODELS_JOB, made),
            discovered_models(MODELS_JOB),
            updated_models(MODELS_JOB),
            extraction_requests(MODELS_JOB),
            alerts(
                EXTRACTION_JOB,
                {MARTS_JOB: {}, MODELS_JOB: {BATCH_FOR: DUE}, PRUNE_JOB: {}},
                {source: [dg.AssetKey(["scores", source])] for source in catalog()} | {"the marts": made},
                running=bool(settings.budmodel_alert_webhook.get_secret_value()),
            ),
        ],
        resources={
            name: fixed(resource, while_the_run_lives) if name == "postgres" else fixed(resource)
            for name, resource in (resources_of(settings) | dict(overrides or {})).items()
        },
        # Each step imports everything again in a process of its own; these are short, and many.
        executor=dg.in_process_executor,
    )


def resources_of(settings: Settings) -> dict[str, Any]:
    """The resources of a deployment, with secrets named and not held: the UI shows how resources are configured."""
    return {
        "postgres": PostgresResource(
            host=settings.postgres_host or dg.EnvVar("POSTGRES_HOST"),
            port=settings.postgres_port,
            user=settings.postgres_user,
            password=dg.EnvVar("POSTGRES_PASSWORD"),
            database=settings.postgres_db,
        ),
        "object_storage": ObjectStorageResource(
            endpoint=settings.minio_endpoint,
            bucket=settings.minio_bucket,
            access_key=settings.minio_access_key,
            secret_key=dg.EnvVar("MINIO_SECRET_KEY") if settings.minio_endpoint else "",
            region=settings.minio_region,
            directory=str(settings.objects_directory),
        ),
        "leaderboard_http": LeaderboardHttpResource(
            origin_name=settings.effective_origin, mirror_url=settings.budmodel_mirror_url
        ),
        "models": _models(settings),
        "alerting": AlertingResource(
            webhook=dg.EnvVar("BUDMODEL_ALERT_WEBHOOK") if settings.budmodel_alert_webhook.get_secret_value() else ""
        ),
        "scanning": ScanningResource(
            max_megabytes=settings.budmodel_scan_max_megabytes,
            clamd=settings.budmodel_clamd,
            clamd_signature_days=settings.budmodel_clamd_signature_days,
        ),
        "file_policy": FilePolicy(
            policy=settings.budmodel_files,
            work=str(settings.budmodel_home / "incoming"),
            max_bytes_per_model=int(settings.budmodel_files_max_gigabytes * GIGABYTE),
            bytes_per_second=_bytes(settings.budmodel_files_megabytes_per_second),
        ),
        "dbt": DbtCliResource(
            project_dir=str(PROJECT_DIRECTORY),
            profiles_dir=str(PROJECT_DIRECTORY),
            # The one beside this Python: the environment need not be activated.
            dbt_executable=str(Path(sys.executable).with_name("dbt")),
        ),
    }


def _models(settings: Settings) -> ModelsResource:
    input_price, output_price = settings.budmodel_llm_usd_per_million_input, settings.budmodel_llm_usd_per_million_output
    return ModelsResource(
        origin_name=settings.effective_origin,
        mirror_url=settings.budmodel_mirror_url,
        hub_endpoint=settings.hf_endpoint,
        # The token is one of the hub that is configured, and no other gets to see it.
        hub_token=dg.EnvVar("HF_TOKEN") if settings.hf_token.get_secret_value() else "",
        disk_roots=settings.budmodel_disk_roots,
        llm_model=settings.budmodel_llm_model,
        llm_base_url=settings.openai_base_url,
        llm_api_key=dg.EnvVar("OPENAI_API_KEY") if settings.openai_api_key.get_secret_value() else "",
        llm_usd_per_million_input=str(input_price) if input_price is not None else None,
        llm_usd_per_million_output=str(output_price) if output_price is not None else None,
    )


def _bytes(megabytes: float | None) -> float | None:
    return megabytes * 1_000_000 if megabytes is not None else None


def __getattr__(name: str) -> dg.Definitions:
    """`defs`, built when Dagster asks for it: importing this module reads no environment."""
    if name == "defs":
        return build_definitions(read_settings())
    raise AttributeError(name)
