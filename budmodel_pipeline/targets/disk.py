"""Models on disk: a directory, or an archive that is read where it is.

Nothing is unpacked. A zip or a plain tar gives every byte by seeking; of a compressed tar one pass keeps the beginning of
each file, where configs, cards and weight headers are, and later bytes are found by decompressing again.
"""

import lzma
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import BinaryIO

from budmodel_pipeline.model_info.repository import RepositoryFile
from budmodel_pipeline.targets.archive_streams import DecompressedStream, UnsafeArchiveError, compression_of
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError, State

_LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_LFS_POINTER_SIZES = range(100, 1024)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NOT_OF_THE_MODEL = frozenset({".git", ".cache"})
# What zipfile, tarfile and the decompressors below them raise on bytes that are not as they should be.
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    OverflowError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may hold; bytes are those after decompression.

    Beyond `ratio_from` bytes it must not have grown by more than `max_ratio`: weights and text stay far below, bombs do not.
    `max_kept` bounds the memory that beginnings of files take, `kept_per_file` of each one.
    """

    max_files: int = 100_000
    max_bytes: int = 2 * 1024**4
    max_ratio: float = 200.0
    ratio_from: int = 64 * 1024**2
    max_kept: int = 256 * 1024**2
    kept_per_file: int = 1024**2


@dataclass(frozen=True, slots=True)
class DiskModel:
    """A model on disk.

    `revision` is a hash over the listing (paths, sizes, times or checksums): it moves when the files do and costs little.
    `skipped` tells which entries are left out and why.
    """

    path: Path
    revision: str
    repository: "DiskRepository"
    skipped: Mapping[str, str] = field(default_factory=dict)


class DiskRepository:
    """Files of a directory or an archive: see `model_info.repository.Repository`. Reads raise FileUnavailableError."""

    def __init__(self, files: Mapping[str, RepositoryFile], reader: Callable[[str, int, int], bytes]) -> None:
        self._files = MappingProxyType(files)
        self.reader = reader

    @property
    def files(self) -> Mapping[str, RepositoryFile]:
        return self._files

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        try:
            listed = self._files.get(path)
            if listed is None or listed.size is None:
                raise _failure(path, "not_found", "no such file", "check the path")
            end = listed.size if length is None else min(offset + length, listed.size)
            if offset >= end:
                return b""
            with _io_failures(path):
                content = self.reader(path, offset, end - offset)
            if len(content) < end - offset:
                reason = f"it ends {end - offset - len(content):,} bytes before the size that is stated"
                raise _failure(path, "invalid", reason, "check whether the file is whole")
        except ProviderError as failure:
            raise FileUnavailableError(path, failure) from failure
        return content


def open_disk(path: Path, limits: ArchiveLimits | None = None) -> DiskModel:
    """The model in a directory, in an archive (zip, tar, tar.gz, tar.bz2, tar.xz) or in a single weight file at `path`.

    What a file is, its first bytes tell and not its name. An archive with traversal, links, devices or a bomb is refused
    whole. Raises ProviderError.
    """
    limits = limits or ArchiveLimits()
    target = str(path)
    with _io_failures(target):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _directory(path, limits)
        if not stat.S_ISREG(mode):
            raise _failure(target, "unsupported", "neither a file nor a directory", "name a directory or an archive")
        return _file(path, limits)


def _file(path: Path, limits: ArchiveLimits) -> DiskModel:
    with path.open("rb") as file:
        head, listed = file.read(512), os.fstat(file.fileno())
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _as_listed(_zip(path, limits), listed)
    if head[257:262] == b"ustar":
        return _as_listed(_plain_tar(path, limits), listed)
    if compression_of(head):
        return _as_listed(_compressed_tar(path, limits), listed)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raise _failure(str(path), "unsupported", "a zstd archive", "recompress it as tar.gz, or unpack it into a directory")
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
            raise _failure(str(root), "too_large", f"more than {limits.max_files:,} files", "name the model's own directory")
        else:
            places[path] = (place, status.st_size, status.st_mtime_ns)
            files[path] = _pointed_to(path, place, status.st_size) or RepositoryFile(path, status.st_size)

    def read(path: str, offset: int, length: int) -> bytes:
        place, size, changed = places[path]
        if files[path].size != size:
            reason = "a Git LFS pointer lies here instead of the content"
            raise _failure(path, "not_found", reason, "run `git lfs pull` in that directory")
        # A pipe that has taken the place of the file must not hold us up.
        with os.fdopen(os.open(place, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if (status.st_size, status.st_mtime_ns) != (size, changed):
                raise _changed(path)
            file.seek(offset)
            return file.read(length)

    revision = _revision((path, size, changed) for path, (_, size, changed) in places.items())
    return DiskModel(root / only if only else root, revision, DiskRepository(files, read), skipped)


def _as_listed(model: DiskModel, listed: os.stat_result) -> DiskModel:
    """The model of an archive, of which nothing is read once another archive lies in its place."""

    def expect_same(name: str) -> None:
        now = model.path.stat()
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (listed.st_ino, listed.st_size, listed.st_mtime_ns):
            raise _changed(name)

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


def _zip(path: Path, limits: ArchiveLimits) -> DiskModel:
    _check_directory_of_zip(path, limits)
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    _check_count(len(entries), limits)
    for entry in entries:
        if entry.flag_bits & 1:
            raise _failure(str(path), "unsupported", f"{entry.filename!r} is encrypted", "provide it without a password")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind and not stat.S_ISREG(kind):
            raise UnsafeArchiveError(f"{entry.filename!r} is a link or a device")
    packed, size = sum(entry.compress_size for entry in entries), sum(entry.file_size for entry in entries)
    if packed > path.stat().st_size:
        raise UnsafeArchiveError("its entries overlap")
    _check_growth(size, packed, limits)
    for entry in entries:
        _check_growth(entry.file_size, entry.compress_size, limits)
    named = _named([entry.filename for entry in entries])
    by_path = dict(zip(named, entries, strict=True))

    def read(name: str, offset: int, length: int) -> bytes:
        with zipfile.ZipFile(path) as archive, archive.open(by_path[name]) as file:
            file.seek(offset)
            return file.read(length)

    files = {name: RepositoryFile(name, entry.file_size) for name, entry in by_path.items()}
    revision = _revision((name, entry.file_size, entry.CRC) for name, entry in by_path.items())
    return DiskModel(path, revision, DiskRepository(files, read))


def _check_directory_of_zip(path: Path, limits: ArchiveLimits) -> None:
    """Refuses a directory that is too large for memory, into which zipfile reads the whole of it, whatever its size.

    https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.14 and 4.3.16.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 66_000, 0))
        tail = file.read()
    for signature, first, last in ((b"PK\x05\x06", 12, 16), (b"PK\x06\x06", 40, 48)):
        at = tail.rfind(signature)
        length = int.from_bytes(tail[at + first : at + last], "little") if at >= 0 else 0
        # All ones: the length is in the other record.
        if length != 0xFFFFFFFF and length > limits.max_files * 1024:
            raise UnsafeArchiveError(f"its directory claims {length:,} bytes, too many for {limits.max_files:,} files")


