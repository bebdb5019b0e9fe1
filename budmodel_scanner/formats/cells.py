"""Values that lie one after another, such as the cells of a column: what loads, unpacks or runs among them.

What people wrote into tables, such as code and commands, is theirs to read; nothing opens it. Bytes that are a program or a
pickle are there to be taken out by whoever knows the column.
"""

from base64 import a85encode, b16encode, b32encode, b64encode, b85encode
from collections.abc import Callable, Iterator
from itertools import chain

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError, Window
from budmodel_scanner.encodings import encoded_runs, unpacked
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.formats.payloads import begins_as, is_content, programs_in, worse
from budmodel_scanner.verdict import Finding

PIECE = 1 << 20
_OVERLAP = _HEAD = 4096
_MOST_EXAMINED = 200
_ARCHIVE_ENDS, _END_BYTES = b"PK\5\6", 22
_MOST_FINDINGS = 5
# To look for what is encoded takes long, and nearly every word is too short or begins as nothing.
_SHORTEST = 25
_APART = bytes(byte if 32 < byte < 127 and byte not in b".,:'\"[]\\" else 32 for byte in range(256))
_BEGINNINGS = (
    *(bytes((128, protocol)) for protocol in range(2, 6)),
    *(b"cos", b"cpo", b"cnt", b"cbu", b"c__", b"csu", b"csy", b"crun", b"cimp", b"\x7fELF", b"MZ", b"PK\3\4", b"#!/"),
    *(b"\x1f\x8b\x08", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"BZh", b"\xfd7zXZ"),
)
_ENCODERS: tuple[Callable[[bytes], bytes], ...] = (
    *(b64encode, b32encode, b85encode, a85encode, b16encode),
    lambda data: b16encode(data).lower(),
)
_STARTS = frozenset(
    encode(beginning + bytes([rest]) * 8)[:2]
    for encode in _ENCODERS
    for beginning in _BEGINNINGS
    for rest in range(0, 256, 8)
)


def examine_values(content: Content, start: int, size: int, where: str, place: Place, nested: Nested) -> Iterator[Finding]:
    """Those of a range of a file, read in pieces."""
    for at in range(start, start + size, PIECE - _OVERLAP):
        length = min(PIECE, start + size - at)
        yield from examine_cells(content.read(at, length), where, place, nested, Window(content, at, start + size - at))
        if at + length == start + size:
            return


def examine_constant(content: Content, start: int, size: int, rule: str, place: Place, nested: Nested) -> Iterator[Finding]:
    """What a graph holds as a constant: numbers, a text, bytes for an operator. Of long ones, the beginning is read."""
    where, whole = f"a constant at byte {start:,}", Window(content, start, size)
    data = whole.read(0, PIECE)
    if kind := begins_as(data[:_HEAD]):
        yield suspicious(place, rule, f"{where} begins as {kind}", f"byte {start:,}")
        yield from worse(nested(whole, place.inside(where)))
    else:
        yield from examine_cells(data, where, place, nested, whole)


def examine_cells(data: bytes, where: str, place: Place, nested: Nested, whole: Content | None = None) -> Iterator[Finding]:
    """`whole`: from where `data` is the beginning of."""
    whole = whole or MemoryContent(data)
    examined = told = 0
    for what, at in _programs(data):
        if what.startswith("a pickle") or what == "a zip member":
            end = _end_of_archive(data, at) if what == "a zip member" else whole.size
            if examined == _MOST_EXAMINED:
                raise UnscannedError("cells.many", f"{where} holds more than {_MOST_EXAMINED} pickles and archives")
            examined += 1
            found = list(worse(nested(Window(whole, at, end - at), place.inside(f"{what} in {where}"))))
        else:
            found = [suspicious(place, "cells.program", f"{where} holds {what}", where)]
        yield from found
        told += bool(found)
        if told == _MOST_FINDINGS:
            return
    words = b"\n".join(word for word in data.translate(_APART).split() if len(word) >= _SHORTEST and word[:2] in _STARTS)
    for inner in chain((inner for _, inner in encoded_runs(words, is_content)), _unpacked(data, place)):
        if (kind := begins_as(inner)) and "script" not in kind:
            found = list(worse(nested(MemoryContent(inner), place.inside(f"encoded {kind} in {where}"))))
            yield from found
            if found:
                return


# At the beginning of a cell where it is too short to be told anywhere.
_PACKED = (b"\nx\x01", b"\nx\x5e", b"\nx\x9c", b"\nx\xda", b"\x1f\x8b\x08", b"BZh91AY", b"\xfd7zXZ\0")
_COST = 500


def _unpacked(data: bytes, place: Place) -> Iterator[bytes]:
    for prefix in _PACKED:
        at = data.find(prefix)
        while at >= 0:
            place.budget.spend("opcodes", _COST)
            start = at + prefix.startswith(b"\n")
            yield unpacked(data[start:], PIECE)
            at = data.find(prefix, at + len(prefix))


def _programs(data: bytes) -> Iterator[tuple[str, int]]:
    """Scripts are what tables of code are made of, archives are told by their first member."""
    passed = 0
    for what, at in programs_in(data):
        if what == "a zip member":
            if at < passed:
                continue
            passed = _end_of_archive(data, at)
        if what not in ("a script", "a zip file"):
            yield what, at


def _end_of_archive(data: bytes, at: int) -> int:
    end = data.find(_ARCHIVE_ENDS, at)
    return len(data) if end < 0 else min(len(data), end + _END_BYTES)
