"""TensorFlow graphs by their protobuf wire form: SavedModel, MetaGraph, frozen GraphDef, keras_metadata.pb, fingerprint.pb.

Schemas: https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf and .../core/framework.
A graph is a program: ReadFile and WriteFile reach any file of the machine, PyFunc calls Python, and both run when it is
used.
"""

import json
import re
from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.fixed_paths import FixedPaths
from budmodel_scanner.formats.keras_config import examine_keras_config
from budmodel_scanner.formats.locations import objection
from budmodel_scanner.formats.protobuf import BYTES, VARINT, first_fields
from budmodel_scanner.formats.protobuf_schema import DATA, NUMBER, TEXT, Visit, schema_of, walk
from budmodel_scanner.formats.reading import reports_malformed
from budmodel_scanner.formats.tensorflow_operators import DANGEROUS, REACHING_OUT, is_known
from budmodel_scanner.formats.values import examine_bytes, examine_metadata
from budmodel_scanner.verdict import Finding, Verdict

# Few, because the end of a small file is in its head, and what is wrong there is for the examination to say.
_OPENING_FIELDS = 2
_ROOTS = ("SavedModel", "KerasMetadata", "Fingerprint", "Graph", "MetaGraph")


def recognizes(head: bytes, name: str) -> bool:
    return _root(head, name) is not None


def _root(head: bytes, name: str) -> str | None:
    """Which message the content plausibly is. The loaders go by file names, so a name that they know decides."""
    base = name.rpartition("/")[2].lower()
    found = first_fields(head, _OPENING_FIELDS)
    if not found:
        return None
    if base == "keras_metadata.pb":
        return "KerasMetadata"
    if base == "fingerprint.pb":
        return "Fingerprint"
    if base == "saved_model.pb":
        return "SavedModel"
    if not base.endswith((".pb", ".meta", ".graphdef")):
        return "Graph" if found[0][0] == 1 and _opens("Graph", found) else None
    schema = schema_of("tensorflow")
    for root in _ROOTS:
        if all(_fits(schema[root].get(number), wire) for number, wire, _ in found) and _opens(root, found):
            return root
    return None


def _fits(holds: str | None, wire: int) -> bool:
    return holds is not None and (holds == NUMBER) == (wire != BYTES)


def _opens(root: str, found: list[tuple[int, int, bytes]]) -> bool:
    number, wire, payload = found[0]
    if root == "SavedModel":
        return (number, wire) == (1, VARINT) and int.from_bytes(payload, "little") == 1
    if root == "Fingerprint":
        return wire == VARINT
    if root == "KerasMetadata":
        return (first_fields(payload) or [(0, 0, b"")])[0][0] == 2
    inner = first_fields(payload) if wire == BYTES else None
    if root == "Graph" and number == 1:
        # A node: its name and its operator.
        texts = [entry[2] for entry in inner or [] if entry[:2] in ((1, BYTES), (2, BYTES))]
        return len(texts) > 1 and texts[1][:1].isalpha() and texts[1].replace(b">", b"").isalnum()
    messages = schema_of("tensorflow")
    schema = messages.get(messages[root].get(number, ""))
    return inner is not None and schema is not None and all(_fits(schema.get(entry[0]), entry[1]) for entry in inner)


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    root = _root(content.read(0, 4096), place.name)
    if root is None:
        yield unscanned(place, "tensorflow.unknown", "no message of TensorFlow that is known here", "byte 0")
        return
    functions: set[str] = set()
    operators: dict[str, int] = {}
    paths = FixedPaths()
    has_graph = False
    for visit in walk(content, root, "tensorflow", place):
        kind = (visit.message, visit.field.number)
        where = place.at(f"byte {visit.field.start:,}")
        has_graph = has_graph or visit.holds == "MetaGraph"
        if visit.holds is None:
            what = f"field {kind[1]} of {kind[0]} is none that is known"
            yield Finding("tensorflow.unknown-field", Verdict.SUSPICIOUS, what, where)
        elif visit.holds in ("Function", "Graph"):
            paths.begin_graph()
        elif visit.holds == "Node":
            paths.begin_node()
        elif kind == ("Node", 1):
            paths.name = visit.text
        elif kind == ("Node", 2):
            paths.operator = visit.text
            operators.setdefault(visit.text.decode("utf-8", "replace"), visit.field.start)
        elif kind == ("Node", 3):
            paths.inputs.append(visit.text)
        elif kind == ("Signature", 1):
            functions.add(visit.text.decode("utf-8", "replace"))
        elif kind in (("KerasObject", 5), ("UserObject", 3)):
            yield from _keras(visit, place)
        elif kind == ("Asset", 2):
            yield from _asset(visit.text.decode("utf-8", "replace"), where)
        yield from _carried(content, visit, place, nested)
    if root == "SavedModel" and not has_graph:
        yield suspicious(place, "tensorflow.no-graph", "the model holds no graph")
    yield from _operators(operators, functions, place)
    yield from paths.findings(place)


