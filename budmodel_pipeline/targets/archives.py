"""Archives read where they are.

Nothing is unpacked. A zip or a plain tar gives every byte by seeking; of a compressed tar one pass keeps the beginning of
each file, where configs, cards and weight headers are, and later bytes are found by decompressing again.
"""

import os
import stat
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from budmodel_pipeline.model_info.repository import RepositoryFile
from budmodel_pipeline.targets.archive_streams import DecompressedStream, UnsafeArchiveError, compression_of
from budmodel_pipeline.targets.disk_model import DiskModel, DiskRepository, revision_of, unreadable


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


def open_zip(path: Path, limits: ArchiveLimits) -> DiskModel:
    _check_directory_of_zip(path, limits)
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    _check_count(len(entries), limits)
    for entry in entries:
        if entry.flag_bits & 1:
            raise unreadable(str(path), "unsupported", f"{entry.filename!r} is encrypted", "provide it without a password")
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
    revision = revision_of((name, entry.file_size, entry.CRC) for name, entry in by_path.items())
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


def open_tar(path: Path, limits: ArchiveLimits) -> DiskModel:
    with path.open("rb") as file:
        members = [member for member, _ in _members(DecompressedStream(file, None, limits.max_bytes), limits)]
    by_path = dict(zip(_named([member.name for member in members]), members, strict=True))

    def read(name: str, offset: int, length: int) -> bytes:
        with path.open("rb") as file:
            file.seek(by_path[name].offset_data + offset)
            return file.read(length)

    return _tar_model(path, by_path, read)


def open_compressed_tar(path: Path, limits: ArchiveLimits) -> DiskModel:
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
    revision = revision_of([*entries, ("", status.st_size, status.st_mtime_ns)])
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
