"""Reading of binary headers within their bounds, and how a broken one is reported."""

import functools
import struct
from collections.abc import Iterable, Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Examiner, Nested, suspicious
from budmodel_scanner.verdict import Finding

_AHEAD = 64 * 1024


class MalformedError(Exception):
    """The bytes are not what their format demands; whoever reads on would have to guess.

    A file that is cut off counts: a header that promises more bytes than there are is how parsers are made to read beyond
    their buffers, and a damaged download is nothing to load either.
    """

    def __init__(self, rule: str, what: str, position: int | str) -> None:
        super().__init__(what)
        self.rule = rule
        self.what = what
        self.where = position if isinstance(position, str) else f"byte {position:,}"


def reports_malformed(examine: Examiner) -> Examiner:
    """Turns the MalformedError of an examiner into a finding; a structure that breaks its own definition is suspicious."""

    @functools.wraps(examine)
    def examined(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
        try:
            yield from examine(content, place, nested)
        except MalformedError as error:
            yield suspicious(place, error.rule, error.what, error.where)

    return examined


def exactly(content: Content, offset: int, length: int, area: str) -> bytes:
    """`length` bytes at `offset`. Raises MalformedError (`<area>.truncated`) where the content has not as many."""
    if offset < 0 or length < 0 or offset + length > content.size:
        raise MalformedError(
            f"{area}.truncated", f"needs {length:,} bytes where the content has {max(0, content.size - offset):,}", offset
        )
    found = content.read(offset, length)
    if len(found) != length:
        # The size of a member is what the container claims; the bytes are what is there.
        raise MalformedError(f"{area}.truncated", f"needs {length:,} bytes where {len(found):,} come", offset)
    return found


class Cursor:
    """Reads forward between two offsets of a content, fetching ahead."""

    def __init__(self, content: Content, area: str, start: int = 0, end: int | None = None, order: str = "<") -> None:
        self.content = content
        self._area = area
        self._buffer = b""
        self._start = start
        self.position = start
        self.end = content.size if end is None else min(end, content.size)
        self.order = order

    @property
    def left(self) -> int:
        return self.end - self.position

    def take(self, length: int) -> bytes:
        """Raises MalformedError (`<area>.truncated`) where fewer bytes are left."""
        begin = self.position - self._start
        if begin + length > len(self._buffer):
            self._require(length)
            self._buffer = self.content.read(self.position, min(max(length, _AHEAD), self.left))
            self._start, begin = self.position, 0
            if length > len(self._buffer):
                self._require(self.left + 1)
        self.position += length
        return self._buffer[begin : begin + length]

    def peek(self, length: int) -> bytes:
        """Up to `length` next bytes, not consumed."""
        return self.content.read(self.position, min(length, self.left))

    def skip(self, length: int) -> None:
        """Raises MalformedError (`<area>.truncated`) where fewer bytes are left."""
        if length < 0 or self.position + length > self.end:
            self._require(length)
        self.position += length

    def number(self, code: str) -> int:
        """A whole number of the struct code `code`, in the byte order of the cursor."""
        return int(struct.unpack(self.order + code, self.take(struct.calcsize("=" + code)))[0])

    def varint(self) -> int:
        """A whole number in groups of seven bits. Raises MalformedError (`<area>.number`) where it has no end."""
        begin = self.position - self._start
        if begin < len(self._buffer) and self._buffer[begin] < 0x80 and self.position < self.end:
            self.position += 1  # Most have one byte, and there are millions.
            return self._buffer[begin]
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise MalformedError(f"{self._area}.number", "a number has more than 10 bytes", self.position)

    def limited(self, length: int, limit: int, what: str) -> bytes:
        """`length` bytes that no honest file has more than `limit` of. Raises MalformedError (`<area>.absurd-length`)."""
        if length > limit:
            raise MalformedError(f"{self._area}.absurd-length", f"{what} claims {length:,} bytes", self.position)
        return self.take(length)

    def _require(self, length: int) -> None:
        if length < 0 or length > self.left:
            raise MalformedError(
                f"{self._area}.truncated", f"needs {length:,} bytes where {max(0, self.left):,} are left", self.position
            )


def all_zero(content: Content, start: int, size: int) -> bool:
    """Whether a range holds nothing; read in pieces."""
    return all(not any(piece) for piece in pieces(content, start, size))


def pieces(content: Content, start: int, size: int, length: int = 1 << 20) -> Iterator[bytes]:
    """A range in pieces of `length` bytes."""
    for offset in range(start, start + size, length):
        yield content.read(offset, min(length, start + size - offset))


def swept(ranges: list[tuple[int, int]], start: int, end: int) -> tuple[list[tuple[int, int]], list[int]]:
    """What `ranges` (start, end) leave uncovered between `start` and `end`, and the offsets at which two of them overlap."""
    return swept_in_order(sorted(ranges), start, end)


def swept_in_order(ranges: Iterable[tuple[int, int]], start: int, end: int) -> tuple[list[tuple[int, int]], list[int]]:
    """The same of ranges that are sorted already."""
    gaps: list[tuple[int, int]] = []
    overlaps: list[int] = []
    position = start
    for begin, stop in ranges:
        if stop <= begin:
            continue
        if begin > position:
            gaps.append((position, begin))
        elif begin < position:
            overlaps.append(begin)
        position = max(position, stop)
    if position < end:
        gaps.append((position, end))
    return gaps, overlaps
