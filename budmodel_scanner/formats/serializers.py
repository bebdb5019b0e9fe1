"""Objects as other languages write them: loading them runs code or builds what they name, and none is read further here."""

import zlib
from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.verdict import Finding

_MAGIC = {
    b"RDX2\n": "R's save",
    b"RDX3\n": "R's save",
    b"RDA2\n": "R's save",
    b"RDA3\n": "R's save",
    b"X\n\0\0\0\2\0": "R's saveRDS",
    b"X\n\0\0\0\3\0": "R's saveRDS",
    b"\xac\xed\0\5": "Java's serialization",
    b"\0\1\0\0\0\xff\xff\xff\xff\1\0\0\0\0\0\0\0": ".NET's BinaryFormatter",
    b"pst0": "Perl's Storable",
}
# Ruby's Marshal has a magic of two bytes; what follows has to be one of its values with a length or a name.
_RUBY = (b"\4\x08[", b"\4\x08{", b"\4\x08o:", b'\4\x08I"', b"\4\x08U:", b"\4\x08u:", b"\4\x08e:", b"\4\x08c", b'\4\x08"')
_MATLAB = b"MATLAB 5.0 MAT-file"
_MATLAB_HEADER, _MATRIX, _COMPRESSED = 128, 14, 15
# Classes of MATLAB's arrays that hold functions and objects, which are called when they are loaded.
_MATLAB_CODE = {3: "an object", 16: "a function", 17: "an object"}
_MATLAB_NUMBERS = range(4, 16)
_MAX_ELEMENTS = 100_000


def recognizes(head: bytes, _name: str) -> bool:
    return _language(head) is not None


def _language(head: bytes) -> str | None:
    if head.startswith(_RUBY):
        return "Ruby's Marshal"
    # A table of Torch: its type, its index, and how many members it has.
    if head[:8] == b"\4\0\0\0\1\0\0\0" and head[8:12] == b"\3\0\0\0" and head[16:18] == b"V ":
        return "Torch7"
    return next((language for magic, language in _MAGIC.items() if head.startswith(magic)), None)


def examine(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
    what = f"is written by {_language(content.read(0, 64))}, whose reader runs code on load"
    yield suspicious(place, "serializer.runs-code", what)


def is_matlab(head: bytes, _name: str) -> bool:
    return head.startswith(_MATLAB)


def examine_matlab(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
    """Arrays of numbers and texts are data; functions and objects run code on load, and what holds others is not read."""
    order = "little" if content.read(126, 2) == b"IM" else "big"
    position = _MATLAB_HEADER
    for _ in range(_MAX_ELEMENTS):
        if position == content.size:
            return
        kind, length = (int.from_bytes(content.read(position + at, 4), order) for at in (0, 4))  # type: ignore[arg-type]
        start = content.read(position + 8, min(length, 256))
        if kind == _COMPRESSED:
            try:
                start = zlib.decompressobj().decompress(start, 64)[8:]
            except zlib.error:
                break
        elif kind != _MATRIX:
            break
        held = int.from_bytes(start[8:12], order) & 255  # type: ignore[arg-type]
        if what := _MATLAB_CODE.get(held):
            found = f"holds {what} of MATLAB, which runs code on load"
            yield suspicious(place, "serializer.runs-code", found, f"byte {position:,}")
        elif held not in _MATLAB_NUMBERS:
            yield unscanned(place, "matlab.nested", "cells and structures of MATLAB are not read", f"byte {position:,}")
        position += 8 + length
        if position > content.size:
            break
    yield unscanned(place, "matlab.malformed", "is not read to its end", f"byte {position:,}")
