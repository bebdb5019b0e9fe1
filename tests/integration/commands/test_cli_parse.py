"""`budmodel parse`: what a source makes of its files, without a database; and sources that packages bring."""

import json
import os
from pathlib import Path

import pytest

from tests.cli import Installation, fails_clearly
from tests.riddles import RIDDLES

# One that does not answer: the command must not even ask.
NO_DATABASE = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "1"}


@pytest.fixture
def at(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder as an installer leaves it: the module of a third party, and what its package says of it."""
    site = tmp_path / "site"
    information = site / "riddles_for_budmodel-1.0.dist-info"
    information.mkdir(parents=True)
    (site / "riddles_for_budmodel.py").write_text(RIDDLES)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: riddles-for-budmodel\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[budmodel.sources]\nriddles = riddles_for_budmodel:SOURCE\n")
    return site


def with_path(package: Path) -> str:
    return os.pathsep.join((str(package), os.environ.get("PYTHONPATH", "")))


def test_the_sample_of_a_source_is_parsed(at: Installation) -> None:
    finished = at.run("parse", "livebench", "--limit", "2", **NO_DATABASE)
    assert (finished.code, finished.err) == (0, "")
    first, header, *lines = finished.out.splitlines()
    assert first == "livebench: 18 of 19 rows, 144 scores of 18 entries, no date in the data"
    assert header.split() == ["entry", "metric", "score", "unit", "standing"]
    assert lines[2:4] == ["", "Rejected rows"]
    assert "21 cells under 24 columns" in finished.out
    checks = finished.out.partition("\nChecks\n")[2].splitlines()[1:]
    assert len(checks) == 13
    assert all(line.split()[1] == "True" for line in checks)


def test_files_that_would_not_be_published_are_told(at: Installation, tmp_path: Path) -> None:
    broken = tmp_path / "results.json"
    broken.write_text(json.dumps({"Model": {"pass@1": {"humaneval": 120}, "link": "", "prompted": True, "size": 7}}))
    finished = at.run("parse", "evalplus", "--file", str(broken), "--json", **NO_DATABASE)
    assert (finished.code, finished.err) == (1, "")
    score, *checks = json.loads(finished.out)
    assert (score["entry"], score["metric"], score["score"]) == ("Model", "humaneval_pass_at_1", 120)
    assert "value_range" in {check["check"] for check in checks if not check["passed"]}
    broken.write_text("<html>")
    finished = at.run("parse", "evalplus", "--file", str(broken), **NO_DATABASE)
    assert finished.code == 1
    assert "well-formed JSON" in finished.out
    assert "has several files" in fails_clearly(at.run("parse", "bigcodebench", "--file", str(broken), **NO_DATABASE), 2)
    assert "nobody" in fails_clearly(at.run("parse", "nobody", **NO_DATABASE), 2)


def test_a_package_brings_a_source(at: Installation, package: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("model,accuracy\nSphinx-7B,91.5\n")
    finished = at.run("parse", "riddles", "--file", str(table), PYTHONPATH=with_path(package), **NO_DATABASE)
    assert (finished.code, finished.err) == (0, "")
    assert finished.out.startswith("riddles: 1 of 1 rows, 1 scores of 1 entries")
    assert "riddles" in fails_clearly(at.run("parse", "riddles", "--file", str(table), **NO_DATABASE), 2)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise OSError('no such disk')", "cannot be loaded: OSError: no such disk"),
        ("SOURCE = 'riddles'", "is no Source"),
        ("from budmodel_pipeline.sources.ugi import SOURCE", "another file declares the same slug"),
    ],
)
def test_a_package_that_is_wrong_is_named(at: Installation, package: Path, code: str, said: str) -> None:
    (package / "riddles_for_budmodel.py").write_text(code)
    finished = at.run("parse", "ugi", PYTHONPATH=with_path(package), **NO_DATABASE)
    assert said in fails_clearly(finished)
    assert "riddles_for_budmodel:SOURCE of the package riddles-for-budmodel" in finished.err
