"""Brings schema `budmodel` to the newest revision. Migrations only go forward: going back would drop data."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.warehouse.roles import OWNER
from budmodel_pipeline.warehouse.tables import SCHEMA

# Any two processes that migrate one database meet at this advisory lock.
MIGRATION_LOCK = 0x6275646D
_OWNED = text(
    "select true from pg_namespace join pg_roles on pg_roles.oid = nspowner where nspname = :schema and rolname = :owner"
)


class NewerSchemaError(Exception):
    """The database was migrated by a later version of this code."""

    def __init__(self, revision: str | None) -> None:
        super().__init__(
            f"The database is at revision {revision} and this version of the code knows none later than "
            f"{newest_revision()}: a newer version migrated it. Run that one; nothing was changed."
        )


def migrate(engine: Engine, revision: str = "head") -> None:
    """Creates the schema and runs the migrations that are missing up to `revision`, by default the newest.

    Safe when several processes start at once. What is made belongs to the owner of the tables, where `roles` made one.
    Raises NewerSchemaError.
    """
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        if connection.execute(_OWNED, {"schema": SCHEMA, "owner": OWNER}).scalar():
            connection.execute(text(f"set local role {OWNER}"))
        else:  # Whoever owns the tables may not own the database: a copy is somebody else's.
            connection.execute(text(f"create schema if not exists {SCHEMA}"))
        found = current_revision(connection)
        if not knows(found):
            raise NewerSchemaError(found)
        if found != newest_revision():
            command.upgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    """The revision that the database is at, None for an empty one."""
    return MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA}).get_current_revision()


def expect_known_schema(engine: Engine) -> None:
    """Raises NewerSchemaError where this code would work on tables that it does not know."""
    with engine.connect() as connection:
        found = current_revision(connection)
    if not knows(found):
        raise NewerSchemaError(found)


def knows(revision: str | None) -> bool:
    """Whether this version of the code knows a revision; none at all is known as well."""
    return revision is None or revision in {script.revision for script in _scripts().walk_revisions()}


def newest_revision() -> str | None:
    """The revision that this version of the code wants."""
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
