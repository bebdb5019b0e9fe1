"""The models that the published names mean."""

import dagster as dg
from sqlalchemy import text

from budmodel_pipeline.assets.markdown import table
from budmodel_pipeline.assets.upkeep import FRESHNESS, OWNERS
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.warehouse.aliases import resolve_aliases

GROUP = "marts"
CLASHES = text("select * from marts.identity_review where reason = 'clash' order by source, model_id, entry_key limit 50")


@dg.asset(
    key="models",
    deps=[["scores", slug] for slug in catalog()],
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
    freshness_policy=FRESHNESS,
    description="Every published name resolved to a model. Reads the last good snapshot of each source, so one that fails "
    "does not hold up the others.",
    metadata={"dagster/table_name": "budmodel.models"},
)
def models(postgres: PostgresResource) -> dg.MaterializeResult[None]:
    with postgres.engine.begin() as connection:
        counts = resolve_aliases(connection, resolve)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": counts.models,
            "published_names": counts.names,
            "in_two_or_more_sources": counts.in_two_sources,
            "in_five_or_more_sources": counts.in_five_sources,
            "model_groups": counts.groups,
            "groups_in_two_or_more_sources": counts.groups_in_two_sources,
            "groups_in_five_or_more_sources": counts.groups_in_five_sources,
        }
    )


@dg.asset_check(
    asset=["marts", "identity_review"],
    name="no_clashes",
    description="No two entries of one source that give different scores for one metric mean the same model and variant.",
)
def no_clashes(postgres: PostgresResource) -> dg.AssetCheckResult:
    with postgres.engine.connect() as connection:
        clashes = connection.execute(CLASHES).all()
    rows = [(row.source, row.model_id, row.entry_key, row.other_entry_key, row.detail) for row in clashes]
    return dg.AssetCheckResult(
        passed=not clashes,
        # The rest of the names is right, and the review lists these: no reason to hold up the marts.
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(clashes)} pairs of entries" if clashes else "none",
        metadata={"clashes": dg.MetadataValue.md(table(("source", "model", "entry", "other entry", "metric"), rows))},
    )
