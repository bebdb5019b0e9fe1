"""`budmodel migrate`: the first step of a deployment, on a server that knows nothing yet."""

import uuid
from pathlib import Path

import pytest

from budmodel_pipeline.services.embedded_postgres import Server
from tests.cli import Installation, fails_clearly


@pytest.fixture
def bare(postgres_server: Server, tmp_path: Path) -> Installation:
    """An installation whose databases do not exist."""
    name = uuid.uuid4().hex
    return Installation(tmp_path, postgres_server, f"data_{name}", f"dagster_{name}")


def test_it_creates_what_is_missing_and_can_be_repeated(bare: Installation) -> None:
    for _ in range(2):
        finished = bare.run("migrate")
        assert (finished.code, finished.err) == (0, "")
        assert "is up to date" in finished.out
    assert bare.query("select count(*) from budmodel.sources") == [(0,)]
    assert bare.query("select 1", dagster=True) == [(1,)]


def test_other_commands_say_how_to_get_there(bare: Installation) -> None:
    assert "`budmodel migrate` creates missing databases" in fails_clearly(bare.run("sources"))
