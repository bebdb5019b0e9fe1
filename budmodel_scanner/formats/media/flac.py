"""FLAC: https://www.rfc-editor.org/rfc/rfc9639. Metadata is walked; frames have no lengths and are skipped to the end."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata, examine_tail
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding

_PADDING, _APPLICATION, _COMMENT, _PICTURE = 1, 2, 4, 6
_MAX_KIND = 126


def recognizes(head: bytes, _name: str) -> bool:
    return head[:4] == b"fLaC"


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "flac", order=">")
    cursor.skip(4)
    last = False
    while not last:
        place.budget.spend("opcodes")
        at = cursor.position
        mark = cursor.number("B")
        last, kind = bool(mark & 0x80), mark & 0x7F
        length = int.from_bytes(cursor.take(3), "big")
        if kind > _MAX_KIND or (at == 4) != (kind == 0):
            raise MalformedError("flac.block", f"has a metadata block of the kind {kind}", at)
        body = cursor.take(length)
        if kind == _PADDING and any(body):
            yield from examine_leftover(content, at + 4, length, "filled padding", "flac", place, nested)
        elif kind in (_APPLICATION, _COMMENT):
            yield from examine_metadata(body, f"block at byte {at:,}", "flac", place, nested)
    if cursor.left and content.read(cursor.position, 2)[:1] != b"\xff":
        raise MalformedError("flac.frame", "no audio frame follows the metadata", cursor.position)
    yield from examine_tail(content, "flac", place)
