"""The models that the published names mean."""

import dagster as dg

from budmodel_pipeline.assets.leaderboards import OWNERS
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.warehouse.aliases import resolve_aliases

GROUP = "marts"


@dg.asset(
    key="models",
    deps=[["scores", slug] for slug in catalog()],
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
    description="Every published name resolved to a model. Reads the last good snapshot of each source, so one that fails "
    "does not hold up the others.",
    metadata={"dagster/table_name": "budmodel.models"},
)
def models(postgres: PostgresResource) -> dg.MaterializeResult[None]:
    with postgres.engine.begin() as connection:
        counts = resolve_aliases(connection, resolve)
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.models, "published_names": counts.names})
