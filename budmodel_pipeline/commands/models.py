"""The commands about one model: inspect it, ask for it, show what is known of it."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from budmodel_pipeline.commands import context
from budmodel_pipeline.commands.console import cell, say, show, show_pairs, tell, whisper
from budmodel_pipeline.commands.options import Amount, Count, OneOf, as_json
from budmodel_pipeline.commands.overview import in_short, overview
from budmodel_pipeline.ranking.choice import counted

if TYPE_CHECKING:
    from budmodel_pipeline.model_info.offers import Offer
    from budmodel_pipeline.targets.inspection import Inspection
    from budmodel_pipeline.targets.target import Target

# Of a card, what a person reads first; `--json` has everything.
LONGEST = 160
SHOWN_OFFERS = 5
BETWEEN_LOOKS = 1.0
# Those of the scanner, which takes longer to import than this list to read.
VERDICTS = ("safe", "unscanned", "error", "suspicious", "malicious")


@click.command()
@click.argument("target")
@click.option("--context", "tokens", type=Count(min=1), help="Tokens to serve at; without it all that the model states.")
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
        tell(answer)
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
    from budmodel_pipeline.model_info.offers import MODELS_DEV
    from budmodel_pipeline.model_info.price_catalogs import PRICE_CATALOGS
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
            prices = {MODELS_DEV: makers}
            for catalog in PRICE_CATALOGS:
                if catalog.name not in prices:
                    try:
                        prices[catalog.name] = catalog_file(catalog.url, base)
                    except FetchError as error:
                        whisper(f"! Without the prices of {catalog.name}: {error}")
            with open_model(wanted, Providers(catalogs=lambda: records)) as opened:
                return inspect_model(opened), offers_of_model(prices, wanted.uri)
    except (CatalogError, FetchError) as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("target")
@click.option("--by", default=None, help="Who asks; without it the name of the user.")
@click.option("--priority", type=Count(), default=0, show_default=True, help="Higher is served first.")
@click.option("--wait", is_flag=True, help="Until it is served; the exit status is 1 where that fails.")
@click.option("--timeout", type=Count(min=0), metavar="SECONDS", help="With --wait: how long; then the exit status is 1.")
@as_json
def request(target: str, by: str | None, priority: int, wait: bool, timeout: int | None, as_json: bool) -> None:
    """Ask for the model at TARGET: hf:org/name, cloud:maker/name, a directory or archive, or a URL.

    The sensor of a running Dagster serves it within a minute; `budmodel run` does as well.
    """
    import getpass

    from budmodel_pipeline.targets.target import TargetError, instead_of_a_path, parse_target, target_of

    if timeout is not None and not wait:
        raise click.UsageError("--timeout says how long to --wait")
    try:
        asked = parse_target(target)
        if asked.provider == "disk" and not os.path.exists(asked.uri):  # noqa: PTH110 - no also to what is too long
            raise click.ClickException(f"There is no file or directory {asked.uri}: {instead_of_a_path(asked.uri)}.")
        # Whoever serves the request works in another folder.
        place = str(Path(asked.uri).absolute()) if asked.provider == "disk" else asked.place
        wanted = target_of(asked.provider, place)
    except TargetError as error:
        raise click.ClickException(str(error)) from error
    with context.database() as (_, engine):
        from budmodel_pipeline.warehouse.requests import add_request, request_state

        with engine.begin() as connection:
            number = add_request(connection, wanted.provider, wanted.uri, by or getpass.getuser(), priority)
        (whisper if as_json else say)(
            f"Request {number} for {wanted.key} is queued. The daemon, `make ui` or `budmodel run` serves it;"
            f"\nits state is in budmodel.extraction_requests, and what was found in `budmodel model {wanted.key}`."
        )
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            with engine.connect() as connection:
                row = dict(request_state(connection, number) or {})
            ended = row.get("status") not in ("queued", "running")
            if ended or not wait or (until is not None and time.monotonic() >= until):
                break
            time.sleep(BETWEEN_LOOKS)
    if as_json:
        tell({"key": wanted.key, **row})
    elif wait:
        say(f"Request {number} for {wanted.key}: {row['status']}" + (f": {row['error']}" if row["error"] else ""))
    sys.exit(1 if wait and row["status"] != "succeeded" else 0)


@click.command()
@click.option("--domain", metavar="NAME", help="Those with a rank in this domain, best first, such as coding.")
@click.option("--license", "license_name", metavar="NAME", help="Those under this license, such as apache-2.0.")
@click.option("--max-parameters", type=Amount(), metavar="8B", help="Those with at most so many parameters.")
@click.option(
    "--max-memory", type=Amount(of_bytes=True), metavar="24GB", help="Those served at 8,192 tokens within so much memory."
)
@click.option("--open", "is_open", is_flag=True, help="Those whose weights are published.")
@click.option("--verdict", type=OneOf(VERDICTS), help="Those whose files have this verdict.")
@click.option("--limit", type=Count(min=1), default=20, show_default=True, help="How many models.")
@as_json
def models(
    domain: str | None,
    license_name: str | None,
    max_parameters: int | None,
    max_memory: int | None,
    is_open: bool,
    verdict: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Which models there are, those with the best ranks first; every option narrows the list.

    What is not known is no match: how many models are left out for that stands below the table.
    """
    from budmodel_pipeline.commands import lookups
    from budmodel_pipeline.commands.listings import Wanted, model_rows

    with context.database() as (_, engine), engine.connect() as connection:
        wanted = Wanted(
            domain=lookups.domain(connection, domain) if domain is not None else None,
            license_id=lookups.license_id(license_name) if license_name is not None else None,
            max_parameters=max_parameters,
            max_memory=max_memory,
            is_open=is_open,
            verdict=verdict,
        )
        found, unknown = model_rows(connection, wanted)
    if as_json:
        show(found[:limit], as_json=True)
        return
    show([_in_a_line(row) for row in found[:limit]], as_json=False, otherwise="No model is known to meet every condition.")
    if len(found) > limit:
        say(f"\n{len(found) - limit:,} more: --limit {len(found)}")
    if unknown:
        say(f"\n{unknown:,} more may be meant: what decides about them is not known")


