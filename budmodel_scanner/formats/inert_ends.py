"""Where formats that hold nothing but data end, by their own lengths; `inert.txt` names them by the keys of `ENDS`."""

import math
import re
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from budmodel_scanner.content import Content, Place
from budmodel_scanner.described_weights import note, note_of_chunks
from budmodel_scanner.formats.checksums import masked_crc32c
from budmodel_scanner.formats.inert_lengths import End, chunks, number, numbers, stated
from budmodel_scanner.formats.reading import Cursor, MalformedError, exactly, pieces
from budmodel_scanner.verdict import Finding

_FITS_BLOCK, _FITS_CARD, _FITS_MOST_CARDS = 2880, 80, 100_000


def _fits(content: Content) -> int:
    """Headers of cards and the data that they describe: https://fits.gsfc.nasa.gov/fits_standard.html."""
    position = 0
    while position < content.size:
        cards: dict[bytes, bytes] = {}
        while b"END" not in cards:
            card = exactly(content, position, _FITS_CARD, "inert")
            position += _FITS_CARD
            if len(cards) > _FITS_MOST_CARDS or position > content.size:
                raise MalformedError("inert.header", "a header has no end", position)
            cards[card[:8].strip()] = card[10:].partition(b"/")[0].strip()
        axes = [int(cards[b"NAXIS%d" % axis]) for axis in range(1, int(cards.get(b"NAXIS", b"0")) + 1)]
        values = math.prod(axes) + int(cards.get(b"PCOUNT", b"0")) if axes else 0
        size = abs(int(cards.get(b"BITPIX", b"8"))) // 8 * int(cards.get(b"GCOUNT", b"1")) * values
        position += -position % _FITS_BLOCK + size + -size % _FITS_BLOCK
    return position


def _nifti(content: Content) -> int:
    """https://nifti.nimh.nih.gov/nifti-1/: the numbers follow the header, or lie in a file beside it."""
    offset, size = _nifti_numbers(content)
    return 348 if _is_nifti_pair(content) else offset + size


def _is_nifti_pair(content: Content) -> bool:
    return content.read(344, 4) == b"ni1\0"


def _nifti_numbers(content: Content) -> tuple[int, int]:
    order = "<" if number(content, "<i", 0) in (348, 540) else ">"
    if number(content, order + "i", 0) == 540:
        dimensions, bits, offset = (numbers(content, order + code, at) for code, at in (("8q", 16), ("h", 14), ("q", 168)))
    else:
        dimensions, bits, offset = (numbers(content, order + code, at) for code, at in (("8h", 40), ("h", 72), ("f", 108)))
    return offset[0], math.prod(dimensions[1 : dimensions[0] + 1]) * bits[0] // 8


def _nifti_beside(content: Content, place: Place) -> Iterator[Finding]:
    if _is_nifti_pair(content):
        yield note([PurePosixPath(place.name).stem + ".img"], _nifti_numbers(content)[1], place)


def _idx(content: Content) -> int:
    """http://yann.lecun.com/exdb/mnist/"""
    kind, count = numbers(content, ">2xBB", 0)
    width = {8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8}[kind]
    return 4 + 4 * count + width * math.prod(numbers(content, f">{count}I", 4))


def _htk(content: Content) -> int:
    count, _, size, _ = numbers(content, ">IIHH", 0)
    return 12 + count * size


def _megatron(content: Content) -> int:
    """https://github.com/NVIDIA/Megatron-LM/blob/main/megatron/core/datasets/indexed_dataset.py"""
    sequences, documents = numbers(content, "<QQ", 18)
    end = 34 + 12 * sequences + 8 * documents
    return end + (sequences if content.size == end + sequences else 0)


def _megatron_beside(content: Content, place: Place) -> Iterator[Finding]:
    """Of each sequence the number of its tokens."""
    width = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 8, 7: 4, 8: 2}[number(content, "<B", 17)]
    tokens = sum(sum(array("I", piece)) for piece in pieces(content, 34, 4 * number(content, "<Q", 18)))
    yield note([PurePosixPath(place.name).stem + ".bin"], width * tokens, place)


def _orbax_beside(content: Content, place: Place) -> Iterator[Finding]:
    """Of the manifest, whose nodes lead to arrays in the files below it."""
    if content.read(2, 2) == b"\x3a\x2a":
        yield note_of_chunks(place)


def _dbf(content: Content) -> int:
    records, start, size = numbers(content, "<IHH", 4)
    end = start + records * size
    return end + (content.read(end, 1) == b"\x1a")


def _sqlite(content: Content) -> int:
    """https://www.sqlite.org/fileformat.html#the_database_header; older writers leave the count of pages at zero."""
    size, counter, pages = number(content, ">H", 16), number(content, ">I", 24), number(content, ">I", 28)
    size = 1 << 16 if size == 1 else size
    if size < 512 or size & (size - 1):
        raise MalformedError("inert.page-size", f"states pages of {size} bytes", 16)
    is_known = pages and counter == number(content, ">I", 92)
    return size * pages if is_known else content.size - content.size % size


