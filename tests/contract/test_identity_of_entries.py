"""Identity of the entries of real files: names with everything that a source says beside them."""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

import pytest

from budmodel_pipeline.identity.groups import groups_of
from budmodel_pipeline.identity.resolve import Resolution, resolve
from budmodel_pipeline.identity.vocabulary import in_vocabulary
from tests.checkout import DATA


class Meant(NamedTuple):
    """An entry of `tests/data/published_entries.tsv` and what it was resolved to."""

    source: str
    published_name: str
    published_id: str
    found: Resolution
    group_id: str


@pytest.fixture(scope="module")
def entries() -> list[Meant]:
    with (DATA / "published_entries.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    found = [
        resolve(
            row["source"],
            row["published_name"],
            row["link"] or None,
            organization=row["organization"] or None,
            published_id=row["published_id"] or None,
            released_on=date.fromisoformat(row["released_on"]) if row["released_on"] else None,
        )
        for row in rows
    ]
    groups = groups_of({resolution.model_id for resolution in found})
    return [
        Meant(row["source"], row["published_name"], row["published_id"], resolution, groups[resolution.model_id])
        for row, resolution in zip(rows, found, strict=True)
    ]


def shared(entries: list[Meant], by: Callable[[Meant], str], sources: int) -> int:
    """How many models or groups at least so many sources have."""
    known = defaultdict(set)
    for entry in entries:
        known[by(entry)].add(entry.source)
    return sum(len(of) >= sources for of in known.values())


def test_every_variant_is_written_in_the_vocabulary(entries: list[Meant]) -> None:
    variants = {entry.found.variant for entry in entries} - {None}
    assert len(variants) > 15
    assert [variant for variant in variants if variant and not in_vocabulary(variant)] == []


def test_releases_under_one_name_are_told_apart_by_their_ids(entries: list[Meant]) -> None:
    models = defaultdict(set)
    for entry in entries:
        if entry.source == "llm_stats":
            models[entry.published_name].add(entry.found.model_id)
    assert models["GPT-4o"] == {"openai/gpt-4o-2024-05-13", "openai/gpt-4o-2024-08-06"}
    assert models["Claude 3.5 Sonnet"] == {"anthropic/claude-3.5-sonnet-20240620", "anthropic/claude-3.5-sonnet-20241022"}


# Most of its entries are agents: each stands on several of its boards, and those who make them make no models.
OF_AGENTS = "swebench"
# Some of its entries are, of firms that make no models.
OF_SOME_AGENTS = "tau2_bench"


# Its tables were made over years, and spell a model as each of those who host it does.
OF_MANY_HOSTS = ("epoch_ai", "epoch_ai_external")


def test_entries_of_a_source_are_not_merged(entries: list[Meant]) -> None:
    """Save for models that are listed twice, which `identity_review` puts before a person, and runs that are named alike."""
    assert _alike(entry for entry in entries if entry.source not in (OF_AGENTS, *OF_MANY_HOSTS)) == {
        ("llm_stats", "moonshotai/kimi-k2-instruct-0905", None): ["kimi-k2-0905", "kimi-k2-instruct-0905"],
        ("tau2_bench", "anthropic/claude-sonnet-4.5-20250929", None): ["Claude Sonnet 4.5", "Claude-Sonnet-4.5"],
        ("tau2_bench", "google/gemini-3-pro", None): ["Gemini 3 Pro", "Gemini 3.0 Pro"],
    }


def test_spellings_of_one_model_come_together(entries: list[Meant]) -> None:
    found = _alike(entry for entry in entries if entry.source in OF_MANY_HOSTS)
    assert found["epoch_ai", "zai-org/glm-4.7", None] == ["glm-4.7", "zai-org/GLM-4.7", "zai-org/glm-4.7"]
    assert found["epoch_ai", "mistralai/mixtral-8x7b-instruct-v0.1", None] == [
        "Mixtral-8x7B-Instruct-v0.1",
        "open-mixtral-8x7b",
    ]
    # Another one that comes together was not looked at by a person.
    assert len(found) == 18


def _alike(entries: Iterable[Meant]) -> dict[tuple[str, str, str | None], list[str]]:
    """What several entries of a source mean, and what they are called."""
    alike = defaultdict(list)
    for entry in entries:
        alike[entry.source, entry.found.model_id, entry.found.variant].append(entry.published_id or entry.published_name)
    return {meaning: names for meaning, names in alike.items() if len(names) > 1}


def test_an_id_decides_where_it_says_more(entries: list[Meant]) -> None:
    methods = Counter(entry.found.method for entry in entries if entry.source == "llm_stats")
    assert methods["id"] >= 40
    others = {entry.found.model_id for entry in entries if entry.source != "llm_stats"}
    joined = [entry for entry in entries if entry.source == "llm_stats" and entry.found.model_id in others]
    assert len(joined) >= 101


def test_models_of_several_sources_come_together(entries: list[Meant]) -> None:
    """Before ids and groups, 159 models had two sources and two had five."""
    assert shared(entries, lambda entry: entry.found.model_id, 2) >= 156
    assert shared(entries, lambda entry: entry.found.model_id, 5) >= 5
    assert shared(entries, lambda entry: entry.group_id, 2) >= 160
    assert shared(entries, lambda entry: entry.group_id, 5) >= 6


def test_few_makers_are_unknown(entries: list[Meant]) -> None:
    models = {entry.found.model_id for entry in entries if entry.source not in (OF_AGENTS, OF_SOME_AGENTS)}
    assert sum(model.startswith("unknown/") for model in models) <= 0.04 * len(models)


@pytest.mark.parametrize(
    "group_id",
    [
        "openai/gpt-4.1",
        "openai/o1",
        "openai/o3",
        "openai/o4-mini",
        "openai/gpt-5",
        "anthropic/claude-opus-4",
        "google/gemini-3-pro",
        "google/gemma-3-27b",
        "qwen/qwen2.5-vl-72b",
        "meta-llama/llama-4-maverick-17b-128e-instruct",
        "xai/grok-4",
        "amazon/nova-pro",
    ],
)
def test_a_release_stands_beside_its_dated_and_suffixed_selves(entries: list[Meant], group_id: str) -> None:
    members = [entry for entry in entries if entry.group_id == group_id]
    assert len({entry.source for entry in members}) >= 2
