"""The licenses that are known by their terms, and everything about the models' licenses that cannot all be true."""

from collections.abc import Iterator

import dagster as dg

from budmodel_pipeline.assets.markdown import table
from budmodel_pipeline.assets.upkeep import FRESHNESS, OWNERS
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.workflows.model_licensing import refresh_catalog

GROUP = "marts"
CATALOG = dg.AssetKey("license_catalog")
NO_CONFLICTS = "no_license_conflicts"
SHOWN = 50


@dg.asset(
    key=CATALOG,
    deps=["license"],
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
    freshness_policy=FRESHNESS,
    check_specs=[
        dg.AssetCheckSpec(
            NO_CONFLICTS,
            asset=CATALOG,
            description="No tag contradicts its text, and no derivative permits more than its base model.",
        )
    ],
    description="Every license whose terms are recorded, with its class and suitability; and the conflicts among the "
    "licenses of the models: tags against texts, derivatives against base models.",
    metadata={"dagster/table_name": "budmodel.licenses"},
)
def license_catalog(postgres: PostgresResource) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    with postgres.engine.begin() as connection:
        known, found = refresh_catalog(connection)
    conflicts = [one for one in found if one.severity == "conflict"]
    rows = [(one.target, one.other, one.dimension, one.reason) for one in conflicts[:SHOWN]]
    yield dg.AssetCheckResult(
        asset_key=CATALOG,
        check_name=NO_CONFLICTS,
        passed=not conflicts,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(conflicts)} conflicts, {len(found) - len(conflicts)} notes",
        metadata={"conflicts": dg.MetadataValue.md(table(("model", "compared with", "what", "why"), rows))},
    )
    yield dg.MaterializeResult(asset_key=CATALOG, metadata={"dagster/row_count": known})
