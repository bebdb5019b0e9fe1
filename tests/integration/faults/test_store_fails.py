"""The object store answers with errors, slowly, not at all, or is full: what was published stays until it can be renewed."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from budmodel_pipeline.fetching.mirror import mirror_url
from budmodel_pipeline.model_info.catalogs import LLM_STATS_URL, MODELS_DEV_URL
from budmodel_pipeline.services import object_store
from budmodel_pipeline.services.object_store import ObjectStore, ObjectStoreError, open_directory, open_s3
from budmodel_pipeline.targets.disk import open_disk
from budmodel_pipeline.workflows.file_copies import CopyLimits, copy_files
from budmodel_pipeline.workflows.remembered_catalogs import catalogs
from tests.board import SECOND, Board, board
from tests.failing_store import FailingStore, Fault, failing_store
from tests.hostile_server import Reply, hostile_server
from tests.integration.faults.conftest import disk
from tests.s3_server import S3Server, running_s3

pytestmark = pytest.mark.timeout(240)
BYTES_OF_A_PART = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def own_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A store of this module's own: what others put there would be found."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def proxy(own_s3: S3Server) -> Iterator[FailingStore]:
    with failing_store(own_s3) as proxy:
        yield proxy


@pytest.fixture
def store(own_s3: S3Server, proxy: FailingStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The store as it is reached through the proxy. It waits for a second where in earnest it waits for two minutes."""
    monkeypatch.setattr(object_store, "REQUEST_TIMEOUT", timedelta(seconds=1))
    return open_s3(proxy.endpoint, own_s3.bucket, own_s3.access_key, own_s3.secret_key)


@pytest.fixture
def made(database: str, store: ObjectStore) -> Iterator[Board]:
    with board(database, store) as made:
        # An earlier test may have left it in the store.
        store.remove(sha256(SECOND).hexdigest())
        yield made


@pytest.mark.parametrize(
    "fault",
    [
        Fault(500, times=2),
        Fault(503, "SlowDown", times=2),
        # It did what it was asked and could not say so; the next attempt finds the object there.
        Fault(500, times=1, done=True),
        Fault(seconds=0.3),
    ],
    ids=["errors that pass", "asked to slow down", "an answer that is lost", "slow"],
)
def test_what_passes_is_no_failure(made: Board, proxy: FailingStore, expected: dict[str, list[str]], fault: Fault) -> None:
    proxy.fail("PUT", fault)
    made.extract(SECOND)
    assert [one for one in proxy.asked if one.startswith("PUT")]
    proxy.recover()
    assert made.held() == expected
    assert made.error() is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(500), "InternalError|500"),
        (Fault(507, "InsufficientStorage"), "InsufficientStorage|507"),
        (Fault(seconds=600), "cannot"),
        (Fault(dies=True), "MINIO_ENDPOINT"),
    ],
    ids=["errors", "full", "no answer", "gone"],
)
@pytest.mark.parametrize("when", ["while bytes are stored", "while they are read again"])
def test_what_lasts_is_said_and_what_was_published_stays(
    made: Board, proxy: FailingStore, expected: dict[str, list[str]], fault: Fault, words: str, when: str
) -> None:
    first = made.held()
    made.serves(Reply(body=SECOND))
    if when == "while bytes are stored":
        proxy.fail("", fault)
        with pytest.raises(ObjectStoreError, match=words):
            made.take()
    else:
        made.take()
        proxy.fail("GET", fault)
        with pytest.raises(ObjectStoreError, match=words):
            made.publish()
    # An answer to HEAD has no body that could say more than a number.
    assert re.search(words, str(made.error()))
    assert made.held()["scores"] == first["scores"]
    proxy.recover()
    made.extract(SECOND)
    assert made.held() == expected


def test_a_tick_waits_for_no_store(store: ObjectStore, proxy: FailingStore) -> None:
    proxy.fail("", Fault(seconds=600))
    with hostile_server() as site:
        for url, content in (
            (MODELS_DEV_URL, b'{"openai": {"models": {"gpt-x": {"id": "gpt-x"}}}}'),
            (LLM_STATS_URL, b'[{"model_id": "gpt-y", "organization": "openai"}]'),
        ):
            site.on(mirror_url("", url), Reply(body=content))
        found = catalogs("mirror", site.url(""), store, 60.0)
    # The store has a second here; without it today's answer is as good.
    assert [record.name for record in found.records] == ["gpt-x", "gpt-y"]


@pytest.mark.parametrize("number", [1, 2])
def test_it_dies_in_a_multipart_upload(
    store: ObjectStore, proxy: FailingStore, own_s3: S3Server, tmp_path: Path, number: int
) -> None:
    model, content = tmp_path / "model", os.urandom(3 * BYTES_OF_A_PART)
    model.mkdir()
    (model / "model.safetensors").write_bytes(content)
    repository = open_disk(model).repository
    work, limits = tmp_path / "work", CopyLimits(spare_disk=0, piece=BYTES_OF_A_PART)
    proxy.fail(f"partNumber={number}&", Fault(dies=True))
    with pytest.raises(ObjectStoreError, match="cannot"):
        copy_files(repository, store, work, origin="disk", policy="all", limits=limits)
    direct = open_s3(own_s3.endpoint, own_s3.bucket, own_s3.access_key, own_s3.secret_key)
    # Nobody sees a part of it, and what was collected is there for the next run.
    assert direct.content_size(sha256(content).hexdigest()) is None
    assert [part.stat().st_size for part in work.glob("*.part")] == [len(content)]
    proxy.recover()
    (copied,) = copy_files(repository, store, work, origin="disk", policy="all", limits=limits)
    assert (copied.outcome, copied.moved) == ("stored", 0)
    assert direct.get_content(sha256(content).hexdigest()) == content
    assert list(work.glob("*.part")) == []


@pytest.mark.usefixtures("root_alone")
def test_the_disk_under_a_directory_is_full(database: str, tmp_path: Path, expected: dict[str, list[str]]) -> None:
    """A real file system without a free block."""
    with disk(tmp_path / "disk", 8) as small:
        store = open_directory(small.folder / "objects")
        with board(database, store) as made:
            first, there = made.held(), files(small.folder / "objects")
            small.fill()
            with pytest.raises(ObjectStoreError, match="No space left on device"):
                made.extract(SECOND)
            assert made.held()["scores"] == first["scores"]
            assert "No space left on device" in str(made.error())
            # No part of an object, under whatever name: nobody would ever remove it.
            assert files(small.folder / "objects") == there
            small.free()
            made.extract(SECOND)
            assert made.held() == expected


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}
