"""What commands share: the database that they work on, and how their problems end."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from budmodel_pipeline.commands import quickstart, reports
from budmodel_pipeline.services.object_store import ObjectStoreError
from budmodel_pipeline.services.postgres_programs import EmbeddedPostgresError
from budmodel_pipeline.settings import Origin, Settings
from budmodel_pipeline.sources.catalog import CatalogError, catalog
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.publish import PublishConflictError
from budmodel_pipeline.workflows.replay import ReplayError


@contextmanager
def database(origin: str | None = None, *, create: bool = False) -> Iterator[tuple[Settings, Engine]]:
    """The settings with a running, migrated database, and an engine on it. Problems end the command with one sentence."""
    try:
        catalog()
    except CatalogError as error:
        raise click.ClickException(str(error)) from error
    try:
        asked = Settings(budmodel_origin=Origin(origin)) if origin else Settings()
    except ValidationError as error:
        raise click.ClickException("; ".join(setting_problem(problem) for problem in error.errors())) from error
    try:
        if create and asked.postgres_host is not None:
            quickstart.create_databases(asked)
        settings = quickstart.with_database(asked)
        engine = open_engine(settings.database_url)
        try:
            yield settings, engine
        finally:
            engine.dispose()
    except OperationalError as error:
        advice = "`budmodel migrate` creates missing databases."
        raise click.ClickException(f"The database does not answer: {error.orig}. {advice}") from error
    except (EmbeddedPostgresError, ObjectStoreError, ReplayError, PublishConflictError, reports.UnknownNameError) as error:
        raise click.ClickException(str(error)) from error


def setting_problem(problem: ErrorDetails) -> str:
    """Names the variable, which a rule about several of them does by itself."""
    sentence = problem["msg"].removeprefix("Value error, ")
    return ": ".join([*(str(name).upper() for name in problem["loc"]), sentence])
