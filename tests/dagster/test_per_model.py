"""What is done to each model, as runs of Dagster: asset by asset, and all of them over models that are opened once."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from psycopg import sql
from sqlalchemy import Engine, text

from budmodel_pipeline.assets.per_model import MODELS, per_model_work
from budmodel_pipeline.resources.file_policy import FilePolicy
from budmodel_pipeline.resources.models import ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.resources.scanning import ScanningResource
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.embedded_postgres import Server
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.model_states import KnownTarget, add_targets
from tests.hub_server import Failure, HubServer, hub_server

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
INFO, LICENSE, SCAN, FILES = ASSETS = ("model_info", "license", "security_scan", "model_files")
TABLES = {
    "model_info": "target, revision",
    "model_licenses": "target",
    "license_documents": "document_id",
    "license_answers": "document_id, question",
    "model_scans": "target",
    "scans": "target, path",
    "scan_findings": "target, path, finding_no",
    "model_files": "target, path",
    "extraction_targets": "target",
}
TIMES = frozenset({"extracted_at", "read_at", "scanned_at", "copied_at", "first_seen_at", "checked_at"})
CONFIG = json.dumps({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}).encode()
CARD = b"---\nlicense: mit\n---\n# A model\n"
NAMES = ("org/bad", "org/one", "org/two")
# Calls os.system when it is loaded, which nothing here does.
MALWARE = b"cposix\nsystem\n(S'true'\ntR."


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        server.add("org/one", {"config.json": CONFIG, "README.md": CARD, "LICENSE": b"Ask me.\n"})
        server.add("org/two", {"config.json": CONFIG, "README.md": CARD + b"More.\n"})
        server.add("org/bad", {"config.json": CONFIG, "README.md": CARD, "model.bin": MALWARE})
        yield server


@dataclass(frozen=True)
class Deployment:
    """A database and a store around the assets of each model, whose targets are known and not read yet."""

    engine: Engine
    server: Server
    hub: HubServer
    home: Path

    def run(self, names: Sequence[str], *assets: str) -> dg.ExecuteInProcessResult:
        """Materializes `assets` of these models, by default all, in one run."""
        server, keys = self.server, [f"hf:{name}" for name in names]
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(str(MODELS.name), keys)
            return dg.materialize(
                [per_model_work],
                instance=instance,
                raise_on_error=False,
                selection=list(assets or ASSETS),
                tags={RANGE_START: keys[0], RANGE_END: keys[-1]},
                resources={
                    "postgres": PostgresResource(
                        host=server.host,
                        port=server.port,
                        user=server.user,
                        password=server.password,
                        database=self.engine.url.database or "",
                    ),
                    "models": ModelsResource(origin_name="live", hub_endpoint=self.hub.endpoint),
                    "object_storage": ObjectStorageResource(directory=str(self.home / "objects")),
                    "file_policy": FilePolicy(policy="all", work=str(self.home / "work")),
                    "scanning": ScanningResource(),
                },
            )

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Everything in a table but when it came there."""
        with self.engine.connect() as connection:
            found = connection.execute(text(f"select * from budmodel.{table} order by {TABLES[table]}")).mappings()
            return [{name: value for name, value in row.items() if name not in TIMES} for row in found]


Deploy = Callable[[], Deployment]


@pytest.fixture
def deploy(postgres_server: Server, hub: HubServer, tmp_path: Path) -> Iterator[Deploy]:
    with ExitStack() as stack:

        def make() -> Deployment:
            return stack.enter_context(_deployment(postgres_server, hub, tmp_path / uuid.uuid4().hex))

        yield make


@contextmanager
def _deployment(server: Server, hub: HubServer, home: Path) -> Iterator[Deployment]:
    embedded_postgres.ensure_database(server, home.name)
    engine = open_engine(server.url(home.name))
    migrate(engine)
    with engine.begin() as connection:
        found = [KnownTarget(f"hf:{name}", "hugging_face", name, None, "tests") for name in NAMES]
        add_targets(connection, found, datetime.now(UTC))
    yield Deployment(engine, server, hub, home)
    engine.dispose()
    with server.connect() as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(home.name)))


def materialized(result: dg.ExecuteInProcessResult) -> set[tuple[str, str | None]]:
    """Which asset of which model."""
    events = [event for event in result.all_events if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION]
    found = [event.step_materialization_data.materialization for event in events]
    return {(one.asset_key.to_user_string(), one.partition) for one in found}


def checked(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def openings(hub: HubServer) -> int:
    """How often a model was opened: its record and the listing of its files, each asked for once."""
    records, listings = hub.count("GET /api/models/") - hub.count("/tree/"), hub.count("/tree/")
    assert records == listings
    return listings


def test_models_are_opened_once_and_leave_the_same_rows_as_asset_by_asset(deploy: Deploy, hub: HubServer) -> None:
    apart, together = deploy(), deploy()
    for asset in ASSETS:
        assert materialized(apart.run(NAMES, asset)) == {(asset, f"hf:{name}") for name in NAMES}
    assert openings(hub) == len(ASSETS) * len(NAMES)
    hub.reset()
    result = together.run(NAMES)
    assert openings(hub) == len(NAMES)
    assert materialized(result) == {(asset, f"hf:{name}") for asset in ASSETS for name in NAMES}
    assert checked(result) == {
        "every_model_was_extracted": True,
        "every_license_was_looked_for": True,
        "files_are_safe": False,
        "every_file_is_accounted_for": True,
    }
    for table in TABLES:
        assert together.rows(table) == apart.rows(table), table
    assert {row["outcome"] for row in together.rows("model_files") if row["target"] == "hf:org/bad"} == {"quarantined"}


def test_a_step_that_fails_for_one_model_fails_a_run_for_it_alone_and_no_batch(deploy: Deploy, hub: HubServer) -> None:
    hub.fail("/LICENSE", Failure(404))
    deployment = deploy()
    alone = deployment.run(["org/one"], LICENSE)
    assert not alone.success
    assert materialized(alone) == set()
    batch = deployment.run(NAMES, INFO, LICENSE)
    assert batch.success
    read = {(INFO, f"hf:{name}") for name in NAMES}
    assert materialized(batch) == read | {(LICENSE, "hf:org/bad"), (LICENSE, "hf:org/two")}
    assert checked(batch) == {"every_model_was_extracted": True, "every_license_was_looked_for": False}
