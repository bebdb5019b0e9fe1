"""MP4, QuickTime, HEIF and AVIF, all built of boxes: ISO/IEC 14496-12, https://mp4ra.org/registered-types/boxes."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding, Verdict

_FIRST = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_NESTED = {
    b"moov",
    b"trak",
    b"mdia",
    b"minf",
    b"stbl",
    b"dinf",
    b"edts",
    b"udta",
    b"mvex",
    b"moof",
    b"traf",
    b"mfra",
    b"skip",
}
_TOP = {
    *(
        b"ftyp",
        b"moov",
        b"mdat",
        b"wide",
        b"free",
        b"skip",
        b"pnot",
        b"moof",
        b"mfra",
        b"sidx",
        b"ssix",
        b"styp",
        b"meta",
        b"uuid",
    ),
    *(
        b"udta",
        b"pdin",
        b"prft",
        b"emsg",
        b"imda",
        b"PICT",
        b"meco",
        b"bloc",
        b"pssh",
        b"idat",
        b"junk",
        b"mpvd",
        b"beam",
        b"cust",
    ),
}
_TEXTS = {b"uuid", b"meta", b"ilst", b"free", b"skip", b"junk"}
_MAX_TEXT_BYTES = 1 << 20
_MAX_DEPTH = 16


def recognizes(head: bytes, _name: str) -> bool:
    size = int.from_bytes(head[:4], "big")
    if head[4:8] == b"ftyp":
        return 8 <= size <= 4096
    return head[4:8] in _FIRST and (size >= 8 or size == 1) and head[4:8] != b"free"


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    kinds: set[bytes] = set()
    yield from _boxes(content, 0, content.size, 0, place, nested, kinds)
    if not kinds & {b"moov", b"moof", b"meta"} or not kinds & {b"mdat", b"moof"}:
        yield Finding("mp4.incomplete", Verdict.SUSPICIOUS, "holds no media, or does not describe it", place.at(""))


def _boxes(
    content: Content, start: int, end: int, depth: int, place: Place, nested: Nested, kinds: set[bytes]
) -> Iterator[Finding]:
    """`kinds` gathers the kinds of boxes at the top."""
    if depth > _MAX_DEPTH:
        raise MalformedError("mp4.depth", f"boxes are nested more than {_MAX_DEPTH} deep", start)
    cursor = Cursor(content, "mp4", start, end, ">")
    while cursor.left:
        place.budget.spend("opcodes")
        at = cursor.position
        if depth and content.read(at, 4) == b"\0\0\0\0" and end - at == 4:
            return  # QuickTime ends user data with a zero.
        if depth == 0 and cursor.left < 8:
            break
        size, kind, header = cursor.number("I"), cursor.take(4), 8
        if depth == 0 and at and kind not in _TOP:
            cursor.position = at
            break
        if depth == 0:
            kinds.add(kind)
        if size == 1:
            size, header = cursor.number("Q"), 16
        elif size == 0:
            size = end - at
        if size < header or size > end - at:
            raise MalformedError("mp4.box", f"the box {kind!r} claims {size:,} bytes where {end - at:,} are left", at)
        if kind in _NESTED and size > header and kind != b"skip":
            yield from _boxes(content, at + header, at + size, depth + 1, place, nested, kinds)
        elif kind in _TEXTS:
            body = content.read(at + header, min(size - header, _MAX_TEXT_BYTES))
            yield from examine_metadata(body, f"box {kind.decode()} at byte {at:,}", "mp4", place, nested)
        cursor.skip(size - header)
    position = cursor.position
    yield from examine_leftover(content, position, end - position, "trailing bytes", "mp4", place, nested)
