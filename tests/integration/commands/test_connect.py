"""Whom `budmodel connect` hands out, on the embedded server and on one of somebody's own."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from budmodel_pipeline.commands.quickstart import enter
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.embedded_postgres import Server
from budmodel_pipeline.settings import read_settings
from tests.cli import Installation, fails_clearly
from tests.postgres import running_postgres

WHO = "select current_user::text, rolsuper from pg_roles where rolname = current_user"


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Installation]:
    """An installation that brings its own server."""
    made = Installation(tmp_path)
    yield made
    embedded_postgres.stop(made.home / "postgres")


def asked(at: Installation, *arguments: str, **variables: str) -> str:
    finished = at.run("connect", *arguments, **variables)
    assert (finished.code, finished.err) == (0, "")
    return finished.out.strip()


def test_a_saved_connection_outlives_the_server(embedded: Installation) -> None:
    reader, pipeline = asked(embedded), asked(embedded, "--write")
    for url, who in ((reader, ("budmodel_reader", False)), (pipeline, ("budmodel_pipeline", False))):
        with psycopg.connect(url) as connection:
            assert connection.execute(WHO).fetchone() == who
    embedded_postgres.stop(embedded.home / "postgres")
    assert asked(embedded) == reader
    assert (embedded.home / "postgres" / "connection.json").stat().st_mode & 0o777 == 0o600


def test_a_request_is_inserted_by_the_connection_that_the_readme_names(embedded: Installation) -> None:
    with psycopg.connect(asked(embedded, "--write")) as connection:
        connection.execute(
            "insert into budmodel.extraction_requests (provider, uri, requested_by) values ('url', 'x', 'ann')"
        )


def test_the_port_may_be_chosen(embedded: Installation) -> None:
    first = psycopg.conninfo.conninfo_to_dict(asked(embedded))
    other = str(int(str(first["port"])) + 1)
    message = fails_clearly(embedded.run("connect", POSTGRES_PORT=other))
    assert f"listens on port {first['port']} and POSTGRES_PORT says {other}: stop it" in message
    embedded_postgres.stop(embedded.home / "postgres")
    for variables in ({"POSTGRES_PORT": other}, {}):
        assert psycopg.conninfo.conninfo_to_dict(asked(embedded, **variables))["port"] == other


def test_a_data_directory_from_before_there_were_roles_is_taken_over(embedded: Installation) -> None:
    server = embedded_postgres.start(embedded.home / "postgres")
    older = replace(embedded, server=server)
    for name in (older.database, older.dagster_database):
        embedded_postgres.ensure_database(server, name)
    # As a superuser, and without a word of roles: so it was done.
    assert older.run("sources").code == 0
    with psycopg.connect(asked(embedded, "--write")) as connection:
        assert connection.execute(WHO).fetchone() == ("budmodel_pipeline", False)
        connection.execute("update budmodel.sources set last_error = 'writable'")
    owners = older.query("select distinct tableowner::text from pg_tables where schemaname = 'budmodel'")
    assert owners == [("budmodel_owner",)]
    # A migration that comes later runs as the owner.
    older.query("update budmodel.alembic_version set version_num = version_num returning 1")
    assert embedded.run("migrate").code == 0


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Server]:
    with running_postgres(tmp_path / "managed") as server:
        yield server


def deployment(folder: Path, server: Server, user: str, password: str) -> Installation:
    return Installation(folder, replace(server, user=user, password=password))


def test_an_administrator_sets_up_and_the_pipeline_works_without_one(managed: Server, tmp_path: Path) -> None:
    at = deployment(tmp_path, managed, "budmodel_pipeline", "pipeline's")
    administrator = {"POSTGRES_ADMIN_USER": managed.user, "POSTGRES_ADMIN_PASSWORD": managed.password}
    assert (at.run("migrate", **administrator).code, at.run("migrate").code) == (0, 0)
    with psycopg.connect(asked(at)) as connection:
        assert connection.execute(WHO).fetchone() == ("budmodel_reader", False)
    chosen = {"POSTGRES_READER_PASSWORD": "chosen"}
    message = fails_clearly(at.run("connect", **chosen))
    assert "budmodel_reader cannot log in" in message
    assert at.run("migrate", **administrator, **chosen).code == 0
    assert ":chosen@" in asked(at, **chosen)


def test_where_roles_cannot_be_made_the_pipeline_works_and_connect_says_why_not(managed: Server, tmp_path: Path) -> None:
    with managed.connect() as connection:
        connection.execute("create role plain login createdb password 'plain'")
    at = deployment(tmp_path, managed, "plain", "plain")
    finished = at.run("migrate")
    assert finished.code == 0
    assert "plain may make no roles: `budmodel migrate` does it once with POSTGRES_ADMIN_USER" in finished.err
    assert at.run("sources").code == 0
    message = fails_clearly(at.run("connect"))
    assert "budmodel_reader cannot log in" in message
    assert "POSTGRES_ADMIN_USER" in message


def test_the_administrator_is_not_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setenv("POSTGRES_ADMIN_PASSWORD", "of-the-admin")
    enter(read_settings(budmodel_home=tmp_path, postgres_admin_user="admin"))
    assert not [name for name, value in os.environ.items() if "ADMIN" in name or value == "of-the-admin"]
