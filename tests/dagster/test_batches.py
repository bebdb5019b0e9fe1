"""Batches as runs: scattered models are read by one, by the next where that is killed, and partitions tell of each."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.assets.per_model import BATCH, BATCH_FOR, DUE, MODELS, REQUESTS, per_model_work
from budmodel_pipeline.resources.file_policy import FilePolicy
from budmodel_pipeline.resources.models import ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.resources.scanning import ScanningResource
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.batches import claim_due, open_batches
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.model_states import add_targets, states_of
from budmodel_pipeline.workflows.model_discovery import known_target
from tests.hub_server import Failure, HubServer

INFO = dg.AssetKey("model_info")
CONFIG = json.dumps({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}).encode()
# Every tenth of them is due: no two are neighbors.
KNOWN = [f"hf:org/model-{number:03}" for number in range(600)]
SCATTERED = KNOWN[::10]
RUN = dedent("""
    import sys
    from pathlib import Path
    import dagster as dg
    from tests.dagster.test_batches import run
    with dg.DagsterInstance.local_temp(sys.argv[1]) as instance:
        run(instance, sys.argv[2], sys.argv[3], Path(sys.argv[4]), {"budmodel/batch": "first", "budmodel/batch_for": "due"})
""")


def run(
    instance: dg.DagsterInstance,
    database: str,
    endpoint: str,
    home: Path,
    tags: Mapping[str, str],
    partition: str | None = None,
    **config: object,
) -> dg.ExecuteInProcessResult:
    url = open_engine(database).url
    return dg.materialize(
        [per_model_work],
        instance=instance,
        raise_on_error=False,
        partition_key=partition,
        tags=tags,
        run_config={"ops": {"per_model_work": {"config": config}}},
        resources={
            "postgres": PostgresResource(
                host=url.host or "",
                port=url.port or 0,
                user=url.username or "",
                password=url.password or "",
                database=url.database or "",
            ),
            "models": ModelsResource(origin_name="live", hub_endpoint=endpoint, threads=2),
            "object_storage": ObjectStorageResource(directory=str(home / "objects")),
            "file_policy": FilePolicy(policy="none", work=str(home / "work")),
            "scanning": ScanningResource(),
        },
    )


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "dagster"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        yield instance


def due(engine: Engine, hub: HubServer, instance: dg.DagsterInstance, *targets: str) -> None:
    """These are known to be on the hub and wait, in one batch."""
    for target in targets:
        hub.add(target.removeprefix("hf:"), {"config.json": CONFIG, "README.md": b"---\nlicense: mit\n---\n# A model\n"})
    now = datetime.now(UTC)
    with engine.begin() as connection:
        add_targets(connection, [known_target(parse_target(target), "tests") for target in targets], now)
        assert claim_due(connection, "first", now, now + timedelta(hours=3), 100) == sorted(targets)
    instance.add_dynamic_partitions(str(MODELS.name), list(targets))


def materialized(instance: dg.DagsterInstance, key: dg.AssetKey) -> Counter[str | None]:
    """How often each partition of an asset was made."""
    found = instance.fetch_materializations(key, limit=1_000).records
    return Counter(record.partition_key for record in found)


@pytest.mark.timeout(300)
def test_scattered_models_are_one_run_and_a_kill_in_its_midst_is_made_good(
    engine: Engine, database: str, hub: HubServer, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    instance.add_dynamic_partitions(str(MODELS.name), KNOWN)
    due(engine, hub, instance, *SCATTERED)
    # Its process hangs here, with models behind it and models before it, until it is killed.
    hub.fail(f"GET /api/models/{SCATTERED[30].removeprefix('hf:')}", Failure(stall=True, times=2))
    home = tmp_path / "dagster"
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(home), database, hub.endpoint, str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
            while watcher.execute(text("select count(*) from budmodel.model_info")).scalar_one() < 20:
                assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    with engine.connect() as connection:
        read = {state.target for state in states_of(connection, SCATTERED) if state.status == "extracted"}
    assert 20 <= len(read) < 60
    hub.reset()
    again = run(instance, database, hub.endpoint, tmp_path, {BATCH: "first", BATCH_FOR: DUE})
    assert again.success
    with engine.connect() as connection:
        assert [state.status for state in states_of(connection, SCATTERED)] == ["extracted"] * 60
        rows: list[str] = list(connection.execute(text("select target from budmodel.model_info order by target")).scalars())
        assert open_batches(connection) == {}
    assert rows == SCATTERED
    # What the dead run had read was not read again; it may have died before it could tell of the last one.
    counted = materialized(instance, INFO)
    assert set(counted.values()) == {1}
    assert set(SCATTERED) - read <= counted.keys() <= set(SCATTERED)
    assert len(read - counted.keys()) <= 1
    # Every model that is there can be looked up in the UI by its license and scan.
    for asset in ("license", "security_scan", "model_files"):
        assert materialized(instance, dg.AssetKey(asset)) == Counter(SCATTERED)


def test_a_model_that_cannot_be_read_turns_a_run_red_where_a_person_asked_for_it(
    engine: Engine, database: str, hub: HubServer, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    due(engine, hub, instance, "hf:org/well")
    gone = "hf:org/gone"
    for purpose, succeeds in ((DUE, True), (REQUESTS, False)):
        now = datetime.now(UTC)
        with engine.begin() as connection:
            add_targets(connection, [known_target(parse_target(gone), "tests")], now)
            connection.execute(
                text("update budmodel.extraction_targets set batch_id = :purpose, status = 'waiting'"), {"purpose": purpose}
            )
        result = run(instance, database, hub.endpoint, tmp_path, {BATCH: purpose, BATCH_FOR: purpose})
        assert result.success is succeeds
        assert materialized(instance, INFO).keys() == {"hf:org/well"}
        with engine.connect() as connection:
            assert open_batches(connection) == {}
    told = instance.fetch_observations(dg.AssetRecordsFilter(INFO, asset_partitions=[gone]), limit=1).records
    assert told[0].asset_observation is not None
    assert "no such" in str(told[0].asset_observation.metadata["failure"].value)


def test_a_partition_that_a_person_adds_is_a_request(
    engine: Engine, database: str, hub: HubServer, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    hub.add("org/wanted", {"config.json": CONFIG})
    instance.add_dynamic_partitions(str(MODELS.name), ["hf:org/wanted", "hf:org/wanted@main", "floppy"])
    assert run(instance, database, hub.endpoint, tmp_path, {}, "hf:org/wanted").success
    with engine.connect() as connection:
        known = connection.execute(text("select target, status, discovered_by from budmodel.extraction_targets")).all()
    assert [tuple(row) for row in known] == [("hf:org/wanted", "extracted", "Dagster's UI")]
    wrong = run(instance, database, hub.endpoint, tmp_path, {}, "hf:org/wanted@main")
    failures = [event for event in wrong.all_events if event.is_step_failure]
    assert "a request follows the main branch" in str(failures[0].step_failure_data.error)
    assert not run(instance, database, hub.endpoint, tmp_path, {}, "floppy").success


@pytest.mark.usefixtures("engine")
def test_force_scans_again_what_is_known(
    database: str, hub: HubServer, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    hub.add("org/a", {"config.json": CONFIG, "model.bin": b"cposix\nsystem\n(S'true'\ntR."})
    instance.add_dynamic_partitions(str(MODELS.name), ["hf:org/a"])

    def scanned(**config: object) -> tuple[bool, int]:
        """Whether the scan before stood, and how often the file was downloaded."""
        hub.reset()
        run(instance, database, hub.endpoint, tmp_path, {}, "hf:org/a", **config)
        record = instance.fetch_materializations(dg.AssetKey("security_scan"), limit=1).records[0]
        assert record.asset_materialization is not None
        return bool(record.asset_materialization.metadata["unchanged"].value), hub.count("/resolve/")

    first, stands, anew = scanned(), scanned(), scanned(force=True)
    assert [first[0], stands[0], anew[0]] == [False, True, False]
    assert anew[1] == first[1] > stands[1]
