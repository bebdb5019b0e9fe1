"""The index of a TensorFlow checkpoint: a table of LevelDB, from names of tensors to where they are in the data files.

https://github.com/google/leveldb/blob/main/doc/table_format.md
"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.described_weights import WeightRanges
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.checksums import masked_crc32c
from budmodel_scanner.formats.payloads import examine_leftover
from budmodel_scanner.formats.protobuf import fields
from budmodel_scanner.formats.reading import Cursor, MalformedError, exactly, reports_malformed, swept
from budmodel_scanner.formats.values import examine_metadata
from budmodel_scanner.verdict import Finding, Verdict

_MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
_FOOTER_BYTES = 48
_TRAILER_BYTES = 5
_MAX_BLOCK_BYTES = 64 << 20
# Fields of the entry without a name and of all others:
# https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
_SHARDS, _SHARD, _OFFSET, _SIZE = 1, 3, 4, 5


def recognizes(head: bytes, name: str) -> bool:
    """The first entry has an empty name and says how many data files there are."""
    return head[:2] == b"\0\0" and head[3:4] == b"\x08" and name.lower().endswith(".index")


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    footer = MemoryContent(exactly(content, content.size - _FOOTER_BYTES, _FOOTER_BYTES, "checkpoint"))
    if footer.data[-8:] != _MAGIC:
        raise MalformedError("checkpoint.footer", "does not end as a table does", content.size - 8)
    cursor = Cursor(footer, "checkpoint")
    handles = [(cursor.varint(), cursor.varint()) for _ in range(2)]
    ranges = [(content.size - _FOOTER_BYTES, content.size)]
    blocks: list[tuple[int, int]] = []
    for _, value in _entries(content, handles[1], ranges, place):
        inner = Cursor(MemoryContent(value), "checkpoint")
        blocks.append((inner.varint(), inner.varint()))
    for _ in _entries(content, handles[0], ranges, place):
        pass
    weights, shards = WeightRanges(), 1
    for block in blocks:
        for name, value in _entries(content, block, ranges, place):
            yield from examine_metadata(name, "a name of a tensor", "checkpoint", place, nested)
            stated = {
                field.number: field.value for field in fields(MemoryContent(value), 0, len(value), "checkpoint", place)
            }
            if name:
                weights.add(_shard(stated.get(_SHARD, 0), shards, place), stated.get(_OFFSET, 0), stated.get(_SIZE, 0))
            else:
                shards = stated.get(_SHARDS, 1)
    gaps, overlaps = swept(ranges, 0, content.size)
    for start, end in gaps:
        yield from examine_leftover(content, start, end - start, "gap", "checkpoint", place, nested)
    if overlaps:
        where = place.at(f"byte {overlaps[0]:,}")
        yield Finding("checkpoint.overlap", Verdict.SUSPICIOUS, "blocks of the table overlap", where)
    yield from weights.notes(place)


def _shard(number: int, shards: int, place: Place) -> str:
    """The data file of a tensor, beside the index."""
    return f"{PurePosixPath(place.name).stem}.data-{number:05d}-of-{shards:05d}"


def _entries(
    content: Content, handle: tuple[int, int], ranges: list[tuple[int, int]], place: Place
) -> Iterator[tuple[bytes, bytes]]:
    offset, size = handle
    if size > _MAX_BLOCK_BYTES:
        raise UnscannedError("checkpoint.block-size", f"a block of {size:,} bytes is not read")
    data = exactly(content, offset, size + _TRAILER_BYTES, "checkpoint")
    ranges.append((offset, offset + size + _TRAILER_BYTES))
    if data[size]:
        raise UnscannedError("checkpoint.compressed", "a block is compressed")
    if masked_crc32c(data[: size + 1]) != int.from_bytes(data[size + 1 :], "little"):
        raise MalformedError("checkpoint.checksum", "a block has a wrong checksum", offset)
    restarts = int.from_bytes(data[size - 4 : size], "little") if size >= 4 else 0
    cursor = Cursor(MemoryContent(data[:size]), "checkpoint", 0, size - 4 - 4 * restarts)
    key = b""
    while cursor.left > 0:
        place.budget.spend("opcodes")
        shared, own, length = cursor.varint(), cursor.varint(), cursor.varint()
        key = key[:shared] + cursor.take(own)
        yield key, cursor.take(length)
