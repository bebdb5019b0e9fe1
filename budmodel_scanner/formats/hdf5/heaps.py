"""Heaps and B-trees of HDF5, in which groups keep names and objects keep many links or attributes."""

from collections.abc import Iterator
from dataclasses import dataclass

from budmodel_scanner.content import Place, UnscannedError
from budmodel_scanner.formats.hdf5.file import File
from budmodel_scanner.formats.reading import MalformedError

_MAX_HEAP_BYTES = 64 << 20
_MAX_LEVELS = 32
_CHECKSUM_BYTES = 4


def local_heap(file: File, address: int) -> bytes:
    """The names that a group of the old kind keeps."""
    reader = file.cursor(address, 8 + 2 * file.length_bytes + file.offset_bytes).expect(b"HEAP")
    reader.skip(4)
    size, _free, data = reader.length(), reader.length(), reader.offset()
    return file.cursor(data, size).limited(size, _MAX_HEAP_BYTES, "a heap of names")


def name_at(heap: bytes, offset: int) -> str:
    """The name at an offset of a local heap. Raises MalformedError where none ends there."""
    end = heap.find(b"\0", offset)
    if offset >= len(heap) or end < 0:
        raise MalformedError("hdf5.structure", f"a name lies at {offset:,} of a heap of {len(heap):,} bytes", "heap")
    return heap[offset:end].decode("utf-8", "replace")


def global_heap(file: File, address: int) -> dict[int, bytes]:
    """The texts and arrays of varying length that one collection of the global heap holds, by their numbers.

    Who refers to one of them has not looked at the others: none counts as read.
    """
    before = len(file.covered)
    found = {index: content for index, _, content in placed_objects(file, address)}
    del file.covered[before:]
    return found


def placed_objects(file: File, address: int) -> Iterator[tuple[int, int, bytes]]:
    """The same objects, each with its number and the byte of the file where it begins."""
    header = file.cursor(address, 8 + file.length_bytes).expect(b"GCOL")
    header.skip(4)
    size = header.length()
    if size > _MAX_HEAP_BYTES:
        raise UnscannedError("hdf5.heap-size", f"a global heap has {size:,} bytes")
    reader = file.cursor(address, size)
    reader.skip(8 + file.length_bytes)
    while reader.left >= 8 + file.length_bytes:
        index = reader.number("H")
        reader.skip(6)
        length = reader.length()
        if index == 0:
            break
        yield index, reader.position, reader.take(length)
        reader.skip(min(-length % 8, reader.left))


@dataclass(frozen=True, slots=True)
class FractalHeap:
    file: File
    id_bytes: int
    offset_bytes: int
    length_bytes: int
    blocks: tuple[tuple[int, int, int], ...]  # offset in the heap, address, size of each direct block

    def object(self, identifier: bytes) -> bytes:
        """Raises MalformedError where the heap has no such object; UnscannedError for objects kept outside of it."""
        kind = identifier[0] >> 4 & 3
        if kind == 2:
            return identifier[1 : 2 + (identifier[0] & 15)]
        if kind != 0:
            raise UnscannedError("hdf5.huge-object", "a link or attribute is kept outside of its heap")
        offset = int.from_bytes(identifier[1 : 1 + self.offset_bytes], "little")
        length = int.from_bytes(identifier[1 + self.offset_bytes : 1 + self.offset_bytes + self.length_bytes], "little")
        for start, address, size in self.blocks:
            if start <= offset < start + size:
                if offset + length > start + size:
                    break
                return self.file.peek(address + offset - start, length)
        raise MalformedError(
            "hdf5.structure", f"refers to {length:,} bytes at {offset:,} of a heap, which are not there", "heap"
        )


