"""TensorFlow Lite: FlatBuffers by `schemas/tflite.txt`."""

from collections.abc import Generator, Iterator

from budmodel_scanner.content import Content, Place, Window
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.formats.flatbuffers import Table, tables
from budmodel_scanner.formats.payloads import examine_leftover, signature
from budmodel_scanner.formats.protobuf_schema import schema_of
from budmodel_scanner.formats.reading import MalformedError, exactly, reports_malformed
from budmodel_scanner.formats.tensorflow_operators import DANGEROUS
from budmodel_scanner.formats.values import examine_bytes, examine_metadata
from budmodel_scanner.texts.decoding import begins_as_text
from budmodel_scanner.verdict import Finding, Verdict

_VERSION, _CUSTOM_CODE = 0, 1
_MAX_TEXT_BYTES = 1 << 16
_BUFFER_DATA, _BUFFER_OFFSET, _BUFFER_SIZE = 0, 1, 2
# Vectors of the options, which are not walked, may lie last.
_SLACK_BYTES = 48
# Operators beyond the built-in ones that official tools add.
_KNOWN_CUSTOM = ("TFLite_Detection_PostProcess", "Convolution2DTransposeBias", "MaxPoolingWithArgmax2D", "MaxUnpooling2D")


def recognizes(head: bytes, _name: str) -> bool:
    return head[4:8] == b"TFL3"


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    root = Table(content, "tflite", int.from_bytes(exactly(content, 0, 4, "tflite"), "little"))
    if root.number(_VERSION, 4) != 3:
        yield suspicious(place, "tflite.version", f"states the version {root.number(_VERSION, 4)}", "byte 0")
    last = 0
    for name, table, end in tables(root, "Model", schema_of("tflite"), place):
        last = max(last, end)
        if name == "OperatorCode":
            yield from _operator(table.bytes_of(_CUSTOM_CODE, 256).decode("utf-8", "replace"), place)
        elif name == "Buffer":
            last = max(last, (yield from _buffer(table, content, place, nested)))
        else:
            for index in (index for index, holds in schema_of("tflite").get(name, {}).items() if holds == "text"):
                text = table.bytes_of(index, _MAX_TEXT_BYTES)
                yield from examine_metadata(text, f"a text of {name.lower()}", "tflite", place, nested)
    yield from _tail(content, last, place, nested)


def _operator(name: str, place: Place) -> Iterator[Finding]:
    dangerous = DANGEROUS.get(name.removeprefix("Flex")) if name.startswith("Flex") else None
    ordinary = name.startswith(("Flex", "TFText>", "TFSentencepiece", "tftext:", "Mediapipe")) or name in _KNOWN_CUSTOM
    if dangerous:
        yield Finding("tflite.dangerous-operator", Verdict.MALICIOUS, f"the operator {name} {dangerous}", place.at(name))
    elif name and not ordinary:
        yield suspicious(place, "tflite.custom-operator", f"needs the native operator {name[:80]!r}", "operators")


def _buffer(table: Table, content: Content, place: Place, nested: Nested) -> Generator[Finding, None, int]:
    """Yields findings; returns where the data of the buffer ends."""
    start, length = table.items(_BUFFER_DATA, 1)
    offset = table.number(_BUFFER_OFFSET, 8)
    if offset > 1:
        start, length = offset, table.number(_BUFFER_SIZE, 8)
    if start + length > content.size:
        raise MalformedError("tflite.truncated", f"a buffer ends at byte {start + length:,}", table.at)
    yield from examine_bytes(
        content, start, length, f"the buffer at byte {start:,}", "tflite.payload-in-buffer", place, nested
    )
    if length <= _MAX_TEXT_BYTES and begins_as_text(data := content.read(start, length)):
        yield from examine_metadata(data, f"the buffer at byte {start:,}", "tflite", place, nested)
    return start + length


def _tail(content: Content, last: int, place: Place, nested: Nested) -> Iterator[Finding]:
    """Labels and vocabularies of a model with metadata are appended as a zip archive; nothing else belongs there."""
    rest = content.read(last, _SLACK_BYTES * 2)
    archive = rest.find(b"PK\x03\x04")
    if archive >= 0:
        start = last + archive
        yield from nested(Window(content, start, content.size - start), place.inside("associated files.zip"))
    elif len(rest) > _SLACK_BYTES or signature(rest):
        yield from examine_leftover(content, last, content.size - last, "trailing bytes", "tflite", place, nested)
