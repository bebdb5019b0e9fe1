"""Servers of the faults' own: they are stopped, filled up and killed, so nobody else may use them."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.embedded_postgres import Server
from tests.board import undisturbed
from tests.postgres import empty_database


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of its own, in memory."""

    folder: Path

    def fill(self) -> None:
        """Leaves nothing free."""
        with (self.folder / "ballast").open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65_536))
            except OSError:
                pass

    def free(self) -> None:
        (self.folder / "ballast").unlink()


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """A disk of so many megabytes, mounted at `folder`."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "none", folder], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def held_up(engine: Engine, statement: str) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Holds the lock that `statement` takes; whoever asks is told when somebody waits for it."""
    with (
        engine.connect() as holder,
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher,
    ):
        holder.execute(text(statement))
        pid: int = holder.execute(text("select pg_backend_pid()")).scalar_one()
        blocked = text("select exists (select from pg_stat_activity where :pid = any(pg_blocking_pids(pid)))")

        def wait(at_work: Callable[[], bool]) -> None:
            while not watcher.execute(blocked, {"pid": pid}).scalar_one():
                assert at_work()

        yield wait
        holder.invalidate()
        watcher.invalidate()


@pytest.fixture(scope="session")
def expected(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the tables hold in the end where nothing failed."""
    with empty_database(postgres_server) as database:
        return undisturbed(database, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a server that a test may stop; it is started again for the next one."""
    directory = tmp_path_factory.mktemp("faults") / "postgres"
    embedded_postgres.start(directory)
    yield directory
    embedded_postgres.stop(directory)


@pytest.fixture
def own_database(own_postgres: Path) -> Iterator[str]:
    """An empty database on that server."""
    with empty_database(embedded_postgres.start(own_postgres)) as url:
        yield url
        embedded_postgres.start(own_postgres)
