"""The bundled sample models behind the hub's protocol: what reads them is the client that reads the real hub."""

import http.client
import json
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from budmodel_pipeline.resources.models import SAMPLE_HUB
from budmodel_pipeline.targets.hub import Hub, HubModel
from budmodel_pipeline.targets.hub_requests import HubPolicy
from budmodel_pipeline.targets.inspection import Inspection, inspect_model
from budmodel_pipeline.targets.opening import Providers, open_model
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError
from budmodel_pipeline.targets.sample_hub import RECORD, sample_models, serve_sample_hub
from budmodel_pipeline.targets.target import parse_target

MODELS = sample_models(SAMPLE_HUB)
QWEN = "Qwen/Qwen3-32B"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with serve_sample_hub(SAMPLE_HUB) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def hub(endpoint: str) -> Hub:
    return Hub(endpoint, policy=HubPolicy(attempts=1))


@pytest.fixture(scope="module")
def qwen(hub: Hub) -> HubModel:
    return hub.open(QWEN)


def inspected(hub: Hub, name: str) -> Inspection:
    with open_model(parse_target(f"hf:{name}"), Providers(hub=hub)) as opened:
        return inspect_model(opened)


def test_a_record_is_what_is_stored_with_the_model(qwen: HubModel) -> None:
    stated = json.loads((SAMPLE_HUB / QWEN / RECORD).read_text())
    assert (qwen.repo_id, qwen.gated, qwen.renamed) == (QWEN, False, False)
    assert qwen.info["author"] == "Qwen"
    assert stated.items() <= qwen.info.items()


def test_a_listing_names_every_file_but_the_record(qwen: HubModel) -> None:
    sizes = {path: file.size for path, file in qwen.repository.files.items()}
    assert set(sizes) == {"README.md", "config.json", "tokenizer_config.json"}
    assert sizes["config.json"] == (SAMPLE_HUB / QWEN / "config.json").stat().st_size


def test_files_come_whole_and_by_range(qwen: HubModel) -> None:
    config = (SAMPLE_HUB / QWEN / "config.json").read_bytes()
    assert qwen.repository.read("config.json") == config
    for offset, length in ((0, 8), (5, 20), (len(config) - 4, 100), (len(config), 1)):
        assert qwen.repository.read("config.json", offset, length) == config[offset : offset + length]
    with pytest.raises(FileUnavailableError, match=RECORD):
        qwen.repository.read(RECORD)


def test_the_revision_follows_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "org" / "model"
    folder.mkdir(parents=True)
    (folder / RECORD).write_text("{}")
    (folder / "config.json").write_text("{}")
    with serve_sample_hub(tmp_path) as endpoint:
        hub = Hub(endpoint, policy=HubPolicy(attempts=1))
        first = hub.current_revision("org/model")
        assert hub.open("org/model").revision == first
        (folder / "config.json").write_text('{"model_type": "llama"}')
        assert hub.current_revision("org/model") != first


@pytest.mark.parametrize("name", ["Qwen/Qwen3-8B", "nobody/nothing", "gpt2"])
def test_a_model_that_is_not_bundled(hub: Hub, name: str) -> None:
    with pytest.raises(ProviderError) as failed:
        hub.open(name)
    assert (failed.value.state, failed.value.permanent) == ("not_found", True)
    assert failed.value.target == name


@pytest.mark.parametrize(
    "path",
    [
        f"/{QWEN}/resolve/main/{RECORD}",
        f"/{QWEN}/resolve/main/../Qwen3-Embedding-0.6B/config.json",
        f"/{QWEN}/resolve/main/%2e%2e/Qwen3-Embedding-0.6B/config.json",
        f"/{QWEN}/resolve/main/..%2f..%2f..%2f..%2fREADME.md",
        f"/{QWEN}/resolve/main//etc/passwd",
        "/../models/Qwen/resolve/main/config.json",
        "/api/models/../..",
        "/api/models/%2e%2e/models",
        "/api/models/",
        "/",
    ],
)
def test_nothing_outside_of_a_model_is_served(endpoint: str, path: str) -> None:
    # By hand: a client would tidy the path up before it sends it.
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (404, b"not among the bundled samples")
    connection.close()


def test_a_client_that_drops_a_kept_connection_is_no_news(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    connection.request("GET", "/")
    connection.getresponse().read()
    # Closed by a reset, as when a process ends.
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", MODELS)
def test_every_bundled_model_is_known_by_its_numbers(hub: Hub, name: str) -> None:
    found = inspected(hub, name)
    assert (found.name, found.problems) == (name, [])
    for field in ("parameters_unique", "context_length", "kv_cache_bytes_per_token", "input_modalities", "license"):
        fact = found.facts[field]
        assert fact.value, (field, fact.reason)
        assert fact.method
