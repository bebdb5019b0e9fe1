"""What the Dagster tests share: a publisher's site that can misbehave, and all that runs write to."""

import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from psycopg import sql
from sqlalchemy import Engine, text

from budmodel_pipeline.assets.leaderboards import leaderboard_assets
from budmodel_pipeline.fetching.endpoints import SAMPLES
from budmodel_pipeline.fetching.mirror import mirror_path, mirror_url
from budmodel_pipeline.resources.leaderboard_http import LeaderboardHttpResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.embedded_postgres import Server
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.publish import register_sources
from tests.hostile_server import HostileServer, Reply, hostile_server

# One misbehaves, the others are fine and publish something new at the same time.
VICTIM, RATIOS, BYSTANDER = "alpacaeval", "llm_stats", "openvlm"
SOURCES = (VICTIM, RATIOS, BYSTANDER)


def sample(source: str) -> bytes:
    """The bundled bytes of a source of one file."""
    endpoint = catalog()[source].endpoints[0]
    return (SAMPLES / mirror_path(endpoint.url)).read_bytes()


@dataclass(frozen=True)
class Deployment:
    """Real servers around real assets: the sites, Postgres, a store. Runs are in this process, their log in memory.

    All deployments share one instance, because making one takes longer than most runs.
    """

    site: HostileServer
    server: Server
    database: str
    objects: Path
    engine: Engine
    instance: dg.DagsterInstance

    def serves(self, source: str, *replies: Reply) -> None:
        self.site.on(self.path(source), *replies)

    def path(self, source: str) -> str:
        """What the mirror is asked for to get `source`."""
        endpoint = catalog()[source].endpoints[0]
        return mirror_url("", endpoint.url)

    def postgres(self) -> PostgresResource:
        server = self.server
        return PostgresResource(
            host=server.host, port=server.port, user=server.user, password=server.password, database=self.database
        )

    def run(
        self,
        sources: Sequence[str] = SOURCES,
        *,
        origin: Origin = Origin.MIRROR,
        mirror: str | None = None,
        retry: dg.RetryPolicy | None = None,
        accept_shrinkage: bool = False,
        accept: str | Mapping[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Materializes snapshots and scores of `sources`, as a run of the extraction job does."""
        said = {"accept_shrinkage": accept_shrinkage} | ({"accept": accept} if accept else {})
        config = {f"scores__{source}": {"config": said} for source in sources}
        return dg.materialize(
            [asset for source in sources for asset in leaderboard_assets(catalog()[source], retry)],
            instance=self.instance,
            raise_on_error=False,
            run_config={"ops": config},
            resources={
                "postgres": self.postgres(),
                "object_storage": ObjectStorageResource(directory=str(self.objects)),
                "leaderboard_http": LeaderboardHttpResource(
                    origin_name=origin, mirror_url=mirror or self.site.url(""), attempts=2, backoff=0.01
                ),
            },
        )

    def rows(self, query: str, **values: object) -> list[Mapping[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    def state(self, source: str) -> Mapping[str, Any]:
        """The source's row."""
        (row,) = self.rows("select * from budmodel.sources where source = :source", source=source)
        return row

    def scores(self, source: str) -> list[Mapping[str, Any]]:
        """What is published of a source, row for row, physical place included: nothing was written anew."""
        return self.rows(
            """
            select scores.ctid::text as place, scores.xmin::text as written_by, scores.*, entry_key
            from budmodel.scores join budmodel.entries using (snapshot_id, entry_no)
            join budmodel.sources on current_snapshot_id = snapshot_id where source = :source order by entry_no, metric_id
            """,
            source=source,
        )


@contextmanager
def _deployment(server: Server, name: str, objects: Path, instance: dg.DagsterInstance) -> Iterator[Deployment]:
    engine = open_engine(server.url(name))
    try:
        with hostile_server() as site:
            deployment = Deployment(site, server, name, objects, engine, instance)
            for source in SOURCES:
                deployment.serves(source, Reply(body=sample(source)))
            yield deployment
    finally:
        engine.dispose()


def _create(server: Server, template: str) -> str:
    name = f"dagster_{uuid.uuid4().hex}"
    with server.connect() as connection:
        create = sql.SQL("create database {} template {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    return name


def _drop(server: Server, name: str) -> None:
    with server.connect() as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def memory() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="session")
def migrated(postgres_server: Server) -> str:
    """A database with empty tables, to be copied."""
    embedded_postgres.ensure_database(postgres_server, "migrated")
    engine = open_engine(postgres_server.url("migrated"))
    migrate(engine)
    with engine.begin() as connection:
        register_sources(connection, catalog())
    engine.dispose()
    return "migrated"


@pytest.fixture(scope="session")
def published(
    postgres_server: Server, migrated: str, memory: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A database and a store in which the sources are published, to be copied."""
    name, objects = _create(postgres_server, migrated), tmp_path_factory.mktemp("published")
    with _deployment(postgres_server, name, objects, memory) as deployment:
        assert deployment.run().success
    return name, objects


@pytest.fixture(scope="module")
def fresh(
    postgres_server: Server, migrated: str, memory: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A deployment that has not extracted anything before the module's tests."""
    name = _create(postgres_server, migrated)
    with _deployment(postgres_server, name, tmp_path_factory.mktemp("fresh"), memory) as deployment:
        yield deployment
    _drop(postgres_server, name)


@pytest.fixture
def deployment(
    postgres_server: Server, published: tuple[str, Path], memory: dg.DagsterInstance, tmp_path: Path
) -> Iterator[Deployment]:
    """A deployment in which the samples of the sources are published, from a mirror."""
    template, objects = published
    shutil.copytree(objects, tmp_path / "objects")
    name = _create(postgres_server, template)
    with _deployment(postgres_server, name, tmp_path / "objects", memory) as deployment:
        yield deployment
    _drop(postgres_server, name)
