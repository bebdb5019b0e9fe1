"""Makes a machine ready: a database (embedded where none is configured), its schema, and a DAGSTER_HOME."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import create_engine, text

from budmodel_pipeline.connections import live
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.settings import Origin, Settings
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.states import SourceState, source_states

PROJECT = Path(__file__).parent.parent.parent


def with_database(settings: Settings) -> Settings:
    """`settings` with a migrated database: the configured one, or the embedded server, started where it does not run."""
    if settings.postgres_host is None:
        server = embedded_postgres.start(settings.budmodel_home / "postgres")
        for name in (settings.postgres_db, settings.dagster_postgres_db):
            embedded_postgres.ensure_database(server, name)
        settings = settings.model_copy(
            update={
                "postgres_host": server.host,
                "postgres_port": server.port,
                "postgres_user": server.user,
                "postgres_password": SecretStr(server.password),
            }
        )
    engine = live.database_of(settings)
    migrate(engine)
    with engine.connect() as connection:
        states = source_states(connection)
    engine.dispose()
    return settled(settings, states)


def settled(settings: Settings, states: Sequence[SourceState]) -> Settings:
    """Without a word about the origin, the live sites where live data were published before: samples never replace those."""
    said = settings.budmodel_origin or settings.budmodel_mirror_url
    if said or all(state.origin != Origin.LIVE for state in states):
        return settings
    return settings.model_copy(update={"budmodel_origin": Origin.LIVE})


def create_databases(settings: Settings) -> None:
    """Creates the data's database and Dagster's on the configured server where they are missing."""
    url = settings.database_url.set(database="postgres")
    maintenance = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 10})
    with maintenance.connect() as connection:
        held: set[str] = set(connection.execute(text("select datname from pg_database")).scalars())
        for name in (settings.postgres_db, settings.dagster_postgres_db):
            if name not in held:
                connection.execute(text(f"create database {maintenance.dialect.identifier_preparer.quote_identifier(name)}"))
    maintenance.dispose()


def environment(settings: Settings) -> dict[str, str]:
    """The variables that `dagster.yaml`, dbt and a code location in another process need."""
    variables = {name.upper(): getattr(settings, name) for name in Settings.model_fields}
    variables |= {"BUDMODEL_ORIGIN": settings.effective_origin, "DAGSTER_HOME": dagster_home(settings)}
    return {name: _plain(value) for name, value in variables.items() if value is not None}


def enter(settings: Settings) -> None:
    """Sets these variables for this process and its children."""
    os.environ.update(environment(settings))


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def dagster_home(settings: Settings) -> Path:
    """A folder of Dagster's own, absolute, holding the shipped `dagster.yaml`."""
    home = settings.budmodel_home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / "dagster.yaml", home / "dagster.yaml")
    return home
