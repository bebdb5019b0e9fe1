"""The `budmodel` command as a user runs it: a process with a home and databases of its own."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from psycopg import sql

from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.embedded_postgres import Server

COMMAND = str(Path(sys.executable).with_name("budmodel"))
# What the machine that runs the tests says about databases must not reach the command.
FOREIGN = ("BUDMODEL_", "POSTGRES_", "MINIO_", "DAGSTER_", "DBT_", "HF_", "OPENAI_", "COLUMNS", "LINES")


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended; `seconds` is how long it took."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder to work in and, unless the command shall start its embedded server, databases on `server`."""

    folder: Path
    server: Server | None = None
    database: str = "budmodel"
    dagster_database: str = "dagster"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def environment(self, **variables: str) -> dict[str, str]:
        """The variables of a command; `variables` come on top."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        own = {"BUDMODEL_HOME": str(self.home), "POSTGRES_DB": self.database, "DAGSTER_POSTGRES_DB": self.dagster_database}
        if self.server is not None:
            own["POSTGRES_HOST"] = self.server.host
            own["POSTGRES_PORT"] = str(self.server.port)
            own["POSTGRES_USER"] = self.server.user
            own["POSTGRES_PASSWORD"] = self.server.password
        return inherited | own | variables

    @contextmanager
    def started(self, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """The command while it runs, in a process group of its own; what still runs at the end of the block is killed."""
        with subprocess.Popen(
            [COMMAND, *arguments],
            env=self.environment(**variables),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    kill(process)

    def run(self, *arguments: str, **variables: str) -> Finished:
        """The command, run to its end."""
        began = time.monotonic()
        with self.started(*arguments, **variables) as process:
            out, err = process.communicate()
        return Finished(process.returncode, out, err, time.monotonic() - began)

    def json(self, *arguments: str) -> Any:
        """What the command answers a program: strict JSON on standard output, and no word beside it."""
        finished = self.run(*arguments, "--json")
        assert (finished.code, finished.err) == (0, "")
        return json.loads(finished.out, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))

    def query(self, statement: str, *, dagster: bool = False) -> list[tuple[Any, ...]]:
        """The rows of a query on the data, or on Dagster's storage."""
        assert self.server is not None
        with self.server.connect(self.dagster_database if dagster else self.database) as connection:
            return connection.execute(statement.encode()).fetchall()

    def rows(self, table: str, *, without: frozenset[str] = frozenset()) -> list[str]:
        """Every row of `table` as JSON text, sorted, without the columns named."""
        statement = sql.SQL("select (to_jsonb(t) - %s::text[])::text from {} t order by 1").format(
            sql.Identifier(*table.split("."))
        )
        assert self.server is not None
        with self.server.connect(self.database) as connection:
            return [row for (row,) in connection.execute(statement, (sorted(without),))]

    def tables(self) -> list[str]:
        """The tables and views of the data, marts included."""
        return [
            name
            for (name,) in self.query("""
                select table_schema || '.' || table_name from information_schema.tables
                where table_schema in ('budmodel', 'marts') order by 1
            """)
        ]


class Install(Protocol):
    """Makes an installation with databases of its own: empty, or a copy `of` another one."""

    def __call__(self, *, of: Installation | None = None) -> Installation: ...


def kill(process: subprocess.Popen[str]) -> None:
    """Ends a command at once, with all that it started."""
    os.killpg(process.pid, signal.SIGKILL)


def fails_clearly(finished: Finished, code: int = 1) -> str:
    """The message of a command that a user used wrongly: no traceback, nothing on standard output."""
    assert (finished.code, finished.out) == (code, ""), finished
    assert "Traceback" not in finished.err
    return finished.err


@dataclass(frozen=True, slots=True)
class Run:
    """An installation and the run that filled it."""

    at: Installation
    first: Finished


def installer(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Makes installations with a pair of databases each on `server`."""
    account = replace(server, user="installation", password=secrets.token_urlsafe(24))
    with server.connect() as connection:
        # Dagster logs in for every statement. Checking a password in one round instead of 4096 saves a fifth of a run.
        connection.execute("set scram_iterations = 1")
        role, password = sql.Identifier(account.user), sql.Literal(account.password)
        connection.execute(sql.SQL("create role {} superuser login password {}").format(role, password))

    def make(*, of: Installation | None = None) -> Installation:
        name = uuid.uuid4().hex
        made = Installation(tmp_path_factory.mktemp("budmodel"), account, f"data_{name}", f"dagster_{name}")
        if of is None:
            for database in (made.database, made.dagster_database):
                embedded_postgres.ensure_database(server, database)
            return made
        shutil.copytree(of.home, made.home)
        with server.connect() as connection:
            for copy, original in ((made.database, of.database), (made.dagster_database, of.dagster_database)):
                # What was stopped a moment ago may not have left yet.
                connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (original,))
                names = sql.Identifier(copy), sql.Identifier(original)
                connection.execute(sql.SQL("create database {} template {}").format(*names))
        return made

    return make
