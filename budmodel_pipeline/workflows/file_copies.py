"""Copying the files of models into the object store: each content once, whole and verified, or not at all.

A file is collected piece by piece in a working directory, where a killed run leaves it for the next one to continue, and
goes into the store when its hash is right. What the store has already, from this model or another, is not moved again. Of a
model that a scan found to be malicious nothing is published: its files go into the quarantine of the store.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from filelock import FileLock
from sqlalchemy import Connection

from budmodel_pipeline.model_info.repository import Repository, RepositoryError, RepositoryFile
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.warehouse.model_records import FileRecord, published_by_this_alone, store_files
from budmodel_pipeline.warehouse.model_states import TargetState
from budmodel_pipeline.warehouse.scan_records import last_scan
from budmodel_pipeline.workflows.model_loop import Outcome, Say, for_each_model, not_read
from budmodel_pipeline.workflows.model_reading import ModelReading, states_as_read
from budmodel_pipeline.workflows.open_models import all_files

Policy = Literal["none", "metadata", "all"]
FileOutcome = Literal["stored", "present", "left_out", "failed"]

_METADATA_SUFFIXES = frozenset(
    {".cfg", ".jinja", ".json", ".jsonl", ".md", ".model", ".py", ".rst", ".tiktoken", ".toml", ".txt", ".yaml", ".yml"}
)
_METADATA_NAMES = ("license", "licence", "notice", "copying", "use_policy", "readme")
_ABANDONED_AFTER = 7 * 24 * 3600
# Bytes of a copy between two lines about its progress.
_TOLD_EVERY = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class CopyLimits:
    """What copying one model may take; bytes and seconds.

    `max_bytes` bounds the model, `max_metadata_bytes` one file under the policy `metadata`. `spare_disk` stays free in the
    working directory. `piece` is what is asked for at a time, held in memory, and lost when a connection breaks.
    """

    max_bytes: int = 500 * 1024**3
    max_metadata_bytes: int = 64 * 1024**2
    spare_disk: int = 2 * 1024**3
    piece: int = 16 * 1024**2


@dataclass(slots=True)
class Bandwidth:
    """Keeps copying below `bytes_per_second` in the long run; None is no limit. Copies of one thread may share it."""

    bytes_per_second: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _ready: float = field(default=0.0, repr=False)

    def moved(self, count: int) -> None:
        """Waits until `count` bytes fit the limit."""
        if self.bytes_per_second:
            now = self.clock()
            self._ready = max(self._ready, now) + count / self.bytes_per_second
            self.sleep(self._ready - now)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a copy is. `moved` counts bytes of this run, `planned` those that the policy selects; `done` and `size` are of
    the file `path`."""

    path: str
    done: int
    size: int
    moved: int
    planned: int


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """What became of one file. With `stored` (moved now) and `present` (was there) its content is at `key`.

    `reason` says why it was left out or failed; `transient`, whether trying again may help. `moved` is in bytes.
    """

    path: str
    outcome: FileOutcome
    size: int | None
    sha256: str | None = None
    key: str | None = None
    reason: str = ""
    transient: bool = False
    moved: int = 0


@dataclass(frozen=True, slots=True)
class FileCopying:
    """What is copied into the object store, and what that may take. `work` keeps what a killed run has collected."""

    store: ObjectStore
    work: Path
    policy: Policy = "none"
    limits: CopyLimits = field(default_factory=CopyLimits)
    bandwidth: Bandwidth = field(default_factory=Bandwidth)


def copy_models(
    targets: Collection[str], reading: ModelReading, copying: FileCopying, say: Say = lambda _: None
) -> Iterator[Outcome[list[FileRecord]]]:
    """Copies the files of the revision that was extracted last, as the policy says, and stores what became of each.

    Closed models have no files and no outcome. Of a model that a scan found to be malicious nothing is published: what is
    copied goes into the quarantine of the store, and what lay there before is taken away unless others have it too.
    """
    states = states_as_read(targets, reading)
    yield from not_read(targets, states)

    def work(state: TargetState) -> list[FileRecord]:
        return _copied(state, reading, copying, say)

    def store(connection: Connection, state: TargetState, files: list[FileRecord]) -> list[FileRecord]:
        with connection.begin():
            store_files(connection, state.target, state.revision or "", files, datetime.now(UTC))
        return files

    with_files = [state for state in states if state.provider != "cloud_model"]
    # In turn: they share the bandwidth.
    yield from for_each_model(with_files, work, store, engine=reading.engine, what="copied", say=say)


def _copied(state: TargetState, reading: ModelReading, copying: FileCopying, say: Say) -> list[FileRecord]:
    with reading.engine.connect() as connection:
        scan = last_scan(connection, state.target)
    malware = scan if scan is not None and scan.verdict == "malicious" else None
    with reading.models.as_read(state, reading.providers) as opened:
        copied = copy_files(
            all_files(opened),
            copying.store if malware is None else copying.store.quarantine,
            copying.work,
            origin=f"{state.target}@{state.revision}",
            policy=copying.policy,
            limits=copying.limits,
            bandwidth=copying.bandwidth,
            on_progress=_teller(state.target, say),
        )
    records = [FileRecord(file.path, file.size, file.sha256, file.outcome, file.key, file.reason or None) for file in copied]
    if malware is None:
        return records
    with reading.engine.connect() as connection:
        published = published_by_this_alone(connection, state.target)
    for sha256 in published:
        copying.store.remove(sha256)
    reason = f"the scan found malware in {', '.join(malware.malicious)}"
    return [
        record if record.outcome == "failed" else replace(record, outcome="quarantined", reason=reason) for record in records
    ]


