"""Scanning files: each is hashed here, examined in a child, cross-checked, and reported with everything that was said of it.

A file is safe when our own examination reached its end and no engine objects. Everything that keeps an engine from looking
is a finding of its own, so that nothing is safe because nobody looked.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import LifoQueue
from types import TracebackType
from typing import Any

from budmodel_scanner import cross_checks, described_weights
from budmodel_scanner.cache import Examined, NoCache, ScanCache, cache_key
from budmodel_scanner.engines import EXAMINED, FAILED, NOT_CONFIGURED, NOT_EXAMINED, OURS, Engine
from budmodel_scanner.isolation import Allowance, Child, ScanFailure, program_of
from budmodel_scanner.repository_checks import check_paths, check_references
from budmodel_scanner.steady_files import digest_of, expect_unchanged, opened
from budmodel_scanner.verdict import Finding, Verdict, verdict_of
from budmodel_scanner.versions import scan_versions

# Engines that a reader of a report looks for, also where they are not there.
EXPECTED = ("clamav",)
# Hashed before they are examined, because the cache may know them; a larger one is hashed while it is examined.
_SMALL = 64 << 20
_NAME_CODE = frozenset({"config.auto-map", "config.custom-pipeline"})


@dataclass(frozen=True, slots=True)
class Obtained:
    """A file on disk. `sha256` where its content was hashed on the way here, into a place that nobody else writes to."""

    file: Path
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file to scan: `path` is that in its repository.

    `obtain` has it on disk for the time of a block, and raises ScanFailure or OSError. Where `sha256` is known beforehand,
    the cache is asked before that.
    """

    path: str
    obtain: Callable[[], AbstractContextManager[Obtained]]
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class FileReport:
    """What is known of one file. `engines` tells of each engine whether it looked; `size` in bytes; None: never read."""

    path: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    engines: Mapping[str, str]
    size: int | None = None
    sha256: str | None = None
    from_cache: bool = False


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan. `examiner` and `cross_checker` are the programs of the children; None for no cross-checks, which take
    several times as long as the examination of small files."""

    cache: ScanCache = field(default_factory=NoCache)
    engines: Sequence[Engine] = ()
    children: int = field(default_factory=lambda: max(1, min(2, os.cpu_count() or 1)))
    allowance: Allowance = field(default_factory=Allowance)
    examiner: Sequence[str] = field(default_factory=lambda: program_of("budmodel_scanner.worker"))
    cross_checker: Sequence[str] | None = None


def cross_checking() -> Sequence[str]:
    """For `ScanOptions.cross_checker`: the program that asks modelscan and picklescan."""
    return program_of("budmodel_scanner.cross_checks")


def on_disk(path: str, file: Path) -> WantedFile:
    """A file that is there already. It may change under our hands, which is found out."""
    return WantedFile(path, lambda: nullcontext(Obtained(file)))


def not_examined(path: str, finding: Finding, size: int | None = None) -> FileReport:
    """The report of a file that could not be looked at; `finding` says why."""
    return FileReport(path, verdict_of([finding]), (finding,), {OURS: NOT_EXAMINED}, size)


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is to scan: regular files, symbolic links with their targets, and reports of what cannot be scanned.

    `names` are paths of files that go by digests, each with those of `files` that are the same file under its real names.
    """

    files: Sequence[WantedFile]
    links: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[FileReport] = ()
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)


def scan_listing(
    listing: Listing, options: ScanOptions | None = None, on_report: Callable[[FileReport], None] = lambda _: None
) -> tuple[FileReport, ...]:
    """A report of everything listed, sorted by path. `on_report` gets each one as it is done.

    What depends on paths and neighbors is looked at anew every time, whatever the cache remembers of the files.
    """
    reports = {report.path: report for report in listing.others}
    for path, target in listing.links.items():
        what = f"it is a symbolic link to {target}, which was not followed"
        reports[path] = not_examined(path, Finding("scan.symlink", Verdict.UNSCANNED, what))
    with Scanner(options) as scanner:
        for report in scanner.scan(listing.files):
            reports[report.path] = report
            on_report(report)
    for path, findings in described_weights.joined({path: (one.size, one.findings) for path, one in reports.items()}):
        reports[path] = replace(reports[path], verdict=verdict_of(findings), findings=findings)
    sizes = {wanted.path: wanted.size for wanted in listing.files}
    for path, finding in (*check_paths(sizes, listing.links), *_references(listing.files, reports)):
        reports[path] = with_findings(reports[path], [finding])
    for path, names in listing.names.items():
        reports[path] = replace(max((reports[name] for name in names), key=lambda report: report.verdict.rank), path=path)
    return tuple(reports[path] for path in sorted(reports))