def _avro(content: Content) -> int:
    """https://avro.apache.org/docs/1.12.0/specification/#object-container-files"""
    cursor = Cursor(content, "inert", 4)
    while count := _zigzag(cursor):
        if count < 0:
            _zigzag(cursor)
        for _ in range(2 * abs(count)):
            cursor.skip(_zigzag(cursor))
    mark = cursor.take(16)
    while cursor.left:
        _zigzag(cursor)
        cursor.skip(_zigzag(cursor))
        if cursor.take(16) != mark:
            raise MalformedError("inert.mark", "a block does not end with the mark of the file", cursor.position)
    return cursor.position


def _zigzag(cursor: Cursor) -> int:
    value = cursor.varint()
    return value >> 1 ^ -(value & 1)


def _cbor(content: Content) -> int:
    """https://www.rfc-editor.org/rfc/rfc8949, one value or several; a negative count is open until its end is marked."""
    cursor = Cursor(content, "inert", order=">")
    waiting: list[int] = []
    while cursor.left or waiting:
        if waiting and waiting[-1] == 0:
            waiting.pop()
            continue
        at, mark = cursor.position, cursor.number("B")
        kind, size = mark >> 5, mark & 31
        if mark == 0xFF and waiting and waiting.pop() < 0:
            continue
        if 28 <= size < 31 or (size == 31 and kind not in (2, 3, 4, 5)) or len(waiting) > 1000:
            raise MalformedError("inert.value", f"has the mark {mark:#x} where none such belongs", at)
        if waiting and kind != 6:
            waiting[-1] -= 1
        value = -1 if size == 31 else size if size < 24 else cursor.number("BHIQ"[size - 24])
        if kind in (4, 5) or value < 0:
            waiting.append(value if kind != 5 or value < 0 else 2 * value)
        elif kind in (2, 3):
            cursor.skip(value)
    return cursor.position


def _hnsw(content: Content) -> int:
    """https://github.com/nmslib/hnswlib/blob/master/hnswlib/hnswalg.h, `saveIndex`."""
    count, size = numbers(content, "<QQ", 16)
    cursor = Cursor(content, "inert", 96)
    cursor.skip(count * size)
    for _ in range(count):
        cursor.skip(cursor.number("I"))
    return cursor.position


def _word2vec(content: Content) -> int:
    """A line with the number of words and of values each; a word, a blank and the values."""
    line = content.read(0, 32).partition(b"\n")[0]
    count, width = map(int, line.split())
    cursor = Cursor(content, "inert", len(line) + 1)
    for _ in range(count):
        word = cursor.peek(512).partition(b" ")[0]
        cursor.skip(len(word) + 1 + 4 * width)
    if content.read(cursor.position, 1) == b"\n":
        cursor.skip(1)
    return cursor.position


_PLY_WIDTHS = {"char": 1, "uchar": 1, "short": 2, "ushort": 2, "int": 4, "uint": 4, "float": 4, "double": 8}
_PLY_WIDTHS |= {"int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "float32": 4, "float64": 8}


def _ply(content: Content) -> int:
    """http://paulbourke.net/dataformats/ply/"""
    header, ends, _ = content.read(0, 1 << 16).partition(b"end_header\n")
    order = "<" if b"little_endian" in header else ">"
    cursor = Cursor(content, "inert", len(header) + len(ends), order=order)
    elements: list[tuple[int, list[list[str]]]] = []
    for words in map(str.split, header.decode("latin-1").splitlines()):
        if words[:1] == ["element"]:
            elements.append((int(words[2]), []))
        elif words[:1] == ["property"]:
            elements[-1][1].append(words[1:-1])
    for count, properties in elements:
        if all(len(kinds) == 1 for kinds in properties):
            cursor.skip(count * sum(_PLY_WIDTHS[kinds[0]] for kinds in properties))
            continue
        for kinds in properties * count:
            several = cursor.number({1: "B", 2: "H", 4: "I"}[_PLY_WIDTHS[kinds[1]]]) if len(kinds) > 1 else 1
            cursor.skip(several * _PLY_WIDTHS[kinds[-1]])
    return cursor.position


def _paddle(content: Content) -> int:
    """Tensors one after the other: versions, a description in protobuf, and the numbers."""
    widths = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1, 22: 2}
    cursor = Cursor(content, "inert")
    while cursor.left:
        if numbers(content, "<IQI", cursor.position) != (0, 0, 0):
            raise MalformedError("inert.tensor", "a tensor has a version that is not known", cursor.position)
        cursor.skip(16)
        described = Cursor(
            content, "inert", cursor.position + 4, cursor.position + 4 + number(content, "<i", cursor.position)
        )
        cursor.skip(4 + described.left)
        values = {1: 0, 2: 1}
        while described.left:
            field = described.number("B") >> 3
            value = described.varint()
            values[field] = value * values[field] if field == 2 else value
        cursor.skip(values[2] * widths[values[1]])
    return cursor.position


def _is_llama(head: bytes) -> bool:
    if len(head) < 28:
        return False
    width, hidden, layers, heads, shared, words, length = struct.unpack_from("<7i", head)
    is_plausible = 0 < layers < 256 and 0 < shared <= heads <= width < hidden < 1 << 17 and 0 < abs(words) < 1 << 20
    return bool(is_plausible and width % heads == 0 and heads % shared == 0 and 0 < length < 1 << 20)


