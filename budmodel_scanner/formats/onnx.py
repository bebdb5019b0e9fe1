"""ONNX: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, walked without its schema library.

Models, and the values that tests of models keep in files of their own: a tensor, a sequence, an optional value.

Loaders resolve `external_data` against the model's directory: CVE-2022-25882, CVE-2024-27318 and CVE-2024-7776 read or wrote
files outside of it.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from budmodel_scanner.content import Content, Place
from budmodel_scanner.described_weights import WeightRanges
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.locations import objection
from budmodel_scanner.formats.protobuf import BYTES, VARINT, Field, first_fields, packed
from budmodel_scanner.formats.protobuf_schema import Visit, walk
from budmodel_scanner.formats.reading import MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_bytes, examine_metadata
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import sections

# Few, because the end of a small file is in its head, and what is wrong there is for the examination to say.
_OPENING_FIELDS = 2
_MODEL_WIRES = {1: VARINT, 5: VARINT, **dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), BYTES)}
# What a value alone has in common with no graph of TensorFlow: its second field is the number of a type.
_VALUE_WIRES = {2: VARINT, **dict.fromkeys((3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16), BYTES), 14: VARINT}
_VALUE_SUFFIXES = (".pb", ".onnx", ".tensorproto", ".tensor", ".proto")
_HIGHEST_TYPE = 26
_LISTED = sections(__package__, "onnx.txt")
# The exporter of torch names the functions that it stores along after Python packages.
_EXPORTED = ("pkg.onnxscript.", "pkg.torch.", "pkg.transformers.", "pkg.")
_NEEDS_SETS = 3  # the first version of the format whose models have to state versions of their operators
_MAX_SHAPE_BYTES = 1024
# What a model says of itself and what its operators are given; and what is too long for a name.
_DOCUMENTED = (("Node", 6), ("Function", 8), ("Value", 3), ("Tensor", 12), ("Attribute", 13))
_GIVEN = (("Attribute", 4), ("Attribute", 9), ("Tensor", 6))
_VALUES = (*_GIVEN, ("Model", 6), ("Graph", 10), ("Model", 2), ("Model", 4), *_DOCUMENTED)
_LONG_TEXT = 128
_NAMES = {("Node", 1), ("Node", 2), ("Node", 3)}  # Of which there may be millions.
# Bits per element by the number of the type.
_BITS = {
    kind: bits
    for bits, kinds in {
        2: (25, 26),
        4: (21, 22, 23),
        8: (2, 3, 9, 17, 18, 19, 20, 24),
        16: (4, 5, 10, 16),
        32: (1, 6, 12),
        64: (7, 11, 13, 14),
        128: (15,),
    }.items()
    for kind in kinds
}


def recognizes(head: bytes, name: str) -> bool:
    found = first_fields(head, _OPENING_FIELDS)
    if not found or any(_MODEL_WIRES.get(number) != wire for number, wire, _ in found):
        return False
    numbers = {number: payload for number, _, payload in found}
    version = int.from_bytes(numbers.get(1, b""), "little")
    if name.lower().endswith(".onnx"):
        return True
    return 1 <= version <= 64 and (7 in numbers or (2 in numbers and numbers[2].isascii() and b"\n" not in numbers[2]))


def recognizes_value(head: bytes, name: str) -> bool:
    """A TensorProto, SequenceProto or OptionalProto."""
    found = first_fields(head)
    if not found or not name.lower().endswith(_VALUE_SUFFIXES):
        return False
    types = [int.from_bytes(payload, "little") for number, _, payload in found if number == 2]
    return len(types) == 1 and types[0] <= _HIGHEST_TYPE and all(_is_of_value(number, wire) for number, wire, _ in found)


def _is_of_value(number: int, wire: int) -> bool:
    # A shape may be packed or not; the name of a sequence has its number.
    return wire in (VARINT, BYTES) if number == 1 else _VALUE_WIRES.get(number) == wire


@reports_malformed
def examine_value(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    """Tried as all that it may be; what fits neither is told as a tensor that is wrong."""
    message = "Sequence" if _fits(content, "Sequence", place) else "Tensor"
    yield from _examined(content, place, nested, message)


def _fits(content: Content, message: str, place: Place) -> bool:
    try:
        return all(visit.holds is not None for visit in walk(content, message, "onnx", place))
    except MalformedError:
        return False


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    yield from _examined(content, place, nested, "Model")


def _examined(content: Content, place: Place, nested: Nested, message: str) -> Iterator[Finding]:
    used: dict[str, int] = {}
    defined: set[str] = set()
    has_graph = has_operator_sets = False
    tensor = _Tensor()
    elsewhere = WeightRanges()
    for visit in walk(content, message, "onnx", place):
        kind = (visit.message, visit.field.number)
        if kind in _NAMES and len(visit.text) <= _LONG_TEXT:
            continue
        where = place.at(f"byte {visit.field.start:,}")
        has_graph = has_graph or kind == ("Model", 7)
        has_operator_sets = (
            has_operator_sets or kind == ("Model", 8) or (kind == ("Model", 1) and visit.field.value < _NEEDS_SETS)
        )
        if visit.holds == "Tensor":
            yield from tensor.findings(place, elsewhere)
            tensor = _Tensor(visit.field.start)
        elif visit.message == "Tensor":
            tensor.add(visit.field, content)
        if visit.holds is None:
            what = f"field {kind[1]} of {kind[0]} is none that ONNX has; loaders skip it"
            yield Finding("onnx.unknown-field", Verdict.SUSPICIOUS, what, where)
        elif kind == ("Node", 7) or kind == ("Opset", 1):
            used.setdefault(visit.text.decode("utf-8", "replace"), visit.field.start)
        elif kind == ("Function", 10):
            defined.add(visit.text.decode("utf-8", "replace"))
        elif kind == ("Node", 4):
            yield from _operator(visit.text.decode("utf-8", "replace"), where)
        elif visit.message == "External":
            tensor.place_outside(visit)
            yield from _external(visit, where)
        elif kind == ("Tensor", 9):
            start, size = visit.field.start, visit.field.end - visit.field.start
            yield from examine_bytes(
                content, start, size, f"a constant at byte {start:,}", "onnx.payload-in-tensor", place, nested
            )
        elif visit.text and (kind in _VALUES or visit.message == "Property" or len(visit.text) > _LONG_TEXT):
            name = f"{visit.message} text at byte {visit.field.start:,}"
            yield from examine_metadata(visit.text, name, "onnx", place, nested)
            if visit.message == "Attribute" and _PATH.fullmatch(visit.text) and (reason := objection(visit.text.decode())):
                what = f"an operator opens {visit.text.decode()[:120]!r}, which {reason}"
                yield suspicious(place, "onnx.path", what, where)
    yield from tensor.findings(place, elsewhere)
    yield from elsewhere.notes(place)
    if message == "Model" and not has_operator_sets:
        yield suspicious(place, "onnx.no-operator-sets", "states no version of its operators")
    if message == "Model" and not has_graph:
        yield suspicious(place, "onnx.no-graph", "the model holds no graph")
    for domain, at in used.items():
        if domain and domain not in _LISTED["domains"] and domain not in defined and not domain.startswith(_EXPORTED):
            what = f"needs operators of {domain[:80]!r}, a native library that the model's author names"
            yield suspicious(place, "onnx.custom-domain", what, f"byte {at:,}")


@dataclass(slots=True)
class _Tensor:
    """What a tensor says about its size, gathered field by field."""

    start: int = 0
    shape: list[int] = field(default_factory=list)
    type: int = 0
    stored: int | None = None
    external: dict[str, str] = field(default_factory=dict)
    _key: str | None = None

    def place_outside(self, visit: Visit) -> None:
        """An entry of its external data: a key, then what it says."""
        text = visit.text.decode("utf-8", "replace")
        if visit.field.number == 1:
            self._key = text
        elif self._key is not None:
            self.external[self._key] = text
            self._key = None

    def add(self, found: Field, content: Content) -> None:
        if found.number == 1 and found.wire == BYTES:
            self.shape += packed(content.read(found.start, min(found.end - found.start, _MAX_SHAPE_BYTES)))
        elif found.number == 1:
            self.shape.append(found.value)
        elif found.number == 2:
            self.type = found.value
        elif found.number == 9:
            self.stored = found.end - found.start

    def findings(self, place: Place, elsewhere: WeightRanges) -> Iterator[Finding]:
        """What is wrong with its size; where its numbers lie in another file, `elsewhere` is told."""
        where = place.at(f"byte {self.start:,}")
        bits = _BITS.get(self.type)
        shape = [length - (1 << 64) if length >= 1 << 63 else length for length in self.shape]
        if any(length < 0 for length in shape) or math.prod(shape) >= 1 << 60:
            yield Finding("onnx.overflow", Verdict.SUSPICIOUS, f"a tensor has the shape {shape[:16]}", where)
        elif self.stored is not None and bits and self.stored != (math.prod(shape) * bits + 7) // 8:
            what = f"a tensor of shape {shape[:16]} is stored in {self.stored:,} bytes"
            yield Finding("onnx.size", Verdict.SUSPICIOUS, what, where)
        elif bits and "location" in self.external:
            size = (math.prod(shape) * bits + 7) // 8
            start, length = self.external.get("offset", "0"), self.external.get("length", str(size))
            if length != str(size):
                what = f"a tensor of shape {shape[:16]} takes {length[:40]} bytes of another file"
                yield Finding("onnx.size", Verdict.SUSPICIOUS, what, where)
            elif _PLAIN_NUMBER.fullmatch(start):
                elsewhere.add(self.external["location"], int(start), size)


def _operator(name: str, where: str) -> Iterator[Finding]:
    if name in _LISTED["operators of Python"] or "::" in name or name.startswith(("Py", "torch.ops")):
        what = f"the operator {name[:80]!r} runs code outside of ONNX"
        yield Finding("onnx.python-operator", Verdict.SUSPICIOUS, what, where)


# onnxruntime's own name for tensors that it holds itself: as a location in a file, it reads any address.
_MEMORY = "_ORT_MEM_ADDR_"
_NUMBER = expression(r"[+-]?\d{1,40}", re.ASCII)
_PLAIN_NUMBER = expression(r"\d{1,15}", re.ASCII)
# What an operator opens by itself: a context that was compiled before, a library, a vocabulary.
_PATH = expression(rb"[\w.~:-]{0,40}[/\\][\w.~ /\\:-]{2,400}")
_FARTHEST = 1 << 48
_EXTERNAL_KEYS = (b"location", b"offset", b"length", b"checksum", b"basepath")


def _external(visit: Visit, where: str) -> Iterator[Finding]:
    """Paths are looked for in whatever an entry says, because the order of its two fields is up to the writer."""
    value = visit.text.decode("utf-8", "replace")
    if visit.field.number == 1 and visit.text not in _EXTERNAL_KEYS:
        # The reference loader sets every key as an attribute of an object of its own.
        yield Finding("onnx.external-key", Verdict.SUSPICIOUS, f"external data has the key {value[:80]!r}", where)
        return
    reason = "is the memory of whoever loads it" if _MEMORY in value else objection(value)
    if _NUMBER.fullmatch(value) and not 0 <= int(value) < _FARTHEST:
        yield Finding("onnx.external-range", Verdict.SUSPICIOUS, f"external data is placed at {value}", where)
    elif reason:
        yield Finding("onnx.external-path", Verdict.MALICIOUS, f"external data {value[:120]!r} {reason}", where)
    elif value.rpartition("/")[2].startswith(".") and value not in (".", "./"):
        yield Finding("onnx.external-path", Verdict.SUSPICIOUS, f"external data {value[:120]!r} is a hidden file", where)
