"""MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md): weights of Flax, models of spaCy."""

import re
from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.payloads import begins_as, examine_leftover
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_metadata
from budmodel_scanner.verdict import Finding

# Extension types of flax.serialization: array, complex number, scalar.
_EXTENSIONS = {1, 2, 3}
_TIME = -1
_SUFFIXES = (".msgpack", ".mpk", ".msgpk")
_NAMED_MAP = expression(rb"[\x80-\x9f\xdc-\xdf]")
# An empty map would begin as a pickle does.
_FURTHER = expression(rb"[\x81-\x9f]|[\xdc-\xdf]\x00", re.DOTALL)
_TOLD_MAP = expression(rb"(?:[\x81-\x8f]|\xde..)(?:[\xa2-\xbf]|[\xc4\xd9][\x02-\x40])[A-Za-z_]\w", re.DOTALL)
_MAX_DEPTH = 200
_MAX_TEXT_BYTES = 1 << 16
# Nothing and truth values; fractions of two widths, and whole numbers of four without and with a sign.
_FIXED_BYTES = dict.fromkeys((0xC0, 0xC2, 0xC3), 0) | dict(enumerate((4, 8, 1, 2, 4, 8, 1, 2, 4, 8), 0xCA))
_LENGTH_CODES = {0: "B", 1: "H", 2: "I"}


def recognizes(head: bytes, name: str) -> bool:
    """A map, by its name or by a text as its first key: models of spaCy have no suffix. An empty one is all there is."""
    is_named = name.lower().endswith(_SUFFIXES)
    return head == b"\x80" or (_NAMED_MAP if is_named else _TOLD_MAP).match(head) is not None


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "msgpack", order=">")
    waiting = [1]  # how many values each open map or array still has
    while waiting:
        if not waiting[-1]:
            waiting.pop()
            if not waiting and _FURTHER.match(cursor.peek(2)):
                waiting.append(1)
            continue
        waiting[-1] -= 1
        place.budget.spend("opcodes")
        at = cursor.position
        mark = cursor.number("B")
        kind, length = _header(cursor, mark, at)
        if kind in ("map", "array"):
            count = length * (2 if kind == "map" else 1)
            if count > cursor.left:
                raise MalformedError("msgpack.counts", f"claims {count:,} values", at)
            if len(waiting) > _MAX_DEPTH:
                raise MalformedError("msgpack.depth", f"is nested more than {_MAX_DEPTH} deep", at)
            waiting.append(count)
            continue
        if kind == "extension":
            extension = cursor.number("b")
            if extension not in _EXTENSIONS | {_TIME}:
                yield suspicious(place, "msgpack.extension", f"has the extension type {extension}", f"byte {at:,}")
        start = cursor.position
        cursor.skip(length)
        if kind == "text" and length > 16:
            text = content.read(start, min(length, _MAX_TEXT_BYTES))
            yield from examine_metadata(text, f"text at byte {at:,}", "msgpack", place, nested)
        elif kind in ("bytes", "extension") and (found := begins_as(content.read(start, min(length, 512)))):
            yield suspicious(place, "msgpack.payload", f"bytes start like a {found}", f"byte {at:,}")
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "msgpack", place, nested)


def _header(cursor: Cursor, mark: int, at: int) -> tuple[str, int]:
    """What follows a mark, and its length: in values for maps and arrays, else in bytes."""
    if mark <= 0x7F or mark >= 0xE0:
        return "number", 0
    if mark <= 0x8F:
        return "map", mark & 15
    if mark <= 0x9F:
        return "array", mark & 15
    if mark <= 0xBF:
        return "text", mark & 31
    if mark in _FIXED_BYTES:
        return "number", _FIXED_BYTES[mark]
    if 0xD4 <= mark <= 0xD8:
        return "extension", 1 << (mark - 0xD4)
    for first, kind in ((0xC4, "bytes"), (0xC7, "extension"), (0xD9, "text")):
        if first <= mark <= first + 2:
            return kind, cursor.number(_LENGTH_CODES[mark - first])
    for first, kind in ((0xDC, "array"), (0xDE, "map")):
        if first <= mark <= first + 1:
            return kind, cursor.number("HI"[mark - first])
    raise MalformedError("msgpack.type", f"has the type {mark:#x}, which is none", at)
