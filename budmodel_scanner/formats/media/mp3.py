"""MP3 with ID3 tags: https://id3.org/id3v2.4.0-structure; frames by their headers (ISO/IEC 11172-3)."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata, signature
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding

_BITRATES = {
    # By version (MPEG 1, or 2 and 2.5) and layer, in kbit/s.
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_OLD_TAG_BYTES = 128


def recognizes(head: bytes, name: str) -> bool:
    if head[:3] == b"ID3" and len(head) > 10 and head[3] in (2, 3, 4) and max(head[6:10]) < 0x80:
        return True
    return name.lower().endswith(".mp3") and frame_bytes(head[:4]) > 0


def frame_bytes(header: bytes) -> int:
    """Length of the frame that starts with these four bytes; 0 where none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate, frequency, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or rate in (0, 15) or frequency == 3:
        return 0
    kilobits = _BITRATES[(1 if version == 3 else 2, layer)][rate]
    hertz = _RATES[version][frequency]
    if layer == 1:
        return (12_000 * kilobits // hertz + padding) * 4
    return (72_000 if layer == 3 and version != 3 else 144_000) * kilobits // hertz + padding


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "mp3")
    while content.read(cursor.position, 3) == b"ID3":
        at = cursor.position
        header = cursor.take(10)
        if max(header[6:]) > 0x7F:
            raise MalformedError("mp3.tag", "a tag states an impossible length", at)
        length = header[6] << 21 | header[7] << 14 | header[8] << 7 | header[9]
        yield from examine_metadata(
            content.read(cursor.position, min(length, 1 << 16)), f"tag at byte {at:,}", "mp3", place, nested
        )
        cursor.skip(length + (10 if header[5] & 0x10 else 0))
    # Encoders fill up with zeros between tag and audio.
    while cursor.left and content.read(cursor.position, 1) == b"\0":
        cursor.skip(1)
    frames = 0
    while (length := frame_bytes(content.read(cursor.position, 4))) and length <= cursor.left:
        place.budget.spend("opcodes")
        cursor.skip(length)
        frames += 1
    if not frames:
        raise MalformedError("mp3.frame", "holds no audio frame", cursor.position)
    rest = content.read(cursor.position, 32)
    if (rest[:3] == b"TAG" and cursor.left == _OLD_TAG_BYTES) or (rest[:8] == b"APETAGEX" and cursor.left < 1 << 20):
        text = content.read(cursor.position, cursor.left)
        yield from examine_metadata(text, "closing tag", "mp3", place, nested)
    elif frame_bytes(rest[:4]) == 0 or signature(content.read(cursor.position, cursor.left)):
        yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "mp3", place, nested)
