"""The header of safetensors, entry by entry: one of a model of experts has hundreds of thousands, and none is kept."""

import json
from array import array
from codecs import getincrementaldecoder
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from budmodel_scanner.content import Content
from budmodel_scanner.formats.reading import MalformedError, pieces

Object = tuple[tuple[str, Any], ...]  # A JSON object, its keys as often as they are stated.
_BLANKS = " \t\r\n"


class Header:
    """`entries()` reads it to its end, after which `padding` is what stands behind its brace."""

    def __init__(self, content: Content, start: int, length: int) -> None:
        self.padding = ""
        self._pieces = pieces(content, start, length)
        self._text = ""
        self._at = 0
        self._decode = getincrementaldecoder("utf-8")().decode
        self._json = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_refused)

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Names and values. Raises MalformedError where it is no JSON object, or states a name twice."""
        names = array("q")
        try:
            if self._next() != "{":
                raise MalformedError("safetensors.header", f"the header starts with {self._text[:8]!r}, not with a brace", 8)
            self._at += 1
            while self._next() != "}" or names:
                name = self._value()
                if not isinstance(name, str) or self._next() != ":":
                    raise ValueError("no name and colon where an entry should begin")
                self._at += 1
                value = self._value()
                names.append(hash(name))
                yield name, value
                separator = self._next()
                self._at += 1
                if separator == "}":
                    break
                if separator != ",":
                    raise ValueError("no comma between two entries")
            else:
                self._at += 1
            self._finish()
        except (ValueError, RecursionError) as error:
            raise MalformedError("safetensors.header", f"the header is no JSON: {str(error)[:100]}", 8) from error
        if any(one == other for one, other in pairwise(sorted(names))):
            raise MalformedError("safetensors.duplicate-key", _TWICE, 8)

    def _next(self) -> str:
        """The next letter that is no blank, not consumed; nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANKS:
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        """The next JSON value, however many pieces it takes."""
        self._next()
        wanted = 1
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except ValueError:
                # Broken, or cut off by the end of the piece: twice as much each time, so that a long one is not read often.
                if not sum(self._more() for _ in range(wanted)):
                    raise
                wanted *= 2
                continue
            if end == len(self._text) and self._more():
                continue  # A number may go on.
            self._at = end
            return value

    def _finish(self) -> None:
        self.padding = self._text[self._at :] + "".join(iter(lambda: self._read() or "", ""))
        if self.padding.strip(_BLANKS):
            raise ValueError("something stands behind its end")

    def _more(self) -> bool:
        piece = self._read()
        if piece is None:
            return False
        self._text = self._text[self._at :] + piece
        self._at = 0
        return True

    def _read(self) -> str | None:
        for piece in self._pieces:
            if text := self._decode(piece):
                return text
        self._decode(b"", final=True)
        return None


_TWICE = "the header states a key twice; readers differ in which counts"


def _pairs(pairs: list[tuple[str, Any]]) -> Object:
    if len({name for name, _ in pairs}) != len(pairs):
        raise MalformedError("safetensors.duplicate-key", _TWICE, 8)
    return tuple(pairs)


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
