"""Who made a model and what it does: the first source that states a field wins, and records of odd shape state nothing."""

from typing import Any

import pytest

from budmodel_pipeline.model_info.card import read_card
from budmodel_pipeline.model_info.profile import base_models, evaluations, profile

CARD = b"""---
license: mit
language: [en, no]
tags: [chat, "arxiv:2401.00001"]
base_model: org/base
---
# Model
Code: https://github.com/somebody/unrelated and https://github.com/QwenLM/Qwen3.
See https://qwen.ai/blog for more, and https://huggingface.co/Qwen.
"""


def facts(card: bytes = CARD, **record: Any) -> dict[str, Any]:
    found = profile("Qwen/Qwen3-8B", "https://huggingface.co/Qwen/Qwen3-8B/tree/abc", read_card(card), ("LICENSE",), record)
    return {name: fact.value for name, fact in found.items()}


def test_the_record_of_the_hub_goes_before_the_card() -> None:
    found = facts(author="Qwen", pipeline_tag="text-generation", tags=["x"], library_name="transformers", downloads=12)
    assert (found["author"], found["tasks"], found["library"], found["downloads"]) == (
        "Qwen",
        ["text-generation"],
        "transformers",
        12,
    )
    assert found["tags"] == ["x", "chat", "arxiv:2401.00001"]
    assert (found["input_modalities"], found["output_modalities"]) == (["text"], ["text"])
    assert (found["license"], found["license_files"], found["papers"]) == ("mit", ["LICENSE"], ["2401.00001"])
    assert found["languages"] == ["en", "no"]
    assert found["provider_url"] == "https://huggingface.co/Qwen/Qwen3-8B"


def test_a_link_counts_only_where_it_carries_the_name() -> None:
    found = facts()
    assert found["github"] == "https://github.com/QwenLM/Qwen3"
    assert found["website"] == "https://qwen.ai/blog"
    assert facts(b"see https://github.com/somebody/unrelated and https://example.com")["github"] is None


@pytest.mark.parametrize(
    "record",
    [
        {"author": 3, "tags": "x", "downloads": "many", "createdAt": "yesterday", "pipeline_tag": ["a"]},
        {"author": None, "tags": [None, 3], "downloads": -1, "createdAt": 5, "lastModified": {}, "pipeline_tag": {}},
        {"downloads": True, "likes": 1.5, "createdAt": "2024-02-31T00:00:00Z", "lastModified": "2024-01-01T00:00:00"},
    ],
)
def test_a_record_of_odd_shape_states_nothing(record: dict[str, Any]) -> None:
    found = facts(b"", **record)
    for name in ("downloads", "likes", "created_at", "updated_at", "tasks", "input_modalities", "tags"):
        assert found[name] is None, name
    assert found["author"] == "Qwen"


def test_what_is_unknown_says_where_it_was_looked_for() -> None:
    found = profile("a/b", "x", read_card(b""), (), {"pipeline_tag": "telepathy"})
    assert found["input_modalities"].reason == "the task 'telepathy' tells none"
    assert found["license"].reason == "not stated: looked at license in the card, tag of the hub"


@pytest.mark.parametrize(
    ("card", "record", "adapter", "parents"),
    [
        (CARD, {}, {}, [("org/base", None, "base_model in the card")]),
        (b"---\nbase_model: [a/one, b/two]\n---\n", {}, {}, [("a/one", "merge", None), ("b/two", "merge", None)]),
        (
            CARD,
            {"baseModels": {"relation": "quantized", "models": [{"id": "org/base"}]}},
            {},
            [("org/base", "quantized", "hub record")],
        ),
        (b"", {}, {"base_model": "org/base"}, [("org/base", "adapter", "adapter_config.json")]),
        (b"", {"baseModels": "org/base"}, {"base_model": None}, []),
        (b"", {"baseModels": {"models": [{"id": None}, 3]}}, {}, []),
    ],
)
def test_lineage(
    card: bytes, record: dict[str, Any], adapter: dict[str, Any], parents: list[tuple[str, str | None, str]]
) -> None:
    found = base_models(read_card(card), record, adapter)
    assert [(row["base_model"], row["relation"]) for row in found] == [(name, relation) for name, relation, _ in parents]
    assert all(method is None or row["method"] == method for row, (_, _, method) in zip(found, parents, strict=True))


def test_results_of_the_hub_and_of_the_card_are_kept_apart_by_where_they_stand() -> None:
    record = {"evalResults": [{"dataset": {"id": "gsm8k"}, "value": 91.5}, {"dataset": 3, "value": 1}, {"value": "x"}, None]}
    table = b"# Model\n## Evaluation\n| Benchmark | Qwen3-8B |\n|---|---|\n| MMLU | 71.5% |\n"
    found = evaluations(read_card(table, "Qwen3-8B"), record)
    assert [(row["benchmark"], row["value"], row["where"]) for row in found] == [
        ("gsm8k", 91.5, "hub evaluation results"),
        ("MMLU", 71.5, "Evaluation"),
    ]
