"""The commands about one model: inspect it, ask for it, show what is known of it."""

import getpass
import json
from pathlib import Path
from typing import Any

import click

from budmodel_pipeline.commands import reports
from budmodel_pipeline.commands.console import cell, say, show
from budmodel_pipeline.commands.context import database
from budmodel_pipeline.commands.options import as_json
from budmodel_pipeline.settings import Settings
from budmodel_pipeline.targets.target import Target, TargetError, parse_target
from budmodel_pipeline.warehouse.requests import add_request

# Of a card, what a person reads first; `--json` has everything.
LONGEST = 160


@click.command()
@click.argument("target")
@click.option("--context", type=click.IntRange(min=1), help="Tokens to serve at; without it all that the model states.")
@as_json
def inspect(target: str, context: int | None, as_json: bool) -> None:
    """What the model at TARGET is: a directory or archive, hf:org/name@revision, or a URL. Needs no database.

    Config, card and headers are read; weights are not, and nothing is run.
    """
    from budmodel_pipeline.model_info.repository import RepositoryError
    from budmodel_pipeline.targets.inspection import inspect_model, inspection_json
    from budmodel_pipeline.targets.opening import Providers, open_model
    from budmodel_pipeline.targets.provider import ProviderError

    try:
        place, _, revision = target.partition("@") if target.startswith("hf:") else (target, "", "")
        wanted = parse_target(place)
        if wanted.provider == "cloud_model":
            raise click.ClickException(f"A closed model has no files; `budmodel request {target}` reads the catalogs.")
        hub = _hub(Settings()) if wanted.provider == "hugging_face" else None
        with open_model(wanted, Providers(hub=hub), revision or None) as opened:
            found = inspect_model(opened, context)
    except (ProviderError, RepositoryError, TargetError) as error:
        raise click.ClickException(str(error)) from error
    answer = inspection_json(found)
    if as_json:
        print(json.dumps(answer, default=str))
        return
    say(f"{found.name} at {found.revision} ({found.provider})")
    _show_fields(answer["fields"])
    for sentence in (*found.warnings, *found.problems):
        say(f"! {sentence}")


@click.command()
@click.argument("target")
@click.option("--by", default=None, help="Who asks; without it the name of the user.")
@click.option("--priority", default=0, show_default=True, help="Higher is served first.")
def request(target: str, by: str | None, priority: int) -> None:
    """Ask for the model at TARGET: hf:org/name, cloud:maker/name, a directory or archive, or a URL.

    The sensor of a running Dagster serves it within a minute; `budmodel run` does as well.
    """
    try:
        wanted = parse_target(target)
    except TargetError as error:
        raise click.ClickException(str(error)) from error
    if wanted.provider == "disk":
        if not Path(wanted.uri).exists():
            raise click.ClickException(f"There is no file or directory {wanted.uri}; a model of the hub is hf:org/name.")
        # Whoever serves the request works in another folder.
        wanted = Target("disk", str(Path(wanted.uri).absolute()))
    with database() as (_, engine), engine.begin() as connection:
        number = add_request(connection, wanted.provider, wanted.uri, by or getpass.getuser(), priority)
    say(f"Request {number} for {wanted.key} is queued. `make ui` or `budmodel run` serves it; its state is in")
    say(f"budmodel.extraction_requests, and what was found in `budmodel model {wanted.key}`.")


@click.command()
@click.argument("name")
@as_json
def model(name: str, as_json: bool) -> None:
    """Everything that we know of the model NAME: a model, a published name, or a target such as hf:org/name."""
    with database() as (_, engine), engine.connect() as connection:
        known = reports.model_report(connection, name)
    if as_json:
        print(json.dumps(known, default=str, indent=1, ensure_ascii=False))
        return
    say(f"{known['model_id']}: {len(known['names'])} names, {len(known['scores'])} metrics, {len(known['cards'])} cards")
    for card in known["cards"]:
        say(f"\n{card['target']} at {card['revision'][:12]}, read {cell(card['extracted_at'])} ({card['origin']})")
        _show_fields(card["facts"])
        for sentence in (*card["warnings"], *card["problems"]):
            say(f"! {sentence}")
    for title in ("lineage", "scores"):
        if known[title]:
            say(f"\n{title.capitalize()}")
            show(known[title], as_json=False)
    for trouble in known["trouble"]:
        say(f"\n{trouble['target']}: {trouble['last_error']}")


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


def _hub(settings: Settings) -> Any:
    from budmodel_pipeline.targets.hub import Hub

    token = settings.hf_token.get_secret_value() or None
    return Hub(settings.hf_endpoint, token) if settings.hf_endpoint else Hub(token=token)
