"""The scanner as a package of its own: its public face, and `python -m budmodel_scanner`."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

import budmodel_scanner

HOSTILE = b"cos\nsystem\n(S'true'\ntR."
UNREAD = b"LZIP\1" + bytes(95)


def command(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "budmodel_scanner", *arguments]
    environment = os.environ | {"PYTHONPATH": str(Path(budmodel_scanner.__file__).parents[1])}
    return subprocess.run(program, capture_output=True, text=True, timeout=120, check=False, cwd=folder, env=environment)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_bytes(b'{"model_type": "llama"}')
    return tmp_path


def test_the_face_of_the_package_scans_a_folder(model: Path) -> None:
    assert budmodel_scanner.scan(model).verdict is budmodel_scanner.Verdict.SAFE
    (model / "model.pkl").write_bytes(HOSTILE)
    report = budmodel_scanner.scan(str(model))
    assert isinstance(report, budmodel_scanner.Report)
    assert report.verdict is budmodel_scanner.Verdict.MALICIOUS
    safe, malicious = report.files
    assert (safe.path, safe.findings) == ("config.json", ())
    assert all(isinstance(finding, budmodel_scanner.Finding) for finding in malicious.findings)
    assert "pickle.dangerous-global" in {finding.rule for finding in malicious.findings}


def test_the_face_says_what_it_does_not_have() -> None:
    with pytest.raises(AttributeError, match="no attribute 'unpickle'"):
        _ = budmodel_scanner.unpickle


def test_importing_the_package_imports_nothing_else() -> None:
    """The children of a scan import it too."""
    program = "import sys, budmodel_scanner; print([name for name in sys.modules if name.startswith('budmodel')])"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "['budmodel_scanner']"


def test_the_command_says_that_a_model_is_safe(model: Path) -> None:
    finished = command(str(model))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.splitlines()[-1] == "safe: 1 files, 1 safe"
    assert "clamav: not configured (1)" in finished.stdout


def test_the_command_tells_the_worst_first_and_obeys_no_name(model: Path) -> None:
    (model / "a.lz").write_bytes(UNREAD)
    (model / "b\x1b[2J.pkl").write_bytes(HOSTILE)
    finished = command(str(model))
    head, first, *_ = finished.stdout.splitlines()
    assert head.split() == ["verdict", "path", "finding", "where", "rule"]
    assert first.startswith(r"malicious")
    assert r"b\x1b[2J.pkl" in first
    assert "\x1b" not in finished.stdout
    assert finished.stdout.splitlines()[-1] == "malicious: 3 files, 1 malicious, 1 unscanned, 1 safe"
    assert finished.returncode == 1


@pytest.mark.parametrize(
    ("files", "last"), [({"a.lz": UNREAD}, "unscanned: 1 files, 1 unscanned"), ({}, "unscanned: 0 files")]
)
def test_what_nobody_looked_at_is_not_safe(tmp_path: Path, files: dict[str, bytes], last: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    finished = command(str(tmp_path))
    assert (finished.returncode, finished.stdout.splitlines()[-1]) == (2, last)


@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["no\x1bwhere"], ["one", "two"]])
def test_what_cannot_be_scanned_is_said_in_a_sentence(arguments: list[str]) -> None:
    finished = command(*arguments)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert "error: " in finished.stderr
    assert "Traceback" not in finished.stderr
    assert "\x1b" not in finished.stderr


def test_each_format_of_the_command_is_of_the_same_scan(model: Path) -> None:
    (model / "m.pkl").write_bytes(HOSTILE)
    finished = {form: command(str(model), "--format", form) for form in ("json", "sarif", "github")}
    assert {form: (each.returncode, each.stderr) for form, each in finished.items()} == dict.fromkeys(finished, (1, ""))
    assert json.loads(finished["json"].stdout)["verdict"] == "malicious"
    results = json.loads(finished["sarif"].stdout)["runs"][0]["results"]
    assert {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results} == {
        f"{model}/m.pkl"
    }
    assert finished["github"].stdout.startswith(f"::error file={model}/m.pkl,")


def test_a_baseline_accepts_what_it_names_and_shows_it(model: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (model / "a.lz").write_bytes(UNREAD)
    baseline = tmp_path_factory.mktemp("baseline") / "accepted.toml"
    entry = (
        '[[accepted]]\npath = "a.lz"\nrule = "archive.not-opened"\nreason = "our own archive"\nuntil = 2999-12-31\n'
        f'sha256 = "{sha256(UNREAD).hexdigest()}"\n'
    )
    baseline.write_text(entry)
    finished = command(str(model), "--baseline", str(baseline))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "accepted until 2999-12-31 (unscanned): our own archive  a.lz" in finished.stdout
    assert finished.stdout.splitlines()[-1] == "safe: 2 files, 2 safe"
    (model / "a.lz").write_bytes(UNREAD + b"\1")
    finished = command(str(model), "--baseline", str(baseline))
    assert finished.returncode == 2
    assert "archive.not-opened in a.lz no longer: the file has changed since" in finished.stderr


def test_a_baseline_that_cannot_be_read_is_an_error_of_the_command(model: Path, tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text("accepted = 1")
    for baseline in ("b.toml", "missing.toml"):
        finished = command(str(model), "--baseline", str(tmp_path / baseline))
        assert (finished.returncode, finished.stdout) == (2, "")
        assert f"{tmp_path / baseline}: " in finished.stderr


def test_several_files_are_scanned_as_a_hook_gives_them(model: Path) -> None:
    (model / "m.pkl").write_bytes(HOSTILE)
    finished = command("config.json", str(model / "m.pkl"), folder=model)
    assert finished.returncode == 1
    assert finished.stdout.splitlines()[-1] == "malicious: 2 files, 1 malicious, 1 safe"
    assert command("config.json", ".", folder=model).returncode == 2
    assert command(str(model / "config.json"), str(model / "m.pkl"), folder=model.parent / "..").returncode == 1
    assert command("config.json", sys.executable, folder=model).returncode == 2
