"""A PostgreSQL of the benchmarks' own, and what dbt makes of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import Engine

from benchmarks.published_files import PROJECT
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.publish import register_sources


@contextmanager
def temporary_database() -> Iterator[Engine]:
    """An engine on a migrated database that knows every source; gone afterwards, with its server."""
    with TemporaryDirectory(prefix="budmodel-bench-") as folder:
        directory = Path(folder) / "postgres"
        server = embedded_postgres.start(directory)
        try:
            embedded_postgres.ensure_database(server, "budmodel")
            engine = open_engine(server.url("budmodel"))
            migrate(engine)
            with engine.begin() as connection:
                register_sources(connection, catalog())
            yield engine
            engine.dispose()
        finally:
            embedded_postgres.stop(directory)


def build_marts(engine: Engine) -> float:
    """Seconds that `dbt build` takes, its start included."""
    with TemporaryDirectory(prefix="budmodel-bench-") as written:
        started = perf_counter()
        dbt(engine, Path(written), "build")
        return perf_counter() - started


def dbt(engine: Engine, written: Path, *command: str) -> None:
    """Runs dbt's `command` on the database; what it writes goes into the folder `written`."""
    url, project = engine.url, str(PROJECT / "dbt_leaderboard")
    variables = {
        "POSTGRES_HOST": str(url.host),
        "POSTGRES_PORT": str(url.port),
        "POSTGRES_USER": str(url.username),
        "POSTGRES_PASSWORD": str(url.password),
        "POSTGRES_DB": str(url.database),
    }
    folders = {"project-dir": project, "profiles-dir": project, "target-path": written, "log-path": written}
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), *command, *(f"--{option}={folder}" for option, folder in folders.items())],
        env={**os.environ, **variables},
        check=True,
        stdout=subprocess.DEVNULL,
    )
