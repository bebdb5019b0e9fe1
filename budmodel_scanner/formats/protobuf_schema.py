"""A walk over a whole protobuf message by a written-down part of its schema."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from budmodel_scanner.content import Content, Place
from budmodel_scanner.formats.protobuf import BYTES, Field, fields
from budmodel_scanner.formats.reading import MalformedError
from budmodel_scanner.word_lists import lines

# What a field holds: another message by its name, TEXT (read), DATA (passed over by length, or packed numbers), NUMBER.
TEXT, DATA, NUMBER = "text", "data", "number"
Schema = Mapping[str, Mapping[int, str]]
# The reference implementations refuse messages that are nested deeper.
_MAX_DEPTH = 100
_MAX_TEXT_BYTES = 16 << 20


@cache
def schema_of(area: str) -> Schema:
    """The schema that `schemas/<area>.txt` holds."""
    found: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for _, (message, *words) in lines(__package__, f"schemas/{area}.txt"):
        holds = ""
        for word in words:
            if word[0].isdigit():
                first, _, last = word.partition("-")
                found[message].update(dict.fromkeys(range(int(first), int(last or first) + 1), holds))
            else:
                holds = word
    return dict(found)


@dataclass(frozen=True, slots=True)
class Visit:
    """A field of a message of the type `message`. `holds` is what the schema says; None where it does not know the field."""

    message: str
    field: Field
    holds: str | None
    text: bytes = b""


def walk(content: Content, message: str, area: str, place: Place) -> Iterator[Visit]:
    """By the schema of `area`, every field of the message and of the messages in it, in the order in which they lie.

    Raises MalformedError (`<area>.protobuf`, `<area>.depth`) where the bytes are no such message to the last one.
    """
    schema = schema_of(area)
    stack = [(message, fields(content, 0, content.size, area, place))]
    while stack:
        name, rest = stack[-1]
        found = next(rest, None)
        if found is None:
            stack.pop()
            continue
        holds = schema[name].get(found.number)
        if holds == NUMBER and found.wire == BYTES:
            holds = DATA  # packed
        if holds not in (None, DATA) and (holds == NUMBER) == (found.wire == BYTES):
            raise MalformedError(
                f"{area}.protobuf", f"field {found.number} of {name} has the wire type {found.wire}", found.start
            )
        if holds == TEXT:
            length = found.end - found.start
            if length > _MAX_TEXT_BYTES:
                raise MalformedError(f"{area}.absurd-length", f"a text of {name} has {length:,} bytes", found.start)
            yield Visit(name, found, holds, content.read(found.start, length))
            continue
        yield Visit(name, found, holds)
        if holds in schema:
            if len(stack) >= _MAX_DEPTH:
                raise MalformedError(f"{area}.depth", f"messages are nested more than {_MAX_DEPTH} deep", found.start)
            stack.append((str(holds), fields(content, found.start, found.end, area, place)))
