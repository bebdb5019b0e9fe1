"""What providers charge: what 0 means, which ways to ask there are, and what of many offers is the range."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from budmodel_pipeline.model_info.offers import (
    Abilities,
    Offer,
    Prices,
    as_of,
    by_price,
    price_range,
    read_offers,
    read_prices,
)


@pytest.mark.parametrize(
    ("cost", "names", "basis", "prices", "zeros"),
    [
        ({"input": 2.5, "output": 10, "cache_read": 1.25}, ("m", "M"), "priced", (2.5, 10.0, 1.25, None), ()),
        # A subscription: nobody gets it for nothing.
        ({"input": 0, "output": 0}, ("gpt-5", "GPT-5"), "unclear", (None,) * 4, ("input", "output")),
        ({"input": 0, "output": 0}, ("org/m:free", "M"), "free", (0.0, 0.0, None, None), ()),
        ({"input": 0, "output": 0}, ("m-free", "M"), "free", (0.0, 0.0, None, None), ()),
        ({"input": 0, "output": 0}, ("m", "M (Free)"), "free", (0.0, 0.0, None, None), ()),
        ({"input": 0, "output": 0}, ("m", "Carefree"), "unclear", (None,) * 4, ("input", "output")),
        ({"input": 0, "output": 0}, ("free-willy", "Freedom"), "unclear", (None,) * 4, ("input", "output")),
        # A name is no price.
        ({"input": 1, "output": 0}, ("m-free", "M"), "priced", (1.0, None, None, None), ("output",)),
        # Embeddings put out no tokens; of others a price per minute stands elsewhere.
        ({"input": 0.1, "output": 0}, ("embed", "Embed"), "priced", (0.1, None, None, None), ("output",)),
        ({"input": 1, "output": 2, "cache_write": 0}, ("m", "M"), "priced", (1.0, 2.0, None, None), ("cache_write",)),
        ({}, ("m-free", "M"), "unpublished", (None,) * 4, ()),
        ({"output": True, "cache_read": "0.1"}, ("m", "M"), "unpublished", (None,) * 4, ()),
    ],
)
def test_what_a_cost_says(
    cost: dict[str, Any], names: tuple[str, ...], basis: str, prices: tuple[float | None, ...], zeros: tuple[str, ...]
) -> None:
    found = read_prices(cost, *names)
    assert (found.basis, found.published_as_zero) == (basis, zeros)
    assert (found.input, found.output, found.cache_read, found.cache_write) == prices


@pytest.mark.parametrize(
    ("cost", "names", "basis", "prices", "refused"),
    [
        ({"input": -1, "output": 8}, ("m",), "priced", (None, 8.0), ("input -1",)),
        # Dollars per token, and dollars for a million of what is no token.
        ({"input": 0.0000025, "output": 10_001}, ("m",), "refused", (None, None), ("input 2.5e-06", "output 10001")),
        ({"input": 0.0001, "output": 10_000}, ("m",), "priced", (0.0001, 10_000.0), ()),
        ({"input": float("nan"), "output": float("inf")}, ("m",), "refused", (None, None), ("input nan", "output inf")),
        # Who gives one thing away and asks less than nothing for another gives nothing away.
        ({"input": 0, "output": -1}, ("m:free",), "refused", (None, None), ("output -1",)),
    ],
)
def test_prices_that_nobody_can_mean_are_refused_by_name(
    cost: dict[str, Any], names: tuple[str, ...], basis: str, prices: tuple[float | None, ...], refused: tuple[str, ...]
) -> None:
    found = read_prices(cost, *names)
    assert (found.basis, (found.input, found.output), found.refused) == (basis, prices, refused)


def test_every_provider_and_every_way_to_ask_is_an_offer() -> None:
    tier = {"input": 4, "output": 15, "tier": {"type": "context", "size": 272_000}}
    long = {"input": 4, "output": 15}
    entry = {
        "id": "x",
        "name": "X",
        "status": "beta",
        "cost": {"input": 2, "output": 8, "tiers": [tier], "context_over_200k": long},
        "experimental": {
            "modes": {"fast": {"cost": {"input": 6, "output": 30}}, "batch": {"cost": {"input": 1, "output": 4}}}
        },
    }
    offers = read_offers({"a": {"name": "A", "models": {"x": entry}}, "b": {"models": {"x": {"id": "x"}}}})
    assert [(offer.provider, offer.mode, offer.context_above, offer.prices.input) for offer in offers] == [
        ("a", "standard", 0, 2.0),
        ("a", "standard", 272_000, 4.0),
        ("a", "fast", 0, 6.0),
        ("a", "batch", 0, 1.0),
        ("b", "standard", 0, None),
    ]
    assert (offers[0].name, offers[0].status, offers[-1].name, offers[-1].provider_name) == ("X", "beta", "x", "b")


def test_what_a_model_takes_and_does_at_a_provider() -> None:
    entry = {
        "limit": {"context": 128_000, "output": 0},
        "modalities": {"input": ["text", "image"], "output": "text"},
        "tool_call": True,
        "reasoning": False,
    }
    (offer,) = read_offers({"a": {"models": {"x": entry}}})
    assert offer.abilities == Abilities(128_000, None, ["image", "text"], None, True, False, None)


def test_long_contexts_as_they_were_written_before() -> None:
    cost = {"input": 2, "output": 8, "context_over_200k": {"input": 4, "output": 15}}
    offers = read_offers({"a": {"models": {"x": {"cost": cost}}}})
    assert [(offer.context_above, offer.prices.output) for offer in offers] == [(0, 8.0), (200_000, 15.0)]


@pytest.mark.parametrize("said", [3, None, [], {}, {"models": 3}, {"models": {"x": 3}}, {"models": ["x"]}])
def test_a_provider_of_another_shape_offers_nothing(said: Any) -> None:
    assert read_offers({"odd": said}) == []


@pytest.mark.parametrize(
    "tiers", [3, [3], [{"tier": 3}], [{"tier": {"type": "time", "size": 9}}], [{"tier": {"type": "context"}}]]
)
def test_a_tier_that_is_not_understood_is_none(tiers: Any) -> None:
    offers = read_offers({"a": {"models": {"x": {"cost": {"input": 1, "output": 1, "tiers": tiers}}}}})
    assert [offer.context_above for offer in offers] == [0]


def offer(
    provider: str, into: float | None, out: float | None, basis: Any = "priced", mode: str = "standard", above: int = 0
) -> Offer:
    prices = Prices(basis, into, out, None, None)
    return Offer("models.dev", provider, provider.upper(), "x", "x", "X", mode, above, None, prices)


OFFERS = [
    offer("dear", 5, 20),
    offer("cheap", 2, 8),
    # Out for less, in for more: dearer than `cheap` at three to one, and cheaper at one to one.
    offer("lopsided", 3, 6),
    offer("half", 0.5, None),
    offer("gift", 0, 0, "free"),
    offer("plan", None, None, "unclear"),
    offer("silent", None, None, "unpublished"),
    offer("cheap", 0.1, 0.1, mode="batch"),
    offer("cheap", 9, 99, above=200_000),
    replace(offer("past", 0.01, 0.01), status="deprecated"),
]


def test_the_range_is_of_what_holds_for_any_request() -> None:
    found = price_range(OFFERS)
    assert (found.providers, found.free, found.unclear) == (4, 1, 2)
    assert (found.input, found.output) == ((0.5, 5.0), (6.0, 20.0))
    assert found.cheapest is OFFERS[1]
    assert [one.provider for one in by_price(OFFERS)] == ["cheap", "lopsided", "dear", "half"]
    assert found.sentence == (
        "4 providers with a price, input 0.5 to 5, output 6 to 20, cheapest CHEAP, 1 for free, 2 without a clear price"
    )


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        # What a provider says of itself, then what models.dev says of it, then the others.
        ([("openrouter", "openrouter", 3), ("openrouter", "models.dev", 2), ("openrouter", "litellm", 1)], 3),
        ([("azure", "litellm", 1), ("azure", "models.dev", 2)], 2),
        # Nobody is heard who does not say what is charged.
        ([("azure", "litellm", 1), ("azure", "models.dev", None)], 1),
        ([("openrouter", "openrouter", None), ("openrouter", "models.dev", 2)], 2),
    ],
)
def test_of_each_provider_one_catalog_is_heard(said: list[tuple[str, str, float | None]], heard: float) -> None:
    offers = [
        replace(offer(provider, price, price, "priced" if price else "unclear"), catalog=catalog)
        for provider, catalog, price in said
    ]
    found = price_range([*offers, offer("other", 9, 9)])
    assert (found.providers, found.unclear, found.input) == (2, 0, (heard, 9.0))


def test_an_offer_that_is_over_is_not_revived_by_a_catalog_that_counts_less() -> None:
    over = replace(offer("past", None, None, "unpublished"), status="deprecated")
    assert by_price([over, replace(offer("past", 1, 1), catalog="litellm")]) == []


def test_an_offer_that_is_made_no_more_is_called_deprecated_from_its_day_on() -> None:
    day = date(2026, 3, 1)
    offers = [
        replace(offer(name, 1, 1), retires_on=on) for name, on in (("past", day), ("next", date(2026, 3, 2)), ("x", None))
    ]
    assert [one.status for one in as_of(offers, day)] == ["deprecated", None, None]
    assert [one.provider for one in by_price(as_of(offers, day))] == ["next", "x"]


def test_models_that_put_out_no_tokens_are_compared_by_what_goes_in() -> None:
    found = price_range([offer("b", 0.2, None), offer("a", 0.3, None)])
    assert found.cheapest is not None
    assert found.cheapest.provider == "b"
    assert found.sentence == "2 providers with a price, input 0.2 to 0.3, cheapest B"


def test_a_gift_is_no_lowest_price_and_no_price_is_no_provider() -> None:
    found = price_range([offer("gift", 0, 0, "free"), offer("plan", None, None, "unclear")])
    assert (found.providers, found.input, found.cheapest) == (0, None, None)
    assert found.sentence == "0 providers with a price, 1 for free, 1 without a clear price"
    assert price_range([offer("one", 1, 2)]).sentence == "1 provider with a price, input 1, output 2, cheapest ONE"
