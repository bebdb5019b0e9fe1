"""Bytes under examination: read in place by offset, or streamed forward out of a compressed container.

Nothing here loads a file as a whole. A file of 1 GiB must cost kilobytes, so positions are read with `pread` (a mapped file
would count as memory), and payloads are skipped by length.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

CHUNK = 1 << 20


class UnscannedError(Exception):
    """The examination had to stop before the last byte: a budget is spent, a method is unknown, bytes are missing.

    The router turns it into an UNSCANNED finding of rule `rule`; findings made before it stand.
    """

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(what)
        self.rule = rule
        self.what = what


class Content(Protocol):
    """Bytes that can be read at any offset."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only where the content ends."""
        ...


@dataclass(frozen=True, slots=True)
class FileContent:
    """An open regular file."""

    descriptor: int
    size: int

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self.descriptor, max(0, min(length, self.size - offset)), offset)


@dataclass(frozen=True, slots=True)
class MemoryContent:
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + max(0, length)]


@dataclass(frozen=True, slots=True)
class Window:
    """A range of another content, such as a stored member of a zip file."""

    content: Content
    start: int
    size: int

    def read(self, offset: int, length: int) -> bytes:
        return self.content.read(self.start + offset, max(0, min(length, self.size - offset)))


class Stream:
    """Bytes read forward, once. Over a `Content` it skips without reading; over decompressed chunks it has to read."""

    def __init__(self, source: Content | Iterable[bytes]) -> None:
        self._content: Content | None = None
        self._chunks: Iterator[bytes] = iter(())
        if isinstance(source, Iterable):
            self._chunks = iter(source)
        else:
            self._content = source
        self._buffer = b""
        self._start = 0  # of the unread part of the buffer
        self.position = 0

    def peek(self, length: int) -> bytes:
        """Up to `length` next bytes, not consumed; fewer only at the end."""
        while len(self._buffer) - self._start < length and (more := self._more(length)):
            self._buffer = self._buffer[self._start :] + more
            self._start = 0
        return self._buffer[self._start : self._start + length]

    def take(self, length: int) -> bytes:
        """Exactly `length` next bytes. Raises UnscannedError (`truncated`) where fewer are left."""
        found = self.peek(length)
        if len(found) < length:
            raise UnscannedError(
                "truncated", f"ends {length - len(found):,} bytes early, at byte {self.position + len(found):,}"
            )
        self._start += length
        self.position += length
        return found

    def skip(self, length: int) -> None:
        """Passes over `length` bytes. Raises UnscannedError (`truncated`) where fewer are left."""
        buffered = min(length, len(self._buffer) - self._start)
        self._start += buffered
        self.position += buffered
        length -= buffered
        if self._content is not None:
            left = self._content.size - self.position
            self.position += min(length, left)
            if length > left:
                raise UnscannedError("truncated", f"ends {length - left:,} bytes early, at byte {self.position:,}")
            return
        while length:
            length -= len(self.take(min(length, CHUNK)))

    @property
    def at_end(self) -> bool:
        return not self.peek(1)

    def _more(self, length: int) -> bytes:
        if self._content is not None:
            at = self.position + len(self._buffer) - self._start
            return self._content.read(at, max(length, 64 * 1024))
        return next((chunk for chunk in self._chunks if chunk), b"")


@dataclass(slots=True)
class Budget:
    """What one file may cost, nested content included. Spent budgets end in UNSCANNED, never in SAFE."""

    expanded_bytes: int = 4 << 30
    members: int = 20_000
    depth: int = 6
    opcodes: int = 20_000_000

    def spend(self, name: str, amount: int = 1) -> None:
        """Raises UnscannedError (`budget`) when `name`, one of the fields, is used up."""
        left = getattr(self, name) - amount
        setattr(self, name, left)
        if left < 0:
            raise UnscannedError("budget", f"the budget of {name.replace('_', ' ')} is spent")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a scan an examiner works. `path` is that of the file in its repository; `members` the way into it."""

    path: str
    members: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)

    @property
    def name(self) -> str:
        """The innermost name, which the content should agree with."""
        return self.members[-1] if self.members else self.path

    def inside(self, member: str) -> "Place":
        """Spends one member, and a level of depth. Raises UnscannedError when there is none left."""
        self.budget.spend("members")
        if len(self.members) >= self.budget.depth:
            raise UnscannedError("budget", f"nested more than {self.budget.depth} containers deep")
        return Place(self.path, (*self.members, member), self.budget)

    def at(self, position: str) -> str:
        """`where` of a finding: the way in, then `position` such as `byte 33` or `line 7`."""
        return " > ".join([*self.members, position] if position else self.members)
