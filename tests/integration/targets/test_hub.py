"""The hub provider and the real client library against a hub on loopback that speaks its protocol and fails in its ways."""

import json
import os
import struct
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from budmodel_pipeline.model_info.inspect import inspect_files
from budmodel_pipeline.model_info.repository import Repository
from budmodel_pipeline.model_info.safetensors import Tensor, read_header
from budmodel_pipeline.targets.hub import Hub, HubModel
from budmodel_pipeline.targets.hub_requests import HubPolicy
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError, State
from tests.hub_server import Content, Failure, HubServer, Sparse, digest_of, hub_server

POLICY = HubPolicy(connect_timeout=10, read_timeout=20, total_timeout=60, attempts=3, backoff=1, longest_wait=8)
TOKEN = "hf_s3cret"
CONFIG = b'{"model_type": "llama", "num_hidden_layers": 2}'
CARD = b"---\nlicense: mit\n---\n# A model\n"


@pytest.fixture
def server() -> Iterator[HubServer]:
    with hub_server() as server:
        yield server


class Client:
    """A hub without waiting; `waits` and `notes` tell what it would have waited and said."""

    def __init__(self, server: HubServer) -> None:
        self.waits: list[float] = []
        self.notes: list[str] = []
        self.hub = Hub(server.endpoint, policy=POLICY, sleep=self.waits.append, on_retry=self.notes.append)

    def open(self, repo_id: str = "org/model", revision: str | None = None, **options: Any) -> HubModel:
        return replace(self.hub, **options).open(repo_id, revision)

    def fail(self, repo_id: str = "org/model", revision: str | None = None, **options: Any) -> ProviderError:
        with pytest.raises(ProviderError) as failed:
            self.open(repo_id, revision, **options)
        assert TOKEN not in "".join(traceback.format_exception(failed.value)) + "".join(self.notes)
        return failed.value

    def fail_to_read(self, model: HubModel, path: str, offset: int = 0, length: int | None = None) -> FileUnavailableError:
        with pytest.raises(FileUnavailableError) as failed:
            model.repository.read(path, offset, length)
        assert failed.value.path == path
        assert failed.value.transient is not failed.value.failure.permanent
        return failed.value


@pytest.fixture
def client(server: HubServer) -> Client:
    return Client(server)


def safetensors(tensors: int, size: int, name: str = "model.layers.{}.self_attn.q_proj.weight") -> Sparse:
    """A weight file of `size` bytes: a true header and no weights."""
    names = [name.format(number) for number in range(tensors)]

    def header(data: int) -> bytes:
        ends = [data * number // tensors for number in range(tensors + 1)]
        entries = {
            one: {"dtype": "F8_E4M3", "shape": [end - start], "data_offsets": [start, end]}
            for one, start, end in zip(names, ends, ends[1:], strict=False)
        }
        return json.dumps(entries, separators=(",", ":")).encode()

    length = len(header(size))
    return Sparse(struct.pack("<Q", length) + header(size - 8 - length).ljust(length), size)


def header_of(repository: Repository, path: str) -> list[Tensor]:
    return read_header(lambda offset, length: repository.read(path, offset, length), repository.files[path].size, path)


def test_a_model_is_its_record_and_its_files_at_one_commit(server: HubServer, client: Client) -> None:
    weights = safetensors(3, 5_000_000_000)
    files: dict[str, Content] = {"config.json": CONFIG, "README.md": CARD, "model.safetensors": weights}
    files["onnx/deep/a b+c#1.json"] = b"[]"
    sha = server.add("org/model", files, {"pipeline_tag": "text-generation", "cardData": {"license": "mit"}})

    model = client.open()

    assert (model.repo_id, model.revision, model.renamed, model.gated) == ("org/model", sha, False, False)
    assert model.info["pipeline_tag"] == "text-generation"
    assert model.info["cardData"] == {"license": "mit"}
    assert "siblings" not in model.info
    listed = model.repository.files
    assert set(listed) == set(files)
    assert (listed["model.safetensors"].size, listed["model.safetensors"].sha256) == (5_000_000_000, weights.digest)
    assert (listed["config.json"].size, listed["config.json"].sha256) == (len(CONFIG), None)
    assert model.repository.read("config.json") == CONFIG
    assert model.repository.read("onnx/deep/a b+c#1.json") == b"[]"
    assert len(header_of(model.repository, "model.safetensors")) == 3


def test_reads_stay_at_the_commit_that_was_opened(server: HubServer, client: Client) -> None:
    old = server.add("org/model", {"config.json": CONFIG})
    model = client.open()
    new = server.commit("org/model", {"config.json": b"{}", "more.json": b"[]"})

    assert model.repository.read("config.json") == CONFIG
    assert set(model.repository.files) == {"config.json"}
    assert client.hub.current_revision("org/model") == new != old
    assert client.open(revision=old).repository.read("config.json") == CONFIG
    assert client.open(revision="main").revision == new


def test_a_server_that_gives_another_commit_is_not_believed(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG})
    model = client.open()
    server.fail("/resolve/", Failure(200, {"X-Repo-Commit": "f" * 40}, CONFIG))
    assert client.fail_to_read(model, "config.json").failure.state == "changed"


