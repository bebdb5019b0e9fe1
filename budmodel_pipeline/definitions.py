"""Where everything meets: the assets, jobs, schedules, sensors and resources of one deployment."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource

from budmodel_pipeline.assets.leaderboards import GROUP as LEADERBOARDS
from budmodel_pipeline.assets.leaderboards import RETRY, leaderboard_assets
from budmodel_pipeline.assets.marts import GROUP as MARTS
from budmodel_pipeline.assets.marts import PROJECT_DIRECTORY, marts_assets
from budmodel_pipeline.assets.models import models
from budmodel_pipeline.resources.leaderboard_http import LeaderboardHttpResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.schedules.weekly_leaderboards import weekly_leaderboards
from budmodel_pipeline.sensors.stale_marts import stale_marts
from budmodel_pipeline.settings import Settings
from budmodel_pipeline.sources.catalog import catalog

EXTRACTION_JOB = "extract_leaderboards"
MARTS_JOB = "refresh_marts"


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
        description="Fetches, checks and publishes leaderboards.",
    )
    marts = dg.define_asset_job(
        MARTS_JOB,
        selection=dg.AssetSelection.groups(MARTS),
        description="Resolves models and rebuilds what analysts read.",
    )
    return dg.Definitions(
        assets=[*sources, models, marts_assets()],
        jobs=[extraction, marts],
        schedules=[weekly_leaderboards(EXTRACTION_JOB, settings.effective_origin)],
        sensors=[stale_marts(EXTRACTION_JOB, MARTS_JOB)],
        resources=_resources(settings) | dict(overrides or {}),
        # Each step imports everything again in a process of its own; these are short, and many.
        executor=dg.in_process_executor,
    )


def _resources(settings: Settings) -> dict[str, Any]:
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
        "dbt": DbtCliResource(
            project_dir=str(PROJECT_DIRECTORY),
            profiles_dir=str(PROJECT_DIRECTORY),
            # The one beside this Python: the environment need not be activated.
            dbt_executable=str(Path(sys.executable).with_name("dbt")),
        ),
    }


def __getattr__(name: str) -> dg.Definitions:
    """`defs`, built when Dagster asks for it: importing this module reads no environment."""
    if name == "defs":
        return build_definitions(Settings())
    raise AttributeError(name)
