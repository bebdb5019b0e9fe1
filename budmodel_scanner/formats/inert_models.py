"""Where models, tokens and indexes of vectors end that hold nothing but numbers; `inert_ends` lists them with all others."""

import struct
from array import array
from collections.abc import Iterator
from pathlib import PurePosixPath

from budmodel_scanner.content import Content, Place
from budmodel_scanner.described_weights import note, note_of_chunks
from budmodel_scanner.formats.inert_lengths import number, numbers
from budmodel_scanner.formats.reading import Cursor, MalformedError, pieces
from budmodel_scanner.verdict import Finding


def megatron(content: Content) -> int:
    """https://github.com/NVIDIA/Megatron-LM/blob/main/megatron/core/datasets/indexed_dataset.py"""
    sequences, documents = numbers(content, "<QQ", 18)
    end = 34 + 12 * sequences + 8 * documents
    return end + (sequences if content.size == end + sequences else 0)


def megatron_beside(content: Content, place: Place) -> Iterator[Finding]:
    """Of each sequence the number of its tokens."""
    width = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 8, 7: 4, 8: 2}[number(content, "<B", 17)]
    tokens = sum(sum(array("I", piece)) for piece in pieces(content, 34, 4 * number(content, "<Q", 18)))
    yield note([PurePosixPath(place.name).stem + ".bin"], width * tokens, place)


def orbax_beside(content: Content, place: Place) -> Iterator[Finding]:
    """Of the manifest, whose nodes lead to arrays in the files below it."""
    if content.read(2, 2) == b"\x3a\x2a":
        yield note_of_chunks(place)


def hnsw(content: Content) -> int:
    """https://github.com/nmslib/hnswlib/blob/master/hnswlib/hnswalg.h, `saveIndex`."""
    count, size = numbers(content, "<QQ", 16)
    cursor = Cursor(content, "inert", 96)
    cursor.skip(count * size)
    for _ in range(count):
        cursor.skip(cursor.number("I"))
    return cursor.position


def word2vec(content: Content) -> int:
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


def paddle(content: Content) -> int:
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


def is_llama(head: bytes) -> bool:
    if len(head) < 28:
        return False
    width, hidden, layers, heads, shared, words, length = struct.unpack_from("<7i", head)
    is_plausible = 0 < layers < 256 and 0 < shared <= heads <= width < hidden < 1 << 17 and 0 < abs(words) < 1 << 20
    return bool(is_plausible and width % heads == 0 and heads % shared == 0 and 0 < length < 1 << 20)


def llama(content: Content) -> int:
    """https://github.com/karpathy/llama2.c/blob/master/export.py, the version without a magic number."""
    width, hidden, layers, heads, shared, words, length = numbers(content, "<7i", 0)
    size = width // heads
    layer = 2 * width + 2 * width * width + 2 * width * shared * size + 3 * width * hidden
    tables = abs(words) * width * (2 if words < 0 else 1)
    return 28 + 4 * (tables + layers * layer + width + length * size)


def is_flatbuffer(head: bytes) -> bool:
    """A root that leads to a table, which leads to the list of its fields."""
    root = int.from_bytes(head[:4], "little")
    fields = root - int.from_bytes(head[root : root + 4], "little", signed=True)
    return 4 <= fields < len(head) and int.from_bytes(head[fields : fields + 2], "little") in range(4, 512, 2)


def usearch(content: Content) -> int:
    """A matrix of vectors, then the graph, which states no end: what follows is searched as it stands."""
    rows, width = numbers(content, "<II", 0)
    if content.read(8 + rows * width, 7) != b"usearch":
        raise MalformedError("inert.graph", "no graph follows the vectors", 8)
    return content.size


_MOST_NODE_BYTES, _PROBED = 1 << 18, 4096


def annoy(content: Content) -> int:
    """https://github.com/spotify/annoy/blob/main/src/annoylib.h: nodes of one size, which begin with the items below.

    For the items themselves that is 1, or 0 where a number was left out; at the end are the roots, with all of them."""
    sizes = [size for size in range(12, min(content.size // 3, _MOST_NODE_BYTES) + 1, 4) if content.size % size == 0]
    if any(_are_nodes(content, size) for size in sizes):
        return content.size
    raise MalformedError("inert.nodes", "has no nodes of one size, of which the last counts all items", 0)


def _are_nodes(content: Content, size: int) -> bool:
    last = content.size // size - 1
    items = number(content, "<I", last * size)
    if not 2 <= items < last + 1:
        return False
    probed = sorted({*range(0, last, last // _PROBED + 1), *range(max(0, last - 64), last), *range(min(64, last))})
    below = [number(content, "<I", node * size) for node in probed]
    return all(count < 2 if node < items else 1 < count <= items for node, count in zip(probed, below, strict=True))


# Of treelite, what stands before the trees and in each: numbers by their codes, lists of them by the bytes of each.
_TREELITE_MODEL: tuple[str | int, ...] = ("i", "B", "?", "i", 4, 4, 4, 4, 1, "f", "f", 8, 1, "i")
_TREELITE_TREE: tuple[str | int, ...] = ("i", "?", 1, 4, 4, 4, 1, 0, 0, 1, 1, 0, 8, 8, 4, 8, 8, 8, 1, 8, 1, 8, 1, "i", "i")


def treelite(content: Content) -> int:
    """https://github.com/dmlc/treelite/blob/mainline/src/serializer.cc, of version 4: lists with their lengths.

    Where the width is 0, it is that of thresholds and leaves; leaves that are whole numbers are not written so."""
    cursor = Cursor(content, "inert", 12)
    width = {2: 4, 3: 8}[cursor.number("B")]
    cursor.skip(1)
    trees = cursor.number("Q")
    for fields in (_TREELITE_MODEL, *(_TREELITE_TREE for _ in range(min(trees, cursor.left)))):
        for field in fields:
            if isinstance(field, int):
                cursor.skip(cursor.number("Q") * (field or width))
            else:
                cursor.number(field)
    return cursor.position
