"""The commands of whoever keeps a deployment running: look at it, stop it, save it, put it back."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from budmodel_pipeline.commands import context
from budmodel_pipeline.commands.console import say, show, tell
from budmodel_pipeline.commands.options import Count, as_json


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Whether everything that the pipeline needs is there, and what to do where it is not.

    The exit status is 0 where nothing is a problem, and 1 otherwise. Nothing is migrated.
    """
    settings = context.settings()
    from budmodel_pipeline.commands import quickstart
    from budmodel_pipeline.connections.checkup import findings
    from budmodel_pipeline.services.postgres_programs import EmbeddedPostgresError
    from budmodel_pipeline.warehouse.roles import READER

    embedded = settings.postgres_host is None
    try:
        running = quickstart.with_server(settings) if embedded else settings
    except EmbeddedPostgresError as error:
        raise click.ClickException(str(error)) from error
    password = quickstart.roles_of(running).reader_password
    reader = running.database_url.set(username=READER, password=password)
    found = list(findings(running, reader, quickstart.MANIFEST, embedded=embedded))
    show(
        [{"what": one.what, "state": one.state, "found": one.found, "fix": one.fix} for one in found],
        as_json=as_json,
    )
    sys.exit(1 if any(one.state == "problem" for one in found) else 0)


@click.command()
@as_json
def stop(as_json: bool) -> None:
    """Stop the embedded PostgreSQL server; its data stay, and the next command starts it again."""
    settings = context.settings()
    from budmodel_pipeline.services import embedded_postgres
    from budmodel_pipeline.services.postgres_programs import EmbeddedPostgresError

    if settings.postgres_host is not None:
        raise click.ClickException(f"POSTGRES_HOST names {settings.postgres_host}: that server is not ours to stop.")
    place = settings.budmodel_home / "postgres"
    try:
        embedded_postgres.stop(place)
    except EmbeddedPostgresError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        tell({"place": str(place), "running": False})
    else:
        say(f"No PostgreSQL server runs in {place}; the data stay.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@as_json
def backup(folder: Path, as_json: bool) -> None:
    """Save tables, Dagster's database and the list of objects into FOLDER, while everything goes on.

    The objects themselves are copied by the tools of their store; they never change.
    """
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.workflows.backups import back_up

    with _copies(), context.database() as (settings, engine):
        data = settings.database_url
        dagster = data.set(database=settings.dagster_postgres_db)
        store = live.object_store_of(settings)
        count = back_up(folder, data, dagster, engine, store)
    if as_json:
        tell({"folder": str(folder), "objects": count, "store": str(store.place)})
    else:
        say(f"Saved into {folder}. It lists {count:,} objects; save {store.place} as well, by its own tools.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@as_json
def restore(folder: Path, as_json: bool) -> None:
    """Put a backup of FOLDER into databases that hold no data; stop the UI and its daemon before."""
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.workflows.backups import restore as put_back

    with _copies(), context.database(create=True) as (settings, engine):
        data = settings.database_url
        dagster = data.set(database=settings.dagster_postgres_db)
        restored = put_back(folder, data, dagster, engine, live.object_store_of(settings))
    if as_json:
        tell({"made_at": restored.made_at, "missing_objects": list(restored.missing)})
    else:
        say(f"What was saved at {restored.made_at} is back. The next `budmodel run` builds the marts.")
        if restored.missing:
            first = restored.missing[0]
            say(f"! {len(restored.missing):,} objects are not in the store, the first {first}: copy them back.")
    sys.exit(1 if restored.missing else 0)


@click.command()
@click.option("--days", type=Count(min=7), default=90, show_default=True, help="How long runs are kept.")
@click.option("--yes", is_flag=True, help="Do it; without it, what would go is told and nothing is done.")
@as_json
def prune(days: int, yes: bool, as_json: bool) -> None:
    """Forget what is old: Dagster's runs with their events and logs, dbt's logs, snapshots that never were published,
    states of catalogs that newer ones followed.

    What tells how an asset stands is kept, and so is all that was published. Dagster does the same on the first of a month.
    """
    from datetime import UTC, datetime, timedelta

    from budmodel_pipeline.commands import quickstart
    from budmodel_pipeline.connections import live

    with context.database() as (settings, engine):
        quickstart.enter(settings)
        import dagster as dg

        from budmodel_pipeline.schedules.pruning import forget, old

        with dg.DagsterInstance.get() as instance:
            store, before = live.object_store_of(settings), datetime.now(UTC) - timedelta(days=days)
            what = old(instance, engine, store, settings.budmodel_home / "dbt", before)
            told = what.sentence()
            if yes:
                forget(instance, engine, store, what)
    if as_json:
        tell({"done": yes, "what": told})
    else:
        say(f"Forgot {told}." if yes else f"Would forget {told}. To do it: budmodel prune --days {days} --yes")


@contextmanager
def _copies() -> Iterator[None]:
    from budmodel_pipeline.services.database_copies import DatabaseCopyError
    from budmodel_pipeline.workflows.backups import BackupError

    try:
        yield
    except (BackupError, DatabaseCopyError) as error:
        raise click.ClickException(str(error)) from error
