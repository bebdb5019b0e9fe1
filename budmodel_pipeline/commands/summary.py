"""What a run tells at its end: to a person and to a program."""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from budmodel_pipeline.commands.console import cell, say, show

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from budmodel_pipeline.settings import Settings

# Of a leaderboard's columns, those that a summary has room for.
SHOWN = ("rank", "model", "score", "organization")
SHOWN_CARDS = 11
SHOWN_ROWS = 5
SHOWN_FAILURES = 10


def outcome(connection: "Connection", started: datetime, attempted: Sequence[str]) -> dict[str, Any]:
    """What a run did, and how things stand after it, for programs."""
    from budmodel_pipeline.commands import reports
    from budmodel_pipeline.warehouse.states import source_states

    return {
        "extracted": reports.summary_rows(connection, started, attempted),
        "sources": reports.source_rows(source_states(connection), datetime.now(UTC)),
        "failing_models": reports.failing_models(connection),
    }


def report_page(engine: "Engine", settings: "Settings") -> Path | None:
    """The page that shows what there is now; None where there are no marts to make it of."""
    from budmodel_pipeline.warehouse.built_marts import MartsError
    from budmodel_pipeline.workflows.report_content import make_report, write_report

    try:
        write_report(make_report(engine, datetime.now(UTC)), settings.report_file)
    except MartsError:
        return None
    return settings.report_file


def summarize(connection: "Connection", started: datetime, attempted: Sequence[str], page: Path | None) -> None:
    from budmodel_pipeline.commands import reports
    from budmodel_pipeline.commands.listings import about_leaderboard, leaderboard_rows

    rows = reports.summary_rows(connection, started, attempted)
    if rows:
        say("")
        show_sources(rows)
    metric = reports.showcase_metric(connection)
    if metric:
        say("")
        top = leaderboard_rows(connection, metric, 5)
        say(about_leaderboard(metric, top))
        show([{name: row[name] for name in SHOWN} for row in top], as_json=False)
    for title, shown in (
        ("Model cards", reports.card_rows(connection, SHOWN_CARDS)),
        ("Variants of a repository", reports.variant_rows(connection, SHOWN_ROWS)),
        ("Licenses that contradict each other", reports.conflict_rows(connection, SHOWN_ROWS)),
    ):
        if shown:
            say(f"\n{title}")
            show(shown, as_json=False)
    # As it was called: `make run` calls it by its place in an environment that is on nobody's PATH.
    me = os.path.relpath(sys.argv[0])
    say(
        f"\nNext: make ui                       the pipeline in a browser"
        f"\n      {me} leaderboard METRIC, {me} compare MODEL MODEL"
        f"\n      {me} model NAME, {me} request hf:ORG/NAME"
        f"\n      {me} metrics, {me} models --domain coding"
        f"\n      {me} psql                       the tables, in schema marts"
        f"\n      {me} run --origin live          the real sites"
    )
    if page:
        place = page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page
        say(f"\nThe ranking as a page: {place} ({me} report)")
    _show_failures(rows, reports.failing_models(connection))


def _show_failures(sources: Sequence[Mapping[str, Any]], models: Sequence[Mapping[str, Any]]) -> None:
    """What did not succeed, at the end, where it is seen."""
    lines = [f"{row['source']}: {row['failure']}" for row in sources if row["failure"]]
    for row in models[:SHOWN_FAILURES]:
        again = f"; tried again at {cell(row['next_attempt_at'])}" if row["next_attempt_at"] else ""
        lines.append(f"{row['target']}: {row['failure']}{again}")
    if len(models) > SHOWN_FAILURES:
        lines.append(f"and {len(models) - SHOWN_FAILURES:,} more models; marts.model_health has all of them")
    if lines:
        say("\n".join(("\nFailed", *lines)))


def show_sources(rows: Sequence[Mapping[str, Any]]) -> None:
    """A table of the sources, and below it what has no room in a table: a line for each that has a problem, and shapes."""
    below = ("problem", "failure", "shape")
    show([{name: value for name, value in row.items() if name not in below} for row in rows], as_json=False)
    if documented := [row["source"] for row in rows if row.get("shape") == "documented"]:
        say(f"Known from documents alone, no real file was seen: {', '.join(documented)}")
    for row in rows:
        if row["problem"]:
            say(f"{row['source']}: {row['problem']}")