# 140 GB in 30 shards, with the tensors and the tokenizer of a 70 B model.
def large_model() -> dict[str, Content]:
    shards: dict[str, Content] = {
        f"model-{number:05}-of-00030.safetensors": safetensors(24, 4_700_000_000, f"model.layers.{number}.{{}}.mlp.weight")
        for number in range(30)
    }
    names = {
        f"model.layers.{number}.{part}.self_attn.weight": shard for number, shard in enumerate(shards) for part in range(24)
    }
    return shards | {
        "config.json": CONFIG.ljust(900),
        "README.md": CARD.ljust(40_000),
        "tokenizer.json": Sparse(b"{", 9_085_657),
        "tokenizer_config.json": b"{}".ljust(55_000),
        "model.safetensors.index.json": json.dumps({"metadata": {}, "weight_map": names}).encode(),
    }


def test_metadata_of_140_gb_move_about_a_megabyte(server: HubServer, client: Client) -> None:
    files = large_model()
    assert sum(map(len, files.values())) > 140e9
    server.add("org/model", files)

    model = client.open()
    described = inspect_files(model.repository)

    assert described.weights.value is not None
    assert len(described.weights.value.tensors or ()) == 30 * 24
    card_and_tokenizer = len(files["README.md"]) + len(files["tokenizer_config.json"])
    assert server.bytes_sent - card_and_tokenizer <= 1_000_000
    # Record, listing, config, index, card, tokenizer, and one range of each shard by the way of its redirect.
    assert server.count() == 2 + 4 + 30 * 2
    traffic = model.repository.traffic
    assert (traffic.requests, traffic.bytes) == (server.count(), server.bytes_sent)


def test_reads_give_the_very_bytes(server: HubServer, client: Client) -> None:
    content = bytes(range(200))
    server.add("org/model", {"a.bin": content})
    repository = client.open().repository
    for offset, length in ((0, 8), (3, 5), (3, 100), (8, 192), (150, 500), (0, None), (20, None), (200, 5), (999, 1)):
        stop = None if length is None else offset + length
        assert repository.read("a.bin", offset, length) == content[offset:stop]


def test_threads_read_one_model(server: HubServer, client: Client) -> None:
    files: dict[str, Content] = {f"{number}.safetensors": safetensors(5 + number, 10**9) for number in range(20)}
    server.add("org/model", files)
    repository = client.open().repository
    with ThreadPoolExecutor(8) as readers:
        counts = list(readers.map(lambda path: len(header_of(repository, path)), files))
    assert counts == [5 + number for number in range(20)]
    assert repository.traffic.requests == 2 + 20 * 2


