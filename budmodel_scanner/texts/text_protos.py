"""Messages in the text form of protocol buffers: https://protobuf.dev/reference/protobuf/textformat-spec/."""

from codecs import escape_decode
from collections.abc import Iterator
from typing import Any, NamedTuple

from budmodel_scanner.expressions import expression

_TOKEN = expression(
    r"""(?:\s|\#[^\n]*)*(?:(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<word>[-\w.+/]+)|(?P<sign>[{}<>\[\]:;,])|\Z)"""
)
_DEEPEST = 100


class Field(NamedTuple):
    """`value` is None where a message begins; `way` are the names that lead to it, its own the last."""

    way: tuple[str, ...]
    value: bytes | None
    at: int


def fields(text: str) -> Iterator[Field]:
    """The messages, texts and words of a message, in the order in which they stand. Raises ValueError where it is none."""
    way: list[str] = []
    name, held, position, is_value, in_list = "", Field((), None, 0), 0, False, False
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or found.end() == position:
            raise ValueError(f"something else than a field at character {position:,}")
        position = found.end()
        kind = found.lastgroup
        if kind == "text":
            # Those that stand beside each other are one.
            value: Any = escape_decode(found["text"][1:-1].encode())[0]
            held = Field((*way, name), (held.value or b"") + value, held.at or found.start("text"))
            is_value = False
            continue
        if held.way:
            yield held
        held = Field((), None, 0)
        if kind == "word" and is_value:
            yield Field((*way, name), found["word"].encode(), found.start("word"))
        elif kind == "word":
            name = found["word"]
        sign = found["sign"] or ""
        in_list = sign == "[" or (in_list and sign != "]")
        is_value = sign in (":", "[") or (in_list and sign == ",")
        if sign in ("{", "<"):
            way.append(name)
            if len(way) > _DEEPEST:
                raise ValueError("messages are nested too deep")
            yield Field(tuple(way), None, found.start("sign"))
        elif sign in ("}", ">"):
            if not way:
                raise ValueError(f"a message ends that never began, at character {position:,}")
            name = way.pop()
    if held.way:
        yield held
