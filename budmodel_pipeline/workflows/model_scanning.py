"""Scans the files of models that were read, and keeps malware out of what is published."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from budmodel_pipeline.targets.model_scan import Download, disk_listing, repository_listing
from budmodel_pipeline.targets.opening import Providers, open_model
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.model_states import TargetState, states_of
from budmodel_pipeline.warehouse.scan_records import ResultsTable, ScannedFile, last_scan, store_scan
from budmodel_pipeline.workflows.model_reading import ModelReading
from budmodel_scanner.cache import Examined
from budmodel_scanner.engines import Engine
from budmodel_scanner.scanner import FileReport, Listing, ScanOptions, scan_listing
from budmodel_scanner.verdict import Finding, Verdict, worst
from budmodel_scanner.versions import scan_versions


@dataclass(frozen=True, slots=True)
class Scanning:
    """How models are scanned. Files beyond `largest` bytes are not downloaded, which makes them unscanned and not safe."""

    engines: Sequence[Engine] = ()
    largest: int = 64_000_000
    work: Path | None = None

    @property
    def versions(self) -> Mapping[str, str]:
        """Everything that a verdict depends on."""
        engines = {engine.name: engine.version for engine in self.engines}
        return scan_versions({**engines, "largest file": str(self.largest)})


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """The scan of one model. `worst_files` are those that decided; `unchanged` says that an earlier scan still stands."""

    target: str
    verdict: Verdict
    files: int = 0
    worst_files: tuple[FileReport, ...] = ()
    unchanged: bool = False
    problem: str | None = None


def scan_models(
    targets: Sequence[str], reading: ModelReading, how: Scanning, say: Callable[[str], None] = lambda _: None
) -> Iterator[ScanOutcome]:
    """Scans each extracted target at the revision that was read, one after the other, and stores what was found.

    A model that cannot be opened is an ERROR; what an earlier scan found of it stays.
    """
    versions = how.versions
    with reading.engine.connect() as connection:
        states = [state for state in states_of(connection, targets) if state.revision is not None]
    for state in states:
        with reading.engine.connect() as connection:
            before = last_scan(connection, state.target)
        same = before is not None and before.revision == state.revision and before.versions == versions
        if before is not None and same and before.verdict != Verdict.ERROR:
            yield ScanOutcome(state.target, Verdict(before.verdict), unchanged=True)
            continue
        try:
            reports = _scan(state, reading, how, say)
        except ProviderError as error:
            yield ScanOutcome(state.target, Verdict.ERROR, problem=str(error))
            continue
        verdict = worst(report.verdict for report in reports)
        with reading.engine.begin() as connection:
            files = [_row(report) for report in reports]
            store_scan(connection, state.target, state.revision or "", verdict, versions, files, datetime.now(UTC))
        decided = tuple(report for report in reports if report.verdict is verdict and verdict is not Verdict.SAFE)
        yield ScanOutcome(state.target, verdict, len(reports), decided)


def _scan(state: TargetState, reading: ModelReading, how: Scanning, say: Callable[[str], None]) -> tuple[FileReport, ...]:
    place = parse_target(state.target)
    cache = DatabaseCache(ResultsTable(reading.engine))
    options = ScanOptions(cache=cache, engines=how.engines)
    pinned = state.revision if place.provider == "hugging_face" else None
    with ExitStack() as stack:
        opened = stack.enter_context(open_model(place, _generous(reading.providers, how), pinned))
        if opened.repository is None:
            raise ProviderError(state.target, "unsupported", "it has no files", hint="nothing to do", permanent=True)
        if opened.revision != state.revision:
            reason = f"it is now at {opened.revision[:12]} instead of {(state.revision or '')[:12]}"
            raise ProviderError(state.target, "changed", reason, hint="extract it again", permanent=False)
        path = Path(place.uri)
        if place.provider == "disk" and path.is_dir():
            listing: Listing = disk_listing(path)
        else:
            work = Path(stack.enter_context(TemporaryDirectory(prefix="budmodel-", dir=how.work)))
            origin = f"{opened.uri}@{opened.revision}"
            listing = repository_listing(opened.repository, origin, work, cache, Download(largest=how.largest))
        done = 0

        def on_report(report: FileReport) -> None:
            nonlocal done
            done += 1
            if report.verdict is not Verdict.SAFE or done == len(listing.files):
                say(f"{state.target}: {done} of {len(listing.files)} files; {report.path} is {report.verdict}")

        return scan_listing(listing, options, on_report)


def _generous(providers: Providers, how: Scanning) -> Providers:
    """The same providers, with a hub that lets a scan read whole files."""
    if providers.hub is None:
        return providers
    policy = replace(
        providers.hub.policy, max_bytes=1 << 50, max_file_bytes=max(how.largest, providers.hub.policy.max_file_bytes)
    )
    return replace(providers, hub=replace(providers.hub, policy=policy))


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
    """The results of earlier scans, as the scanner asks for them."""

    results: ResultsTable

    def get(self, key: str) -> Examined | None:
        found = self.results.get(key)
        if found is None:
            return None
        findings, engines = found
        told = (Finding(rule, Verdict(verdict), what, where, engine) for rule, verdict, what, where, engine in findings)
        return Examined(tuple(told), engines)

    def put(self, key: str, examined: Examined) -> None:
        rows = [(one.rule, one.verdict.value, one.what, one.where, one.engine) for one in examined.findings]
        self.results.put(key, rows, examined.engines)

    def digest_of(self, origin: str) -> str | None:
        return self.results.digest_of(origin)

    def put_digest(self, origin: str, digest: str) -> None:
        self.results.put_digest(origin, digest)
