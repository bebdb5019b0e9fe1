"""GIF: https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_COMMENT, _APPLICATION = 0xFE, 0xFF


def recognizes(head: bytes, _name: str) -> bool:
    return head[:6] in (b"GIF87a", b"GIF89a")


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "gif")
    cursor.skip(10)
    # The flags are followed by two more bytes of the screen's description, then by its palette.
    cursor.skip(2 + _palette_bytes(cursor.number("B")))
    while (kind := cursor.number("B")) != _TRAILER:
        place.budget.spend("opcodes")
        at = cursor.position - 1
        if kind == _IMAGE:
            cursor.skip(8)
            flags = cursor.number("B")
            cursor.skip(_palette_bytes(flags) + 1)
            _blocks(cursor, keep=False)
        elif kind == _EXTENSION:
            label = cursor.number("B")
            body = _blocks(cursor, keep=label in (_COMMENT, _APPLICATION))
            yield from examine_metadata(body, f"extension at byte {at:,}", "gif", place, nested)
        else:
            raise MalformedError("gif.block", f"has a block of the kind {kind:#x}", at)
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "gif", place, nested)


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(cursor: Cursor, keep: bool) -> bytes:
    kept: list[bytes] = []
    while length := cursor.number("B"):
        body = cursor.take(length)
        if keep and len(kept) < 4096:
            kept.append(body)
    return b"".join(kept)
