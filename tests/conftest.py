"""Fixtures that every layer of tests shares."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


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
