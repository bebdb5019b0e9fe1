"""Whether the files of a model are safe, by a target that a person names: see `targets.target`."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from budmodel_pipeline.model_info.repository import Repository, RepositoryError, RepositoryFile
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_pipeline.targets.target import instead_of_a_path, parse_target
from budmodel_scanner.cache import ScanCache
from budmodel_scanner.folder import folder_listing
from budmodel_scanner.isolation import ScanFailure
from budmodel_scanner.scanner import (
    FileReport,
    Listing,
    Obtained,
    ScanOptions,
    WantedFile,
    not_examined,
    scan_listing,
)
from budmodel_scanner.verdict import Finding, Verdict, worst

if TYPE_CHECKING:
    from budmodel_pipeline.targets.hub import Hub, HubModel
    from budmodel_pipeline.targets.hub_requests import HubPolicy

# Each file is read once; what bounds a scan is the disk, file by file.
_EVERYTHING = 1 << 50


@dataclass(frozen=True, slots=True)
class ModelScan:
    """A model as scanned. `name` and `revision` say exactly what was looked at; a directory has no revision."""

    provider: str
    name: str
    revision: str | None
    files: tuple[FileReport, ...]

    @property
    def verdict(self) -> Verdict:
        """That of the worst file; UNSCANNED where there is none."""
        return worst(report.verdict for report in self.files)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is."""

    files_done: int
    files: int
    bytes_done: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Download:
    """Bounds of a download for a scan, in bytes: `piece` is what is asked for and held in memory at a time, `spare_disk` is
    what stays free where temporary files go. Files beyond `largest` are left alone, which makes them unscanned. After
    `failures` files that the network has failed, the rest is not tried.
    """

    piece: int = 8 << 20
    spare_disk: int = 1 << 30
    failures: int = 2
    largest: int = 1 << 50


