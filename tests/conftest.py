"""Fixtures that every layer of tests shares."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.postgres", "tests.s3_server", "tests.clamd", "tests.cli"]

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="Fail when a test was skipped: everything it needs is here.")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real leaderboard files and labelled data, kept beside the checkout and not part of it."""
    directory = ROOT.parent / "shared"
    if not directory.is_dir():
        pytest.skip("the shared test data are not beside this checkout")
    return directory


@pytest.fixture(scope="session")
def mirror(shared: Path) -> Path:
    """Real leaderboard files laid out by host and path."""
    return shared / "mirror"
