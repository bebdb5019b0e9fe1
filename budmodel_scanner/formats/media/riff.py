"""RIFF containers (WAVE, WebP, AVI) and the larger RF64: https://developers.google.com/speed/webp/docs/riff_container."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding, Verdict

_FORMS = {b"WAVE", b"WEBP", b"AVI "}
_MEDIA = {b"data", b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"idx1", b"ICCP"}
_MAX_TEXT_BYTES = 1 << 20


def recognizes(head: bytes, _name: str) -> bool:
    return head[:4] in (b"RIFF", b"RF64", b"RIFX") and head[8:12] in _FORMS


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    magic = content.read(0, 4)
    cursor = Cursor(content, "riff", order=">" if magic == b"RIFX" else "<")
    cursor.skip(4)
    size = cursor.number("I")
    streamed = size in (0, 0xFFFFFFFF)
    end = content.size if streamed or magic == b"RF64" else 8 + size
    if end > content.size:
        raise MalformedError("riff.truncated", f"claims {end:,} bytes, the file has {content.size:,}", 4)
    cursor.end = end
    form = cursor.take(4)
    while cursor.left >= 8:
        place.budget.spend("opcodes")
        at = cursor.position
        name, length = cursor.take(4), cursor.number("I")
        if not all(32 <= letter < 127 for letter in name):
            raise MalformedError("riff.chunk", f"has a chunk {name!r}", at)
        if length == 0xFFFFFFFF and (streamed or magic == b"RF64"):
            length = cursor.left
        if name not in _MEDIA:
            body = content.read(cursor.position, min(length, _MAX_TEXT_BYTES))
            if body[:4] != b"movi":
                yield from examine_metadata(body, f"chunk {name.decode()} at byte {at:,}", "riff", place, nested)
        cursor.skip(length)
        cursor.skip(min(length % 2, cursor.left))
    if form == b"AVI " and content.read(end, 4) == b"RIFF":
        yield Finding(
            "riff.large-avi", Verdict.UNSCANNED, "an AVI file of several parts is not read", place.at(f"byte {end:,}")
        )
        return
    yield from examine_leftover(content, cursor.position, cursor.left, "unused bytes", "riff", place, nested)
    padding = 1 if end % 2 and content.read(end, 1) == b"\0" else 0
    yield from examine_leftover(
        content, end + padding, content.size - end - padding, "trailing bytes", "riff", place, nested
    )
