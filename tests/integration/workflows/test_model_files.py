"""Copying model files from a hub on loopback into a directory and into a real S3-compatible server."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from budmodel_pipeline.model_info.repository import Repository
from budmodel_pipeline.services.object_store import ObjectStore, content_key, open_directory, open_s3
from budmodel_pipeline.targets.disk import open_disk
from budmodel_pipeline.targets.hub import Hub, HubModel
from budmodel_pipeline.targets.hub_requests import HubPolicy
from budmodel_pipeline.workflows.file_copies import Bandwidth, CopiedFile, CopyLimits, Progress, copy_files
from tests.hub_server import Content, Failure, HubServer, Sparse, hub_server
from tests.s3_server import S3Server

POLICY = HubPolicy(attempts=1, max_bytes=10**12)
LIMITS = CopyLimits(spare_disk=0, piece=100_000)


def weights(seed: int, size: int = 450_000) -> bytes:
    return random.Random(seed).randbytes(size)


FILES: dict[str, Content] = {
    "config.json": b'{"model_type": "llama"}',
    "README.md": b"# A model\n",
    "LICENSE": b"MIT\n",
    "empty.txt": b"",
    "tokenizer.json": b'{"version": "1.0"}' * 100,
    "model.safetensors": weights(1),
}


@pytest.fixture
def server() -> Iterator[HubServer]:
    with hub_server() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_directory(tmp_path / "objects")


def open_model(server: HubServer, repo_id: str = "org/model") -> HubModel:
    return Hub(server.endpoint, policy=POLICY).open(repo_id)


class Copier:
    """Copies with small pieces into one working directory."""

    def __init__(self, store: ObjectStore, work: Path) -> None:
        self.store = store
        self.work = work

    def copy(self, model: HubModel | Repository, policy: Any = "all", **options: Any) -> dict[str, CopiedFile]:
        repository = model.repository if isinstance(model, HubModel) else model
        origin = f"hf:{model.repo_id}@{model.revision}" if isinstance(model, HubModel) else "disk"
        options = {"limits": LIMITS} | options
        copied = copy_files(repository, self.store, self.work, origin=origin, policy=policy, **options)
        return {one.path: one for one in copied}


@pytest.fixture
def copier(store: ObjectStore, tmp_path: Path) -> Copier:
    return Copier(store, tmp_path / "work")


def outcomes(copied: dict[str, CopiedFile]) -> dict[str, str]:
    return {path: one.outcome for path, one in copied.items()}


@pytest.mark.parametrize("kind", ["directory", "s3"])
def test_all_files_are_stored_under_their_hashes(
    server: HubServer, request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    if kind == "s3":
        s3: S3Server = request.getfixturevalue("s3_server")
        store = open_s3(s3.endpoint, s3.bucket, s3.access_key, s3.secret_key)
    else:
        store = open_directory(tmp_path / "objects")
    # More than one part of a multipart upload.
    large = weights(2, 20_000_000) if kind == "s3" else weights(2)
    files = FILES | {"large.bin": large}
    server.add("org/model", files)
    copier = Copier(store, tmp_path / "work")

    copied = copier.copy(open_model(server), limits=replace(LIMITS, piece=4_000_000))

    # The server is shared: what another test has stored in it is there.
    assert set(outcomes(copied).values()) <= ({"stored", "present"} if kind == "s3" else {"stored"})
    for path, content in files.items():
        assert isinstance(content, bytes)
        one = copied[path]
        digest = sha256(content).hexdigest()
        assert (one.sha256, one.key, one.size, one.moved) == (digest, content_key(digest), len(content), len(content))
        assert store.get_content(digest) == content
    assert list(copier.work.glob("*.part")) == []
    again = copier.copy(open_model(server))
    assert set(outcomes(again).values()) == {"present"}


@pytest.mark.parametrize(
    ("policy", "stored"),
    [
        ("none", set()),
        ("metadata", {"config.json", "README.md", "LICENSE", "empty.txt", "tokenizer.json"}),
        ("all", set(FILES)),
    ],
)
def test_the_policy_selects(server: HubServer, copier: Copier, policy: str, stored: set[str]) -> None:
    server.add("org/model", FILES)
    copied = copier.copy(open_model(server), policy)
    assert set(copied) == set(FILES)
    assert {path for path, one in copied.items() if one.outcome == "stored"} == stored
    for path in set(FILES) - stored:
        assert (copied[path].outcome, copied[path].reason, copied[path].moved) == (
            "left_out",
            f"the policy is {policy!r}",
            0,
        )
    assert server.count("GET /cdn/") == len(stored & {"tokenizer.json", "model.safetensors"}) * 1 + 4 * (policy == "all")


def test_shared_content_moves_once(server: HubServer, copier: Copier) -> None:
    server.add("org/one", {"model.safetensors": weights(1), "a.json": b"{}"})
    server.add("org/two", {"copy/weights.bin": weights(1), "again.bin": weights(1), "b.json": b"{}"})
    copier.copy(open_model(server, "org/one"))
    server.reset()
    copied = copier.copy(open_model(server, "org/two"))
    assert set(outcomes(copied).values()) == {"present"}
    assert server.count("/cdn/") == 0
    assert len({one.key for one in copied.values()}) == 2


def test_two_runs_at_once_move_shared_content_once(server: HubServer, store: ObjectStore, tmp_path: Path) -> None:
    server.add("org/one", {"model.safetensors": weights(1)})
    server.add("org/two", {"weights.bin": weights(1)})
    models = [open_model(server, "org/one"), open_model(server, "org/two")]
    server.reset()
    with ThreadPoolExecutor(2) as runs:
        copied = list(runs.map(lambda model: Copier(store, tmp_path / "work").copy(model), models))
    assert sorted(outcome for one in copied for outcome in outcomes(one).values()) == ["present", "stored"]
    assert server.bytes_sent < 2 * 450_000


def test_a_broken_copy_is_continued(server: HubServer, copier: Copier) -> None:
    server.add("org/model", {"model.safetensors": weights(1), "z.bin": weights(2, 500_000), "config.json": b"{}"})
    # The third piece of the first weights is cut off, and so is everything after it.
    server.fail("/cdn/", Failure(cut_after=10**9, times=2))
    server.fail("/cdn/", Failure(cut_after=50_000, times=1))
    copied = copier.copy(open_model(server))
    assert outcomes(copied) == {"config.json": "stored", "model.safetensors": "failed", "z.bin": "failed"}
    broken = copied["model.safetensors"]
    assert (broken.transient, broken.moved, broken.key) == (True, 200_000, None)
    assert "not tried after" in copied["z.bin"].reason
    assert [part.stat().st_size for part in copier.work.glob("*.part")] == [200_000]

    server.reset()
    copied = copier.copy(open_model(server))
    assert outcomes(copied) == {"config.json": "present", "model.safetensors": "stored", "z.bin": "stored"}
    assert copied["model.safetensors"].moved == 250_000
    assert copier.store.get_content(sha256(weights(1)).hexdigest()) == weights(1)


def test_a_killed_copy_is_continued(server: HubServer, copier: Copier, tmp_path: Path) -> None:
    server.add("org/model", {"model.safetensors": weights(1)})
    program = f"""
