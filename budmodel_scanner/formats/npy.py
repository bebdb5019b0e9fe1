"""NumPy arrays: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html."""

import ast
import math
from collections.abc import Generator, Iterator
from typing import Any

from budmodel_scanner.content import CHUNK, Content, Place, Stream, UnscannedError, Window
from budmodel_scanner.examiner import Nested
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.payloads import examine_leftover, payload_in
from budmodel_scanner.formats.reading import MalformedError, exactly, reports_malformed
from budmodel_scanner.formats.values import examine_bytes, examine_text_value, examine_texts
from budmodel_scanner.pickles.examine import examine_pickle
from budmodel_scanner.verdict import Finding, Verdict

_MAGIC = b"\x93NUMPY"
_MAX_HEADER_BYTES = 1 << 16
_MAX_DEPTH = 16
_SCALAR = expression(r"[<>=|]?(?:(?P<kind>[biufcSaUVmMO?])(?P<width>\d{1,9})?)(?:\[[\d A-Za-z/]+\])?")
_LETTERS_OF_FOUR = expression(rb"(?:[\t\n\r -~]\0\0\0){6,}")
# How Python 2 wrote long numbers.
_LONG = expression(r"(?<=\d)L\b")


def recognizes(head: bytes, _name: str) -> bool:
    return head.startswith(_MAGIC)


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    position = 0
    while True:
        position = yield from _array(content, position, place, nested)
        # `numpy.save` may be called on an open file again and again.
        if content.read(position, len(_MAGIC)) != _MAGIC:
            break
        place.budget.spend("members")
    yield from examine_leftover(content, position, content.size - position, "trailing bytes", "npy", place, nested)


def _array(content: Content, start: int, place: Place, nested: Nested) -> Generator[Finding, None, int]:
    """Yields findings; returns where the array ends."""
    version = exactly(content, start, 8, "npy")[6:]
    if version not in (b"\1\0", b"\2\0", b"\3\0"):
        raise MalformedError("npy.version", f"states the version {version[0]}.{version[1]}", start + 6)
    width = 2 if version[0] == 1 else 4
    length = int.from_bytes(exactly(content, start + 8, width, "npy"), "little")
    begin = start + 8 + width
    if length > _MAX_HEADER_BYTES:
        raise MalformedError("npy.header", f"claims a header of {length:,} bytes", start + 8)
    text = exactly(content, begin, length, "npy")
    code = payload_in(text)
    if code:
        yield Finding("npy.payload-in-header", Verdict.MALICIOUS, f"the header holds {code[0]}", place.at(f"byte {begin:,}"))
    descr, shape = _header(text.decode("utf-8" if version[0] == 3 else "latin-1", "replace"), begin)
    data = begin + length
    size, kinds = _item(descr, 0, begin)
    elements = math.prod(shape)
    if elements >= 1 << 60 or elements * size >= 1 << 60:
        raise MalformedError("npy.overflow", f"claims the shape {str(shape)[:80]}", begin)
    if "O" in kinds:
        what = "holds Python objects, stored as a pickle"
        yield Finding("npy.object-array", Verdict.SAFE, what, place.at(f"byte {data:,}"))
        yield from examine_pickle(Stream(Window(content, data, content.size - data)), place)
        return content.size
    if elements * size > content.size - data:
        raise MalformedError("npy.truncated", f"claims {elements * size:,} bytes, {content.size - data:,} are there", data)
    yield from _values(content, data, elements, size, kinds, place, nested)
    return data + elements * size


