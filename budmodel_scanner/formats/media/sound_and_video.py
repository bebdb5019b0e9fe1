"""Sound and video, and pictures in containers of video: their recognition and their parts."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, UnscannedError
from budmodel_scanner.formats.media.parts import MAX_TEXT_BYTES, Part
from budmodel_scanner.formats.payloads import hidden_in, signature
from budmodel_scanner.formats.reading import Cursor, MalformedError, pieces

_RIFF_FORMS = {b"WAVE", b"WEBP", b"AVI "}
_RIFF_MEDIA = {b"data", b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"idx1"}

_FLAC_PADDING, _FLAC_TEXTS, _FLAC_LAST_KIND = 1, (2, 4), 126
# Frames state no end, so that anything may stand behind them.
_FLAC_HUNTED_BYTES = 1 << 16

_OGG = b"OggS"
# The pages before the audio.
_OGG_TEXTS = 4

_BOXES_FIRST = set(b"ftyp moov mdat wide skip pnot".split())
_BOXES_OF_BOXES = set(b"moov trak mdia minf stbl dinf edts udta mvex moof traf mfra".split())
_BOXES_AT_TOP = _BOXES_FIRST | set(
    b"free moof mfra sidx ssix styp meta uuid udta pdin prft emsg imda PICT meco bloc pssh idat junk mpvd beam cust".split()
)
_BOXES_WITH_TEXT = set(b"uuid meta ilst free skip junk".split())
_MAX_DEPTH = 16

# In kbit/s by version (MPEG 1, or 2 and 2.5) and layer.
_MP3_BITRATES = {
    (1, 1): tuple(range(0, 449, 32)),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MP3_TAG_BYTES = 1 << 16
_MP3_CLOSING = {b"TAG": 128, b"APETAGEX": MAX_TEXT_BYTES}


def is_riff(head: bytes, _name: str) -> bool:
    return head[:4] in (b"RIFF", b"RF64", b"RIFX") and head[8:12] in _RIFF_FORMS


def riff(content: Content) -> Iterator[Part]:
    """WAVE, WebP, AVI and the larger RF64: https://developers.google.com/speed/webp/docs/riff_container."""
    magic = content.read(0, 4)
    cursor = Cursor(content, "riff", 4, order=">" if magic == b"RIFX" else "<")
    size = cursor.number("I")
    streamed = size in (0, 0xFFFFFFFF) or magic == b"RF64"
    end = content.size if streamed else 8 + size
    if end > content.size:
        raise MalformedError("riff.truncated", f"claims {end:,} bytes, the file has {content.size:,}", 4)
    cursor.end = end
    form = cursor.take(4)
    yield Part(0, cursor.position)
    while cursor.left >= 8:
        at = cursor.position
        name, length = cursor.take(4), cursor.number("I")
        if not all(32 <= letter < 127 for letter in name):
            raise MalformedError("riff.chunk", f"has a chunk {name!r}", at)
        if length == 0xFFFFFFFF and streamed:
            length = cursor.left
        text = b"" if name in _RIFF_MEDIA else content.read(cursor.position, min(length, MAX_TEXT_BYTES))
        cursor.skip(length)
        cursor.skip(min(length % 2, cursor.left))
        yield Part(at + 8, cursor.position, numbers=name == b"data", what="samples")
        yield Part(at, at + 8, b"" if text.startswith(b"movi") else text, f"chunk {name.decode()}")
    if form == b"AVI " and content.read(end, 4) == b"RIFF":
        raise UnscannedError("riff.large-avi", "an AVI file of several parts is not read")


def flac(content: Content) -> Iterator[Part]:
    """https://www.rfc-editor.org/rfc/rfc9639. Metadata is walked; frames have no lengths and are skipped to the end."""
    cursor, is_last = Cursor(content, "flac", 4, order=">"), False
    yield Part(0, 4)
    while not is_last:
        at, mark = cursor.position, cursor.number("B")
        is_last, kind = bool(mark & 0x80), mark & 0x7F
        body = cursor.take(int.from_bytes(cursor.take(3), "big"))
        if kind > _FLAC_LAST_KIND or (at == 4) != (kind == 0):
            raise MalformedError("flac.block", f"has a metadata block of the kind {kind}", at)
        # Padding that is filled is no part of the file.
        is_filled = kind == _FLAC_PADDING and any(body)
        yield Part(at, at + 4 if is_filled else cursor.position, body if kind in _FLAC_TEXTS else b"", "block")
    if cursor.left and content.read(cursor.position, 1) != b"\xff":
        raise MalformedError("flac.frame", "no audio frame follows the metadata", cursor.position)
    last = max(cursor.position, content.size - _FLAC_HUNTED_BYTES)
    hidden = hidden_in(content.read(last, _FLAC_HUNTED_BYTES))
    yield Part(cursor.position, last + hidden[1] if hidden else content.size)


def ogg(content: Content) -> Iterator[Part]:
    """https://www.rfc-editor.org/rfc/rfc3533."""
    cursor, page = Cursor(content, "ogg"), 0
    while content.read(cursor.position, len(_OGG)) == _OGG:
        at, header = cursor.position, cursor.take(27)
        if header[4]:
            raise MalformedError("ogg.version", f"a page has the version {header[4]}", at)
        body = cursor.take(sum(cursor.take(header[26])))
        yield Part(at, cursor.position, body if page < _OGG_TEXTS else b"", "page")
        page += 1


