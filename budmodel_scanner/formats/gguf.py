"""GGUF, versions 1 to 3 in both byte orders: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.

Its loaders are written in C and trusted the counts: CVE-2024-21802, -21825, -21836, -23496, -23605 are heap overflows by
numbers of tensors, entries, dimensions and lengths that no file can hold. Such numbers are never an accident.
"""

import math
import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from budmodel_scanner.content import Content, Place, UnscannedError
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.locations import objection
from budmodel_scanner.formats.payloads import examine_leftover
from budmodel_scanner.formats.reading import Cursor, MalformedError, all_zero, reports_malformed, swept
from budmodel_scanner.formats.values import examine_metadata, examine_numbers, examine_values
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import lines

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "I", 7: "B", 10: "Q", 11: "q", 12: "Q"}
_UINT32, _BOOL, _STRING, _ARRAY = 4, 7, 8, 9
_MAX_DIMENSIONS = 4
_MAX_NAME_BYTES = 1 << 16
# Loaders have room for 64 bytes, those of image models for 128.
_MAX_TENSOR_NAME = 127
_LONGEST_TOKEN = 128
_MAX_TEXT_BYTES = 16 << 20
_TOLD_OF_MAKING = ("quantize.", "general.", "imatrix.")
_PATH_KEY = expression(r"(?:[._]|^)(?:paths?|files?|filenames?|dirs?|directory|location)$")
_LEAVES = expression(r"(?:\.\.[/\\]|~/)")
_ABSURD = 1 << 32
_LEAST_ENTRY_BYTES = 10
_LEAST_TENSOR_BYTES = 16
_DEFAULT_ALIGNMENT = 32
# By the number of a type: elements and bytes per block. Numbers up to the next may be given to types in the near future.
_BLOCKS = {int(kind): (int(elements), int(size)) for _, (kind, elements, size, _) in lines(__package__, "gguf.txt")}
_PLAUSIBLE = 128


def recognizes(head: bytes, _name: str) -> bool:
    return head[:4] == b"GGUF"


@dataclass(slots=True)
class _Header:
    cursor: Cursor
    counts: str  # struct code of counts and lengths: 32 bits in version 1, 64 since
    alignment: int = _DEFAULT_ALIGNMENT
    keys: set[str] = field(default_factory=set)


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "gguf")
    cursor.skip(4)
    version = cursor.number("I")
    if version & 0xFFFF == 0 and version:
        cursor.order = ">"
        version = int.from_bytes(version.to_bytes(4, "little"), "big")
    if version not in (1, 2, 3):
        raise MalformedError("gguf.version", f"states the version {version}; there are 1 to 3", 4)
    header = _Header(cursor, "I" if version == 1 else "Q")
    tensors, entries = cursor.number(header.counts), cursor.number(header.counts)
    yield from _absurd(tensors, "tensors", place)
    yield from _absurd(entries, "metadata entries", place)
    if entries * _LEAST_ENTRY_BYTES + tensors * _LEAST_TENSOR_BYTES > cursor.left:
        raise MalformedError(
            "gguf.counts", f"claims {tensors:,} tensors and {entries:,} metadata entries in {content.size:,} bytes", 8
        )
    place.budget.spend("opcodes", entries + tensors)
    for _ in range(entries):
        yield from _entry(header, place, nested)
    names: set[str] = set()
    ranges: list[tuple[int, int]] = []
    for _ in range(tensors):
        name = _text(header, _MAX_NAME_BYTES, "the name of a tensor")
        yield from _name(name, names, "tensor", place)
        ranges.append((yield from _tensor(header, name, place)))
    yield from _data(header, ranges, content, place, nested)


def _absurd(count: int, what: str, place: Place) -> Iterator[Finding]:
    if count >= _ABSURD:
        yield Finding(
            "gguf.overflow",
            Verdict.MALICIOUS,
            f"claims {count:,} {what}, which overflows the loader's memory",
            place.at("byte 8"),
        )