def _values(
    content: Content, start: int, elements: int, width: int, kinds: str, place: Place, nested: Nested
) -> Iterator[Finding]:
    where, size = f"the array at byte {start:,}", elements * width
    if "U" in kinds:
        step = max(CHUNK - CHUNK % width, width) if width else size
        for at in range(start, start + size, min(step, CHUNK << 2) or 1):
            piece = content.read(at, min(step, CHUNK << 2, start + size - at))
            plain = b"\0".join(_letters(piece[one : one + width], kinds) for one in range(0, len(piece), width))
            yield from examine_text_value(plain, where, "npy", place, nested)
        return
    if "S" in kinds:
        yield from examine_texts(content, start, size, where, "npy", place, nested, width)
    yield from examine_bytes(content, start, size, where, "npy.content-in-numbers", place, nested)


def _letters(item: bytes, kinds: str) -> bytes:
    """Four bytes for each; where other fields stand between them, those of ASCII."""
    if kinds != "U":
        return b"\0".join(run[::4] for run in _LETTERS_OF_FOUR.findall(item))
    return item.decode("utf-32-be" if item[:1] == b"\0" else "utf-32-le", "replace").rstrip("\0").encode("utf-8", "replace")


def _header(text: str, begin: int) -> tuple[Any, tuple[int, ...]]:
    try:
        found = ast.literal_eval(_LONG.sub("", text).strip(" \n\0"))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        # Of what it met, `ast` shows the address in memory.
        why = str(error).partition(": <")[0][:80]
        raise MalformedError("npy.header", f"the header is no plain literal: {why}", begin) from error
    if not isinstance(found, dict) or set(found) != {"descr", "fortran_order", "shape"}:
        raise MalformedError("npy.header", "the header does not state exactly descr, fortran_order and shape", begin)
    shape = found["shape"]
    if not isinstance(shape, tuple) or len(shape) > 64 or not all(type(one) is int and one >= 0 for one in shape):
        raise MalformedError("npy.header", f"states the shape {str(shape)[:80]}", begin)
    if not isinstance(found["fortran_order"], bool) or "\0" in text:
        raise MalformedError("npy.header", "the header is not as NumPy writes it", begin)
    return found["descr"], shape


def _item(descr: Any, depth: int, begin: int) -> tuple[int, str]:
    """Bytes per item, and the kinds of its fields, a letter each."""
    if depth > _MAX_DEPTH:
        raise UnscannedError("npy.depth", f"the type is nested more than {_MAX_DEPTH} deep")
    if isinstance(descr, str):
        return _scalar(descr, begin)
    if isinstance(descr, tuple) and len(descr) == 2:
        return _repeated(descr[0], descr[1], depth, begin)
    if isinstance(descr, list) and descr:
        size, kinds = 0, ""
        for entry in descr:
            if not isinstance(entry, tuple) or len(entry) not in (2, 3) or not isinstance(entry[0], str | tuple):
                break
            more, further = _repeated(entry[1], entry[2] if len(entry) == 3 else (), depth, begin)
            size, kinds = size + more, kinds + further
        else:
            return size, kinds
    raise MalformedError("npy.type", f"the type {str(descr)[:80]!r} is none", begin)


def _repeated(descr: Any, shape: Any, depth: int, begin: int) -> tuple[int, str]:
    size, kinds = _item(descr, depth + 1, begin)
    lengths = shape if isinstance(shape, tuple) else (shape,)
    if not all(type(one) is int and 0 <= one < 1 << 40 for one in lengths) or len(lengths) > 64:
        raise MalformedError("npy.type", f"a field has the shape {str(shape)[:80]}", begin)
    return size * math.prod(lengths), kinds


def _scalar(descr: str, begin: int) -> tuple[int, str]:
    found = _SCALAR.fullmatch(descr)
    if found is None:
        raise MalformedError("npy.type", f"the type {descr[:80]!r} is none", begin)
    kind, width = found["kind"], found["width"]
    if kind == "O":
        return 8, kind
    if kind == "a":
        kind = "S"
    if width is None:
        if kind not in "?SUVb":
            raise MalformedError("npy.type", f"the type {descr[:80]!r} has no width", begin)
        return (1 if kind in "?b" else 0), kind
    return int(width) * (4 if kind == "U" else 1), kind
