"""The catalogs of models that publish no files, and their names as our models."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from budmodel_pipeline.fetching.http import HttpPolicy, fetch
from budmodel_pipeline.fetching.mirror import mirror_url
from budmodel_pipeline.fetching.urls import trusted_host
from budmodel_pipeline.identity.canonical import UNKNOWN_VENDOR
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.identity.tokens import UnresolvableName
from budmodel_pipeline.model_info.catalogs import MAX_CATALOG_BYTES, CatalogRecord
from budmodel_pipeline.model_info.offers import Offer, as_of
from budmodel_pipeline.model_info.price_catalogs import PRICE_CATALOGS

# Nobody waits for a third attempt; the next who asks makes it.
POLICY = HttpPolicy(attempts=2, total_timeout=45.0)
_TOLD_APART = ("host=", "serving=free")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """The exact bytes of a catalog, and when they were fetched (UTC)."""

    url: str
    content: bytes
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Meaning:
    """The model that an offer is of, and how it is run, or None with the reason `unmatched`."""

    model_id: str | None
    variant: str | None
    unmatched: str | None


def catalog_file(url: str, base: str | None) -> CatalogFile:
    """A catalog as it is now, from the mirror at `base` where there is one. Raises FetchError."""
    response = fetch(
        mirror_url(base, url) if base else url,
        policy=POLICY,
        max_bytes=MAX_CATALOG_BYTES,
        trusted_hosts=frozenset({trusted_host(base)}) if base else frozenset(),
        on_retry=logger.warning,
    )
    return CatalogFile(url, response.content or b"", datetime.now(UTC))


def catalogued_models(records: Sequence[CatalogRecord]) -> dict[str, list[CatalogRecord]]:
    """The records of every model by its id; names that mean no model are left out."""
    found: dict[str, list[CatalogRecord]] = {}
    for record in records:
        try:
            model_id = resolve("", record.name).model_id
        except UnresolvableName:
            continue
        found.setdefault(model_id, []).append(record)
    return found


def model_offered(name: str) -> Meaning:
    """What a provider means by `name`; a model whose maker nothing tells is no model that we know."""
    try:
        found = resolve("models_dev", name)
    except UnresolvableName as rejection:
        return Meaning(None, None, rejection.reason)
    if found.model_id.partition("/")[0] == UNKNOWN_VENDOR:
        return Meaning(None, None, "its name does not tell whose model it is")
    # Who serves it is the provider, and what it costs stands beside it.
    topics = [topic for topic in (found.variant or "").split("; ") if topic and not topic.startswith(_TOLD_APART)]
    return Meaning(found.model_id, "; ".join(topics) or None, None)


def offers_of_model(files: Mapping[str, CatalogFile], model_id: str) -> list[Offer]:
    """What providers charge for the model as it is, without a remark on how it is run, by those catalogs that were had.

    Raises CatalogError.
    """
    plain = Meaning(model_id, None, None)
    return [
        offer
        for catalog in PRICE_CATALOGS
        if (file := files.get(catalog.name)) is not None
        for offer in as_of(catalog.read(file.content), file.fetched_at.date())
        if model_offered(offer.model) == plain
    ]
