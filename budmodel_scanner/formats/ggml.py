"""Predecessors of GGUF, which state no offsets: their layout is known to each model's own loader only."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, unscanned
from budmodel_scanner.verdict import Finding

_MAGICS = {b"lmgg": "GGML", b"fmgg": "GGMF", b"tjgg": "GGJT", b"algg": "GGLA", b"nsgg": "GGSN"}


def recognizes(head: bytes, _name: str) -> bool:
    return head[:4] in _MAGICS


def examine(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
    kind = _MAGICS[content.read(0, 4)]
    what = f"{kind}, a format before GGUF, cannot be read without the model's own loader"
    yield unscanned(place, "ggml.unsupported", what, "byte 0")
