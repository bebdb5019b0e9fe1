"""JPEG: ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf."""

import re
from collections.abc import Generator, Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding

_ALONE = {0x01, *range(0xD0, 0xD8)}
_START, _END, _SCAN, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_TEXTS = {_COMMENT, *range(0xE0, 0xF0)}


def recognizes(head: bytes, _name: str) -> bool:
    return head[:3] == b"\xff\xd8\xff"


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    end = yield from _image(content, 0, place, nested)
    # Cameras append further images (multi-picture format), each a whole JPEG.
    while content.read(end, 3) == b"\xff\xd8\xff":
        place.budget.spend("members")
        end = yield from _image(content, end, place, nested)
    yield from examine_leftover(content, end, content.size - end, "trailing bytes", "jpeg", place, nested)


def _image(content: Content, start: int, place: Place, nested: Nested) -> Generator[Finding, None, int]:
    """Yields findings; returns where the image ends."""
    cursor = Cursor(content, "jpeg", start, order=">")
    cursor.skip(2)
    while True:
        place.budget.spend("opcodes")
        at = cursor.position
        if cursor.take(1) != b"\xff":
            raise MalformedError("jpeg.marker", "has bytes between its segments", at)
        marker = cursor.number("B")
        while marker == 0xFF:
            marker = cursor.number("B")
        if marker == _END:
            return cursor.position
        if marker in _ALONE:
            continue
        if marker in (0, _START):
            raise MalformedError("jpeg.marker", f"has the marker {marker:#x} between its segments", at)
        length = cursor.number("H")
        if length < 2:
            raise MalformedError("jpeg.marker", f"a segment claims {length} bytes", at)
        body = cursor.take(length - 2)
        if marker in _TEXTS and not body.startswith((b"ICC_PROFILE", b"MPF\0")):
            yield from examine_metadata(body, f"segment {marker:#x} at byte {at:,}", "jpeg", place, nested)
        if marker == _SCAN:
            _skip_scan(content, cursor)


def _skip_scan(content: Content, cursor: Cursor) -> None:
    """Passes over compressed data, in which a marker is an 0xFF that neither zero nor a restart number follows."""
    position = cursor.position
    while True:
        piece = content.read(position, 1 << 16)
        found = _MARKER.search(piece)
        if found:
            cursor.skip(position + found.start() - cursor.position)
            return
        if len(piece) < 1 << 16:
            raise MalformedError("jpeg.truncated", "ends within its compressed data", position + len(piece))
        # One byte is read again, in case that a marker starts with it.
        position += len(piece) - 1


_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
