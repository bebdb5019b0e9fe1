"""Model groups: which releases are snapshots of one, and which are releases of their own."""

import pytest

from budmodel_pipeline.identity.groups import group_of, groups_of
from budmodel_pipeline.identity.knowledge import knowledge
from budmodel_pipeline.identity.resolve import resolve

ONE_GROUP = [
    ("gpt-4.1", "gpt-4.1-2025-04-14"),
    ("o1", "o1-2024-12-17"),
    ("o3", "o3-2025-04-16"),
    ("o4-mini", "o4-mini-2025-04-16"),
    ("gpt-5", "GPT-5 (2025-08-07) (high)"),
    ("claude-opus-4", "claude-opus-4-20250514"),
    ("gemini-3-pro", "gemini-3-pro-preview"),
    ("gemma-3-27b", "google/gemma-3-27b-it"),
    ("gemma-3n-e4b", "google/gemma-3n-e4b-it"),
    ("qwen2.5-vl-72b", "Qwen/Qwen2.5-VL-72B-Instruct"),
    ("llama-4-maverick", "meta-llama/Llama-4-Maverick-17B-128E-Instruct"),
    ("grok-4", "grok-4-0709"),
    ("gpt-4o-2024-05-13", "gpt-4o-2024-11-20"),
    ("gemini-2.5-pro-exp-03-25", "gemini-2.5-pro-preview-06-05"),
    ("gemini-1.5-pro-001", "gemini-1.5-pro-002"),
    ("DeepSeek-R1", "deepseek-r1-0528"),
    ("chatgpt-4o-latest", "chatgpt-4o-latest-20250326"),
    ("kimi-k2-instruct", "kimi-k2-0905-preview"),
    ("Mistral Small 3.1", "Mistral-Small-3.1-24B-Instruct-2503"),
    ("mistral-large-2407", "mistral-large-2411"),
    ("GPT-4 Turbo (0125)", "gpt-4-turbo-2024-04-09"),
    ("a-maker/some-model-7b-2024-05-01", "a-maker/some-model-7b"),
    ("a-maker/some-model-7b-preview", "a-maker/some-model-7b"),
    ("grok-2-beta", "grok-2"),
]

GROUPS_APART = [
    ("another product", "chatgpt-4o-latest", "gpt-4o"),
    ("versions", "deepseek-v3", "deepseek-v3.1"),
    ("words of a version", "deepseek-v3.1", "deepseek-v3.1-terminus"),
    ("versions that stand in no id", "mistral-small-2501", "mistral-small-2503"),
    ("tiers", "gpt-4.1-mini-2025-04-14", "gpt-4.1-nano-2025-04-14"),
    ("sizes", "gemma-3-27b-it", "gemma-3-12b-it"),
    ("a base that is evaluated", "gemma-2-9b", "gemma-2-9b-it"),
    ("a base model", "google/gemma-3-27b-pt", "google/gemma-3-27b-it"),
    ("two tunings", "qwen3-vl-235b-a22b-instruct", "qwen3-vl-235b-a22b-thinking"),
    ("thinking as a release", "qwen3-235b-a22b-thinking-2507", "qwen3-235b-a22b"),
    ("tuning as a release", "qwen3-235b-a22b-instruct-2507", "qwen3-235b-a22b"),
    ("vision", "grok-2-vision-1212", "grok-2-1212"),
    ("distillates", "deepseek-r1-distill-llama-8b", "deepseek-r1"),
    ("derivatives", "huihui-ai/Llama-3.3-70B-Instruct-abliterated", "meta-llama/Llama-3.3-70B-Instruct"),
    ("quantizations", "zai-org/GLM-4.5-FP8", "zai-org/GLM-4.5"),
    ("an experiment that was never released", "llama-4-maverick-03-26-experimental", "llama-4-maverick"),
    ("a family alone", "gemini-exp-1114", "gemini-exp-1206"),
    ("several models", "o3 (high) + gpt-4.1", "o3 (high)"),
    ("makers", "nvidia/llama-3.1-8b-2024-05-01", "meta-llama/llama-3.1-8b"),
]


