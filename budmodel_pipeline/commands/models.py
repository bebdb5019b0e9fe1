"""The commands about one model: inspect it, ask for it, show what is known of it."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from budmodel_pipeline.commands import context
from budmodel_pipeline.commands.console import cell, say, show
from budmodel_pipeline.commands.options import as_json

if TYPE_CHECKING:
    from budmodel_pipeline.model_info.offers import Offer
    from budmodel_pipeline.targets.inspection import Inspection
    from budmodel_pipeline.targets.target import Target

# Of a card, what a person reads first; `--json` has everything.
LONGEST = 160
SHOWN_OFFERS = 5


@click.command()
@click.argument("target")
@click.option(
    "--context", "tokens", type=click.IntRange(min=1), help="Tokens to serve at; without it all that the model states."
)
@as_json
def inspect(target: str, tokens: int | None, as_json: bool) -> None:
    """What the model at TARGET is: a directory or archive, hf:org/name@revision, a URL, or cloud:maker/name with what
    providers charge for it. Needs no database.

    Config, card and headers are read; weights are not, and nothing is run.
    """
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.model_info.repository import RepositoryError
    from budmodel_pipeline.targets.inspection import inspect_model, inspection_json
    from budmodel_pipeline.targets.opening import Providers, open_model
    from budmodel_pipeline.targets.provider import ProviderError
    from budmodel_pipeline.targets.target import TargetError, parse_target

    offers: Sequence[Offer] = ()
    try:
        wanted = parse_target(target)
        if wanted.provider == "cloud_model":
            found, offers = _closed_model(wanted)
        else:
            hub = live.hub_of(context.settings()) if wanted.provider == "hugging_face" else None
            with open_model(wanted, Providers(hub=hub)) as opened:
                found = inspect_model(opened, tokens)
    except (ProviderError, RepositoryError, TargetError) as error:
        raise click.ClickException(str(error)) from error
    answer = {**inspection_json(found), "prices": [asdict(offer) for offer in offers]}
    if as_json:
        print(json.dumps(answer, default=str))
        return
    say(f"{found.name} at {found.revision} ({found.provider})")
    _show_fields(answer["fields"])
    if offers:
        _show_prices(offers)
    for sentence in (*found.warnings, *found.problems):
        say(f"! {sentence}")


def _closed_model(wanted: "Target") -> "tuple[Inspection, Sequence[Offer]]":
    """What the catalogs say of a model that publishes no files, and what providers charge for it. Raises ProviderError.

    They are read at the mirror or of the bundled samples where that is asked for, and else live.
    """
    from budmodel_pipeline.fetching.endpoints import SAMPLES
    from budmodel_pipeline.fetching.http import FetchError
    from budmodel_pipeline.fetching.mirror import serve_directory
    from budmodel_pipeline.model_info.catalogs import (
        LLM_STATS_URL,
        MODELS_DEV_URL,
        CatalogError,
        read_llm_stats,
        read_models_dev,
    )
    from budmodel_pipeline.settings import Origin
    from budmodel_pipeline.targets.closed_models import catalog_file, catalogued_models, offers_of_model
    from budmodel_pipeline.targets.inspection import inspect_model
    from budmodel_pipeline.targets.opening import Providers, open_model

    asked = context.settings()
    samples = serve_directory(SAMPLES) if asked.budmodel_origin is Origin.SAMPLE else nullcontext(asked.budmodel_mirror_url)
    try:
        with samples as base:
            makers, others = (catalog_file(url, base) for url in (MODELS_DEV_URL, LLM_STATS_URL))
            records = catalogued_models([*read_models_dev(makers.content), *read_llm_stats(others.content)])
            with open_model(wanted, Providers(catalogs=lambda: records)) as opened:
                return inspect_model(opened), offers_of_model(makers, wanted.uri)
    except (CatalogError, FetchError) as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("target")
@click.option("--by", default=None, help="Who asks; without it the name of the user.")
@click.option("--priority", default=0, show_default=True, help="Higher is served first.")
def request(target: str, by: str | None, priority: int) -> None:
    """Ask for the model at TARGET: hf:org/name, cloud:maker/name, a directory or archive, or a URL.

    The sensor of a running Dagster serves it within a minute; `budmodel run` does as well.
    """
    import getpass

    from budmodel_pipeline.targets.target import TargetError, parse_target, target_of

    try:
        asked = parse_target(target)
        if asked.provider == "disk" and not os.path.exists(asked.uri):  # noqa: PTH110 - no also to what is too long
            raise click.ClickException(f"There is no file or directory {asked.uri}; a model of the hub is hf:org/name.")
        # Whoever serves the request works in another folder.
        place = str(Path(asked.uri).absolute()) if asked.provider == "disk" else asked.place
        wanted = target_of(asked.provider, place)
    except TargetError as error:
        raise click.ClickException(str(error)) from error
    with context.database() as (_, engine), engine.begin() as connection:
        from budmodel_pipeline.warehouse.requests import add_request

        number = add_request(connection, wanted.provider, wanted.uri, by or getpass.getuser(), priority)
    say(f"Request {number} for {wanted.key} is queued. `make ui` or `budmodel run` serves it; its state is in")
    say(f"budmodel.extraction_requests, and what was found in `budmodel model {wanted.key}`.")


@click.command()
@click.argument("name")
@as_json
def model(name: str, as_json: bool) -> None:
    """Everything that we know of the model NAME: a model, a published name, or a target such as hf:org/name."""
    from budmodel_pipeline.targets.target import TargetError, is_written_as_target, parse_target

    target = None
    if is_written_as_target(name):
        try:
            target = parse_target(name)
        except TargetError as error:
            raise click.ClickException(str(error)) from error
        if target.revision is not None:
            raise click.ClickException(
                f"The tables follow the main branch: ask for hf:{target.uri}, or `budmodel inspect {target.key}`."
            )
    with context.database() as (_, engine), engine.connect() as connection:
        from budmodel_pipeline.commands.reports import model_report

        known = model_report(connection, target.key if target else name)
    if as_json:
        print(json.dumps(known, default=str, indent=1, ensure_ascii=False))
        return
    say(f"{known['model_id']}: {len(known['names'])} names, {len(known['scores'])} metrics, {len(known['cards'])} cards")
    for card in known["cards"]:
        say(f"\n{card['target']} at {card['revision'][:12]}, read {cell(card['extracted_at'])} ({card['origin']})")
        _show_fields(card["facts"])
        for sentence in (*card["warnings"], *card["problems"]):
            say(f"! {sentence}")
    if known["prices"]:
        say(f"\nPrices as of {cell(known['prices'][0]['fetched_at'])}")
        _show_prices([_offer(row) for row in known["prices"]])
    for title in ("lineage", "scores"):
        if known[title]:
            say(f"\n{title.capitalize()}")
            show(known[title], as_json=False)
    for trouble in known["trouble"]:
        say(f"\n{trouble['target']}: {trouble['last_error']}")


def _offer(row: Mapping[str, Any]) -> "Offer":
    """A row of marts.model_prices as the catalog's reader gives it."""
    from budmodel_pipeline.model_info.offers import PRICES, Offer, Prices

    prices = {price: row[f"{price}_usd_per_million_tokens"] for price in PRICES}
    read = Prices(basis=row["basis"], published_as_zero=tuple(row["published_as_zero"]), **prices)
    named = {name: row[name] for name in ("provider", "provider_name", "published_id", "mode", "context_above", "status")}
    return Offer(name=row["published_name"], prices=read, **named)


def _show_prices(offers: "Sequence[Offer]") -> None:
    """A sentence about the range, and the offers that are cheapest."""
    from budmodel_pipeline.model_info.offers import PRICES, by_price, price_range

    found = price_range(offers)
    say(f"US dollars per million tokens: {found.sentence}")
    cheapest = by_price(offers)[:SHOWN_OFFERS]
    show(
        [
            {"provider": offer.provider_name} | {price: getattr(offer.prices, price) for price in PRICES}
            for offer in cheapest
        ],
        as_json=False,
    )


def _show_fields(fields: dict[str, dict[str, Any]]) -> None:
    """What is known first; the reasons for the rest below."""
    ordered = sorted(fields.items(), key=lambda item: (item[1]["value"] is None, item[0]))
    show(
        [{"field": name, "value": _short(fact["value"]), "how": _how(fact)} for name, fact in ordered],
        as_json=False,
    )


def _short(value: Any) -> str:
    words = ", ".join(map(str, value)) if isinstance(value, list) else cell(value)
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


def _how(fact: dict[str, Any]) -> str:
    return str(fact["method"] or fact["reason"])
