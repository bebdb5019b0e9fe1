"""What tests of per-model work share: a hub, a migrated database, a store. Modules with needs of their own define theirs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from budmodel_pipeline.services.object_store import ObjectStore, open_directory
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from tests.hub_server import HubServer, hub_server


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        yield server


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_directory(tmp_path / "objects")
