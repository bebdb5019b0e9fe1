"""The database that holds the data, as a Dagster resource."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from pydantic import PrivateAttr
from sqlalchemy import Engine

from budmodel_pipeline.connections.live import database
from budmodel_pipeline.warehouse.run_locks import alive

# A run with this tag holds its lock in the database for as long as its process lives.
WATCHED = "budmodel/watched"


class PostgresResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """An SQLAlchemy engine on the data; the password comes from an environment variable and is never shown."""

    host: str
    port: int
    user: str
    password: str
    database: str
    _engine: Engine | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, _context: dg.InitResourceContext) -> Iterator["PostgresResource"]:
        self._engine = database(self.host, self.port, self.user, self.password, self.database)
        try:
            yield self
        finally:
            self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """The engine of this run."""
        if self._engine is None:
            raise RuntimeError("the Postgres resource is used outside a run")
        return self._engine


@contextmanager
def while_the_run_lives(context: dg.InitResourceContext, postgres: Any) -> Iterator[None]:
    """Holds the lock of the run that the resource is made for; a sensor has none."""
    if context.run is None or context.instance is None or not isinstance(postgres, PostgresResource):
        yield
        return
    from budmodel_pipeline.warehouse.migrate import NewerSchemaError, expect_known_schema  # Sensors need no Alembic.

    try:
        expect_known_schema(postgres.engine)
    except NewerSchemaError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    with alive(postgres.engine, context.run.run_id):
        context.instance.add_run_tags(context.run.run_id, {WATCHED: "true"})
        yield
