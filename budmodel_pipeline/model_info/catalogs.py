"""What catalogs say of models that publish no files, merged field by field with the catalog that each field is from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from budmodel_pipeline.model_info.facts import Fact, known, unknown
from budmodel_pipeline.model_info.offers import (
    MODELS_DEV,
    PRICES,
    ZERO_IS_UNCLEAR,
    Offer,
    Prices,
    read_abilities,
    read_offers,
    read_prices,
)
from budmodel_pipeline.model_info.published_values import an_object, count, day, flag, objects, words

MODELS_DEV_URL = "https://models.dev/api.json"
LLM_STATS_URL = "https://api.zeroeval.com/leaderboard/models/full?justCanonicals=true"
MAX_CATALOG_BYTES = 64 * 1024 * 1024

# models.dev lists who serves a model; only its maker speaks for it: keys as the catalog spells them, with the beginning of
# the names of its own models.
MAKERS = {
    "alibaba": "",
    "amazon-bedrock": "amazon.",
    "anthropic": "",
    "cohere": "",
    "deepseek": "",
    "google": "",
    "inception": "",
    "minimax": "",
    "mistral": "",
    "moonshotai": "",
    "openai": "",
    "perplexity": "",
    "upstage": "",
    "writer": "",
    "xai": "",
    "zai": "",
}
FIELDS = (
    "author",
    "name",
    "website",
    "license",
    "status",
    "released_on",
    "knowledge_cutoff",
    "context_length",
    "output_tokens",
    "parameters_stated",
    "input_modalities",
    "output_modalities",
    "tool_use",
    "reasoning",
    "input_price_usd_per_million_tokens",
    "output_price_usd_per_million_tokens",
    "cache_read_price_usd_per_million_tokens",
    "cache_write_price_usd_per_million_tokens",
    "structured_output",
    "attachments",
    "open_weights",
)


class CatalogError(ValueError):
    """A catalog that cannot be read; the message says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class CatalogRecord:
    """One model in one catalog. `maker` and `name` are as published; `values` holds some of FIELDS, none of them None.

    `unclear` are the fields that the catalog states in a way that may mean several things, with the reason.
    """

    catalog: str
    url: str
    maker: str
    name: str
    values: Mapping[str, Any]
    unclear: Mapping[str, str] = field(default_factory=dict)


def read_models_dev(content: bytes) -> list[CatalogRecord]:
    """The models that their own makers serve, from models.dev/api.json. Raises CatalogError."""
    found: list[CatalogRecord] = []
    providers = _providers(content)
    for maker, own in MAKERS.items():
        provider = an_object(providers.get(maker))
        for entry in objects(an_object(provider.get("models")).values()):
            if (name := words(entry.get("id"))) and name.startswith(own):
                prices = read_prices(an_object(entry.get("cost")), name, words(entry.get("name")) or "")
                said = _present([*_models_dev(provider, entry), *_maker_prices(prices)])
                unclear = dict(_no_prices(prices))
                found.append(CatalogRecord(MODELS_DEV, MODELS_DEV_URL, maker, name, said, unclear))
    if not found:
        raise CatalogError(f"{MODELS_DEV_URL}: expected models of makers such as openai; found none")
    return found


def offers_of_models_dev(content: bytes) -> list[Offer]:
    """What every provider charges, from models.dev/api.json. Raises CatalogError."""
    found = read_offers(_providers(content))
    if not any(offer.prices.basis == "priced" for offer in found):
        raise CatalogError(f"{MODELS_DEV_URL}: expected prices of providers; found none")
    return found


def _providers(content: bytes) -> dict[str, Any]:
    found = _parsed(content, MODELS_DEV_URL)
    if not isinstance(found, dict):
        raise CatalogError(f"{MODELS_DEV_URL}: expected an object of providers; found {type(found).__name__}")
    return found


def _maker_prices(prices: Prices) -> Iterator[tuple[str, float | None]]:
    return ((_price_field(price), getattr(prices, price)) for price in PRICES)


def _no_prices(prices: Prices) -> Iterator[tuple[str, str]]:
    """The fields of prices that are published and are none, with the reason."""
    yield from ((_price_field(price), ZERO_IS_UNCLEAR) for price in prices.published_as_zero)
    for price, _, found in (said.partition(" ") for said in prices.refused):
        yield _price_field(price), f"published as {found} dollars per million tokens, which nobody can mean"


def _price_field(price: str) -> str:
    return f"{price}_price_usd_per_million_tokens"


def _models_dev(provider: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "author", words(provider.get("name"))
    yield "name", words(entry.get("name"))
    yield "website", words(provider.get("doc"))
    yield "status", words(entry.get("status"))
    yield "released_on", day(entry.get("release_date"))
    yield "knowledge_cutoff", words(entry.get("knowledge"))
    yield from asdict(read_abilities(entry)).items()
    yield "attachments", flag(entry.get("attachment"))
    yield "open_weights", flag(entry.get("open_weights"))


def read_llm_stats(content: bytes) -> list[CatalogRecord]:
    """The models of the table behind LLM-Stats. Raises CatalogError."""
    rows = _parsed(content, LLM_STATS_URL)
    if not isinstance(rows, list):
        raise CatalogError(f"{LLM_STATS_URL}: expected a list of models; found {type(rows).__name__}")
    return [
        CatalogRecord("llm-stats", LLM_STATS_URL, words(row.get("organization")) or "", name, _present(_llm_stats(row)))
        for row in objects(rows)
        if (name := words(row.get("model_id")))
    ]


def _llm_stats(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "author", words(row.get("organization"))
    yield "name", words(row.get("name"))
    yield "license", words(row.get("license"))
    yield "released_on", day(row.get("release_date"))
    yield "knowledge_cutoff", words(row.get("knowledge_cutoff"))
    yield "context_length", count(row.get("context"))
    yield "parameters_stated", count(row.get("params"))
    yield "input_modalities", ["image", "text"] if row.get("multimodal") is True else None


def merge_catalogs(records: Sequence[CatalogRecord]) -> tuple[dict[str, Fact[Any]], tuple[str, ...]]:
    """Every field from the first record that states it, and a sentence for each field that another states otherwise."""
    facts: dict[str, Fact[Any]] = {}
    warnings: list[str] = []
    for name in FIELDS:
        said = [(record, record.values[name]) for record in records if name in record.values]
        if not said:
            facts[name] = unknown(_why_not(name, records))
            continue
        first, value = said[0]
        facts[name] = known(value, f"stated by {first.catalog}", f"{first.url} {first.maker}/{first.name}")
        if name not in ("name", "author"):
            warnings += [
                f"{name}: {first.catalog} says {value}, {other.catalog} says {differing}"
                for other, differing in said[1:]
                if differing != value and other.catalog != first.catalog
            ]
    return facts, tuple(warnings)


def _why_not(name: str, records: Sequence[CatalogRecord]) -> str:
    unclear = [f"{record.catalog}: {record.unclear[name]}" for record in records if name in record.unclear]
    if unclear:
        return unclear[0]
    looked_at = ", ".join(dict.fromkeys(record.catalog for record in records)) or "none"
    what = "a whole date" if name == "released_on" else "it"
    return f"no catalog states {what} ({looked_at})"


def _parsed(content: bytes, url: str) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise CatalogError(f"{url}: expected JSON; {error}") from error


def _present(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None}
