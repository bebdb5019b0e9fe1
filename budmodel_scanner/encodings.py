"""What bytes are written as in texts, and packed into: base64, base32, base85, digits, escapes, numbers; zlib and its like.

Decoding runs nothing, and is bounded."""

import binascii
import bz2
import lzma
import re
import zlib
from base64 import (
    a85decode,
    a85encode,
    b16encode,
    b32decode,
    b32encode,
    b64decode,
    b64encode,
    b85decode,
    b85encode,
    urlsafe_b64encode,
)
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache

from budmodel_scanner.expressions import expression

_MOST_MEMORY = 80 << 20
_MOST_BYTES = 4 << 20
_ANY_WRAPPING = 47  # that of zlib and that of gzip
_PACKED = expression(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|BZh[1-9]1AY&SY|\xfd7zXZ\0|\x5d\0\0.{3}", re.DOTALL)
# The same anywhere among other bytes; what is too short to be told begins behind a zero or in a line of its own.
_LONG_MARKS, _SHORT_MARKS = (b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\0"), expression(rb"x[\x01\x5e\x9c\xda]")


def _marks(letters: bytes) -> bytes:
    """A table by which letters become one, and all else spaces."""
    return bytes(ord("a") if byte in letters else ord(" ") for byte in range(256))


_ALPHANUMERIC = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_OF_BASE64 = _ALPHANUMERIC + b"+/_-"
_LETTERS = _marks(_OF_BASE64)
# Base85, which has signs among its letters, as Python and Git write it, and as Adobe does; quotes end either.
_PRINTED = bytes(ord("a") if 32 <= byte < 127 or byte in b"\t\r\n" else 0 for byte in range(256))
_SIGNS = _marks(_ALPHANUMERIC + b"!#$%&()+-*;<=>?@^_`{|}~")
_OF_ADOBE = _marks(bytes(range(ord("!"), ord("v"))).replace(b'"', b"z"))
_OF_ADOBE_AND_QUOTES = _marks(bytes(range(ord("!"), ord("v"))) + b"z")
_QUOTE, _QUOTED = expression(rb"[\"'=]"), expression(rb"\\([\"\\/])")
# Where encoders break their lines, in a text or in a text of JSON.
_LINE_END = expression(rb"(?:\\r\\n|\\n|\r?\n[ \t>#]{0,40})")
_DIGITS, _OF_BASE32 = expression(rb"[0-9a-fA-F]*"), expression(rb"[A-Z2-7]*")
_WRITTEN = expression(rb"(?:\\{1,4}(?:x|u00)[0-9a-fA-F]{2}|\\{1,2}[0-3][0-7]{2}|%[0-9a-fA-F]{2}){12,}")
# A pickle as Python shows it: escapes only for what is no letter.
_SHOWN = expression(rb"\\{1,4}(?:x|u00)80\\{1,4}(?:x|u00)0[2-5](?:\\.|[^\"'\\\n]){8,}")
_ESCAPE = expression(
    rb"\\{1,4}x([0-9a-fA-F]{2})|\\{1,4}u00([0-9a-fA-F]{2})|\\{1,2}([0-3][0-7]{2})|%([0-9a-fA-F]{2})|\\([nrt\\\"'])"
)
_SIMPLE = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
# Numbers that begin as a pickle, a program, a script, an archive or something packed; and those that are letters one by one.
_NUMBERS = expression(
    rb"(?i)(?<![\w.])(?:(?:128|0x80)\D{1,4}0?x?0?[2-5]|(?:127|0x7f)\D{1,4}(?:69|0x45)|(?:80|0x50)\D{1,4}(?:75|0x4b)"
    rb"|(?:31|0x1f)\D{1,4}(?:139|0x8b)|(?:120|0x78)\D{1,4}(?:156|0x9c))(?:[,;\s]{1,4}(?:0x[0-9a-f]{1,2}|\d{1,3})){14,}(?![\w.])"
)
_LETTER = rb"(?:9|1[03]|3[2-9]|[4-9]\d|1[01]\d|12[0-6]|0x(?:0[9ad]|[2-6][0-9a-f]|7[0-9a-e]))"
_NUMBERS_OF_LETTERS = expression(rb"(?i)[\[({=:]\s{0,9}" + _LETTER + rb"(?:[,;\s]{1,4}" + _LETTER + rb"){15,}(?![\w.])")
_BETWEEN_MARKS = expression(rb"<~[!-uz\s]{16,}~>")
# As mail carried files before it had base64.
_OF_UNIX = expression(rb"begin [0-7]{3,4} [^\n]{1,200}(?:\n|\\n)((?:[!-`][ -`]{1,84}\r?(?:\n|\\n|$)){1,100000})")
_HEAD_LETTERS, _HEAD_SIGNS = 32, 20
# The first letters of what loads, unpacks or runs, however it is encoded: few words begin so.
_BEGINNINGS = (
    *(bytes((128, protocol)) for protocol in range(2, 6)),
    *(b"ca", b"cz", b"c_", b"(c", b"(l", b"(d", b"(S", b"(V", b"(X", b"(\x8c", b"]q", b"}q", b"]\x94", b"}\x94", b"\x8c"),
    *(b"\x7fELF", b"MZ", b"PK\3\4", b"#!/"),
    *(b"\x1f\x8b\x08", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"BZh", b"\xfd7zXZ"),
)
_ENCODERS: tuple[Callable[[bytes], bytes], ...] = (
    *(b64encode, urlsafe_b64encode, b32encode, b85encode, a85encode, b16encode),
    lambda data: b16encode(data).lower(),
)
_SHORTEST, _SHORTEST_SIGNS, _SHORTEST_LINE, _SHORTEST_PRINTED = 24, 30, 56, 16


def unpacked(data: bytes, most: int = _MOST_BYTES) -> bytes:
    """What packed bytes hold, as far as it can be read; other bytes as they are."""
    with suppress(zlib.error, lzma.LZMAError, OSError, EOFError):
        if data[:1] in (b"\xfd", b"\x5d"):
            return lzma.LZMADecompressor(memlimit=_MOST_MEMORY).decompress(data, most)
        if data[:2] == b"BZ":
            return bz2.BZ2Decompressor().decompress(data, most)
        if data[:1] in (b"x", b"\x1f"):
            return zlib.decompressobj(_ANY_WRAPPING).decompress(data, most)
    return data


def is_packed(data: bytes) -> bool:
    return _PACKED.match(data) is not None


def packed_in(data: bytes) -> Iterator[int]:
    """Where something packed begins in bytes that may be anything."""
    for mark in _LONG_MARKS:
        at = data.find(mark)
        while at >= 0:
            yield at
            at = data.find(mark, at + 1)
    yield from (
        found.start() for found in _SHORT_MARKS.finditer(data) if data[found.start() - 1] in b"\n\0" or not found.start()
    )


def from_base64(text: bytes) -> bytes:
    """Of either alphabet, with or without its end."""
    text = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    text = text[: len(text) - (len(text) % 4 == 1)]
    return b64decode(text + b"=" * (-len(text) % 4))


def from_base32(text: bytes) -> bytes:
    """As far as its letters go."""
    text = _leading(_OF_BASE32, text)
    text = text[: len(text) - {1: 1, 3: 1, 6: 1}.get(len(text) % 8, 0)]
    return b32decode(text + b"=" * (-len(text) % 8))


def from_digits(text: bytes) -> bytes:
    """As far as there are digits; a last half of a byte is none."""
    text = _leading(_DIGITS, text)
    return binascii.unhexlify(text[: len(text) // 2 * 2])


def _leading(letters: re.Pattern[bytes], text: bytes) -> bytes:
    return found[0] if (found := letters.match(text)) else b""


def from_signs(text: bytes, decode: Callable[[bytes], bytes]) -> bytes:
    """Base85; signs at the end may be none of it."""
    for end in range(len(text), max(len(text) - 6, 0), -1):
        with suppress(ValueError):
            return decode(text[:end])
    return b""


def encoded_runs(
    data: bytes, is_wanted: Callable[[bytes], bool], *, amid_bytes: bool = False
) -> Iterator[tuple[int, bytes]]:
    """What is encoded in a text and where, decoded: each run whose first bytes are wanted.

    `amid_bytes`: the data may be anything. Only what loads, unpacks or runs is looked for, then; the length of a text may
    look like its first letters, and a quote may be a sign of base85 like others.
    """
    if b"a" * _SHORTEST_PRINTED not in data.translate(_PRINTED):
        return  # Numbers, most often, among which so many rules would search long.
    for start, run in _lines_of_letters(data):
        for at in _beginnings(run, 0) if amid_bytes else (0,):
            text = run[at:]
            if decode := next((one for one in _readings(text) if is_wanted(one(text[:_HEAD_LETTERS]))), None):
                yield start, decode(text[:_MOST_BYTES])
                break
    for marks, decode85 in ((_SIGNS, b85decode), (_OF_ADOBE_AND_QUOTES if amid_bytes else _OF_ADOBE, a85decode)):
        for start, end in _runs(data, marks, _SHORTEST_SIGNS):
            begins = _beginnings(data, start)
            if amid_bytes and b'"' in data[start:end]:
                begins += [start + found.end() for found in _QUOTE.finditer(data[start:end])]
            if (amid_bytes and not begins) or not data[start:end].translate(None, _OF_BASE64):
                continue
            run = data[start:end]
            texts = [data[at:end] for at in begins] if amid_bytes else [run, run.partition(b"=")[2]]
            # A quote may be one that a text of JSON escapes, or a sign of its own.
            for text in (*(_QUOTED.sub(rb"\1", text) for text in texts if b"\\" in text), *texts):
                if len(text) >= _HEAD_SIGNS and is_wanted(from_signs(text[:_HEAD_SIGNS], decode85)):
                    yield start, from_signs(text[:_MOST_BYTES], decode85)
                    if not amid_bytes:
                        break
    for needles, pattern, decode in _WAYS:
        for found in pattern.finditer(data) if any(needle in data for needle in needles) else ():
            if is_wanted((content := decode(found[0][:_MOST_BYTES]))[:24]):
                yield found.start(), content


@cache
def _starts() -> frozenset[bytes]:
    """The first two letters of each beginning in each encoding."""
    return frozenset(
        encode(beginning + bytes([rest]) * 8)[:2]
        for encode in _ENCODERS
        for beginning in _BEGINNINGS
        for rest in range(0, 256, 8)
    )


def _beginnings(data: bytes, start: int) -> list[int]:
    """Where, at a run or just behind, something begins that loads, unpacks or runs: few words begin so."""
    starts = _starts()
    return [at for at in (start, start + 1, start + 2) if data[at : at + 2] in starts]


def _runs(data: bytes, marks: bytes, shortest: int) -> Iterator[tuple[int, int]]:
    """Where runs of letters begin and end; a quote that is escaped ends none."""
    marked = data.replace(b'\\"', b"zz").translate(marks) + b" "
    start = marked.find(b"a" * shortest)
    while start >= 0:
        end = marked.find(b" ", start)
        yield start, end
        start = marked.find(b"a" * shortest, end)


def _lines_of_letters(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Runs of base64 and its like, over the ends of their lines where these are as long as encoders make them."""
    marked = data.translate(_LETTERS) + b" "
    start = marked.find(b"a" * _SHORTEST)
    while start >= 0:
        begin, end = start, marked.find(b" ", start)
        pieces = [data[start:end].removeprefix(b"0x")]
        while end - begin >= _SHORTEST_LINE and (ends := _LINE_END.match(data, end)) and marked[ends.end()] == ord("a"):
            begin, end = ends.end(), marked.find(b" ", ends.end())
            pieces.append(data[begin:end])
        yield start, b"".join(pieces)
        start = marked.find(b"a" * _SHORTEST, end)


def _readings(run: bytes) -> Iterator[Callable[[bytes], bytes]]:
    head = run[:_HEAD_LETTERS]
    if _DIGITS.fullmatch(head):
        yield from_digits
    if _OF_BASE32.fullmatch(head):
        yield from_base32
    yield from_base64


def unescaped(text: bytes) -> bytes:
    """What escapes of Python, JSON, C and addresses stand for."""

    def meant(found: re.Match[bytes]) -> bytes:
        if digits := found[1] or found[2] or found[4]:
            return bytes([int(digits, 16)])
        return bytes([int(found[3], 8)]) if found[3] else _SIMPLE.get(found[5], found[5])

    return _ESCAPE.sub(meant, text)


def _counted(text: bytes) -> bytes:
    numbers = (int(number, 16 if number[:2] in (b"0x", b"0X") else 10) for number in _NUMBER.findall(text))
    return bytes(number for number in numbers if number < 256)


_NUMBER = expression(rb"0[xX][0-9a-fA-F]+|\d+")


def _carried(text: bytes) -> bytes:
    carried = bytearray()
    for line in text.replace(b"\\n", b"\n").split(b"\n")[1:]:
        with suppress(ValueError):
            carried += binascii.a2b_uu(line)
    return bytes(carried)


_WAYS: tuple[tuple[tuple[bytes, ...], re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    ((b"\\x", b"\\u00", b"\\0", b"\\1", b"\\2", b"%"), _WRITTEN, unescaped),
    ((b"\\x80", b"\\u0080"), _SHOWN, unescaped),
    ((b"0x", b"128", b"127", b"80", b"31", b"120"), _NUMBERS, _counted),
    ((b", 1", b",1", b"0x"), _NUMBERS_OF_LETTERS, _counted),
    ((b"begin ",), _OF_UNIX, _carried),
    ((b"<~",), _BETWEEN_MARKS, lambda text: from_signs(text[2:-2], a85decode)),
    ((b'\\"',), _BETWEEN_MARKS, lambda text: from_signs(_QUOTED.sub(rb"\1", text[2:-2]), a85decode)),
)
