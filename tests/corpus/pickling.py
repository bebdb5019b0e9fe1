"""Pickles put together by hand: from opcodes, or from stand-ins for objects of libraries that need not be installed.

https://docs.python.org/3/library/pickletools.html names the opcodes.
"""

import pickle
import pickletools
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STOP = b"."


def literal(value: object, protocol: int = 2) -> bytes:
    """The opcodes that push a plain value, without the memo."""
    body = pickletools.optimize(pickle.dumps(value, protocol))
    return body[2 if protocol >= 2 else 0 : -1]


def find(module: str, name: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def text(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    return b"\x8c" + bytes([len(value.encode())]) + value.encode()


def find_on_stack(module: str, name: str) -> bytes:
    """STACK_GLOBAL of two constants, memoized as CPython does."""
    return text(module) + b"\x94" + text(name) + b"\x94\x93\x94"


def call(function: bytes, *arguments: object) -> bytes:
    """REDUCE of a function with plain arguments."""
    return function + literal(tuple(arguments)) + b"R"


def framed(body: bytes, protocol: int = 4) -> bytes:
    """A whole pickle of protocol 4 or 5; `body` ends before its STOP."""
    return bytes([0x80, protocol, 0x95]) + struct.pack("<Q", len(body) + 1) + body + STOP


def plain(body: bytes, protocol: int = 2) -> bytes:
    """A whole pickle without a frame."""
    return (bytes([0x80, protocol]) if protocol >= 2 else b"") + body + STOP


@dataclass(frozen=True, slots=True)
class Global:
    """A class or function by name."""

    module: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """What a call returns."""

    function: Global
    arguments: tuple[Any, ...]
    state: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class New:
    """An instance made by `__new__`, then given its state; `after` follows in the stream, as joblib's array bytes do."""

    kind: Global
    arguments: tuple[Any, ...] = ()
    state: Any = None
    after: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class Persistent:
    """An object that lies outside of the pickle, such as a tensor's storage."""

    key: tuple[Any, ...]


def dumps(value: Any, protocol: int = 2, *, in_frame: bool = True) -> bytes:
    """`value`, in which stand-ins may be nested, as the pickle that CPython would write of the real objects.

    Array bytes that follow an object cannot lie in a frame: such pickles are written without one, which is as valid.
    """
    body = _Writer(protocol).written(value)
    return framed(body, protocol) if protocol >= 4 and in_frame else plain(body, protocol)


class _Writer:
    def __init__(self, protocol: int) -> None:
        self.protocol = protocol
        self.memo: dict[Global | str, int] = {}
        self.stored = 0

    def written(self, value: Any) -> bytes:
        match value:
            case Global() if value in self.memo:
                return self.fetched(value)
            case Global(module, name):
                by_name = self.protocol < 4
                found = find(module, name) if by_name else self.written(module) + self.written(name) + b"\x93"
                return found + self.put(value)
            case Called(function, arguments, state):
                return self.built(self.written(function) + self.tuple(arguments) + b"R" + self.put(), state)
            case New(kind, arguments, state, after):
                if self.protocol < 2:
                    reconstructor = Global("copy_reg", "_reconstructor")
                    base = Global("__builtin__", "object")
                    made = self.written(reconstructor) + self.tuple((kind, base, None)) + b"R" + self.put()
                else:
                    made = self.written(kind) + self.tuple(arguments) + b"\x81" + self.put()
                return self.built(made, state) + after
            case Persistent(key):
                return self.tuple(key) + b"Q"
            case str() if value in self.memo:
                return self.fetched(value)
            case str():
                return self.string(value) + self.put(value)
            case tuple():
                return self.tuple(value)
            case list():
                memo = self.put()
                items = b"".join(map(self.written, value))
                return b"]" + memo + (b"(" + items + b"e" if value else b"")
            case dict():
                memo = self.put()
                items = b"".join(self.written(key) + self.written(item) for key, item in value.items())
                return b"}" + memo + (b"(" + items + b"u" if value else b"")
            case bytes() if self.protocol >= 3:
                header = b"C" + bytes([len(value)]) if len(value) < 256 else b"B" + struct.pack("<I", len(value))
                return header + value + self.put()
            case bytes():
                # As CPython writes them for Python 2: _codecs.encode(text, "latin1").
                return self.written(Called(Global("_codecs", "encode"), (value.decode("latin1"), "latin1")))
            case _:
                return literal(value, min(self.protocol, 2))

    def string(self, value: str) -> bytes:
        encoded = value.encode()
        if self.protocol == 0:
            escaped = value
            for character in "\\\0\n\r\x1a":
                escaped = escaped.replace(character, f"\\u{ord(character):04x}")
            return b"V" + escaped.encode("raw-unicode-escape") + b"\n"
        if self.protocol >= 4 and len(encoded) < 256:
            return b"\x8c" + bytes([len(encoded)]) + encoded
        return b"X" + struct.pack("<I", len(encoded)) + encoded

    def tuple(self, items: Sequence[Any]) -> bytes:
        if not items:
            return b")" if self.protocol else b"(t"
        if self.protocol >= 2 and len(items) <= 3:
            body = b"".join(map(self.written, items)) + bytes([0x84 + len(items)])
        else:
            body = b"(" + b"".join(map(self.written, items)) + b"t"
        return body + self.put()

    def built(self, made: bytes, state: Any) -> bytes:
        return made if state is None else made + self.written(state) + b"b"

    def put(self, key: Global | str | None = None) -> bytes:
        number = self.stored
        self.stored += 1
        if key is not None:
            self.memo[key] = number
        if self.protocol >= 4:
            return b"\x94"
        if self.protocol == 0:
            return b"p%d\n" % number
        return b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<I", number)

    def fetched(self, key: Global | str) -> bytes:
        number = self.memo[key]
        if self.protocol == 0:
            return b"g%d\n" % number
        return b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<I", number)