def _in_a_line(row: Mapping[str, Any]) -> dict[str, Any]:
    best = f"{row['best_rank']:,} of {row['of']:,} in {row['best_metric']}" if row["best_metric"] else ""
    return {
        "model": row["model"],
        "parameters": in_short(row["parameters"]) if row["parameters"] else "",
        "context": row["context"],
        "license": row["license"],
        "verdict": row["verdict"],
        "GB at 8k": row["memory_8k"] and round(row["memory_8k"] / 1e9, 1),
        "best rank": best,
    }


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
        tell(known)
        return
    counts = (counted(len(known[many]), one) for many, one in (("names", "name"), ("scores", "metric"), ("cards", "card")))
    say(f"{known['model_id']}: {', '.join(counts)}")
    told = ((name, text.split("\n")) for name, text in overview(known).items())
    show_pairs(("" if number else name, line) for name, lines in told for number, line in enumerate(lines))
    for card in known["cards"]:
        say(f"\n{card['target']} at {card['revision'][:12]}, read {cell(card['extracted_at'])} ({card['origin']})")
        _show_fields(card["facts"])
        for sentence in (*card["warnings"], *card["problems"]):
            say(f"! {sentence}")
    if known["prices"]:
        say(f"\nPrices as of {cell(min(row['fetched_at'] for row in known['prices']))}")
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
    zeros, refused = tuple(row["published_as_zero"]), tuple(row["refused"])
    read = Prices(basis=row["basis"], published_as_zero=zeros, refused=refused, **prices)
    same = ("catalog", "provider", "provider_name", "published_id", "mode", "context_above", "status")
    named = {name: row[name] for name in same}
    return Offer(name=row["published_name"], model=row["published_id"], prices=read, **named)


def _show_prices(offers: "Sequence[Offer]") -> None:
    """A sentence about the range, and the offers that are cheapest."""
    from budmodel_pipeline.model_info.offers import PRICES, by_price, price_range

    found = price_range(offers)
    say(f"US dollars per million tokens: {found.sentence}")
    cheapest = by_price(offers)[:SHOWN_OFFERS]
    show(
        [
            {"provider": offer.provider_name, "catalog": offer.catalog}
            | {price: getattr(offer.prices, price) for price in PRICES}
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
