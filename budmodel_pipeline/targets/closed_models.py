"""The catalogs of models that publish no files: fetched at most every few hours, and their names as our models."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from budmodel_pipeline.fetching.http import HttpPolicy, fetch
from budmodel_pipeline.fetching.mirror import mirror_url
from budmodel_pipeline.fetching.urls import trusted_host
from budmodel_pipeline.identity.canonical import UNKNOWN_VENDOR
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.identity.tokens import UnresolvableName
from budmodel_pipeline.model_info.catalogs import (
    LLM_STATS_URL,
    MAX_CATALOG_BYTES,
    MODELS_DEV_URL,
    CatalogRecord,
    offers_of_models_dev,
    read_llm_stats,
    read_models_dev,
)
from budmodel_pipeline.model_info.offers import Offer

# Sensors ask at every tick; the catalogs change by the day.
CATALOG_SECONDS = 6 * 3600
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


def models_dev(base: str | None) -> CatalogFile:
    """models.dev/api.json, from the mirror at `base` where there is one. Raises FetchError."""
    return _file(MODELS_DEV_URL, base, _period())


def catalog_records(base: str | None) -> Sequence[CatalogRecord]:
    """Everything that the catalogs say of models, those of their makers first. Raises FetchError, CatalogError."""
    makers = read_models_dev(models_dev(base).content)
    return [*makers, *read_llm_stats(_file(LLM_STATS_URL, base, _period()).content)]


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


def model_offered(published_id: str) -> Meaning:
    """What a provider means by `published_id`; a model whose maker nothing tells is no model that we know."""
    try:
        found = resolve("models_dev", published_id)
    except UnresolvableName as rejection:
        return Meaning(None, None, rejection.reason)
    if found.model_id.partition("/")[0] == UNKNOWN_VENDOR:
        return Meaning(None, None, "its name does not tell whose model it is")
    # Who serves it is the provider, and what it costs stands beside it.
    topics = [topic for topic in (found.variant or "").split("; ") if topic and not topic.startswith(_TOLD_APART)]
    return Meaning(found.model_id, "; ".join(topics) or None, None)


def offers_of_model(base: str | None, model_id: str) -> list[Offer]:
    """What providers charge for the model as it is, without a remark on how it is run. Raises FetchError, CatalogError."""
    plain = Meaning(model_id, None, None)
    return [offer for offer in offers_of_models_dev(models_dev(base).content) if model_offered(offer.published_id) == plain]


def _period() -> int:
    return int(time.time() // CATALOG_SECONDS)


@lru_cache(maxsize=4)
def _file(url: str, base: str | None, _period: int) -> CatalogFile:
    response = fetch(
        mirror_url(base, url) if base else url,
        # A tick of a sensor has no time for more; the next one asks again.
        policy=HttpPolicy(attempts=2),
        max_bytes=MAX_CATALOG_BYTES,
        trusted_hosts=frozenset({trusted_host(base)}) if base else frozenset(),
        on_retry=logger.warning,
    )
    return CatalogFile(url, response.content or b"", datetime.now(UTC))
