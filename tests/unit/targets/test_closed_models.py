"""Which model a provider's id means: by the rules for names alone, and none where they tell none."""

import pytest

from budmodel_pipeline.targets.closed_models import model_offered


@pytest.mark.parametrize(
    ("published_id", "model_id", "variant"),
    [
        ("openai/gpt-4o-2024-08-06", "openai/gpt-4o-2024-08-06", None),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "anthropic/claude-opus-4.5-20251101", None),
        ("workers-ai/@cf/openai/gpt-oss-20b", "openai/gpt-oss-20b", None),
        ("llama3.1-8b", "meta-llama/llama-3.1-8b-instruct", None),
        # What it costs stands beside it; how it is run is part of what is offered.
        ("meta-llama/llama-3.3-70b-instruct:free", "meta-llama/llama-3.3-70b-instruct", None),
        ("claude-opus-4-5-20251101-thinking", "anthropic/claude-opus-4.5-20251101", "thinking=on"),
    ],
)
def test_an_offer_is_of_the_model_that_its_id_means(published_id: str, model_id: str, variant: str | None) -> None:
    found = model_offered(published_id)
    assert (found.model_id, found.variant, found.unmatched) == (model_id, variant, None)


@pytest.mark.parametrize(
    ("published_id", "words"),
    [("openrouter/auto", "chooses a model"), ("hidream", "whose model"), ("k2p6", "whose model"), ("", "")],
)
def test_what_tells_no_model_is_not_guessed(published_id: str, words: str) -> None:
    found = model_offered(published_id)
    assert found.model_id is None
    assert words in (found.unmatched or "")
