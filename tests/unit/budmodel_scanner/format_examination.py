"""Runs the examiner that the registry has for some bytes, without the router."""

from collections.abc import Iterable, Iterator

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.formats.registry import FORMATS, Format
from budmodel_scanner.verdict import Finding, Verdict, verdict_of


def formats_of(data: bytes, name: str) -> list[Format]:
    return [kind for kind in FORMATS if kind.recognizes(data[:4096], name)]


def not_looked_into(_content: Content | Iterable[bytes], _place: Place) -> Iterator[Finding]:
    """Nested content is the router's to examine; these tests are about what the format itself says."""
    yield from ()


def examined(data: bytes, name: str) -> list[Finding]:
    """Findings; an UnscannedError as the router would report it. Nothing where no format recognizes the bytes."""
    found: list[Finding] = []
    for kind in formats_of(data, name)[:1]:
        try:
            found.extend(kind.examine(MemoryContent(data), Place(name), not_looked_into))
        except UnscannedError as error:
            found.append(Finding(error.rule, Verdict.UNSCANNED, error.what))
    return found


def verdict(data: bytes, name: str) -> Verdict:
    return verdict_of(examined(data, name))


def rules(data: bytes, name: str) -> set[str]:
    return {finding.rule for finding in examined(data, name)}