def _references(files: Sequence[WantedFile], reports: Mapping[str, FileReport]) -> Iterator[tuple[str, Finding]]:
    """Of the files that name code, only those are read again, which are few and small."""
    naming = {
        wanted.path: wanted
        for wanted in files
        if any(finding.rule in _NAME_CODE for finding in reports[wanted.path].findings)
    }
    sizes = {wanted.path: reports[wanted.path].size if wanted.path in naming else None for wanted in files}
    yield from check_references(sizes, lambda path: _content(naming[path]))


def _content(wanted: WantedFile) -> bytes:
    """Nothing where it cannot be had any more: the file that names code is suspicious anyway."""
    with suppress(ScanFailure, OSError), wanted.obtain() as obtained, opened(obtained.file) as (descriptor, status):
        return os.pread(descriptor, status.st_size, 0)
    return b""


def with_findings(report: FileReport, findings: Iterable[Finding]) -> FileReport:
    """The report with more findings, which can only make it worse."""
    every = (*report.findings, *findings)
    return replace(report, verdict=verdict_of(every), findings=every)


class Scanner:
    """Scans files with children of its own, which start with the first file that needs them and end with the block."""

    def __init__(self, options: ScanOptions | None = None) -> None:
        self._options = options = options or ScanOptions()
        others = {engine.name: engine.version for engine in options.engines}
        # Parts of the key under which a result is remembered.
        forgets = isinstance(options.cache, NoCache)
        self._versions = {} if forgets else scan_versions(others, cross_checked=options.cross_checker is not None)
        self._files = ThreadPoolExecutor(options.children, "scan")
        # Threads of their own, as old as the scanner: a child dies with the thread that started it.
        self._examining = ThreadPoolExecutor(options.children, "examine")
        self._crossing = ThreadPoolExecutor(1, "cross-check")
        self._examiners = [Child(options.examiner, options.allowance) for _ in range(options.children)]
        self._cross_checker = Child(options.cross_checker, options.allowance) if options.cross_checker else None
        self._idle: LifoQueue[Child] = LifoQueue()  # One that runs already is preferred.
        for child in self._examiners:
            self._idle.put(child)

    def __enter__(self) -> "Scanner":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        children = [*self._examiners, *([self._cross_checker] if self._cross_checker else [])]
        if kind is not None:
            for child in children:
                child.interrupt()
        self._files.shutdown(cancel_futures=True)
        self._examining.shutdown()
        self._crossing.shutdown()
        for child in children:
            child.kill()

    def scan(self, files: Iterable[WantedFile]) -> Iterator[FileReport]:
        """The report of each file, in the order given."""
        return self._files.map(self._report, files)

    def _report(self, wanted: WantedFile) -> FileReport:
        try:
            known = self._remembered(wanted.path, wanted.sha256, wanted.size) if wanted.sha256 else None
            if known:
                return known
            with wanted.obtain() as obtained, opened(obtained.file) as (descriptor, status):
                report = self._looked_at(wanted.path, obtained, descriptor, status.st_size)
                expect_unchanged(obtained.file, descriptor, status)
        except ScanFailure as failure:
            return not_examined(wanted.path, Finding(failure.rule, Verdict.ERROR, failure.what), wanted.size)
        except OSError as error:
            what = f"the file cannot be read: {error.strerror or error}"
            return not_examined(wanted.path, Finding("scan.unreadable", Verdict.ERROR, what), wanted.size)
        return self._remember(report)

    def _looked_at(self, path: str, obtained: Obtained, descriptor: int, size: int) -> FileReport:
        digest = obtained.sha256
        if digest is None and size <= _SMALL:
            digest = digest_of(descriptor, size)
        if digest is not None and (known := self._remembered(path, digest, size)):
            return known
        examining = self._examining.submit(self._examined, path, descriptor, size)
        crossing = self._cross_check(path, obtained.file, descriptor, size)
        try:
            if digest is None:
                digest = digest_of(descriptor, size)
                if known := self._remembered(path, digest, size):
                    return known
        finally:
            wait([examining, crossing])  # They read the descriptor, which must not be closed before.
        ours, crossed = examining.result(), crossing.result()
        findings = (*ours.findings, *cross_checks.objections(ours.findings, crossed.findings))
        engines = dict.fromkeys(EXPECTED, NOT_CONFIGURED) | {**ours.engines, **crossed.engines}
        for engine in self._options.engines:
            result = engine.examine(descriptor, path, size)
            engines[engine.name] = result.state
            findings += result.findings
        return FileReport(path, verdict_of(findings), findings, engines, size, digest)

    def _examined(self, path: str, descriptor: int, size: int) -> Examined:
        child = self._idle.get()
        try:
            return Examined(_findings(child.ask(descriptor, size, {"name": path})), {OURS: EXAMINED})
        except ScanFailure as failure:
            return Examined((Finding(failure.rule, Verdict.ERROR, failure.what),), {OURS: FAILED})
        finally:
            self._idle.put(child)

    def _cross_check(self, path: str, file: Path, descriptor: int, size: int) -> Future[Examined]:
        if self._cross_checker is None:
            return _settled(dict.fromkeys(cross_checks.NAMES, "not asked: turned off"))
        states = cross_checks.states_without_asking(path, os.pread(descriptor, 16, 0), size)
        asked = [name for name in cross_checks.NAMES if name not in states]
        if not asked:
            return _settled(states)
        return self._crossing.submit(_crossed, self._cross_checker, file, descriptor, size, states, asked)

    def _remembered(self, path: str, digest: str, size: int | None) -> FileReport | None:
        known = self._options.cache.get(cache_key(digest, path, self._versions))
        if known is None:
            return None
        return FileReport(path, verdict_of(known.findings), known.findings, known.engines, size, digest, from_cache=True)

    def _remember(self, report: FileReport) -> FileReport:
        """What failed may succeed the next time, so it is not remembered."""
        if report.sha256 and not report.from_cache and not any(one.verdict is Verdict.ERROR for one in report.findings):
            key = cache_key(report.sha256, report.path, self._versions)
            self._options.cache.put(key, Examined(report.findings, report.engines))
        return report


