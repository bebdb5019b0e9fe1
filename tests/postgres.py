"""Fixtures: a real PostgreSQL for the session, an empty database for each test."""

import uuid
from collections.abc import Iterator

import pytest
from psycopg import sql

from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.embedded_postgres import Server


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A PostgreSQL server of our own, stopped at the end."""
    directory = tmp_path_factory.mktemp("postgres")
    yield embedded_postgres.start(directory)
    embedded_postgres.stop(directory)


@pytest.fixture
def database(postgres_server: Server) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, dropped afterwards whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    embedded_postgres.ensure_database(postgres_server, name)
    yield postgres_server.url(name)
    with postgres_server.connect() as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