import os, signal
from pathlib import Path
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.workflows.file_copies import CopyLimits, copy_files
from budmodel_pipeline.services.object_store import open_directory

def stop(progress):
    if progress.done >= 300_000:
        os.kill(os.getpid(), signal.SIGKILL)

model = Hub({server.endpoint!r}).open("org/model")
store = open_directory(Path({str(tmp_path / "objects")!r}))
copy_files(model.repository, store, Path({str(copier.work)!r}), origin="x", policy="all",
           limits=CopyLimits(spare_disk=0, piece=100_000), on_progress=stop)
"""
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not copier.store.exists(content_key(sha256(weights(1)).hexdigest()))
    copied = copier.copy(open_model(server))["model.safetensors"]
    assert (copied.outcome, copied.moved) == ("stored", 150_000)
    assert copier.store.get_content(copied.sha256 or "") == weights(1)


def test_content_of_another_hash_is_not_kept(server: HubServer, copier: Copier) -> None:
    server.add("org/model", {"model.safetensors": weights(1, 50_000)})
    model = open_model(server)
    server.fail("/cdn/", Failure(200, body=weights(2, 50_000), times=1))
    copied = copier.copy(model)["model.safetensors"]
    assert (copied.outcome, copied.transient, copied.key) == ("failed", True, None)
    assert f"where {sha256(weights(1, 50_000)).hexdigest()} was promised" in copied.reason
    assert list(copier.store.list()) == []
    assert list(copier.work.glob("*.part")) == []
    assert copier.copy(model)["model.safetensors"].outcome == "stored"


def test_what_was_collected_and_is_corrupt_is_collected_anew(server: HubServer, copier: Copier) -> None:
    server.add("org/model", {"model.safetensors": weights(1)})
    copier.work.mkdir()
    part = copier.work / f"{sha256(weights(1)).hexdigest()}.part"
    for wrong in (bytes(1000), bytes(1_000_000)):
        part.write_bytes(wrong)
        for _ in range(2):
            copied = copier.copy(open_model(server))["model.safetensors"]
        assert copied.outcome in ("stored", "present")
        assert copier.store.get_content(copied.sha256 or "") == weights(1)


def test_permanent_refusals_are_of_each_file(server: HubServer, copier: Copier) -> None:
    server.add("org/model", FILES, access="gated")
    copied = copier.copy(open_model(server))
    assert {(one.outcome, one.transient) for path, one in copied.items() if path != "empty.txt"} == {("failed", False)}
    assert "the owner decides who may read this model" in copied["config.json"].reason


def test_limits_are_kept_before_anything_moves(server: HubServer, copier: Copier) -> None:
    server.add("org/model", {"model.safetensors": Sparse(b"", 10**15), "config.json": Sparse(b"{", 50_000_000)})
    model = open_model(server)
    server.reset()
    copied = copier.copy(model, limits=replace(LIMITS, max_bytes=10**12))
    assert set(outcomes(copied).values()) == {"failed"}
    assert "1,000,000,000,000 are allowed for a model" in copied["config.json"].reason
    copied = copier.copy(model, "metadata", limits=replace(LIMITS, max_metadata_bytes=40_000_000))
    assert set(outcomes(copied).values()) == {"left_out"}
    assert "more than 40,000,000" in copied["config.json"].reason
    copied = copier.copy(model, limits=replace(LIMITS, max_bytes=10**16, spare_disk=10**15))
    assert (copied["config.json"].outcome, copied["config.json"].transient) == ("failed", True)
    assert "more bytes do not fit" in copied["config.json"].reason
    assert server.count() == 0


def test_progress_is_told_by_pieces(server: HubServer, copier: Copier) -> None:
    server.add("org/model", {"model.safetensors": weights(1), "config.json": b"{}"})
    told: list[Progress] = []
    copier.copy(open_model(server), on_progress=told.append)
    assert [(one.path, one.done) for one in told] == [
        ("config.json", 2),
        *(("model.safetensors", done) for done in (100_000, 200_000, 300_000, 400_000, 450_000)),
    ]
    assert {one.planned for one in told} == {450_002}
    assert told[-1].moved == 450_002


def test_bandwidth_is_bounded(server: HubServer, copier: Copier) -> None:
    server.add("org/model", {"model.safetensors": weights(1)})
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    copier.copy(open_model(server), bandwidth=Bandwidth(45_000, clock=lambda: now, sleep=sleep))
    assert now == pytest.approx(10)


def test_files_on_disk_are_copied_the_same_way(copier: Copier, tmp_path: Path) -> None:
    source = tmp_path / "model"
    source.mkdir()
    (source / "model.safetensors").write_bytes(weights(1))
    digest = sha256(b"elsewhere").hexdigest()
    (source / "lfs.bin").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 3000000\n")
    copied = copier.copy(open_disk(source).repository)
    assert outcomes(copied) == {"model.safetensors": "stored", "lfs.bin": "failed"}
    assert copied["model.safetensors"].sha256 == sha256(weights(1)).hexdigest()
    assert "a Git LFS pointer lies here" in copied["lfs.bin"].reason


def test_abandoned_parts_are_swept(copier: Copier, server: HubServer) -> None:
    server.add("org/model", {"config.json": b"{}"})
    copier.work.mkdir()
    old, young = copier.work / "a.part", copier.work / "b.part"
    for part in (old, young):
        part.write_bytes(b"x")
    os.utime(old, (0, 0))
    copier.copy(open_model(server))
    assert (old.exists(), young.exists()) == (False, True)
