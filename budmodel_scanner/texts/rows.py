"""Texts that are long lists of rows: tables, vocabularies, logs, JSON lines. Read in pieces, whatever their size."""

import json
from collections.abc import Iterator

from budmodel_scanner.content import CHUNK, Content, Place, UnscannedError
from budmodel_scanner.examiner import Nested
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.configuration import examine_configuration
from budmodel_scanner.texts.embedded import examine_embedded
from budmodel_scanner.texts.kinds import Kind
from budmodel_scanner.verdict import Finding, Verdict

_OVERLAP = 4096
_MAX_LINE_BYTES = 32 << 20
FORMULA = expression(
    rb"""(?imx)(?:^|[,;\t])["']?\s{0,5}[=+@-](?:\s{0,3}[+-])?\s{0,3}(?:
        (?:cmd|powershell|msexcel|rundll32|regsvr32|mshta|certutil|wscript|cscript|bash|dde)\s{0,3}[|(]
      | (?:HYPERLINK|WEBSERVICE|IMPORTXML|IMPORTDATA|IMPORTHTML|IMPORTFEED|IMPORTRANGE|IMAGE|CALL|EXEC
        |REGISTER|FILTERXML|RTD)
        \s{0,3}\(\s{0,3}["'a-z]
      | [^,;\t\n"]{1,60}\b(?:cmd|powershell|mshta|rundll32)\s{0,3}\|
    ) | \bcmd\s{0,3}\|\s{0,3}'\s{0,3}/c\b"""
)
# Rows are data that nobody runs, unless they are objects that a loader builds.
_MEANT_FOR_LOADERS = expression(rb'"(?:py/[a-z]+|_target_|auto_map|class_name|lc|__reduce__)"\s*:')

_OBJECT = expression(rb'"{1,2}py/(?:object|reduce|function|type)"{1,2}\s*:')
_CALLED = expression(rb':\s*"(?:(?:os|posix)[.:](?:system|popen|exec\w*)|subprocess[.:]\w+|builtins[.:](?:exec|eval))"')
_GIVEN = expression(rb'"(?:kw)?(?:args|arguments)"\s*:')


def examine_rows(content: Content, kind: Kind, place: Place, nested: Nested) -> Iterator[Finding]:
    """A table, a vocabulary or plain text of any size."""
    tail = b""
    for start in range(0, content.size, CHUNK):
        piece = tail + content.read(start, CHUNK)
        if (zero := piece.find(0)) >= 0:
            what = f"bytes that no text holds, after {start:,} bytes of {kind}"
            yield Finding("text.binary", Verdict.SUSPICIOUS, what, place.at(f"byte {start - len(tail) + zero:,}"))
            return
        if kind is Kind.TABLE and (found := next(examine_table(piece, place), None)):
            yield found
            return
        before = len(tail)
        for finding in examine_embedded(piece, place, nested):
            yield finding
            before = -1
        if before < 0:
            return
        tail = piece[-_OVERLAP:]


def examine_table(data: bytes, place: Place) -> Iterator[Finding]:
    """Cells that a spreadsheet would run or fetch: https://owasp.org/www-community/attacks/CSV_Injection."""
    if found := _OBJECT.search(data):
        what = f"a cell of which jsonpickle would build an object: {found[0][:80]!r}"
        yield Finding("table.object", Verdict.SUSPICIOUS, what, place.at(f"byte {found.start():,}"))
    if found := FORMULA.search(data):
        what = f"a cell that a spreadsheet would run: {found[0].decode('utf-8', 'replace').strip()[:80]!r}"
        yield Finding("table.formula", Verdict.SUSPICIOUS, what, place.at(f"byte {found.start():,}"))


def examine_json_lines(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    """Each line has to be JSON. What rows say is data that nobody runs, but what they encode may be loaded.

    Raises UnscannedError for lines beyond reason."""
    rest = b""
    number = 0
    for start in range(0, content.size, CHUNK):
        piece = content.read(start, CHUNK)
        yield from examine_embedded(piece, place, nested)
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            number += 1
            if finding := _row(line, number, place):
                yield finding
                return
        if len(rest) > _MAX_LINE_BYTES:
            raise UnscannedError("json.too-large", f"line {number + 1} has more than {_MAX_LINE_BYTES:,} bytes")
    if finding := _row(rest, number + 1, place):
        yield finding


def _row(line: bytes, number: int, place: Place) -> Finding | None:
    if not line.strip():
        return None
    try:
        value = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        return Finding("json.nested-too-deep", Verdict.SUSPICIOUS, "nested too deep to be read", place.at(f"line {number}"))
    except ValueError as error:
        return Finding(
            "json.malformed", Verdict.SUSPICIOUS, f"a row is no JSON: {str(error)[:120]}", place.at(f"line {number}")
        )
    if _MEANT_FOR_LOADERS.search(line) or (_CALLED.search(line) and _GIVEN.search(line)):
        return next(examine_configuration(value, place), None)
    return None