def test_ten_thousand_files_come_by_pages(server: HubServer, client: Client) -> None:
    server.add("org/model", {f"checkpoints/{number:05}/config.json": b"{}" for number in range(10_000)})
    model = client.open()
    assert len(model.repository.files) == 10_000
    assert server.count("/tree/") == 20  # The folders are listed as well.
    assert client.fail(policy=replace(POLICY, max_files=5_000)).state == "too_large"


def test_the_next_page_at_another_host_is_not_asked_for(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG})
    page = json.dumps([{"type": "file", "oid": "0" * 40, "size": 2, "path": "a.json"}]).encode()
    link = f'<{server.cdn}/api/models/org/other/tree/main>; rel="next"'
    server.fail("/tree/", Failure(200, {"Link": link}, page))
    error = client.fail(token=TOKEN)
    assert error.state == "invalid"
    assert "another host, localhost" in error.reason
    assert server.count("org/other") == 0


def test_pages_of_a_mirror_that_name_the_original(server: HubServer, client: Client) -> None:
    sha = server.add("org/model", {"config.json": CONFIG, "b.json": b"{}"})
    page = json.dumps([{"type": "file", "oid": "0" * 40, "size": 2, "path": "a.json"}]).encode()
    link = f'<https://huggingface.co/api/models/org/model/tree/{sha}?cursor=1>; rel="next"'
    server.fail("/tree/", Failure(200, {"Link": link}, page, times=1))
    assert set(client.open().repository.files) == {"a.json", "config.json"}


def test_a_renamed_model_is_followed_and_says_so(server: HubServer, client: Client) -> None:
    sha = server.add("old/model", {"config.json": CONFIG, "model.safetensors": safetensors(2, 10**9)})
    server.rename("old/model", "new/model")
    for revision in (None, sha):
        model = client.open("old/model", revision)
        assert (model.repo_id, model.requested_id, model.renamed) == ("new/model", "old/model", True)
        assert model.repository.read("config.json") == CONFIG
        assert len(header_of(model.repository, "model.safetensors")) == 2
        assert model.url == f"{server.endpoint}/new/model/tree/{sha}"


def test_an_endpoint_may_end_in_a_slash(server: HubServer, client: Client) -> None:
    sha = server.add("org/model", {"config.json": CONFIG})
    model = client.open(endpoint=server.endpoint + "/")
    assert model.repository.read("config.json") == CONFIG
    assert model.url == f"{server.endpoint}/org/model/tree/{sha}"


def test_a_model_without_an_organisation(server: HubServer, client: Client) -> None:
    server.add("gpt2", {"config.json": CONFIG})
    model = client.open("gpt2")
    assert model.repo_id == "gpt2"
    assert model.repository.read("config.json") == CONFIG


def test_a_gated_model_tells_its_record_and_refuses_its_files(server: HubServer, client: Client) -> None:
    files: dict[str, Content] = {"config.json": CONFIG, "model.safetensors": safetensors(2, 10**9)}
    server.add("org/model", files, access="gated", token=TOKEN)
    for token in (None, "hf_other"):
        model = client.open(token=token)
        assert model.gated
        assert set(model.repository.files) == set(files)
        error = client.fail_to_read(model, "config.json")
        assert (error.failure.state, error.transient) == ("gated", False)
        assert "ask for access" in str(error)
    model = client.open(token=TOKEN)
    assert model.repository.read("config.json") == CONFIG
    assert len(header_of(model.repository, "model.safetensors")) == 2
    # Storage has its signed address and is not told who we are.
    assert {one.authorization for one in server.received if one.path.startswith("/cdn/")} == {None}


def test_a_private_model(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG}, access="private", token=TOKEN)
    for token in (None, "hf_other"):
        error = client.fail(token=token)
        assert (error.state, error.permanent) == ("not_found", True)
        assert "or a private one" in error.reason
    assert client.open(token=TOKEN).info["private"] is True