def is_of_boxes(head: bytes, _name: str) -> bool:
    size = int.from_bytes(head[:4], "big")
    if head[4:8] == b"ftyp":
        return 8 <= size <= 4096
    return head[4:8] in _BOXES_FIRST and (size >= 8 or size == 1)


def boxes(content: Content) -> Iterator[Part]:
    """MP4, QuickTime, HEIF and AVIF: ISO/IEC 14496-12, https://mp4ra.org/registered-types/boxes."""
    kinds: set[bytes] = set()
    yield from _boxes(content, 0, content.size, 0, kinds)
    if not kinds & {b"moov", b"moof", b"meta"} or not kinds & {b"mdat", b"moof"}:
        raise MalformedError("mp4.incomplete", "holds no media, or does not describe it", content.size)


def _boxes(content: Content, start: int, end: int, depth: int, kinds: set[bytes]) -> Iterator[Part]:
    """`kinds` gathers the kinds of boxes at the top."""
    if depth > _MAX_DEPTH:
        raise MalformedError("mp4.depth", f"boxes are nested more than {_MAX_DEPTH} deep", start)
    cursor = Cursor(content, "mp4", start, end, ">")
    while cursor.left >= 8:
        at = cursor.position
        size, kind, header = cursor.number("I"), cursor.take(4), 8
        if depth == 0:
            if at and kind not in _BOXES_AT_TOP:
                return
            kinds.add(kind)
        if size == 1:
            size, header = cursor.number("Q"), 16
        elif size == 0:
            size = end - at
        if size < header or size > end - at:
            raise MalformedError("mp4.box", f"the box {kind!r} claims {size:,} bytes where {end - at:,} are left", at)
        cursor.skip(size - header)
        if kind in _BOXES_OF_BOXES:
            yield Part(at, at + header)
            yield from _boxes(content, at + header, at + size, depth + 1, kinds)
        else:
            has_text = kind in _BOXES_WITH_TEXT
            text = content.read(at + header, min(size - header, MAX_TEXT_BYTES)) if has_text else b""
            yield Part(at, at + size, text, f"box {kind.decode('latin-1')}")
    # QuickTime ends user data with a zero.
    if depth and content.read(cursor.position, cursor.left) == b"\0\0\0\0":
        yield Part(cursor.position, end)


def is_mp3(head: bytes, name: str) -> bool:
    if head[:3] == b"ID3" and len(head) > 10 and head[3] in (2, 3, 4) and max(head[6:10]) < 0x80:
        return True
    return name.lower().endswith(".mp3") and _frame_bytes(head[:4]) > 0


def _frame_bytes(header: bytes) -> int:
    """Length of the frame that starts with these four bytes; 0 where none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate, frequency, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or rate in (0, 15) or frequency == 3:
        return 0
    kilobits, hertz = _MP3_BITRATES[(1 if version == 3 else 2, layer)][rate], _MP3_RATES[version][frequency]
    if layer == 1:
        return (12_000 * kilobits // hertz + padding) * 4
    return (72_000 if layer == 3 and version != 3 else 144_000) * kilobits // hertz + padding


def mp3(content: Content) -> Iterator[Part]:
    """ID3 tags: https://id3.org/id3v2.4.0-structure; frames by their headers (ISO/IEC 11172-3)."""
    cursor = Cursor(content, "mp3")
    while content.read(cursor.position, 3) == b"ID3":
        at, header = cursor.position, cursor.take(10)
        if max(header[6:]) > 0x7F:
            raise MalformedError("mp3.tag", "a tag states an impossible length", at)
        length = header[6] << 21 | header[7] << 14 | header[8] << 7 | header[9]
        text = content.read(cursor.position, min(length, _MP3_TAG_BYTES))
        cursor.skip(length + (10 if header[5] & 0x10 else 0))
        yield Part(at, cursor.position, text, "tag")
    # Encoders fill up with zeros between tag and audio.
    start = cursor.position
    for piece in pieces(content, start, cursor.left):
        filled = len(piece) - len(piece.lstrip(b"\0"))
        cursor.skip(filled)
        if filled < len(piece):
            break
    yield Part(start, cursor.position)
    audio = cursor.position
    while (length := _frame_bytes(content.read(cursor.position, 4))) and length <= cursor.left:
        yield Part(cursor.position, cursor.position + length)
        cursor.skip(length)
    if cursor.position == audio:
        raise MalformedError("mp3.frame", "holds no audio frame", audio)
    rest = content.read(cursor.position, min(cursor.left, MAX_TEXT_BYTES))
    if any(rest.startswith(mark) and cursor.left <= longest for mark, longest in _MP3_CLOSING.items()):
        yield Part(cursor.position, content.size, rest, "closing tag")
    elif _frame_bytes(rest[:4]) and signature(rest) is None:
        # The last frame may be cut off.
        yield Part(cursor.position, content.size)
