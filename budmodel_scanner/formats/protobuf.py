"""A walk over protobuf messages without their schemas: https://protobuf.dev/programming-guides/encoding/."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from budmodel_scanner.content import Content, MemoryContent, Place
from budmodel_scanner.formats.reading import Cursor, MalformedError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}


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
        elif wire in _FIXED:
            value = cursor.number("Q" if wire == FIXED64 else "I")
            yield Field(number, wire, value, at, cursor.position)
        else:
            # Groups left the language before any format here was made.
            raise MalformedError(f"{area}.protobuf", f"field {number} has the wire type {wire}", at)


def first_fields(head: bytes, limit: int = 12) -> list[tuple[int, int, bytes]] | None:
    """Number, wire type and payload (as far as `head` goes) of the first fields; None where `head` starts no message."""
    found: list[tuple[int, int, bytes]] = []
    cursor = Cursor(MemoryContent(head), "protobuf")
    try:
        while cursor.left and len(found) < limit:
            number, wire = divmod(cursor.varint(), 8)
            if not 0 < number < 1 << 29 or wire not in (VARINT, BYTES, *_FIXED):
                return None
            if wire == VARINT:
                found.append((number, wire, cursor.varint().to_bytes(10, "little")))
                continue
            length = cursor.varint() if wire == BYTES else _FIXED[wire]
            found.append((number, wire, cursor.peek(length)))
            cursor.skip(min(length, cursor.left))
    except MalformedError as error:
        return (found or None) if error.rule.endswith("truncated") else None
    return found


def packed(data: bytes) -> list[int]:
    """The whole numbers of a packed field, as far as they are complete."""
    found: list[int] = []
    cursor = Cursor(MemoryContent(data), "protobuf")
    with suppress(MalformedError):
        while cursor.left:
            found.append(cursor.varint())
    return found
