"""What catalogs say of models that publish no files, merged field by field with the catalog that each field is from."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from budmodel_pipeline.model_info.facts import Fact, known, unknown

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
    """One model in one catalog. `maker` and `name` are as published; `values` holds some of FIELDS, none of them None."""

    catalog: str
    url: str
    maker: str
    name: str
    values: Mapping[str, Any]


def read_models_dev(content: bytes) -> list[CatalogRecord]:
    """The models that their own makers serve, from models.dev/api.json. Raises CatalogError."""
    found: list[CatalogRecord] = []
    providers = _object(_parsed(content, MODELS_DEV_URL), MODELS_DEV_URL)
    for maker, own in MAKERS.items():
        provider = _dict(providers.get(maker))
        found += [
            CatalogRecord("models.dev", MODELS_DEV_URL, maker, name, _present(_models_dev(provider, entry)))
            for entry in _dicts(_dict(provider.get("models")).values())
            if (name := _text(entry.get("id"))) and name.startswith(own)
        ]
    if not found:
        raise CatalogError(f"{MODELS_DEV_URL}: expected models of makers such as openai; found none")
    return found


def _models_dev(provider: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    limit, cost, modalities = _dict(entry.get("limit")), _dict(entry.get("cost")), _dict(entry.get("modalities"))
    yield "author", _text(provider.get("name"))
    yield "name", _text(entry.get("name"))
    yield "website", _text(provider.get("doc"))
    yield "status", _text(entry.get("status"))
    yield "released_on", _day(entry.get("release_date"))
    yield "knowledge_cutoff", _text(entry.get("knowledge"))
    yield "context_length", _count(limit.get("context"))
    yield "output_tokens", _count(limit.get("output"))
    yield "input_modalities", _words(modalities.get("input"))
    yield "output_modalities", _words(modalities.get("output"))
    yield "tool_use", _flag(entry.get("tool_call"))
    yield "reasoning", _flag(entry.get("reasoning"))
    yield "input_price_usd_per_million_tokens", _amount(cost.get("input"))
    yield "output_price_usd_per_million_tokens", _amount(cost.get("output"))
    yield "cache_read_price_usd_per_million_tokens", _amount(cost.get("cache_read"))
    yield "cache_write_price_usd_per_million_tokens", _amount(cost.get("cache_write"))
    yield "structured_output", _flag(entry.get("structured_output"))
    yield "attachments", _flag(entry.get("attachment"))
    yield "open_weights", _flag(entry.get("open_weights"))


def read_llm_stats(content: bytes) -> list[CatalogRecord]:
    """The models of the table behind LLM-Stats. Raises CatalogError."""
    rows = _parsed(content, LLM_STATS_URL)
    if not isinstance(rows, list):
        raise CatalogError(f"{LLM_STATS_URL}: expected a list of models; found {type(rows).__name__}")
    return [
        CatalogRecord("llm-stats", LLM_STATS_URL, _text(row.get("organization")) or "", name, _present(_llm_stats(row)))
        for row in _dicts(rows)
        if (name := _text(row.get("model_id")))
    ]


def _llm_stats(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "author", _text(row.get("organization"))
    yield "name", _text(row.get("name"))
    yield "license", _text(row.get("license"))
    yield "released_on", _day(row.get("release_date"))
    yield "knowledge_cutoff", _text(row.get("knowledge_cutoff"))
    yield "context_length", _count(row.get("context"))
    yield "parameters_stated", _count(row.get("params"))
    yield "input_modalities", ["image", "text"] if row.get("multimodal") is True else None


def merge_catalogs(records: Sequence[CatalogRecord]) -> tuple[dict[str, Fact[Any]], tuple[str, ...]]:
    """Every field from the first record that states it, and a sentence for each field that another states otherwise."""
    facts: dict[str, Fact[Any]] = {}
    warnings: list[str] = []
    for field in FIELDS:
        said = [(record, record.values[field]) for record in records if field in record.values]
        if not said:
            looked_at = ", ".join(dict.fromkeys(record.catalog for record in records)) or "none"
            what = "a whole date" if field == "released_on" else "it"
            facts[field] = unknown(f"no catalog states {what} ({looked_at})")
            continue
        first, value = said[0]
        facts[field] = known(value, f"stated by {first.catalog}", f"{first.url} {first.maker}/{first.name}")
        if field not in ("name", "author"):
            warnings += [
                f"{field}: {first.catalog} says {value}, {other.catalog} says {differing}"
                for other, differing in said[1:]
                if differing != value and other.catalog != first.catalog
            ]
    return facts, tuple(warnings)


def _parsed(content: bytes, url: str) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise CatalogError(f"{url}: expected JSON; {error}") from error


def _object(value: Any, url: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CatalogError(f"{url}: expected an object of providers; found {type(value).__name__}")
    return value


def _present(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    return (value for value in values if isinstance(value, dict))


def _text(value: Any) -> str | None:
    return value.strip()[:300] or None if isinstance(value, str) else None


def _day(value: Any) -> str | None:
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 60
    return int(value) if whole else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _amount(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    return float(value) if usable else None


def _words(value: Any) -> list[str] | None:
    return sorted({word for word in value if isinstance(word, str)})[:20] or None if isinstance(value, list) else None
