"""Models on disk: a directory, a single weight file, or an archive."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from budmodel_pipeline.model_info.repository import RepositoryFile
from budmodel_pipeline.targets.archive_streams import compression_of
from budmodel_pipeline.targets.archives import ArchiveLimits, open_compressed_tar, open_tar, open_zip
from budmodel_pipeline.targets.disk_model import DiskModel, DiskRepository, io_failures, replaced, revision_of, unreadable

_LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_LFS_POINTER_SIZES = range(100, 1024)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NOT_OF_THE_MODEL = frozenset({".git", ".cache"})


def open_disk(path: Path, limits: ArchiveLimits | None = None) -> DiskModel:
    """The model in a directory, in an archive (zip, tar, tar.gz, tar.bz2, tar.xz) or in a single weight file at `path`.

    What a file is, its first bytes tell and not its name. An archive with traversal, links, devices or a bomb is refused
    whole. Raises ProviderError.
    """
    limits = limits or ArchiveLimits()
    target = str(path)
    with io_failures(target):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _directory(path, limits)
        if not stat.S_ISREG(mode):
            raise unreadable(target, "unsupported", "neither a file nor a directory", "name a directory or an archive")
        return _file(path, limits)


def _file(path: Path, limits: ArchiveLimits) -> DiskModel:
    with path.open("rb") as file:
        head, listed = file.read(512), os.fstat(file.fileno())
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _as_listed(open_zip(path, limits), listed)
    if head[257:262] == b"ustar":
        return _as_listed(open_tar(path, limits), listed)
    if compression_of(head):
        return _as_listed(open_compressed_tar(path, limits), listed)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raise unreadable(
            str(path), "unsupported", "a zstd archive", "recompress it as tar.gz, or unpack it into a directory"
        )
    # A weight file of any format: it is for its readers to say whether they know it.
    return _directory(path.parent, limits, only=path.name)


def _directory(root: Path, limits: ArchiveLimits, only: str | None = None) -> DiskModel:
    real = root.resolve()
    # Snapshots of the hub client's cache are links to blobs beside them.
    blobs = real.parent.parent / "blobs" if real.parent.name == "snapshots" else real
    files: dict[str, RepositoryFile] = {}
    places: dict[str, tuple[Path, int, int]] = {}
    skipped: dict[str, str] = {}
    for found in [root / only] if only else _walk(root, skipped):
        path = found.relative_to(root).as_posix()
        place = Path(os.path.realpath(found))  # Path.resolve fails on links in a circle.
        status = place.stat() if place.exists() else None
        if not (only or place.is_relative_to(real) or place.is_relative_to(blobs)):
            skipped[path] = "a link that leads out of the directory"
        elif status is None:
            skipped[path] = "a link that leads nowhere"
        elif not stat.S_ISREG(status.st_mode):
            skipped[path] = "no regular file"
        elif len(files) == limits.max_files:
            raise unreadable(
                str(root), "too_large", f"more than {limits.max_files:,} files", "name the model's own directory"
            )
        else:
            places[path] = (place, status.st_size, status.st_mtime_ns)
            files[path] = _pointed_to(path, place, status.st_size) or RepositoryFile(path, status.st_size)

    def read(path: str, offset: int, length: int) -> bytes:
        place, size, changed = places[path]
        if files[path].size != size:
            reason = "a Git LFS pointer lies here instead of the content"
            raise unreadable(path, "not_found", reason, "run `git lfs pull` in that directory")
        # A pipe that has taken the place of the file must not hold us up.
        with os.fdopen(os.open(place, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if (status.st_size, status.st_mtime_ns) != (size, changed):
                raise replaced(path)
            file.seek(offset)
            return file.read(length)

    revision = revision_of((path, size, changed) for path, (_, size, changed) in places.items())
    return DiskModel(root / only if only else root, revision, DiskRepository(files, read), skipped)


def _as_listed(model: DiskModel, listed: os.stat_result) -> DiskModel:
    """The model of an archive, of which nothing is read once another archive lies in its place."""

    def expect_same(name: str) -> None:
        now = model.path.stat()
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (listed.st_ino, listed.st_size, listed.st_mtime_ns):
            raise replaced(name)

    def read(name: str, offset: int, length: int) -> bytes:
        expect_same(name)
        content = model.repository.reader(name, offset, length)
        expect_same(name)
        return content

    return replace(model, repository=DiskRepository(model.repository.files, read))


def _walk(root: Path, skipped: dict[str, str]) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = sorted(name for name in names if name not in _NOT_OF_THE_MODEL)
        for name in names:
            if (here / name).is_symlink():
                skipped[(here / name).relative_to(root).as_posix()] = "a link to a directory"
        yield from (here / name for name in sorted(files))


def _pointed_to(path: str, place: Path, size: int) -> RepositoryFile | None:
    """What a Git LFS pointer (docs/spec.md of github.com/git-lfs/git-lfs) stands for; None for other files."""
    if size not in _LFS_POINTER_SIZES:
        return None
    content = place.read_bytes()
    if not content.startswith(_LFS_POINTER):
        return None
    fields = dict(line.partition(" ")[::2] for line in content.decode("ascii", "replace").splitlines())
    digest, length = fields.get("oid", "").removeprefix("sha256:"), fields.get("size", "")
    stated = _SHA256.fullmatch(digest) and length.isdecimal() and len(length) < 20
    return RepositoryFile(path, int(length), digest) if stated else None
