"""The scanner on a labelled adversarial corpus: what it must flag, and what it must leave alone, wherever it runs."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from itertools import filterfalse
from pathlib import Path

import pytest

from budmodel_scanner.verdict import Finding, Verdict
from tests.cli import Installation
from tests.corpus.everything import corpus, write
from tests.corpus.judging import FLAGGED, File, judged, verdicts
from tests.corpus.sample import Sample

ROOT = Path(__file__).parents[3]
MOST_BENIGN_FLAGGED = MOST_BENIGN_UNSCANNED = 0.05
LEAST_HOSTILE_FLAGGED = 0.97
# What a verdict must not depend on: libraries of models, which the scanner reads without.
LIBRARIES = ("h5py", "joblib", "keras", "numpy", "onnx", "pandas", "safetensors", "scipy", "sklearn", "tensorflow", "torch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus on disk."""
    folder = tmp_path_factory.mktemp("corpus")
    write(corpus(), folder)
    return folder


@pytest.fixture(scope="module")
def findings() -> Mapping[str, tuple[Finding, ...]]:
    """What our own examination finds, without the engines beside it."""
    return judged(File(sample.path, sample.content, sample.link) for sample in corpus())


def test_no_hostile_file_is_called_safe(findings: Mapping[str, tuple[Finding, ...]]) -> None:
    said = verdicts(findings)
    safe = [sample for sample in corpus() if sample.hostile and said[sample.path] is Verdict.SAFE]
    assert not safe, _table(safe, findings)


def test_nearly_every_hostile_file_is_flagged(findings: Mapping[str, tuple[Finding, ...]]) -> None:
    _expect_flagged(verdicts(findings), findings)


def test_benign_files_are_left_alone(findings: Mapping[str, tuple[Finding, ...]]) -> None:
    _expect_left_alone(verdicts(findings), findings)


def test_no_examiner_fails(findings: Mapping[str, tuple[Finding, ...]]) -> None:
    failed = [sample for sample in corpus() if any(found.verdict is Verdict.ERROR for found in findings[sample.path])]
    assert not failed, _table(failed, findings)


def test_what_picklescan_flags_is_flagged(findings: Mapping[str, tuple[Finding, ...]]) -> None:
    scanner = import_module("picklescan.scanner")

    def flags(sample: Sample) -> bool:
        try:
            result = scanner.scan_bytes(BytesIO(sample.content), sample.path, Path(sample.path).suffix)
        except Exception:  # noqa: BLE001  # It raises what its parsers raise; that is no finding of it.
            return False
        return any(found.safety is scanner.SafetyLevel.Dangerous for found in result.globals)

    _expect_no_less(filter(flags, corpus()), findings)


def test_what_modelscan_flags_is_flagged(folder: Path, findings: Mapping[str, tuple[Finding, ...]]) -> None:
    scanner = pytest.importorskip(
        "modelscan.modelscan", reason="modelscan is not installed: it stops at Python 3.12"
    ).ModelScan()

    def flags(sample: Sample) -> bool:
        if sample.link is None:
            scanner.scan(folder / sample.path)
        return sample.link is None and bool(scanner.issues.all_issues)

    _expect_no_less(filter(flags, corpus()), findings)


@pytest.mark.parametrize("library_state", ["missing", "installed"])
def test_verdicts_do_not_depend_on_libraries(
    library_state: str, tmp_path: Path, folder: Path, findings: Mapping[str, tuple[Finding, ...]]
) -> None:
    start = tmp_path / "sitecustomize.py"
    if library_state == "missing":
        start.write_text(_BLOCKED.format(names=LIBRARIES))
    else:
        for name in filterfalse(find_spec, LIBRARIES):
            (tmp_path / f"{name}.py").write_text("__version__ = '99.0'\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "tests.corpus.judging", str(folder)]
    finished = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    elsewhere = {path: (verdict, rules) for path, (verdict, rules) in json.loads(finished.stdout).items()}
    here = {
        path: (str(verdicts({path: found})[path]), sorted({one.rule for one in found})) for path, found in findings.items()
    }
    assert elsewhere == here


def test_the_command_agrees(tmp_path: Path, folder: Path, findings: Mapping[str, tuple[Finding, ...]]) -> None:
    finished = Installation(tmp_path).run("scan", str(folder), "--json")
    assert finished.code == 1, finished
    reports = {report["path"]: report for report in map(json.loads, finished.out.splitlines())}
    assert {*reports} == {sample.path for sample in corpus()}
    said = {path: Verdict(report["verdict"]) for path, report in reports.items()}
    reported = {path: tuple(_finding(found) for found in report["findings"]) for path, report in reports.items()}
    _expect_flagged(said, reported)
    _expect_left_alone(said, reported)
    # Other engines and the neighbors of a file can only make it worse.
    better = [s for s in corpus() if said[s.path].rank < verdicts({s.path: findings[s.path]})[s.path].rank]
    assert not better, _table(better, reported)


_BLOCKED = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"not installed: {{name}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def _finding(found: Mapping[str, str]) -> Finding:
    return Finding(found["rule"], Verdict(found["verdict"]), found["what"], found.get("where", ""), found.get("engine", ""))


def _expect_flagged(said: Mapping[str, Verdict], findings: Mapping[str, Iterable[Finding]]) -> None:
    hostile = [sample for sample in corpus() if sample.hostile]
    missed = [sample for sample in hostile if said[sample.path] not in FLAGGED]
    assert len(missed) <= (1 - LEAST_HOSTILE_FLAGGED) * len(hostile), _table(missed, findings)
    safe = [sample for sample in missed if said[sample.path] is Verdict.SAFE]
    assert not safe, _table(safe, findings)


def _expect_left_alone(said: Mapping[str, Verdict], findings: Mapping[str, Iterable[Finding]]) -> None:
    benign = [sample for sample in corpus() if not sample.hostile]
    by_verdict = defaultdict(list)
    for sample in benign:
        by_verdict[said[sample.path]].append(sample)
    assert not by_verdict[Verdict.MALICIOUS], _table(by_verdict[Verdict.MALICIOUS], findings)
    flagged, unscanned = by_verdict[Verdict.SUSPICIOUS], by_verdict[Verdict.UNSCANNED] + by_verdict[Verdict.ERROR]
    assert len(flagged) <= MOST_BENIGN_FLAGGED * len(benign), _table(flagged, findings)
    assert len(unscanned) <= MOST_BENIGN_UNSCANNED * len(benign), _table(unscanned, findings)


def _expect_no_less(flagged: Iterable[Sample], findings: Mapping[str, tuple[Finding, ...]]) -> None:
    others = list(flagged)
    assert others, "the other scanner flags nothing at all: it was not really asked"
    missed = [sample for sample in others if verdicts({sample.path: findings[sample.path]})[sample.path] not in FLAGGED]
    assert not missed, _table(missed, findings)


def _table(samples: Iterable[Sample], findings: Mapping[str, Iterable[Finding]]) -> str:
    """Counts by class, then every sample with what was found."""
    listed = list(samples)
    counts = Counter(sample.kind for sample in listed)
    lines = ["", *(f"{count:4}  {kind}" for kind, count in counts.most_common()), ""]
    for sample in listed:
        lines.append(f"{sample.label} {sample.path}: {sample.why}")
        lines += [f"      {found.verdict} {found.rule}: {found.what}" for found in findings[sample.path]]
    return "\n".join(lines)
