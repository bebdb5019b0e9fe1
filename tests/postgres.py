"""A real PostgreSQL server for tests, and empty databases on it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.embedded_postgres import Server


@contextmanager
def running_postgres(directory: Path) -> Iterator[Server]:
    """A server of our own, stopped at the end."""
    try:
        yield embedded_postgres.start(directory)
    finally:
        embedded_postgres.stop(directory)


@contextmanager
def empty_database(server: Server) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, dropped afterwards whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    embedded_postgres.ensure_database(server, name)
    yield server.url(name)
    with server.connect() as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
