"""Files on disk that are opened once, read, and must still be the same at the end: whoever put them there may write on."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from budmodel_scanner.isolation import ScanFailure

_PIECE = 1 << 18  # Fits the caches of a processor, which hashing more at a time would not.


@contextmanager
def opened(file: Path) -> Iterator[tuple[int, os.stat_result]]:
    """A regular file, open. What is none is not opened at all: a pipe would wait, a device might do things."""
    if not stat.S_ISREG(os.lstat(file).st_mode):
        raise ScanFailure("scan.not-regular", "it is no regular file")
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ScanFailure("scan.changed", "something else took the place of the file while it was opened")
        yield descriptor, status
    finally:
        os.close(descriptor)


def expect_unchanged(file: Path, descriptor: int, before: os.stat_result) -> None:
    """A verdict holds for the bytes that were read; these must be those that lie there now."""
    try:
        same = _identity(before) == _identity(os.fstat(descriptor)) == _identity(os.lstat(file))
    except FileNotFoundError:
        raise ScanFailure("scan.changed", "the file was removed while it was scanned; scan again") from None
    if not same:
        raise ScanFailure("scan.changed", "the file changed while it was scanned; scan again when it is at rest")


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def digest_of(descriptor: int, size: int) -> str:
    """The SHA-256 of an open file of `size` bytes."""
    digest = sha256()
    buffer = memoryview(bytearray(min(_PIECE, size)))
    offset = 0
    while offset < size:
        count = os.preadv(descriptor, [buffer], offset)
        if not count:
            raise ScanFailure("scan.changed", f"the file ended after {offset:,} of {size:,} bytes; scan again")
        digest.update(buffer[: min(count, size - offset)])
        offset += count
    return digest.hexdigest()
