"""Which model to take: the ranked models that meet what somebody needs, why, and what is not known about ranked models."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from budmodel_pipeline.commands.console import say, show, show_points, tell
from budmodel_pipeline.commands.context import database
from budmodel_pipeline.commands.options import Amount, Count, OneOf, as_json
from budmodel_pipeline.ranking.choice import COMMERCIAL, USUAL_CONTEXT, Choice, Chosen, Wanted, gigabytes
from budmodel_pipeline.ranking.choice import choose as choose_among
from budmodel_pipeline.ranking.machines import machines

if TYPE_CHECKING:
    from budmodel_pipeline.commands.listings import Row

# What marts.gaps calls what is missing.
MISSING = ("scores", "card", "license", "commercial use", "verdict", "price", "memory", "context", "parameters")
SHOWN_OF_A_GAP = ("model", "missing", "reason", "place", "next_step")


@click.command()
@click.option("--domain", default="overall", show_default=True, metavar="NAME", help="By the ranking of this domain.")
@click.option(
    "--license", "license_name", metavar="commercial|NAME", help="Whose license text permits commercial use, or is this one."
)
@click.option("--memory", type=Amount(of_bytes=True), metavar="24GB", help="That one can serve in so much memory.")
@click.option("--machine", type=OneOf(list(machines())), help="That one can serve on this machine.")
@click.option(
    "--context", type=Amount(), metavar="32k", help="That take so many tokens (32k are 32,000), which memory is then for."
)
@click.option(
    "--max-price", type=click.FloatRange(min=0), metavar="USD", help="Cheapest offer per million tokens, 3 in to 1 out."
)
@click.option("--max-parameters", type=Amount(), metavar="8B", help="Those with at most so many parameters.")
@click.option("--open", "is_open", is_flag=True, help="Those whose weights are published.")
@click.option("--safe", "is_safe", is_flag=True, help="Those whose files were scanned clean.")
@click.option("--limit", type=Count(min=1), default=10, show_default=True, help="How many models.")
@as_json
def choose(
    domain: str,
    license_name: str | None,
    memory: int | None,
    machine: str | None,
    context: int | None,
    max_price: float | None,
    max_parameters: int | None,
    is_open: bool,
    is_safe: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Which model to take: those that meet every condition, best first, each with why and with what is not known about it.

    What is not known is never taken for a yes: models that would do but for that are listed apart.
    """
    from budmodel_pipeline.commands import lookups
    from budmodel_pipeline.commands.listings import choice_rows
    from budmodel_pipeline.warehouse.built_marts import expect_built

    if machine and memory is not None:
        raise click.UsageError("--machine says how much --memory there is: give one of them")
    with database() as (_, engine), engine.connect() as connection:
        expect_built(connection, "model_choice")
        scope = lookups.scope(connection, domain)
        wanted = Wanted(
            license=_license(license_name),
            memory=machines()[machine].usable_bytes if machine else memory,
            context=context,
            max_price=max_price,
            max_parameters=max_parameters,
            is_open=is_open,
            is_safe=is_safe,
        )
        rows = choice_rows(connection, scope, wanted.context or USUAL_CONTEXT)
        if not rows:
            from budmodel_pipeline.commands.reports import nothing_ranked

            raise click.ClickException(nothing_ranked(connection, scope, None))
    chosen = choose_among(rows, wanted)
    if as_json:
        told = {"suitable": _as_rows(chosen.suitable[:limit]), "perhaps": _as_rows(chosen.perhaps[:limit])}
        removed = [asdict(one) for one in chosen.removed]
        tell({"scope": scope, "models": len(rows), "wanted": asdict(wanted), **told, "removed": removed})
        return
    if machine:
        known = machines()[machine]
        show_points(known.title, [("has", f"{gigabytes(known.usable_bytes)} for a model. {known.reason}")])
        say("")
    _show(chosen, scope, len(rows), limit, is_asked=wanted != Wanted())


@click.command()
@click.option("--missing", type=OneOf(MISSING), help="Only what is missing of this kind.")
@click.option("--limit", type=Count(min=1), default=20, show_default=True, help="How many gaps.")
@as_json
def gaps(missing: str | None, limit: int, as_json: bool) -> None:
    """What is missing about the models that matter most, what is most worth knowing first, and which command may find it.

    A model matters by the highest place that it has in any ranking, or would have by the lower end of its interval.
    """
    from budmodel_pipeline.commands.listings import gap_rows

    with database() as (_, engine), engine.connect() as connection:
        rows = gap_rows(connection, missing)
    if as_json:
        show(rows[:limit], as_json=True)
        return
    show(
        [{name: _place(row) if name == "place" else row[name] for name in SHOWN_OF_A_GAP} for row in rows[:limit]],
        as_json=False,
    )
    if len(rows) > limit:
        say(f"\n{len(rows) - limit:,} more: --limit {len(rows)}")


def _place(gap: "Row") -> str:
    """The place in a ranking for which a gap matters."""
    likely = "" if gap["rank"] else "likely "
    return f"{likely}{gap['likely_place']:,} of {gap['ranked_models']:,} in {gap['scope']}"


def _license(name: str | None) -> str | None:
    from budmodel_pipeline.commands.lookups import license_id

    return None if name is None else license_id(name, COMMERCIAL)


def _as_rows(choices: "Iterable[Choice]") -> "list[Row]":
    return [{**choice.row, "why": choice.why, "not_known": choice.not_known} for choice in choices]


def _show(chosen: Chosen, scope: str, models: int, limit: int, *, is_asked: bool) -> None:
    if chosen.suitable:
        meet = (
            "meet every condition" if is_asked else "have a place; conditions such as --license or --memory narrow them down"
        )
        say(f"{scope}: {len(chosen.suitable):,} of {models:,} models {meet}")
        _show_some(chosen.suitable, limit)
    else:
        say(f"{scope}: none of {models:,} models is known to meet every condition")
    if chosen.perhaps:
        say(f"\n{len(chosen.perhaps):,} more may, but for what is not known about them")
        _show_some(chosen.perhaps, limit)
    if chosen.removed:
        say("")
        removed = [(f"{one.models:,}", f"{one.condition}; {one.by_it_alone:,} by this alone") for one in chosen.removed]
        show_points("Models that do not meet a condition", removed)


def _show_some(choices: "list[Choice]", limit: int) -> None:
    for choice in choices[:limit]:
        say("")
        points = [("why", said) for said in choice.why] + [("not known", said) for said in choice.not_known]
        show_points(choice.row["display_name"], points)
    if len(choices) > limit:
        say(f"\n{len(choices) - limit:,} more: --limit {len(choices)}")