def group(name: str) -> str:
    return group_of(resolve("", name).model_id)


@pytest.mark.parametrize(("name", "other"), ONE_GROUP)
def test_snapshots_of_a_release_are_one_group(name: str, other: str) -> None:
    assert group(name) == group(other)
    assert resolve("", name).model_id != resolve("", other).model_id, "ids keep their meaning"


@pytest.mark.parametrize(("rule", "name", "other"), GROUPS_APART, ids=[row[0] for row in GROUPS_APART])
def test_releases_of_their_own_are_groups_of_their_own(rule: str, name: str, other: str) -> None:
    assert group(name) != group(other), rule


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("Claude 3.5 Sonnet (20241022)", "anthropic/claude-3.5-sonnet"),
        ("gemini-2.5-pro-preview-05-06", "google/gemini-2.5-pro"),
        ("deepseek-r1-0528", "deepseek-ai/deepseek-r1"),
        ("claude-opus-4.5", "anthropic/claude-opus-4.5"),
        ("Aligner 2B+Claude 3 Opus", "multi/aligner-2b+claude-3-opus"),
    ],
)
def test_a_group_is_called_as_its_release_without_a_date(name: str, expected: str) -> None:
    assert group(name) == expected


@pytest.mark.parametrize("name", [*knowledge().releases, *knowledge().groups, *knowledge().groups.values()])
def test_a_group_is_its_own_group(name: str) -> None:
    assert group_of(group(name)) == group(name)


@pytest.mark.parametrize(("name", "called"), sorted(knowledge().groups.items()))
def test_a_reviewed_release_is_in_the_group_of_the_name_that_the_review_gives(name: str, called: str) -> None:
    assert group(name) == group(called)


@pytest.mark.parametrize("model_id", ["unresolved/auto", "unresolved/", "not an id", "openai/gpt-4o (high)"])
def test_what_is_no_id_of_a_model_is_a_group_of_one(model_id: str) -> None:
    assert group_of(model_id) == model_id


def ids(*names: str) -> list[str]:
    return [resolve("", name).model_id for name in names]


def test_the_only_revision_of_a_model_is_in_the_group_of_its_name() -> None:
    alone = groups_of(
        ids("Nova Pro", "amazon.nova-pro-v1:0", "Nova Lite", "amazon.nova-lite-v1:0", "amazon.nova-2-lite-v1:0")
    )
    assert alone["amazon/nova-pro-v1"] == alone["amazon/nova-pro"] == "amazon/nova-pro"
    assert alone["amazon/nova-lite-v1"] == alone["amazon/nova-lite"]
    assert alone["amazon/nova-lite-v2-v1"] != alone["amazon/nova-lite"], "Nova 2 Lite is another release"


def test_a_model_with_revisions_of_its_own_is_no_second_revision_of_another() -> None:
    found = groups_of(ids("Nova Lite", "amazon.nova-lite-v1:0", "Nova 2 Lite", "amazon.nova-2-lite-v1:0"))
    assert found == {
        **dict.fromkeys(("amazon/nova-lite", "amazon/nova-lite-v1"), "amazon/nova-lite"),
        **dict.fromkeys(("amazon/nova-lite-v2", "amazon/nova-lite-v2-v1"), "amazon/nova-lite-v2"),
    }


def test_two_revisions_of_a_model_are_groups_of_their_own() -> None:
    two = groups_of(ids("amazon/nova-pro", "amazon.nova-pro-v1:0", "amazon.nova-pro-v2:0"))
    assert len(set(two.values())) == 3


def test_models_stand_beside_each_other_in_any_order() -> None:
    models = ids("Nova Pro", "amazon.nova-pro-v1:0", "gpt-4o", "gpt-4o-2024-05-13", "gemma-3-27b-it")
    assert groups_of(models) == groups_of(reversed(models))