@pytest.mark.parametrize(
    ("repo_id", "revision", "state", "reason"),
    [
        ("org/missing", None, "not_found", "no such repository, or a private one (status 401: Repository not found)"),
        ("missing", None, "not_found", "no such repository, or a private one"),
        ("org/model", "no-such-branch", "not_found", "no such revision (status 404: Invalid rev id: no-such-branch)"),
        ("../../etc/passwd", None, "not_found", "expected the name of a repository"),
        ("org/model/tree", None, "not_found", "expected the name of a repository"),
        ("", None, "not_found", "expected the name of a repository"),
        ("org/off", None, "disabled", "the hub has disabled this repository"),
    ],
)
def test_what_is_not_there(
    server: HubServer, client: Client, repo_id: str, revision: str | None, state: State, reason: str
) -> None:
    server.add("org/model", {"config.json": CONFIG})
    server.add("org/off", {"config.json": CONFIG}, access="disabled")
    error = client.fail(repo_id, revision)
    assert (error.state, error.permanent) == (state, True)
    assert reason in error.reason
    assert client.waits == []


def test_a_record_that_says_disabled_is_believed(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG}, {"disabled": True})
    error = client.fail("org/model", None)
    assert (error.state, error.permanent) == ("disabled", True)


def test_a_file_that_is_not_there(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG})
    model = client.open()
    server.reset()
    assert client.fail_to_read(model, "generation_config.json").failure.state == "not_found"
    assert server.count() == 0
    server.fail("/resolve/", Failure(404, {"X-Error-Code": "EntryNotFound"}))
    assert client.fail_to_read(model, "config.json").failure.state == "not_found"


@pytest.mark.parametrize(
    ("failure", "state", "permanent"),
    [
        (Failure(401), "unauthorized", True),
        (Failure(403), "forbidden", True),
        (Failure(404), "not_found", True),
        (Failure(410), "not_found", True),
        (Failure(451), "disabled", True),
        (Failure(302), "invalid", True),
        (Failure(418), "invalid", True),
        (Failure(408), "timeout", False),
        (Failure(429), "rate_limited", False),
        (Failure(500), "unavailable", False),
        (Failure(503), "unavailable", False),
        (Failure(504), "timeout", False),
        (Failure(cut_after=10), "unavailable", False),
        (Failure(200, body=b"<html>captive portal</html>"), "invalid", False),
        (Failure(200, body=b"[]"), "invalid", False),
        (Failure(200, body=b'{"id": "org/model", "sha": NaN}'), "invalid", False),
        (Failure(200, body=b'{"id": "org/model", "sha": "../../x"}'), "invalid", False),
        (Failure(200, body=b'{"id": "org/model"}'), "invalid", False),
        (Failure(200, {"Content-Encoding": "gzip"}, b"no gzip"), "invalid", False),
    ],
)
def test_failures_have_a_state(server: HubServer, client: Client, failure: Failure, state: State, permanent: bool) -> None:
    server.add("org/model", {"config.json": CONFIG})
    server.fail("/api/models/org/model?", failure)
    error = client.fail(token=TOKEN)
    assert (error.state, error.permanent) == (state, permanent)
    assert error.target == "org/model"
    assert error.hint


def test_passing_failures_pass(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG, "model.safetensors": safetensors(2, 10**9)})
    server.fail("/api/models/org/model?", Failure(503, times=2))
    server.fail("/tree/", Failure(429, {"Retry-After": "5"}, times=1))
    server.fail("/cdn/", Failure(cut_after=100, times=1))
    model = client.open()
    assert len(header_of(model.repository, "model.safetensors")) == 2
    assert client.waits[2] == 5
    assert len(client.waits) == 4
    assert "org/model: status 503; attempt 2 follows in" in client.notes[0]