def _llama(content: Content) -> int:
    """https://github.com/karpathy/llama2.c/blob/master/export.py, the version without a magic number."""
    width, hidden, layers, heads, shared, words, length = numbers(content, "<7i", 0)
    size = width // heads
    layer = 2 * width + 2 * width * width + 2 * width * shared * size + 3 * width * hidden
    tables = abs(words) * width * (2 if words < 0 else 1)
    return 28 + 4 * (tables + layers * layer + width + length * size)


def _is_flatbuffer(head: bytes) -> bool:
    """A root that leads to a table, which leads to the list of its fields."""
    root = int.from_bytes(head[:4], "little")
    fields = root - int.from_bytes(head[root : root + 4], "little", signed=True)
    return 4 <= fields < len(head) and int.from_bytes(head[fields : fields + 2], "little") in range(4, 512, 2)


def _is_log(head: bytes) -> bool:
    """A first record with the right checksum: https://github.com/google/leveldb/blob/main/doc/log_format.md."""
    end = 7 + int.from_bytes(head[4:6], "little")
    return (
        head[6:7] in b"\1\2\3\4"
        and 7 < end <= len(head)
        and masked_crc32c(head[6:end]) == int.from_bytes(head[:4], "little")
    )


def _usearch(content: Content) -> int:
    """A matrix of vectors, then the graph, which states no end: what follows is searched as it stands."""
    rows, width = numbers(content, "<II", 0)
    if content.read(8 + rows * width, 7) != b"usearch":
        raise MalformedError("inert.graph", "no graph follows the vectors", 8)
    return content.size


def _sound(content: Content) -> int:
    start, size = numbers(content, ">II", 4)
    return content.size if size == 0xFFFFFFFF else start + size


def _matlab_4(content: Content) -> int:
    position = 0
    while position < content.size:
        kind, rows, columns, is_complex, name = numbers(content, "<5I", position)
        width = (8, 4, 4, 2, 2, 1)[min(kind // 10 % 10, 5)]
        position += 20 + name + rows * columns * width * (1 + (is_complex & 1))
    return position


ENDS: Mapping[str, End] = {
    "aiff": stated(">I", 4, plus=8),
    "au": _sound,
    "avro": _avro,
    "bson": chunks(0, 4, "<i", whole=True),
    "caf": chunks(8, 12, ">q", 4),
    "cbor": _cbor,
    "dbf": _dbf,
    "fits": _fits,
    "gltf": stated("<I", 8),
    "hnsw": _hnsw,
    "htk": _htk,
    "icns": stated(">I", 4),
    "idx": _idx,
    "jpeg_2000": chunks(0, 8, ">I", whole=True),
    "llama": _llama,
    "matlab_4": _matlab_4,
    "megatron": _megatron,
    "midi": chunks(0, 8, ">I", 4),
    "mpeg_stream": lambda content: content.size - content.size % 188,
    "mxnet_records": chunks(0, 8, "<I", 4, align=4),
    "nifti": _nifti,
    "orbax": chunks(0, 12, "<Q", 4, whole=True),
    "paddle": _paddle,
    "ply": _ply,
    "shapefile": stated(">I", 24, times=2),
    "sqlite": _sqlite,
    "stl": stated("<I", 80, times=50, plus=84),
    "usearch": _usearch,
    "w64": stated("<Q", 16),
    "word2vec": _word2vec,
}
# What headers say of numbers that lie in other files.
BESIDE: Mapping[str, Callable[[Content, Place], Iterator[Finding]]] = {
    "megatron": _megatron_beside,
    "nifti": _nifti_beside,
    "orbax": _orbax_beside,
}
# What an expression cannot tell of the first bytes.
TOLD: Mapping[str, Callable[[bytes], bool]] = {"llama": _is_llama, "flatbuffer": _is_flatbuffer, "log": _is_log}

# SQL that runs by itself, and in its definition a call that reaches outside of the database. Each definition is read as far
# as the next one, so that a million of them take no longer than as much of anything else.
_CREATES = rb"create\s+(?:temp\w*\s+)?(?:trigger|view|index|table)\b"
_CALLS = rb"\b(?:load_extension|writefile|readfile|edit|fts3_tokenizer|fsdir|eval|zipfile)\s*\("
_STATEMENT = re.compile(_CREATES + rb"(?:(?!" + _CREATES + rb")[^\0]){0,4000}?" + _CALLS, re.IGNORECASE)

# What some rows hold that would run after all.
RUNS: Mapping[str, Callable[[bytes], re.Match[bytes] | None]] = {
    "sqlite": _STATEMENT.search,
    "sqlite_log": _STATEMENT.search,
    # A class that Avro's reader for Java makes: https://nvd.nist.gov/vuln/detail/CVE-2024-47561
    "avro": re.compile(rb'"java-(?:class|element-class|key-class)"\s*:\s*"(?!java\.(?:lang|math|util)\.)').search,
}