def _plain_tar(path: Path, limits: ArchiveLimits) -> DiskModel:
    with path.open("rb") as file:
        members = [member for member, _ in _members(DecompressedStream(file, None, limits.max_bytes), limits)]
    by_path = dict(zip(_named([member.name for member in members]), members, strict=True))

    def read(name: str, offset: int, length: int) -> bytes:
        with path.open("rb") as file:
            file.seek(by_path[name].offset_data + offset)
            return file.read(length)

    return _tar_model(path, by_path, read)


def _compressed_tar(path: Path, limits: ArchiveLimits) -> DiskModel:
    packed = path.stat().st_size
    ceiling = min(limits.max_bytes, max(limits.ratio_from, int(limits.max_ratio * packed)))
    members: list[tarfile.TarInfo] = []
    heads: list[bytes] = []
    kept = 0

    @contextmanager
    def stream() -> Iterator[DecompressedStream]:
        with path.open("rb") as file:
            yield DecompressedStream(file, compression_of(file.read(512)), ceiling)

    with stream() as content:
        for member, source in _members(content, limits):
            head = source.take(min(member.size, limits.kept_per_file, limits.max_kept - kept))
            kept += len(head)
            members.append(member)
            heads.append(head)
    names = _named([member.name for member in members])
    by_path, head_of = dict(zip(names, members, strict=True)), dict(zip(names, heads, strict=True))

    def read(name: str, offset: int, length: int) -> bytes:
        head = head_of[name]
        if offset + length <= len(head):
            return head[offset : offset + length]
        with stream() as content:
            content.seek(by_path[name].offset_data + offset)
            return content.take(length)

    return _tar_model(path, by_path, read)