def _teller(target: str, say: Say) -> Callable[[Progress], None]:
    said = 0

    def tell(progress: Progress) -> None:
        nonlocal said
        if progress.moved - said >= _TOLD_EVERY:
            said = progress.moved
            say(f"{target}: {progress.moved:,} of {progress.planned:,} bytes, at {progress.path}")

    return tell


def copy_files(
    repository: Repository,
    store: ObjectStore,
    work: Path,
    *,
    origin: str,
    policy: Policy,
    limits: CopyLimits | None = None,
    bandwidth: Bandwidth | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[CopiedFile, ...]:
    """Copies what `policy` selects, smallest files first, and says what became of every file of the repository.

    `origin` names repository and revision (`hf:org/name@sha`): what a killed run has collected in `work` is continued under
    the same origin. Failures of one file are its own; after a passing one (the network is down) the rest is not tried.
    Raises ObjectStoreError, and OSError of `work`.
    """
    limits, bandwidth = limits or CopyLimits(), bandwidth or Bandwidth()
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(work)
    results = {path: _left_out(listed, policy, limits) for path, listed in repository.files.items()}
    selected = sorted((repository.files[path] for path, left in results.items() if left is None), key=_size_and_path)
    planned = sum(listed.size or 0 for listed in selected)
    if planned > limits.max_bytes:
        reason = f"{planned:,} bytes are selected, where {limits.max_bytes:,} are allowed for a model"
        return tuple(left or _failed(repository.files[path], reason) for path, left in results.items())
    moved, broken = 0, ""
    for listed in selected:
        if broken:
            results[listed.path] = replace(_failed(listed, f"not tried after: {broken}"), transient=True)
            continue

        def report(done: int, new: int, listed: RepositoryFile = listed, before: int = moved) -> None:
            on_progress(Progress(listed.path, done, listed.size or 0, before + new, planned))

        copied = _copy(repository, listed, store, work, origin, limits, bandwidth, report)
        results[listed.path] = copied
        moved += copied.moved
        broken = copied.reason if copied.outcome == "failed" and copied.transient else ""
    return tuple(copied for copied in results.values() if copied)


def is_metadata(path: str) -> bool:
    """Whether a file describes the model (config, card, tokenizer, license, code) rather than being its weights."""
    name = PurePosixPath(path.lower())
    return name.suffix in _METADATA_SUFFIXES or name.name.startswith(_METADATA_NAMES)


def _size_and_path(listed: RepositoryFile) -> tuple[int, str]:
    return listed.size or 0, listed.path


def _left_out(listed: RepositoryFile, policy: Policy, limits: CopyLimits) -> CopiedFile | None:
    """The result for a file that the policy leaves out, None for one that it selects."""
    left = CopiedFile(listed.path, "left_out", listed.size, listed.sha256)
    if listed.size is None:
        return _failed(listed, "its size is not known")
    if policy == "all" or (policy == "metadata" and is_metadata(listed.path) and listed.size <= limits.max_metadata_bytes):
        return None
    if policy == "metadata" and is_metadata(listed.path):
        return replace(left, reason=f"{listed.size:,} bytes, more than {limits.max_metadata_bytes:,} for a file of metadata")
    return replace(left, reason=f"the policy is {policy!r}")


def _copy(
    repository: Repository,
    listed: RepositoryFile,
    store: ObjectStore,
    work: Path,
    origin: str,
    limits: CopyLimits,
    bandwidth: Bandwidth,
    report: Callable[[int, int], None],
) -> CopiedFile:
    size, promised = listed.size or 0, listed.sha256
    name = promised or hashlib.sha256(f"{origin}\0{listed.path}".encode("utf-8", "surrogateescape")).hexdigest()
    part = work / f"{name}.part"
    # Another run may be after the same content: it is moved once, and found in the store by the one that waited.
    with FileLock(work / f"{name}.lock"):
        if promised and store.content_size(promised) == size:
            report(size, 0)
            return CopiedFile(listed.path, "present", size, promised, store.key_of(promised))
        collected = part.stat().st_size if part.exists() else 0
        if collected > size:
            part.unlink()
            collected = 0
        free = shutil.disk_usage(work).free
        if size - collected > free - limits.spare_disk:
            return _failed(
                listed, f"{size - collected:,} more bytes do not fit: {free:,} are free in {work}", transient=True
            )
        moved = 0
        try:
            with part.open("ab") as file:
                while collected < size:
                    piece = repository.read(listed.path, collected, min(limits.piece, size - collected))
                    if not piece:
                        return _failed(
                            listed, f"it ended after {collected:,} of {size:,} bytes", transient=True, moved=moved
                        )
                    file.write(piece)
                    file.flush()
                    collected += len(piece)
                    moved += len(piece)
                    report(collected, moved)
                    bandwidth.moved(len(piece))
        except RepositoryError as error:
            return _failed(listed, error.reason, transient=error.transient, moved=moved)
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if promised and found != promised:
            part.unlink()
            reason = f"its content has the hash {found}, where {promised} was promised; nothing of it was kept"
            return _failed(listed, reason, transient=True, moved=moved)
        known = store.content_size(found) == size
        stored = store.put_file(part, found)
        part.unlink()
    return CopiedFile(listed.path, "present" if known else "stored", size, found, stored.key, moved=moved)


def _failed(listed: RepositoryFile, reason: str, *, transient: bool = False, moved: int = 0) -> CopiedFile:
    return CopiedFile(listed.path, "failed", listed.size, listed.sha256, reason=reason, transient=transient, moved=moved)


def _sweep(work: Path) -> None:
    """Removes what runs that nobody continued have left behind."""
    for path in _leftovers(work):
        with suppress(FileNotFoundError):  # Another run sweeps as well.
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER:
                path.unlink()


def _leftovers(work: Path) -> Iterable[Path]:
    return [*work.glob("*.part"), *work.glob("*.lock")]
