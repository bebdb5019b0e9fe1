"""The frame of an HDF5 file: superblock, addresses, and which bytes belong to something that was read.

https://docs.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

from dataclasses import dataclass, field

from budmodel_scanner.content import Content, MemoryContent, UnscannedError
from budmodel_scanner.formats.checksums import lookup3
from budmodel_scanner.formats.reading import Cursor, MalformedError, exactly

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Where the format may start: after a user block of none, 512, 1024 ... bytes.
STARTS = (0, 512, 1024, 2048)
_MAX_CHECKED_BYTES = 4 << 20
_CODES = {2: "H", 4: "I", 8: "Q"}


@dataclass(slots=True)
class File:
    """An open file: widths of addresses and lengths, and which ranges belong to a structure that was read."""

    content: Content
    base: int
    end: int
    offset_bytes: int
    length_bytes: int
    root: int
    covered: list[tuple[int, int]] = field(default_factory=list)

    @property
    def undefined(self) -> int:
        return (1 << (8 * self.offset_bytes)) - 1

    def cursor(self, address: int, length: int) -> "Reader":
        """Reads `length` bytes at an address, which count as covered. Raises MalformedError where the file ends before."""
        start = self.base + address
        if address >= self.undefined or start + length > self.end or length < 0:
            raise MalformedError(
                "hdf5.address", f"points at {length:,} bytes at {start:,}, beyond the end {self.end:,}", start
            )
        self.covered.append((start, start + length))
        return Reader(self, start, start + length)

    def cover(self, address: int, length: int) -> None:
        """Data that is passed over. Raises MalformedError where it is not in the file."""
        if length:
            self.cursor(address, length)

    def of(self, data: bytes) -> "Reader":
        """Reads the body of a message."""
        return Reader(self, 0, len(data), data)

    def peek(self, address: int, length: int) -> bytes:
        return exactly(self.content, self.base + address, length, "hdf5")


class Reader(Cursor):
    """A cursor that knows the widths of a file."""

    def __init__(self, file: File, start: int, end: int, data: bytes | None = None) -> None:
        """Of the file from `start` to `end`, or of `data` out of it."""
        super().__init__(file.content if data is None else MemoryContent(data), "hdf5", start, end)
        self._offset_code = _CODES[file.offset_bytes]
        self._length_code = _CODES[file.length_bytes]

    def offset(self) -> int:
        return self.number(self._offset_code)

    def length(self) -> int:
        return self.number(self._length_code)

    def expect(self, magic: bytes) -> "Reader":
        """Raises MalformedError where something else than `magic` comes next."""
        if (found := self.take(len(magic))) != magic:
            raise MalformedError("hdf5.structure", f"expected {magic!r}, found {found!r}", self.position - len(magic))
        return self

    def wide(self, width: int) -> int:
        """A number of any width."""
        return int.from_bytes(self.take(width), "little")


def start_of(head: bytes) -> int | None:
    """Where the superblock is; None where `head` is of no HDF5 file."""
    return next((start for start in STARTS if head[start : start + len(SIGNATURE)] == SIGNATURE), None)


def opened(content: Content, start: int) -> File:
    """Reads the superblock. Raises MalformedError where it is none, or states an end beyond the file."""
    cursor = Cursor(content, "hdf5", start)
    cursor.skip(len(SIGNATURE))
    version = cursor.number("B")
    if version in (0, 1):
        return _old(content, cursor, version, start)
    if version not in (2, 3):
        raise MalformedError("hdf5.superblock", f"states the version {version}", start + 8)
    offset_bytes, length_bytes = cursor.number("B"), cursor.number("B")
    _widths(offset_bytes, length_bytes, start)
    cursor.skip(1)
    code = _CODES[offset_bytes]
    base, _extension, end, root = (cursor.number(code) for _ in range(4))
    expect_checksum(content, start, cursor.position)
    cursor.skip(4)
    file = _framed(content, base, end, offset_bytes, length_bytes, root, start, cursor.position)
    if _extension != file.undefined:
        file.covered.append((file.base + _extension, file.base + _extension))
    return file


def expect_checksum(content: Content, start: int, end: int) -> None:
    """That the four bytes at `end` are the checksum of those before, from `start` on. Raises MalformedError where not."""
    if end - start > _MAX_CHECKED_BYTES:
        raise UnscannedError("hdf5.too-large", f"an object header of {end - start:,} bytes is not read")
    stored = int.from_bytes(exactly(content, end, 4, "hdf5"), "little")
    if lookup3(exactly(content, start, end - start, "hdf5")) != stored:
        raise MalformedError("hdf5.checksum", "the checksum of a structure is wrong", start)


def _old(content: Content, cursor: Cursor, version: int, start: int) -> File:
    cursor.skip(4)
    offset_bytes, length_bytes = cursor.number("B"), cursor.number("B")
    _widths(offset_bytes, length_bytes, start)
    cursor.skip(9 if version == 0 else 13)
    code = _CODES[offset_bytes]
    base, _free, end, _driver = (cursor.number(code) for _ in range(4))
    cursor.skip(offset_bytes)
    root = cursor.number(code)
    cursor.skip(24)
    return _framed(content, base, end, offset_bytes, length_bytes, root, start, cursor.position)


def _widths(offset_bytes: int, length_bytes: int, start: int) -> None:
    if offset_bytes not in _CODES or length_bytes not in _CODES:
        raise MalformedError("hdf5.superblock", f"states widths of {offset_bytes} and {length_bytes} bytes", start)


def _framed(
    content: Content, base: int, end: int, offset_bytes: int, length_bytes: int, root: int, start: int, stop: int
) -> File:
    if base not in (0, start):
        raise MalformedError("hdf5.superblock", f"states the base address {base:,}, it lies at {start:,}", start)
    # Addresses count from the base; so does the end, except in files of old libraries.
    last = end if base and end == content.size else base + end
    if last > content.size or last < stop:
        raise MalformedError("hdf5.truncated", f"states an end at {last:,}, the file has {content.size:,} bytes", start)
    return File(content, base, last, offset_bytes, length_bytes, root, [(start, stop)])
