"""Reports for machines say what the scan said, in the shape that their readers demand."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from budmodel_scanner.baseline import Accepted, Judged
from budmodel_scanner.formatted import as_annotations, as_json, as_sarif
from budmodel_scanner.scanner import FileReport
from budmodel_scanner.verdict import Finding, Verdict, verdict_of

LINE = Finding("python.process", Verdict.SUSPICIOUS, "starts 100% of:\na process, twice", "line 3")
MEMBER = Finding("pickle.dangerous-call", Verdict.MALICIOUS, "calls os.system", "data.pkl > line 3")
UNREAD = Finding("content.unknown-format", Verdict.UNSCANNED, "is of no known format")
NOTE = Finding("weights.raw", Verdict.SAFE, "raw weights")
ENTRY = Accepted("w eights.bin", UNREAD.rule, "0f", "made by us", date(2027, 1, 2))


def report(path: str, *findings: Finding) -> FileReport:
    return FileReport(path, verdict_of(findings), findings, {"budmodel": "examined"}, 3, "0f")


FILES = (
    Judged(report("a,b.py", LINE, MEMBER)),
    Judged(report("w eights.bin", UNREAD), {UNREAD: ENTRY}),
    Judged(report("c.bin", NOTE)),
)


def expect(value: object, shape: object, where: str = "$") -> None:
    """The little of JSON schema that SARIF's required shape takes: types, required keys, lists of one shape, choices."""
    if isinstance(shape, Mapping):
        assert isinstance(value, Mapping), where
        for key, inner in shape.items():
            if not key.endswith("?"):
                assert key in value, f"{where}.{key}"
            if (name := key.removesuffix("?")) in value:
                expect(value[name], inner, f"{where}.{name}")
        assert {*value} <= {key.removesuffix("?") for key in shape}, f"{where}: {sorted(value)}"
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for number, item in enumerate(value):
            expect(item, shape[0], f"{where}[{number}]")
    elif isinstance(shape, tuple):
        assert value in shape, f"{where}: {value!r}"
    else:
        assert type(value) is shape, f"{where}: {value!r}"


SARIF = {
    "$schema": str,
    "version": ("2.1.0",),
    "runs": [
        {
            "tool": {"driver": {"name": str, "version": str, "rules": [{"id": str, "shortDescription": {"text": str}}]}},
            "invocations": [{"executionSuccessful": bool, "exitCode": int}],
            "results": [
                {
                    "ruleId": str,
                    "ruleIndex": int,
                    "level": ("none", "note", "warning", "error"),
                    "kind": ("notApplicable", "pass", "fail", "review", "open", "informational"),
                    "message": {"text": str},
                    "locations": [
                        {"physicalLocation": {"artifactLocation": {"uri": str}, "region?": {"startLine": int}}}
                    ],
                    "partialFingerprints": {"finding/v1": str},
                    "properties": {"verdict": str, "engine": str, "sha256": str},
                    "suppressions?": [
                        {
                            "kind": ("inSource", "external"),
                            "status": ("accepted", "underReview", "rejected"),
                            "justification": str,
                        }
                    ],
                }
            ],
        }
    ],
}  # fmt: skip


def sarif(base: str = "") -> Any:
    return json.loads(as_sarif(FILES, base))


def test_sarif_has_the_shape_that_its_schema_requires() -> None:
    expect(sarif(), SARIF)


def test_sarif_of_nothing_is_a_run_without_results_that_did_not_succeed() -> None:
    found = json.loads(as_sarif([]))
    expect(found, SARIF)
    assert found["runs"][0]["results"] == []
    assert found["runs"][0]["invocations"] == [{"executionSuccessful": False, "exitCode": 2}]


def test_each_finding_is_a_result_of_its_rule() -> None:
    run = sarif()["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [LINE.rule, MEMBER.rule, UNREAD.rule, NOTE.rule]
    assert [result["level"] for result in run["results"]] == ["warning", "error", "warning", "none"]
    # A result that is not a failure has no level (SARIF 3.27.10).
    assert [result["kind"] for result in run["results"]] == ["fail", "fail", "fail", "informational"]
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]


def test_sarif_places_lines_of_files_and_no_lines_of_members() -> None:
    first, second, third, _ = (result["locations"][0]["physicalLocation"] for result in sarif("m/")["runs"][0]["results"])
    assert first == {"artifactLocation": {"uri": "m/a%2Cb.py"}, "region": {"startLine": 3}}
    assert second == {"artifactLocation": {"uri": "m/a%2Cb.py"}}
    assert third == {"artifactLocation": {"uri": "m/w%20eights.bin"}}


def test_sarif_tells_what_is_accepted() -> None:
    _, second, third, _ = sarif()["runs"][0]["results"]
    assert "suppressions" not in second
    assert third["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "made by us (until 2027-01-02)"}
    ]


def test_fingerprints_tell_findings_apart() -> None:
    results = sarif()["runs"][0]["results"]
    assert len({result["partialFingerprints"]["finding/v1"] for result in results}) == len(results)


def test_json_has_everything() -> None:
    found = json.loads(as_json(FILES))
    assert (found["verdict"], [file["verdict"] for file in found["files"]]) == ("malicious", ["malicious", "safe", "safe"])
    assert found["files"][0] == {
        "path": "a,b.py",
        "verdict": "malicious",
        "findings": [
            {"rule": each.rule, "verdict": each.verdict, "what": each.what, "where": each.where, "engine": "budmodel"}
            for each in (LINE, MEMBER)
        ],
        "sha256": "0f",
        "size": 3,
        "engines": {"budmodel": "examined"},
    }
    assert found["files"][1]["findings"][0]["accepted"] == {"reason": "made by us", "until": "2027-01-02"}


def test_annotations_of_github() -> None:
    twice = r"starts 100%25 of:\na process, twice (line 3)"
    accepted = "is of no known format [accepted until 2027-01-02: made by us]"
    assert list(as_annotations(FILES, "m/")) == [
        f"::warning file=m/a%2Cb.py,title=suspicious%3A python.process,line=3::{twice}",
        "::error file=m/a%2Cb.py,title=malicious%3A pickle.dangerous-call::calls os.system (data.pkl > line 3)",
        f"::notice file=m/w eights.bin,title=unscanned%3A content.unknown-format::{accepted}",
    ]
