"""The dbt project as assets: staging views and the marts that analysts read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject, dbt_assets

from budmodel_pipeline.assets.upkeep import FRESHNESS, OWNERS
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.warehouse.states import current_snapshots, newest_extraction, record_marts

GROUP = "marts"
PROJECT_DIRECTORY = Path(__file__).parent.parent.parent / "dbt_leaderboard"
MANIFEST = PROJECT_DIRECTORY / "target" / "manifest.json"

# Stands for the scores of every leaderboard: an asset for each, which together write one table.
EVERY_BOARD = "scores"
# Tables that Python writes, by the asset that writes them last.
UPSTREAM = {
    "sources": EVERY_BOARD,
    "data_terms": EVERY_BOARD,
    "snapshots": EVERY_BOARD,
    "snapshot_files": EVERY_BOARD,
    "rejected_rows": EVERY_BOARD,
    "unread_cells": EVERY_BOARD,
    "benchmarks": EVERY_BOARD,
    "metrics": EVERY_BOARD,
    "entries": EVERY_BOARD,
    "scores": EVERY_BOARD,
    "model_groups": "models",
    "models": "models",
    "model_aliases": "models",
    "rankings": "ranking",
    "ranking_evidence": "ranking",
    "ranking_benchmarks": "ranking",
    "extraction_targets": "model_info",
    "model_info": "model_info",
    "licenses": "license_catalog",
    "license_conflicts": "license_catalog",
    "license_documents": "license",
    "license_answers": "license",
    "model_licenses": "license",
    "model_scans": "security_scan",
    "scans": "security_scan",
    "scan_findings": "security_scan",
    "catalog_files": "model_prices",
    "model_prices": "model_prices",
}


class MissingManifestError(Exception):
    """The dbt project was not parsed yet."""


class Translator(DagsterDbtTranslator):
    """Names the assets after their tables, hangs them under what writes these, and says who looks after them."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        name = dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey(UPSTREAM.get(name, ["budmodel", name]))
        return dg.AssetKey([dbt_resource_props["schema"], name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        del dbt_resource_props
        return GROUP

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        del dbt_resource_props
        return OWNERS

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(deps=_one_for_each_board(spec.deps), freshness_policy=FRESHNESS)

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(additional_deps=list(_one_for_each_board(spec.additional_deps)))


def _one_for_each_board(deps: Iterable[dg.AssetDep]) -> Iterator[dg.AssetDep]:
    for dep in deps:
        if dep.asset_key == dg.AssetKey(EVERY_BOARD):
            yield from (dg.AssetDep(dg.AssetKey([EVERY_BOARD, source])) for source in catalog())
        else:
            yield dep


def marts_assets(target: Path) -> dg.AssetsDefinition:
    """The assets of the dbt project, which is built in the folder `target`: dagster-dbt would leave a new one each time.

    Raises MissingManifestError where `dbt parse` has not run.
    """
    if not MANIFEST.is_file():
        raise MissingManifestError(
            f"{MANIFEST} is missing: the dbt project has to be parsed before Dagster can show it. "
            "Run `make setup`, or `dbt parse --project-dir dbt_leaderboard --profiles-dir dbt_leaderboard`."
        )

    @dbt_assets(
        manifest=MANIFEST,
        project=DbtProject(PROJECT_DIRECTORY, profiles_dir=PROJECT_DIRECTORY),
        # One asset writes several tables.
        dagster_dbt_translator=Translator(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)),
        name="dbt_leaderboard",
    )
    def marts(context: dg.AssetExecutionContext, dbt: DbtCliResource, postgres: PostgresResource) -> Iterator[Any]:
        with postgres.engine.connect() as connection:
            built_from = current_snapshots(connection)
            models_read = newest_extraction(connection)
        yield from dbt.cli(["build", "--exclude-resource-type", "unit_test"], context=context, target_path=target).stream()
        # Only here is every mart built and tested: a part of them, or a build that failed or was killed, stays to be done.
        if not context.is_subset:
            with postgres.engine.begin() as connection:
                record_marts(connection, built_from, models_read)

    return marts
