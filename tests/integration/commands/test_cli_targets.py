"""Every command reads a target by the same grammar: it does what was asked, or says in a sentence what to do instead."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import Installation
from tests.hub_server import HubServer, hub_server
from tests.unit.licensing.texts import MIT

CONFIG = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100}
FAILED = {"inspect": 1, "license": 1, "scan": 2, "request": 1, "model": 1}
# Nothing listens here: whoever asks the database says so instead of the sentence that is expected.
NO_DATABASE = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "1"}


@pytest.fixture
def at(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        server.add("org/model", {"config.json": json.dumps(CONFIG).encode(), "LICENSE": MIT.encode()})
        yield server


@pytest.mark.parametrize("command", FAILED)
@pytest.mark.parametrize(
    "target",
    ["hf:a", "hf:org/model@", "hf:org/model@a b", "cloud:gpt-4o", "ftp://example.org/x", "https://u:secret@h.org/x"],
)
def test_what_is_malformed_is_refused_before_anything_is_asked(
    at: Installation, hub: HubServer, command: str, target: str
) -> None:
    hub.reset()
    finished = at.run(command, target, HF_ENDPOINT=hub.endpoint, **NO_DATABASE)
    assert (finished.code, finished.out) == (FAILED[command], "")
    assert "expected" in finished.err.splitlines()[-1]
    assert "Traceback" not in finished.err
    assert "secret" not in finished.err
    assert hub.count("/") == 0


@pytest.mark.parametrize(
    ("command", "target", "instead"),
    [
        ("license", "cloud:openai/gpt-4.1", "budmodel request cloud:openai/gpt-4.1"),
        ("scan", "cloud:openai/gpt-4.1", "a closed model has no files to scan"),
        ("request", "hf:org/model@v1", "ask for hf:org/model, or inspect hf:org/model@v1"),
        ("model", "hf:org/model@v1", "budmodel inspect hf:org/model@v1"),
        ("request", "nowhere", "a model of the hub is hf:org/name"),
        ("inspect", "x" * 300, "x" * 300),
        ("scan", "x" * 300, "File name too long"),
        ("request", "x" * 300, "There is no file or directory"),
        ("license", "./" + "x" * 300, "there is no such file"),
    ],
)
def test_what_a_command_cannot_do_is_said_with_what_to_do_instead(
    at: Installation, command: str, target: str, instead: str
) -> None:
    finished = at.run(command, target, **NO_DATABASE)
    assert (finished.code, finished.out) == (FAILED[command], "")
    assert instead in finished.err
    assert "Traceback" not in finished.err


@pytest.mark.parametrize(
    "target",
    ["hf:org/model", "hf:org/model@main", "https://huggingface.co/org/model", "https://hf.co/org/model/tree/main?x=y"],
)
def test_a_model_of_the_hub_is_read_however_it_is_named(at: Installation, hub: HubServer, target: str) -> None:
    inspected = at.run("inspect", target, "--json", HF_ENDPOINT=hub.endpoint)
    assert (json.loads(inspected.out)["name"], inspected.code) == ("org/model", 0)
    licensed = at.run("license", target, "--json", HF_ENDPOINT=hub.endpoint)
    assert (json.loads(licensed.out)["license_id"], licensed.code) == ("mit", 0)
    scanned = at.run("scan", target, "--json", HF_ENDPOINT=hub.endpoint)
    assert ({json.loads(line)["path"] for line in scanned.out.splitlines()}, scanned.code) == ({"config.json", "LICENSE"}, 0)


def test_a_path_with_dots_is_a_path(at: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "the...model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    assert at.run("scan", str(folder)).code == 0
    assert at.run("inspect", str(folder)).code == 0
    # Partitions are called by their targets, and three dots are a range there.
    assert "without '...'" in at.run("request", str(folder), **NO_DATABASE).err
