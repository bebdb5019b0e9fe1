"""Pictures: their recognition and their parts."""

import re
import struct
import zlib
from collections.abc import Iterator

from budmodel_scanner.content import Content, Window
from budmodel_scanner.formats.media.parts import MAX_TEXT_BYTES, Part
from budmodel_scanner.formats.reading import Cursor, MalformedError, pieces

PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_PNG_NUMBERS = set(b"gAMA cHRM sRGB pHYs tIME bKGD tRNS hIST sBIT acTL fcTL fdAT cICP".split())
_PNG_PACKED = {b"zTXt", b"iTXt", b"iCCP"}

JPEG = b"\xff\xd8\xff"
_JPEG_START, _JPEG_END, _JPEG_SCAN, _JPEG_COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_JPEG_ALONE = {0x01, *range(0xD0, 0xDA)}
_JPEG_TEXTS = {_JPEG_COMMENT, *range(0xE0, 0xF0)}
# Within compressed data, a marker is an 0xFF that neither zero nor a restart number follows.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_PIECE = 1 << 16

_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = 0x21, 0x2C, 0x3B

# The sizes of their headers, which these start with.
_BITMAP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}

TIFF = (b"II*\0", b"MM\0*", b"II+\0\x08\0", b"MM\0+\0\x08")
_TIFF_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_TIFF_TEXTS, _TIFF_NUMBERS = (1, 2, 7), {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_TIFF_MAX_ENTRY = 1 << 24
_TIFF_DIRECTORIES, _TIFF_STRIPS = (330, 34665, 34853, 40965), ((273, 279), (324, 325))


def png(content: Content) -> Iterator[Part]:
    """PNG and APNG: https://www.w3.org/TR/png-3/."""
    cursor, kind = Cursor(content, "png", len(PNG), order=">"), b""
    yield Part(0, len(PNG))
    while kind != b"IEND":
        at = cursor.position
        length, kind = cursor.number("I"), cursor.take(4)
        wrong = not kind.isalpha() or (kind[:1].isupper() and kind not in _PNG_CRITICAL)
        if wrong or (at == len(PNG)) != (kind == b"IHDR"):
            raise MalformedError("png.chunk", f"has the chunk {kind!r} where none such belongs", at)
        cursor.skip(length)
        checksum = zlib.crc32(kind)
        for piece in pieces(content, at + 8, length):
            checksum = zlib.crc32(piece, checksum)
        if cursor.number("I") != checksum:
            raise MalformedError("png.checksum", f"the checksum of {kind!r} is wrong", at)
        is_text = kind[:1].islower() and kind not in _PNG_NUMBERS
        text = content.read(at + 8, min(length, MAX_TEXT_BYTES)) if is_text else b""
        yield Part(at, cursor.position, text, f"chunk {kind.decode()}")
        if kind in _PNG_PACKED and (packed := text.find(b"\0x") + 1):
            yield Part(at, cursor.position, text[packed:], f"chunk {kind.decode()}")


def jpeg(content: Content) -> Iterator[Part]:
    """ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf. Cameras append further images, each a whole JPEG."""
    cursor, is_start = Cursor(content, "jpeg", order=">"), True
    while not is_start or content.read(cursor.position, len(JPEG)) == JPEG:
        at = cursor.position
        mark, marker = cursor.number("B"), cursor.number("B")
        while marker == 0xFF:
            marker = cursor.number("B")
        if mark != 0xFF or marker == 0 or (marker == _JPEG_START) != is_start:
            raise MalformedError("jpeg.marker", f"has the marker {mark:02x}{marker:02x} between its segments", at)
        is_start = marker == _JPEG_END
        text = b""
        if marker not in _JPEG_ALONE:
            length = cursor.number("H")
            if length < 2:
                raise MalformedError("jpeg.marker", f"a segment claims {length} bytes", at)
            body = cursor.take(length - 2)
            text = body if marker in _JPEG_TEXTS and not body.startswith(b"MPF\0") else b""
        if marker == _JPEG_SCAN:
            cursor.skip(_scan_end(content, cursor.position) - cursor.position)
        yield Part(at, cursor.position, text, f"segment {marker:#x}")


def _scan_end(content: Content, position: int) -> int:
    while True:
        piece = content.read(position, _PIECE)
        if found := _JPEG_MARKER.search(piece):
            return position + found.start()
        if len(piece) < _PIECE:
            raise MalformedError("jpeg.truncated", "ends within its compressed data", position + len(piece))
        # One byte is read again, in case that a marker starts with it.
        position += len(piece) - 1


def gif(content: Content) -> Iterator[Part]:
    """https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""
    cursor, kind = Cursor(content, "gif", 10), 0
    # The flags are followed by two more bytes of the screen's description, then by its palette.
    cursor.skip(2 + _palette_bytes(cursor.number("B")))
    yield Part(0, cursor.position)
    while kind != _GIF_TRAILER:
        at = cursor.position
        kind, blocks = cursor.number("B"), b""
        if kind == _GIF_IMAGE:
            cursor.skip(8)
            cursor.skip(_palette_bytes(cursor.number("B")) + 1)
        elif kind == _GIF_EXTENSION:
            cursor.skip(1)
        elif kind != _GIF_TRAILER:
            raise MalformedError("gif.block", f"has a block of the kind {kind:#x}", at)
        while kind != _GIF_TRAILER and (length := cursor.number("B")):
            block = cursor.take(length)
            if kind == _GIF_EXTENSION and len(blocks) < MAX_TEXT_BYTES:
                blocks += block
        yield Part(at, cursor.position, blocks, "extension")


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def is_bmp(head: bytes, _name: str) -> bool:
    return head[:2] == b"BM" and len(head) > 18 and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS


def bmp(content: Content) -> Iterator[Part]:
    """https://learn.microsoft.com/windows/win32/gdi/bitmap-storage."""
    cursor = Cursor(content, "bmp", 2)
    size = cursor.number("I")
    cursor.skip(4)
    offset, header = cursor.number("I"), cursor.number("I")
    width, height = (cursor.number("H" if header == 12 else "i") for _ in range(2))
    cursor.skip(2)
    depth = cursor.number("H")
    packing, stored = (0, 0) if header == 12 else (cursor.number("I"), cursor.number("I"))
    pixels = (abs(width) * depth + 31) // 32 * 4 * abs(height) if packing in (0, 3, 6) else stored
    # A color profile may follow the pixels in the newest header.
    yield Part(0, max(offset + pixels, content.size if header == 124 and size else 0))
    if offset < 14 + header or size not in (0, content.size):
        raise MalformedError("bmp.size", f"states {size:,} bytes, the file has {content.size:,}", 2)


def is_ico(head: bytes, name: str) -> bool:
    count = int.from_bytes(head[4:6], "little")
    return head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and 0 < count < 256 and name.lower().endswith((".ico", ".cur"))


def ico(content: Content) -> Iterator[Part]:
    """ICO and CUR: https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)."""
    cursor = Cursor(content, "ico", 4)
    for _ in range(cursor.number("H")):
        cursor.skip(8)
        size, start = cursor.number("I"), cursor.number("I")
        if content.read(start, len(PNG)) == PNG:
            yield from (
                part._replace(start=start + part.start, end=start + part.end) for part in png(Window(content, start, size))
            )
        elif int.from_bytes(content.read(start, 4), "little") in _BITMAP_HEADERS:
            yield Part(start, start + size)
        else:
            raise MalformedError("ico.image", "an image is neither a bitmap nor PNG", start)
    yield Part(0, cursor.position)


def tiff(content: Content) -> Iterator[Part]:
    """https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, and BigTIFF, whose offsets and counts are wider.

    Writers leave behind what they have written anew; nobody is led to it.
    """
    order = "<" if content.read(0, 2) == b"II" else ">"
    is_big = 43 in content.read(2, 2)
    count_code, offset_code, width, first = ("Q", "Q", 8, 16) if is_big else ("H", "I", 4, 8)
    waiting, seen = [Cursor(content, "tiff", first - width, order=order).number(offset_code)], {0}
    yield Part(0, first)
    while waiting:
        if (start := waiting.pop()) in seen:
            continue
        seen.add(start)
        cursor = Cursor(content, "tiff", start, order=order)
        fields: dict[int, tuple[int, ...]] = {}
        for _ in range(cursor.number(count_code)):
            tag, kind, count = cursor.number("H"), cursor.number("H"), cursor.number(offset_code)
            if kind not in _TIFF_WIDTHS:
                raise MalformedError("tiff.type", f"an entry has the type {kind}", cursor.position)
            size, at = count * _TIFF_WIDTHS[kind], cursor.position
            if size > width:
                at = cursor.number(offset_code)
            else:
                cursor.skip(width)
            data = Cursor(content, "tiff", at, order=order).limited(size, _TIFF_MAX_ENTRY, "an entry")
            yield Part(at, at + size, data if kind in _TIFF_TEXTS and size > 16 else b"", f"tag {tag}")
            if code := _TIFF_NUMBERS.get(kind):
                fields[tag] = struct.unpack(f"{order}{count}{code}", data)
        waiting += [cursor.number(offset_code), *(place for tag in _TIFF_DIRECTORIES for place in fields.get(tag, ()))]
        yield Part(start, cursor.position)
        for offsets, lengths in _TIFF_STRIPS:
            pairs = zip(fields.get(offsets, ()), fields.get(lengths, ()), strict=False)
            yield from (Part(offset, offset + length) for offset, length in pairs)
