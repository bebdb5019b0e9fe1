"""Facts of closed models: who speaks for a model, whose word counts first, and catalogs that are not what they were."""

import json
from typing import Any

import pytest

from budmodel_pipeline.model_info.catalogs import (
    FIELDS,
    CatalogError,
    CatalogRecord,
    merge_catalogs,
    read_llm_stats,
    read_models_dev,
)


def models_dev(**entry: Any) -> bytes:
    gpt = {"id": "gpt-x", "name": "GPT X", **entry}
    reseller = {"name": "Reseller", "models": {"gpt-x": {"id": "gpt-x", "limit": {"context": 1}}}}
    return json.dumps({"openai": {"name": "OpenAI", "models": {"gpt-x": gpt}}, "reseller": reseller}).encode()


def test_only_the_maker_speaks_for_a_model() -> None:
    (record,) = read_models_dev(models_dev(limit={"context": 128_000, "output": 16_384}, tool_call=True))
    assert (record.maker, record.name) == ("openai", "gpt-x")
    assert record.values["context_length"] == 128_000
    assert record.values["tool_use"] is True


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"limit": {"context": "lots"}}, "context_length"),
        ({"limit": {"context": True}}, "context_length"),
        ({"limit": {"context": -5}}, "context_length"),
        ({"limit": "none"}, "context_length"),
        ({"release_date": "2024-02-31"}, "released_on"),
        ({"cost": {"input": -1}}, "input_price_usd_per_million_tokens"),
        ({"modalities": {"input": "text"}}, "input_modalities"),
        ({"tool_call": "yes"}, "tool_use"),
    ],
)
def test_a_value_of_the_wrong_kind_is_no_value(entry: dict[str, Any], field: str) -> None:
    (record,) = read_models_dev(models_dev(**entry))
    assert field not in record.values


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"openai": 3}', b'{"openai": {"models": []}}'])
def test_a_catalog_of_another_shape_is_an_error_and_not_an_empty_catalog(content: bytes) -> None:
    with pytest.raises(CatalogError):
        read_models_dev(content)


def test_llm_stats_must_be_a_list() -> None:
    with pytest.raises(CatalogError, match="expected a list"):
        read_llm_stats(b"{}")


def test_the_first_catalog_wins_and_a_disagreement_is_told() -> None:
    first = CatalogRecord("models.dev", "https://a", "openai", "gpt-x", {"context_length": 128_000})
    second = CatalogRecord(
        "llm-stats", "https://b", "openai", "gpt-x", {"context_length": 100_000, "license": "proprietary"}
    )
    facts, warnings = merge_catalogs([first, second])
    assert set(facts) == set(FIELDS)
    assert (facts["context_length"].value, facts["context_length"].method) == (128_000, "stated by models.dev")
    assert (facts["license"].value, facts["license"].evidence) == ("proprietary", "https://b openai/gpt-x")
    assert facts["reasoning"].value is None
    assert facts["reasoning"].reason == "no catalog states it (models.dev, llm-stats)"
    assert warnings == ("context_length: models.dev says 128000, llm-stats says 100000",)
