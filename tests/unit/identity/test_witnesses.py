"""What a source says beside a name: its own id, the day of the release, the organization, the link."""

from datetime import date

import pytest

from budmodel_pipeline.identity.makers import maker_of
from budmodel_pipeline.identity.resolve import resolve

WITH_ID = [
    ("exact ids under one name", "GPT-4o", "gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13"),
    ("exact ids under one name", "GPT-4o", "gpt-4o-2024-08-06", "openai/gpt-4o-2024-08-06"),
    ("another exact id", "Claude 3.5 Sonnet", "claude-3-5-sonnet-20240620", "anthropic/claude-3.5-sonnet-20240620"),
    ("another exact id", "Claude 3.5 Sonnet", "claude-3-5-sonnet-20241022", "anthropic/claude-3.5-sonnet-20241022"),
    ("a name more exact than the id", "Qwen2.5 VL 72B Instruct", "qwen2.5-vl-72b", "qwen/qwen2.5-vl-72b-instruct"),
    ("an id with the tuning", "Gemma 2 9B", "gemma-2-9b-it", "google/gemma-2-9b-it"),
    ("an id that floats", "DeepSeek-V3", "deepseek-chat", "deepseek-ai/deepseek-v3"),
    ("an id of the open repository", "Command R+", "command-r-plus-04-2024", "coherelabs/command-r-plus"),
    ("two halves", "Devstral Small 1.1", "devstral-small-2507", "mistralai/devstral-small-2507"),
    ("two halves", "Mistral Large 2", "mistral-large-2-2407", "mistralai/mistral-large-2407"),
    ("an id that means nothing", "GPT-4o", "???", "openai/gpt-4o"),
    ("an id against the name", "GPT-4o mini", "gpt-4.1-2025-04-14", "openai/gpt-4.1-2025-04-14"),
]

WITH_DAY = [
    ("the day of the one release", "Grok-4", date(2025, 7, 9), "xai/grok-4-0709"),
    ("the month of the one release", "Pixtral-12B", date(2024, 9, 16), "mistralai/pixtral-12b-2409"),
    ("another day", "Grok-4", date(2025, 7, 10), "xai/grok-4"),
    ("one of several releases", "GPT-4o", date(2024, 5, 13), "openai/gpt-4o"),
    ("a date in the name", "gpt-4o-2024-05-13", date(2024, 8, 6), "openai/gpt-4o-2024-05-13"),
    ("a derivative", "somebody/grok-4-uncensored", date(2025, 7, 9), "somebody/grok-4-uncensored"),
]

MAKERS = [
    ("an organization", "Zorb 7B", "Acme Labs", None, "acme-labs/zorb-7b"),
    ("spellings of one organization", "Zorb 7B", "Mistral AI", None, "mistralai/zorb-7b"),
    ("several organizations", "Zorb 7B", "Acme + Zorb", None, "unknown/zorb-7b"),
    ("a derivative", "Gemma 3n E2B Instructed LiteRT", "google", None, "google/gemma-3n-litert-e2b-it"),
    ("a family's own maker", "GPT-5", "Somebody", None, "openai/gpt-5"),
    ("a repository called as the model", "Zorb 7B", None, "https://github.com/acme/Zorb.git", "acme/zorb-7b"),
    ("a repository of something else", "Zorb 7B", None, "https://github.com/acme/Paper-Code", "unknown/zorb-7b"),
    ("the base model", "ExPO + Zephyr 7B Beta", None, "https://huggingface.co/HuggingFaceH4/zephyr-7b-beta", None),
]

INVENTED = [
    ("dreamgen/opus-v1.2-7b", "dreamgen/opus-1.2-7b"),
    ("GPT-4 (Adversarial)", "openai/gpt-4"),
    ("OpenPipe MoA GPT-4 Turbo", "unknown/gpt-4-moa-openpipe-turbo"),
    ("Claude2 Alpaca 13B", "unknown/claude-2-alpaca-13b"),
    ("Lingma SWE-GPT 72b (v0918)", "unknown/gpt-lingma-swe-72b-0918"),
]


@pytest.mark.parametrize(("case", "name", "published_id", "model_id"), WITH_ID)
def test_the_more_exact_of_name_and_id_decides(case: str, name: str, published_id: str, model_id: str) -> None:
    assert resolve("llm_stats", name, published_id=published_id).model_id == model_id, case


def test_the_variant_of_name_and_id_stand_together() -> None:
    found = resolve("livecodebench", "O3-Mini-2025-01-31 (Med)", published_id="o3-mini-2025-01-31__medium")
    assert found.variant == "effort=medium"
    found = resolve("livecodebench", "Claude-3.7-Sonnet (Thinking)", published_id="claude-3-7-sonnet-20250219")
    assert (found.model_id, found.variant) == ("anthropic/claude-3.7-sonnet-20250219", "thinking=on")


def test_an_id_against_the_name_is_for_a_person_to_review() -> None:
    contradicted = resolve("llm_stats", "GPT-4o mini", published_id="gpt-4.1-2025-04-14")
    assert contradicted.confidence < 0.6
    assert "says otherwise" in contradicted.evidence[-1]
    assert resolve("llm_stats", "GPT-4o", published_id="gpt-4o-2024-05-13").confidence >= 0.9


def test_the_id_counts_for_a_name_that_no_agent_runs() -> None:
    assert resolve("", "OpenHands + GPT-5", published_id="gpt-5-2025-08-07").model_id == "openai/gpt-5"


@pytest.mark.parametrize(("case", "name", "day", "model_id"), WITH_DAY)
def test_an_undated_name_is_the_one_release_of_its_day(case: str, name: str, day: date, model_id: str) -> None:
    found = resolve("ugi", name, released_on=day)
    assert found.model_id == model_id, case
    assert ("as the one release" in found.evidence[-1]) is (model_id != resolve("ugi", name).model_id)


@pytest.mark.parametrize(("case", "name", "organization", "link", "model_id"), MAKERS)
def test_the_maker_is_who_the_source_says(
    case: str, name: str, organization: str | None, link: str | None, model_id: str | None
) -> None:
    found = resolve("bfcl", name, link, organization=organization).model_id
    assert found == (model_id or "unknown/zephyr-expo-7b-beta"), case
    assert resolve("", found).model_id == found


def test_where_the_organization_is_the_host_it_is_no_maker() -> None:
    assert resolve("models_dev", "Zorb 7B", organization="Acme").model_id == "unknown/zorb-7b"


@pytest.mark.parametrize(("name", "model_id"), INVENTED)
def test_no_maker_and_no_word_is_invented(name: str, model_id: str) -> None:
    assert resolve("alpacaeval", name).model_id == model_id


@pytest.mark.parametrize(
    ("model_id", "maker"),
    [
        ("qwen/qwen3-8b", "Alibaba"),
        ("alibaba-nlp/tongyi-30b", "Alibaba"),
        ("mistralai/mistral-small-2506", "Mistral AI"),
        ("zai-org/glm-4.6", "Z.ai"),
        ("sao10k/l3-8b-stheno-v3.2", "sao10k"),
        ("unknown/zorb-7b", None),
        ("unresolved/auto", None),
        ("multi/o3+gpt-4.1", None),
    ],
)
def test_makers_have_one_name(model_id: str, maker: str | None) -> None:
    assert maker_of(model_id) == maker


@pytest.mark.parametrize("spelling", ["Qwen", "qwen", "Alibaba", "Alibaba-Qwen"])
def test_spellings_of_an_organization_are_one_maker(spelling: str) -> None:
    assert maker_of(resolve("bfcl", "Zorb 7B", organization=spelling).model_id) == "Alibaba"
