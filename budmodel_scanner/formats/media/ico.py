"""ICO and CUR: https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place, Window
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed, swept
from budmodel_scanner.verdict import Finding

_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # Their sizes, which they start with.


def recognizes(head: bytes, name: str) -> bool:
    count = int.from_bytes(head[4:6], "little")
    return head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and 0 < count < 256 and name.lower().endswith((".ico", ".cur"))


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "ico")
    cursor.skip(4)
    ranges: list[tuple[int, int]] = []
    for _ in range(cursor.number("H")):
        cursor.skip(8)
        size, offset = cursor.number("I"), cursor.number("I")
        if offset + size > content.size:
            raise MalformedError("ico.truncated", f"places an image up to byte {offset + size:,}", cursor.position)
        ranges.append((offset, offset + size))
    for start, end in ranges:
        if content.read(start, 8) == b"\x89PNG\r\n\x1a\n":
            yield from nested(Window(content, start, end - start), place.inside(f"image at byte {start:,}.png"))
        elif int.from_bytes(content.read(start, 4), "little") not in _BITMAP_HEADERS:
            raise MalformedError("ico.image", "an image is neither a bitmap nor PNG", start)
    gaps, _ = swept([(0, cursor.position), *ranges], 0, content.size)
    for start, end in gaps:
        yield from examine_leftover(content, start, end - start, "unused bytes", "ico", place, nested)
