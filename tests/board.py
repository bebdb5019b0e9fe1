"""A leaderboard that a test publishes on loopback, with all that it is extracted into, and what its tables hold."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine, text

from budmodel_pipeline.fetching.endpoints import SAMPLES, FetchEndpoint, open_leaderboards
from budmodel_pipeline.fetching.http import HttpPolicy
from budmodel_pipeline.fetching.mirror import mirror_path, mirror_url
from budmodel_pipeline.services.object_store import ObjectStore, open_directory
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Source
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.publish import register_sources
from budmodel_pipeline.workflows.extraction import (
    NOTHING_ACCEPTED,
    Accepted,
    Published,
    Taken,
    publish_scores,
    take_snapshot,
)
from tests.hostile_server import HostileServer, Reply, hostile_server

# Its table alone; what a supplement does is told in test_weeks.py.
SOURCE = replace(catalog()["alpacaeval"], endpoints=catalog()["alpacaeval"].endpoints[:1])
URL = SOURCE.endpoints[0].url
FIRST = (SAMPLES / mirror_path(URL)).read_bytes()
SECOND = FIRST.replace(b"Claude 3 Opus", b"Claude 3 Grand Opus")
THIRD = FIRST.replace(b"Claude 3 Opus", b"Claude 3 Grander Opus")


@dataclass(frozen=True)
class Board:
    """A publisher's site, reached as a mirror, and all that one source is extracted into."""

    site: HostileServer
    engine: Engine
    store: ObjectStore
    fetch: FetchEndpoint

    @property
    def path(self) -> str:
        """What the site is asked for."""
        return urlsplit(mirror_url(self.site.url(""), URL)).path

    def serves(self, *replies: Reply) -> None:
        """What the site answers, one reply after the other; the last stays."""
        self.site.on(self.path, *replies)

    def take(self, source: Source = SOURCE, origin: Origin = Origin.MIRROR) -> Taken:
        return take_snapshot(source, engine=self.engine, store=self.store, fetch=self.fetch, origin=origin)

    def publish(self, source: Source = SOURCE, accepted: Accepted = NOTHING_ACCEPTED) -> Published:
        return publish_scores(source, engine=self.engine, store=self.store, accepted=accepted)

    def extract(self, content: bytes, source: Source = SOURCE, **reply: Any) -> Published:
        """Both steps, as a run does them, when this is what the source publishes."""
        self.serves(Reply(body=content, **reply))
        self.take(source)
        return self.publish(source)

    @property
    def state(self) -> Mapping[str, Any]:
        """The source's row."""
        with self.engine.connect() as connection:
            return dict(connection.execute(text("select * from budmodel.sources")).mappings().one())

    def error(self) -> str | None:
        found: str | None = self.state["last_error"]
        return found

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(f"select count(*) from budmodel.{table}")).scalar_one())

    def statuses(self) -> list[str]:
        """Of the snapshots, in the order of fetching."""
        with self.engine.connect() as connection:
            return list(connection.execute(text("select status from budmodel.snapshots order by fetched_at")).scalars())

    def held(self) -> dict[str, list[str]]:
        """Every row of every table, but for the moments at which things were done."""
        return held(self.engine)


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
def empty_board(database: str, store: ObjectStore, policy: HttpPolicy) -> Iterator[Board]:
    """A board of which nothing was ever published."""
    engine = open_engine(database)
    migrate(engine)
    with engine.begin() as connection:
        register_sources(connection, {SOURCE.slug: SOURCE})
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        site = stack.enter_context(hostile_server())
        fetch = stack.enter_context(open_leaderboards(Origin.MIRROR, site.url(""), policy))
        yield Board(site, engine, store, fetch)


@contextmanager
def board(database: str, store: ObjectStore) -> Iterator[Board]:
    """A board whose first state is published."""
    with empty_board(database, store, HttpPolicy(attempts=1)) as made:
        made.extract(FIRST)
        yield made


def undisturbed(database: str, folder: Path) -> dict[str, list[str]]:
    """What the tables hold after both states where nothing failed."""
    with board(database, open_directory(folder)) as made:
        made.extract(SECOND)
        return made.held()
