"""PNG and APNG: https://www.w3.org/TR/png-3/."""

import zlib
from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding, Verdict

_MAGIC = b"\x89PNG\r\n\x1a\n"
_TEXTS = {b"tEXt", b"zTXt", b"iTXt", b"eXIf"}
_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_NUMBERS = {
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"pHYs",
    b"tIME",
    b"bKGD",
    b"tRNS",
    b"hIST",
    b"sBIT",
    b"acTL",
    b"fcTL",
    b"cICP",
    b"iCCP",
}
_MAX_TEXT_BYTES = 16 << 20


def recognizes(head: bytes, _name: str) -> bool:
    return head.startswith(_MAGIC)


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "png")
    cursor.order = ">"
    cursor.skip(len(_MAGIC))
    first = True
    while True:
        place.budget.spend("opcodes")
        at = cursor.position
        length = cursor.number("I")
        kind = cursor.take(4)
        if first != (kind == b"IHDR") or not kind.isalpha() or (kind[:1].isupper() and kind not in _CRITICAL):
            raise MalformedError("png.chunk", f"has the chunk {kind!r} where none such belongs", at)
        first = False
        yield from _chunk(cursor, kind, length, place, nested)
        if kind == b"IEND":
            break
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "png", place, nested)


def _chunk(cursor: Cursor, kind: bytes, length: int, place: Place, nested: Nested) -> Iterator[Finding]:
    at = cursor.position
    kept = kind != b"IDAT" and kind != b"fdAT"
    if kept and length > _MAX_TEXT_BYTES:
        raise MalformedError("png.absurd-length", f"the chunk {kind!r} claims {length:,} bytes", at)
    checksum, left, body = zlib.crc32(kind), length, b""
    while left:
        piece = cursor.take(min(left, 1 << 20))
        checksum, left = zlib.crc32(piece, checksum), left - len(piece)
        body = body + piece if kept else b""
    if cursor.number("I") != checksum:
        yield Finding("png.checksum", Verdict.SUSPICIOUS, f"the checksum of {kind!r} is wrong", place.at(f"byte {at:,}"))
    if kind in _TEXTS:
        yield from examine_metadata(_unpacked(kind, body), f"chunk {kind.decode()} at byte {at:,}", "png", place, nested)
    elif kept and kind[:1].islower() and kind not in _NUMBERS:
        yield from examine_metadata(body, f"chunk {kind.decode()} at byte {at:,}", "png", place, nested)


def _unpacked(kind: bytes, body: bytes) -> bytes:
    """A text with its keyword; a compressed one unpacked, as far as it can be."""
    keyword, _, rest = body.partition(b"\0")
    if kind == b"zTXt" and len(rest) > 1:
        try:
            return keyword + b" " + zlib.decompressobj().decompress(rest[1:], _MAX_TEXT_BYTES)
        except zlib.error:
            return body
    return body
