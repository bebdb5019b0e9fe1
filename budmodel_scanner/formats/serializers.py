"""Objects as other languages write them: loading them runs code or builds what they name, and none is read further here."""

import zlib
from collections.abc import Iterator
from typing import Literal

from budmodel_scanner.content import Content, Place, UnscannedError
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.formats import recognized
from budmodel_scanner.verdict import Finding

_MATLAB = b"MATLAB 5.0 MAT-file"
_MATLAB_HEADER, _MATRIX, _COMPRESSED = 128, 14, 15
# Classes of MATLAB's arrays that hold functions and objects, which are called when they are loaded.
_MATLAB_CODE = {3: "an object", 16: "a function", 17: "an object"}
_MAX_MATLAB_BYTES, _MAX_MATLAB_DEPTH = 256 << 20, 30
_MAX_ELEMENTS = 100_000


def examine(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
    rule, language = recognized.objects(content.read(0, recognized.HEAD_BYTES)) or ("", "")
    yield suspicious(place, rule, f"is written by {language}, whose reader runs code on load")


def is_matlab(head: bytes, _name: str) -> bool:
    return head.startswith(_MATLAB)


def examine_matlab(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
    """Arrays of numbers and texts are data, as are structures of them; functions and objects run code on load."""
    order: Literal["little", "big"] = "little" if content.read(126, 2) == b"IM" else "big"
    position = _MATLAB_HEADER
    for _ in range(_MAX_ELEMENTS):
        if position == content.size:
            return
        kind, length = (int.from_bytes(content.read(position + at, 4), order) for at in (0, 4))
        if length > _MAX_MATLAB_BYTES:
            raise UnscannedError("matlab.too-large", f"an array of {length:,} bytes is not read")
        held = content.read(position + 8, length)
        try:
            if kind == _COMPRESSED:
                held = zlib.decompressobj().decompress(held, _MAX_MATLAB_BYTES)[8:]
            elif kind != _MATRIX:
                break
        except zlib.error:
            break
        for what in sorted({_MATLAB_CODE.get(inner, "") for inner in _matlab_classes(held, order, 0)} - {""}):
            found = f"holds {what} of MATLAB, which runs code on load"
            yield suspicious(place, "serializer.runs-code", found, f"byte {position:,}")
        position += 8 + length
        if position > content.size:
            break
    yield unscanned(place, "matlab.malformed", "is not read to its end", f"byte {position:,}")


def _matlab_classes(held: bytes, order: Literal["little", "big"], depth: int) -> Iterator[int]:
    """The class of an array and of those within it, by the parts that it is made of."""
    if depth > _MAX_MATLAB_DEPTH:
        raise UnscannedError("matlab.depth", f"arrays are nested more than {_MAX_MATLAB_DEPTH} deep")
    yield int.from_bytes(held[8:12], order) & 255
    position = 16
    while position + 8 <= len(held):
        kind, length = (int.from_bytes(held[position + at : position + at + 4], order) for at in (0, 4))
        if kind >> 16:  # Four bytes at most stand beside their kind.
            position += 8
            continue
        if kind == _MATRIX and length:
            yield from _matlab_classes(held[position + 8 : position + 8 + length], order, depth + 1)
        position += 8 + length + -length % 8
