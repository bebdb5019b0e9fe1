"""Tables as Arrow reads them: the cells of Parquet, ORC and Arrow's own files, however they are encoded and compressed."""

import io
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.reading import MalformedError, reports_malformed
from budmodel_scanner.formats.values import OVERLAP, PIECE, examine_cells, examine_metadata, examine_values, narrowed
from budmodel_scanner.verdict import Finding

_ROWS = 4096
_ARROW_FILE = b"ARROW1"


class _File(io.RawIOBase):
    """A content as a file that can be read at any place."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._content.size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Without the copies that a buffer to be filled would cost: a batch may be as large as the file."""
        found = self._content.read(self._at, self._content.size if size < 0 else size)
        self._at += len(found)
        return found


def examine_cells_of(kind: str, content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    """`kind`: `parquet`, `orc` or `arrow`. Raises UnscannedError for what is not read, MalformedError for what is wrong."""
    try:
        # Imported late: only files that need it pay for it.
        import pyarrow as pa
    except ImportError as error:
        raise UnscannedError(f"{kind}.no-reader", f"the cells are not read without Arrow ({error})") from error
    try:
        schema, batches = _opened(pa, kind, content)
        yield from _notes(schema, kind, place, nested)
        for batch in batches:
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                for cells in _values(pa, column):
                    yield from examine_cells(cells, f"column {name[:80]!r}", place, nested)
    except (pa.ArrowNotImplementedError, pa.ArrowMemoryError, MemoryError) as error:
        raise UnscannedError(f"{kind}.cells", f"Arrow does not read the cells: {str(error)[:200]}") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise MalformedError(
            f"{kind}.cells", f"the cells are not what is said of them: {str(error)[:200]}", "cells"
        ) from error


def _notes(schema: Any, area: str, place: Place, nested: Nested) -> Iterator[Finding]:
    """What whoever wrote the table noted of it, and of each column."""
    for part in (schema, *schema):
        yield from examine_metadata(getattr(part, "name", "").encode("utf-8", "replace"), "a name", area, place, nested)
        for key, value in (part.metadata or {}).items():
            yield from examine_metadata(value, key.decode("utf-8", "replace")[:80], area, place, nested)


def _opened(pa: Any, kind: str, content: Content) -> tuple[Any, Iterator[Any]]:
    """The schema of a table, and its rows a batch at a time."""
    file = _File(content)
    if kind == "parquet":
        from pyarrow import parquet

        table = parquet.ParquetFile(file, buffer_size=PIECE, pre_buffer=False)
        names = [field.name for field in table.schema_arrow if _may_hold_bytes(pa, field.type)]
        return table.schema_arrow, table.iter_batches(_ROWS, columns=names, use_threads=False)
    if kind == "orc":
        from pyarrow import orc

        stripes = orc.ORCFile(file)
        return stripes.schema, map(stripes.read_stripe, range(stripes.nstripes))
    options = pa.ipc.IpcReadOptions(use_threads=False)
    if content.read(0, len(_ARROW_FILE)) == _ARROW_FILE:
        reader = pa.ipc.open_file(file, options=options)
        return reader.schema, map(reader.get_batch, range(reader.num_record_batches))
    stream = pa.ipc.open_stream(file, options=options)
    return stream.schema, iter(stream)


def _values(pa: Any, column: Any) -> Iterator[bytes]:
    """The bytes of texts, binary values and numbers of one byte, in pieces, and of wider numbers where they are bytes."""
    waiting = [column]
    while waiting:
        array = waiting.pop()
        kind = array.type
        if isinstance(array, pa.ExtensionArray):
            waiting.append(array.storage)
        elif isinstance(array, pa.DictionaryArray):
            waiting.append(array.dictionary)
        elif isinstance(array, pa.RunEndEncodedArray):
            waiting.append(array.values)
        elif pa.types.is_struct(kind) or pa.types.is_union(kind):
            waiting.extend(array.field(number) for number in range(kind.num_fields))
        elif pa.types.is_map(kind):
            waiting.extend((array.keys, array.items))
        elif pa.types.is_nested(kind):
            waiting.append(array.values)
        elif str(kind) in _OF_LENGTHS:
            yield from _apart(array, str(kind).startswith("large"))
        elif pa.types.is_integer(kind) and kind.bit_width > _BYTE:
            yield from _narrow(array)
        elif _may_hold_bytes(pa, kind):
            for buffer in array.buffers()[1:]:
                if buffer is not None:
                    yield from (buffer[at : at + PIECE].to_pybytes() for at in range(0, buffer.size, PIECE - OVERLAP))


def _may_hold_bytes(pa: Any, kind: Any) -> bool:
    return not pa.types.is_primitive(kind) or kind.bit_width == _BYTE or pa.types.is_integer(kind)


def _narrow(array: Any) -> Iterator[bytes]:
    """The bytes that whole numbers are one by one, where they are so small."""
    width, numbers = array.type.bit_width // _BYTE, array.buffers()[1]
    if numbers is not None and len(array):
        held = numbers[array.offset * width : min(array.offset * width + PIECE, (array.offset + len(array)) * width)]
        yield narrowed(MemoryContent(held.to_pybytes())) or b""


_BYTE = 8
_OF_LENGTHS = ("binary", "string", "large_binary", "large_string")


def _apart(array: Any, is_large: bool) -> Iterator[bytes]:
    """Cells that a line each keeps apart."""
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return
    piece, size = [memoryview(b"")], 0
    whole = memoryview(data)
    for start, end in pairwise(
        memoryview(offsets).cast("B").cast("q" if is_large else "i")[array.offset : array.offset + len(array) + 1]
    ):
        piece.append(whole[start:end])
        size += end - start + 1
        if size >= PIECE:
            yield b"\n".join(piece)
            piece, size = [memoryview(b"")], 0
    yield b"\n".join(piece)


def recognizes_orc(head: bytes, name: str) -> bool:
    return head[:3] == b"ORC" and name.lower().endswith(".orc")


@reports_malformed
def examine_orc(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    """https://orc.apache.org/specification/ORCv1/: the last byte is the length of what says where all else is."""
    if content.read(content.size - 4, 3) != b"ORC":
        raise MalformedError("orc.footer", "does not end with its postscript", content.size - 4)
    # Between its parts, nobody reads.
    yield from examine_values(content, 0, content.size, "the file", place, nested)
    yield from examine_cells_of("orc", content, place, nested)
