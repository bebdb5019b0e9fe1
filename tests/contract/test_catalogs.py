"""The catalogs of closed models as they really are: known facts of a few models, and nobody but makers speaking for them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from budmodel_pipeline.fetching.mirror import mirror_path
from budmodel_pipeline.model_info.catalogs import (
    FIELDS,
    LLM_STATS_URL,
    MAKERS,
    MODELS_DEV_URL,
    CatalogRecord,
    merge_catalogs,
    offers_of_models_dev,
    read_llm_stats,
    read_models_dev,
)
from budmodel_pipeline.targets.closed_models import catalogued_models, model_offered
from tests.checkout import DATA, SHARED

# From the files by hand: what models.dev says comes first, what LLM-Stats says fills the gaps.
KNOWN: Mapping[str, Mapping[str, Any]] = {
    "openai/gpt-4.1": {
        "author": "OpenAI",
        "name": "GPT-4.1",
        "website": "https://platform.openai.com/docs/models",
        "license": None,
        "released_on": "2025-04-14",
        "knowledge_cutoff": "2024-04",
        "context_length": 1_047_576,
        "output_tokens": 32_768,
        "parameters_stated": None,
        "input_modalities": ["image", "pdf", "text"],
        "output_modalities": ["text"],
        "tool_use": True,
        "reasoning": False,
        "input_price_usd_per_million_tokens": 2.0,
        "output_price_usd_per_million_tokens": 8.0,
    },
    "anthropic/claude-3.5-sonnet-20241022": {
        "author": "Anthropic",
        "license": "proprietary",
        "released_on": "2024-10-22",
        "knowledge_cutoff": "2024-04-30",
        "context_length": 200_000,
        "output_tokens": 8_192,
        "input_price_usd_per_million_tokens": 3.0,
        "output_price_usd_per_million_tokens": 15.0,
    },
    "google/gemini-2.5-pro": {
        "license": "proprietary",
        "context_length": 1_048_576,
        "input_modalities": ["audio", "image", "pdf", "text", "video"],
        "reasoning": True,
        "input_price_usd_per_million_tokens": 1.25,
    },
    "amazon/nova-pro-v1": {"name": "Nova Pro", "context_length": 300_000, "knowledge_cutoff": "2024-10"},
    "xai/grok-4": {"author": "xai", "released_on": "2025-07-09", "knowledge_cutoff": "2024-12-31", "context_length": None},
    "ai21labs/jamba-1.5-large": {"parameters_stated": 398_000_000_000, "license": "jamba_open_model_license"},
}


@pytest.fixture(scope="module", params=[path for path in (DATA, SHARED) if path.is_dir()], ids=lambda path: path.name)
def root(request: pytest.FixtureRequest) -> Path:
    """Where the catalogs lie by host and path: facts of them, and beside the checkout the files themselves."""
    directory: Path = request.param
    return directory / "mirror"


@pytest.fixture(scope="module")
def records(root: Path) -> Sequence[CatalogRecord]:
    models_dev, llm_stats = ((root / mirror_path(url)).read_bytes() for url in (MODELS_DEV_URL, LLM_STATS_URL))
    return [*read_models_dev(models_dev), *read_llm_stats(llm_stats)]


@pytest.fixture(scope="module")
def catalogued(records: Sequence[CatalogRecord]) -> Mapping[str, Sequence[CatalogRecord]]:
    return catalogued_models(records)


@pytest.mark.parametrize("model_id", KNOWN)
def test_known_facts(catalogued: Mapping[str, Sequence[CatalogRecord]], model_id: str) -> None:
    facts, _ = merge_catalogs(catalogued[model_id])
    assert set(facts) == set(FIELDS)
    assert {field: facts[field].value for field in KNOWN[model_id]} == KNOWN[model_id]
    for fact in facts.values():
        assert fact.evidence.startswith("https://") if fact.value is not None else fact.reason


def test_each_field_is_of_the_catalog_that_states_it(catalogued: Mapping[str, Sequence[CatalogRecord]]) -> None:
    facts, warnings = merge_catalogs(catalogued["google/gemini-2.5-pro"])
    assert facts["context_length"].method == "stated by models.dev"
    assert facts["license"].method == "stated by llm-stats"
    assert "released_on: models.dev says 2025-03-20, llm-stats says 2025-05-20" in warnings


def test_everything_of_the_files_is_read(records: Sequence[CatalogRecord]) -> None:
    counts = {catalog: sum(record.catalog == catalog for record in records) for catalog in ("models.dev", "llm-stats")}
    assert counts == {"models.dev": 235, "llm-stats": 169}


def test_what_every_provider_charges(root: Path) -> None:
    offers = offers_of_models_dev((root / mirror_path(MODELS_DEV_URL)).read_bytes())
    ordinary = [offer for offer in offers if offer.mode == "standard" and not offer.context_above]
    bases = Counter(offer.prices.basis for offer in ordinary)
    meanings = [model_offered(offer.model) for offer in ordinary]
    matched = sum(meaning.model_id is not None for meaning in meanings)
    figures = (len({offer.provider for offer in offers}), len(offers), len(ordinary), matched)
    if root == SHARED / "mirror":
        assert figures == (132, 4_984, 4_803, 4_650)
        assert bases == {"priced": 4_141, "unclear": 369, "unpublished": 236, "free": 57}
        assert sum(offer.prices.cache_read is not None for offer in ordinary) == 1_626
        assert sum(offer.prices.cache_write is not None for offer in ordinary) == 464
    else:
        assert figures == (20, 355, 341, 338)
        assert bases == {"priced": 318, "unclear": 10, "unpublished": 13}
    # A subscription: its users pay, by the month.
    copilot = [offer.prices for offer in offers if offer.provider == "github-copilot"]
    assert copilot
    assert {prices.basis for prices in copilot} == {"unclear"}
    assert all(prices.input is None and "input" in prices.published_as_zero for prices in copilot)
    for offer in offers:
        zero = 0 in (offer.prices.input, offer.prices.output, offer.prices.cache_read, offer.prices.cache_write)
        assert not zero or offer.prices.basis == "free"


def test_resellers_do_not_speak(root: Path, records: Sequence[CatalogRecord]) -> None:
    providers = orjson.loads((root / mirror_path(MODELS_DEV_URL)).read_bytes())
    resellers = sorted(set(providers) - set(MAKERS))
    assert {"openrouter", "azure", "groq", "github-copilot", "togetherai"} <= set(resellers)
    speaking = {record.maker for record in records if record.catalog == "models.dev"}
    assert speaking <= set(MAKERS)
    # Amazon sells models of others beside its own.
    assert {record.name.partition(".")[0] for record in records if record.maker == "amazon-bedrock"} == {"amazon"}


def test_most_names_mean_a_model_of_a_known_maker(
    records: Sequence[CatalogRecord], catalogued: Mapping[str, Sequence[CatalogRecord]]
) -> None:
    assert sum(map(len, catalogued.values())) == len(records)
    nobodys = [model_id for model_id in catalogued if model_id.startswith("unknown/")]
    assert len(nobodys) <= 4, nobodys
    # What OpenAI serves is of OpenAI, by whatever name.
    makers = {model_id.partition("/")[0] for model_id, said in catalogued.items() if said[0].maker == "openai"}
    assert makers == {"openai"}
