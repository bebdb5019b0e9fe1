"""The object store: the same tests over a directory and over a real S3-compatible server that checks signatures."""

import hashlib
import os
import socket
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Barrier

import pytest

from budmodel_pipeline.services.object_store import (
    CorruptObjectError,
    MissingObjectError,
    ObjectStore,
    ObjectStoreError,
    StoredObject,
    content_key,
    open_directory,
    open_s3,
)
from tests.s3_server import S3Server


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "directory":
        return open_directory(tmp_path / "objects of a clone")
    return connect(request.getfixturevalue("s3_server"))


@pytest.fixture
def folder() -> str:
    """Keys of this test alone: the server is shared."""
    return f"tests/{uuid.uuid4().hex}"


def connect(server: S3Server) -> ObjectStore:
    return open_s3(server.endpoint, server.bucket, server.access_key, server.secret_key)


def test_an_object_is_written_once(store: ObjectStore, folder: str) -> None:
    assert not store.exists(f"{folder}/a")
    assert store.put(f"{folder}/a", b"first") is True
    assert store.put(f"{folder}/a", b"second") is False
    assert store.exists(f"{folder}/a")
    assert store.get(f"{folder}/a") == b"first"


def test_one_of_eight_writers_wins(store: ObjectStore, folder: str) -> None:
    start = Barrier(8)

    def write(number: int) -> bool:
        start.wait()
        return store.put(f"{folder}/raced", bytes([number]) * 50_000)

    with ThreadPoolExecutor(8) as writers:
        won = list(writers.map(write, range(8)))

    assert won.count(True) == 1
    assert store.get(f"{folder}/raced") == bytes([won.index(True)]) * 50_000


@pytest.mark.parametrize("content", [b"", b"{}", os.urandom(20 * 1024 * 1024)], ids=["empty", "small", "20 MB"])
def test_content_is_kept_under_its_hash(store: ObjectStore, content: bytes) -> None:
    digest = sha256(content).hexdigest()
    expected = StoredObject(f"sha256/{digest[:2]}/{digest}", digest, len(content))

    assert store.put_content(content) == expected
    assert store.put_content(content) == expected
    assert store.get_content(digest) == content


def test_keys_are_listed_in_order_below_a_whole_path(store: ObjectStore, folder: str) -> None:
    keys = [f"{folder}/{name}" for name in ("b/2", "a", "b/10", "b.json", "ba")]
    for key in keys:
        store.put(key, b"")

    assert list(store.list(folder)) == sorted(keys)
    assert list(store.list(f"{folder}/b")) == [f"{folder}/b/10", f"{folder}/b/2"]
    assert list(store.list(f"{folder}/nothing")) == []


