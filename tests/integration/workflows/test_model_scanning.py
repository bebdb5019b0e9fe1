"""Scans of models in the pipeline: what is stored, what is not looked at twice, and what malware does not get into."""

import json
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.hub_requests import HubPolicy
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.batches import claim_due
from budmodel_pipeline.warehouse.model_records import FileRecord
from budmodel_pipeline.warehouse.model_states import add_targets, sweep_targets
from budmodel_pipeline.workflows.file_copies import FileCopying, copy_models
from budmodel_pipeline.workflows.model_discovery import discover, known_target
from budmodel_pipeline.workflows.model_reading import ModelReading, extract_models, one_batch
from budmodel_pipeline.workflows.model_scanning import Scanned, Scanning, scan_models
from budmodel_scanner.verdict import Verdict
from tests.hub_server import Failure, HubServer

CONFIG = json.dumps({"model_type": "llama", "hidden_size": 64}).encode()
# Calls os.system when it is loaded, which nothing here does.
MALWARE = b"cposix\nsystem\n(S'true'\ntR."
WEIGHTS = pickle.dumps({"weight": [0.5] * 100})


@pytest.fixture
def reading(engine: Engine, hub: HubServer) -> ModelReading:
    client = Hub(hub.endpoint, policy=HubPolicy(attempts=1, read_timeout=2.0), sleep=lambda _: None)
    return ModelReading(engine, Providers(hub=client), "live", threads=2)


def read(how: ModelReading, name: str) -> str:
    """Extracts a model; its target."""
    target = f"hf:{name}"
    with how.engine.begin() as connection:
        add_targets(connection, [known_target(parse_target(target), "tests")], datetime.now(UTC))
    assert [outcome.problem for outcome in extract_models([target], how)] == [None]
    return target


def scan(how: ModelReading, target: str, scanning: Scanning | None = None) -> Scanned:
    (outcome,) = scan_models([target], how, scanning or Scanning())
    assert outcome.result is not None, outcome.problem
    return outcome.result


def copy(how: ModelReading, target: str, copying: FileCopying) -> list[FileRecord]:
    (outcome,) = copy_models([target], how, copying)
    assert outcome.result is not None, outcome.problem
    return outcome.result


