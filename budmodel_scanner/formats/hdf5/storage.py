"""Where datasets of HDF5 files keep their elements: in the header, in one piece, in chunks, or in other files."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from budmodel_scanner.content import CHUNK, Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.encodings import is_packed, unpacked
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.hdf5.chunk_arrays import extensible_array, fixed_array
from budmodel_scanner.formats.hdf5.file import File, Reader
from budmodel_scanner.formats.hdf5.heaps import chunks, local_heap, name_at, tree_records
from budmodel_scanner.formats.hdf5.objects import DATASPACE, DATATYPE, OPAQUE, STRING, datatype, elements
from budmodel_scanner.formats.locations import objection
from budmodel_scanner.formats.reading import Cursor, MalformedError
from budmodel_scanner.formats.values import examine_bytes, examine_records, examine_texts
from budmodel_scanner.verdict import Finding, Verdict

# Filters of the library itself, of h5py, and those widely used for published data.
_FILTERS = {1, 2, 3, 4, 5, 6, 307, 32000, 32001, 32004, 32008, 32013, 32015, 32026}
_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = 0, 1, 2, 3
_MAX_DIMENSIONS = 33
_INTEGER, _COMPOUND = 0, 6


def external_files(file: File, body: bytes, where: str) -> Iterator[Finding]:
    """A dataset whose elements are in another file: it reads whatever lies at the path that it names."""
    cursor = file.of(body)
    cursor.skip(6)
    used = cursor.number("H")
    heap = local_heap(file, cursor.offset())
    for _ in range(used):
        name = name_at(heap, cursor.length())
        cursor.skip(2 * file.length_bytes)
        reason = objection(name)
        what = f"reads its elements from {name[:120]!r}" + (f", which {reason}" if reason else "")
        yield Finding("hdf5.external-storage", Verdict.MALICIOUS if reason else Verdict.SUSPICIOUS, what, where)


def filters(body: bytes, where: str) -> Iterator[Finding]:
    """Filters that the library does not bring are loaded as plugins."""
    cursor = Cursor(MemoryContent(body), "hdf5")
    version, count = cursor.number("B"), cursor.number("B")
    if version == 1:
        cursor.skip(6)
    for _ in range(count):
        number = cursor.number("H")
        name_bytes = cursor.number("H") if version == 1 or number >= 256 else 0
        cursor.skip(2)
        values = cursor.number("H")
        cursor.skip(name_bytes + (-name_bytes % 8 if version == 1 else 0))
        cursor.skip(4 * values + (4 if version == 1 and values % 2 else 0))
        if number not in _FILTERS:
            yield Finding("hdf5.filter", Verdict.SUSPICIOUS, f"needs the filter {number}, a native plugin", where)


class Seen(NamedTuple):
    """The dataset under examination."""

    path: str
    place: Place
    nested: Nested


def layout(file: File, body: bytes, bodies: Mapping[int, bytes], seen: Seen, where: str) -> Iterator[Finding]:
    place = seen.place
    cursor = file.of(body)
    version, before = cursor.number("B"), len(file.covered)
    if version in (1, 2):
        yield from _layout_1(file, cursor, bodies, seen, where)
        yield from _chunk_starts(file, before, bodies, seen)
        return
    if version not in (3, 4, 5):
        raise MalformedError("hdf5.structure", f"a layout has the version {version}", where)
    kind = cursor.number("B")
    if kind == _COMPACT:
        data = cursor.take(cursor.number("H"))
        yield from _start(MemoryContent(data), 0, len(data), bodies, seen)
    elif kind == _CONTIGUOUS:
        address = cursor.offset()
        size = cursor.length()
        if address != file.undefined:
            file.cover(address, size)
            yield from _start(file.content, file.base + address, size, bodies, seen)
    elif kind == _CHUNKED and version == 3:
        rank = cursor.number("B")
        address = cursor.offset()
        _chunked(file, address, rank, place, where)
    elif kind == _CHUNKED:
        _chunked_4(file, cursor, bodies, place, where)
    elif kind == _VIRTUAL:
        yield Finding("hdf5.virtual-dataset", Verdict.SUSPICIOUS, "is put together from datasets of other files", where)
    else:
        raise MalformedError("hdf5.structure", f"a layout has the class {kind}", where)
    if kind == _CHUNKED:
        yield from _chunk_starts(file, before, bodies, seen)


def _layout_1(file: File, cursor: Reader, bodies: Mapping[int, bytes], seen: Seen, where: str) -> Iterator[Finding]:
    rank, kind = cursor.number("B"), cursor.number("B")
    cursor.skip(5)
    address = file.undefined if kind == _COMPACT else cursor.offset()
    sizes = [cursor.number("I") for _ in range(rank)]
    if kind == _COMPACT:
        data = cursor.take(cursor.number("I"))
        yield from _start(MemoryContent(data), 0, len(data), bodies, seen)
    elif kind == _CONTIGUOUS and address != file.undefined:
        size = _bytes(file, bodies, where)
        file.cover(address, size)
        yield from _start(file.content, file.base + address, size, bodies, seen)
    elif kind == _CHUNKED:
        _chunked(file, address, len(sizes), seen.place, where)


def _start(content: Content, start: int, size: int, bodies: Mapping[int, bytes], seen: Seen) -> Iterator[Finding]:
    """Bytes, texts and opaque elements may be anything; numbers of other types are not looked into."""
    if DATATYPE not in bodies:
        return
    found = datatype(bodies[DATATYPE])
    where = f"the dataset {seen.path}"
    if found.kind == STRING:
        yield from examine_texts(content, start, size, where, "hdf5", seen.place, seen.nested, found.size)
    elif found.kind == _COMPOUND:
        yield from examine_records(content, start, size, where, "hdf5", seen.place, seen.nested)
    if found.kind in (STRING, OPAQUE, _INTEGER):
        yield from examine_bytes(content, start, size, where, "hdf5.content-in-numbers", seen.place, seen.nested)


def _chunk_starts(file: File, before: int, bodies: Mapping[int, bytes], seen: Seen) -> Iterator[Finding]:
    """Chunks are among what was covered since; of those that are packed, the beginning is read."""
    for start, end in file.covered[before:]:
        head = file.content.read(start, min(end - start, CHUNK))
        if is_packed(head) and (plain := unpacked(head)) != head:
            yield from _start(MemoryContent(plain), 0, len(plain), bodies, seen)
        else:
            yield from _start(file.content, start, end - start, bodies, seen)


def _bytes(file: File, bodies: Mapping[int, bytes], where: str) -> int:
    if DATASPACE not in bodies or DATATYPE not in bodies:
        raise UnscannedError("hdf5.shared-message", f"the size of a dataset is not stated at {where}")
    return elements(file, bodies[DATASPACE]) * datatype(bodies[DATATYPE]).size


def _chunked(file: File, address: int, rank: int, place: Place, where: str) -> None:
    if not 0 < rank <= _MAX_DIMENSIONS:
        raise MalformedError("hdf5.structure", f"a dataset has {rank} dimensions", where)
    if address != file.undefined:
        for start, size in chunks(file, address, rank, place):
            file.cover(start, size)


def _chunked_4(file: File, cursor: Reader, bodies: Mapping[int, bytes], place: Place, where: str) -> None:
    """Chunks as files of the newest library keep them; the kinds of index differ in where the addresses are."""
    flags, rank, width = cursor.number("B"), cursor.number("B"), cursor.number("B")
    if not 0 < rank <= _MAX_DIMENSIONS or width > 8:
        raise MalformedError("hdf5.structure", f"a dataset has {rank} dimensions", where)
    sizes = [int.from_bytes(cursor.take(width), "little") for _ in range(rank)]
    index = cursor.number("B")
    chunk = math.prod(sizes)
    if index == 1:
        filtered = cursor.length() if flags & 2 else 0
        if flags & 2:
            cursor.skip(4)
        address = cursor.offset()
        if address != file.undefined:
            file.cover(address, filtered or chunk)
    elif index == 2:
        address = cursor.offset()
        if address != file.undefined:
            file.cover(address, -(-_bytes(file, bodies, where) // chunk) * chunk)
    elif index == 5:
        cursor.skip(6)
        address = cursor.offset()
        if address != file.undefined:
            for record in tree_records(file, address, place):
                _chunk_record(file, record, rank - 1, chunk)
    elif index == 4:
        cursor.skip(5)
        extensible_array(file, cursor.offset(), chunk, place)
    elif index == 3:
        cursor.skip(1)
        fixed_array(file, cursor.offset(), chunk, place)
    else:
        raise UnscannedError("hdf5.chunk-index", f"the chunks of a dataset have an index of kind {index}, which is not read")


def _chunk_record(file: File, record: bytes, rank: int, chunk: int) -> None:
    address = int.from_bytes(record[: file.offset_bytes], "little")
    size_bytes = len(record) - file.offset_bytes - 8 * rank - 4
    size = int.from_bytes(record[file.offset_bytes : file.offset_bytes + size_bytes], "little") if size_bytes > 0 else chunk
    file.cover(address, size)
