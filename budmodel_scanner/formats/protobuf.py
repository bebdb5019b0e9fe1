"""A walk over protobuf messages without their schemas: https://protobuf.dev/programming-guides/encoding/."""

from collections.abc import Iterator
from typing import NamedTuple

from budmodel_scanner.content import Content, Place
from budmodel_scanner.formats.reading import Cursor, MalformedError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_GROUP_START, _GROUP_END = 3, 4


class Field(NamedTuple):
    """One field as it lies in the content. `start` and `end` bound the payload of BYTES; of others `value` is the number."""

    number: int
    wire: int
    value: int
    start: int
    end: int


def fields(content: Content, start: int, end: int, area: str, place: Place) -> Iterator[Field]:
    """The fields of the message between two offsets; payloads are passed over.

    Raises MalformedError (`<area>.protobuf`) where the bytes are no message to the last one.
    """
    cursor = Cursor(content, area, start, end)
    if end > content.size:
        raise MalformedError(f"{area}.truncated", f"a message ends at byte {end:,}, the content at {content.size:,}", start)
    while cursor.left:
        place.budget.spend("opcodes")
        at = cursor.position
        key = cursor.varint()
        number, wire = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise MalformedError(f"{area}.protobuf", f"a field has the number {number}", at)
        if wire == BYTES:
            length = cursor.varint()
            begin = cursor.position
            cursor.skip(length)
            yield Field(number, wire, 0, begin, begin + length)
        elif wire == VARINT:
            value = cursor.varint()
            yield Field(number, wire, value, at, cursor.position)
        elif wire in (FIXED64, FIXED32):
            value = cursor.number("Q" if wire == FIXED64 else "I")
            yield Field(number, wire, value, at, cursor.position)
        else:
            # Groups left the language before any format here was made.
            raise MalformedError(f"{area}.protobuf", f"field {number} has the wire type {wire}", at)


def first_fields(head: bytes, limit: int = 12) -> list[tuple[int, int, bytes]] | None:
    """Number, wire type and payload (as far as `head` goes) of the first fields; None where `head` starts no message."""
    found: list[tuple[int, int, bytes]] = []
    position = 0
    while position < len(head) and len(found) < limit:
        key, position = _varint_in(head, position)
        number, wire = key >> 3, key & 7
        if key < 0 or not 0 < number < 1 << 29:
            return found if found and key == -1 else None
        if wire == BYTES:
            length, position = _varint_in(head, position)
            if length < 0:
                return found if length == -1 else None
            found.append((number, wire, head[position : position + length]))
            position += length
        elif wire == VARINT:
            value, position = _varint_in(head, position)
            if value < 0:
                return found if value == -1 else None
            found.append((number, wire, value.to_bytes(10, "little")))
        elif wire in (FIXED64, FIXED32):
            width = 8 if wire == FIXED64 else 4
            found.append((number, wire, head[position : position + width]))
            position += width
        else:
            return None
    return found


def packed(data: bytes) -> list[int]:
    """The whole numbers of a packed field, as far as they are complete."""
    found: list[int] = []
    position = 0
    while position < len(data):
        value, position = _varint_in(data, position)
        if value < 0:
            break
        found.append(value)
    return found


def _varint_in(data: bytes, position: int) -> tuple[int, int]:
    """A number and the offset after it; -1 where `data` ends before, -2 where it is none."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            return -1, position
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    return -2, position
