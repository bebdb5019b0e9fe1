"""Parquet: https://parquet.apache.org/docs/file-format/: column pages between two magic numbers, described by a footer."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, unscanned
from budmodel_scanner.formats.reading import MalformedError, reports_malformed
from budmodel_scanner.formats.tables import examine_cells_of
from budmodel_scanner.formats.values import examine_values
from budmodel_scanner.verdict import Finding

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_MAX_FOOTER_BYTES = 64 << 20


def recognizes(head: bytes, _name: str) -> bool:
    return head[:4] in (_MAGIC, _ENCRYPTED)


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    tail = content.read(max(0, content.size - 8), 8)
    if tail[4:] == _ENCRYPTED:
        yield unscanned(place, "parquet.encrypted", "the footer is encrypted", "footer")
        return
    length = int.from_bytes(tail[:4], "little")
    if len(tail) < 8 or tail[4:] != _MAGIC or length > content.size - 12:
        raise MalformedError("parquet.footer", "does not end with its footer and magic number", content.size - len(tail))
    if length > _MAX_FOOTER_BYTES:
        yield unscanned(place, "parquet.footer-too-large", f"a footer of {length:,} bytes is not read", "footer")
        return
    yield from examine_values(content, content.size - 8 - length, length, "the footer", place, nested)
    yield from examine_cells_of("parquet", content, place, nested)
