"""SentencePiece models: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.payloads import begins_as
from budmodel_scanner.formats.protobuf import BYTES, FIXED32, VARINT, Field, fields, first_fields
from budmodel_scanner.formats.reading import MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_metadata
from budmodel_scanner.verdict import Finding, Verdict

_MAX_BYTES = 64 << 20
_PIECES, _TRAINER, _NORMALIZER, _SELF_TEST, _DENORMALIZER = 1, 2, 3, 4, 5
_CHARACTER_MAP = 2


def recognizes(head: bytes, _name: str) -> bool:
    found = first_fields(head, 2)
    if not found or found[0][:2] != (_PIECES, BYTES):
        return False
    piece = first_fields(found[0][2])
    # What is unknown may have no score, and a kind in its place.
    return piece is not None and [entry[:2] for entry in piece[:2]] in (
        [(1, BYTES), (2, FIXED32)],
        [(1, BYTES), (3, VARINT)],
    )


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    if content.size > _MAX_BYTES:
        raise UnscannedError("sentencepiece.too-large", f"a vocabulary of {content.size:,} bytes is not read")
    whole = MemoryContent(content.read(0, content.size))
    for found in fields(whole, 0, whole.size, "sentencepiece", place):
        if found.number == _PIECES and found.wire == BYTES:
            _check_piece(whole.data, found, place)
        elif found.number in (_TRAINER, _NORMALIZER, _SELF_TEST, _DENORMALIZER) and found.wire == BYTES:
            yield from _settings(whole, found, place, nested)
        else:
            where = place.at(f"byte {found.start:,}")
            what = f"field {found.number} is none that is known"
            yield Finding("sentencepiece.unknown-field", Verdict.SUSPICIOUS, what, where)


def _check_piece(data: bytes, found: Field, place: Place) -> None:
    """A text, a score and perhaps a type. There are hundreds of thousands, so the usual shape is tried first."""
    start, end = found.start, found.end
    length = data[start + 1] if end - start > 1 else 0
    rest = data[start + 2 + length : end]
    typed = len(rest) == 7 and rest[5] == 0x18 and rest[6] < 0x80
    if data[start : start + 1] == b"\x0a" and length < 0x80 and rest[:1] == b"\x15" and (len(rest) == 5 or typed):
        return
    for field in fields(MemoryContent(data[start:end]), 0, end - start, "sentencepiece", place):
        if (field.number, field.wire) not in ((1, BYTES), (2, FIXED32), (3, VARINT)):
            raise MalformedError("sentencepiece.piece", f"a piece has the field {field.number}", start)


def _settings(whole: MemoryContent, found: Field, place: Place, nested: Nested) -> Iterator[Finding]:
    for field in fields(whole, found.start, found.end, "sentencepiece", place):
        if field.wire != BYTES:
            continue
        value = whole.read(field.start, field.end - field.start)
        if found.number != _TRAINER and field.number == _CHARACTER_MAP:
            if kind := begins_as(value[:4096]):
                where = place.at(f"byte {field.start:,}")
                yield Finding("sentencepiece.payload", Verdict.SUSPICIOUS, f"the character map starts like a {kind}", where)
        else:
            yield from examine_metadata(value, f"settings at byte {field.start:,}", "sentencepiece", place, nested)
