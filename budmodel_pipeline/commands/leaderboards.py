"""The commands that ask the leaderboards: the top of one, models side by side, which metrics there are, and what changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from budmodel_pipeline.commands.console import cell, say, show
from budmodel_pipeline.commands.context import database
from budmodel_pipeline.commands.options import Count, Day, OneOf, SourceName, as_json

# What a table does not need: the same in every row, or told by the published name.
NOT_SHOWN = ("unit", "as_of", "origin", "variant")
KINDS = ("new", "removed", "renamed", "rescored", "redefined", "new best")
SHOWN_OF_A_CHANGE = (
    "source",
    "kind",
    "name",
    "name_before",
    "metric_id",
    "score_before",
    "score",
    "unit",
    "is_beyond_interval",
)


@click.command()
@click.argument("metric")
@click.option("--limit", type=Count(min=1), default=20, show_default=True, help="How many rows.")
@as_json
def leaderboard(metric: str, limit: int, as_json: bool) -> None:
    """The top of METRIC, such as lmarena_text.rating_overall; `budmodel metrics` lists them."""
    from budmodel_pipeline.commands.listings import about_leaderboard, leaderboard_rows
    from budmodel_pipeline.commands.lookups import metric_id
    from budmodel_pipeline.warehouse.built_marts import expect_built

    with database() as (_, engine), engine.connect() as connection:
        expect_built(connection, "leaderboard")
        meant = metric_id(connection, metric)
        rows = leaderboard_rows(connection, meant, limit)
    if as_json:
        show(rows, as_json=True)
        return
    say(about_leaderboard(meant, rows))
    show([{name: value for name, value in row.items() if name not in NOT_SHOWN} for row in rows], as_json=False)


@click.command()
@click.option("--domain", metavar="NAME", help="Only those of a domain, such as coding.")
@click.option("--source", type=SourceName(), metavar="SOURCE", help="Only those of a leaderboard.")
@click.option("--headline", is_flag=True, help="Only the one by which each leaderboard ranks.")
@as_json
def metrics(domain: str | None, source: str | None, headline: bool, as_json: bool) -> None:
    """Which metrics there are, the headline of each leaderboard first: domain, unit, how many models have it, the best."""
    from budmodel_pipeline.commands import lookups
    from budmodel_pipeline.commands.listings import metric_rows

    with database() as (_, engine), engine.connect() as connection:
        asked = lookups.domain(connection, domain) if domain is not None else None
        rows = metric_rows(connection, asked, source, headlines=headline)
    if not as_json:
        rows = [
            {name: row[name] for name in ("metric", "domain", "unit", "models", "best_model", "best_score")} for row in rows
        ]
    show(rows, as_json=as_json)


@click.command()
@click.option("--week", type=Day(), help="The week of this day (UTC); else the newest with any.")
@click.option("--source", type=SourceName(), metavar="SOURCE", help="Only those of a leaderboard.")
@click.option("--kind", type=OneOf(KINDS), help="Only those of a kind.")
@click.option("--limit", type=Count(min=1), default=50, show_default=True, help="How many changes.")
@as_json
def changes(week: datetime | None, source: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    """What publishers changed in a week: entries that came, went or were renamed, scores, definitions, new bests."""
    from budmodel_pipeline.commands.listings import change_rows

    with database() as (_, engine), engine.connect() as connection:
        rows = change_rows(connection, week.date() if week else None, source, kind)
    if as_json:
        show(rows[:limit], as_json=True)
        return
    if rows:
        say(f"Week of {rows[0]['week']}: {len(rows):,} changes")
    told = [{name: row[name] for name in SHOWN_OF_A_CHANGE} for row in rows[:limit]]
    show(told, as_json=False, otherwise=f"No such change is known{f' of the week of {week:%Y-%m-%d}' if week else ''}.")
    if len(rows) > limit:
        say(f"\n{len(rows) - limit:,} more: --limit {len(rows)}")


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--metric", "chosen", multiple=True, metavar="METRIC", help="Only this metric; may be given several times.")
@click.option("--headline/--all", default=True, help="The headline of each leaderboard, or parts and sub-scores as well.")
@click.option("--limit", type=Count(min=1), help="How many metrics; without it every one.")
@as_json
def compare(models: Sequence[str], chosen: Sequence[str], headline: bool, limit: int | None, as_json: bool) -> None:
    """Scores and ranks of the MODELs side by side, metrics that all of them have first."""
    from budmodel_pipeline.commands.listings import comparison_rows

    with database() as (_, engine), engine.connect() as connection:
        rows, left_out = comparison_rows(connection, models, chosen, headlines=headline)
    rows = rows[:limit]
    if as_json:
        show(rows, as_json=True)
        return
    show([_side_by_side(row) for row in rows], as_json=False)
    for model in [name for name in _models_of(rows) if all(row[name] is None for row in rows)]:
        say(f"\n! No score of {model} is among these; `budmodel model {model}` tells what is known of it")
    if left_out and not chosen:
        say(f"\n{left_out:,} more metrics are parts of these or beside them: --all")


def _side_by_side(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with score, rank and percentile of a model in one cell."""
    return {"metric": row["metric"], "unit": row["unit"], **{model: _placed(row, model) for model in _models_of([row])}}


def _models_of(rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """The models that the rows compare."""
    return [name for name in (rows[0] if rows else ()) if name not in ("metric", "unit", "rank", "percentile", "of")]


def _placed(row: Mapping[str, Any], model: str) -> str:
    rank, percentile = row["rank"][model], row["percentile"][model]
    place = "" if rank is None else f" ({rank:,} of {row['of']:,}, above {percentile:.0%})"
    return cell(row[model]) + place
