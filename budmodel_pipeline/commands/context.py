"""What commands share: their settings, the database that they work on, and how their problems end: in one sentence."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from budmodel_pipeline.settings import Settings


def settings(**chosen: Any) -> "Settings":
    """The settings, with those that were `chosen` by options. A bad one ends the command and is named."""
    from budmodel_pipeline.settings import SettingsError, read_settings

    try:
        return read_settings(**chosen)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def database(origin: str | None = None, *, create: bool = False) -> Iterator[tuple["Settings", "Engine"]]:
    """The settings with a running, migrated database, and an engine on it."""
    asked = settings(**({"budmodel_origin": origin} if origin else {}))
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from budmodel_pipeline.commands import quickstart
    from budmodel_pipeline.commands.lookups import UnknownNameError
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.services.object_store import ObjectStoreError
    from budmodel_pipeline.services.postgres_programs import EmbeddedPostgresError
    from budmodel_pipeline.sources.catalog import CatalogError, catalog
    from budmodel_pipeline.warehouse.built_marts import MartsError, of_older_build
    from budmodel_pipeline.warehouse.migrate import NewerSchemaError
    from budmodel_pipeline.warehouse.publish import PublishConflictError
    from budmodel_pipeline.warehouse.roles import RolesError
    from budmodel_pipeline.workflows.backfill import BackfillError
    from budmodel_pipeline.workflows.replay import ReplayError

    try:
        catalog()
        if create and asked.postgres_host is not None:
            for sentence in quickstart.set_up_server(asked):
                print(f"! {sentence}", file=sys.stderr)
        running = quickstart.with_database(asked)
        engine = live.database_of(running)
        try:
            yield running, engine
        finally:
            engine.dispose()
    except OperationalError as error:
        advice = "POSTGRES_HOST and its sisters say where it is; `budmodel migrate` creates missing databases."
        raise click.ClickException(f"The database does not answer: {_first_line(error.orig)}. {advice}") from error
    except ProgrammingError as error:
        if (said := of_older_build(error.orig)) is None:
            raise
        raise click.ClickException(said) from error
    except UnicodeEncodeError as error:
        raise click.ClickException(f"{error.object!r} holds bytes that are no UTF-8, so no table can hold it.") from error
    except (
        CatalogError,
        BackfillError,
        EmbeddedPostgresError,
        MartsError,
        NewerSchemaError,
        ObjectStoreError,
        ReplayError,
        PublishConflictError,
        RolesError,
        UnknownNameError,
    ) as error:
        raise click.ClickException(str(error)) from error


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
