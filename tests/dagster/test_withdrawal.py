"""A model is withdrawn: every row and object of its own goes, everything else stays as it was, and it stays away."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.assets.per_model import MODELS
from budmodel_pipeline.services.object_store import ObjectStore, open_directory
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.batches import claim
from budmodel_pipeline.warehouse.model_states import add_targets
from budmodel_pipeline.warehouse.requests import add_request
from budmodel_pipeline.warehouse.states import marts_behind, record_marts
from budmodel_pipeline.warehouse.withdrawals import lift_withdrawal
from budmodel_pipeline.workflows.model_discovery import discover, known_target
from budmodel_pipeline.workflows.model_withdrawal import WithdrawalError, look_at, remove_objects_left, withdraw
from tests.dagster.test_batches import CONFIG, run
from tests.hub_server import HubServer, hub_server

GONE, OTHER = "org/gone", "org/other"
CARD = b"---\nlicense: mit\n---\n# A model\n"
TERMS = b"""Terms of this model
Everybody may use and copy these weights for study. Nobody may sell them or what they make. Whoever passes them on names us
and hands on these terms. We promise nothing, and are liable for nothing. Who breaks these terms loses every right.
"""
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        # The config is in both; the terms and the malware in one.
        server.add(GONE, {"config.json": CONFIG, "README.md": CARD, "LICENSE": TERMS, "a.bin": b"cos\nsystem\n."})
        server.add(OTHER, {"config.json": CONFIG, "README.md": CARD + b"Another.\n"})
        yield server


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_directory(tmp_path / "objects")


def tables(engine: Engine) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    listed = text("select table_name from information_schema.tables where table_schema = 'budmodel' order by 1")
    with engine.connect() as connection:
        names: list[str] = list(connection.execute(listed).scalars())
        return {
            name: sorted(connection.execute(text(f"select found::text from budmodel.{name} as found")).scalars())
            for name in names
        }


def objects(tmp_path: Path) -> set[str]:
    store = tmp_path / "objects"
    return {path.relative_to(store).as_posix() for path in store.rglob("*") if path.is_file()}


@pytest.fixture
def read(engine: Engine, database: str, hub: HubServer, tmp_path: Path) -> None:
    """Both models are read, scanned and copied; one is asked for, and a leaderboard links to it in its own spelling."""
    with engine.begin() as connection:
        add_request(connection, "hugging_face", GONE, "ann")
        connection.execute(
            text("""
                insert into budmodel.sources (source, title, publisher, homepage, cadence_days)
                values ('board', 'Board', 'Testers', 'https://board.example', 7);
                insert into budmodel.models (model_id, display_name, first_seen_at) values ('org/gone', 'Gone', now());
                insert into budmodel.model_aliases (source, published_name, link, hub_repository, model_id,
                    method, confidence, first_seen_at, last_seen_at)
                values ('board', 'Gone', 'https://hf.co/Org/Gone', 'Org/Gone', 'org/gone', 'test', 1, now(), now());
            """)
        )
    with dg.DagsterInstance.ephemeral() as instance:
        for name in (GONE, OTHER):
            instance.add_dynamic_partitions(str(MODELS.name), [f"hf:{name}"])
            assert run(instance, database, hub.endpoint, tmp_path, {}, f"hf:{name}", policy="all").success


@pytest.mark.usefixtures("read")
def test_everything_of_it_goes_and_nothing_else(engine: Engine, store: ObjectStore, tmp_path: Path) -> None:
    before, there = tables(engine), objects(tmp_path)
    about = {
        "scans": 4,
        "model_scans": 1,
        "model_files": 4,
        "model_licenses": 1,
        "license_documents": 1,
        "model_info": 1,
        "extraction_targets": 1,
        "extraction_requests": 1,
    }
    planned = look_at(engine, parse_target("hf:Org/Gone"))
    assert (tables(engine), objects(tmp_path)) == (before, there)
    assert planned.target == f"hf:{GONE}"
    rows = {name.removeprefix("budmodel."): count for name, count in planned.rows.items()}
    assert rows.items() >= about.items()
    assert rows.keys() - about.keys() <= {"scan_findings", "license_answers", "file_digests", "scan_results"}
    assert rows["scan_findings"] > 0

    gone = withdraw(engine, store, parse_target("hf:Org/Gone"), "ann", "its maker asked", NOW)
    assert gone == planned
    after = tables(engine)
    for name in before.keys() - {"withdrawals", "marts_inputs"}:
        removed = planned.rows.get(f"budmodel.{name}", 0)
        assert set(after[name]) <= set(before[name])
        assert len(before[name]) - len(after[name]) == removed, name
        if name not in ("model_aliases", "models"):
            assert not [row for row in after[name] if GONE in row.lower()], name
    # What a leaderboard says of it is not ours to withdraw.
    assert (after["model_aliases"], after["models"]) == (before["model_aliases"], before["models"])
    assert len([row for row in after["model_files"] if OTHER in row]) == 2
    # Its files lay in quarantine, and its terms beside; the config of the other is the same content and lies elsewhere.
    assert there - objects(tmp_path) == set(planned.objects)
    assert sorted(key.startswith("quarantine/") for key in planned.objects) == [False, True, True, True, True]
    (note,) = after["withdrawals"]
    assert "hf:org/gone,ann" in note
    assert "its maker asked" in note


@pytest.mark.usefixtures("read")
def test_no_discovery_brings_it_back_and_whoever_asks_for_it_does(engine: Engine, store: ObjectStore) -> None:
    withdraw(engine, store, parse_target(f"hf:{GONE}"), "ann", "its maker asked", NOW)
    with engine.begin() as connection:
        assert discover(connection, [], "live", NOW) == []
        assert add_targets(connection, [known_target(parse_target("hf:ORG/gone"), "tests")], NOW) == []
        lift_withdrawal(connection, "hf:Org/Gone", "bob", NOW)
        assert discover(connection, [], "live", NOW) == ["hf:Org/Gone"]
        told = connection.execute(text("select withdrawn_by, reason, lifted_by from budmodel.withdrawals")).one()
    assert tuple(told) == ("ann", "its maker asked", "bob")


@pytest.mark.usefixtures("read")
def test_the_marts_are_built_without_it(engine: Engine, store: ObjectStore) -> None:
    withdraw(engine, store, parse_target(f"hf:{GONE}"), "ann", "its maker asked", NOW)
    with engine.begin() as connection:
        assert marts_behind(connection)
        record_marts(connection, {}, None)
        connection.execute(text("update budmodel.extraction_targets set extracted_at = null"))
        assert marts_behind(connection) == frozenset()


@pytest.mark.usefixtures("read")
def test_objects_that_a_killed_command_left_are_removed_by_the_next(
    engine: Engine, store: ObjectStore, tmp_path: Path
) -> None:
    there = objects(tmp_path)
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr("budmodel_pipeline.workflows.model_withdrawal.remove_objects_left", lambda *_: 0)
        gone = withdraw(engine, store, parse_target(f"hf:{GONE}"), "ann", "its maker asked", NOW)
    assert objects(tmp_path) == there
    assert remove_objects_left(engine, store) == 1
    assert there - objects(tmp_path) == set(gone.objects)
    assert remove_objects_left(engine, store) == 0


@pytest.mark.usefixtures("read")
def test_what_a_run_works_on_is_not_withdrawn(engine: Engine, store: ObjectStore) -> None:
    with engine.begin() as connection:
        claim(connection, "a batch", f"hf:{GONE}", NOW)
    before = tables(engine)
    with pytest.raises(WithdrawalError, match="A run works on hf:org/gone"):
        withdraw(engine, store, parse_target(f"hf:{GONE}"), "ann", "its maker asked", NOW)
    assert tables(engine) == before
