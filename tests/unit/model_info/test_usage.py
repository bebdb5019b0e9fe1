"""Defaults of generation and the shape of embeddings, as their files state them."""

from collections.abc import Mapping
from typing import Any

import pytest

from budmodel_pipeline.model_info.usage import usage_facts


def facts(**files: Mapping[str, Any]) -> dict[str, Any]:
    found = usage_facts(lambda name: files.get("generation" if "generation" in name else "pooling", {}))
    return {name: fact.value for name, fact in found.items()}


@pytest.mark.parametrize(
    ("generation", "expected"),
    [
        ({"temperature": 0.6, "top_p": 0.95, "eos_token_id": [1, 2]}, {"temperature": 0.6, "top_p": 0.95}),
        ({"do_sample": True, "top_k": 20}, {"do_sample": True, "top_k": 20}),
        ({"temperature": "hot", "top_k": float("nan")}, None),
        ({}, None),
    ],
)
def test_defaults_are_what_the_file_states(generation: Mapping[str, Any], expected: object) -> None:
    assert facts(generation=generation)["generation_defaults"] == expected


@pytest.mark.parametrize(
    ("pooling", "dimension", "mode"),
    [
        ({"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}, 384, "mean_tokens"),
        ({"word_embedding_dimension": 1024, "pooling_mode": "lasttoken"}, 1024, "lasttoken"),
        (
            {"word_embedding_dimension": 8, "pooling_mode_cls_token": True, "pooling_mode_max_tokens": True},
            16,
            "cls_token, max_tokens",
        ),
        ({"word_embedding_dimension": True, "pooling_mode_cls_token": 1}, None, None),
        ({"word_embedding_dimension": -3}, None, None),
        ({}, None, None),
    ],
)
def test_an_embedding_is_as_wide_as_what_is_laid_side_by_side(
    pooling: Mapping[str, Any], dimension: int | None, mode: str | None
) -> None:
    found = facts(pooling=pooling)
    assert (found["embedding_dimension"], found["embedding_pooling"]) == (dimension, mode)