# What a name has no use for.
_LONG_TEXT = 128
_VALUES = (("AttrValue", 2), ("AttrList", 2), ("Tensor", 8))
_SEARCHED_BYTES = 1 << 20


def _carried(content: Content, visit: Visit, place: Place, nested: Nested) -> Iterator[Finding]:
    """Texts and bytes that an operator is given, and those too long for a name."""
    kind = (visit.message, visit.field.number)
    name, size = f"{visit.message} at byte {visit.field.start:,}", visit.field.end - visit.field.start
    if kind in _VALUES or len(visit.text) > _LONG_TEXT:
        yield from examine_metadata(visit.text, name, "tensorflow", place, nested)
    if size < _SHORTEST_PAYLOAD or visit.holds not in (TEXT, DATA) or (visit.holds == TEXT and kind not in _VALUES):
        return
    data = content.read(visit.field.start, min(size, _SEARCHED_BYTES))
    if found := _NESTED.search(data):
        what = f"a constant holds a graph with the operator {found[0][2:].decode('ascii')}"
        yield Finding("tensorflow.dangerous-operator", Verdict.MALICIOUS, what, place.at(f"byte {visit.field.start:,}"))
    if visit.holds == DATA:
        yield from examine_bytes(content, visit.field.start, size, name, "tensorflow.payload-in-constant", place, nested)


def _operators(operators: dict[str, int], functions: set[str], place: Place) -> Iterator[Finding]:
    for name, at in operators.items():
        where = place.at(f"byte {at:,}")
        if name in DANGEROUS:
            what = f"the operator {name} {DANGEROUS[name]}"
            yield Finding("tensorflow.dangerous-operator", Verdict.MALICIOUS, what, where)
        elif name in REACHING_OUT:
            what = f"the operator {name} {REACHING_OUT[name]}"
            yield Finding("tensorflow.reaching-operator", Verdict.SUSPICIOUS, what, where)
        elif not is_known(name) and name not in functions:
            what = f"the operator {name[:80]!r} is none of TensorFlow itself"
            yield Finding("tensorflow.unknown-operator", Verdict.SUSPICIOUS, what, where)


def _keras(visit: Visit, place: Place) -> Iterator[Finding]:
    if not visit.text:
        return
    try:
        config = json.loads(visit.text)
    except (ValueError, RecursionError):
        where = place.at(f"byte {visit.field.start:,}")
        yield Finding("keras.config", Verdict.SUSPICIOUS, "the metadata of a Keras object is no JSON", where)
        return
    yield from examine_keras_config(config, place)


def _asset(name: str, where: str) -> Iterator[Finding]:
    reason = objection(name)
    if reason:
        yield Finding("tensorflow.asset-path", Verdict.MALICIOUS, f"the asset {name[:120]!r} {reason}", where)


# A graph within a text or tensor, as functions and data sets carry them: the field of an operator, its length, its name.
_NESTED = expression(b"|".join(re.escape(b"\x12" + bytes([len(name)]) + name.encode()) for name in DANGEROUS))
_SHORTEST_PAYLOAD = 12
