"""The catalogs of what providers charge and what their offers take and do, each with its address and its reader."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from budmodel_pipeline.model_info.catalogs import MODELS_DEV_URL, CatalogError, offers_of_models_dev
from budmodel_pipeline.model_info.offers import LITELLM, MODELS_DEV, OPENROUTER, STANDARD, Abilities, Offer, read_prices
from budmodel_pipeline.model_info.published_values import an_object, count, date_of, flag, objects, word_list, words

OPENROUTER_URL = "https://openrouter.ai/api/v1/models"
LITELLM_URL = "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
# Prices per token, by the names that offers have for them.
_OF_OPENROUTER = {
    "input": "prompt",
    "output": "completion",
    "cache_read": "input_cache_read",
    "cache_write": "input_cache_write",
}
_OF_LITELLM = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}
_ABOVE = re.compile(r"(?:input|output)_cost_per_token_above_([1-9][0-9]{0,4})k_tokens")
# An entry that explains the others.
_EXPLANATION = "sample_spec"
# What LiteLLM calls a provider that models.dev has under another name: so that both speak of the same.
_PROVIDERS = {
    "azure_ai": "azure",
    "bedrock": "amazon-bedrock",
    "bedrock_converse": "amazon-bedrock",
    "cohere_chat": "cohere",
    "fireworks_ai": "fireworks-ai",
    "gemini": "google",
    "github_copilot": "github-copilot",
    "moonshot": "moonshotai",
    "novita": "novita-ai",
    "nvidia_nim": "nvidia",
    "together_ai": "togetherai",
}
_VERTEX = "vertex_ai"
# Where Amazon serves it stands before the model: `bedrock/us-east-1/anthropic.claude-v2`.
_PLACE = re.compile(r"^bedrock/(?:[a-z]+-)+[0-9]/")
# What else than texts LiteLLM says that a model takes, where it does not list it.
_TAKES = {
    "supports_vision": "image",
    "supports_audio_input": "audio",
    "supports_video_input": "video",
    "supports_pdf_input": "pdf",
}


@dataclass(frozen=True, slots=True)
class PriceCatalog:
    """A catalog of prices. `read` makes offers of its bytes, and raises CatalogError."""

    name: str
    url: str
    read: Callable[[bytes], Sequence[Offer]]


def offers_of_openrouter(content: bytes) -> list[Offer]:
    """What OpenRouter charges, from its list of models: dollars per token, as texts. Raises CatalogError."""
    listed = an_object(_parsed(content, OPENROUTER_URL)).get("data")
    found = [
        Offer(
            catalog=OPENROUTER,
            provider=OPENROUTER,
            provider_name="OpenRouter",
            published_id=published_id,
            model=published_id,
            name=words(entry.get("name")) or published_id,
            mode=STANDARD,
            context_above=0,
            status=None,
            prices=read_prices(_cost(an_object(entry.get("pricing")), _OF_OPENROUTER), published_id),
            abilities=_of_openrouter(entry),
            retires_on=date_of(entry.get("expiration_date")),
        )
        for entry in objects(listed if isinstance(listed, list) else ())
        if (published_id := words(entry.get("id")))
    ]
    return _priced(found, OPENROUTER_URL)


def _of_openrouter(entry: Mapping[str, Any]) -> Abilities:
    """A parameter that is not among those that a model takes is one that it does not."""
    architecture, parameters = an_object(entry.get("architecture")), entry.get("supported_parameters")
    takes = frozenset(map(str, parameters)) if isinstance(parameters, list) and parameters else None
    return Abilities(
        context_length=count(entry.get("context_length")),
        output_tokens=count(an_object(entry.get("top_provider")).get("max_completion_tokens")),
        input_modalities=word_list(architecture.get("input_modalities")),
        output_modalities=word_list(architecture.get("output_modalities")),
        tool_use="tools" in takes if takes else None,
        reasoning="reasoning" in takes if takes else None,
        structured_output="structured_outputs" in takes if takes else None,
    )


def offers_of_litellm(content: bytes) -> list[Offer]:
    """What providers charge for tokens as LiteLLM has it: dollars per token, as numbers. Raises CatalogError."""
    found = [
        Offer(
            catalog=LITELLM,
            provider=_provider(served_by),
            provider_name=served_by,
            published_id=published_id,
            model=_PLACE.sub("", published_id),
            name=published_id,
            mode=STANDARD,
            context_above=above,
            status=None,
            prices=read_prices(_cost(entry, prices), published_id),
            abilities=_of_litellm(entry),
            retires_on=date_of(entry.get("deprecation_date")),
        )
        for published_id, entry in an_object(_parsed(content, LITELLM_URL)).items()
        if isinstance(entry, dict) and published_id != _EXPLANATION
        if (served_by := words(entry.get("litellm_provider")))
        for above, prices in _tiers(entry)
        if any(key in entry for key in prices.values())
    ]
    return _priced(found, LITELLM_URL)


def _of_litellm(entry: Mapping[str, Any]) -> Abilities:
    takes = [kind for says, kind in _TAKES.items() if entry.get(says) is True]
    return Abilities(
        context_length=count(entry.get("max_input_tokens")),
        output_tokens=count(entry.get("max_output_tokens")),
        input_modalities=word_list(entry.get("supported_modalities")) or word_list(["text", *takes] if takes else None),
        output_modalities=word_list(entry.get("supported_output_modalities")),
        tool_use=flag(entry.get("supports_function_calling")),
        reasoning=flag(entry.get("supports_reasoning")),
        structured_output=flag(entry.get("supports_response_schema")),
    )


def _provider(name: str) -> str:
    """Google's cloud has many names there, such as `vertex_ai-anthropic_models`."""
    return "google-vertex" if name.startswith(_VERTEX) else _PROVIDERS.get(name, name)


def _tiers(entry: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The number of tokens from which prices hold, and the keys of these prices."""
    yield 0, _OF_LITELLM
    for thousands in sorted({int(found[1]) for key in entry if (found := _ABOVE.fullmatch(key))}):
        yield 1000 * thousands, {price: f"{key}_above_{thousands}k_tokens" for price, key in _OF_LITELLM.items()}


def _cost(published: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, float]:
    cost = {price: _per_million(published.get(key)) for price, key in keys.items()}
    return {price: found for price, found in cost.items() if found is not None}


def _per_million(per_token: Any) -> float | None:
    """Dollars per million tokens, without the noise of the last digits; nan for a text or truth value that is no number."""
    if per_token is None:
        return None
    try:
        dollars = math.nan if isinstance(per_token, bool) else float(per_token)
    except (TypeError, ValueError):
        dollars = math.nan
    return float(f"{dollars * 1_000_000:.12g}")


def _priced(offers: list[Offer], url: str) -> list[Offer]:
    if not any(offer.prices.basis == "priced" for offer in offers):
        raise CatalogError(f"{url}: expected prices of models; found none")
    return offers


def _parsed(content: bytes, url: str) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise CatalogError(f"{url}: expected JSON; {error}") from error


PRICE_CATALOGS = (
    PriceCatalog(MODELS_DEV, MODELS_DEV_URL, offers_of_models_dev),
    PriceCatalog(OPENROUTER, OPENROUTER_URL, offers_of_openrouter),
    PriceCatalog(LITELLM, LITELLM_URL, offers_of_litellm),
)
