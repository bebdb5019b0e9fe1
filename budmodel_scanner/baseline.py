"""Findings that somebody has looked at and accepts: a TOML file of them, each with a reason and a last day.

    [[accepted]]
    path = "modeling_phi.py"
    rule = "path.runs-by-reference"
    sha256 = "9f2c..."
    reason = "read line by line, pull request 12"
    until = 2027-06-30

An entry holds for that rule in that file with that very content, up to and including that day. What is accepted stays in
every report and says so; it only counts as safe in the verdict.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from budmodel_scanner.scanner import FileReport
from budmodel_scanner.verdict import Finding, Verdict, verdict_of

_KEYS = {"path": str, "rule": str, "sha256": str, "reason": str, "until": date}


class BaselineError(ValueError):
    """The baseline cannot be read as one; says which entry, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One entry of a baseline. `until` is the last day on which it holds."""

    path: str
    rule: str
    sha256: str
    reason: str
    until: date

    def is_of(self, report: FileReport, finding: Finding) -> bool:
        return (self.path, self.rule, self.sha256) == (report.path, finding.rule, report.sha256)


@dataclass(frozen=True, slots=True)
class Judged:
    """A file with what of its findings is accepted. `report` is as the scan gave it, `verdict` is of what is left."""

    report: FileReport
    accepted: Mapping[Finding, Accepted] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        return verdict_of(finding for finding in self.report.findings if finding not in self.accepted)

    def verdict_of(self, finding: Finding) -> str:
        """That of a finding, in words: who is told sees what is accepted, and why."""
        entry = self.accepted.get(finding)
        return f"accepted until {entry.until} ({finding.verdict}): {entry.reason}" if entry else str(finding.verdict)

    @property
    def counted(self) -> FileReport:
        """The report with that verdict."""
        return replace(self.report, verdict=self.verdict)


def read_baseline(text: str) -> tuple[Accepted, ...]:
    """The entries of a baseline. Raises BaselineError for what is none: what is not understood must not pass for empty."""
    # Few scans have one.
    import tomllib

    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BaselineError(f"is not TOML: {error}") from error
    entries = tree.pop("accepted", [])
    if tree:
        raise BaselineError(f"has the key {next(iter(tree))!r}; it holds [[accepted]] entries alone")
    if not isinstance(entries, list):
        raise BaselineError("has [accepted] where [[accepted]] belongs")
    return tuple(_entry(number, entry) for number, entry in enumerate(entries, start=1))


def _entry(number: int, entry: Any) -> Accepted:
    if not isinstance(entry, dict) or {*entry} != {*_KEYS}:
        raise BaselineError(f"entry {number} needs exactly the keys {', '.join(_KEYS)}")
    for key, kind in _KEYS.items():
        if type(entry[key]) is not kind or entry[key] == "":
            what = "a date such as 2027-06-30, without quotes" if kind is date else "a text that is not empty"
            raise BaselineError(f"entry {number} needs {what} as {key}")
    return Accepted(**entry)


def judged(files: Sequence[FileReport], baseline: Sequence[Accepted], today: date) -> tuple[Judged, ...]:
    """Each file with those of its findings that entries accept today."""
    return tuple(Judged(report, dict(_accepted(report, baseline, today))) for report in files)


def _accepted(report: FileReport, baseline: Sequence[Accepted], today: date) -> Iterator[tuple[Finding, Accepted]]:
    for finding in report.findings:
        for entry in baseline:
            if entry.is_of(report, finding) and today <= entry.until and finding.verdict is not Verdict.SAFE:
                yield finding, entry


def unused(files: Sequence[FileReport], baseline: Sequence[Accepted], today: date) -> Iterator[str]:
    """A sentence for each entry that accepts nothing today, and why."""
    reports = {report.path: report for report in files}
    for entry in baseline:
        report = reports.get(entry.path)
        if report is None:
            why = "there is no such file"
        elif report.sha256 != entry.sha256:
            why = "the file has changed since"
        elif today > entry.until:
            why = f"it held until {entry.until}"
        elif not any(entry.is_of(report, finding) for finding in report.findings):
            why = "nothing of that rule is found any more"
        else:
            continue
        yield f"the baseline accepts {entry.rule} in {entry.path} no longer: {why}"
