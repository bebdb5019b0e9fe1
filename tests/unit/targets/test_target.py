"""Places of models: what people may write, and what a row may hold."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budmodel_pipeline.targets.target import Target, TargetError, is_written_as_target, parse_target, target_of


@pytest.mark.parametrize(
    ("word", "provider", "uri"),
    [
        ("hf:Qwen/Qwen3-8B", "hugging_face", "Qwen/Qwen3-8B"),
        ("cloud:openai/gpt-4o-2024-08-06", "cloud_model", "openai/gpt-4o-2024-08-06"),
        ("https://example.org/model.tar.gz", "url", "https://example.org/model.tar.gz"),
        ("/srv/models/mine", "disk", "/srv/models/mine"),
        ("mine", "disk", "mine"),
        ("a path/with...dots", "disk", "a path/with...dots"),
        ("huggingface.co/Qwen/Qwen3-8B", "disk", "huggingface.co/Qwen/Qwen3-8B"),
        ("HTTP://example.org/model.gguf", "url", "HTTP://example.org/model.gguf"),
        (
            "https://huggingface.co/Qwen/Qwen3-8B/resolve/main/model.safetensors",
            "url",
            "https://huggingface.co/Qwen/Qwen3-8B/resolve/main/model.safetensors",
        ),
    ],
)
def test_a_word_names_a_place_and_the_place_the_word(word: str, provider: str, uri: str) -> None:
    target = parse_target(word)
    assert (target.provider, target.uri, target.key) == (provider, uri, word)


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("hf:Qwen/Qwen3-8B@refs/pr/1", "hf:Qwen/Qwen3-8B@refs/pr/1"),
        ("hf:Qwen/Qwen3-8B@v1.0", "hf:Qwen/Qwen3-8B@v1.0"),
        ("https://huggingface.co/Qwen/Qwen3-8B", "hf:Qwen/Qwen3-8B"),
        ("https://hf.co/Qwen/Qwen3-8B/tree/main?x=y#card", "hf:Qwen/Qwen3-8B"),
        ("https://huggingface.co/Qwen/Qwen3-8B/tree/refs%2Fpr%2F1", "hf:Qwen/Qwen3-8B@refs/pr/1"),
        ("https://huggingface.co/Qwen/Qwen3-8B/commit/0123abc", "hf:Qwen/Qwen3-8B@0123abc"),
        ("https://huggingface.co/Qwen/Qwen3-8B/discussions/4", "hf:Qwen/Qwen3-8B"),
        ("https://huggingface.co/datasets/org/data", "https://huggingface.co/datasets/org/data"),
    ],
)
def test_a_model_of_the_hub_has_one_name_however_it_is_written(word: str, key: str) -> None:
    assert parse_target(word).key == key
    assert parse_target(key) == parse_target(word)


@pytest.mark.parametrize(
    "word",
    [
        *("", "hf:", "hf:a", "hf:a/b/c", "hf:a/b@", "hf:a/b@x y", "hf:a/b@../../c", "hf:a/b@-x", "hf:a/b@c@d"),
        *("hf:datasets/a", "hf:a/b.git", "hf:a/b--c", "hf:/b", "hf://a/b", "hf: a/b"),
        *("cloud:", "cloud:gpt-4o", "cloud:OpenAI/GPT-4o", "cloud:openai/gpt-4o@x"),
        *("ftp://example.org/x", "https://", "https://[bad", "https://a:x/b", "https://u:p@example.org/x", "file:///etc"),
        "a\0b",
    ],
)
def test_what_is_malformed_is_refused_at_once(word: str) -> None:
    with pytest.raises(TargetError, match="expected"):
        parse_target(word)


_LETTERS = string.ascii_letters + string.digits + "._-@:/ %#?\\"


@given(
    st.one_of(
        st.text(max_size=40),
        st.builds(
            "{}{}".format,
            st.sampled_from(["hf:", "cloud:", "https://", "https://huggingface.co/", "https://hf.co/a/b/tree/", "./", ""]),
            st.text(_LETTERS, max_size=40),
        ),
        st.builds("hf:{}/{}@{}".format, *[st.text(_LETTERS, min_size=1, max_size=9)] * 3),
    )
)
def test_a_target_is_read_back_from_its_key(word: str) -> None:
    try:
        target = parse_target(word)
    except TargetError:
        return
    assert parse_target(target.key) == target
    assert parse_target(target.key).key == target.key


@given(st.sampled_from(["hugging_face", "cloud_model", "url", "disk"]), st.text(_LETTERS, max_size=40))
def test_a_row_names_what_its_key_names(provider: str, uri: str) -> None:
    try:
        target = target_of(provider, uri)
    except TargetError:
        return
    assert parse_target(target.key) == target
    assert target.revision is None


@pytest.mark.parametrize(
    ("word", "written"),
    [("hf:a", True), ("cloud:x", True), ("https://x", True), ("Qwen/Qwen3-8B", False), ("gpt-4o (high)", False)],
)
def test_a_name_of_a_model_is_no_target(word: str, written: bool) -> None:
    assert is_written_as_target(word) is written


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
        ("disk", "hf:org/name", "hugging_face"),
        ("disk", "https://example.org/x", "provider disk, but one of url"),
        ("hugging_face", "org/name@v1", "main branch"),
        ("hugging_face", "https://huggingface.co/org/name/tree/v1", "main branch"),
    ],
)
def test_what_no_model_can_be_read_from_is_refused_with_what_was_expected(provider: str, uri: str, reason: str) -> None:
    with pytest.raises(TargetError, match=reason) as refused:
        target_of(provider, uri)
    assert "secret" not in str(refused.value)
