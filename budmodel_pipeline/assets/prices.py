"""What providers charge for models: the asset `model_prices`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import dagster as dg

from budmodel_pipeline.assets.upkeep import FRESHNESS, OWNERS
from budmodel_pipeline.model_info.price_catalogs import PRICE_CATALOGS
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
            description="Every catalog could be had and was whole, or what is held of it is younger than a day.",
        )
    ],
    description="What providers charge for a model, in US dollars per million tokens, and what it takes and does there, as "
    "models.dev, OpenRouter and LiteLLM say. Each is fetched at most once a day; where that fails, what is held of it "
    "stays, and the marts are not held up.",
    metadata={"dagster/table_name": "budmodel.model_prices"},
)
def model_prices(
    postgres: PostgresResource, models: ModelsResource, object_storage: ObjectStorageResource
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    now = datetime.now(UTC)
    store = object_storage.store
    held = [
        refresh_prices(
            postgres.engine, store, catalog, partial(models.price_catalog, catalog.name, store), models.origin, now
        )
        for catalog in PRICE_CATALOGS
    ]
    troubles = [f"{one.catalog}: {one.problem}" for one in held if one.problem]
    yield dg.AssetCheckResult(
        asset_key=PRICES,
        check_name=CATALOG_WAS_READ,
        passed=not troubles,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(troubles) or ", ".join(f"{one.catalog} fetched at {one.fetched_at}" for one in held),
    )
    figures = {
        "matched_to_models": sum(one.matched for one in held),
        "prices_refused": sum(one.refused for one in held),
        **{f"{figure}_of_{one.catalog}": getattr(one, figure) for one in held for figure in ("rows", "providers", "models")},
    }
    dates = [one.fetched_at for one in held if one.fetched_at]
    since = {"oldest_fetched_at": dg.MetadataValue.timestamp(min(dates))} if dates else {}
    rows = sum(one.rows for one in held)
    yield dg.MaterializeResult(asset_key=PRICES, metadata={"dagster/row_count": rows, **figures, **since})
