"""What the walk sees of a pickle against what the unpicklers of CPython would do: nothing is imported and nothing is called.

They get a `find_class` that gives stand-ins, which note what is done with them. The walk has to have seen all of it, in the
same order, and to end where they end. Left out are pickles whose frames are wrong, because there the unpicklers disagree,
which is malicious for that, and those that would take an unpickler forever.
"""

import io
import pickle
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import patch

from budmodel_scanner.content import MemoryContent, Place, Stream, UnscannedError
from budmodel_scanner.pickles import effects
from budmodel_scanner.pickles.calls import call, make
from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.report import MalformedError, Report
from budmodel_scanner.pickles.torch_storages import persistent_object
from budmodel_scanner.pickles.values import Global
from budmodel_scanner.pickles.walk import walk_pickle

Event = tuple[object, ...]
_LONGEST_NAME = 255  # Longer ones the walk does not keep: they are malicious for that.
_MOST_PICKLES = 5
_LEFT_OUT = {"pickle.frame", "pickle.expansion"}


class _Noted(type):
    """A class that stands for whatever a name stands for."""

    key: tuple[str, ...]
    events: list[Event]

    def __call__(cls, *arguments: object, **named: object) -> object:
        del arguments, named
        cls.events.append(("use", *cls.key))
        return object.__new__(cast(type[object], cls))


def _stand_in(events: list[Event], *key: str) -> type:
    def new(cls: type, *arguments: object, **named: object) -> object:
        del arguments, named
        # The unpickler in Python would make instances of instances, too.
        events.append(("use", *key) if isinstance(cls, type) else ("use",))
        return object.__new__(cls if isinstance(cls, type) else type(cls))

    def use(self: object, *arguments: object) -> object:
        del arguments
        events.append(("use",))
        return self

    def accept(self: object, *arguments: object) -> None:
        del self, arguments

    methods = dict.fromkeys(("__setstate__", "__setitem__", "append", "extend", "add", "update"), accept)
    made = _Noted("StandIn", (), {"__new__": new, "__call__": use, **methods})
    made.key, made.events = key, events
    return made


class _FromMemory(io.BytesIO):
    """As good as bytes in memory for the unpickler in C, which takes no `find_class` with those."""

    def peek(self, _: int) -> bytes:
        return self.getvalue()[self.tell() :]


def _buffered(content: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(content), 16)  # A raw file as far as it is asked.


@dataclass(frozen=True, slots=True)
class Loader:
    name: str
    unpickler: type[Any]
    opened: Callable[[bytes], Any]
    encoding: str = "ASCII"


LOADERS = (
    Loader("C, from a file", pickle.Unpickler, io.BytesIO),
    Loader("C, from a buffered file", pickle.Unpickler, _buffered),
    Loader("C, from memory", pickle.Unpickler, _FromMemory, "latin1"),  # numpy.load's for files of Python 2
    Loader("Python", pickle._Unpickler, io.BytesIO),
    Loader("Python, bytes as they are", pickle._Unpickler, io.BytesIO, "bytes"),
)


def loaded(content: bytes, loader: Loader) -> list[list[Event]]:
    """What it would import and call, pickle by pickle; one that it reads to its end has its length as the last event."""
    pickles: list[list[Event]] = []
    with loader.opened(content) as file:
        while len(pickles) < _MOST_PICKLES and file.tell() < len(content):
            events: list[Event] = []
            pickles.append(events)
            try:
                _unpickler(loader, file, events).load()
            except Exception:  # noqa: BLE001  # Whatever broke it off, nothing more happens.
                break
            events.append(("end", file.tell()))
    return pickles


