"""Small wounds to files: bytes, lengths and pieces changed, so that a format is nearly right and a parser goes far."""

import bz2
import gzip
import lzma
import random
import struct
import zlib
from collections.abc import Callable, Sequence

from tests.corpus.zips import zip_of

LARGEST = 1 << 20
# Where formats turn, and the opcodes of pickles that make or call something.
TOKENS = (
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x07\x08", b"\x1f\x8b\x08", b"BZh9",
    b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"ustar", b"\x93NUMPY", b"GGUF", b"\x89HDF\r\n\x1a\n",
    b"TFL3", b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"ftyp", b"\x7fELF", b"MZ", b"PAR1", b"\x80\x02",
    b"\x80\x04\x95", b"cos\nsystem\n", b"\x8c\x02os\x8c\x06system\x93", b"R", b"b", b"\x81", b"\x92", b".", b"(",
    b"t", b"0", b"q\0", b"h\0", b"{{", b"{%", b"}}", b"&a", b"*a", b"!!python/name:os.system", b'"', b"\\u0000",
    b"[" * 200, b"{" * 200, b"(" * 200, b"\0", b"\xff" * 8, b"\n",
)  # fmt: skip
NUMBERS = (
    0,
    1,
    2,
    7,
    8,
    127,
    128,
    255,
    256,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 40,
    (1 << 63) - 1,
    (1 << 64) - 1,
)

Mutation = Callable[[bytearray, random.Random, Sequence[bytes]], None]


def _place(data: bytearray, chance: random.Random) -> int:
    """Headers and ends decide what a file is, so they are hit more often than what lies between."""
    size = max(1, len(data))
    near = min(size, 256)
    return chance.choice([chance.randrange(size), chance.randrange(near), size - 1 - chance.randrange(near)])


def _flip(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if data:
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _byte(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if data:
        data[_place(data, chance)] = chance.randrange(256)


def _number(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    kind = chance.choice("BHIQ")
    value = chance.choice(NUMBERS) + chance.choice((0, 0, -1, 1))
    packed = struct.pack(chance.choice("<>") + kind, value & ((1 << 8 * struct.calcsize(kind)) - 1))
    at = _place(data, chance)
    data[at : at + len(packed)] = packed


def _token(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    token, at = chance.choice(TOKENS), _place(data, chance)
    data[at : at + chance.choice((0, len(token)))] = token


def _cut(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    del data[_place(data, chance) :]


def _remove(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = _place(data, chance)
    del data[at : at + chance.choice((1, 2, 4, 8, 64, 512))]


def _repeat(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = _place(data, chance)
    piece = data[at : at + chance.choice((1, 4, 16, 64, 512))]
    data[at:at] = piece * chance.choice((1, 2, 8, 64, 1024))


def _swap(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    first, second, size = _place(data, chance), _place(data, chance), chance.choice((1, 4, 32, 256))
    one, other = data[first : first + size], data[second : second + size]
    if len(one) == len(other):
        data[first : first + size], data[second : second + size] = other, one


def _splice(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    other = chance.choice(others)
    start = chance.randrange(max(1, len(other)))
    data[_place(data, chance) :] = other[start : start + LARGEST]


def _xz(data: bytes) -> bytes:
    """By the preset that needs the least memory: this process has little, too."""
    return lzma.compress(data, preset=0)


def _wrap(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    """A mutation behind a correct container, where checksums would stop it otherwise."""
    pack = chance.choice((gzip.compress, bz2.compress, _xz, zlib.compress, lambda inner: zip_of({"a/data.pkl": inner})))
    data[:] = pack(bytes(data))


MUTATIONS: tuple[Mutation, ...] = (
    _flip,
    _byte,
    _number,
    _number,
    _token,
    _token,
    _cut,
    _remove,
    _repeat,
    _swap,
    _splice,
    _wrap,
)


def mutated(content: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """`content` after a few mutations, at most `LARGEST` bytes; `others` are what pieces may be taken from."""
    data = bytearray(content[:LARGEST])
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        chance.choice(MUTATIONS)(data, chance, others)
        del data[LARGEST:]
    return bytes(data)