def test_a_listing_has_more_than_one_page(store: ObjectStore, folder: str) -> None:
    keys = [f"{folder}/{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(8) as writers:
        assert all(writers.map(store.put, keys, [b""] * len(keys)))
    assert list(store.list(folder)) == keys


def test_a_missing_object_is_named(store: ObjectStore) -> None:
    key = content_key("0" * 64)
    with pytest.raises(MissingObjectError, match=f"there is no object {key}"):
        store.get_content("0" * 64)


def test_content_that_is_not_what_its_key_says_is_refused(store: ObjectStore) -> None:
    content = uuid.uuid4().bytes
    digest = sha256(content).hexdigest()
    store.put(content_key(digest), bytes(16))
    with pytest.raises(CorruptObjectError, match=f"{content_key(digest)} is corrupt: its 16 bytes have the hash"):
        store.get_content(digest)


def test_content_cut_off_by_a_power_cut_is_replaced_when_it_is_written_again(
    store: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    content = uuid.uuid4().bytes
    digest = sha256(content).hexdigest()
    store.put(content_key(digest), b"")

    store.put_content(content)
    assert store.get_content(digest) == content
    assert "has 0 bytes instead of 16" in caplog.text


def test_a_file_cut_off_by_a_power_cut_is_replaced_when_it_is_written_again(store: ObjectStore, tmp_path: Path) -> None:
    file, content = tmp_path / "weights", uuid.uuid4().bytes
    digest = sha256(content).hexdigest()
    file.write_bytes(content)
    store.put(content_key(digest), content[:7])

    assert store.put_file(file, digest).size == len(content)
    assert store.get_content(digest) == content


@pytest.mark.parametrize("key", ["../outside", "a//b", "/a/../../b", ""])
def test_keys_do_not_leave_the_store(store: ObjectStore, key: str) -> None:
    with pytest.raises(ObjectStoreError, match="cannot write"):
        store.put(key, b"")


@pytest.mark.parametrize("digest", ["", "abc", "A" * 64, "../" * 21 + "a"])
def test_only_a_sha256_makes_a_content_key(digest: str) -> None:
    with pytest.raises(ValueError, match="64 lower-case hex digits"):
        content_key(digest)


def test_a_writer_killed_half_way_leaves_no_object(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from budmodel_pipeline.services.object_store import open_directory
store = open_directory(Path(sys.argv[1]))
content = bytes(300_000_000)
print("writing", flush=True)
store.put("big/one", content)
print("written", flush=True)
sys.stdin.read()
"""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        while not any(path.is_file() for path in tmp_path.rglob("*")):
            assert writer.poll() is None, "the writer ended early"
        writer.kill()
        finished = "written" in writer.stdout.read()

    store = open_directory(tmp_path)
    if not finished:
        assert list(store.list()) == []
        assert not store.exists("big/one")
        assert store.put("big/one", b"again") is True
    assert len(store.get("big/one")) == (300_000_000 if finished else 5)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ObjectStoreError, match=r"cannot keep objects in .*/file/objects: "):
        open_directory(tmp_path / "file" / "objects")


@pytest.mark.parametrize("field", ["access_key", "secret_key"])
def test_wrong_credentials_are_told_from_a_missing_object(s3_server: S3Server, field: str) -> None:
    stranger = connect(replace(s3_server, **{field: "wrong-and-secret"}))
    for call in (
        lambda: stranger.put("a", b""),
        lambda: stranger.get("a"),
        lambda: stranger.exists("a"),
        lambda: stranger.list("a"),
        lambda: stranger.put_content(b""),
    ):
        with pytest.raises(ObjectStoreError, match="Check the access key and the secret key") as caught:
            call()
        assert f"bucket budmodel at {s3_server.endpoint}: cannot " in str(caught.value)
        for secret in ("wrong-and-secret", s3_server.secret_key):
            assert secret not in str(caught.value)
            assert secret not in repr(stranger)


def test_a_missing_bucket_is_named_with_what_to_do(s3_server: S3Server) -> None:
    nowhere = connect(replace(s3_server, bucket="not-made"))
    for call in (
        lambda: nowhere.put("a", b""),
        lambda: nowhere.get("a"),
        lambda: nowhere.exists("a"),
        lambda: nowhere.list(),
    ):
        with pytest.raises(ObjectStoreError, match=r"bucket not-made at .*NoSuchBucket.*Make the bucket first") as caught:
            call()
        assert not isinstance(caught.value, MissingObjectError)


def test_an_unreachable_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("budmodel_pipeline.services.object_store.RETRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    store = open_s3(endpoint, "budmodel", "key", "very-secret")
    with pytest.raises(ObjectStoreError, match=f"bucket budmodel at {endpoint}: cannot write a: .*Is the server running"):
        store.put("a", b"")


def test_an_endpoint_needs_a_scheme() -> None:
    with pytest.raises(ObjectStoreError, match=r"must begin with http:// or https://; found '127\.0\.0\.1:9000'"):
        open_s3("127.0.0.1:9000", "budmodel", "key", "secret")


def test_credentials_of_the_environment_do_not_get_in_the_way(
    s3_server: S3Server, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of another account")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert connect(s3_server).put(f"{folder}/a", b"") is True


def test_objects_are_not_for_everybody_and_malware_is_for_its_owner(tmp_path: Path) -> None:
    (tmp_path / "objects" / "older").mkdir(parents=True, mode=0o777)
    (tmp_path / "objects").chmod(0o777)
    store = open_directory(tmp_path / "objects")
    file = tmp_path / "file"
    file.write_bytes(b"of a file")
    file.chmod(0o666)
    ordinary = [store.put_content(b"content").key, store.put_file(file, hashlib.sha256(b"of a file").hexdigest()).key]
    caught = [store.quarantine.put_content(b"malware").key]

    def mode(key: str) -> int:
        return (tmp_path / "objects" / key).stat().st_mode & 0o777

    assert {mode(key) for key in ordinary} == {0o640}
    assert {mode(key) for key in caught} == {0o600}
    assert (mode(""), mode("quarantine")) == (0o750, 0o700)
    assert list(store.list()) == sorted([*ordinary, *caught])