def fractal_heap(file: File, address: int, place: Place) -> FractalHeap:
    reader = file.cursor(address, 22 + 12 * file.length_bytes + 3 * file.offset_bytes + _CHECKSUM_BYTES)
    reader.expect(b"FRHP").skip(1)
    id_bytes, filtered = reader.number("H"), reader.number("H")
    reader.skip(1)
    largest = reader.number("I")
    if filtered:
        raise UnscannedError("hdf5.filtered-heap", "links or attributes are compressed in their heap")
    reader.skip(2 * file.length_bytes + 2 * file.offset_bytes + 8 * file.length_bytes)
    width, first, largest_block = reader.number("H"), reader.length(), reader.length()
    bits, _rows, root, rows = reader.number("H"), reader.number("H"), reader.offset(), reader.number("H")
    if (
        not width
        or not first
        or first & (first - 1)
        or largest_block & (largest_block - 1)
        or bits > 64
        or not largest_block
    ):
        raise MalformedError("hdf5.structure", "a heap has impossible block sizes", address)
    shape = _HeapShape(file, width, first, largest_block, -(-bits // 8), place)
    blocks: list[tuple[int, int, int]] = []
    if root != file.undefined:
        blocks = list(shape.blocks(root, rows, 0, 0) if rows else shape.direct(root, 0, first))
    length_bytes = min(_bytes_for(largest_block), _bytes_for(largest))
    return FractalHeap(file, id_bytes, shape.offset_bytes, length_bytes, tuple(blocks))


@dataclass(frozen=True, slots=True)
class _HeapShape:
    file: File
    width: int
    first: int
    largest: int
    offset_bytes: int
    place: Place

    def direct(self, address: int, offset: int, size: int) -> Iterator[tuple[int, int, int]]:
        self.file.cursor(address, size).expect(b"FHDB")
        yield offset, address, size

    def blocks(self, address: int, rows: int, offset: int, level: int) -> Iterator[tuple[int, int, int]]:
        """The direct blocks below an indirect block."""
        if level > _MAX_LEVELS or rows > 64:
            raise MalformedError("hdf5.depth", "a heap is nested too deep", address)
        header = 5 + self.file.offset_bytes + self.offset_bytes
        reader = self.file.cursor(address, header + rows * self.width * self.file.offset_bytes + _CHECKSUM_BYTES)
        reader.expect(b"FHIB").skip(header - 4)
        for row in range(rows):
            size = self.first << max(0, row - 1)
            for _ in range(self.width):
                self.place.budget.spend("opcodes")
                child = reader.offset()
                if child != self.file.undefined and size <= self.largest:
                    yield from self.direct(child, offset, size)
                elif child != self.file.undefined:
                    below = (size // self.first // self.width).bit_length()
                    yield from self.blocks(child, below, offset, level + 1)
                offset += size


def tree_records(file: File, address: int, place: Place) -> Iterator[bytes]:
    """The records of a B-tree of version 2."""
    reader = file.cursor(address, 22 + file.offset_bytes + file.length_bytes)
    reader.expect(b"BTHD").skip(2)
    node_bytes, record_bytes, depth = reader.number("I"), reader.number("H"), reader.number("H")
    reader.skip(2)
    root, records = reader.offset(), reader.number("H")
    if depth > _MAX_LEVELS or not record_bytes or node_bytes < 16:
        raise MalformedError("hdf5.structure", "a tree has impossible sizes", address)
    if root == file.undefined:
        return
    # The widths of counts follow from how many records a node of each level could hold.
    overhead = 10
    most = [(node_bytes - overhead) // record_bytes]
    totals = [most[0]]
    count_bytes = _bytes_for(most[0])
    pointers = [0]
    for level in range(1, depth + 1):
        pointer = file.offset_bytes + count_bytes + (_bytes_for(totals[-1]) if level > 1 else 0)
        pointers.append(pointer)
        most.append((node_bytes - overhead - pointer) // (record_bytes + pointer))
        totals.append((most[-1] + 1) * totals[-1] + most[-1])
    stack = [(root, records, depth)]
    while stack:
        node, count, level = stack.pop()
        place.budget.spend("opcodes", count + 1)
        reader = file.cursor(node, node_bytes).expect(b"BTIN" if level else b"BTLF")
        reader.skip(2)
        for _ in range(count):
            yield reader.take(record_bytes)
        for _ in range(count + 1 if level else 0):
            child, inside = reader.offset(), reader.wide(count_bytes)
            reader.skip(pointers[level] - file.offset_bytes - count_bytes)
            stack.append((child, inside, level - 1))


def _bytes_for(most: int) -> int:
    return max(1, -(-most.bit_length() // 8))


def symbol_nodes(file: File, address: int, place: Place) -> Iterator[int]:
    """Addresses of the symbol table nodes below a group's B-tree of version 1."""
    return (child for _, child in _children(file, address, 0, file.length_bytes, place))


def chunks(file: File, address: int, dimensions: int, place: Place) -> Iterator[tuple[int, int]]:
    """Address and stored size of each chunk below a dataset's B-tree of version 1."""
    return ((child, size) for size, child in _children(file, address, 1, 8 + 8 * dimensions, place))


def _children(file: File, address: int, kind: int, key_bytes: int, place: Place) -> Iterator[tuple[int, int]]:
    stack = [(address, _MAX_LEVELS)]
    while stack:
        node, levels = stack.pop()
        place.budget.spend("opcodes")
        if levels < 0:
            raise MalformedError("hdf5.depth", "a tree is nested too deep", node)
        header = file.cursor(node, 8 + 2 * file.offset_bytes).expect(b"TREE")
        found, level, entries = header.number("B"), header.number("B"), header.number("H")
        if found != kind:
            raise MalformedError("hdf5.structure", f"a tree of kind {found} where one of kind {kind} belongs", node)
        start = node + 8 + 2 * file.offset_bytes
        reader = file.cursor(start, entries * (key_bytes + file.offset_bytes) + key_bytes)
        place.budget.spend("opcodes", entries)
        for _ in range(entries):
            key = reader.take(key_bytes)
            child = reader.offset()
            if level:
                stack.append((child, min(level, levels) - 1))
            else:
                yield (int.from_bytes(key[:4], "little") if kind else 0), child
