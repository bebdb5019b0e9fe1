"""Universal Binary JSON, in which XGBoost stores boosters: https://ubjson.org/type-reference/."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.formats.payloads import begins_as, examine_leftover
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_metadata
from budmodel_scanner.verdict import Finding

_WIDTHS = {b"Z": 0, b"N": 0, b"T": 0, b"F": 0, b"i": 1, b"U": 1, b"C": 1, b"I": 2, b"l": 4, b"d": 4, b"L": 8, b"D": 8}
_INTEGERS = {b"i": "b", b"U": "B", b"I": "h", b"l": "i", b"L": "q"}
_TEXTS = (b"S", b"H")
_BOOSTER = b"{L\0\0\0\0\0\0\0\x07learner{"  # Of XGBoost, which writes it under any name.
_MAX_DEPTH = 200
_MAX_TEXT_BYTES = 1 << 20


def recognizes(head: bytes, name: str) -> bool:
    named = name.lower().endswith((".ubj", ".ubjson"))
    return (head[:1] == b"{" and head[1:2] in (*_INTEGERS, b"$", b"#") and named) or head.startswith(_BOOSTER)


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "ubjson", order=">")
    for start, length, is_text in _values(cursor, place):
        if is_text and length > 8:
            text = content.read(start, min(length, _MAX_TEXT_BYTES))
            yield from examine_metadata(text, f"text at byte {start:,}", "ubjson", place, nested)
        elif not is_text and (kind := begins_as(content.read(start, min(length, 512)))):
            yield suspicious(place, "ubjson.payload", f"bytes start like a {kind}", f"byte {start:,}")
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "ubjson", place, nested)


def _values(cursor: Cursor, place: Place) -> Iterator[tuple[int, int, bool]]:
    """Start and length of each text and of each array of bytes, whether it is a text; numbers are passed over."""
    # Of every open array or object: whether it is an object, and how many items are left; None until its end mark.
    open_items: list[tuple[bool, int | None]] = [(False, 1)]
    while open_items:
        place.budget.spend("opcodes")
        is_object, left = open_items.pop()
        if left == 0:
            continue
        if left is None and cursor.peek(1) == (b"}" if is_object else b"]"):
            cursor.skip(1)
            continue
        open_items.append((is_object, None if left is None else left - 1))
        if is_object:
            yield _text(cursor)
        kind = cursor.take(1)
        if kind in (b"[", b"{"):
            if len(open_items) > _MAX_DEPTH:
                raise MalformedError("ubjson.depth", f"is nested more than {_MAX_DEPTH} deep", cursor.position)
            inner = _container(cursor, kind == b"{")
            if isinstance(inner, int):
                yield cursor.position, inner, False
                cursor.skip(inner)
            else:
                open_items.append(inner)
        elif kind in _TEXTS:
            yield _text(cursor)
        elif kind in _WIDTHS:
            cursor.skip(_WIDTHS[kind])
        else:
            raise MalformedError("ubjson.type", f"has the type {kind!r}, which is none", cursor.position - 1)


def _container(cursor: Cursor, is_object: bool) -> tuple[bool, int | None] | int:
    """What is left to read of an array or object; of an array of plain numbers, how many bytes it has."""
    kind = b""
    if cursor.peek(1) == b"$":
        cursor.skip(1)
        kind = cursor.take(1)
    if cursor.peek(1) != b"#":
        if kind:
            raise MalformedError("ubjson.type", "a type without a count", cursor.position)
        return is_object, None
    cursor.skip(1)
    count = _length(cursor)
    if not kind:
        if count > cursor.left:
            raise MalformedError("ubjson.counts", f"claims {count:,} values", cursor.position)
        return is_object, count
    if is_object or kind not in _WIDTHS:
        raise MalformedError("ubjson.type", f"an array of the type {kind!r}", cursor.position)
    return count * _WIDTHS[kind]


def _text(cursor: Cursor) -> tuple[int, int, bool]:
    length = _length(cursor)
    start = cursor.position
    cursor.skip(length)
    return start, length, True


def _length(cursor: Cursor) -> int:
    kind = cursor.take(1)
    if kind not in _INTEGERS:
        raise MalformedError("ubjson.type", f"a length of the type {kind!r}", cursor.position - 1)
    return cursor.number(_INTEGERS[kind])
