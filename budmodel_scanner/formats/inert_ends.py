"""Where formats that hold nothing but data end, by their own lengths; `inert.txt` names them by the keys of `ENDS`."""

import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from pathlib import PurePosixPath

from budmodel_scanner.content import Content, Place
from budmodel_scanner.described_weights import note
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats import inert_models
from budmodel_scanner.formats.checksums import masked_crc32c
from budmodel_scanner.formats.inert_lengths import End, boxes, chunks, number, numbers, stated
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


# Of a value by its letter: what follows it, and the code of the number of bytes or values that follow that.
_MARSHAL_BYTES = {**dict.fromkeys("NFTS.", 0), "i": 4, "r": 4, "I": 8, "g": 8, "y": 16}
_MARSHAL_TEXTS = {**dict.fromkeys("suaAt", "i"), **dict.fromkeys("zZf", "B")}
_MARSHAL_LISTS = {**dict.fromkeys("([<>", "I"), ")": "B"}


def _marshal(content: Content) -> int:
    """https://github.com/python/cpython/blob/main/Python/marshal.c: values, and maps up to the letter 0, but no code."""
    cursor, waiting = Cursor(content, "inert"), [1]
    while waiting:
        if not waiting[-1]:
            waiting.pop()
            continue
        waiting[-1] -= 1
        at, letter = cursor.position, chr(cursor.number("B") & 0x7F)
        if letter in _MARSHAL_LISTS or letter == "{":
            waiting.append(-1 if letter == "{" else cursor.number(_MARSHAL_LISTS[letter]))
        elif letter == "0" and waiting[-1] < 0:
            waiting.pop()
        elif letter in _MARSHAL_TEXTS:
            cursor.skip(cursor.number(_MARSHAL_TEXTS[letter]))
        elif letter == "l":
            cursor.skip(2 * abs(cursor.number("i")))
        elif letter in _MARSHAL_BYTES:
            cursor.skip(_MARSHAL_BYTES[letter])
        else:
            raise MalformedError("inert.value", f"has {letter!r} where no code or anything else belongs", at)
        if len(waiting) > 1000:
            raise MalformedError("inert.value", "is nested more than 1,000 deep", at)
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


def _is_log(head: bytes) -> bool:
    """A first record with the right checksum: https://github.com/google/leveldb/blob/main/doc/log_format.md."""
    end = 7 + int.from_bytes(head[4:6], "little")
    return (
        head[6:7] in b"\1\2\3\4"
        and 7 < end <= len(head)
        and masked_crc32c(head[6:end]) == int.from_bytes(head[:4], "little")
    )


def _sound(content: Content) -> int:
    start, size = numbers(content, ">II", 4)
    return content.size if size == 0xFFFFFFFF else start + size


def _png(content: Content) -> int:
    """PNG and APNG, whose chunks are checked: https://www.w3.org/TR/png-3/."""
    cursor, kind = Cursor(content, "inert", 8, order=">"), b""
    while kind != b"IEND":
        at, length, kind = cursor.position, cursor.number("I"), cursor.take(4)
        cursor.skip(length)
        checksum = reduce(lambda crc, piece: zlib.crc32(piece, crc), pieces(content, at + 8, length), zlib.crc32(kind))
        if cursor.number("I") != checksum or (kind[:1].isupper() and kind not in (b"IHDR", b"PLTE", b"IDAT", b"IEND")):
            raise MalformedError("inert.chunk", f"the chunk {kind!r} is none, or its checksum is wrong", at)
    return cursor.position


def _gif(content: Content) -> int:
    """https://www.w3.org/Graphics/GIF/spec-gif89a.txt: images and extensions, each of blocks with their lengths."""
    cursor, mark = Cursor(content, "inert", 13), 0
    flags = content.read(10, 1)[0]
    while True:
        cursor.skip(3 << (flags & 7) + 1 if flags & 0x80 else 0)
        if mark == 0x2C:
            cursor.skip(1)
        while mark and (length := cursor.number("B")):
            cursor.skip(length)
        mark = cursor.number("B")
        if mark == 0x3B:
            return cursor.position
        if mark not in (0x21, 0x2C):
            raise MalformedError("inert.block", f"has a block of the kind {mark:#x}", cursor.position - 1)
        flags = cursor.take(9)[8] if mark == 0x2C else cursor.number("B") & 0


