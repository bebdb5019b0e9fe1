"""Record files of TensorFlow: event logs for TensorBoard, and data sets in TFRecord.

https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
"""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.formats.checksums import masked_crc32c
from budmodel_scanner.formats.payloads import begins_as
from budmodel_scanner.formats.protobuf import BYTES, fields
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_numbers
from budmodel_scanner.verdict import Finding, Verdict

_LEAST_BYTES = 16
# An example is a map of features, each a list of values.
_DEEPEST = 5
# Checksums of longer ones would take seconds; their lengths are checked all the same.
_MAX_CHECKED_BYTES = 1 << 20


def recognizes(head: bytes, name: str) -> bool:
    """By the checksum of the first length, or by the only name that TensorBoard looks for."""
    if len(head) >= _LEAST_BYTES and masked_crc32c(head[:8]) == int.from_bytes(head[8:12], "little"):
        return True
    return ".tfevents." in name and b"\0" in head


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "event-log")
    checked = 0
    while cursor.left:
        place.budget.spend("opcodes")
        at = cursor.position
        stated = cursor.take(8)
        if cursor.number("I") != masked_crc32c(stated):
            raise MalformedError("event-log.checksum", "the length of a record has a wrong checksum", at)
        length = int.from_bytes(stated, "little")
        start = cursor.position
        cursor.skip(length)
        checksum = cursor.number("I")
        if checked + length <= _MAX_CHECKED_BYTES:
            checked += length
            if masked_crc32c(content.read(start, length)) != checksum:
                yield suspicious(place, "event-log.checksum", "a record has a wrong checksum", f"byte {at:,}")
        if kind := begins_as(content.read(start, min(length, 512))):
            yield suspicious(place, "event-log.payload", f"a record starts like a {kind}", f"byte {at:,}")
        yield from _message(content, start, length, place, nested)


def _message(content: Content, start: int, length: int, place: Place, nested: Nested, depth: int = 0) -> Iterator[Finding]:
    """Events and examples are messages; a data set may hold records of any other kind. What fields hold may be messages."""
    try:
        for field in fields(content, start, start + length, "event-log", place):
            if field.wire == BYTES and field.end - field.start >= _LEAST_BYTES:
                where = f"a value at byte {field.start:,}"
                size = field.end - field.start
                yield from examine_numbers(content, field.start, size, where, "event-log", place, nested)
                if depth < _DEEPEST:
                    yield from _message(content, field.start, size, place, nested, depth + 1)
    except MalformedError:
        if depth:
            return
        where = place.at(f"byte {start:,}")
        yield Finding("event-log.record", Verdict.UNSCANNED, "a record is no message, what it means is not known", where)
