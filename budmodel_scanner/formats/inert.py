"""Formats that hold data and nothing that a reader would run: where each ends, and whether it hides something else.

`inert.txt` says how such files begin and what they are called, `inert_ends` how long they say they are. What they hold is
not interpreted: it is searched for what loads, unpacks or runs, at both ends where lengths cover the file, else as a whole.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError, Window
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.inert_ends import BESIDE, ENDS, RUNS, TOLD
from budmodel_scanner.formats.inert_lengths import End, closed
from budmodel_scanner.formats.payloads import examine_leftover, hidden_in, program_in, worse
from budmodel_scanner.formats.reading import MalformedError, all_zero
from budmodel_scanner.formats.values import examine_records, within
from budmodel_scanner.verdict import Finding
from budmodel_scanner.word_lists import lines

_PIECE = 1 << 20
_OVERLAP = 4096
# Files that state their lengths are searched at both ends alone where they are larger than the first.
_SWEPT_BYTES, _MOST_SWEPT_BYTES = 64 << 20, 256 << 20
# What aligns the last part.
_MOST_PADDING = 3
_OPTIONS = frozenset({"named", "text", "texts", "claims"})


class Inert(NamedTuple):
    """A line of `inert.txt`, which says what each field means."""

    name: str
    begins: re.Pattern[bytes]
    suffixes: tuple[str, ...]
    options: frozenset[str]
    key: str
    end: End | None

    @property
    def plausible(self) -> bool:
        return bool({"named", "text"} & self.options)

    @property
    def claims(self) -> bool:
        return "claims" in self.options

    def recognizes(self, head: bytes, name: str) -> bool:
        if "named" in self.options and not name.lower().endswith(self.suffixes):
            return False
        told = TOLD.get(self.key)
        return self.begins.match(head) is not None and (told is None or told(head))

    def examine(self, content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
        yield from _hidden(self, content, place, nested)
        try:
            yield from _beyond(self, content, place, nested)
            if beside := BESIDE.get(self.key):
                yield from beside(content, place)
        except MalformedError as error:
            yield suspicious(place, error.rule, f"as {self.name}: {error.what}", error.where)
        except (ArithmeticError, LookupError, ValueError) as error:
            yield suspicious(place, "inert.header", f"as {self.name}: {str(error)[:100]}", "the header")


def _rows() -> Iterator[Inert]:
    for name, (pattern, *words) in lines(__package__, "inert.txt"):
        ends = dict(word.split(":", 1) for word in words if ":" in word)
        suffixes = tuple(word for word in words if word not in _OPTIONS and ":" not in word)
        key = ends.get("end", "")
        end = closed(_expression(ends["ends"])) if "ends" in ends else ENDS.get(key)
        yield Inert(name, _expression(pattern), suffixes, _OPTIONS.intersection(words), key, end)


def _expression(written: str) -> re.Pattern[bytes]:
    return expression(written.encode(), re.DOTALL)


INERT = tuple(_rows())


def _hidden(row: Inert, content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    if row.end is None and content.size > _MOST_SWEPT_BYTES:
        raise UnscannedError("inert.too-large", f"states no lengths, and {content.size:,} bytes are not searched")
    last = max(0, content.size - _PIECE)
    is_swept = row.end is None or content.size <= _SWEPT_BYTES
    for start in range(0, content.size, _PIECE - _OVERLAP) if is_swept else sorted({0, last}):
        data = content.read(start, _PIECE)
        is_code = "texts" not in row.options and (start == 0 or start + len(data) == content.size)
        if found := hidden_in(data) if is_code else program_in(data):
            what, at = found[0], start + found[1]
            yield suspicious(place, "inert.holds-content", f"is {row.name} and holds {what}", f"byte {at:,}")
            yield from worse(nested(Window(content, at, content.size - at), place.inside(what)))
            return
        if (runs := RUNS.get(row.key)) and (code := runs(data)):
            what = f"is {row.name} that runs code: {code[0][-60:]!r}"
            yield suspicious(place, "inert.runs-code", what, f"byte {start + code.start():,}")
            return
        if is_code:
            yield from examine_records(content, start, len(data), f"a text of {row.name}", "inert", place, nested)
        for how, inner in within(data, place):
            if found := hidden_in(inner) if is_code else program_in(inner):
                yield suspicious(place, "inert.holds-content", f"is {row.name} and holds {found[0]}, {how}")
                yield from worse(nested(MemoryContent(inner[found[1] :]), place.inside(how)))


def _beyond(row: Inert, content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    if row.end is None:
        return
    end = row.end(content)
    if end > content.size:
        raise MalformedError("inert.truncated", f"needs {end:,} bytes, the file has {content.size:,}", "the end")
    if content.size - end > _MOST_PADDING or not all_zero(content, end, content.size - end):
        yield from examine_leftover(content, end, content.size - end, "trailing bytes", "inert", place, nested)
