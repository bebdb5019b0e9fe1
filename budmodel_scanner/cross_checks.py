"""modelscan and picklescan as cross-checks: whatever they flag is at least suspicious, whatever they pass proves nothing.

Both run in one limited child, apart from our own examination, because importing modelscan takes longer than most scans. They
are asked about the kinds of files that they read, up to a size: they load pickles whole.

modelscan's readers of HDF5, Keras and SavedModel are left out: they want TensorFlow and h5py, and a verdict must not depend
on what else is installed. Our own readers of these formats need neither.
"""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from budmodel_scanner.engines import CLEAN, FLAGGED, NOT_INSTALLED, EngineResult
from budmodel_scanner.verdict import Finding, Verdict, verdict_of
from budmodel_scanner.versions import installed_version

MODELSCAN, PICKLESCAN = "modelscan", "picklescan"
NAMES = (MODELSCAN, PICKLESCAN)
LARGEST = 64 << 20

_PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".dat", ".data", ".bin", ".pt", ".pth", ".ckpt"})
_SUFFIXES = {
    MODELSCAN: _PICKLES | {".dill", ".keras", ".npy", ".npz", ".zip"},
    PICKLESCAN: _PICKLES | {".npy", ".npz", ".zip"},
}
_HEADS = (*(b"\x80" + bytes([protocol]) for protocol in range(6)), b"PK\x03\x04", b"\x93NUMPY")
_FLAGGED = ".flagged"
_MODELSCAN_READERS = ("NumpyUnsafeOpScan", "PickleUnsafeOpScan", "PyTorchUnsafeOpScan")


def states_without_asking(name: str, head: bytes, size: int) -> dict[str, str]:
    """Of the engines that need not look at this file, what keeps them from it."""
    states = {}
    for engine in NAMES:
        if installed_version(engine) is None:
            states[engine] = NOT_INSTALLED
        elif PurePosixPath(name).suffix.lower() not in _SUFFIXES[engine] and not (
            engine == PICKLESCAN and head.startswith(_HEADS)
        ):
            states[engine] = "not asked: not a kind of file that it reads"
        elif size > LARGEST:
            states[engine] = f"not asked: larger than {LARGEST >> 20} MiB"
    return states


def objections(ours: Iterable[Finding], theirs: Iterable[Finding]) -> Iterator[Finding]:
    """What they say, less what our examination has understood better: they block names, whatever is done with them.

    That is so where we read the file to its end with nothing to say against it, and followed every call of the very name
    that they object to. Their finding then stays as a note.
    """
    ours, theirs = tuple(ours), tuple(theirs)
    cleared: set[str] = set()
    if theirs and verdict_of(ours) is Verdict.SAFE:
        # Its lists are read by the children; here they are needed only where somebody was asked.
        from budmodel_scanner.pickles.report import CLEARED

        cleared = {_name_in(finding) for finding in ours if finding.rule == f"pickle.{CLEARED}"}
    for finding in theirs:
        if finding.rule.endswith(_FLAGGED) and _name_in(finding) in cleared:
            what = f"{finding.what}, of which every call was followed and is harmless"
            yield replace(finding, verdict=Verdict.SAFE, what=what)
        else:
            yield finding


def _name_in(finding: Finding) -> str:
    """What cross-checks flag and our walk clears ends with the name."""
    return finding.what.rpartition(" ")[2]


def main() -> None:
    """The child's side."""
    # What a child needs takes the parent longer to import than it has to do itself.
    from budmodel_scanner.worker import bounded, serve

    engines: dict[str, Callable[[str, int], EngineResult]] = {}
    if installed_version(PICKLESCAN) is not None:
        engines[PICKLESCAN] = _picklescan()
    if installed_version(MODELSCAN) is not None:
        engines[MODELSCAN] = _modelscan()

    def examine(request: dict[str, Any], descriptor: int) -> dict[str, Any]:
        states: dict[str, str] = {}
        findings: list[Finding] = []
        for name in request["engines"]:
            result = engines[name](request["file"], descriptor)
            states[name] = result.state
            findings += result.findings
        return {"states": states, "findings": bounded(findings)}

    serve(examine, {"picklescan", "modelscan", "numpy"})


def _picklescan() -> Callable[[str, int], EngineResult]:
    scanner = import_module("picklescan.scanner")

    def examine(file: str, descriptor: int) -> EngineResult:
        with io.BytesIO(os.pread(descriptor, os.fstat(descriptor).st_size, 0)) as content:
            try:
                result = scanner.scan_bytes(content, file, Path(file).suffix)
            except Exception as error:  # noqa: BLE001  # It raises whatever its parsers do; it may only raise verdicts.
                return EngineResult(f"error: {type(error).__name__}: {error}")
        dangerous = sorted({(one.module, one.name) for one in result.globals if one.safety is scanner.SafetyLevel.Dangerous})
        findings = [_flagged(PICKLESCAN, f"dangerous global {module}.{name}", "") for module, name in dangerous]
        return _result(findings, ["a stream it cannot parse"] if result.scan_err else [], [])

    return examine


def _modelscan() -> Callable[[str, int], EngineResult]:
    settings: dict[str, Any] = import_module("modelscan.settings").DEFAULT_SETTINGS
    readers: Mapping[str, Any] = settings["scanners"]
    chosen = {path: value for path, value in readers.items() if path.endswith(_MODELSCAN_READERS)}
    scanner = import_module("modelscan.modelscan").ModelScan(settings | {"scanners": chosen})

    def examine(file: str, _: int) -> EngineResult:
        try:
            scanner.scan(file)
        except Exception as error:  # noqa: BLE001  # As above. What it found before is kept.
            failed = [f"{type(error).__name__}: {error}"]
        else:
            failed = []
        findings = [
            _flagged(MODELSCAN, f"{issue.severity.name.lower()}: {_details(issue)}", _inside(file, issue))
            for issue in scanner.issues.all_issues
        ]
        errors = [*failed, *(" ".join(str(error).replace(file, "").split()) for error in scanner.errors)]
        return _result(findings, errors, [skipped.message for skipped in scanner.skipped])

    return examine


def _details(issue: Any) -> str:
    details = issue.details
    return f"{details.module}.{details.operator}"


def _inside(file: str, issue: Any) -> str:
    return str(issue.details.source).removeprefix(file).lstrip(":")


def _flagged(engine: str, what: str, where: str) -> Finding:
    # Suspicious and not more: their block-lists hold names that ordinary checkpoints have, such as operator.itemgetter.
    return Finding(f"{engine}{_FLAGGED}", Verdict.SUSPICIOUS, what, where, engine)


def _result(findings: list[Finding], errors: Iterable[str], skipped: Iterable[str]) -> EngineResult:
    """Whatever it said, in the order of weight: what it could not read is not clean."""
    error, skip = next(iter(errors), None), next(iter(skipped), None)
    if findings:
        return EngineResult(FLAGGED, tuple(findings))
    if error is not None:
        return EngineResult(f"error: {error}")
    return EngineResult(CLEAN if skip is None else f"skipped: {skip}")
