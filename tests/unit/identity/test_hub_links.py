"""Which links lead to a model of the hub: one rule for identity, targets, tables and commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budmodel_pipeline.identity.hub_links import hub_repository, is_repository
from budmodel_pipeline.identity.resolve import resolve

NAME = "Qwen/Qwen3-32B"


@pytest.mark.parametrize(
    "link",
    [
        "https://huggingface.co/Qwen/Qwen3-32B",
        "http://www.huggingface.co/Qwen/Qwen3-32B/",
        "https://hf.co/Qwen/Qwen3-32B",
        "https://www.hf.co/Qwen/Qwen3-32B",
        "HTTPS://HuggingFace.co/Qwen/Qwen3-32B",
        "https://huggingface.co:443/Qwen/Qwen3-32B",
        "huggingface.co/Qwen/Qwen3-32B",
        "//huggingface.co/Qwen/Qwen3-32B",
        "  https://huggingface.co/Qwen/Qwen3-32B\n",
        "https://huggingface.co//Qwen//Qwen3-32B",
        "https://huggingface.co/Qwen/Qwen3-32B?library=x",
        "https://huggingface.co/Qwen/Qwen3-32B?a=/b/c",
        "https://huggingface.co/Qwen/Qwen3-32B#card",
        "https://huggingface.co/Qwen/Qwen3-32B/tree/main",
        "https://huggingface.co/Qwen/Qwen3-32B/tree/main/sub/folder",
        "https://huggingface.co/Qwen/Qwen3-32B/blob/main/config.json",
        "https://huggingface.co/Qwen/Qwen3-32B/resolve/main/config.json?download=true",
        "https://huggingface.co/Qwen/Qwen3-32B/discussions/4",
        "https://huggingface.co/Qwen/Qwen3%2D32B",
        "https://huggingface.co/Qwen%2FQwen3-32B",
        "Qwen/Qwen3-32B",
    ],
)
def test_what_leads_to_a_model(link: str) -> None:
    assert hub_repository(link) == NAME
    # A vague name means the model that it is linked to.
    assert resolve("anywhere", "Qwen3", link).method == "link"
    assert resolve("anywhere", "Qwen3", link) == resolve("anywhere", "Qwen3", "https://huggingface.co/Qwen/Qwen3-32B")


@pytest.mark.parametrize(
    "link",
    [
        None,
        "",
        " ",
        "https://huggingface.co",
        "https://huggingface.co/",
        "https://huggingface.co/Qwen",
        "https://huggingface.co/Qwen/",
        "https://huggingface.co/?q=a/b",
        "https://huggingface.co/#/Qwen/Qwen3-32B",
        "https://huggingface.co/models",
        "https://huggingface.co/models/llama",
        "https://huggingface.co/Models/llama",
        "https://huggingface.co/models?search=Qwen/Qwen3-32B",
        "https://huggingface.co/join/discord",
        "https://huggingface.co/api/models",
        "https://huggingface.co/api/models/Qwen/Qwen3-32B",
        "https://huggingface.co/datasets/Qwen/data",
        "https://huggingface.co/spaces/Qwen/app",
        "https://huggingface.co/docs/transformers",
        "https://huggingface.co/blog/llama4",
        "https://huggingface.co/papers/2401.00001",
        "https://huggingface.co/collections/Qwen/qwen3-67dd",
        "https://huggingface.co/organizations/Qwen/activity",
        "https://huggingface.co/settings/tokens",
        "https://huggingface.co/tasks/text-generation",
        "https://huggingface.co/Qwen/models",
        "https://huggingface.co/Qwen/activity/all",
        "https://huggingface.co/anthropic/claude (adaptive, effort=low)",
        "https://huggingface.co/Qwen/..",
        "https://huggingface.co/Qwen/Qwen3%2F32B",
        "https://huggingface.co.evil.example/a/b",
        "https://huggingface.co@evil.example/a/b",
        "https://evil.example\\@huggingface.co/a/b",
        "https://discuss.huggingface.co/t/topic",
        "https://github.com/Qwen/Qwen3-32B",
        "github.com/Qwen",
        "ftp://huggingface.co/Qwen/Qwen3-32B",
        "https://[bad",
        "a/b/c",
        "spaces/a",
        "hf:Qwen/Qwen3-32B",
        "x" * 5_000,
    ],
)
def test_what_leads_elsewhere(link: str | None) -> None:
    assert hub_repository(link) is None
    assert resolve("anywhere", "Qwen3", link) == resolve("anywhere", "Qwen3")


@pytest.mark.parametrize(
    "name",
    [
        "gpt2",
        "a/b/c",
        "/b",
        "a/",
        "a b/c",
        "a/b?x",
        "../../etc",
        "-a/b",
        "a/.b",
        "a/b.",
        "a/b--c",
        "a/b.git",
        "ä/b",
        "a/" + "b" * 97,
    ],
)
def test_what_no_repository_is_called(name: str) -> None:
    assert not is_repository(name)


@given(st.text() | st.text().map("https://huggingface.co/{}".format))
def test_whatever_is_found_is_a_repository_and_its_page_leads_to_it(link: str) -> None:
    found = hub_repository(link)
    assert found is None or (is_repository(found) and hub_repository(f"https://huggingface.co/{found}") == found)


def test_a_name_that_is_a_link_means_the_model_that_the_link_leads_to() -> None:
    assert resolve("", "https://huggingface.co/Qwen/Qwen3-32B?library=x").model_id == resolve("", "Qwen/Qwen3-32B").model_id
