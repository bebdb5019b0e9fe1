"""The three roles on real servers: what each may do, what a reader who means harm may not, and older databases."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url, text

from budmodel_pipeline.services.embedded_postgres import Server
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.roles import (
    OWNER,
    PIPELINE,
    READER,
    Roles,
    RolesError,
    are_set_up,
    may_make_tables,
    reader_password,
    refusal,
    set_up,
)
from tests.postgres import running_postgres

REQUEST = "insert into budmodel.extraction_requests (provider, uri, requested_by) values ('url', 'x', 'ann')"
ROLES = Roles("budmodel", "dagster", "of the pipeline", "of the reader")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own: roles belong to all of it."""
    with running_postgres(tmp_path / "postgres") as server:
        yield server


def url(server: Server, user: str | None = None, password: str = "", database: str = "budmodel") -> URL:
    whole = make_url(server.url(database))
    return whole if user is None else whole.set(username=user, password=password)


def session(server: Server, user: str, password: str, database: str = "budmodel") -> psycopg.Connection:
    return replace(server, user=user, password=password).connect(database)


def read_in(server: Server, user: str, password: str) -> None:
    """Migrates as `user`, and makes a mart."""
    engine = open_engine(url(server, user, password))
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("create schema if not exists marts"))
        connection.execute(text("create table marts.kept as select 'here'::text as word"))
    engine.dispose()


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Set up, migrated, and with a mart. Tests make nothing that another would trip over."""
    with running_postgres(tmp_path_factory.mktemp("ready")) as server:
        assert set_up(url(server), ROLES) == []
        read_in(server, PIPELINE, "of the pipeline")
        yield server


def test_nobody_but_the_administrator_is_a_superuser(ready: Server) -> None:
    assert are_set_up(url(ready), ROLES)
    with ready.connect() as connection:
        rows = connection.execute(
            "select rolname, rolcanlogin, rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls "
            "from pg_roles where rolname like 'budmodel\\_%' order by 1"
        ).fetchall()
    assert rows == [(OWNER, False, False), (PIPELINE, True, False), (READER, True, False)]


def test_what_is_migrated_belongs_to_the_owner_and_marts_to_the_pipeline(ready: Server) -> None:
    with ready.connect("budmodel") as connection:
        owners = connection.execute(
            "select distinct schemaname, tableowner from pg_tables where schemaname in ('budmodel', 'marts') order by 1"
        ).fetchall()
    assert owners == [("budmodel", OWNER), ("marts", PIPELINE)]


def test_a_copy_of_the_database_is_migrated_by_whoever_made_it(ready: Server) -> None:
    with ready.connect() as connection:
        connection.execute("create database copied template budmodel")
    engine = open_engine(url(ready, database="copied"))
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("select tableowner from pg_tables where tablename = 'sources'")).scalar_one() == OWNER
    engine.dispose()
    with ready.connect() as connection:
        connection.execute("drop database copied")


def test_the_pipeline_writes_rows_and_does_not_change_tables(ready: Server) -> None:
    with session(ready, PIPELINE, "of the pipeline") as connection:
        connection.execute(REQUEST)
        connection.execute("create temporary table scratch as select 1")
        connection.execute("select pg_advisory_lock(1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("drop table budmodel.scores")
    with session(ready, PIPELINE, "of the pipeline", "dagster") as connection:
        connection.execute("create table runs ()")


INTRUSIONS = {
    "a program": "copy (select 1) to program 'id'",
    "a file": "select pg_read_file('/etc/passwd')",
    "a file by copy": "copy (select 1) to '/tmp/budmodel-intruder'",
    "a table": "create table marts.mine ()",
    "a table of everybody": "create table public.mine ()",
    "a temporary table": "create temporary table mine ()",
    "a schema": "create schema mine",
    "a large object": "select lo_from_bytea(0, 'x')",
    "the lock of runs": "select pg_advisory_lock(7499118)",
    "a mart's rows": "update marts.kept set word = 'gone'",
    "rows of the pipeline": "select * from budmodel.extraction_requests",
    "a request": "insert into budmodel.extraction_requests (provider, uri, requested_by) values ('url', 'x', 'me')",
    "another role": f"set role {PIPELINE}",
    "a better self": f"alter role {READER} superuser",
    "an extension": "create extension dblink",
    "a server's setting": "alter system set log_statement = 'all'",
}


@pytest.mark.parametrize("statement", INTRUSIONS.values(), ids=list(INTRUSIONS))
def test_a_reader_who_means_harm_is_refused(ready: Server, statement: str) -> None:
    with session(ready, READER, "of the reader") as connection:
        # Any client may switch a default of the session off.
        connection.execute("set default_transaction_read_only = off")
        connection.execute("set statement_timeout = 0")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_a_reader_reads_marts_within_bounds_and_only_there(ready: Server) -> None:
    with session(ready, READER, "of the reader") as connection:
        assert connection.execute("select word from marts.kept").fetchall() == [("here",)]
        assert connection.execute("show statement_timeout").fetchone() == ("1min",)
        limit = connection.execute("select rolconnlimit from pg_roles where rolname = current_user").fetchone()
        assert limit == (20,)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        session(ready, READER, "of the reader", "dagster")


def test_a_mart_that_is_made_later_is_read_at_once(ready: Server) -> None:
    with session(ready, PIPELINE, "of the pipeline") as connection:
        connection.execute("create table marts.later as select 1 as one")
        connection.execute("create view staging.later as select 2 as two")
    with session(ready, READER, "of the reader") as connection:
        assert connection.execute("select one, two from marts.later, staging.later").fetchall() == [(1, 2)]


def test_a_database_from_before_there_were_roles_is_taken_over(server: Server) -> None:
    for name in ("budmodel", "dagster"):
        with server.connect() as connection:
            connection.execute(f"create database {name}".encode())
    read_in(server, server.user, server.password)
    with server.connect("dagster") as connection:
        connection.execute("create table runs (id bigserial primary key, word text)")
        connection.execute("insert into runs (word) values ('before')")

    set_up(url(server), ROLES)
    with session(server, PIPELINE, "of the pipeline") as connection:
        connection.execute(REQUEST)
        connection.execute("drop table marts.kept")
    with session(server, PIPELINE, "of the pipeline", "dagster") as connection:
        connection.execute("alter table runs add column more text")
        connection.execute("insert into runs (word) values ('after')")
        assert connection.execute("select id, word from runs order by 1").fetchall() == [(1, "before"), (2, "after")]
    engine = open_engine(url(server, PIPELINE, "of the pipeline"))
    migrate(engine)
    with engine.begin() as connection, pytest.raises(Exception, match="must be owner"):
        connection.execute(text("drop table budmodel.scores"))
    engine.dispose()


def test_processes_that_set_up_at_once_do_not_hinder_each_other(server: Server) -> None:
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: list(set_up(url(server), ROLES)), range(6))) == [[]] * 6


def test_another_password_is_taken_over(ready: Server) -> None:
    changed = replace(ROLES, reader_password="another")
    assert not are_set_up(url(ready), changed)
    set_up(url(ready), changed)
    assert refusal(url(ready, READER, "another")) is None
    assert "password authentication failed" in str(refusal(url(ready, READER, "of the reader")))
    set_up(url(ready), ROLES)


def test_an_administrator_need_not_be_a_superuser(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("create role admin login createrole createdb password 'admin'")
    assert set_up(url(server, "admin", "admin"), ROLES) == []
    read_in(server, PIPELINE, "of the pipeline")
    assert set_up(url(server, "admin", "admin"), ROLES) == []
    assert may_make_tables(url(server, PIPELINE, "of the pipeline", "dagster"))
    assert not may_make_tables(url(server, READER, "of the reader"))
    with session(server, PIPELINE, "of the pipeline", "dagster") as connection:
        connection.execute("create table runs ()")
    with session(server, READER, "of the reader") as connection:
        assert connection.execute("select word from marts.kept").fetchall() == [("here",)]


def test_a_user_who_may_make_no_roles_is_told_who_could(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("create role plain login createdb password 'plain'")
    roles = replace(ROLES, pipeline_password=None, also="plain")
    (sentence,) = set_up(url(server, "plain", "plain"), roles)
    assert f"the server has no {OWNER}, {PIPELINE}, {READER}, and plain may make no roles" in sentence
    assert "POSTGRES_ADMIN_USER" in sentence
    # It works on without them.
    read_in(server, "plain", "plain")


def test_tables_of_somebody_else_are_not_taken_from_him(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("create role admin login createrole password 'admin'")
        for name in ("budmodel", "dagster"):
            connection.execute(f"create database {name}".encode())
    with pytest.raises(RolesError, match="admin may not set up roles and rights"):
        set_up(url(server, "admin", "admin"), ROLES)


def test_an_older_user_works_on_beside_the_roles(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("create role older login password 'older'")
    set_up(url(server), replace(ROLES, pipeline_password=None, also="older"))
    read_in(server, "older", "older")
    with session(server, READER, "of the reader") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select * from budmodel.sources")


def test_no_password_is_in_a_statement(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("alter system set log_statement = 'all'")
        connection.execute("select pg_reload_conf()")
    set_up(url(server), ROLES)
    log = (server.data_directory.parent / "server.log").read_text()
    assert "alter role" in log
    assert ROLES.reader_password not in log


def test_the_password_of_the_reader_does_not_change_by_itself() -> None:
    program = "from budmodel_pipeline.warehouse.roles import reader_password; print(reader_password('a'), end='')"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ})
    assert other.stdout == reader_password("a") != reader_password("b")
