"""BMP: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding, Verdict

_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def recognizes(head: bytes, _name: str) -> bool:
    return head[:2] == b"BM" and len(head) > 18 and int.from_bytes(head[14:18], "little") in _HEADERS


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "bmp")
    cursor.skip(2)
    size = cursor.number("I")
    cursor.skip(4)
    offset, header = cursor.number("I"), cursor.number("I")
    if header == 12:
        width, height, _planes, depth = (cursor.number("H") for _ in range(4))
        compression, stored = 0, 0
    else:
        width, height = cursor.number("i"), cursor.number("i")
        cursor.skip(2)
        depth, compression, stored = cursor.number("H"), cursor.number("I"), cursor.number("I")
    rows = (abs(width) * depth + 31) // 32 * 4 * abs(height)
    pixels = rows if compression in (0, 3, 6) else stored
    end = offset + pixels
    if end > content.size or offset < 14 + header:
        raise MalformedError("bmp.truncated", f"places pixels up to byte {end:,}, the file has {content.size:,}", 10)
    if size not in (0, content.size):
        yield Finding(
            "bmp.size", Verdict.SUSPICIOUS, f"states {size:,} bytes, the file has {content.size:,}", place.at("byte 2")
        )
    spare = content.size - end
    if spare > 3:
        # A color profile may follow the pixels in the newest header.
        yield from examine_leftover(
            content, end, 0 if header == 124 and size == content.size else spare, "trailing bytes", "bmp", place, nested
        )
