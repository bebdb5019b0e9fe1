"""Scans the files of models that were read, and keeps malware out of what is published."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from budmodel_pipeline.targets.model_scan import Download, disk_listing, repository_listing
from budmodel_pipeline.targets.opening import OpenedModel, open_model
from budmodel_pipeline.warehouse.model_states import TargetState
from budmodel_pipeline.warehouse.scan_records import ResultsTable, ScannedFile, last_scan, store_scan
from budmodel_pipeline.workflows.model_loop import Outcome, Say, for_each_model, not_read
from budmodel_pipeline.workflows.model_reading import ModelReading, states_as_read
from budmodel_pipeline.workflows.open_models import all_files, expect_revision
from budmodel_scanner.cache import Examined
from budmodel_scanner.engines import Engine
from budmodel_scanner.scanner import FileReport, Listing, ScanOptions, cross_checking, scan_listing
from budmodel_scanner.verdict import Finding, Verdict, worst
from budmodel_scanner.versions import scan_versions


@dataclass(frozen=True, slots=True)
class Scanning:
    """How models are scanned. Files beyond `largest` bytes are not downloaded, which makes them unscanned and not safe.

    `anew`: whatever earlier scans of the same content found.
    """

    engines: Sequence[Engine] = ()
    largest: int = 64_000_000
    work: Path | None = None
    anew: bool = False

    @property
    def versions(self) -> Mapping[str, str]:
        """Everything that a verdict depends on."""
        engines = {engine.name: engine.version for engine in self.engines}
        return scan_versions({**engines, "largest file": str(self.largest)})


@dataclass(frozen=True, slots=True)
class Scanned:
    """The scan of one model. `unchanged` says that an earlier one still stands, whose `reports` are in the tables."""

    verdict: Verdict
    reports: tuple[FileReport, ...] = ()
    unchanged: bool = False

    @property
    def worst_files(self) -> tuple[FileReport, ...]:
        """Those that decided; none where all is well."""
        return tuple(one for one in self.reports if one.verdict is self.verdict and one.verdict is not Verdict.SAFE)


def scan_models(
    targets: Collection[str], reading: ModelReading, how: Scanning, say: Say = lambda _: None
) -> Iterator[Outcome[Scanned]]:
    """Scans each extracted target at the revision that was read, one after the other, and stores what was found.

    Closed models have no files and no outcome. Of a model that cannot be opened, what an earlier scan found stays.
    """
    versions = how.versions
    states = states_as_read(targets, reading)
    yield from not_read(targets, states)

    def work(state: TargetState) -> Scanned:
        with reading.engine.connect() as connection:
            before = last_scan(connection, state.target)
        same = before is not None and before.revision == state.revision and before.versions == versions
        if before is not None and same and before.verdict != Verdict.ERROR and not how.anew:
            return Scanned(Verdict(before.verdict), unchanged=True)
        with reading.models.as_read(state, reading.providers) as opened:
            reports = _scan(state, opened, reading, how, say)
        return Scanned(worst(report.verdict for report in reports), reports)

    def store(connection: Connection, state: TargetState, found: Scanned) -> Scanned:
        if not found.unchanged:
            files = [_row(report) for report in found.reports]
            with connection.begin():
                store_scan(connection, state.target, state.revision or "", found.verdict, versions, files, datetime.now(UTC))
        return found

    with_files = [state for state in states if state.provider != "cloud_model"]
    # In turn: a scan has children of its own, as many as there are processors for.
    yield from for_each_model(with_files, work, store, engine=reading.engine, what="scanned", say=say)


def _scan(state: TargetState, opened: OpenedModel, reading: ModelReading, how: Scanning, say: Say) -> tuple[FileReport, ...]:
    cache = DatabaseCache(ResultsTable(reading.engine), anew=how.anew)
    on_disk, path = opened.target.provider == "disk", Path(opened.target.uri)
    with ExitStack() as stack:
        if on_disk and path.is_dir():
            listing: Listing = disk_listing(path)
        else:
            work = Path(stack.enter_context(TemporaryDirectory(prefix="budmodel-", dir=how.work)))
            origin = f"{opened.uri}@{opened.revision}"
            listing = repository_listing(all_files(opened), origin, work, cache, Download(largest=how.largest))
        done = 0

        def on_report(report: FileReport) -> None:
            nonlocal done
            done += 1
            if report.verdict is not Verdict.SAFE or done == len(listing.files):
                say(f"{state.target}: {done} of {len(listing.files)} files; {report.path} is {report.verdict}")

        options = ScanOptions(cache=cache, engines=how.engines, cross_checker=cross_checking())
        reports = scan_listing(listing, options, on_report)
    if on_disk:
        # It may have changed before or while it was scanned: a verdict is stored for what was scanned, or not at all.
        with open_model(opened.target, reading.providers) as now:
            expect_revision(state, now)
    return reports


def _row(report: FileReport) -> ScannedFile:
    findings = [
        {"engine": one.engine, "rule": one.rule, "severity": one.verdict.value, "what": one.what, "place": one.where}
        for one in report.findings
    ]
    return ScannedFile(
        report.path, report.size, report.sha256, report.verdict, dict(report.engines), report.from_cache, findings
    )


@dataclass(frozen=True, slots=True)
class DatabaseCache:
    """The results of earlier scans, as the scanner asks for them; `anew`, it remembers nothing and keeps what is found."""

    results: ResultsTable
    anew: bool = False

    def get(self, key: str) -> Examined | None:
        found = None if self.anew else self.results.get(key)
        if found is None:
            return None
        findings, engines = found
        told = (Finding(rule, Verdict(verdict), what, where, engine) for rule, verdict, what, where, engine in findings)
        return Examined(tuple(told), engines)

    def put(self, key: str, examined: Examined) -> None:
        rows = [(one.rule, one.verdict.value, one.what, one.where, one.engine) for one in examined.findings]
        self.results.put(key, rows, examined.engines)

    def digest_of(self, origin: str) -> str | None:
        return None if self.anew else self.results.digest_of(origin)

    def put_digest(self, origin: str, digest: str) -> None:
        self.results.put_digest(origin, digest)
