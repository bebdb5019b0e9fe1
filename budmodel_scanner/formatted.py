"""Reports for machines: JSON, SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), annotations of GitHub."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from budmodel_scanner.baseline import Judged
from budmodel_scanner.expressions import expression
from budmodel_scanner.telling import plain
from budmodel_scanner.verdict import Finding, Verdict, worst
from budmodel_scanner.versions import rules_version

SARIF_VERSION = "2.1.0"
_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {
    Verdict.MALICIOUS: "error",
    Verdict.SUSPICIOUS: "warning",
    Verdict.ERROR: "warning",
    Verdict.UNSCANNED: "warning",
    Verdict.SAFE: "none",
}
FORMATS = ("json", "sarif", "github")
_NO_URI = expression(rb"[^A-Za-z0-9_.~/-]")
_LINE = expression(r"\bline (\d{1,9})$")


def formatted(files: Sequence[Judged], form: str, base: str = "") -> Iterator[str]:
    """The lines of a report in one of FORMATS. `base` is where its paths begin, for readers that open the files."""
    match form:
        case "json":
            yield as_json(files)
        case "sarif":
            yield as_sarif(files, base)
        case "github":
            yield from as_annotations(files, base)
        case _:
            raise ValueError(f"no format: {form}")


def file_as_json(file: Judged) -> dict[str, Any]:
    """A file as JSON has it; a finding that is accepted says by whom and until when."""
    return {
        "path": file.report.path,
        "verdict": file.verdict,
        "findings": [
            asdict(finding)
            | (
                {"accepted": {"reason": entry.reason, "until": entry.until.isoformat()}}
                if (entry := file.accepted.get(finding))
                else {}
            )
            for finding in file.report.findings
        ],
        "sha256": file.report.sha256,
        "size": file.report.size,
        "engines": dict(file.report.engines),
    }


def as_json(files: Sequence[Judged]) -> str:
    """One document."""
    verdict = worst(file.verdict for file in files)
    return json.dumps(
        {"verdict": verdict, "rules": rules_version(), "files": [file_as_json(file) for file in files]}, indent=1
    )


def as_sarif(files: Sequence[Judged], base: str = "") -> str:
    """One document of one run. `base` is where the paths begin, as the reader of the report sees it."""
    found = [(file, finding) for file in files for finding in file.report.findings]
    rules = sorted({finding.rule for _, finding in found})
    verdict = worst(file.verdict for file in files)
    driver = {
        "name": "budmodel_scanner",
        "version": rules_version(),
        "rules": [{"id": rule, "shortDescription": {"text": rule.replace(".", ": ").replace("-", " ")}} for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [
            {"executionSuccessful": verdict not in (Verdict.ERROR, Verdict.UNSCANNED), "exitCode": verdict.exit_status}
        ],
        "results": [_result(file, finding, rules.index(finding.rule), base) for file, finding in found],
    }
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": SARIF_VERSION, "runs": [run]}, indent=1)


def _result(file: Judged, finding: Finding, rule: int, base: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(base + file.report.path)}}
    if line := _line(finding):
        place["region"] = {"startLine": line}
    key = "\0".join((file.report.path, finding.rule, file.report.sha256 or "", finding.where))
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": _LEVELS[finding.verdict],
        "kind": "informational" if finding.verdict is Verdict.SAFE else "fail",
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"finding/v1": sha256(key.encode("utf-8", "surrogateescape")).hexdigest()},
        "properties": {"verdict": finding.verdict, "engine": finding.engine, "sha256": file.report.sha256},
    }
    if entry := file.accepted.get(finding):
        justification = f"{entry.reason} (until {entry.until})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def _uri(path: str) -> str:
    """A relative reference, its bytes escaped where a URI has others."""
    return _NO_URI.sub(lambda found: b"%%%02X" % found[0][0], path.encode("utf-8", "surrogateescape")).decode()


def as_annotations(files: Sequence[Judged], base: str = "") -> Iterator[str]:
    """Lines that a workflow of GitHub shows beside the files: errors, warnings, and notices of what is accepted."""
    for file in files:
        for finding in file.report.findings:
            if finding.verdict is Verdict.SAFE:
                continue
            entry = file.accepted.get(finding)
            kind = "notice" if entry else _LEVELS[finding.verdict]
            message = _message(finding) + (f" [accepted until {entry.until}: {entry.reason}]" if entry else "")
            properties = {"file": base + file.report.path, "title": f"{finding.verdict}: {finding.rule}"}
            if line := _line(finding):
                properties["line"] = str(line)
            said = ",".join(f"{name}={_property(plain(value))}" for name, value in properties.items())
            yield f"::{kind} {said}::{_data(plain(message))}"


def _data(text: str) -> str:
    """As GitHub's own toolkit escapes messages."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _message(finding: Finding) -> str:
    return finding.what + (f" ({finding.where})" if finding.where else "")


def _line(finding: Finding) -> int | None:
    """Of the file itself, not of a member within it."""
    found = _LINE.fullmatch(finding.where)
    return int(found[1]) if found and int(found[1]) else None
