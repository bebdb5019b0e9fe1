"""A leaderboard with all that it is extracted into, on servers that may fail, and what its tables hold in the end."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine, text

from budmodel_pipeline.fetching.endpoints import SAMPLES, FetchEndpoint, open_leaderboards
from budmodel_pipeline.fetching.http import HttpPolicy
from budmodel_pipeline.fetching.mirror import mirror_path, mirror_url
from budmodel_pipeline.services.object_store import ObjectStore, open_directory
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.publish import register_sources
from budmodel_pipeline.workflows.extraction import publish_scores, take_snapshot
from tests.hostile_server import HostileServer, Reply, hostile_server

SOURCE = replace(catalog()["alpacaeval"], endpoints=catalog()["alpacaeval"].endpoints[:1])
URL = SOURCE.endpoints[0].url
FIRST = (SAMPLES / mirror_path(URL)).read_bytes()
SECOND = FIRST.replace(b"Claude 3 Opus", b"Claude 3 Grand Opus")


@dataclass(frozen=True)
class Board:
    """What one source is extracted into."""

    site: HostileServer
    engine: Engine
    store: ObjectStore
    fetch: FetchEndpoint

    @property
    def path(self) -> str:
        """What the site is asked for."""
        return urlsplit(mirror_url(self.site.url(""), URL)).path

    def extract(self, content: bytes) -> None:
        """As a run does it, when this is what the source publishes."""
        self.site.on(self.path, Reply(body=content))
        self.take()
        self.publish()

    def take(self) -> None:
        take_snapshot(SOURCE, engine=self.engine, store=self.store, fetch=self.fetch, origin=Origin.MIRROR)

    def publish(self) -> None:
        publish_scores(SOURCE, engine=self.engine, store=self.store)

    def held(self) -> dict[str, list[str]]:
        """Every row of every table, but for the moments at which things were done."""
        return held(self.engine)

    def error(self) -> str | None:
        with self.engine.connect() as connection:
            found: str | None = connection.execute(text("select last_error from budmodel.sources")).scalar_one()
        return found


def held(engine: Engine, schema: str = "budmodel") -> dict[str, list[str]]:
    """Every row of every table of a schema as JSON, without moments."""
    tables = text("""
        select table_name,
            coalesce(array_agg(column_name::text) filter (where data_type like 'timestamp%'), '{}') as moments
        from information_schema.columns where table_schema = :schema group by table_name order by table_name
    """)
    with engine.connect() as connection:
        columns = connection.execute(tables, {"schema": schema}).all()
        return {
            str(table): list(
                connection.execute(
                    text(f'select (to_jsonb(t) - cast(:moments as text[]))::text from {schema}."{table}" t order by 1'),
                    {"moments": moments},
                ).scalars()
            )
            for table, moments in columns
        }


@contextmanager
def board(database: str, store: ObjectStore) -> Iterator[Board]:
    """A board whose first state is published."""
    engine = open_engine(database)
    migrate(engine)
    with engine.begin() as connection:
        register_sources(connection, {SOURCE.slug: SOURCE})
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        site = stack.enter_context(hostile_server())
        fetch = stack.enter_context(open_leaderboards(Origin.MIRROR, site.url(""), HttpPolicy(attempts=1)))
        made = Board(site, engine, store, fetch)
        made.extract(FIRST)
        yield made


def undisturbed(database: str, folder: Path) -> dict[str, list[str]]:
    """What the tables hold after both states where nothing failed."""
    with board(database, open_directory(folder)) as made:
        made.extract(SECOND)
        return made.held()