def _members(stream: DecompressedStream, limits: ArchiveLimits) -> Iterator[tuple[tarfile.TarInfo, DecompressedStream]]:
    """The files of a tar in the order of the stream, which stands at the beginning of each one's content."""
    with tarfile.open(fileobj=_as_file(stream), mode="r:", ignore_zeros=False, errorlevel=2) as archive:
        count = 0
        while (member := archive.next()) is not None:
            count += 1
            _check_count(count, limits)
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise UnsafeArchiveError(f"{member.name!r} is a link, a device or a sparse file")
            if member.size < 0 or stream.tell() + member.size > limits.max_bytes:
                raise UnsafeArchiveError(f"{member.name!r} claims {member.size:,} bytes, more than the limit for an archive")
            stream.seek(member.offset_data)
            yield member, stream


def _as_file(stream: DecompressedStream) -> BinaryIO:
    return stream  # type: ignore[return-value]  # tarfile reads, seeks and tells, nothing else.


def _tar_model(path: Path, by_path: Mapping[str, tarfile.TarInfo], read: Callable[[str, int, int], bytes]) -> DiskModel:
    files = {name: RepositoryFile(name, member.size) for name, member in by_path.items()}
    status = path.stat()
    entries = ((name, member.size, int(member.mtime)) for name, member in by_path.items())
    revision = _revision([*entries, ("", status.st_size, status.st_mtime_ns)])
    return DiskModel(path, revision, DiskRepository(files, read))


def _named(names: list[str]) -> list[str]:
    """Paths of entries without the one folder that holds them all. Raises UnsafeArchiveError for names that escape."""
    if not names:
        raise ValueError("there are no files in it")
    paths = []
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or name[1:2] == ":" or not path.parts:
            raise UnsafeArchiveError(f"the name {name!r} leads out of the archive")
        paths.append(path)
    while paths and len({path.parts[0] for path in paths}) == 1 and all(len(path.parts) > 1 for path in paths):
        paths = [PurePosixPath(*path.parts[1:]) for path in paths]
    plain = [path.as_posix() for path in paths]
    twice = [name for name, count in Counter(plain).items() if count > 1]
    if twice:
        raise UnsafeArchiveError(f"{twice[0]!r} is in it twice")
    return plain


def _check_count(count: int, limits: ArchiveLimits) -> None:
    if count > limits.max_files:
        raise UnsafeArchiveError(f"more than {limits.max_files:,} files and folders")


def _check_growth(size: int, packed: int, limits: ArchiveLimits) -> None:
    if size > limits.max_bytes:
        raise UnsafeArchiveError(f"{size:,} bytes when unpacked, where {limits.max_bytes:,} are allowed")
    if size > limits.ratio_from and size > limits.max_ratio * packed:
        raise UnsafeArchiveError(f"{packed:,} bytes that grow to {size:,}: a bomb")


def _revision(entries: "Iterator[tuple[str, int, int]] | list[tuple[str, int, int]]") -> str:
    listing = "".join(f"{path}\0{size}\0{mark}\n" for path, size, mark in sorted(entries))
    return f"listing:{sha256(listing.encode('utf-8', 'surrogateescape')).hexdigest()[:40]}"


@contextmanager
def _io_failures(target: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise _failure(target, "not_found", "there is no such file or directory", "check the path") from None
    except PermissionError:
        raise _failure(target, "forbidden", "it may not be read", "check the rights of the file") from None
    except UnsafeArchiveError as error:
        raise _failure(target, "unsafe", str(error), "do not use this archive") from None
    except RecursionError:
        raise _failure(target, "unsafe", "headers nested without end", "do not use this archive") from None
    except _BROKEN as error:
        reason = f"not a readable archive ({type(error).__name__}: {error})"
        raise _failure(target, "invalid", reason, "check whether the file is whole") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProviderError(target, "unavailable", reason, hint="check the disk, then try again", permanent=False) from None


def _changed(path: str) -> ProviderError:
    reason = "the file has changed since it was listed"
    return ProviderError(path, "changed", reason, hint="read the model again", permanent=False)


def _failure(target: str, state: State, reason: str, hint: str) -> ProviderError:
    return ProviderError(target, state, reason, hint=hint, permanent=True)
