"""Fixtures that all tests share. Servers are started, and their modules imported, for the first test that asks."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.checkout import SHARED

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from budmodel_pipeline.services.embedded_postgres import Server
    from tests.clamd import RunningClamd
    from tests.cli import Install, Run
    from tests.hub_server import HubServer
    from tests.s3_server import S3Server

pytest.register_assert_rewrite("tests.cli")
pytest_plugins = ["tests.tiers"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="Fail when a test was skipped: everything it needs is here.")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    # Where tests run in several processes, the one that reports is the one that counts.
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_report_header() -> str:
    here = "are here, and tests read them" if SHARED.is_dir() else "are not here, and tests of them are no part of this run"
    return f"published data beside the checkout: {here}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests over what lies beside the checkout are additions, and so are those of root alone: where there is no such thing
    they are not there, and not skipped."""
    lacking = {name for name, there in (("shared", SHARED.is_dir()), ("root_alone", os.geteuid() == 0)) if not there}
    additions = {item for item in items if lacking.intersection(getattr(item, "fixturenames", ()))}
    if additions:
        items[:] = [item for item in items if item not in additions]
        config.hook.pytest_deselected(items=list(additions))


@pytest.fixture(scope="session")
def root_alone() -> None:
    """Only root can become another user. A test that asks for it is an addition."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data of others, kept beside the checkout and not part of it. A test that asks for them is an addition."""
    return SHARED


@pytest.fixture(scope="session")
def mirror(shared: Path) -> Path:
    """Real leaderboard files laid out by host and path."""
    return shared / "mirror"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """A PostgreSQL server of our own, stopped at the end."""
    from tests.postgres import running_postgres

    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def database(postgres_server: "Server") -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, dropped afterwards whoever is still connected."""
    from tests.postgres import empty_database

    with empty_database(postgres_server) as url:
        yield url


@pytest.fixture
def engine(database: str) -> "Iterator[Engine]":
    """An engine on a migrated database without rows. Modules with needs of their own define theirs."""
    from budmodel_pipeline.warehouse.engine import open_engine
    from budmodel_pipeline.warehouse.migrate import migrate

    engine = open_engine(database)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def hub() -> "Iterator[HubServer]":
    """A hub without models."""
    from tests.hub_server import hub_server

    with hub_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[S3Server]":
    """A server with one empty bucket, stopped at the end."""
    from tests.s3_server import running_s3

    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningClamd]":
    """A daemon as it should be, but for signatures of its own."""
    from tests.clamd import running_clamd

    with running_clamd(tmp_path_factory.mktemp("clamd")) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def install(postgres_server: "Server", tmp_path_factory: pytest.TempPathFactory) -> "Install":
    """Makes an installation with an empty pair of databases on the server of this session."""
    from tests.cli import installer

    return installer(postgres_server, tmp_path_factory)


@pytest.fixture(scope="session")
def samples_run(install: "Install") -> "Iterator[Run]":
    """The first run on the bundled samples. Tests may look at it and refresh it; for other changes they make a copy."""
    from tests.cli import Run

    at = install()
    yield Run(at, at.run("run"))
    assert at.query("select * from budmodel.extraction_requests") == [], "A test asked for extractions here."
