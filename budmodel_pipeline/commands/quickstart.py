"""Makes a machine ready: a database (embedded where none is configured), its schema, and a DAGSTER_HOME."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import URL, make_url

from budmodel_pipeline.connections import live
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.settings import Origin, Settings
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.roles import (
    PIPELINE,
    READER,
    Roles,
    RolesError,
    are_set_up,
    reader_password,
    refusal,
    set_up,
)
from budmodel_pipeline.warehouse.states import SourceState, source_states

# Runs need neither, and what a process does not hold it cannot give away.
NOT_FOR_RUNS = ("postgres_admin_user", "postgres_admin_password", "postgres_reader_password")
PROJECT = Path(__file__).parent.parent.parent
MANIFEST = PROJECT / "dbt_leaderboard" / "target" / "manifest.json"


def with_database(settings: Settings) -> Settings:
    """`settings` with a migrated database: the configured one, or the embedded server, started where it does not run."""
    if settings.postgres_host is None:
        settings = with_server(settings)
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


def with_server(settings: Settings) -> Settings:
    """`settings` with the embedded server, which is running then; its superuser makes the roles and nothing else."""
    port = settings.postgres_port if "postgres_port" in settings.model_fields_set else None
    server = embedded_postgres.start(settings.budmodel_home / "postgres", port)
    settings = settings.model_copy(
        update={
            "postgres_host": server.host,
            "postgres_port": server.port,
            "postgres_user": PIPELINE,
            "postgres_password": SecretStr(server.password_of(PIPELINE)),
        }
    )
    superuser, wanted = make_url(server.url("postgres")), roles_of(settings)
    if not are_set_up(superuser, wanted):
        set_up(superuser, wanted)
    return settings


def roles_of(settings: Settings) -> Roles:
    """The roles that a deployment with these settings needs."""
    password, ours = settings.postgres_password.get_secret_value(), settings.postgres_user == PIPELINE
    return Roles(
        settings.postgres_db,
        settings.dagster_postgres_db,
        password if ours else None,
        settings.postgres_reader_password.get_secret_value() or reader_password(password),
        None if ours else settings.postgres_user,
    )


def set_up_server(settings: Settings) -> Sequence[str]:
    """Databases, roles and rights on the configured server; sentences about what may not be done. Raises RolesError."""
    admin = settings.database_url
    if settings.postgres_admin_user:
        admin = admin.set(
            username=settings.postgres_admin_user, password=settings.postgres_admin_password.get_secret_value()
        )
    return set_up(admin, roles_of(settings))


def reader_url(settings: Settings) -> URL:
    """How analysts reach the data, tried out; where that fails, the roles are set up first. Raises RolesError."""
    roles = roles_of(settings)
    url = settings.database_url.set(username=READER, password=roles.reader_password)
    trouble = refusal(url)
    if trouble is not None:
        advice = " ".join(set_up_server(settings))
        trouble = refusal(url)
        if trouble is not None:
            raise RolesError(
                f"{READER} cannot log in ({trouble}). {advice or 'POSTGRES_READER_PASSWORD says what its password is.'}"
            )
    return url


def environment(settings: Settings) -> dict[str, str]:
    """The variables that `dagster.yaml`, dbt and a code location in another process need."""
    variables = {name.upper(): getattr(settings, name) for name in Settings.model_fields if name not in NOT_FOR_RUNS}
    variables |= {"BUDMODEL_ORIGIN": settings.effective_origin, "DAGSTER_HOME": dagster_home(settings)}
    return {name: _plain(value) for name, value in variables.items() if value is not None}


def enter(settings: Settings) -> None:
    """Sets these variables for this process and its children."""
    for name in NOT_FOR_RUNS:
        os.environ.pop(name.upper(), None)
    os.environ.update(environment(settings))


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def dagster_home(settings: Settings) -> Path:
    """A folder of Dagster's own, absolute, holding the shipped `dagster.yaml`."""
    home = settings.budmodel_home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / "dagster.yaml", home / "dagster.yaml")
    return home