def scan_target(
    word: str,
    *,
    open_hub: "Callable[[HubPolicy], Hub] | None" = None,
    options: ScanOptions | None = None,
    download: Download | None = None,
    trusted_hosts: frozenset[str] = frozenset(),
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> ModelScan:
    """Scans every file of the target `word`; `open_hub` gives the hub with the bounds that a scan needs.

    URLs at addresses that are not public are refused unless their `host:port` is trusted.

    Raises TargetError for what is no target, and ProviderError where there is nothing of that name to scan.
    """
    options, download = options or ScanOptions(), download or Download()
    target = parse_target(word)
    if target.provider == "disk":
        return ModelScan("disk", target.uri, None, _scanned(disk_listing(Path(target.uri)), options, on_progress))
    with TemporaryDirectory(prefix="budmodel-") as folder:
        work = Path(folder)
        match target.provider:
            case "hugging_face":
                if open_hub is None:
                    raise ProviderError(word, "unavailable", "no hub is configured", hint="set HF_ENDPOINT", permanent=False)
                from budmodel_pipeline.targets.hub_requests import HubPolicy

                model = open_hub(HubPolicy(max_bytes=_EVERYTHING)).open(target.uri, target.revision)
                name, revision = model.repo_id, model.revision
                listing = hub_listing(model, work, options.cache, download)
            case "url":
                from budmodel_pipeline.targets.url_files import UrlPolicy, open_url

                found = open_url(target.uri, work, UrlPolicy(trusted_hosts=trusted_hosts, max_bytes=_EVERYTHING))
                name, revision = found.url, found.revision
                listing = repository_listing(found.repository, f"{name}@{revision}", work, options.cache, download)
            case "cloud_model":
                hint = "its maker runs it, and nobody else can look at them"
                raise ProviderError(word, "unsupported", "a closed model has no files to scan", hint=hint, permanent=True)
        return ModelScan(target.provider, name, revision, _scanned(listing, options, on_progress))


def disk_listing(target: Path) -> Listing:
    """Every file in the directory `target`, or the one file. Raises ProviderError where there is nothing to list."""
    try:
        return folder_listing(target)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ProviderError(str(target), "not_found", reason, hint=instead_of_a_path(str(target)), permanent=True) from None


def hub_listing(model: "HubModel", work: Path, cache: ScanCache, download: Download) -> Listing:
    """The files of a model on a hub; see `repository_listing`."""
    origin = f"{model.repository.root}/{model.repo_id}@{model.revision}"
    return repository_listing(model.repository, origin, work, cache, download)


def repository_listing(repository: Repository, origin: str, work: Path, cache: ScanCache, download: Download) -> Listing:
    """The files of a repository, of which `origin` names place and revision.

    Each is downloaded into `work` when its turn comes, and deleted after it. The cache is asked first: by the SHA-256 that
    the provider lists, or by the one that the same file of the same revision had before.
    """
    troubles = _Troubles(download.failures)
    files: list[WantedFile] = []
    others: list[FileReport] = []
    for path, listed in sorted(repository.files.items()):
        place = f"{origin}/{path}"
        digest = listed.sha256 or cache.digest_of(place)
        if listed.size is not None and listed.size > download.largest:
            what = f"its {listed.size:,} bytes were not downloaded: the limit of this scan is {download.largest:,}"
            others.append(not_examined(path, Finding("scan.not-downloaded", Verdict.UNSCANNED, what), listed.size))
            continue
        obtain = partial(_downloaded, repository, listed, work, download, troubles, partial(cache.put_digest, place))
        files.append(WantedFile(path, obtain, listed.size, digest))
    return Listing(files, others=others)


@dataclass(slots=True)
class _Troubles:
    """Counts the files that the network has failed, so that a network that is down costs its timeouts a few times only."""

    allowed: int
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: str = ""

    def expect_few(self) -> None:
        if self.allowed <= 0:
            raise ScanFailure("scan.download-failed", f"not downloaded, because others could not be: {self._last}")

    def add(self, reason: str) -> None:
        with self._lock:
            self.allowed -= 1
            self._last = reason


@contextmanager
def _downloaded(
    repository: Repository,
    listed: RepositoryFile,
    work: Path,
    download: Download,
    troubles: _Troubles,
    on_digest: Callable[[str], None],
) -> Iterator[Obtained]:
    troubles.expect_few()
    if listed.size is None:
        raise ScanFailure("scan.download-failed", "its size is not stated")
    with TemporaryDirectory(dir=work) as folder:
        suffix = PurePosixPath(listed.path).suffix
        # Engines that go by the suffix shall see it; whatever else a foreign name may do to a file system, it shall not.
        file = Path(folder, "file" + (suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) < 20 else ""))
        free = shutil.disk_usage(folder).free - download.spare_disk
        if listed.size > free:
            raise ScanFailure("scan.no-space", f"its {listed.size:,} bytes do not fit: {max(free, 0):,} are free for them")
        try:
            digest = _collected(repository, listed, listed.size, file, download.piece)
        except RepositoryError as error:
            if error.transient:
                troubles.add(error.reason)
            raise ScanFailure("scan.download-failed", f"it could not be downloaded: {error.reason}") from error
        except OSError as error:
            raise ScanFailure("scan.no-space", f"it could not be kept for the scan: {error.strerror}") from error
        if listed.sha256 and digest != listed.sha256:
            what = (
                f"its content has the SHA-256 {digest}, where its provider promises {listed.sha256}; nothing of it was kept"
            )
            raise ScanFailure("scan.digest-mismatch", what)
        on_digest(digest)
        yield Obtained(file, digest)


def _collected(repository: Repository, listed: RepositoryFile, size: int, file: Path, piece: int) -> str:
    """Writes the file and hashes it on the way. Raises RepositoryError, and OSError of `file`."""
    digest, done = sha256(), 0
    with file.open("xb") as content:
        while done < size:
            part = repository.read(listed.path, done, min(piece, size - done))
            if not part:
                raise ScanFailure("scan.download-failed", f"it ended after {done:,} of {size:,} bytes")
            content.write(part)
            digest.update(part)
            done += len(part)
    return digest.hexdigest()


def _scanned(listing: Listing, options: ScanOptions, on_progress: Callable[[Progress], None]) -> tuple[FileReport, ...]:
    sizes = {wanted.path: wanted.size or 0 for wanted in listing.files}
    progress = Progress(0, len(sizes), 0, sum(sizes.values()))
    on_progress(progress)

    def on_report(report: FileReport) -> None:
        nonlocal progress
        done = progress.bytes_done + sizes[report.path]
        progress = replace(progress, files_done=progress.files_done + 1, bytes_done=done)
        on_progress(progress)

    return scan_listing(listing, options, on_report)
