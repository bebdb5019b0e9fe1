"""R's own serialization: https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats.

Vectors, texts, lists and data frames are data. Functions, expressions, environments and promises are code, which R runs when
it is asked for what they stand for, a promise as soon as it is looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.formats.payloads import begins_as, examine_leftover
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_metadata
from budmodel_scanner.verdict import Finding

_OF_SAVE = (b"RDX2\n", b"RDX3\n")
_VERSIONS = (b"X\n\0\0\0\2\0", b"X\n\0\0\0\3\0")
_SYMBOL, _PAIRS, _CHARACTERS, _TEXTS, _LIST, _RAW, _OBJECT, _COMPACT, _REFERENCE = 1, 2, 9, 16, 19, 24, 25, 238, 255
_EMPTY = frozenset({241, 242, 250, 251, 252, 253, 254})  # Nothing, and environments that every session has.
_WIDTHS = {10: 4, 13: 4, 14: 8, 15: 16, _RAW: 1}
_CODE = {
    3: "a function",
    4: "an environment",
    5: "a promise",
    6: "a call",
    7: "a function",
    8: "a function",
    20: "an expression",
}
_HAS_ATTRIBUTES, _HAS_TAG = 0x200, 0x400
# Vectors of R itself that are written in short; classes of others load the package that has them.
_SHORT_FORMS = frozenset({"base", "compact_intseq", "compact_realseq", "deferred_string"})
_MAX_DEPTH, _MAX_TEXT_BYTES, _SHORTEST_TEXT = 100, 1 << 20, 64


def recognizes(head: bytes, _name: str) -> bool:
    return head.removeprefix(head[:5] if head.startswith(_OF_SAVE) else b"").startswith(_VERSIONS)


@dataclass(slots=True)
class _Walk:
    """`symbols`: those that later ones refer to by their number; `short`: the names of a vector that is written in short."""

    cursor: Cursor
    place: Place
    symbols: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "r", order=">")
    cursor.skip(5 * content.read(0, 5).startswith(_OF_SAVE) + len(b"X\n"))
    version = cursor.number("i")
    cursor.skip(8)
    if version > 2:
        cursor.skip(cursor.number("i"))
    for start, length, is_text in _item(_Walk(cursor, place), 0):
        if is_text and length >= _SHORTEST_TEXT:
            text = content.read(start, min(length, _MAX_TEXT_BYTES))
            yield from examine_metadata(text, f"text at byte {start:,}", "r", place, nested)
        elif not is_text and (kind := begins_as(content.read(start, min(length, 512)))):
            yield suspicious(place, "r.payload", f"bytes start like a {kind}", f"byte {start:,}")
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "r", place, nested)


def _item(walk: _Walk, depth: int) -> Iterator[tuple[int, int, bool]]:
    """Start and length of each text and of each vector of bytes, and whether it is a text."""
    cursor = walk.cursor
    if depth > _MAX_DEPTH:
        raise MalformedError("r.depth", f"is nested more than {_MAX_DEPTH} deep", cursor.position)
    while True:
        walk.place.budget.spend("opcodes")
        at, flags = cursor.position, cursor.number("i")
        kind, has_attributes = flags & 0xFF, bool(flags & _HAS_ATTRIBUTES)
        if kind == _PAIRS:
            for _ in range(has_attributes + bool(flags & _HAS_TAG) + 1):
                yield from _item(walk, depth + 1)
            continue  # The rest of the pairs comes next.
        if kind == _REFERENCE:
            number = flags >> 8 or cursor.number("i")
            walk.short += walk.symbols[number - 1 : number]
        elif kind == _SYMBOL:
            walk.symbols.append("")
            last = len(walk.symbols) - 1
            for start, length, is_text in _item(walk, depth + 1):
                walk.symbols[last] = cursor.content.read(start, min(length, 100)).decode("latin-1")
                yield start, length, is_text
            walk.short.append(walk.symbols[last])
        elif kind == _CHARACTERS:
            length = max(0, cursor.number("i"))
            yield cursor.position, length, True
            cursor.skip(length)
        elif kind == _COMPACT:
            walk.short.clear()
            yield from _item(walk, depth + 1)
            if not all(name in _SHORT_FORMS or name.startswith("wrap_") for name in walk.short):
                raise MalformedError("serializer.runs-code", f"loads R's {walk.short[:2]} for a vector", at)
            for _ in range(2):
                yield from _item(walk, depth + 1)
        elif kind in _WIDTHS or kind in (_TEXTS, _LIST):
            count = cursor.number("i")
            if count == -1:
                count = cursor.number("q")
            if width := _WIDTHS.get(kind):
                if kind == _RAW:
                    yield cursor.position, count, False
                cursor.skip(count * width)
            for _ in range(0 if width else count):
                yield from _item(walk, depth + 1)
            if has_attributes:
                yield from _item(walk, depth + 1)
        elif kind == _OBJECT:
            if has_attributes:
                yield from _item(walk, depth + 1)
        elif kind not in _EMPTY:
            what = _CODE.get(kind, f"something of kind {kind}")
            raise MalformedError("serializer.runs-code", f"holds {what} of R, which runs when it is asked for", at)
        return
