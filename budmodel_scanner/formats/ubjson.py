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
_MAX_DEPTH = 200
_MAX_TEXT_BYTES = 1 << 20


def recognizes(head: bytes, name: str) -> bool:
    return head[:1] == b"{" and head[1:2] in (*_INTEGERS, b"$", b"#") and name.lower().endswith((".ubj", ".ubjson"))


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    reader = _Reader(Cursor(content, "ubjson", order=">"), place)
    for start, length, is_text in reader.values():
        if is_text and length > 8:
            text = content.read(start, min(length, _MAX_TEXT_BYTES))
            yield from examine_metadata(text, f"text at byte {start:,}", "ubjson", place, nested)
        elif not is_text and (kind := begins_as(content.read(start, min(length, 512)))):
            yield suspicious(place, "ubjson.payload", f"bytes start like a {kind}", f"byte {start:,}")
    cursor = reader.cursor
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "ubjson", place, nested)


class _Reader:
    def __init__(self, cursor: Cursor, place: Place) -> None:
        self.cursor = cursor
        self._place = place

    def values(self) -> Iterator[tuple[int, int, bool]]:
        """Start and length of each text and of each array of bytes, whether it is a text; numbers are passed over."""
        # Of every open array or object: whether it is an object, and how many items are left; None until its end mark.
        open_items: list[tuple[bool, int | None]] = [(False, 1)]
        while open_items:
            self._place.budget.spend("opcodes")
            is_object, left = open_items.pop()
            if left == 0:
                continue
            if left is None and self._next() == (b"}" if is_object else b"]"):
                self.cursor.skip(1)
                continue
            open_items.append((is_object, None if left is None else left - 1))
            if is_object:
                yield self._text()
            kind = self.cursor.take(1)
            if kind in (b"[", b"{"):
                if len(open_items) > _MAX_DEPTH:
                    raise MalformedError("ubjson.depth", f"is nested more than {_MAX_DEPTH} deep", self.cursor.position)
                inner = self._container(kind == b"{")
                if isinstance(inner, int):
                    yield self.cursor.position, inner, False
                    self.cursor.skip(inner)
                else:
                    open_items.append(inner)
            elif kind in _TEXTS:
                yield self._text()
            else:
                self._skip_number(kind)

    def _container(self, is_object: bool) -> tuple[bool, int | None] | int:
        """What is left to read of an array or object; of an array of plain numbers, how many bytes it has."""
        kind = b""
        if self._next() == b"$":
            self.cursor.skip(1)
            kind = self.cursor.take(1)
        if self._next() != b"#":
            if kind:
                raise MalformedError("ubjson.type", "a type without a count", self.cursor.position)
            return is_object, None
        self.cursor.skip(1)
        count = self._length()
        if not kind:
            if count > self.cursor.left:
                raise MalformedError("ubjson.counts", f"claims {count:,} values", self.cursor.position)
            return is_object, count
        if is_object or kind not in _WIDTHS:
            raise MalformedError("ubjson.type", f"an array of the type {kind!r}", self.cursor.position)
        return count * _WIDTHS[kind]

    def _text(self) -> tuple[int, int, bool]:
        length = self._length()
        start = self.cursor.position
        self.cursor.skip(length)
        return start, length, True

    def _length(self) -> int:
        kind = self.cursor.take(1)
        if kind not in _INTEGERS:
            raise MalformedError("ubjson.type", f"a length of the type {kind!r}", self.cursor.position - 1)
        return self.cursor.number(_INTEGERS[kind])

    def _skip_number(self, kind: bytes) -> None:
        if kind not in _WIDTHS:
            raise MalformedError("ubjson.type", f"has the type {kind!r}, which is none", self.cursor.position - 1)
        self.cursor.skip(_WIDTHS[kind])

    def _next(self) -> bytes:
        return self.cursor.peek(1)
