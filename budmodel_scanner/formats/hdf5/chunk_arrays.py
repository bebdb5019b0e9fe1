"""Arrays of chunk addresses, as files of the newest HDF5 library keep them."""

from dataclasses import dataclass

from budmodel_scanner.content import Place, UnscannedError
from budmodel_scanner.formats.hdf5.file import File, Reader
from budmodel_scanner.formats.reading import MalformedError


def fixed_array(file: File, address: int, chunk: int, place: Place) -> None:
    """The chunks of a dataset of fixed extent."""
    if address == file.undefined:
        return
    reader = file.cursor(address, 12 + file.length_bytes + file.offset_bytes)
    _version, _client, entry_bytes, page_bits = (reader.expect(b"FAHD").number("B"), *(reader.number("B") for _ in range(3)))
    entries, block = reader.length(), reader.offset()
    if entry_bytes < file.offset_bytes:
        raise MalformedError("hdf5.structure", "an array of chunks is none", address)
    if block == file.undefined:
        return
    header = 6 + file.offset_bytes
    per_page = 1 << page_bits
    pages = -(-entries // per_page) if entries > per_page else 0
    header += -(-pages // 8) if pages else 0
    place.budget.spend("opcodes", entries)
    reader = file.cursor(block, header + entries * entry_bytes + 4 * (pages + 1))
    reader.expect(b"FADB").skip(header - 4 + (4 if pages else 0))
    for index in range(entries):
        if pages and index and index % per_page == 0:
            reader.skip(4)
        _chunk(file, reader, entry_bytes, chunk)


def _chunk(file: File, reader: Reader, entry_bytes: int, chunk: int) -> None:
    """One entry: an address and, of filtered chunks, the stored size and a mask of filters."""
    child = reader.offset()
    rest = reader.take(entry_bytes - file.offset_bytes)
    if child != file.undefined:
        file.cover(child, int.from_bytes(rest[:-4], "little") if len(rest) > 4 else chunk)


def extensible_array(file: File, address: int, chunk: int, place: Place) -> None:
    """The chunks of a dataset that may grow in one dimension: blocks of doubling sizes."""
    if address == file.undefined:
        return
    reader = file.cursor(address, 16 + 6 * file.length_bytes + file.offset_bytes)
    reader.expect(b"EAHD").skip(2)
    entry_bytes, count_bits, in_index, least, pointers, page_bits = (reader.number("B") for _ in range(6))
    reader.skip(6 * file.length_bytes)
    block = reader.offset()
    sound = file.offset_bytes <= entry_bytes <= 64 and 0 < count_bits <= 64 and least and not least & (least - 1)
    if not sound or not pointers or pointers & (pointers - 1) or page_bits > 32:
        raise MalformedError("hdf5.structure", "an array of chunks has impossible sizes", address)
    if block == file.undefined:
        return
    array = _Array(file, entry_bytes, chunk, -(-count_bits // 8), 1 << page_bits, place)
    # Super block n has 2**(n // 2) data blocks of 2**((n + 1) // 2) times the least size;
    # the index block does for the first.
    supers = 1 + count_bits - (least.bit_length() - 1)
    first = 2 * (pointers.bit_length() - 1)
    shapes = [(1 << (number // 2), least << ((number + 1) // 2)) for number in range(supers)]
    data_sizes = [size for blocks, size in shapes[:first] for _ in range(blocks)]
    rest = shapes[first:]
    header = 6 + file.offset_bytes
    length = header + in_index * entry_bytes + (len(data_sizes) + len(rest)) * file.offset_bytes + 4
    reader = file.cursor(block, length)
    reader.expect(b"EAIB").skip(header - 4)
    for _ in range(in_index):
        _chunk(file, reader, entry_bytes, chunk)
    for size in data_sizes:
        array.data_block(reader.offset(), size)
    for blocks, size in rest:
        array.super_block(reader.offset(), blocks, size)


@dataclass(frozen=True, slots=True)
class _Array:
    file: File
    entry_bytes: int
    chunk: int
    offset_bytes: int
    per_page: int
    place: Place

    def data_block(self, address: int, entries: int) -> None:
        if address == self.file.undefined:
            return
        self.place.budget.spend("opcodes", entries)
        header = 6 + self.file.offset_bytes + self.offset_bytes
        reader = self.file.cursor(address, header + 4 + entries * self.entry_bytes)
        reader.expect(b"EADB").skip(header - 4)
        for _ in range(entries):
            _chunk(self.file, reader, self.entry_bytes, self.chunk)

    def super_block(self, address: int, blocks: int, entries: int) -> None:
        if address == self.file.undefined:
            return
        if entries > self.per_page:
            # Pages that were never written hold no addresses, and which ones is in a map of bits.
            raise UnscannedError("hdf5.chunk-index", "the chunks of a dataset are too many for what is read")
        header = 6 + self.file.offset_bytes + self.offset_bytes
        self.place.budget.spend("opcodes", blocks)
        reader = self.file.cursor(address, header + blocks * self.file.offset_bytes + 4)
        reader.expect(b"EASB").skip(header - 4)
        for _ in range(blocks):
            self.data_block(reader.offset(), entries)
