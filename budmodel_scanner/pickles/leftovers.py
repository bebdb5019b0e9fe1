"""Bytes that no pickle of the file accounts for."""

import re
from collections.abc import Iterator

from budmodel_scanner.content import CHUNK, Stream
from budmodel_scanner.expressions import expression
from budmodel_scanner.pickles.names import Standing, standing_of
from budmodel_scanner.pickles.report import Report, shorten
from budmodel_scanner.verdict import Verdict

_OVERLAP = 512
_MOST_SEARCHED = 16 << 20  # The file is suspicious already; this only looks for something worse.
_MOST_NAMES = 100_000
_NAME = rb"[A-Za-z_][A-Za-z0-9_.]{0,100}"
_IMPORT = expression(
    rb"[ci](" + _NAME + rb")\n(" + _NAME + rb")\n"
    rb"|\x8c.(" + _NAME + rb")(?:\x94|q.)?\x8c.(" + _NAME + rb")(?:\x94|q.)?\x93",
    re.DOTALL,
)
_OTHER_CONTENT = expression(
    rb"PK\x03\x04|\x7fELF|MZ.{58}..\0\0.{0,256}PE\0\0|#!/|7z\xbc\xaf\x27\x1c|\x1f\x8b\x08", re.DOTALL
)
_KINDS = {
    b"PK": "a zip archive",
    b"\x7fE": "an executable",
    b"MZ": "an executable",
    b"#!": "a script",
    b"7z": "a 7z archive",
}


def examine_leftovers(stream: Stream, report: Report) -> None:
    """Says what hides in the rest of the stream: imports of dangerous names, or the beginning of other content."""
    known: set[tuple[str, ...]] = set()
    for position, window in _windows(stream):
        for found in _IMPORT.finditer(window):
            imported = tuple(part.decode("ascii") for part in found.groups() if part is not None)
            if imported in known or len(known) >= _MOST_NAMES:
                continue
            known.add(imported)
            module, name = imported
            if standing_of(module, name) is Standing.DANGEROUS:
                what = f"after its end, or after where it breaks off, opcodes import {shorten(f'{module}.{name}')}"
                report.add("hidden-import", Verdict.MALICIOUS, what, position + found.start())
        if other := _OTHER_CONTENT.search(window):
            kind = _KINDS.get(other[0][:2], "compressed data")
            what = f"after its end, or after where it breaks off, comes what looks like {kind}"
            report.add("hidden-content", Verdict.SUSPICIOUS, what, position + other.start())


def _windows(stream: Stream) -> Iterator[tuple[int, bytes]]:
    first = stream.position
    while stream.position - first < _MOST_SEARCHED and (window := stream.peek(CHUNK)):
        yield stream.position, window
        stream.skip(len(window) if len(window) < CHUNK else CHUNK - _OVERLAP)