def rows(engine: Engine, query: str) -> list[Mapping[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def test_a_clean_model_is_safe_and_each_file_says_who_looked(engine: Engine, hub: HubServer, reading: ModelReading) -> None:
    hub.add("org/clean", {"config.json": CONFIG, "README.md": b"# Clean\n", "data.pkl": WEIGHTS})
    outcome = scan(reading, read(reading, "org/clean"))
    assert (outcome.verdict, len(outcome.reports), outcome.worst_files) == (Verdict.SAFE, 3, ())
    files = {row["path"]: row for row in rows(engine, "select * from budmodel.scans")}
    assert {row["verdict"] for row in files.values()} == {"safe"}
    assert files["data.pkl"]["engines"]["clamav"] == "not configured"
    (model,) = rows(engine, "select * from budmodel.model_scans")
    assert model["versions"]["rules"]


def test_an_unchanged_model_is_not_looked_at_again_and_a_changed_one_only_where_it_changed(
    engine: Engine, hub: HubServer, reading: ModelReading
) -> None:
    hub.add("org/model", {"config.json": CONFIG, "model.bin": WEIGHTS})
    target = read(reading, "org/model")
    scan(reading, target)
    hub.reset()
    assert scan(reading, target).unchanged
    assert hub.count() == 0
    hub.commit("org/model", {"config.json": CONFIG, "model.bin": WEIGHTS, "new.json": b"{}"})
    read(reading, "org/model")
    hub.reset()
    assert not scan(reading, target).unchanged
    # Its digest is in the listing, and what was said of this content is known.
    assert hub.count("model.bin") == 0
    assert {row["path"]: row["from_cache"] for row in rows(engine, "select * from budmodel.scans")}["model.bin"]


def test_other_rules_or_engines_make_a_scanned_model_due(engine: Engine, hub: HubServer, reading: ModelReading) -> None:
    hub.add("org/model", {"config.json": CONFIG})
    scan(reading, read(reading, "org/model"))
    now = datetime.now(UTC)
    with engine.begin() as connection:
        discover(connection, (), "live", now, scan_versions=Scanning().versions)
        assert claim_due(connection, "batch", now, now, 10) == []
        discover(connection, (), "live", now, scan_versions={**Scanning().versions, "rules": "newer"})
        assert claim_due(connection, "batch", now, now, 10) == ["hf:org/model"]


def test_models_that_cannot_be_read_hold_up_no_others(engine: Engine, hub: HubServer, reading: ModelReading) -> None:
    for name in ("org/gone", "org/model"):
        hub.add(name, {"config.json": CONFIG})
        scan(reading, read(reading, name))
    now, newer = datetime.now(UTC), {**Scanning().versions, "rules": "newer"}
    with engine.begin() as connection:
        connection.execute(text("update budmodel.extraction_targets set status = 'failed' where target = 'hf:org/gone'"))
        assert sweep_targets(connection, "live", newer, now, 10) == 1
        assert claim_due(connection, "batch", now, now, 10) == ["hf:org/model"]


def test_malware_is_named_and_never_published(
    engine: Engine, hub: HubServer, reading: ModelReading, store: ObjectStore, tmp_path: Path
) -> None:
    hub.add("org/bad", {"config.json": CONFIG, "model.bin": MALWARE})
    hub.add("org/good", {"config.json": CONFIG})
    bad, good = read(reading, "org/bad"), read(reading, "org/good")
    outcome = scan(reading, bad)
    assert outcome.verdict is Verdict.MALICIOUS
    assert [report.path for report in outcome.worst_files] == ["model.bin"]
    (finding,) = rows(
        engine, "select * from budmodel.scan_findings where severity = 'malicious' and engine = 'budmodel' limit 1"
    )
    assert "system" in finding["what"]
    scan(reading, good)
    copying = FileCopying(store, tmp_path / "work", "all")
    copied = copy(reading, bad, copying)
    assert {file.outcome for file in copied} == {"quarantined"}
    assert all("model.bin" in str(file.reason) for file in copied)
    assert {key.partition("/")[0] for key in store.list()} == {"quarantine"}
    # What the clean model has in common with it is published for the clean model.
    assert {file.outcome for file in copy(reading, good, copying)} == {"stored"}


def test_what_was_published_before_it_was_known_to_be_malware_is_taken_away(
    hub: HubServer, reading: ModelReading, store: ObjectStore, tmp_path: Path
) -> None:
    hub.add("org/bad", {"config.json": CONFIG, "model.bin": MALWARE})
    hub.add("org/good", {"config.json": CONFIG})
    bad, good = read(reading, "org/bad"), read(reading, "org/good")
    copying = FileCopying(store, tmp_path / "work", "all")
    copy(reading, bad, copying)
    copy(reading, good, copying)
    before = [key for key in store.list() if not key.startswith("quarantine")]
    scan(reading, bad)
    copy(reading, bad, copying)
    left = [key for key in store.list() if not key.startswith("quarantine")]
    assert len(before) == 2
    assert len(left) == 1


def test_a_hub_that_cuts_off_leaves_an_error_and_nothing_safe_that_was_not_read(
    engine: Engine, hub: HubServer, reading: ModelReading
) -> None:
    hub.add("org/cut", {"config.json": CONFIG, "model.bin": WEIGHTS * 100})
    target = read(reading, "org/cut")
    hub.fail("model.bin", Failure(200, cut_after=10))
    hub.fail("/cdn/", Failure(200, cut_after=10))
    assert scan(reading, target).verdict is Verdict.ERROR
    files = {row["path"]: row["verdict"] for row in rows(engine, "select * from budmodel.scans")}
    assert files["model.bin"] == "error"


def test_a_scan_that_ended_in_an_error_is_repeated_and_one_that_ended_well_is_not(
    engine: Engine, hub: HubServer, reading: ModelReading
) -> None:
    hub.add("org/cut", {"config.json": CONFIG, "model.bin": WEIGHTS * 100})
    target = read(reading, "org/cut")
    hub.fail("/cdn/", Failure(503, times=1))
    assert scan(reading, target).verdict is Verdict.ERROR
    again = scan(reading, target)
    assert (again.verdict, again.unchanged) == (Verdict.SAFE, False)
    assert [row["verdict"] for row in rows(engine, "select * from budmodel.model_scans")] == ["safe"]
    assert scan(reading, target).unchanged


def test_scans_and_copies_are_not_held_to_what_describing_a_model_may_move(
    engine: Engine, hub: HubServer, store: ObjectStore, tmp_path: Path
) -> None:
    hub.add("org/large", {"config.json": CONFIG, "a.bin": WEIGHTS * 100, "b.bin": WEIGHTS * 101})
    client = Hub(hub.endpoint, policy=HubPolicy(attempts=1, max_bytes=len(WEIGHTS) * 150), sleep=lambda _: None)
    reading = ModelReading(engine, Providers(hub=client), "live")
    with one_batch(reading) as batch:
        target = read(batch, "org/large")
        assert scan(batch, target).verdict is Verdict.SAFE
        assert {file.outcome for file in copy(batch, target, FileCopying(store, tmp_path / "work", "all"))} == {"stored"}


def test_a_file_beyond_the_limit_is_unscanned_and_costs_no_download(
    engine: Engine, hub: HubServer, reading: ModelReading
) -> None:
    hub.add("org/large", {"config.json": CONFIG, "model.bin": WEIGHTS * 100})
    target = read(reading, "org/large")
    hub.reset()
    assert scan(reading, target, Scanning(largest=1_000)).verdict is Verdict.UNSCANNED
    assert hub.count("model.bin") == 0
    (finding,) = rows(engine, "select * from budmodel.scan_findings where rule = 'scan.not-downloaded'")
    assert "the limit of this scan is 1,000" in finding["what"]


def test_a_model_that_cannot_be_opened_keeps_what_was_found_before(
    engine: Engine, hub: HubServer, reading: ModelReading
) -> None:
    hub.add("org/model", {"config.json": CONFIG})
    target = read(reading, "org/model")
    scan(reading, target)
    hub.commit("org/model", {"config.json": CONFIG, "more.json": b"{}"})
    read(reading, "org/model")
    hub.fail("/api/models/org/model", Failure(503))
    (outcome,) = scan_models([target], reading, Scanning())
    assert outcome.problem is not None
    assert [row["verdict"] for row in rows(engine, "select * from budmodel.model_scans")] == ["safe"]
