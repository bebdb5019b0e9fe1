"""Models that change underneath: nothing is stored of a revision that was not looked at."""

import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.targets.url_files import UrlPolicy
from budmodel_pipeline.warehouse.model_states import add_targets, states_of
from budmodel_pipeline.workflows.file_copies import FileCopying, copy_models
from budmodel_pipeline.workflows.model_discovery import known_target
from budmodel_pipeline.workflows.model_licensing import license_models
from budmodel_pipeline.workflows.model_loop import Outcome
from budmodel_pipeline.workflows.model_reading import ModelReading, extract_models, one_batch
from budmodel_pipeline.workflows.model_scanning import Scanning, scan_models
from budmodel_scanner.engines import CLEAN, EngineResult
from tests.hub_server import HubServer

CONFIG = json.dumps({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}).encode()
# Calls os.system when it is loaded, which nothing here does.
MALWARE = b"cposix\nsystem\n(S'true'\ntR."
HARMLESS = b"(S'true is true, and that is all'\n."[: len(MALWARE) - 1].ljust(len(MALWARE) - 1, b" ") + b"."


@dataclass(frozen=True)
class Moving:
    """A model at a place, and how other content of the same size gets there."""

    target: str
    move: Callable[[], object]


@pytest.fixture(params=["directory", "archive", "file", "url"])
def moving(request: pytest.FixtureRequest, hub: HubServer, tmp_path: Path) -> Moving:
    folder = tmp_path / "model"
    folder.mkdir()
    match request.param:
        case "directory":
            (folder / "config.json").write_bytes(CONFIG)
            _write(folder / "model.pkl", HARMLESS, 1)
            return Moving(str(folder), lambda: _write(folder / "model.pkl", MALWARE, 2))
        case "archive":
            archive = tmp_path / "model.zip"
            _pack(archive, HARMLESS, 1)
            return Moving(str(archive), lambda: _pack(archive, MALWARE, 2))
        case "file":
            _write(folder / "model.pkl", HARMLESS, 1)
            return Moving(str(folder / "model.pkl"), lambda: _write(folder / "model.pkl", MALWARE, 2))
    # Longer than what is fetched at once: the rest comes when it is asked for.
    tail = b"\n" * 20_000
    hub.add("org/files", {"model.pkl": HARMLESS + tail})
    url = f"{hub.endpoint}/org/files/resolve/main/model.pkl"
    return Moving(url, lambda: hub.commit("org/files", {"model.pkl": MALWARE + tail}))


def _write(file: Path, content: bytes, moment: int) -> None:
    file.write_bytes(content)
    os.utime(file, (moment, moment))


def _pack(file: Path, content: bytes, moment: int) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", CONFIG)
        archive.writestr("model.pkl", content)
    os.utime(file, (moment, moment))


@pytest.fixture
def reading(engine: Engine, hub: HubServer, moving: Moving, tmp_path: Path) -> ModelReading:
    with engine.begin() as connection:
        add_targets(connection, [known_target(parse_target(moving.target), "tests")], datetime.now(UTC))
    urls = UrlPolicy(trusted_hosts=frozenset({hub.endpoint.removeprefix("http://")}))
    return ModelReading(engine, Providers(Hub(hub.endpoint), disk_roots=[tmp_path], urls=urls), "live", threads=2)


@dataclass(frozen=True)
class Mover:
    """An engine in whose hands the model changes."""

    move: Callable[[], object]
    name: str = "mover"
    version: str = "1"

    def examine(self, _descriptor: int, _name: str, _size: int) -> EngineResult:
        self.move()
        return EngineResult(CLEAN)


def extract(how: ModelReading, target: str) -> None:
    (outcome,) = extract_models([target], how)
    assert outcome.problem is None


def rows(engine: Engine, table: str) -> list[Mapping[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(f"select * from budmodel.{table}")).mappings()]


def refused(outcomes: Iterator[Outcome[Any]]) -> None:
    """It says that the model moved on, and that it is read again."""
    (outcome,) = outcomes
    assert outcome.failure is not None
    assert (outcome.failure.state, outcome.failure.defect) == ("changed", False)
    assert "extract it again" in outcome.failure.reason
    assert outcome.failure.retried_at is not None


def test_what_moved_since_it_was_read_is_not_scanned_copied_or_licensed_under_the_old_revision(
    engine: Engine, reading: ModelReading, moving: Moving, store: ObjectStore, tmp_path: Path
) -> None:
    extract(reading, moving.target)
    moving.move()
    refused(scan_models([moving.target], reading, Scanning()))
    refused(copy_models([moving.target], reading, FileCopying(store, tmp_path / "work", "all")))
    refused(license_models([moving.target], reading, store))
    assert [rows(engine, table) for table in ("model_scans", "model_files", "model_licenses")] == [[], [], []]
    assert list(store.list()) == []
    with engine.connect() as connection:
        (state,) = states_of(connection, [moving.target])
    assert (state.status, state.failure_state, state.attempts) == ("waiting", "changed", 3)
    # Read again it is what it is now.
    extract(reading, moving.target)
    (outcome,) = scan_models([moving.target], reading, Scanning())
    assert outcome.result is not None
    assert outcome.result.verdict == "malicious"


def test_what_moves_after_it_was_opened_is_never_taken_for_what_was_opened(
    engine: Engine, reading: ModelReading, moving: Moving, store: ObjectStore, tmp_path: Path
) -> None:
    """In a batch it stays open from reading on, so that a long time may pass."""
    with one_batch(reading) as batch:
        extract(batch, moving.target)
        moving.move()
        (scanned,) = scan_models([moving.target], batch, Scanning())
        (copied,) = copy_models([moving.target], batch, FileCopying(store, tmp_path / "work", "all"))
    # Of one verdict nothing is safe: it is not there, or an error.
    assert {row["verdict"] for row in rows(engine, "model_scans")} <= {"error"}
    assert scanned.problem is not None or (scanned.result is not None and scanned.result.verdict == "error")
    files = {file.path: file for file in copied.result or []}
    assert files["model.pkl"].outcome == "failed"
    assert "changed since it was" in str(files["model.pkl"].reason)


# A file of a URL is downloaded before it is scanned, and scanned as it was then.
@pytest.mark.parametrize("moving", ["directory", "archive", "file"], indirect=True)
def test_what_moves_while_it_is_scanned_has_no_verdict(engine: Engine, reading: ModelReading, moving: Moving) -> None:
    extract(reading, moving.target)
    refused(scan_models([moving.target], reading, Scanning(engines=[Mover(moving.move)])))
    assert rows(engine, "model_scans") == []