def _settled(states: dict[str, str]) -> Future[Examined]:
    """What engines say that were not asked."""
    settled: Future[Examined] = Future()
    settled.set_result(Examined((), states))
    return settled


def _crossed(child: Child, file: Path, descriptor: int, size: int, states: dict[str, str], asked: list[str]) -> Examined:
    try:
        answer = child.ask(descriptor, size, {"file": os.fspath(file.absolute()), "engines": asked})
        said = answer.get("states")
        if not isinstance(said, dict) or {*said} != {*asked}:
            raise ScanFailure("scan.garbage", "the process tells nothing of the engines that were asked")
        return Examined(_findings(answer), states | {name: str(state) for name, state in said.items()})
    except ScanFailure as failure:
        finding = Finding(failure.rule, Verdict.ERROR, f"{failure.what} (the cross-check by {' and '.join(asked)})")
        return Examined((finding,), states | dict.fromkeys(asked, FAILED))


def _findings(answer: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Of a child's answer, which nothing guarantees to be of the right shape. Raises ScanFailure."""
    try:
        return tuple(
            Finding(str(rule), Verdict(verdict), str(what), str(where), str(engine))
            for rule, verdict, what, where, engine in answer["findings"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ScanFailure("scan.garbage", f"the examining process gave findings of odd shape ({error})") from error
