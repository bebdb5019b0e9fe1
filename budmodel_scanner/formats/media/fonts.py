"""TrueType, OpenType, WOFF and WOFF2: their recognition and their parts."""

from collections.abc import Iterator

from budmodel_scanner.content import Content
from budmodel_scanner.formats.media.parts import Part
from budmodel_scanner.formats.reading import Cursor, MalformedError

_MAGICS = (b"wOFF", b"wOF2", b"ttcf", b"OTTO")
_PLAUSIBLE_MAGICS = (b"\0\1\0\0", b"true", b"typ1")
_MAX_TABLES = 512


def is_font(head: bytes, _name: str) -> bool:
    if head.startswith(_MAGICS):
        return True
    is_plausible = 0 < int.from_bytes(head[4:6], "big") < _MAX_TABLES and len(head) > 28
    return is_plausible and head.startswith(_PLAUSIBLE_MAGICS) and all(32 <= letter < 127 for letter in head[12:16])


def font(content: Content) -> Iterator[Part]:
    """https://learn.microsoft.com/typography/opentype/spec/otff, https://www.w3.org/TR/WOFF2/."""
    cursor = Cursor(content, "font", order=">")
    match cursor.take(4):
        case b"wOFF" | b"wOF2" as magic:
            yield from _packed(content, cursor, is_stream=magic == b"wOF2")
        case b"ttcf":
            cursor.skip(4)
            starts = [cursor.number("I") for _ in range(_count(cursor, "I"))]
            # A signature of the collection may follow in its second version.
            yield Part(0, cursor.position + (12 if content.read(4, 2) == b"\0\2" else 0))
            for start in starts:
                yield from _tables(Cursor(content, "font", start + 4, order=">"))
        case _:
            yield from _tables(cursor)


def _count(cursor: Cursor, code: str) -> int:
    if (count := cursor.number(code)) > _MAX_TABLES:
        raise MalformedError("font.count", f"claims {count:,} fonts or tables", cursor.position)
    return count


def _tables(cursor: Cursor) -> Iterator[Part]:
    start, count = cursor.position - 4, _count(cursor, "H")
    cursor.skip(6)
    for _ in range(count):
        cursor.skip(8)
        offset, length = cursor.number("I"), cursor.number("I")
        yield Part(offset, offset + length, what="table", numbers=True)
    yield Part(start, cursor.position)


def _packed(content: Content, cursor: Cursor, *, is_stream: bool) -> Iterator[Part]:
    """The tables of WOFF are compressed each, those of WOFF2 as one stream of Brotli, behind a list of no stated length."""
    cursor.skip(4)
    length, count = cursor.number("I"), _count(cursor, "H")
    cursor.skip(6)
    stream = cursor.number("I") if is_stream else 0
    if 48 + stream > length or length > content.size:
        raise MalformedError("font.truncated", f"states {length:,} bytes, the file has {content.size:,}", 8)
    cursor.skip(4)
    for gap in (4, 0):
        offset, size = cursor.number("I"), cursor.number("I")
        yield Part(offset, offset + size, what="data", numbers=True)
        cursor.skip(gap)
    for _ in range(0 if is_stream else count):
        cursor.skip(4)
        offset, size = cursor.number("I"), cursor.number("I")
        cursor.skip(8)
        yield Part(offset, offset + size, what="table", numbers=True)
    yield Part(0, length if is_stream else cursor.position)
