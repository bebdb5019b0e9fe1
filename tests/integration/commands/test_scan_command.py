"""`budmodel scan`: whether files are safe, without a database, for people and for programs."""

import json
import os
import pickle
import pty
import struct
import subprocess
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from budmodel_scanner.engines import NOT_INSTALLED
from budmodel_scanner.versions import installed_version
from tests.cli import COMMAND, Finished, Installation
from tests.hub_server import Failure, HubServer, hub_server

HOSTILE = b"cos\nsystem\n(S'true'\ntR."
# It stops at Python 3.12.
HAS_MODELSCAN = installed_version("modelscan") is not None
UNREAD = b"LZIP\1" + bytes(95)


def safetensors(size: int) -> bytes:
    header = json.dumps({"weight": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(size)


ORDINARY = {
    "README.md": b"# A model\n\nIt was trained on books.\n",
    "config.json": b'{"model_type": "llama", "hidden_size": 64}\n',
    "model.safetensors": safetensors(4096),
    "data/vocab.txt": b"the\nof\nand\n",
}


@pytest.fixture
def at(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return written(tmp_path / "model", ORDINARY)


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def lines(finished: Finished) -> dict[str, Any]:
    """The reports of a scan by path: a line of strict JSON each, and no word beside them."""
    reports = [json.loads(line) for line in finished.out.splitlines()]
    assert finished.err == ""
    assert [report["path"] for report in reports] == sorted(report["path"] for report in reports)
    return {report["path"]: report for report in reports}


def verdicts(finished: Finished) -> dict[str, str]:
    return {path: report["verdict"] for path, report in lines(finished).items()}


def test_an_ordinary_model_is_safe(at: Installation, model: Path) -> None:
    finished = at.run("scan", str(model), "--json", POSTGRES_HOST="127.0.0.1", POSTGRES_PORT="1")
    assert verdicts(finished) == dict.fromkeys(ORDINARY, "safe")
    assert finished.code == 0
    report = lines(finished)["config.json"]
    assert report["findings"] == []
    assert report["size"] == len(ORDINARY["config.json"])
    assert report["engines"]["budmodel"] == "examined"
    assert report["engines"]["clamav"] == "not configured"


def test_one_hostile_file_among_them(at: Installation, model: Path) -> None:
    (model / ".cache").mkdir()
    (model / ".cache" / "model.pkl").write_bytes(HOSTILE)
    finished = at.run("scan", str(model), "--json", "--cross-check")
    assert verdicts(finished) == dict.fromkeys(ORDINARY, "safe") | {".cache/model.pkl": "malicious"}
    assert finished.code == 1
    findings = lines(finished)[".cache/model.pkl"]["findings"]
    assert {"rule", "verdict", "what", "where", "engine"} == {*findings[0]}
    engines = {"budmodel", "picklescan"} | ({"modelscan"} if HAS_MODELSCAN else set())
    assert engines == {finding["engine"] for finding in findings}


def test_a_cross_check_raises_to_suspicious_and_no_further(at: Installation, tmp_path: Path) -> None:
    # What it flags in there we call worse; its own finding must not be the reason.
    (tmp_path / "model.pkl").write_bytes(HOSTILE)
    findings = lines(at.run("scan", str(tmp_path / "model.pkl"), "--json", "--cross-check"))["model.pkl"]["findings"]
    assert {one["verdict"] for one in findings if one["engine"] != "budmodel"} == {"suspicious"}


def test_an_ordinary_checkpoint_passes_the_cross_checks(at: Installation, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(OrderedDict(weight=[0.5] * 100)))
    report = lines(at.run("scan", str(tmp_path / "model.pkl"), "--json", "--cross-check"))["model.pkl"]
    assert (report["verdict"], report["engines"]["picklescan"]) == ("safe", "clean")
    assert report["engines"]["modelscan"] == ("clean" if HAS_MODELSCAN else NOT_INSTALLED)
    report = lines(at.run("scan", str(tmp_path / "model.pkl"), "--json"))["model.pkl"]
    assert (report["verdict"], report["engines"]["picklescan"]) == ("safe", "not asked: turned off")


@pytest.mark.parametrize("attribute", ["lower", "nothing_known"])
def test_a_cross_check_does_not_object_to_what_was_understood(at: Installation, tmp_path: Path, attribute: str) -> None:
    """It blocks getattr, whatever is done with it; members of enumerations and methods are pickled by it."""
    owner = b"cbuiltins\nstr\n" if attribute == "lower" else b"cmy_package\nThing\n"
    content = b"\x80\x02cbuiltins\ngetattr\n" + owner + b"X" + len(attribute).to_bytes(4, "little") + attribute.encode()
    (tmp_path / "model.pkl").write_bytes(content + b"\x86R.")
    report = lines(at.run("scan", str(tmp_path / "model.pkl"), "--json", "--cross-check"))["model.pkl"]
    assert report["engines"]["picklescan"] == "flagged"
    assert report["verdict"] == ("safe" if attribute == "lower" else "suspicious")
    raised = {found["verdict"] for found in report["findings"] if found["engine"] == "picklescan"}
    assert raised == ({"safe"} if attribute == "lower" else {"suspicious"})


def test_a_table_for_people(at: Installation, model: Path) -> None:
    (model / "model.pkl").write_bytes(HOSTILE)
    (model / "data.sqlite").write_bytes(UNREAD)
    finished = at.run("scan", str(model))
    assert (finished.code, finished.err) == (1, "")
    table = finished.out
    assert "os.system" in table
    assert table.index("model.pkl") < table.index("data.sqlite")  # Worst first.
    assert "config.json" not in table  # Nothing is wrong with it.
    assert "clamav: not configured (6)" in table
    assert table.splitlines()[-1] == "malicious: 6 files, 1 malicious, 1 unscanned, 4 safe"


def test_formats_and_what_is_accepted(at: Installation, model: Path, tmp_path: Path) -> None:
    written(model, {"a.lz": UNREAD})
    entry = {"path": "a.lz", "rule": "archive.not-opened", "sha256": sha256(UNREAD).hexdigest(), "reason": "our archive"}
    baseline = tmp_path / "accepted.toml"
    baseline.write_text(
        "[[accepted]]\n" + "".join(f"{key} = {json.dumps(entry[key])}\n" for key in entry) + "until = 2999-12-31"
    )
    finished = at.run("scan", str(model), "--format", "github", "--baseline", str(baseline))
    assert finished.out.startswith("::notice file=a.lz,title=unscanned%3A archive.not-opened::")
    assert (finished.code, finished.err) == (0, "")
    baseline.write_text("[[accepted]]")
    finished = at.run("scan", str(model), "--baseline", str(baseline))
    assert (finished.code, finished.out) == (2, "")
    assert "entry 1 needs exactly the keys" in finished.err


def test_names_cannot_write_on_the_terminal(at: Installation, model: Path) -> None:
    names = ["\x1b[2J.pkl", "[red]x[/red].pkl", "[/x].pkl", os.fsdecode(b"\xff\xfe.pkl"), "line\nbreak.pkl"]
    for number, name in enumerate(names):
        file = model / str(number) / name  # A closing tag of markup makes a folder of its own.
        file.parent.mkdir(parents=True)
        file.write_bytes(HOSTILE)
    table = at.run("scan", str(model))
    assert (table.code, table.err) == (1, "")
    assert "\x1b" not in table.out
    assert "[red]x[/red].pkl" in table.out.replace("\n", "")
    machine = verdicts(at.run("scan", str(model), "--json"))
    assert sum(verdict == "malicious" for verdict in machine.values()) == len(names)
    assert "3/\udcff\udcfe.pkl" in machine


def test_what_nobody_can_read_is_not_safe(at: Installation, model: Path) -> None:
    (model / "data.sqlite").write_bytes(UNREAD)
    finished = at.run("scan", str(model), "--json")
    assert (finished.code, verdicts(finished)["data.sqlite"]) == (2, "unscanned")


def test_a_single_file_goes_by_its_name(at: Installation, model: Path) -> None:
    finished = at.run("scan", str(model / "data" / "vocab.txt"), "--json")
    assert (finished.code, verdicts(finished)) == (0, {"vocab.txt": "safe"})


def test_an_empty_directory_is_not_safe(at: Installation, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    finished = at.run("scan", str(tmp_path / "empty"), "--json")
    assert (finished.code, finished.out) == (2, "")
    assert "no files" in finished.err
    assert at.run("scan", str(tmp_path / "empty")).out.splitlines()[-1].startswith("unscanned")


@pytest.mark.parametrize("target", ["nowhere", "https://127.0.0.1:1/model.bin", "hf:", "hf:a/b/c", ""])
def test_a_bad_target(target: str, at: Installation) -> None:
    finished = at.run("scan", target)
    assert (finished.code, finished.out) == (2, "")
    assert "Traceback" not in finished.err
    assert "TARGET" in finished.err


def test_links_and_pipes_are_told(at: Installation, model: Path) -> None:
    os.mkfifo(model / "pipe.json")
    (model / "beside.json").symlink_to("config.json")
    (model / "away.json").symlink_to("/etc/hostname")
    finished = at.run("scan", str(model), "--json")
    found = verdicts(finished)
    assert (found["pipe.json"], found["beside.json"], finished.code) == ("unscanned", "safe", 1)
    assert found["away.json"] == "suspicious"


def test_a_link_is_examined_under_its_own_name(at: Installation, model: Path) -> None:
    (model / "weights.safetensors").symlink_to("config.json")
    assert verdicts(at.run("scan", str(model), "--json"))["weights.safetensors"] == "suspicious"


@pytest.mark.parametrize("whole", [True, False])
def test_the_cache_of_a_hub_client(whole: bool, at: Installation, tmp_path: Path) -> None:
    """A snapshot is links to blobs beside it. Those are followed, under the names of the snapshot; no other link is."""
    cache = tmp_path / "models--org--name"
    snapshot = cache / "snapshots" / ("1" * 40)
    for folder in (cache / "blobs", snapshot / "sub"):
        folder.mkdir(parents=True)
    (cache / "refs").write_text("elsewhere")
    for name, blob, content in (
        ("config.json", "a" * 40, b'{"model_type": "llama"}'),
        ("sub/model.pkl", "b" * 64, HOSTILE),
        ("odd.json", "notadigest", b"{}"),
    ):
        (cache / "blobs" / blob).write_bytes(content)
        (snapshot / name).symlink_to("../" * (2 + name.count("/")) + f"blobs/{blob}")
    (snapshot / "refs.txt").symlink_to("../../refs")
    (snapshot / "passwd.txt").symlink_to("/etc/passwd")
    found = verdicts(at.run("scan", str(cache if whole else snapshot), "--json"))
    inside = f"snapshots/{snapshot.name}/" if whole else ""
    expected = {"config.json": "safe", "sub/model.pkl": "malicious", "passwd.txt": "suspicious"}
    assert {name: found[inside + name] for name in expected} == expected
    if whole:
        assert (found["blobs/" + "a" * 40], found["blobs/" + "b" * 64]) == ("safe", "malicious")
    else:
        assert {found["odd.json"], found["refs.txt"]} == {"suspicious"}
        assert len(found) == 5


def test_code_that_the_config_would_run(at: Installation, model: Path) -> None:
    """What depends on neighbors is looked at in every scan, although each file itself is remembered."""
    (model / "config.json").write_text('{"auto_map": {"AutoModel": "modeling_own.Own"}}')
    before = verdicts(at.run("scan", str(model), "--json"))
    (model / "modeling_own.py").write_text("class Own:\n    pass\n")
    after = verdicts(at.run("scan", str(model), "--json"))
    assert (before["README.md"], after["README.md"]) == ("safe", "safe")
    assert (before["config.json"], after["config.json"], after["modeling_own.py"]) == ("suspicious",) * 3


def test_what_was_scanned_is_remembered(at: Installation, model: Path) -> None:
    first = at.run("scan", str(model), "--json")
    assert (at.home / "scans.sqlite").exists()
    again = at.run("scan", str(model), "--json")
    assert again.out == first.out


def test_no_cache_leaves_nothing(at: Installation, model: Path) -> None:
    assert at.run("scan", str(model), "--no-cache").code == 0
    assert not at.home.exists()


def test_a_broken_cache_is_said_and_costs_no_verdict(at: Installation, model: Path) -> None:
    at.home.mkdir()
    (at.home / "scans.sqlite").write_bytes(b"no database " * 1000)
    finished = at.run("scan", str(model), "--json")
    assert finished.code == 0
    assert len(finished.out.splitlines()) == len(ORDINARY)
    assert "broken" in finished.err


def test_a_bar_on_a_terminal(at: Installation, model: Path) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        command = [COMMAND, "scan", str(model), "--json"]
        finished = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=theirs, env=at.environment(TERM="xterm"), check=True
        )
        os.close(theirs)
        shown = terminal.read(100_000)
    assert b"4 of 4 files" in shown
    assert len(finished.stdout.splitlines()) == len(ORDINARY)


def test_nested_archives(at: Installation, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("notes.txt", "words\n")
        archive.writestr("inner/model.pkl", HOSTILE)
    finished = at.run("scan", str(tmp_path / "archive.zip"), "--json")
    report = lines(finished)["archive.zip"]
    assert (finished.code, report["verdict"]) == (1, "malicious")
    assert any("inner/model.pkl" in finding["where"] for finding in report["findings"])


@pytest.fixture
def server() -> Iterator[HubServer]:
    with hub_server() as server:
        server.add("org/model", ORDINARY | {"pytorch_model.bin": HOSTILE})
        yield server


def test_a_model_on_a_hub(at: Installation, server: HubServer) -> None:
    finished = at.run("scan", "hf:org/model", "--json", HF_ENDPOINT=server.endpoint)
    assert verdicts(finished) == dict.fromkeys(ORDINARY, "safe") | {"pytorch_model.bin": "malicious"}
    assert finished.code == 1
    server.reset()
    again = at.run("scan", "hf:org/model", "--json", HF_ENDPOINT=server.endpoint)
    assert again.out == finished.out
    assert server.count("/resolve/") + server.count("/cdn/") == 0  # What is remembered is not downloaded.


def test_a_hub_that_cuts_off(at: Installation, server: HubServer) -> None:
    server.fail("config.json", Failure(cut_after=10))
    finished = at.run("scan", "hf:org/model", "--json", HF_ENDPOINT=server.endpoint)
    assert verdicts(finished)["config.json"] == "error"
    assert verdicts(finished)["README.md"] == "safe"


def test_a_model_that_is_not_there(at: Installation, server: HubServer) -> None:
    finished = at.run("scan", "hf:org/other", HF_ENDPOINT=server.endpoint)
    assert (finished.code, finished.out) == (2, "")
    assert "org/other" in finished.err
    assert "Traceback" not in finished.err


def test_a_scan_starts_without_the_parts_of_other_commands(at: Installation, model: Path) -> None:
    """They take longer to import than a scan may take."""
    at.folder.mkdir(exist_ok=True)
    finished = at.run("scan", str(model), PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in finished.err.splitlines() if line.startswith("import time:")}
    assert "budmodel_pipeline.targets.model_scan" in imported
    assert not imported & {
        "sqlalchemy",
        "dagster",
        "alembic",
        "pandas",
        "numpy",
        "modelscan",
        "jinja2",
        "huggingface_hub",
        "requests",
    }


def test_scanning_the_folder_one_stands_in_leaves_nothing_there(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"hidden_size": 64}')
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BUDMODEL_")}
    environment = {**inherited, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "settings")}
    done = subprocess.run([COMMAND, "scan", "."], cwd=model, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, [file.name for file in model.iterdir()]) == (0, ["config.json"]), done.stdout + done.stderr
    assert (tmp_path / "settings" / "budmodel" / "scans.sqlite").exists()
