"""A PostgreSQL of the benchmarks' own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

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
