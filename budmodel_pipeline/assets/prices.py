"""What providers charge for models: the asset `model_prices`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import dagster as dg

from budmodel_pipeline.assets.upkeep import FRESHNESS, OWNERS
from budmodel_pipeline.resources.models import ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.workflows.model_prices import refresh_prices

GROUP = "marts"
PRICES = dg.AssetKey("model_prices")
CATALOG_WAS_READ = "catalog_was_read"


@dg.asset(
    key=PRICES,
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
    freshness_policy=FRESHNESS,
    check_specs=[
        dg.AssetCheckSpec(
            CATALOG_WAS_READ,
            asset=PRICES,
            description="The catalog could be had and was whole, or what is held is younger than a day.",
        )
    ],
    description="What every provider of models.dev charges for a model, in US dollars per million tokens. Fetched at most "
    "once a day; where that fails, what is held stays, and the marts are not held up.",
    metadata={"dagster/table_name": "budmodel.model_prices"},
)
def model_prices(
    postgres: PostgresResource, models: ModelsResource, object_storage: ObjectStorageResource
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    now = datetime.now(UTC)
    store = object_storage.store
    held = refresh_prices(postgres.engine, store, partial(models.models_dev, store), models.origin, now)
    yield dg.AssetCheckResult(
        asset_key=PRICES,
        check_name=CATALOG_WAS_READ,
        passed=held.problem is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=held.problem or f"fetched at {held.fetched_at}",
    )
    figures = {"matched_to_models": held.matched, "providers": held.providers, "models": held.models}
    since = {"fetched_at": dg.MetadataValue.timestamp(held.fetched_at)} if held.fetched_at else {}
    yield dg.MaterializeResult(asset_key=PRICES, metadata={"dagster/row_count": held.rows, **figures, **since})