def _riff(content: Content) -> int:
    """https://developers.google.com/speed/webp/docs/riff_container; larger files of video go on in a second part."""
    size = number(content, ">I" if content.read(3, 1) == b"X" else "<I", 4)
    return content.size if size in (0, 0xFFFFFFFF) or content.read(8 + size, 4) == b"RIFF" else 8 + size


def _matlab_4(content: Content) -> int:
    """The first of five numbers has the order of the bytes in its thousands."""
    position = 0
    while position < content.size:
        order = ">" if content.read(position, 1) == b"\0" and number(content, ">I", position) in range(1000, 1053) else "<"
        kind, rows, columns, is_complex, name = numbers(content, order + "5I", position)
        width = (8, 4, 4, 2, 2, 1)[min(kind // 10 % 10, 5)]
        position += 20 + name + rows * columns * width * (1 + (is_complex & 1))
    return position


ENDS: Mapping[str, End] = {
    "aiff": stated(">I", 4, plus=8),
    "annoy": inert_models.annoy,
    "au": _sound,
    "bmp": lambda content: number(content, "<I", 2) or content.size,
    "boxes": boxes,
    "bson": chunks(0, 4, "<i", whole=True),
    "caf": chunks(8, 12, ">q", 4),
    "cbor": _cbor,
    "dbf": _dbf,
    "fits": _fits,
    "gif": _gif,
    "gltf": stated("<I", 8),
    "hnsw": inert_models.hnsw,
    "htk": _htk,
    "icns": stated(">I", 4),
    "idx": _idx,
    "llama": inert_models.llama,
    "marshal": _marshal,
    "matlab_4": _matlab_4,
    "megatron": inert_models.megatron,
    "midi": chunks(0, 8, ">I", 4),
    "mpeg_stream": lambda content: content.size - content.size % 188,
    "mxnet_records": chunks(0, 8, "<I", 4, align=4),
    "nifti": _nifti,
    "orbax": chunks(0, 12, "<Q", 4, whole=True),
    "paddle": inert_models.paddle,
    "ply": _ply,
    "png": _png,
    "riff": _riff,
    "shapefile": stated(">I", 24, times=2),
    "sqlite": _sqlite,
    "stl": stated("<I", 80, times=50, plus=84),
    "treelite": inert_models.treelite,
    "usearch": inert_models.usearch,
    "w64": stated("<Q", 16),
    "woff": stated(">I", 8),
    "word2vec": inert_models.word2vec,
}
# What headers say of numbers that lie in other files.
BESIDE: Mapping[str, Callable[[Content, Place], Iterator[Finding]]] = {
    "megatron": inert_models.megatron_beside,
    "nifti": _nifti_beside,
    "orbax": inert_models.orbax_beside,
}
# What an expression cannot tell of the first bytes.
TOLD: Mapping[str, Callable[[bytes], bool]] = {
    "llama": inert_models.is_llama,
    "flatbuffer": inert_models.is_flatbuffer,
    "log": _is_log,
}

# SQL that runs by itself, and in its definition a call that reaches outside of the database. Each definition is read as far
# as the next one, so that a million of them take no longer than as much of anything else.
_CREATES = rb"create\s+(?:temp\w*\s+)?(?:trigger|view|index|table)\b"
_CALLS = rb"\b(?:load_extension|writefile|readfile|edit|fts3_tokenizer|fsdir|eval|zipfile)\s*\("
_STATEMENT = expression(_CREATES + rb"(?:(?!" + _CREATES + rb")[^\0]){0,4000}?" + _CALLS, re.IGNORECASE)

# What some rows hold that would run after all.
RUNS: Mapping[str, Callable[[bytes], re.Match[bytes] | None]] = {
    "sqlite": _STATEMENT.search,
    "sqlite_log": _STATEMENT.search,
}
