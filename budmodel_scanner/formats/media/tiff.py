"""TIFF: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, and BigTIFF is not read."""

import struct
from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata
from budmodel_scanner.formats.reading import Cursor, MalformedError, all_zero, reports_malformed, swept
from budmodel_scanner.verdict import Finding

_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_OFFSETS, _LENGTHS = (273, 324), (279, 325)
_DIRECTORIES = (330, 34665, 34853, 40965)
_MAX_VALUE_BYTES = 1 << 24


def recognizes(head: bytes, _name: str) -> bool:
    return head[:4] in (b"II*\0", b"MM\0*")


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    order = "<" if content.read(0, 2) == b"II" else ">"
    ranges = [(0, 8)]
    waiting = [Cursor(content, "tiff", 4, order=order).number("I")]
    seen: set[int] = set()
    while waiting:
        start = waiting.pop()
        if not start or start in seen:
            continue
        seen.add(start)
        cursor = Cursor(content, "tiff", start, order=order)
        fields: dict[int, list[int]] = {}
        for _ in range(cursor.number("H")):
            place.budget.spend("opcodes")
            tag, kind, count = cursor.number("H"), cursor.number("H"), cursor.number("I")
            values, data = _values(cursor, kind, count, ranges)
            fields[tag] = values
            if len(data) > 16 and kind in (1, 2, 7):
                yield from examine_metadata(data, f"tag {tag}", "tiff", place, nested)
        waiting.append(cursor.number("I"))
        ranges.append((start, cursor.position))
        for tag in _DIRECTORIES:
            waiting += fields.get(tag, [])
        for offsets, lengths in zip(_OFFSETS, _LENGTHS, strict=True):
            pairs = zip(fields.get(offsets, []), fields.get(lengths, []), strict=False)
            ranges += [(offset, offset + length) for offset, length in pairs]
    last = max(end for _, end in ranges)
    if last > content.size:
        raise MalformedError("tiff.truncated", f"places data up to byte {last:,}, the file has {content.size:,}", 4)
    gaps, _ = swept(ranges, 0, content.size)
    for begin, end in gaps:
        if end - begin > 3 and not all_zero(content, begin, end - begin):
            label = "trailing bytes" if end == content.size else "gap"
            yield from examine_leftover(content, begin, end - begin, label, "tiff", place, nested)


def _values(cursor: Cursor, kind: int, count: int, ranges: list[tuple[int, int]]) -> tuple[list[int], bytes]:
    """The numbers of an entry, and its bytes; the cursor moves behind it."""
    width = _WIDTHS.get(kind)
    if width is None:
        raise MalformedError("tiff.type", f"an entry has the type {kind}", cursor.position)
    size = count * width
    here = Cursor(cursor.content, "tiff", cursor.position, order=cursor.order)
    cursor.skip(4)
    if size > 4:
        start = here.number("I")
        here = Cursor(cursor.content, "tiff", start, order=cursor.order)
        ranges.append((start, start + size))
    data = here.limited(size, _MAX_VALUE_BYTES, "an entry")
    if kind not in (3, 4, 13):
        return [], data
    return list(struct.unpack(f"{cursor.order}{count}{'H' if kind == 3 else 'I'}", data)), data
