"""Which models are better. Without conditions the answer stands in the marts; with any, it is fitted anew."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from budmodel_pipeline.commands.console import say, show
from budmodel_pipeline.commands.context import database
from budmodel_pipeline.commands.options import Count, Day, SourceName, as_json

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from budmodel_pipeline.commands.reports import Row
    from budmodel_pipeline.ranking.evidence import Switches

# What a table has no room for.
NOT_SHOWN = ("group_id", "benchmark_ids", "sources", "published_name", "variant")


@click.command()
@click.argument("domain", required=False)
@click.option("--domain", "domain_named", metavar="DOMAIN", help="The same as DOMAIN, as other commands have it.")
@click.option(
    "--source",
    "sources",
    type=SourceName(),
    multiple=True,
    metavar="SOURCE",
    help="Only what this one says; several times for more.",
)
@click.option("--no-self-reported", is_flag=True, help="Without what makers say of their own models.")
@click.option("--makers-word", is_flag=True, help="A place as well for what only its maker measured.")
@click.option("--since", type=Day(), help="Without data that the publisher dates earlier (UTC).")
@click.option("--model", help="What the place of this model stands on, benchmark by benchmark.")
@click.option("--limit", type=Count(min=1), default=20, show_default=True, help="How many rows.")
@as_json
def ranking(
    domain: str | None,
    domain_named: str | None,
    sources: Sequence[str],
    no_self_reported: bool,
    makers_word: bool,
    since: datetime | None,
    model: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Which models are better, over all leaderboards or in a DOMAIN such as coding, and how sure that is.

    A score is what a model would have on average over all benchmarks, had it taken every one, in percent, with an interval
    of 90 %. Models of a tier cannot be told apart. A benchmark that a model did not take neither raises nor lowers it.
    A place needs 3 benchmarks that others than the maker measured; models without one come last.
    """
    from budmodel_pipeline.commands import lookups, reports
    from budmodel_pipeline.ranking.evidence import OVERALL
    from budmodel_pipeline.warehouse.built_marts import expect_built

    if domain and domain_named:
        raise click.UsageError("DOMAIN and --domain are the same: give one of them")
    if no_self_reported and makers_word:
        raise click.UsageError("--no-self-reported leaves out what --makers-word gives a place to: give one of them")
    with database() as (_, engine), engine.connect() as connection:
        expect_built(connection, "model_ranking")
        domain = lookups.scope(connection, domain or domain_named or OVERALL)
        group = lookups.group_id(connection, model) if model else None
        if sources or no_self_reported or makers_word or since:
            from budmodel_pipeline.ranking.evidence import Switches

            dated = since.date() if since else None
            switches = Switches(not no_self_reported, dated, frozenset(sources), makers_word)
            rows = _fitted(connection, switches, domain, group)
        elif group:
            rows = reports.ranking_evidence_rows(connection, domain, group)
        else:
            rows = reports.ranking_rows(connection, domain)
        if not rows:
            raise click.ClickException(reports.nothing_ranked(connection, domain, model))
    shown = rows if group else rows[:limit]
    if as_json:
        show(shown, as_json=True)
        return
    if not group:
        ranked = sum(row["rank"] is not None for row in rows)
        say(f"{domain}: {ranked} models ranked; score and 90 % interval in percent, models of a tier cannot be told apart")
    show([{name: value for name, value in row.items() if name not in NOT_SHOWN} for row in shown], as_json=False)
    if not group and (unplaced := _without_a_place(rows, makers_word=makers_word)):
        say(f"\n{unplaced}")


def _without_a_place(rows: "Sequence[Row]", *, makers_word: bool) -> str | None:
    """How many models have a score and no place, and who of them would be first by their makers' word."""
    without = [row for row in rows if row["rank"] is None]
    if not without:
        return None
    best = max((row["score"] for row in rows if row["rank"] is not None), default=0)
    first = [row["model"] for row in without if row["score"] > best and row["self_reported"]]
    ahead = f"; by its maker's word above the first: {', '.join(first)} (--makers-word)" if first else ""
    measured = "" if makers_word else " that others measured"
    return f"{len(without):,} more have a score, but too few benchmarks{measured} for a place{ahead}"


def _fitted(connection: "Connection", switches: "Switches", scope: str, group: str | None) -> "list[Row]":
    """As `reports.ranking_rows` and `reports.ranking_evidence_rows`, of the scores that `switches` let in."""
    from budmodel_pipeline.commands.reports import group_names
    from budmodel_pipeline.warehouse.ranking_records import current_scores
    from budmodel_pipeline.workflows.model_ranking import rankings_of

    made = rankings_of(current_scores(connection), switches, [scope])[scope]
    if group:
        return [
            {
                "benchmark_id": one.evidence.score.benchmark_id,
                "seen": round(one.evidence.seen, 3),
                "predicted": round(one.predicted, 3),
                "residual": round(one.residual, 3),
                "metric_id": one.evidence.score.metric_id,
                "published_name": one.evidence.score.published_name,
                "variant": one.evidence.score.variant,
                "standing": one.evidence.score.standing,
            }
            for one in sorted(made.explained, key=lambda one: -abs(one.residual))
            if one.evidence.score.group_id == group
        ]
    names = group_names(connection)
    return [
        {
            "rank": one.rank,
            "tier": one.tier,
            "model": names[one.group_id],
            "group_id": one.group_id,
            "score": round(one.score, 1),
            "lower": round(one.lower, 1),
            "upper": round(one.upper, 1),
            "benchmarks": len(one.benchmark_ids),
            "self_reported": one.self_reported,
            "benchmark_ids": list(one.benchmark_ids),
            "sources": list(one.sources),
        }
        for one in made.ranked
    ]
