"""Places of models: what people may write, what a row may hold, and which links lead to a model."""

import pytest

from budmodel_pipeline.targets.target import Target, TargetError, hub_repository, parse_target, target_of


@pytest.mark.parametrize(
    ("word", "provider", "uri"),
    [
        ("hf:Qwen/Qwen3-8B", "hugging_face", "Qwen/Qwen3-8B"),
        ("cloud:openai/gpt-4o-2024-08-06", "cloud_model", "openai/gpt-4o-2024-08-06"),
        ("https://example.org/model.tar.gz", "url", "https://example.org/model.tar.gz"),
        ("/srv/models/mine", "disk", "/srv/models/mine"),
        ("mine", "disk", "mine"),
    ],
)
def test_a_word_names_a_place_and_the_place_the_word(word: str, provider: str, uri: str) -> None:
    target = parse_target(word)
    assert (target.provider, target.uri, target.key) == (provider, uri, word)


def test_a_request_may_name_a_model_by_its_page() -> None:
    assert target_of("hugging_face", " https://huggingface.co/Qwen/Qwen3-8B/tree/main ") == Target(
        "hugging_face", "Qwen/Qwen3-8B"
    )


@pytest.mark.parametrize(
    ("provider", "uri", "reason"),
    [
        ("hugging_face", "gpt2", "org/name"),
        ("hugging_face", "../../etc/passwd", "org/name"),
        ("hugging_face", "org/name?x=1", "org/name"),
        ("cloud_model", "GPT-4o", "id of a model"),
        ("url", "ftp://example.org/x", "http or https"),
        ("url", "https://user:secret@example.org/x", "without a user"),
        ("disk", "", "characters"),
        ("disk", "a\nb", "characters"),
        ("disk", "a...b", "'...'"),
        ("disk", "x" * 1_001, "characters"),
        ("floppy", "x", "providers"),
    ],
)
def test_what_no_model_can_be_read_from_is_refused_with_what_was_expected(provider: str, uri: str, reason: str) -> None:
    with pytest.raises(TargetError, match=reason) as refused:
        target_of(provider, uri)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://huggingface.co/Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ("http://www.huggingface.co/Qwen/Qwen3-8B/", "Qwen/Qwen3-8B"),
        ("https://hf.co/Qwen/Qwen3-8B?library=x", "Qwen/Qwen3-8B"),
        ("https://huggingface.co/datasets/org/data", None),
        ("https://huggingface.co/spaces/org/app", None),
        ("https://huggingface.co/Qwen", None),
        ("https://huggingface.co/anthropic/claude (adaptive, effort=low)", None),
        ("https://huggingface.co.evil.example/a/b", None),
        ("https://github.com/a/b", None),
        (None, None),
    ],
)
def test_only_pages_of_models_are_models(link: str | None, name: str | None) -> None:
    assert hub_repository(link) == name
