"""safetensors: https://github.com/huggingface/safetensors#format, and what its reference reader refuses."""

import math
from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeGuard

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.formats.payloads import examine_leftover
from budmodel_scanner.formats.reading import MalformedError, exactly, reports_malformed, swept_in_order
from budmodel_scanner.formats.safetensors_header import Header, Object
from budmodel_scanner.formats.values import examine_metadata, examine_numbers
from budmodel_scanner.verdict import Finding

# What the reference reader accepts at most.
MAX_HEADER_BYTES = 100_000_000
_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}


def recognizes(head: bytes, _name: str) -> bool:
    """A length and then a JSON object; the length may lie, that is for the examination to say."""
    return head[8:10] in (b'{"', b"{}", b"{ ", b"{\n") and (not head[:8].isascii() or b"\0" in head[:8])


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    length = int.from_bytes(exactly(content, 0, 8, "safetensors"), "little")
    if length > MAX_HEADER_BYTES:
        raise MalformedError("safetensors.header-too-large", f"claims a header of {length:,} bytes", 0)
    if length > content.size - 8:
        raise MalformedError(
            "safetensors.truncated", f"claims a header of {length:,} bytes, the file has {content.size:,}", 0
        )
    header = Header(content, 8, length)
    begins, ends = array("Q"), array("Q")
    for name, entry in header.entries():
        if name == "__metadata__":
            yield from _metadata(entry, place, nested)
        else:
            yield from _name(name, place)
            begin, end = _range(name, entry)
            begins.append(begin)
            ends.append(end)
    yield from _spelling(header.padding, place)
    start, data = 8 + length, content.size - 8 - length
    gaps, overlaps = swept_in_order(_in_order(begins, ends), 0, data)
    if overlaps:
        what = f"tensors overlap, first at byte {overlaps[0]:,} of the data"
        yield suspicious(place, "safetensors.overlap", what, f"byte {start + overlaps[0]:,}")
    last = max(ends, default=0)
    if last > data:
        raise MalformedError(
            "safetensors.truncated", f"the header places a tensor up to byte {last:,} of the data, which has {data:,}", start
        )
    for begin, end in zip(begins, ends, strict=True):
        yield from examine_numbers(
            content, start + begin, end - begin, f"the tensor at byte {start + begin:,}", "safetensors", place, nested
        )
    for begin, end in gaps[:20]:
        label = "trailing bytes" if begin >= last else "gap"
        yield from examine_leftover(content, start + begin, end - begin, label, "safetensors", place, nested)


def _in_order(begins: "array[int]", ends: "array[int]") -> Iterator[tuple[int, int]]:
    """Most headers state their tensors in the order of their data, which saves sorting hundreds of thousands."""
    if all(one <= other for one, other in pairwise(begins)):
        return zip(begins, ends, strict=True)
    return ((begins[number], ends[number]) for number in sorted(range(len(begins)), key=begins.__getitem__))


def _spelling(padding: str, place: Place) -> Iterator[Finding]:
    if padding.strip(" "):
        yield suspicious(place, "safetensors.padding", "the header is padded with something else than spaces", "header")
    if len(padding) > 4096:
        yield suspicious(place, "safetensors.padding", f"the header has {len(padding):,} bytes of padding", "header")


def _metadata(entry: Any, place: Place, nested: Nested) -> Iterator[Finding]:
    if not _is_object(entry) or not all(isinstance(value, str) for _, value in entry):
        raise MalformedError("safetensors.metadata", "__metadata__ is not an object of texts", "__metadata__")
    for name, value in entry:
        yield from _name(name, place)
        where = f"__metadata__.{name[:80]}"
        for text in (name, value):
            yield from examine_metadata(text.encode("utf-8", "replace"), where, "safetensors", place, nested)
        if any(ord(letter) < 32 and letter not in "\t\r\n" for letter in value):
            yield suspicious(place, "safetensors.binary-metadata", f"{where} holds control characters", where)


def _name(name: str, place: Place) -> Iterator[Finding]:
    odd = not name.isprintable() or len(name) > 1024 or not name
    if odd or not name.isascii() or "../" in name or "..\\" in name or name.startswith("/"):
        yield suspicious(place, "safetensors.name", f"the name {name[:80]!r} is no ordinary one", "header")


def _range(name: str, entry: Any) -> tuple[int, int]:
    where = f"tensor {name[:80]!r}"
    fields = dict(entry) if _is_object(entry) else {}
    if set(fields) != {"dtype", "shape", "data_offsets"}:
        raise MalformedError("safetensors.tensor", f"states {sorted(fields)[:6]}, not dtype, shape and data_offsets", where)
    bits = _BITS.get(fields["dtype"]) if isinstance(fields["dtype"], str) else None
    shape, offsets = fields["shape"], fields["data_offsets"]
    if bits is None:
        raise MalformedError("safetensors.dtype", f"the dtype {str(fields['dtype'])[:40]!r} is not known", where)
    if not _whole(shape) or not _whole(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise MalformedError(
            "safetensors.tensor", f"shape {str(shape)[:80]} and offsets {str(offsets)[:80]} are invalid", where
        )
    stored = math.prod(shape) * bits
    if stored >= 1 << 66 or stored % 8 or stored // 8 != offsets[1] - offsets[0]:
        raise MalformedError(
            "safetensors.size",
            f"{fields['dtype']} of shape {str(shape)[:80]} does not fill {offsets[1] - offsets[0]:,} bytes",
            where,
        )
    return offsets[0], offsets[1]


def _is_object(entry: Any) -> TypeGuard[Object]:
    return isinstance(entry, tuple)


def _whole(numbers: Any) -> TypeGuard[list[int]]:
    return (
        isinstance(numbers, list) and len(numbers) <= 64 and all(type(one) is int and 0 <= one < 1 << 62 for one in numbers)
    )
