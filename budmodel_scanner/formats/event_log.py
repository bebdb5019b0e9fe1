"""Record files of TensorFlow: event logs for TensorBoard, and data sets in TFRecord.

https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
"""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.formats.checksums import masked_crc32c
from budmodel_scanner.formats.payloads import begins_as
from budmodel_scanner.formats.protobuf import fields
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.verdict import Finding, Verdict

_LEAST_BYTES = 16
# Checksums of longer ones would take seconds; their lengths are checked all the same.
_MAX_CHECKED_BYTES = 1 << 20


def recognizes(head: bytes, name: str) -> bool:
    """By the checksum of the first length, or by the only name that TensorBoard looks for."""
    if len(head) >= _LEAST_BYTES and masked_crc32c(head[:8]) == int.from_bytes(head[8:12], "little"):
        return True
    return ".tfevents." in name and b"\0" in head


@reports_malformed
def examine(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
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
        yield from _message(content, start, length, place)


def _message(content: Content, start: int, length: int, place: Place) -> Iterator[Finding]:
    """Events and examples are messages; a data set may hold records of any other kind."""
    try:
        for _ in fields(content, start, start + length, "event-log", place):
            pass
    except MalformedError:
        where = place.at(f"byte {start:,}")
        yield Finding("event-log.record", Verdict.UNSCANNED, "a record is no message, what it means is not known", where)
