"""JSON of any size: what fits into a window is parsed as a whole, what does not is gone into, and long lists of like
items are passed over."""

import codecs
import json
import re
from collections.abc import Iterator

from budmodel_scanner.content import CHUNK, Content
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.json_text import ALIKE

Path = tuple[str, ...]

# Far more than a record of a data set has, and what it takes in memory is far below what a scan may take.
_WINDOW = 1 << 20
_MAX_DEPTH = 200
_MOST_KEYS = 200_000
_KEPT_PATH = 6
_SPACE = expression(r"[ \t\r\n]*")
_LIKE_ITEMS = expression(ALIKE.pattern.decode("latin-1"), re.ASCII)
_PIECE = expression(r'(?:[^"\\\x00-\x1f]|\\.){1,1000}')
_decode = json.JSONDecoder().raw_decode


def pieces(content: Content) -> Iterator[tuple[Path, object]]:
    """The values of a document with the way to each: the keys that lead there, `[]` for lists.

    Raises ValueError for what is no JSON, and RecursionError for what is nested too deep.
    """
    reader = _Reader(content)
    yield from reader.value((), 0)
    reader.skip_space()
    if reader.peek():
        raise ValueError(f"more after the end, at character {reader.position:,}")


class _Reader:
    def __init__(self, content: Content) -> None:
        self._content = content
        self._read = 0
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._passed, self._ended = "", 0, 0, False

    @property
    def position(self) -> int:
        return self._passed + self._at

    def value(self, path: Path, depth: int) -> Iterator[tuple[Path, object]]:
        if depth > _MAX_DEPTH:
            raise RecursionError
        self.skip_space()
        self._fill()
        try:
            value, end = _decode(self._text, self._at)
        except (ValueError, StopIteration) as error:
            if self._ended:
                raise ValueError(f"no JSON at character {self.position:,}: {error}") from error
            end = len(self._text)
        if end < len(self._text) or self._ended:
            self._at = end
            yield path[-_KEPT_PATH:], value
            return
        match self.peek():
            case "[":
                yield from self._items(path, depth)
            case "{":
                yield from self._members(path, depth)
            case '"':
                yield path[-_KEPT_PATH:], self._long_text()
            case _:
                raise ValueError(f"no JSON at character {self.position:,}")

    def _items(self, path: Path, depth: int) -> Iterator[tuple[Path, object]]:
        inner = path if path[-1:] == ("[]",) else (*path, "[]")
        self._at += 1
        first = True
        while True:
            self.skip_space()
            self._pass_like_items()
            if first and self.peek() == "]":
                self._at += 1
                return
            first = False
            yield from self.value(inner, depth + 1)
            if self._separated("]"):
                return

    def _members(self, path: Path, depth: int) -> Iterator[tuple[Path, object]]:
        keys: set[str] = set()
        self._at += 1
        first = True
        while True:
            self.skip_space()
            self._pass_like_items()
            if first and self.peek() == "}":
                self._at += 1
                return
            first = False
            if self.peek() != '"':
                raise ValueError(f"no key at character {self.position:,}")
            self._fill()
            key, self._at = _decode(self._text, self._at)
            if key in keys:
                raise ValueError(f"the key {key[:80]!r} stands twice")
            if len(keys) < _MOST_KEYS:
                keys.add(key)
            self.skip_space()
            if self.peek() != ":":
                raise ValueError(f"no value at character {self.position:,}")
            self._at += 1
            yield from self.value((*path, key), depth + 1)
            if self._separated("}"):
                return

    def _separated(self, closing: str) -> bool:
        """Whether the list or object ends here; otherwise another item follows."""
        self.skip_space()
        found = self.peek()
        if found not in {",", closing}:
            raise ValueError(f"neither a comma nor an end at character {self.position:,}")
        self._at += 1
        return found == closing

    def _pass_like_items(self) -> None:
        self._fill()
        while found := _LIKE_ITEMS.match(self._text, self._at):
            self._at = found.end()
            self._fill()
            self.skip_space()

    def _long_text(self) -> str:
        """A text that is longer than the window: passed over, and its beginning given."""
        beginning = self._text[self._at + 1 :]
        self._at += 1
        while True:
            self._fill()
            found = _PIECE.match(self._text, self._at)
            if found is None:
                break
            self._at = found.end()
        if self.peek() != '"':
            raise ValueError(f"a text without an end at character {self.position:,}")
        self._at += 1
        return beginning

    def skip_space(self) -> None:
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or self._ended:
                return
            self._fill()

    def peek(self) -> str:
        """The next character, empty at the end."""
        return self._text[self._at : self._at + 1]

    def _fill(self) -> None:
        while not self._ended and len(self._text) - self._at < _WINDOW:
            data = self._content.read(self._read, CHUNK)
            self._read += len(data)
            self._passed += self._at
            self._text = self._text[self._at :] + self._decoder.decode(data, final=not data)
            self._at = 0
            self._ended = not data
