"""TrueType, OpenType, WOFF and WOFF2: https://learn.microsoft.com/typography/opentype/spec/otff, https://www.w3.org/TR/WOFF2/."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_numbers
from budmodel_scanner.formats.reading import Cursor, MalformedError, all_zero, reports_malformed, swept
from budmodel_scanner.verdict import Finding

_SFNT = (b"\0\1\0\0", b"OTTO", b"true", b"typ1")
_MAX_TABLES = 512


def recognizes(head: bytes, _name: str) -> bool:
    magic = head[:4]
    if magic in (b"wOFF", b"wOF2", b"ttcf", b"OTTO"):
        return True
    tables = int.from_bytes(head[4:6], "big")
    return (
        magic in _SFNT and 0 < tables < _MAX_TABLES and all(32 <= letter < 127 for letter in head[12:16]) and len(head) > 28
    )


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "font", order=">")
    magic = cursor.take(4)
    if magic == b"wOF2":
        yield from _woff2(content, cursor, place, nested)
        return
    ranges: list[tuple[int, int]] = []
    if magic == b"wOFF":
        _woff(content, cursor, ranges)
    elif magic == b"ttcf":
        cursor.skip(4)
        count = cursor.number("I")
        if count > _MAX_TABLES:
            raise MalformedError("font.count", f"claims {count:,} fonts", 8)
        starts = [cursor.number("I") for _ in range(count)]
        # A signature of the collection may follow in its second version.
        ranges.append((0, cursor.position + (12 if content.read(4, 2) == b"\0\2" else 0)))
        for start in starts:
            _tables(Cursor(content, "font", start + 4, order=">"), ranges, start)
    else:
        _tables(cursor, ranges, 0)
    for start, end in ranges:
        yield from examine_numbers(content, start, end - start, f"the table at byte {start:,}", "font", place, nested)
    gaps, _ = swept(ranges, 0, content.size)
    for start, end in gaps:
        if end - start > 3 or not all_zero(content, start, end - start):
            label = "trailing bytes" if end == content.size else "gap"
            yield from examine_leftover(content, start, end - start, label, "font", place, nested)


def _tables(cursor: Cursor, ranges: list[tuple[int, int]], start: int) -> None:
    count = cursor.number("H")
    if count > _MAX_TABLES:
        raise MalformedError("font.count", f"claims {count:,} tables", cursor.position)
    cursor.skip(6)
    for _ in range(count):
        cursor.skip(8)
        offset, length = cursor.number("I"), cursor.number("I")
        _inside(offset, length, cursor)
        ranges.append((offset, offset + length))
    ranges.append((start, cursor.position))


def _woff(content: Content, cursor: Cursor, ranges: list[tuple[int, int]]) -> None:
    cursor.skip(4)
    length, count = cursor.number("I"), cursor.number("H")
    if length != content.size or count > _MAX_TABLES:
        raise MalformedError("font.length", f"states {length:,} bytes, the file has {content.size:,}", 8)
    cursor.skip(10)
    ranges += _extras(cursor)
    for _ in range(count):
        cursor.skip(4)
        offset, size = cursor.number("I"), cursor.number("I")
        cursor.skip(8)
        _inside(offset, size, cursor)
        ranges.append((offset, offset + size))
    ranges.append((0, cursor.position))


def _woff2(content: Content, cursor: Cursor, place: Place, nested: Nested) -> Iterator[Finding]:
    """Its tables are one Brotli stream; its header says where everything ends."""
    cursor.skip(4)
    length = cursor.number("I")
    cursor.skip(8)
    compressed = cursor.number("I")
    cursor.skip(4)
    last = max(48 + compressed, *(end for _, end in _extras(cursor)))
    if length > content.size or last > length:
        raise MalformedError("font.truncated", f"states {length:,} bytes, the file has {content.size:,}", 8)
    yield from examine_leftover(content, length, content.size - length, "trailing bytes", "font", place, nested)


def _extras(cursor: Cursor) -> list[tuple[int, int]]:
    """Ranges of the metadata and of the private data."""
    metadata = cursor.number("I"), cursor.number("I")
    cursor.skip(4)
    private = cursor.number("I"), cursor.number("I")
    for offset, length in (metadata, private):
        _inside(offset, length, cursor)
    return [(offset, offset + length) for offset, length in (metadata, private)]


def _inside(offset: int, length: int, cursor: Cursor) -> None:
    if offset + length > cursor.end:
        raise MalformedError("font.truncated", f"places a table up to byte {offset + length:,}", cursor.position)
