"""Ogg: https://www.rfc-editor.org/rfc/rfc3533."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding

_MAGIC = b"OggS"


def recognizes(head: bytes, _name: str) -> bool:
    return head[:5] == _MAGIC + b"\0"


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "ogg")
    pages = 0
    while cursor.left and content.read(cursor.position, 4) == _MAGIC:
        place.budget.spend("opcodes")
        at = cursor.position
        header = cursor.take(27)
        if header[4]:
            raise MalformedError("ogg.version", f"a page has the version {header[4]}", at)
        length = sum(cursor.take(header[26]))
        if pages < 4:
            yield from examine_metadata(cursor.take(length), f"page at byte {at:,}", "ogg", place, nested)
        else:
            cursor.skip(length)
        pages += 1
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "ogg", place, nested)
