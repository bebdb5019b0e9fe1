"""What providers charge for models: every offer of a catalog with its prices, in US dollars per million tokens.

Catalogs have no sign for what is not known: 0 may be a gift, a part of a subscription (GitHub Copilot), or stand where a
minute or an image has the price. So 0 is a price only where the offer calls itself free; else it is unknown, and the row
says that 0 was published. A price below 0, or such as no token ever had (dollars per token taken for dollars per million,
or the other way round), is refused by name.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from budmodel_pipeline.model_info.published_values import an_object, count, flag, number, word_list, words

PRICES = ("input", "output", "cache_read", "cache_write")
# As most requests are made: the mode without a name, at any length of the context.
STANDARD = "standard"
# `priced`: at least one price is above 0. `free`: it says so, and every price is 0. `unclear`: every price is 0 without a
# word. `refused`: no price is given that can be believed. `unpublished`: no price is given.
Basis = Literal["priced", "free", "unclear", "refused", "unpublished"]
# US dollars per million tokens between which prices are believed: the least that anybody ever charged is a tenth of a cent,
# and the most 600 dollars.
LEAST, MOST = 1e-4, 10_000.0
MODELS_DEV, OPENROUTER, LITELLM = "models.dev", "openrouter", "litellm"
# Catalogs as far as their word on what others charge counts, the first first; above all is who speaks of himself.
BY_TRUST = (MODELS_DEV, OPENROUTER, LITELLM)
# The word for what is served no more.
DEPRECATED = "deprecated"
ZERO_IS_UNCLEAR = "published as 0, which may be free, part of a subscription or not known"
# `:free`, `-free`, `(free)`, `Free` at the end of an id or a name.
_CALLS_ITSELF_FREE = re.compile(r"(?:^|[^a-z])free\)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens, None where unknown. `published_as_zero` are those of PRICES that were given as 0.

    `refused` are those that nobody can mean, each with what was given, such as `input -1`.
    """

    basis: Basis
    input: float | None
    output: float | None
    cache_read: float | None
    cache_write: float | None
    published_as_zero: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a model takes and does where it is offered, None where the catalog does not say. Lengths are in tokens."""

    context_length: int | None = None
    output_tokens: int | None = None
    input_modalities: Sequence[str] | None = None
    output_modalities: Sequence[str] | None = None
    tool_use: bool | None = None
    reasoning: bool | None = None
    structured_output: bool | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a catalog says that one provider charges for one model in one way of asking.

    `provider` is as models.dev spells it, whichever catalog speaks; `published_id` and `name` are the provider's, and
    `model` is what of the id tells the model. `mode` is `standard`, or what the catalog calls another way, such as `fast`;
    `context_above` is the number of tokens from which these prices hold. `status` is the catalog's word, and `retires_on`
    the day from which the offer is made no more.
    """

    catalog: str
    provider: str
    provider_name: str
    published_id: str
    model: str
    name: str
    mode: str
    context_above: int
    status: str | None
    prices: Prices
    abilities: Abilities = Abilities()
    retires_on: date | None = None

    @property
    def precedence(self) -> int:
        """How much its word counts for what the provider charges: the least counts, 0 is the provider's own."""
        return 0 if self.catalog == self.provider else 1 + BY_TRUST.index(self.catalog)

    @property
    def is_clear(self) -> bool:
        """Whether it says what is charged, be it nothing, or that there is no such offer any more."""
        return self.prices.basis in ("priced", "free") or self.status == DEPRECATED


def read_prices(cost: Mapping[str, Any], *names: str) -> Prices:
    """The prices in `cost`, by the names of PRICES in US dollars per million tokens, of an offer that is called `names`."""
    published = {price: found for price in PRICES if (found := number(cost.get(price))) is not None}
    believed = {price: found for price, found in published.items() if found == 0 or LEAST <= found <= MOST}
    refused = tuple(f"{price} {found:g}" for price, found in published.items() if price not in believed)
    zeros = tuple(price for price, found in believed.items() if found == 0)
    basis = _basis(len(believed) - len(zeros), len(zeros), len(refused), names)
    price = believed if basis == "free" else {price: found for price, found in believed.items() if found}
    return Prices(
        basis=basis,
        input=price.get("input"),
        output=price.get("output"),
        cache_read=price.get("cache_read"),
        cache_write=price.get("cache_write"),
        published_as_zero=() if basis == "free" else zeros,
        refused=refused,
    )


def _basis(charged: int, zeros: int, refused: int, names: Sequence[str]) -> Basis:
    if charged:
        return "priced"
    if refused:
        return "refused"
    if not zeros:
        return "unpublished"
    return "free" if any(map(_CALLS_ITSELF_FREE.search, names)) else "unclear"


def read_abilities(entry: Mapping[str, Any]) -> Abilities:
    """What models.dev says of a model at a provider."""
    limit, modalities = an_object(entry.get("limit")), an_object(entry.get("modalities"))
    return Abilities(
        context_length=count(limit.get("context")),
        output_tokens=count(limit.get("output")),
        input_modalities=word_list(modalities.get("input")),
        output_modalities=word_list(modalities.get("output")),
        tool_use=flag(entry.get("tool_call")),
        reasoning=flag(entry.get("reasoning")),
        structured_output=flag(entry.get("structured_output")),
    )


def read_offers(providers: Mapping[str, Any]) -> list[Offer]:
    """Every offer of every provider of models.dev/api.json, also those without a price."""
    return [
        Offer(
            catalog=MODELS_DEV,
            provider=provider,
            provider_name=words(an_object(said).get("name")) or provider,
            published_id=published_id,
            model=published_id,
            name=words(entry.get("name")) or published_id,
            mode=mode,
            context_above=above,
            status=words(entry.get("status")),
            prices=read_prices(cost, published_id, words(entry.get("name")) or ""),
            abilities=read_abilities(entry),
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


def as_of(offers: Sequence[Offer], day: date) -> list[Offer]:
    """The same, with those called deprecated that are made no more on that day."""
    return [
        replace(offer, status=DEPRECATED) if offer.retires_on is not None and offer.retires_on <= day else offer
        for offer in offers
    ]


def _usual(offers: Sequence[Offer]) -> list[Offer]:
    """Those of one model that hold for any request and are still made, of each provider by the catalog that counts most.

    Of the catalogs that say clearly what the provider charges, or that it serves the model no more, that is; where none
    does, of them all.
    """
    plain = [offer for offer in offers if offer.mode == STANDARD and not offer.context_above]
    of_provider: dict[str, list[Offer]] = {}
    for offer in plain:
        of_provider.setdefault(offer.provider, []).append(offer)
    heard = {
        provider: min(offer.precedence for offer in [one for one in said if one.is_clear] or said)
        for provider, said in of_provider.items()
    }
    return [offer for offer in plain if offer.precedence == heard[offer.provider] and offer.status != DEPRECATED]


def _range(prices: Sequence[float | None]) -> tuple[float, float] | None:
    known = [price for price in prices if price is not None]
    return (min(known), max(known)) if known else None
