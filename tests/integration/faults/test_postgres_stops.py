"""Postgres stops, dies and runs out of disk in the midst of a load and of a build, and nothing is lost or doubled."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.object_store import ObjectStore, open_directory
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.workflows.extraction import Published
from tests.board import SECOND, board, held
from tests.checkout import ROOT
from tests.integration.faults.conftest import disk, held_up
from tests.postgres import empty_database, running_postgres

pytestmark = pytest.mark.timeout(240)
DBT = ROOT / "dbt_leaderboard"


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_directory(tmp_path / "objects")


def stopped(directory: Path) -> None:
    embedded_postgres.stop(directory)


def killed(directory: Path) -> None:
    """All its processes at once, as where a machine loses its power."""
    data = (directory / "data").stat()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.path.samestat((process / "cwd").stat(), data):
                os.kill(int(process.name), signal.SIGKILL)


@pytest.mark.parametrize("stop", [stopped, killed])
def test_during_a_load(
    own_postgres: Path,
    own_database: str,
    store: ObjectStore,
    expected: dict[str, list[str]],
    stop: Callable[[Path], None],
) -> None:
    with board(own_database, store) as made, ThreadPoolExecutor(1) as pool:
        first = made.held()
        with held_up(made.engine, "lock table budmodel.scores in exclusive mode") as wait:
            # Its entries are copied, its scores are to come.
            loading: Future[Published] = pool.submit(made.extract, SECOND)
            wait(lambda: not loading.done())
            stop(own_postgres)
            with pytest.raises(DBAPIError):
                loading.result()
        embedded_postgres.start(own_postgres)
        # The same engine goes on; what it had of the broken load is gone, and what was published is whole.
        for table in ("entries", "scores", "rejected_rows", "unread_cells"):
            assert made.held()[table] == first[table]
        made.extract(SECOND)
        assert made.held() == expected
        assert made.error() is None


def dbt(database: str, written: Path) -> "subprocess.Popen[bytes]":
    """A build of some of the marts, with what they hang on."""
    url = make_url(database)
    variables = {
        "POSTGRES_HOST": str(url.host),
        "POSTGRES_PORT": str(url.port),
        "POSTGRES_USER": str(url.username),
        "POSTGRES_PASSWORD": str(url.password),
        "POSTGRES_DB": str(url.database),
    }
    folders = {"project-dir": DBT, "profiles-dir": DBT, "target-path": written, "log-path": written}
    options = [f"--{option}={folder}" for option, folder in folders.items()]
    return subprocess.Popen(
        [Path(sys.executable).with_name("dbt"), "run", "--select", "+benchmarks", "+source_health", *options],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def built(database: str, written: Path) -> None:
    with dbt(database, written) as process:
        said, _ = process.communicate()
    assert process.returncode == 0, said.decode()


def test_during_a_build_of_the_marts(own_postgres: Path, own_database: str, store: ObjectStore, tmp_path: Path) -> None:
    with board(own_database, store) as made:
        built(own_database, tmp_path)
        before = held(made.engine, "marts")
        assert before["benchmarks"]
        made.extract(SECOND)
        with (
            held_up(made.engine, "lock table marts.source_health in access share mode") as wait,
            dbt(own_database, tmp_path) as process,
        ):
            wait(lambda: process.poll() is None)
            stopped(own_postgres)
            process.communicate()
            assert process.returncode != 0
        embedded_postgres.start(own_postgres)
        # A mart is the old one or the new one, and never a part of one or none.
        between = held(made.engine, "marts")
        built(own_database, tmp_path)
        after = held(made.engine, "marts")
    assert between.keys() == before.keys() == after.keys()
    for mart, rows in between.items():
        assert rows in (before[mart], after[mart]), mart
    with empty_database(embedded_postgres.start(own_postgres)) as another:
        with board(another, store) as made:
            made.extract(SECOND)
        built(another, tmp_path)
        engine = open_engine(another)
        undisturbed = held(engine, "marts")
        engine.dispose()
    assert after == undisturbed


@pytest.mark.usefixtures("root_alone")
def test_the_disk_under_it_is_full(tmp_path: Path, store: ObjectStore, expected: dict[str, list[str]]) -> None:
    """Tables and log alike: a real file system of 400 MB without a free block."""
    with (
        disk(tmp_path / "disk", 400) as small,
        running_postgres(small.folder / "postgres") as server,
        empty_database(server) as database,
        board(database, store) as made,
    ):
        first = made.held()
        small.fill()
        with pytest.raises((DBAPIError, psycopg.Error), match=r"No space left on device|server closed|terminat"):
            made.extract(SECOND)
        small.free()
        embedded_postgres.start(small.folder / "postgres")
        for table in ("entries", "scores"):
            assert made.held()[table] == first[table]
        made.extract(SECOND)
        assert made.held() == expected
