"""Shards of a distributed checkpoint of torch (`.distcp`): a zip file for each tensor, one behind the other."""

import struct
from collections.abc import Iterator

from budmodel_scanner.containers.zip_files import examine_zip
from budmodel_scanner.containers.zip_reading import END, LOCAL
from budmodel_scanner.content import CHUNK, Content, Place, Window
from budmodel_scanner.examiner import Nested
from budmodel_scanner.verdict import Finding

_END = struct.Struct("<4s4H2LH")
_LONG_END = b"PK\6\6"
_SIZE_IN_LONG_END, _OFFSET_IN_LONG_END = 40, 48
_UNKNOWN = 0xFFFFFFFF


def examine_shard(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    """What is wrong with each; what lies behind the last that is whole is examined with it."""
    starts = list(_starts(content))
    for start, end in zip(starts, [*starts[1:], content.size], strict=True):
        whole = len(starts) == 1
        yield from examine_zip(
            Window(content, start, end - start), place if whole else place.inside(f"byte {start}"), nested
        )


def _starts(content: Content) -> Iterator[int]:
    """Where each begins: right behind one whose end says that it began where it did."""
    start = 0
    yield start
    for end in _ends(content):
        if end >= content.size:
            return
        if _begins_at(content, end - _END.size) == start and content.read(end, len(LOCAL)) == LOCAL:
            start = end
            yield start


def _ends(content: Content) -> Iterator[int]:
    """Where a record that ends a zip file without a comment is over."""
    at, window = 0, content.read(0, CHUNK)
    while len(window) >= _END.size:
        found = window.find(END)
        while 0 <= found <= len(window) - _END.size:
            yield at + found + _END.size
            found = window.find(END, found + 1)
        at += max(1, len(window) - _END.size + 1)
        window = content.read(at, CHUNK)


def _begins_at(content: Content, at: int) -> int | None:
    """Where the zip file begins that is ended there, by the size and the offset of its directory."""
    _, _, _, _, _, size, offset, comment = _END.unpack(content.read(at, _END.size))
    directory_end = at
    if _UNKNOWN in (size, offset) or content.read(at - 76, 4) == _LONG_END:
        if content.read(at - 76, 4) != _LONG_END:
            return None
        long = content.read(at - 76, 56)
        size = int.from_bytes(long[_SIZE_IN_LONG_END : _SIZE_IN_LONG_END + 8], "little")
        offset = int.from_bytes(long[_OFFSET_IN_LONG_END : _OFFSET_IN_LONG_END + 8], "little")
        directory_end = at - 76
    return None if comment else directory_end - size - offset
