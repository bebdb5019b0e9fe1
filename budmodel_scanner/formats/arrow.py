"""Arrow IPC, as a file or as a stream: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place, Window
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.flatbuffers import Table
from budmodel_scanner.formats.payloads import examine_leftover, signature
from budmodel_scanner.formats.reading import Cursor, MalformedError, exactly, reports_malformed
from budmodel_scanner.formats.tables import examine_cells_of
from budmodel_scanner.verdict import Finding

_MAGIC = b"ARROW1"
_CONTINUES = b"\xff\xff\xff\xff"
_MAX_MESSAGE_BYTES = 256 << 20
_MAX_SCHEMA = 1 << 20
_BODY_LENGTH = 3  # its number among the fields of a message


def recognizes(head: bytes, name: str) -> bool:
    if head.startswith(_MAGIC):
        return True
    length = int.from_bytes(head[4:8], "little")
    return (
        head[:4] == _CONTINUES and 0 < length < _MAX_MESSAGE_BYTES and length % 8 == 0 and name.lower().endswith(_SUFFIXES)
    )


# polars writes streams under any name.
_SUFFIXES = (".arrow", ".arrows", ".ipc", ".feather", ".bin", ".stream", ".polars")


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    start, end = 0, content.size
    if content.read(0, 6) == _MAGIC:
        start = 8
        tail = exactly(content, content.size - 10, 10, "arrow")
        footer = int.from_bytes(tail[:4], "little")
        end = content.size - 10 - footer
        if tail[4:] != _MAGIC or end < start:
            raise MalformedError("arrow.footer", "does not end with its footer and magic number", max(0, content.size - 10))
        start += _schema_in_front(content, start)
    cursor = Cursor(content, "arrow", start, end)
    while cursor.left:
        place.budget.spend("opcodes")
        at = cursor.position
        if cursor.take(4) != _CONTINUES:
            raise MalformedError("arrow.message", "something else than a message follows", at)
        length = cursor.number("I")
        if length == 0:
            break
        if length > _MAX_MESSAGE_BYTES:
            raise MalformedError("arrow.absurd-length", f"a message claims {length:,} bytes", at)
        begin = cursor.position
        cursor.skip(length)
        message = Window(content, begin, length)
        root = int.from_bytes(exactly(message, 0, 4, "arrow"), "little")
        cursor.skip(Table(message, "arrow", root).number(_BODY_LENGTH, 8))
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "arrow", place, nested)
    yield from examine_cells_of("arrow", content, place, nested)


def _schema_in_front(content: Content, start: int) -> int:
    """Polars writes its schema once more before the first message, where readers, which go by the footer, do not look."""
    front = content.read(start, _MAX_SCHEMA)
    at = next((at for at in range(0, len(front), 8) if front.startswith(_CONTINUES, at)), 0)
    return at if signature(front[:at]) is None else 0
