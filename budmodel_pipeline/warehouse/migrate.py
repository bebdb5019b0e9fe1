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


def migrate(engine: Engine, revision: str = "head") -> None:
    """Creates the schema and runs the migrations that are missing up to `revision`, by default the newest.

    Safe when several processes start at once. What is made belongs to the owner of the tables, where `roles` made one.
    """
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        if connection.execute(_OWNED, {"schema": SCHEMA, "owner": OWNER}).scalar():
            connection.execute(text(f"set local role {OWNER}"))
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        if current_revision(connection) != newest_revision():
            command.upgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    """The revision that the database is at, None for an empty one."""
    return MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA}).get_current_revision()


def newest_revision() -> str | None:
    """The revision that this version of the code wants."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
