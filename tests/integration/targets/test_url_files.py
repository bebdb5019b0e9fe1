"""Models at URLs, over loopback: archives, single weight files, and addresses that must not be asked."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from budmodel_pipeline.fetching.http import HttpPolicy
from budmodel_pipeline.targets.archive_streams import compression_of
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError, State
from budmodel_pipeline.targets.url_files import UrlModel, UrlPolicy, open_url
from tests.hostile_server import HostileServer, Reply, hostile_server
from tests.hub_server import HubServer, Sparse, hub_server

FILES = {"model-1.0/config.json": b'{"model_type": "llama"}', "model-1.0/model.safetensors": bytes(range(256)) * 50}
HEADER = b'{"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}'.ljust(20_000)
WEIGHTS = Sparse(struct.pack("<Q", len(HEADER)) + HEADER, 40_000_000_000)
SECRET = "s3cret"


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as server:
        yield server


@pytest.fixture
def files() -> Iterator[HubServer]:
    """A server that knows ranges."""
    with hub_server() as server:
        yield server


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


def policy_for(server: HostileServer | HubServer, **options: Any) -> UrlPolicy:
    port = server.server_address[1]
    http = HttpPolicy(total_timeout=60, attempts=2, backoff=0.001, longest_wait=1)
    trusted = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    return replace(UrlPolicy(http=http, trusted_hosts=trusted), **options)


def refusal(url: str, work: Path, policy: UrlPolicy) -> ProviderError:
    with pytest.raises(ProviderError) as refused:
        open_url(url, work, policy)
    assert SECRET not in str(refused.value)
    assert not work.exists() or list(work.iterdir()) == []
    return refused.value


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def zipped(names: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content", [gzip.compress(tar_of(FILES)), zipped(FILES), tar_of(FILES)], ids=["tar.gz", "zip", "tar"]
)
def test_an_archive_is_downloaded_and_read_in_place(server: HostileServer, work: Path, content: bytes) -> None:
    server.on(f"/download?token={SECRET}", Reply(body=content))
    model = open_url(server.url(f"/download?token={SECRET}"), work, policy_for(server))
    assert model.url == server.url("/download?token=***")
    assert model.revision == f"sha256:{sha256(content).hexdigest()}"
    assert {path: model.repository.read(path) for path in model.repository.files} == {
        name.removeprefix("model-1.0/"): content for name, content in FILES.items()
    }
    assert [model.archive] == list(work.iterdir())


def open_weights(files: HubServer, work: Path, **options: Any) -> UrlModel:
    files.add("org/model", {"model.safetensors": WEIGHTS})
    url = f"{files.endpoint}/org/model/resolve/main/model.safetensors?download=true"
    return open_url(url, work, policy_for(files, **options))


def test_of_a_weight_file_only_the_parts_asked_for_move(files: HubServer, work: Path) -> None:
    repository = open_weights(files, work).repository
    assert {path: listed.size for path, listed in repository.files.items()} == {"model.safetensors": 40_000_000_000}
    (length,) = struct.unpack("<Q", repository.read("model.safetensors", 0, 8))
    assert repository.read("model.safetensors", 8, length) == HEADER
    assert repository.read("model.safetensors", 40_000_000_000 - 3, 10) == bytes(3)
    assert repository.read("model.safetensors", 40_000_000_000) == b""
    assert files.bytes_sent < 40_000
    assert not work.exists()


def test_a_weight_file_that_changes_is_not_mixed(files: HubServer, work: Path) -> None:
    repository = open_weights(files, work).repository
    files.add("org/model", {"model.safetensors": Sparse(b"other", 40_000_000_001)})
    with pytest.raises(FileUnavailableError) as failed:
        repository.read("model.safetensors", 8, len(HEADER))
    assert (failed.value.failure.state, failed.value.transient) == ("changed", True)


def test_reading_a_weight_file_whole_is_refused(files: HubServer, work: Path) -> None:
    repository = open_weights(files, work).repository
    with pytest.raises(FileUnavailableError) as failed:
        repository.read("model.safetensors")
    assert failed.value.failure.state == "too_large"
    assert files.bytes_sent < 20_000


def test_a_server_without_ranges_gives_the_beginning(server: HostileServer, work: Path) -> None:
    server.on("/model.gguf", Reply(body=b"GGUF" + bytes(5_000_000)))
    repository = open_url(server.url("/model.gguf"), work, policy_for(server)).repository
    assert repository.read("model.gguf", 0, 4) == b"GGUF"
    with pytest.raises(FileUnavailableError) as failed:
        repository.read("model.gguf", 100_000, 4)
    assert failed.value.failure.state == "unsupported"
    assert "download the file and read it from disk" in str(failed.value)


@pytest.mark.parametrize(
    ("reply", "state", "permanent"),
    [
        (Reply(401), "unauthorized", True),
        (Reply(403), "forbidden", True),
        (Reply(404), "not_found", True),
        (Reply(429, {"Retry-After": "600"}), "rate_limited", False),
        (Reply(500), "unavailable", False),
        (Reply(504), "timeout", False),
        (Reply(hang_up=True), "unavailable", False),
        (Reply(body=b""), "invalid", True),
        (Reply(body=b" \n" * 100), "invalid", True),
        (Reply(body=b"<!doctype html><title>Model page</title>"), "invalid", True),
        (Reply(206, {"Content-Range": "bytes 500-600/1000"}, b"x" * 100), "unavailable", False),
        (Reply(302, {"Location": "file:///etc/passwd"}), "unsafe", True),
    ],
)
def test_failures_have_a_state(server: HostileServer, work: Path, reply: Reply, state: State, permanent: bool) -> None:
    server.on(f"/model.zip?token={SECRET}", reply)
    error = refusal(server.url(f"/model.zip?token={SECRET}"), work, policy_for(server))
    assert (error.state, error.permanent) == (state, permanent)
    assert error.retry_after == (600 if reply.status == 429 else None)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_private_addresses_are_not_asked(server: HostileServer, work: Path, host: str) -> None:
    server.on("/model.zip", Reply(body=zipped(FILES)))
    error = refusal(server.url("/model.zip", host), work, policy_for(server, trusted_hosts=frozenset()))
    assert (error.state, error.permanent) == ("unsafe", True)
    assert server.received == []


def test_redirects_to_private_addresses_are_not_followed(server: HostileServer, work: Path) -> None:
    server.on("/model.zip", Reply(302, {"Location": server.url("/inner.zip", "localhost")}))
    server.on("/inner.zip", Reply(body=zipped(FILES)))
    error = refusal(server.url("/model.zip"), work, policy_for(server, trusted_hosts=frozenset({server.host()})))
    assert error.state == "unsafe"
    assert server.count("/inner.zip") == 0
    # A trusted host may be redirected to: the redirect itself is no reason to refuse.
    assert open_url(server.url("/model.zip"), work, policy_for(server)).repository.files


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/model.zip", "no url", "http://"])
def test_other_urls(work: Path, url: str) -> None:
    error = refusal(url, work, UrlPolicy())
    assert (error.state, error.permanent) == ("invalid", True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zipped({"../escape": b"x"}), "leads out of the archive"),
        (zipped(FILES)[:-30], "not a readable archive"),
        (gzip.compress(tar_of({"weights": bytes(100_000_000)})), "a bomb"),
    ],
    ids=["traversal", "cut off", "bomb"],
)
def test_hostile_archives_are_refused_and_removed(server: HostileServer, work: Path, content: bytes, reason: str) -> None:
    assert content.startswith(b"PK") or compression_of(content)
    server.on("/model", Reply(body=content))
    error = refusal(server.url("/model"), work, policy_for(server))
    assert error.target == server.url("/model")
    assert reason in error.reason


def test_a_large_archive_is_not_downloaded(files: HubServer, work: Path) -> None:
    files.add("org/model", {"model.bin": Sparse(b"PK\x03\x04", 10**12)})
    url = f"{files.endpoint}/org/model/resolve/main/model.bin"
    error = refusal(url, work, policy_for(files))
    assert (error.state, error.permanent) == ("too_large", True)
    assert files.bytes_sent < 20_000


def test_a_large_archive_of_unknown_size_is_stopped(server: HostileServer, work: Path) -> None:
    server.on("/model", Reply(body=zipped({"a": bytes(3_000_000)}), chunked=True))
    error = refusal(server.url("/model"), work, policy_for(server, max_archive_bytes=1_000_000))
    assert error.state == "too_large"


def test_a_cut_off_download_is_tried_again_from_its_beginning(server: HostileServer, work: Path) -> None:
    content = zipped(FILES)
    head = Reply(body=content)
    server.on("/model", head, Reply(body=content[:9_000], announced=len(content)), head)
    assert len(open_url(server.url("/model"), work, policy_for(server)).repository.files) == 2
