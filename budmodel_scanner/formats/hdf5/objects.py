"""Objects of an HDF5 file: their headers, and what the messages in them say."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.formats.hdf5.file import File, Reader, expect_checksum
from budmodel_scanner.formats.hdf5.heaps import global_heap
from budmodel_scanner.formats.reading import Cursor, MalformedError

DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL_FILES, LAYOUT = 0x01, 0x02, 0x03, 0x06, 0x07, 0x08
FILTERS, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x0B, 0x0C, 0x10, 0x11, 0x15
KNOWN_MESSAGES = frozenset(range(0x19))
_MAX_BLOCKS = 10_000
STRING, OPAQUE, VARIABLE = 3, 5, 9


@dataclass(frozen=True, slots=True)
class Message:
    kind: int
    shared: bool
    start: int  # offset in the content
    end: int


def messages(file: File, address: int, place: Place) -> Iterator[Message]:
    """The messages of the object header at an address, through all its continuations."""
    if file.peek(address, 4) == b"OHDR":
        yield from _new(file, address, place)
    else:
        yield from _old(file, address, place)


def _old(file: File, address: int, place: Place) -> Iterator[Message]:
    reader = file.cursor(address, 16)
    if reader.number("B") != 1:
        raise MalformedError("hdf5.structure", "an object header has no version that is known", reader.position - 1)
    reader.skip(1)
    reader.number("H")
    reader.skip(4)
    blocks = [(address + 16, reader.number("I"))]
    for count, (start, size) in enumerate(blocks):
        _limit(count, start)
        block = file.cursor(start, size)
        while block.left >= 8:
            place.budget.spend("opcodes")
            kind, length, flags = block.number("H"), block.number("H"), block.number("B")
            block.skip(3)
            begin = block.position
            block.skip(length)
            if kind == CONTINUATION:
                blocks.append(_continuation(file, begin, begin + length))
            yield Message(kind, bool(flags & 2), begin, begin + length)


def _new(file: File, address: int, place: Place) -> Iterator[Message]:
    flags = file.peek(address, 6)[5]
    optional = (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(file.peek(address + 6 + optional, width), "little")
    start = address + 6 + optional + width
    file.cover(address, start - address)
    file.cover(start + size, 4)
    blocks = [(start, size)]
    header = 6 if flags & 4 else 4
    for count, (begin, length) in enumerate(blocks):
        _limit(count, begin)
        block = file.cursor(begin, length)
        if count:
            block.expect(b"OCHK")
            block.end -= 4  # the checksum
        checked = begin if count else address
        expect_checksum(file.content, file.base + checked, block.end)
        while block.left >= header:
            place.budget.spend("opcodes")
            kind, payload, marks = block.number("B"), block.number("H"), block.number("B")
            block.skip(header - 4)
            at = block.position
            block.skip(payload)
            if kind == CONTINUATION:
                blocks.append(_continuation(file, at, at + payload))
            yield Message(kind, bool(marks & 2), at, at + payload)


def _limit(count: int, address: int) -> None:
    if count > _MAX_BLOCKS:
        raise MalformedError("hdf5.structure", f"an object header has more than {_MAX_BLOCKS:,} parts", address)


def _continuation(file: File, start: int, end: int) -> tuple[int, int]:
    reader = Reader(file, start, end)
    return reader.offset(), reader.length()


@dataclass(frozen=True, slots=True)
class Datatype:
    kind: int
    size: int
    is_text: bool


def datatype(data: bytes) -> Datatype:
    cursor = Cursor(MemoryContent(data), "hdf5")
    kind = cursor.number("B") & 15
    bits = cursor.take(3)
    size = cursor.number("I")
    return Datatype(kind, size, kind == STRING or (kind == VARIABLE and bits[0] & 15 == 1))


def elements(file: File, data: bytes) -> int:
    """How many elements a dataspace has."""
    cursor = Cursor(MemoryContent(data), "hdf5")
    version, rank = cursor.number("B"), cursor.number("B")
    cursor.skip(1)
    if version not in (1, 2):
        raise MalformedError("hdf5.structure", f"a dataspace has the version {version}", "dataspace")
    if version == 2 and cursor.number("B") == 2:
        return 0
    if version == 1:
        cursor.skip(5)
    count = 1
    for _ in range(rank):
        count *= int.from_bytes(cursor.take(file.length_bytes), "little")
    return count


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    type: Datatype
    values: list[bytes]  # texts one by one; everything else as one value


def attribute(file: File, data: bytes) -> Attribute:
    """Decodes an attribute message; texts of varying length are fetched from the global heap."""
    cursor = Cursor(MemoryContent(data), "hdf5")
    version, flags = cursor.number("B"), cursor.number("B")
    if version not in (1, 2, 3):
        raise MalformedError("hdf5.structure", f"an attribute has the version {version}", "attribute")
    name_bytes, type_bytes, space_bytes = cursor.number("H"), cursor.number("H"), cursor.number("H")
    if version == 3:
        cursor.skip(1)
    padded = version == 1
    name = _part(cursor, name_bytes, padded).rstrip(b"\0").decode("utf-8", "replace")
    type_data = _part(cursor, type_bytes, padded)
    space_data = _part(cursor, space_bytes, padded)
    raw = cursor.take(cursor.left)
    if version > 1 and flags & 3:
        # Its type lies in another object; what the bytes mean is not needed to look at them.
        return Attribute(name, Datatype(OPAQUE, len(raw), is_text=False), [raw])
    found = datatype(type_data)
    if found.kind == VARIABLE:
        return Attribute(name, found, varying(file, raw[: elements(file, space_data) * found.size], found.size))
    if found.kind == STRING and found.size:
        used = elements(file, space_data) * found.size
        return Attribute(
            name, found, [raw[at : at + found.size].rstrip(b"\0 ") for at in range(0, min(used, len(raw)), found.size)]
        )
    # What fills up to a boundary is none of it.
    return Attribute(name, found, [raw[: elements(file, space_data) * found.size] if found.size else raw])


def varying(file: File, raw: bytes, size: int) -> list[bytes]:
    """Values of varying length, given the references to them."""
    width = 8 + file.offset_bytes
    if size != width:
        raise MalformedError(
            "hdf5.structure", f"a reference into the global heap has {size} bytes, not {width}", "attribute"
        )
    values: list[bytes] = []
    heap = cache(partial(global_heap, file))
    for at in range(0, len(raw) - width + 1, width):
        address = int.from_bytes(raw[at + 4 : at + 4 + file.offset_bytes], "little")
        index = int.from_bytes(raw[at + width - 4 : at + width], "little")
        if address not in (0, file.undefined):
            if index not in (held := heap(address)):
                what = f"refers to object {index}, which the global heap does not have"
                raise MalformedError("hdf5.structure", what, address)
            values.append(held[index])
    return values


def _part(cursor: Cursor, length: int, padded: bool) -> bytes:
    found = cursor.take(length)
    if padded:
        cursor.skip(min(-length % 8, cursor.left))
    return found
