"""Offers as OpenRouter and LiteLLM write them: prices per token, limits, abilities, and what is no price."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from budmodel_pipeline.model_info.catalogs import CatalogError
from budmodel_pipeline.model_info.offers import BY_TRUST, Abilities, Offer
from budmodel_pipeline.model_info.price_catalogs import PRICE_CATALOGS, offers_of_litellm, offers_of_openrouter

GPT = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}


def openrouter(*models: Mapping[str, Any]) -> Sequence[Offer]:
    priced = {"id": "maker/priced", "pricing": {"prompt": "0.000001", "completion": "0.000001"}}
    return offers_of_openrouter(json.dumps({"data": [priced, *models]}).encode())[1:]


def litellm(**models: Mapping[str, Any]) -> Sequence[Offer]:
    return offers_of_litellm(json.dumps({"gpt-4o": GPT, **models}).encode())[1:]


def test_openrouter_writes_dollars_per_token_as_texts() -> None:
    pricing = {"prompt": "0.0000025", "completion": "0.00001", "input_cache_read": "0.00000125", "image": "0.003613"}
    (offer,) = openrouter({"id": "openai/gpt-4o", "name": "OpenAI: GPT-4o", "pricing": pricing})
    assert (offer.catalog, offer.provider, offer.precedence) == ("openrouter", "openrouter", 0)
    assert (offer.published_id, offer.model, offer.name) == ("openai/gpt-4o", "openai/gpt-4o", "OpenAI: GPT-4o")
    prices = offer.prices
    assert (prices.input, prices.output, prices.cache_read, prices.cache_write) == (2.5, 10, 1.25, None)


@pytest.mark.parametrize("per_token", ["0.000000073", 7.3e-08, "7.3e-8"])
def test_a_price_has_no_noise_in_its_last_digits(per_token: object) -> None:
    (offer,) = openrouter({"id": "m", "pricing": {"prompt": per_token}})
    assert offer.prices.input == 0.073


@pytest.mark.parametrize(
    ("published_id", "price", "basis", "dollars", "refused"),
    [
        ("maker/model:free", "0", "free", 0, ()),
        ("maker/model", "0", "unclear", None, ()),
        # A router, which costs what the model does that it chooses.
        ("openrouter/auto", "-1", "refused", None, ("input -1e+06", "output -1e+06")),
        # Dollars per million where dollars per token belong.
        ("maker/model", "2.5", "refused", None, ("input 2.5e+06", "output 2.5e+06")),
        ("maker/model:free", "-1", "refused", None, ("input -1e+06", "output -1e+06")),
        ("maker/model", "nan", "refused", None, ("input nan", "output nan")),
        ("maker/model", "cheap", "refused", None, ("input nan", "output nan")),
        ("maker/model", True, "refused", None, ("input nan", "output nan")),
        ("maker/model", ["1"], "refused", None, ("input nan", "output nan")),
        ("maker/model", None, "unpublished", None, ()),
    ],
)
def test_what_is_no_price_is_none(
    published_id: str, price: object, basis: str, dollars: float | None, refused: tuple[str, ...]
) -> None:
    (offer,) = openrouter({"id": published_id, "pricing": {"prompt": price, "completion": price}})
    assert (offer.prices.basis, offer.prices.input, offer.prices.refused) == (basis, dollars, refused)


def test_what_openrouter_says_that_a_model_takes_and_does() -> None:
    # More parameters than of any other list are read.
    parameters = [f"parameter {number:02}" for number in range(30)] + ["tools", "structured_outputs"]
    entry = {
        "id": "m",
        "context_length": 128_000,
        "top_provider": {"context_length": 64_000, "max_completion_tokens": 16_384},
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "supported_parameters": parameters,
        "expiration_date": "2026-12-31T00:00:00Z",
    }
    (offer,) = openrouter(entry)
    assert offer.abilities == Abilities(128_000, 16_384, ["image", "text"], ["text"], True, False, True)
    assert offer.retires_on == date(2026, 12, 31)


@pytest.mark.parametrize(
    "said", [{}, {"supported_parameters": []}, {"supported_parameters": "tools", "context_length": "8k"}]
)
def test_what_a_catalog_does_not_say_is_not_known(said: Mapping[str, Any]) -> None:
    (offer,) = openrouter({"id": "m", **said})
    assert (offer.abilities, offer.retires_on) == (Abilities(), None)


def test_litellm_writes_numbers_and_tiers_and_explains_itself() -> None:
    long = {"input_cost_per_token_above_200k_tokens": 6e-06, "output_cost_per_token_above_200k_tokens": 2.25e-05}
    other = {"input_cost_per_token_batches": 1e-06, "input_cost_per_token_above_200k_tokens_priority": 9e-06}
    offers = litellm(
        sample_spec={"litellm_provider": "one of https://…", "input_cost_per_token": 0.0},
        claude={**GPT, "litellm_provider": "bedrock_converse", **long, **other},
        picture={"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.04},
        nobody={"input_cost_per_token": 1e-06},
    )
    assert [(offer.provider, offer.published_id, offer.context_above) for offer in offers] == [
        ("amazon-bedrock", "claude", 0),
        ("amazon-bedrock", "claude", 200_000),
    ]
    assert [(offer.prices.input, offer.prices.output) for offer in offers] == [(2.5, 10), (6, 22.5)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Abilities()),
        (
            {"max_input_tokens": 1000, "max_output_tokens": 50, "max_tokens": 50, "supports_vision": True},
            Abilities(1000, 50, ["image", "text"]),
        ),
        (
            {"supported_modalities": ["text", "audio"], "supported_output_modalities": ["text"], "supports_vision": True},
            Abilities(None, None, ["audio", "text"], ["text"]),
        ),
        (
            {"supports_function_calling": True, "supports_reasoning": False, "supports_response_schema": True},
            Abilities(tool_use=True, reasoning=False, structured_output=True),
        ),
        ({"max_input_tokens": "max input tokens", "supports_vision": False}, Abilities()),
    ],
)
def test_what_litellm_says_that_a_model_takes_and_does(said: Mapping[str, Any], expected: Abilities) -> None:
    (offer,) = litellm(model={**GPT, **said})
    assert offer.abilities == expected


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("date when the model becomes deprecated", None),
        ("2026-13-01", None),
        (20260301, None),
    ],
)
def test_the_day_from_which_it_is_offered_no_more(said: object, day: date | None) -> None:
    (offer,) = litellm(model={**GPT, "deprecation_date": said})
    assert offer.retires_on == day


@pytest.mark.parametrize(
    ("served_by", "provider"),
    [
        ("vertex_ai", "google-vertex"),
        ("vertex_ai-language-models", "google-vertex"),
        ("vertex_ai-anthropic_models", "google-vertex"),
        ("together_ai", "togetherai"),
        ("groq", "groq"),
    ],
)
def test_providers_are_called_as_models_dev_calls_them(served_by: str, provider: str) -> None:
    (offer,) = litellm(model={**GPT, "litellm_provider": served_by})
    assert (offer.provider, offer.provider_name, offer.precedence) == (provider, served_by, 3)


@pytest.mark.parametrize(
    ("published_id", "model"),
    [
        ("bedrock/us-east-1/anthropic.claude-v2", "anthropic.claude-v2"),
        ("bedrock/ap-northeast-1/anthropic.claude-v2", "anthropic.claude-v2"),
        ("groq/llama-3.1-8b-instant", "groq/llama-3.1-8b-instant"),
    ],
)
def test_where_amazon_serves_a_model_is_not_who_made_it(published_id: str, model: str) -> None:
    (offer,) = litellm(**{published_id: GPT})
    assert (offer.published_id, offer.model) == (published_id, model)


def test_every_catalog_has_its_place_among_those_that_are_trusted() -> None:
    assert tuple(catalog.name for catalog in PRICE_CATALOGS) == BY_TRUST


@pytest.mark.parametrize("read", [catalog.read for catalog in PRICE_CATALOGS], ids=lambda read: read.__name__)
@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"data": []}', b'{"data": {"id": 1}}'])
def test_a_catalog_of_another_shape_is_an_error(read: Callable[[bytes], Sequence[Offer]], content: bytes) -> None:
    with pytest.raises(CatalogError):
        read(content)
