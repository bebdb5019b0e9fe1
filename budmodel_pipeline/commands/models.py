"""The commands about one model: inspect it, ask for it, show what is known of it."""

import json
import os
from pathlib import Path
from typing import Any

import click

from budmodel_pipeline.commands import context
from budmodel_pipeline.commands.console import cell, say, show
from budmodel_pipeline.commands.options import as_json

# Of a card, what a person reads first; `--json` has everything.
LONGEST = 160


@click.command()
@click.argument("target")
@click.option(
    "--context", "tokens", type=click.IntRange(min=1), help="Tokens to serve at; without it all that the model states."
)
@as_json
def inspect(target: str, tokens: int | None, as_json: bool) -> None:
    """What the model at TARGET is: a directory or archive, hf:org/name@revision, or a URL. Needs no database.

    Config, card and headers are read; weights are not, and nothing is run.
    """
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.model_info.repository import RepositoryError
    from budmodel_pipeline.targets.inspection import inspect_model, inspection_json
    from budmodel_pipeline.targets.opening import Providers, open_model
    from budmodel_pipeline.targets.provider import ProviderError
    from budmodel_pipeline.targets.target import TargetError, parse_target

    try:
        wanted = parse_target(target)
        if wanted.provider == "cloud_model":
            raise click.ClickException(f"A closed model has no files; `budmodel request {target}` reads the catalogs.")
        hub = live.hub_of(context.settings()) if wanted.provider == "hugging_face" else None
        with open_model(wanted, Providers(hub=hub)) as opened:
            found = inspect_model(opened, tokens)
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
