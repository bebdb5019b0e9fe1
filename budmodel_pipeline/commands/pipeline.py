"""The commands about leaderboards and the pipeline as a whole. Dagster is imported where it is used; most need none."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from budmodel_pipeline.commands.console import say, show, tell, whisper
from budmodel_pipeline.commands.context import database
from budmodel_pipeline.commands.options import Day, OneOf, SourceName, as_json
from budmodel_pipeline.commands.summary import outcome, report_page, show_sources, summarize

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from budmodel_pipeline.settings import Settings
    from budmodel_pipeline.workflows.extraction import Accepted

# Those of `settings.Origin`, which takes longer to import than this list to read.
ORIGINS = ("sample", "mirror", "live")
# One process at a time refreshes a database by hand; the key says "run".
RUN_LOCK = 0x72756E

# How lines about failures begin in `progress`.
FAILED = "✗"


@click.command()
@click.option("--force", is_flag=True, help="Extract sources even when they are not due.")
@click.option(
    "--source",
    "only",
    type=SourceName(),
    multiple=True,
    metavar="SOURCE",
    help="Only this source; may be given several times.",
)
@click.option("--origin", type=OneOf(ORIGINS), help="Bundled samples, a mirror, or live.")
@click.option(
    "--accept",
    metavar="WHY",
    help="Publish another story about the same entries, and keep the reason. Look at the source first; needs --source.",
)
@click.option("--accept-shrinkage", is_flag=True, help="Publish although rows are gone. Look at the source first.")
@click.option(
    "--set-aside",
    multiple=True,
    metavar="NAME",
    help="Publish without the entry of this name, until its scores change; may be given several times, needs --source.",
)
@click.option("--rebuild-marts", is_flag=True, help="Resolve all names again and rebuild the marts even if nothing is new.")
@as_json
def run(
    force: bool,
    only: Sequence[str],
    origin: str | None,
    accept: str | None,
    accept_shrinkage: bool,
    set_aside: Sequence[str],
    rebuild_marts: bool,
    as_json: bool,
) -> None:
    """Extract the sources that are due and rebuild the marts."""
    if (accept is not None or set_aside) and len(only) != 1:
        raise click.UsageError("--accept and --set-aside are about one source; name it with --source")
    if accept is not None and not accept.strip():
        raise click.UsageError("--accept needs a reason, which is kept")
    from budmodel_pipeline.commands.reports import source_rows
    from budmodel_pipeline.sources.catalog import catalog
    from budmodel_pipeline.warehouse.model_states import models_waiting
    from budmodel_pipeline.warehouse.publish import register_sources
    from budmodel_pipeline.warehouse.states import marts_behind, source_states
    from budmodel_pipeline.workflows.cadence import by_default, due_sources, left_out, nothing_due
    from budmodel_pipeline.workflows.extraction import Accepted

    accepted = Accepted(accept, accept_shrinkage, tuple(set_aside))
    # Who decides about a source means what it has now.
    force = force or accept is not None or bool(set_aside)
    with database(origin) as (settings, engine), _alone(engine):
        started = datetime.now(UTC)
        with engine.begin() as connection:
            register_sources(connection, catalog())
            known = source_states(connection, only or catalog())
            behind = rebuild_marts or marts_behind(connection) or models_waiting(connection, started)
        states = known if only else by_default(known)
        asked = [state.source for state in states]
        due = asked if force else due_sources(states, started, settings.effective_origin)
        tell_progress, failures = _progress(as_json=as_json)
        if not only and (kept_out := left_out(known)):
            tell_progress(kept_out)
        ok = True
        if not due and not behind:
            if not as_json:
                show_sources(source_rows(states, started))
            tell_progress(f"\n{nothing_due(states, started)} To extract anyway: budmodel run --force")
        else:
            tell_progress(
                f"Extracting {len(due)} of {len(catalog())} leaderboards from {_origin_sentence(settings)}"
                if due
                else "No source is due; models are read where they are, and the marts rebuilt"
            )
            ok = _refresh(engine, settings, due, tell_progress, accepted=accepted, rebuild_marts=rebuild_marts)
        page = report_page(engine, settings) if due or behind else None
        with engine.connect() as connection:
            if as_json:
                told = outcome(connection, started, due)
                tell({"succeeded": ok, "failures": failures, **told, "report": str(page) if page else None})
            elif due or behind:
                summarize(connection, started, due, page)
    sys.exit(0 if ok else 1)


@click.command()
@as_json
def sources(as_json: bool) -> None:
    """How every source stands: status, last success, next due, problems. The exit status is 1 when one is failing."""
    from budmodel_pipeline.commands.reports import source_rows
    from budmodel_pipeline.sources.catalog import catalog
    from budmodel_pipeline.warehouse.publish import register_sources
    from budmodel_pipeline.warehouse.states import source_states

    with database() as (_, engine), engine.begin() as connection:
        register_sources(connection, catalog())
        rows = source_rows(source_states(connection), datetime.now(UTC))
    if as_json:
        show(rows, as_json=True)
    else:
        show_sources(rows)
    sys.exit(int(any(row["status"] == "failing" for row in rows)))


@click.command()
@click.argument("source", type=SourceName())
@click.option("--as-of", type=Day(), help="The snapshot that was current on this day (UTC).")
@as_json
def replay(source: str, as_of: datetime | None, as_json: bool) -> None:
    """Parse a stored snapshot of SOURCE again, offline, and compare it with what is published."""
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.sources.catalog import catalog
    from budmodel_pipeline.workflows.replay import replayed_rows

    with database() as (settings, engine):
        show(
            replayed_rows(engine, live.object_store_of(settings), catalog()[source], as_of.date() if as_of else None),
            as_json=as_json,
        )


@click.command()
@as_json
def rebuild(as_json: bool) -> None:
    """Publish every snapshot that the object store remembers into an empty database."""
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.sources.catalog import catalog
    from budmodel_pipeline.workflows.replay import rebuild as rebuild_database

    with database() as (settings, engine), _alone(engine):
        published = rebuild_database(engine, live.object_store_of(settings), catalog())
        rows = [{"source": name, "snapshots": count} for name, count in published.items()]
        if not as_json:
            show(rows, as_json=False)
        tell_progress, failures = _progress(as_json=as_json)
        ok = _refresh(engine, settings, [], tell_progress, rebuild_marts=True)
        if as_json:
            tell({"succeeded": ok, "failures": failures, "published": rows})
    sys.exit(0 if ok else 1)


@click.command()
@click.argument("source", type=SourceName())
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--as-of", required=True, type=Day(), help="The day (UTC) on which the publisher had this file.")
@as_json
def backfill(source: str, file: Path, as_of: datetime, as_json: bool) -> None:
    """Load an older FILE of SOURCE as history; what is current stays.

    For a source of several files FILE is a directory that holds them under the names that the publisher gives them, or laid
    out as a mirror.
    """
    if as_of.date() > datetime.now(UTC).date():
        raise click.BadParameter("a file of the future is no history", param_hint="--as-of")
    from budmodel_pipeline.commands.published_files import files_of
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.sources.catalog import catalog
    from budmodel_pipeline.warehouse.publish import register_sources
    from budmodel_pipeline.workflows.backfill import backfill as load_older

    contents = files_of(catalog()[source], file)
    with database() as (settings, engine), _alone(engine):
        with engine.begin() as connection:
            register_sources(connection, catalog())
        store = live.object_store_of(settings)
        snapshot, parsed = load_older(catalog()[source], contents, as_of.date(), engine=engine, store=store)
        tell_progress, failures = _progress(as_json=as_json)
        tell_progress(f"{source}: {parsed.score_count:,} scores of {len(parsed.entries):,} entries as of {snapshot.as_of}")
        ok = _refresh(engine, settings, [], tell_progress, rebuild_marts=True)
        if as_json:
            loaded = {"scores": parsed.score_count, "entries": len(parsed.entries), "as_of": snapshot.as_of}
            tell({"succeeded": ok, "failures": failures, "source": source, **loaded})
    sys.exit(0 if ok else 1)


@click.command()
@as_json
def migrate(as_json: bool) -> None:
    """Create the databases where they are missing and bring the schema up to date; a deployment does this first."""
    with database(create=True) as (settings, _):
        host, port, name = settings.postgres_host, settings.postgres_port, settings.postgres_db
    if as_json:
        tell({"database": name, "host": host, "port": port, "up_to_date": True})
    else:
        say(f"{name} on {host}:{port} is up to date")


@contextmanager
def _alone(engine: "Engine") -> Iterator[None]:
    """Keeps a second `budmodel run` on the same database out; the lock goes with the connection, so also with a kill."""
    from sqlalchemy import text

    with engine.connect() as connection:
        if not connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": RUN_LOCK}).scalar_one():
            raise click.ClickException("Another `budmodel run` is at work on this database; wait for it to end.")
        yield


def _progress(*, as_json: bool) -> tuple[Callable[[str], None], list[str]]:
    """How lines of progress are told, and the list in which those about failures are gathered for programs."""
    failures: list[str] = []

    def tell_progress(line: str) -> None:
        if line.lstrip().startswith(FAILED):
            failures.append(line.strip().removeprefix(f"{FAILED} "))
        (whisper if as_json else say)(line)

    return tell_progress, failures


def _refresh(
    engine: "Engine",
    settings: "Settings",
    due: Sequence[str],
    tell_progress: Callable[[str], None],
    *,
    rebuild_marts: bool,
    accepted: "Accepted | None" = None,
) -> bool:
    """Whether everything succeeded. Only this needs Dagster, which takes seconds to import."""
    from budmodel_pipeline.commands import quickstart

    quickstart.enter(settings)
    from dagster_postgres.utils import DagsterPostgresException

    from budmodel_pipeline.assets.marts import MissingManifestError
    from budmodel_pipeline.commands.refresh import refresh
    from budmodel_pipeline.workflows.extraction import NOTHING_ACCEPTED

    try:
        said = accepted or NOTHING_ACCEPTED
        return refresh(engine, settings, due, accepted=said, rebuild_marts=rebuild_marts, say=tell_progress)
    except MissingManifestError as error:
        raise click.ClickException(str(error)) from error
    except DagsterPostgresException as error:
        cause = str(error.__cause__).partition("\n")[0]
        raise click.ClickException(f"Dagster's database {settings.dagster_postgres_db} does not answer: {cause}") from error


def _origin_sentence(settings: "Settings") -> str:
    from budmodel_pipeline.settings import Origin

    return {
        Origin.SAMPLE: "the bundled samples",
        Origin.MIRROR: f"the mirror at {settings.budmodel_mirror_url}",
        Origin.LIVE: "the live sites",
    }[settings.effective_origin]
