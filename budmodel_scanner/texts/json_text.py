"""JSON of strangers: parsed strictly and within bounds. Large vocabularies are checked without being built."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.decoding import is_utf8
from budmodel_scanner.verdict import Finding, Verdict

# Larger documents are read in pieces.
MAX_JSON_BYTES = 8 << 20
# What a parsed value may cost in memory, at about 100 bytes for each comma or bracket.
_MAX_VALUES = 700_000
_LONG_NUMBER = expression(rb"(?<![\d.])\d{1000,}")

_SHORT = rb'"(?:[^"\\\x00-\x1f]|\\.){0,400}"'
_NUMBER = rb"-?\d{1,40}(?:\.\d{1,40})?(?:[eE][-+]?\d{1,4})?"
_SPACE = rb"[ \t\r\n]*"


def _run(item: bytes) -> bytes:
    """At least 16 items, each with its comma; the last item of a list has none and is left to be parsed."""
    return rb"(?:" + item + _SPACE + rb"," + _SPACE + rb"){16,1000}"


# Vocabularies, merges as pairs or texts, scored pieces, and plain numbers: long, alike, and of no meaning to a loader.
_PAIR = rb"\[" + _SPACE + _SHORT + _SPACE + rb"," + _SPACE + rb"(?:" + _SHORT + rb"|" + _NUMBER + rb")" + _SPACE + rb"\]"
ALIKE = expression(rb"|".join(map(_run, (_SHORT + _SPACE + rb":" + _SPACE + _NUMBER, _NUMBER, _PAIR, _SHORT))))


@dataclass(frozen=True, slots=True)
class Parsed:
    """`repeated` are keys that an object holds twice."""

    value: object
    repeated: tuple[str, ...] = ()


@dataclass(slots=True)
class _Objects:
    repeated: list[str] = field(default_factory=list)

    def build(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs) and len(self.repeated) < 20:
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    self.repeated.append(key)
                seen.add(key)
        return found


def parse_json(data: bytes) -> Parsed:
    """The value of a JSON document.

    Raises ValueError for what is none, RecursionError for what is nested too deep.

    NaN and Infinity, which Python writes, are read.
    """
    if not is_utf8(data):
        raise ValueError("not UTF-8")
    if _LONG_NUMBER.search(data):
        raise ValueError("a number of more than a thousand digits")
    objects = _Objects()
    value = json.loads(data.decode("utf-8").lstrip("\ufeff"), object_pairs_hook=objects.build)
    return Parsed(value, tuple(objects.repeated))


def holds_many_values(data: bytes) -> bool:
    """Whether a document costs too much memory to be built, whatever its size."""
    return data.count(b",") + data.count(b"[") + data.count(b"{") > _MAX_VALUES


def examine_form(parsed: Parsed, place: Place) -> Iterator[Finding]:
    if parsed.repeated:
        what = f"keys that stand twice in one object: {', '.join(sorted(set(parsed.repeated))[:5])[:200]}"
        yield Finding("json.repeated-key", Verdict.SUSPICIOUS, what, place.at(""))