def _unpickler(loader: Loader, file: object, events: list[Event]) -> Any:
    base: Any = loader.unpickler

    class Stubbed(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> type:
            events.append(("find", module, name))
            return _stand_in(events, module, name)

        def persistent_load(self, identity: object) -> object:
            events.append(("persistent",))
            if isinstance(identity, tuple) and len(identity) >= 4 and identity[0] == "module":
                return identity[1]
            return object.__new__(_stand_in(events))

    return Stubbed(file, encoding=loader.encoding)


@dataclass(slots=True)
class _Noting(Report):
    events: list[Event] = field(default_factory=list)

    def import_name(self, module: str, name: str, position: int) -> Global:
        self.events.append(("find", module, name))
        return Report.import_name(self, module, name, position)


@contextmanager
def _noting_calls() -> Iterator[None]:
    """The walk calls these two for whatever is called or made."""

    def noting(judge: Callable[..., object]) -> Callable[..., object]:
        def noted(report: Report, of: object, *rest: object) -> object:
            if isinstance(report, _Noting):
                report.events.append(("use", *of.key) if isinstance(of, Global) else ("use",))
            return judge(report, of, *rest)

        return noted

    def persistent(report: Report, *rest: Any) -> object:
        if isinstance(report, _Noting):
            report.events.append(("persistent",))
        return persistent_object(report, *rest)

    with (
        patch.object(effects, "call", noting(call)),
        patch.object(effects, "make", noting(make)),
        patch.object(effects, "persistent_object", persistent),
    ):
        yield


def walked(content: bytes) -> tuple[list[list[Event]], bool]:
    """The same of the walk, and whether it is to be compared."""
    pickles: list[list[Event]] = []
    stream = Stream(MemoryContent(content))
    with _noting_calls():
        while len(pickles) < _MOST_PICKLES and not stream.at_end:
            report = _Noting(Place("model.pkl"))
            pickles.append(report.events)
            try:
                walk_pickle(Machine(stream, report, walk_pickle, reads_arrays=False))
            except (MalformedError, UnscannedError):
                return pickles, _LEFT_OUT.isdisjoint(found.rule for found in report.findings)
            if not _LEFT_OUT.isdisjoint(found.rule for found in report.findings):
                return pickles, False
            report.events.append(("end", stream.position))
    return pickles, True


def _same(one: Event, other: Event) -> bool:
    """Names beyond ASCII depend on the encoding that an unpickler was given."""
    return one == other or (one[0] == other[0] and not all(str(part).isascii() for part in (*one, *other)))


def disagreement(content: bytes) -> str | None:
    """What an unpickler would do that the walk did not see."""
    seen, comparable = walked(content)
    if not comparable:
        return None
    for loader in LOADERS:
        for number, events in enumerate(loaded(content, loader)):
            ours = seen[number] if number < len(seen) else []
            for index, event in enumerate(events):
                if any(isinstance(part, str) and len(part.encode("utf-8", "replace")) > _LONGEST_NAME for part in event):
                    break
                if index >= len(ours) or not _same(event, ours[index]):
                    other = ours[index] if index < len(ours) else "nothing more"
                    return f"{loader.name}: pickle {number}, event {index}: {event} where the walk saw {other}"
    return None


_NAMES = ("os", "system", "builtins", "eval", "collections", "OrderedDict", "a.b", "", "x" * 256, "\x80", "numpy", "ndarray")
_LINES = (b"1", b"00", b"01", b"0x10", b"1_0", b" 7 ", b"-1", b"+2", b"5L", b"1e3", b"nan", b"'a'", b"\"os\"", b"'\\x6fs'",
          b"os", b"system", b"\\u006fs", b"a.b", b"", b"010", b"3\x00x", b"\xc3\xa9", b"'a' ", b"9" * 20)  # fmt: skip


def _counted(code: bytes, width: str, chance: random.Random) -> bytes:
    payload = chance.choice([chance.choice(_NAMES).encode("latin-1"), chance.randbytes(chance.randrange(40)), b"x" * 300])
    if width == "B":
        payload = payload[:255]
    return code + struct.pack("<" + width, len(payload)) + payload


def generated(chance: random.Random) -> bytes:
    """Opcodes in random order, though some in the order in which they make sense: mutations seldom get that far."""
    makers: Sequence[Callable[[], bytes]] = (
        lambda: chance.choice([b"N", b"]", b"}", b")", b"(", b"\x8f", b"\x88", b"\x89"]),
        lambda: b"K" + chance.randbytes(1),
        lambda: chance.choice(b"IFLSVgpP").to_bytes() + chance.choice(_LINES) + b"\n",
        lambda: chance.choice(b"ci").to_bytes() + chance.choice(_LINES) + b"\n" + chance.choice(_LINES) + b"\n",
        lambda: chance.choice(b"012t\x85\x86\x87ldaseu\x90").to_bytes(),
        lambda: chance.choice([b"R", b"\x81", b"\x92", b"o", b"b", b"\x93", b"Q", b"\x91", b"\x97", b"\x98", b"\x82\x01"]),
        lambda: chance.choice(b"hq").to_bytes() + bytes([chance.randrange(6)]),
        lambda: chance.choice(b"jr").to_bytes() + struct.pack("<I", chance.choice([0, 1, 2, 5, 300])),
        lambda: b"\x94",
        lambda: _counted(chance.choice([b"\x8c", b"U", b"C", b"\x8a"]), "B", chance),
        lambda: _counted(chance.choice([b"X", b"B", b"T", b"\x8b"]), "I", chance),
        lambda: _counted(chance.choice([b"\x8d", b"\x8e", b"\x96"]), "Q", chance),
        lambda: b"\x8c\x02os\x8c\x06system\x93" + chance.choice([b")R", b")\x81", b"(", b"\x94", b")}\x92", b"N\x85R"]),
        lambda: b"(cos\nsystem\n" + chance.choice([b"o", b"No", b"tR"]),
        lambda: b"\x95" + struct.pack("<Q", chance.randrange(60)),
        lambda: chance.choice([b"\x80\x02", b"\x80\x04", b"\x80\x05", b"."]),
    )  # fmt: skip
    return b"".join(chance.choice(makers)() for _ in range(chance.randrange(2, 40))) + b"."