def _text(header: _Header, limit: int, what: str) -> str:
    length = header.cursor.number(header.counts)
    return header.cursor.limited(length, limit, what).decode("utf-8", "replace")


def _name(name: str, known: set[str], what: str, place: Place) -> Iterator[Finding]:
    if name in known:
        yield suspicious(place, "gguf.duplicate-name", f"states the {what} {name[:80]!r} twice", name[:80])
    known.add(name)
    too_long = what == "tensor" and len(name) > _MAX_TENSOR_NAME
    if too_long or not name or not name.isprintable() or "../" in name or "\ufffd" in name:
        yield suspicious(place, "gguf.name", f"the {what} name {name[:80]!r} is no ordinary one", "header")


def _entry(header: _Header, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = header.cursor
    key = _text(header, _MAX_NAME_BYTES, "a metadata key")
    yield from _name(key, header.keys, "metadata key", place)
    kind = cursor.number("I")
    if kind in _SCALARS:
        number = cursor.number(_SCALARS[kind])
        if kind == _BOOL and number > 1:
            yield suspicious(place, "gguf.value", f"{key[:80]} is a truth value of {number}", key[:80])
        if key == "general.alignment":
            if kind != _UINT32 or not 0 < number <= 1 << 20 or number & (number - 1):
                raise MalformedError("gguf.alignment", f"states the alignment {number}", "general.alignment")
            header.alignment = number
    elif kind == _STRING:
        length = cursor.number(header.counts)
        if length >= _ABSURD:
            yield Finding("gguf.overflow", Verdict.MALICIOUS, f"{key[:80]} claims {length:,} bytes", place.at(key[:80]))
        value = cursor.limited(length, _MAX_TEXT_BYTES, key[:80])
        yield from _string(key, value, place, nested)
    elif kind == _ARRAY:
        yield from _array(header, key, place, nested)
    else:
        raise MalformedError("gguf.value-type", f"{key[:80]} has the type {kind}, which is none", cursor.position - 4)


def _string(key: str, value: bytes, place: Place, nested: Nested) -> Iterator[Finding]:
    if _is_template(key):
        # The parser of templates takes longer to import than most headers to read.
        from budmodel_scanner.texts.template import examine_template

        yield from examine_template(value.decode("utf-8", "replace"), place.inside(key[:120]))
    else:
        yield from examine_metadata(value, key[:80], "gguf", place, nested)
        yield from _path(key, value[:_MAX_NAME_BYTES].decode("utf-8", "replace"), place)


def _path(key: str, value: str, place: Place) -> Iterator[Finding]:
    """Tools follow keys of their own to other files. How a model was made is told in paths of its maker's machine."""
    if key.startswith(_TOLD_OF_MAKING) or not (_PATH_KEY.search(key) or _LEAVES.match(value)):
        return
    if "\n" not in value and not value.startswith(("http://", "https://")) and (reason := objection(value)):
        yield suspicious(place, "gguf.path", f"{key[:80]} names {value[:120]!r}, which {reason}", key[:80])


def _is_template(key: str) -> bool:
    return key == "tokenizer.chat_template" or key.startswith("tokenizer.chat_template.") or key.endswith(".chat_template")


def _array(header: _Header, key: str, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = header.cursor
    kind, count = cursor.number("I"), cursor.number(header.counts)
    yield from _absurd(count, f"items of {key[:80]}", place)
    if kind in _SCALARS:
        start, size = cursor.position, count * struct.calcsize("=" + _SCALARS[kind])
        cursor.skip(size)
        yield from examine_numbers(cursor.content, start, size, key[:80], "gguf", place, nested)
    elif kind == _STRING:
        width = struct.calcsize("=" + header.counts)
        if count * width > cursor.left:
            raise MalformedError("gguf.counts", f"{key[:80]} claims {count:,} texts", cursor.position)
        place.budget.spend("opcodes", count)
        start = cursor.position
        # Tokens and merges are hundreds of thousands of short texts that may say anything.
        hunted = not key.startswith("tokenizer.")
        for _ in range(count):
            length = cursor.number(header.counts)
            if length > _LONGEST_TOKEN or hunted or key.endswith("chat_template"):
                yield from _string(key, cursor.limited(length, _MAX_TEXT_BYTES, key[:80]), place, nested)
            else:
                cursor.skip(length)
        if not hunted:
            yield from examine_values(cursor.content, start, cursor.position - start, key[:80], place, nested)
    else:
        # The format allows arrays of arrays, its reader refuses them, and nothing writes any.
        raise MalformedError("gguf.value-type", f"{key[:80]} is an array of the type {kind}", cursor.position)


def _tensor(header: _Header, name: str, place: Place) -> Generator[Finding, None, tuple[int, int]]:
    """Yields findings; returns the range of the tensor in the data."""
    cursor = header.cursor
    where = f"tensor {name[:80]!r}"
    dimensions = cursor.number("I")
    if dimensions > _MAX_DIMENSIONS:
        raise MalformedError("gguf.dimensions", f"has {dimensions:,} dimensions; {_MAX_DIMENSIONS} are allowed", where)
    shape = [cursor.number(header.counts) for _ in range(dimensions)]
    kind, offset = cursor.number("I"), cursor.number("Q")
    elements = math.prod(shape)
    if elements >= 1 << 60 or offset >= 1 << 60:
        what = f"a shape of {shape} at {offset:,} overflows the loader's memory"
        yield Finding("gguf.overflow", Verdict.MALICIOUS, what, place.at(where))
    if kind not in _BLOCKS:
        if kind <= _PLAUSIBLE:
            raise UnscannedError("gguf.tensor-type", f"{where} has the type {kind}, which is not known here")
        raise MalformedError("gguf.tensor-type", f"has the type {kind:,}, which is none", where)
    block, width = _BLOCKS[kind]
    if (shape[0] if shape else 1) % block or not all(shape):
        yield suspicious(place, "gguf.shape", f"a shape of {shape} has no whole blocks of {block}", where)
    if offset % header.alignment:
        yield suspicious(place, "gguf.alignment", f"starts at {offset:,}, which is not aligned", where)
    return offset, offset + -(-elements // block) * width


def _data(
    header: _Header, ranges: list[tuple[int, int]], content: Content, place: Place, nested: Nested
) -> Iterator[Finding]:
    end = header.cursor.position
    start = _aligned(end, header.alignment)
    if not ranges:
        yield from _padding(content, end, min(start, content.size), place, nested)
        yield from examine_leftover(content, start, content.size - start, "trailing bytes", "gguf", place, nested)
        return
    last = max(stop for _, stop in ranges)
    if start + last > content.size:
        raise MalformedError(
            "gguf.truncated", f"places a tensor up to byte {start + last:,}, the file has {content.size:,}", start
        )
    yield from _padding(content, end, start, place, nested)
    gaps, overlaps = swept(ranges, 0, content.size - start)
    if overlaps:
        what = f"tensors overlap, first at byte {overlaps[0]:,} of the data"
        yield suspicious(place, "gguf.overlap", what, f"byte {start + overlaps[0]:,}")
    for begin, stop in ranges:
        yield from examine_numbers(
            content, start + begin, stop - begin, f"the tensor at byte {start + begin:,}", "gguf", place, nested
        )
    for begin, stop in gaps:
        padded = min(_aligned(begin, header.alignment), stop)
        yield from _padding(content, start + begin, start + padded, place, nested)
        label = "trailing bytes" if begin >= last else "gap"
        yield from examine_leftover(content, start + padded, stop - padded, label, "gguf", place, nested)


def _padding(content: Content, begin: int, end: int, place: Place, nested: Nested) -> Iterator[Finding]:
    if not all_zero(content, begin, end - begin):
        yield from examine_leftover(content, begin, end - begin, "filled padding", "gguf", place, nested)


def _aligned(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment
