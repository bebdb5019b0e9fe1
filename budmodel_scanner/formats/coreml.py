"""Core ML: the specification message of .mlmodel and of .mlpackage, and the weights of ML programs beside it.

https://apple.github.io/coremltools/mlmodel/Format/Model.html and the blob storage of coremltools' mlmodel/src/MILBlob.
"""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.payloads import examine_leftover
from budmodel_scanner.formats.protobuf import BYTES, VARINT, first_fields
from budmodel_scanner.formats.protobuf_schema import DATA, Visit, walk
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_bytes, examine_metadata
from budmodel_scanner.verdict import Finding, Verdict

_FIRST_KIND = 200
_CUSTOM_MODEL, _LINKED_MODEL, _CUSTOM_LAYER = 555, 556, 500
_BLOB_MARK = b"\xef\xbe\xad\xde"
_BLOB_BYTES = 64
_LONG_TEXT = 128
_SEARCHED_BYTES = 1 << 20
_TEXT = expression(rb"[ -~]{24,}")


def recognizes(head: bytes, name: str) -> bool:
    if _is_blobs(head):
        return True
    found = first_fields(head, 3)
    if not found or len(found) < 2 or not name.lower().endswith(".mlmodel"):
        return False
    return found[0][:2] == (1, VARINT) and found[1][:2] == (2, BYTES) and first_fields(found[1][2]) is not None


def _is_blobs(head: bytes) -> bool:
    return head[4:8] == b"\2\0\0\0" and not any(head[8:_BLOB_BYTES]) and head[_BLOB_BYTES : _BLOB_BYTES + 4] == _BLOB_MARK


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    if _is_blobs(content.read(0, 4096)):
        yield from _blobs(content, place, nested)
        return
    has_model = False
    for visit in walk(content, "Model", "coreml", place):
        has_model = has_model or (visit.message == "Model" and visit.field.number >= _FIRST_KIND)
        kind = (visit.message, visit.field.number)
        where = place.at(f"byte {visit.field.start:,}")
        if visit.holds is None:
            what = f"field {kind[1]} of {kind[0]} is none that is known"
            yield Finding("coreml.unknown-field", Verdict.SUSPICIOUS, what, where)
        elif kind in (("Model", _CUSTOM_MODEL), ("Layer", _CUSTOM_LAYER)):
            yield Finding("coreml.custom-code", Verdict.SUSPICIOUS, "needs code of the model's author", where)
        elif kind == ("Model", _LINKED_MODEL):
            yield Finding("coreml.linked-model", Verdict.SUSPICIOUS, "loads another model from a path", where)
        elif visit.message in ("Metadata", "Entry") or len(visit.text) > _LONG_TEXT:
            yield from examine_metadata(visit.text, f"metadata at byte {visit.field.start:,}", "coreml", place, nested)
        elif visit.holds == DATA:
            yield from _described(content, visit, place, nested)
    if not has_model:
        yield suspicious(place, "coreml.no-model", "describes a model and holds none")


def _described(content: Content, visit: Visit, place: Place, nested: Nested) -> Iterator[Finding]:
    """What is not walked: names and types of inputs, programs, parameters; and texts among them."""
    size = visit.field.end - visit.field.start
    where = f"a value at byte {visit.field.start:,}"
    yield from examine_bytes(content, visit.field.start, size, where, "coreml.payload", place, nested)
    for found in _TEXT.finditer(content.read(visit.field.start, min(size, _SEARCHED_BYTES))):
        yield from examine_metadata(found[0], f"a text of {visit.message}", "coreml", place, nested)


def _blobs(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "coreml")
    count = cursor.number("I")
    cursor.skip(_BLOB_BYTES - 4)
    if count * _BLOB_BYTES > content.size:
        raise MalformedError("coreml.counts", f"claims {count:,} blobs", 0)
    place.budget.spend("opcodes", count)
    for _ in range(count):
        at = cursor.position
        if cursor.take(4) != _BLOB_MARK:
            raise MalformedError("coreml.blob", "a blob has no mark", at)
        cursor.skip(4)
        size, offset = cursor.number("Q"), cursor.number("Q")
        if offset < at + _BLOB_BYTES or offset - at > 2 * _BLOB_BYTES:
            raise MalformedError("coreml.blob", f"a blob's data is at {offset:,}", at)
        cursor.skip(offset - cursor.position)
        cursor.skip(size)
        cursor.skip(min(-cursor.position % _BLOB_BYTES, cursor.left))
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "coreml", place, nested)