def test_a_limit_of_the_server_comes_back_with_the_error(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG})
    server.fail("?expand", Failure(429, {"Retry-After": "300"}))
    error = client.fail()
    assert (error.state, error.retry_after) == ("rate_limited", 300)
    assert "come back after" in error.hint
    assert client.waits == []
    assert server.count() == 1


def test_the_rate_limit_header_counts_too(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG})
    server.fail("?expand", Failure(429, {"RateLimit": '"api";r=0;t=55'}))
    assert client.fail().retry_after == 55


def test_silence_ends(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG})
    server.fail("/api/", Failure(stall=True))
    error = client.fail(policy=replace(POLICY, read_timeout=0.05, attempts=2))
    assert (error.state, error.permanent) == ("timeout", False)
    assert error.reason.endswith("(attempt 2 of 2)")


def test_nobody_listens() -> None:
    with hub_server() as server:
        endpoint = server.endpoint
    with pytest.raises(ProviderError) as failed:
        Hub(endpoint, policy=POLICY, sleep=lambda _: None).open("org/model")
    assert (failed.value.state, failed.value.permanent) == ("unavailable", False)


def test_a_hub_without_ranges_is_not_downloaded(server: HubServer, client: Client) -> None:
    weights = safetensors(700, 300_000_000)
    server.add("org/model", {"model.safetensors": weights})
    server.ranges = False
    model = client.open()
    assert model.repository.read("model.safetensors", 0, 8) == weights[0:8]
    assert client.fail_to_read(model, "model.safetensors", 8, 50_000).failure.state == "unsupported"
    assert model.repository.traffic.bytes < 3_000_000


def test_limits_are_kept_before_anything_moves(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": Sparse(b"{", 50_000_000), "a.bin": Sparse(b"", 10**9)})
    model = client.open(policy=replace(POLICY, max_file_bytes=40_000_000, max_bytes=2_000_000))
    server.reset()
    error = client.fail_to_read(model, "config.json")
    assert (error.failure.state, error.transient) == ("too_large", False)
    assert "50,000,000 bytes" in str(error)
    assert client.fail_to_read(model, "a.bin", 0, 3_000_000).failure.state == "too_large"
    assert server.count() == 0


def test_a_record_that_never_ends(server: HubServer, client: Client) -> None:
    server.add("org/model", {"config.json": CONFIG}, {"cardData": {"x": "y" * 200_000}})
    assert client.fail(policy=replace(POLICY, max_answer_bytes=100_000)).state == "too_large"


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "file", "path": "../../escape", "size": 1},
        {"type": "file", "path": "/etc/passwd", "size": 1},
        {"type": "file", "path": "a\\b", "size": 1},
        {"type": "file", "path": "a.bin", "size": -1},
        {"type": "file", "path": "a.bin", "size": "many"},
        {"type": "file", "path": 7, "size": 1},
        "a.bin",
    ],
)
def test_listings_that_lie(server: HubServer, client: Client, entry: object) -> None:
    server.add("org/model", {"config.json": CONFIG})
    server.fail("/tree/", Failure(200, body=json.dumps([entry]).encode()))
    assert client.fail().state == "invalid"


def test_a_listing_that_promises_more_than_there_is(server: HubServer, client: Client) -> None:
    server.add("org/model", {"a.bin": b"0123456789"})
    entry = {"type": "file", "oid": "0" * 40, "path": "a.bin", "size": 1_000}
    server.fail("/tree/", Failure(200, body=json.dumps([entry]).encode()))
    model = client.open(policy=POLICY)
    for part in ((0, None), (0, 500), (500, 10)):
        assert client.fail_to_read(model, "a.bin", *part).failure.state == "changed"


def test_an_older_hub_that_knows_no_expand(server: HubServer, client: Client) -> None:
    sha = server.add("org/model", {"config.json": CONFIG}, {"pipeline_tag": "fill-mask"})
    server.old = True
    model = client.open()
    assert (model.revision, model.info["pipeline_tag"]) == (sha, "fill-mask")


