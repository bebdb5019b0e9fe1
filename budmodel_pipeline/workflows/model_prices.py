"""Keeps what providers charge for models: each catalog is fetched by the day, and its names are resolved at every call."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine

from budmodel_pipeline.fetching.http import FetchError
from budmodel_pipeline.model_info.catalogs import CatalogError
from budmodel_pipeline.model_info.offers import Offer, as_of
from budmodel_pipeline.model_info.price_catalogs import PriceCatalog
from budmodel_pipeline.services.object_store import ObjectStore, ObjectStoreError
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.targets.closed_models import model_offered
from budmodel_pipeline.warehouse.price_records import CatalogFileRecord, PriceRecord, held_catalog, store_prices
from budmodel_pipeline.workflows.cadence import has_passed
from budmodel_pipeline.workflows.remembered_catalogs import KeptCatalog

AGE = timedelta(days=1)
# A catalog with fewer offers than this part of those that are held was not published whole.
LEAST_PART = 0.5


@dataclass(frozen=True, slots=True)
class PricesOutcome:
    """What is held of `catalog` now, since `fetched_at` (UTC); `problem` says why it is no newer, where it should be.

    `refused` are offers of which a price cannot be believed.
    """

    catalog: str
    rows: int
    matched: int
    providers: int
    models: int
    refused: int
    fetched_at: datetime | None
    problem: str | None = None


def refresh_prices(
    engine: Engine, store: ObjectStore, catalog: PriceCatalog, read: Callable[[], KeptCatalog], origin: Origin, now: datetime
) -> PricesOutcome:
    """Fetches the catalog where what is held is a day old or of another origin, and resolves all its names.

    What cannot be had or is not whole leaves everything as it is, also what other catalogs say; samples never replace real
    data.
    """
    with engine.connect() as connection:
        record = held_catalog(connection, catalog.name)
    held = _held(catalog, record, store) if record else None
    newer: _Offers | None = None
    problem: str | None = None
    if held is None or _due(held.file, origin, now):
        try:
            newer = _fetched(catalog, read(), held, origin)
        except (FetchError, CatalogError, ObjectStoreError) as error:
            problem = str(error)
    current = newer or held
    if current is None:
        return PricesOutcome(catalog.name, 0, 0, 0, 0, 0, None, problem)
    prices = [_price(offer) for offer in as_of(current.offers, now.date())]
    with engine.begin() as connection:
        store_prices(connection, current.file, prices)
    matched = [price for price in prices if price.model_id is not None]
    return PricesOutcome(
        catalog=catalog.name,
        rows=len(prices),
        matched=len(matched),
        providers=len({price.provider for price in prices}),
        models=len({price.model_id for price in matched}),
        refused=sum(bool(price.refused) for price in prices),
        fetched_at=current.file.fetched_at,
        problem=problem,
    )


class _Offers(NamedTuple):
    file: CatalogFileRecord
    offers: Sequence[Offer]


def _held(catalog: PriceCatalog, record: CatalogFileRecord, store: ObjectStore) -> _Offers | None:
    """What is held, from its bytes; None where these are lost: then they are fetched again."""
    try:
        content = store.get(record.object_key)
        whole = hashlib.sha256(content).hexdigest() == record.sha256
        return _Offers(record, catalog.read(content)) if whole else None
    except (CatalogError, ObjectStoreError):
        return None


def _due(file: CatalogFileRecord, origin: Origin, now: datetime) -> bool:
    if file.origin != origin:
        return origin is not Origin.SAMPLE
    return has_passed(AGE, file.fetched_at, now)


def _fetched(catalog: PriceCatalog, file: KeptCatalog, held: _Offers | None, origin: Origin) -> _Offers:
    offers = catalog.read(file.content)
    before = len(held.offers) if held and held.file.origin == origin else 0
    if len(offers) < before * LEAST_PART:
        raise CatalogError(f"{file.url}: {len(offers):,} offers where there were {before:,}; the older ones were kept")
    size = len(file.content)
    return _Offers(CatalogFileRecord(catalog.name, file.url, origin, file.sha256, file.key, size, file.fetched_at), offers)


def _price(offer: Offer) -> PriceRecord:
    meaning, prices = model_offered(offer.model), offer.prices
    return PriceRecord(
        catalog=offer.catalog,
        provider=offer.provider,
        published_id=offer.published_id,
        mode=offer.mode,
        context_above=offer.context_above,
        provider_name=offer.provider_name,
        name=offer.name,
        status=offer.status,
        model_id=meaning.model_id,
        variant=meaning.variant,
        unmatched=meaning.unmatched,
        basis=prices.basis,
        input_usd_per_million_tokens=prices.input,
        output_usd_per_million_tokens=prices.output,
        cache_read_usd_per_million_tokens=prices.cache_read,
        cache_write_usd_per_million_tokens=prices.cache_write,
        published_as_zero=prices.published_as_zero,
        refused=prices.refused,
        precedence=offer.precedence,
        retires_on=offer.retires_on,
        **asdict(offer.abilities),
    )
