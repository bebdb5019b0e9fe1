"""What a baseline accepts, what it no longer does, and that it never hides anything."""

from datetime import date

import pytest

from budmodel_scanner.baseline import Accepted, BaselineError, judged, read_baseline, unused
from budmodel_scanner.scanner import FileReport
from budmodel_scanner.verdict import Finding, Verdict, verdict_of

ENTRY = """
[[accepted]]
path = "a.py"
rule = "python.process"
sha256 = "00ff"
reason = "read by Ann"
until = 2027-06-30
"""
DAY = date(2027, 6, 30)
PROCESS = Finding("python.process", Verdict.SUSPICIOUS, "starts a process", "line 3")
OTHER = Finding("python.network", Verdict.SUSPICIOUS, "opens a connection")
UNREAD = Finding("scan.unreadable", Verdict.ERROR, "cannot be read")


def report(*findings: Finding, path: str = "a.py", digest: str | None = "00ff") -> FileReport:
    return FileReport(path, verdict_of(findings), findings, {}, 1, digest)


def verdict(file: FileReport, today: date = DAY) -> Verdict:
    return judged([file], read_baseline(ENTRY), today)[0].verdict


def test_what_is_accepted_counts_as_safe_and_stays() -> None:
    (file,) = judged([report(PROCESS)], read_baseline(ENTRY), DAY)
    assert file.verdict is file.counted.verdict is Verdict.SAFE
    assert file.report.findings == (PROCESS,)
    assert file.accepted == {PROCESS: Accepted("a.py", "python.process", "00ff", "read by Ann", DAY)}


@pytest.mark.parametrize(
    ("file", "today", "why"),
    [
        (report(PROCESS), date(2027, 7, 1), "it held until 2027-06-30"),
        (report(PROCESS, digest="00fe"), DAY, "the file has changed since"),
        (report(PROCESS, digest=None), DAY, "the file has changed since"),
        (report(PROCESS, path="b/a.py"), DAY, "there is no such file"),
        (report(OTHER), DAY, "nothing of that rule is found any more"),
    ],
)
def test_an_entry_holds_for_its_rule_its_content_and_its_time(file: FileReport, today: date, why: str) -> None:
    assert verdict(file, today) is Verdict.SUSPICIOUS
    sentence = f"the baseline accepts python.process in a.py no longer: {why}"
    assert list(unused([file], read_baseline(ENTRY), today)) == [sentence]


def test_an_entry_that_holds_is_not_told_as_unused() -> None:
    assert list(unused([report(PROCESS)], read_baseline(ENTRY), DAY)) == []


def test_other_findings_of_the_file_count() -> None:
    assert verdict(report(PROCESS, OTHER)) is Verdict.SUSPICIOUS
    assert verdict(report(PROCESS, UNREAD)) is Verdict.ERROR


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[[accepted]", "is not TOML"),
        (ENTRY + 'extra = "x"\n', "entry 1 needs exactly the keys path, rule, sha256, reason, until"),
        (ENTRY.replace("reason", "why"), "entry 1 needs exactly the keys"),
        (ENTRY.replace("2027-06-30", '"2027-06-30"'), "entry 1 needs a date"),
        (ENTRY.replace("2027-06-30", "2027-06-30T00:00:00"), "entry 1 needs a date"),
        (ENTRY.replace("read by Ann", ""), "entry 1 needs a text that is not empty as reason"),
        (ENTRY + ENTRY.replace('"a.py"', "7"), "entry 2 needs a text"),
        (ENTRY.replace("[[accepted]]", "[[accept]]"), "has the key 'accept'"),
        (ENTRY.replace("[[accepted]]", "[accepted]"), r"has \[accepted\] where"),
    ],
)
def test_a_baseline_that_is_not_understood_is_refused(text: str, what: str) -> None:
    with pytest.raises(BaselineError, match=what):
        read_baseline(text)


def test_an_empty_baseline_accepts_nothing() -> None:
    assert read_baseline("# nothing yet\n") == ()
