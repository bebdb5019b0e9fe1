"""What providers charge for models: every offer of a catalog with its prices, in US dollars per million tokens.

models.dev has no sign for what is not known: 0 may be a gift, a part of a subscription (GitHub Copilot), or stand where a
minute or an image has the price. So 0 is a price only where the offer calls itself free; else it is unknown, and the row
says that 0 was published.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from budmodel_pipeline.model_info.published_values import amount, an_object, count, words

PRICES = ("input", "output", "cache_read", "cache_write")
# As most requests are made: the mode without a name, at any length of the context.
STANDARD = "standard"
# `priced`: at least one price is above 0. `free`: it says so, and every price is 0. `unclear`: every price is 0 without a
# word. `unpublished`: no price is given.
Basis = Literal["priced", "free", "unclear", "unpublished"]
ZERO_IS_UNCLEAR = "published as 0, which may be free, part of a subscription or not known"
# `:free`, `-free`, `(free)`, `Free` at the end of an id or a name.
_CALLS_ITSELF_FREE = re.compile(r"(?:^|[^a-z])free\)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens, None where unknown. `published_as_zero` are those of PRICES that were given as 0."""

    basis: Basis
    input: float | None
    output: float | None
    cache_read: float | None
    cache_write: float | None
    published_as_zero: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What one provider charges for one model in one way of asking.

    `published_id` and `name` are the provider's. `mode` is `standard`, or what the catalog calls another way, such as
    `fast`; `context_above` is the number of tokens from which these prices hold. `status` is the catalog's word.
    """

    provider: str
    provider_name: str
    published_id: str
    name: str
    mode: str
    context_above: int
    status: str | None
    prices: Prices


def read_prices(cost: Mapping[str, Any], *names: str) -> Prices:
    """The prices of a `cost` of models.dev, of an offer that is called `names`."""
    published = {price: found for price in PRICES if (found := amount(cost.get(price))) is not None}
    zeros = tuple(price for price in PRICES if published.get(price) == 0)
    basis: Basis = "priced" if len(zeros) < len(published) else "unclear" if published else "unpublished"
    free = basis == "unclear" and any(map(_CALLS_ITSELF_FREE.search, names))
    price = published if free else {price: found for price, found in published.items() if found}
    return Prices(
        basis="free" if free else basis,
        input=price.get("input"),
        output=price.get("output"),
        cache_read=price.get("cache_read"),
        cache_write=price.get("cache_write"),
        published_as_zero=() if free else zeros,
    )


def read_offers(providers: Mapping[str, Any]) -> list[Offer]:
    """Every offer of every provider of models.dev/api.json, also those without a price."""
    return [
        Offer(
            provider=provider,
            provider_name=words(an_object(said).get("name")) or provider,
            published_id=published_id,
            name=words(entry.get("name")) or published_id,
            mode=mode,
            context_above=above,
            status=words(entry.get("status")),
            prices=read_prices(cost, published_id, words(entry.get("name")) or ""),
        )
        for provider, said in providers.items()
        for published_id, entry in an_object(an_object(said).get("models")).items()
        if isinstance(entry, dict)
        for mode, above, cost in _ways(entry)
    ]


def _ways(entry: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Mode, number of tokens and cost of each way to ask for a model, each once."""
    cost = an_object(entry.get("cost"))
    ways: dict[tuple[str, int], Mapping[str, Any]] = {(STANDARD, 0): cost}
    for above, tier in _tiers(cost):
        ways[STANDARD, above] = tier
    for mode, said in an_object(an_object(entry.get("experimental")).get("modes")).items():
        ways.setdefault((mode, 0), an_object(an_object(said).get("cost")))
    return ((mode, above, way) for (mode, above), way in ways.items())


def _tiers(cost: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """What is charged for long contexts; `context_over_200k` is how models.dev said so before it had `tiers`."""
    tiers = cost.get("tiers")
    found = [
        (above, tier)
        for tier in (map(an_object, tiers) if isinstance(tiers, list) else ())
        if (said := an_object(tier.get("tier"))).get("type") == "context" and (above := count(said.get("size")))
    ]
    older = an_object(cost.get("context_over_200k"))
    return iter(found or ([(200_000, older)] if older else []))


@dataclass(frozen=True, slots=True)
class PriceRange:
    """What providers charge for one model: the lowest and highest price in and out, and who is cheapest.

    `providers` have a price in the standard mode; `free` give it away; `unclear` publish 0 or nothing. `cheapest` is the
    first of `by_price`.
    """

    providers: int
    free: int
    unclear: int
    input: tuple[float, float] | None
    output: tuple[float, float] | None
    cheapest: Offer | None

    @property
    def sentence(self) -> str:
        """For people: how many providers, what they charge, who is cheapest, and what is not known."""
        parts = [f"{self.providers} {'provider' if self.providers == 1 else 'providers'} with a price"]
        parts += [
            f"{what} {low:g}" if low == high else f"{what} {low:g} to {high:g}"
            for what, found in (("input", self.input), ("output", self.output))
            if found
            for low, high in [found]
        ]
        parts += [f"cheapest {self.cheapest.provider_name}"] if self.cheapest else []
        parts += [f"{self.free} for free"] if self.free else []
        parts += [f"{self.unclear} without a clear price"] if self.unclear else []
        return ", ".join(parts)


def price_range(offers: Sequence[Offer]) -> PriceRange:
    """The range of those of `offers` that hold for any request and are still made."""
    usual = _usual(offers)
    priced = by_price(offers)
    charging = {offer.provider for offer in priced}
    free = {offer.provider for offer in usual if offer.prices.basis == "free"}
    return PriceRange(
        providers=len(charging),
        free=len(free),
        unclear=len({offer.provider for offer in usual} - charging - free),
        input=_range([offer.prices.input for offer in priced]),
        output=_range([offer.prices.output for offer in priced]),
        cheapest=next((offer for offer in priced if offer.prices.input is not None), None),
    )


def by_price(offers: Sequence[Offer]) -> list[Offer]:
    """Those with a price in the standard mode, the cheapest at three tokens in for one out first.

    Offers of which a price is not known come last; a model that puts out no tokens is compared by what goes in.
    """

    def rank(offer: Offer) -> tuple[bool, bool, float, str]:
        known = offer.prices
        price = 3 * (known.input or 0) + (known.output or 0)
        return known.input is None, known.output is None, price, offer.provider

    return sorted((offer for offer in _usual(offers) if offer.prices.basis == "priced"), key=rank)


def _usual(offers: Sequence[Offer]) -> list[Offer]:
    made = [offer for offer in offers if offer.status != "deprecated"]
    return [offer for offer in made if offer.mode == STANDARD and not offer.context_above]


def _range(prices: Sequence[float | None]) -> tuple[float, float] | None:
    known = [price for price in prices if price is not None]
    return (min(known), max(known)) if known else None
