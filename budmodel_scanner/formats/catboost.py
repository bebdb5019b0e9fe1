"""CatBoost's own format (.cbm): https://github.com/catboost/catboost/blob/master/catboost/libs/model/flatbuffers/model.fbs.

After the magic number come the size of a FlatBuffer, the FlatBuffer, and the tables of statistics that it names as parts.
"""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place, UnscannedError, Window
from budmodel_scanner.examiner import Nested
from budmodel_scanner.formats.flatbuffers import Table
from budmodel_scanner.formats.payloads import examine_leftover
from budmodel_scanner.formats.reading import Cursor, MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_metadata, examine_numbers
from budmodel_scanner.verdict import Finding

_MAGIC = b"CBM1"
_VERSION, _TREES, _PROPERTIES, _PARTS = 0, 1, 2, 3
_KEY, _VALUE = 0, 1
_VERSIONS = (b"FlabuffersModel_v1", b"FlatbuffersModel_v1")
_STATISTICS = b"static_provider_v1"
_MAX_TEXT_BYTES = 16 << 20
_MAX_PROPERTIES = 1000


def recognizes(head: bytes, _name: str) -> bool:
    return head[:4] == _MAGIC and len(head) >= 12


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    cursor = Cursor(content, "catboost", len(_MAGIC))
    size = cursor.number("I")
    core = Window(content, cursor.position, size)
    cursor.skip(size)
    root = Table(core, "catboost", int.from_bytes(core.read(0, 4), "little"))
    if root.bytes_of(_VERSION, 64) not in _VERSIONS or root.reference(_TREES) is None:
        raise MalformedError("catboost.version", "states no version of the format, or holds no trees", 8)
    yield from examine_numbers(content, 8, size, "the model", "catboost", place, nested)
    for property_ in _tables(root, _PROPERTIES):
        place.budget.spend("opcodes")
        key, value = (property_.bytes_of(index, _MAX_TEXT_BYTES) for index in (_KEY, _VALUE))
        name = f"property {key[:80].decode('utf-8', 'replace')}"
        yield from examine_metadata(value, name, "catboost", place, nested)
    for start in _references(root, _PARTS):
        length = int.from_bytes(core.read(start, 4), "little")
        if core.read(start + 4, min(length, 64)) != _STATISTICS:
            raise UnscannedError("part", "holds a part that is not read here")
        for _ in range(cursor.number("I")):
            place.budget.spend("opcodes")
            cursor.skip(cursor.number("I"))
    yield from examine_leftover(content, cursor.position, cursor.left, "trailing bytes", "catboost", place, nested)


def _tables(root: Table, index: int) -> Iterator[Table]:
    for start in _references(root, index):
        yield Table(root.content, "catboost", start)


def _references(root: Table, index: int) -> Iterator[int]:
    """Where the texts or tables of a vector start."""
    start, length = root.items(index, 4)
    if length > 4 * _MAX_PROPERTIES:
        raise MalformedError("catboost.absurd-length", f"claims {length // 4:,} properties", start)
    for at in range(start, start + length, 4):
        yield at + int.from_bytes(root.content.read(at, 4), "little")
