"""Avro's container files: https://avro.apache.org/docs/1.12.0/specification/#object-container-files."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_cells, examine_metadata
from budmodel_scanner.verdict import Finding

_MAGIC = b"Obj\x01"
_MOST_BLOCK_BYTES = 64 << 20
# Its readers in Java make objects of such a class, by its constructor, of texts.
_BUILT = expression(rb'"java-(?:class|element-class|key-class)"\s*:\s*"(?!java\.(?:lang|math|util)\.)[^"]{0,100}')
_MARK_BYTES, _CHECKSUM_BYTES = 16, 4


def recognizes(head: bytes, _name: str) -> bool:
    return head[:4] == _MAGIC


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "avro", len(_MAGIC))
    codec = b"null"
    while count := _zigzag(cursor):
        if count < 0:
            _zigzag(cursor)
        place.budget.spend("opcodes", abs(count))
        for _ in range(abs(count)):
            key, value = (cursor.limited(_zigzag(cursor), _MOST_BLOCK_BYTES, "a note") for _ in range(2))
            if built := _BUILT.search(value):
                what = f"its readers build {built[0].decode('utf-8', 'replace')}"
                yield suspicious(place, "avro.runs-code", what, "schema")
            codec = value if key == b"avro.codec" else codec
            yield from examine_metadata(value, key[:80].decode("utf-8", "replace"), "avro", place, nested)
    mark = cursor.take(_MARK_BYTES)
    while cursor.left:
        place.budget.spend("opcodes")
        _zigzag(cursor)
        at = cursor.position
        block = cursor.limited(_zigzag(cursor), _MOST_BLOCK_BYTES, "a block")
        if cursor.take(_MARK_BYTES) != mark:
            raise MalformedError("avro.mark", "a block does not end with the mark of the file", at)
        yield from examine_cells(_expanded(block, codec, at), f"the block at byte {at:,}", place, nested)


def _zigzag(cursor: Cursor) -> int:
    value = cursor.varint()
    return value >> 1 ^ -(value & 1)


def _expanded(block: bytes, codec: bytes, at: int) -> bytes:
    """Raises MalformedError where it is damaged, UnscannedError for what is not read here."""
    try:
        if codec == b"null":
            return block
        if decode := _DECODERS.get(codec):
            return decode(block)
    except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:
        raise MalformedError("avro.block", f"a block does not expand: {error}", at) from error
    raise UnscannedError(
        "avro.codec", f"blocks are compressed by {codec[:40].decode('utf-8', 'replace')}, which is not read"
    )


def _snappy(block: bytes) -> bytes:
    """Its length comes first; a checksum follows."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise UnscannedError("avro.no-decoder", f"no decoder for snappy is installed ({error})") from error
    length = Cursor(MemoryContent(block), "avro").varint()
    if length > _MOST_BLOCK_BYTES:
        raise UnscannedError("avro.block", f"a block expands to {length:,} bytes, which are not read")
    return bytes(pa.decompress(block[:-_CHECKSUM_BYTES], length, "snappy", asbytes=True))


_DECODERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"deflate": lambda block: zlib.decompressobj(-15).decompress(block, _MOST_BLOCK_BYTES),
    b"bzip2": lambda block: bz2.BZ2Decompressor().decompress(block, _MOST_BLOCK_BYTES),
    b"xz": lambda block: lzma.LZMADecompressor(memlimit=_MOST_BLOCK_BYTES).decompress(block, _MOST_BLOCK_BYTES),
    b"snappy": _snappy,
}