@pytest.mark.parametrize(
    ("owner", "pictures", "found"),
    [
        ("org", {"organizations/org": "https://cdn.example/org.png"}, "https://cdn.example/org.png"),
        ("jane", {"users/jane": "/avatars/jane.svg"}, "{endpoint}/avatars/jane.svg"),
        ("nobody", {"organizations/org": "https://cdn.example/org.png"}, None),
        ("../models/org/model", {}, None),
    ],
)
def test_the_picture_of_an_owner(
    server: HubServer, client: Client, owner: str, pictures: dict[str, str], found: str | None
) -> None:
    server.avatars = pictures
    assert client.hub.avatar(owner) == (found.format(endpoint=server.endpoint) if found else None)
    assert server.count("/avatar") == (1 if owner == "org" else 2)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"avatarUrl": null}', b'{"avatarUrl": 7}'])
def test_an_answer_without_a_picture_is_none(server: HubServer, client: Client, body: bytes) -> None:
    server.fail("/api/organizations/org/avatar", Failure(200, body=body))
    assert client.hub.avatar("org") is None


def test_a_picture_that_cannot_be_had_is_not_taken_for_none(server: HubServer, client: Client) -> None:
    server.avatars = {"users/org": "/avatars/org.svg"}
    server.fail("/api/organizations/org/avatar", Failure(503))
    with pytest.raises(ProviderError) as failed:
        client.hub.avatar("org")
    assert failed.value.state == "unavailable"


def test_the_environment_names_the_hub_and_brings_no_token(server: HubServer, tmp_path: Path) -> None:
    server.add("org/model", {"config.json": CONFIG})
    (tmp_path / "token").write_text(TOKEN)
    program = "from budmodel_pipeline.targets.hub import Hub; print(Hub().open('org/model').revision)"
    environment = os.environ | {"HF_ENDPOINT": server.endpoint, "HF_HOME": str(tmp_path), "HF_TOKEN": TOKEN}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert run.stdout.strip() == server.repos["org/model"].branches["main"], run.stderr
    assert {one.authorization for one in server.received} == {None}


def test_the_server_speaks_the_protocol_of_the_client_library(server: HubServer, tmp_path: Path) -> None:
    weights, tokenizer = safetensors(3, 100_000), b'{"version": "1.0"}'
    files: dict[str, Content] = {
        "config.json": CONFIG,
        "model.safetensors": weights,
        "tokenizer.json": tokenizer,
        "sub/a.json": b"[]",
    }
    sha = server.add("old/model", files, {"pipeline_tag": "text-generation"}, access="gated", token=TOKEN)
    server.rename("old/model", "org/model")
    api = HfApi(endpoint=server.endpoint, token=TOKEN)

    info = api.model_info("old/model", expand=["sha", "gated", "pipeline_tag"])
    assert (info.id, info.sha, info.gated, info.pipeline_tag) == ("org/model", sha, "manual", "text-generation")
    siblings = {one.rfilename: one for one in api.model_info("org/model", files_metadata=True).siblings or []}
    assert siblings["model.safetensors"].lfs
    assert siblings["model.safetensors"].lfs.sha256 == digest_of(weights)
    server.page_size = 2
    assert {one.path for one in api.list_repo_tree("org/model", recursive=True)} == {*files, "sub"}
    assert [one.path for one in api.get_paths_info("org/model", ["config.json", "nothing"])] == ["config.json"]
    assert len(api.parse_safetensors_file_metadata("org/model", "model.safetensors").tensors) == 3
    for path in ("config.json", "tokenizer.json"):
        downloaded = Path(api.hf_hub_download("org/model", path, cache_dir=tmp_path))
        assert downloaded.read_bytes() == files[path]
        assert sha in downloaded.parts
