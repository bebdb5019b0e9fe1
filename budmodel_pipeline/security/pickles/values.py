"""What the walk knows of an object that unpickling would make: numbers and short texts, else a stand-in.

A text is kept as its UTF-8 `bytes`, a number as `int`, a short tuple as `tuple`. No other Python type stands for itself.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from budmodel_pipeline.security.pickles.names import Standing


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """An object of which only the kind matters."""

    kind: str


PLAIN = Opaque("plain data")
LIST = Opaque("a list")
DICT = Opaque("a dict")
SET = Opaque("a set")
LONG_TEXT = Opaque("a long text")
FORGOTTEN = Opaque("a value too far back to be kept")
COMPUTED = Opaque("something computed while loading")
EXAMINED = Opaque("bytes that hold a pickle, which was examined too")


@dataclass(frozen=True, slots=True, eq=False)
class Global:
    """An imported name. There is one for each pair of module and name in a walk."""

    module: str
    name: str
    standing: Standing
    key: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.module, self.name))

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a global made: an instance of a class, or the result of a function."""

    by: Global


@dataclass(slots=True, eq=False)
class Dtype:
    """A numpy.dtype, as far as the length of an array needs it. `item_bytes` is None where it cannot be known."""

    item_bytes: int | None
    holds_objects: bool


@dataclass(slots=True, eq=False)
class State:
    """A dict whose entries matter: those of constant names. `certain` turns False where other names are computed."""

    entries: dict[bytes, object]
    certain: bool = True


class Nested(tuple[object, ...]):
    """A tuple that holds a tuple. Deeper ones are not kept, so that no value is deep."""

    __slots__ = ()


class Storage(NamedTuple):
    """A persistent id of torch: where the numbers of a tensor are."""

    key: bytes
    elements: int
    item_bytes: int


_LONGEST_KEPT_TUPLE = 16


def pack(items: list[object]) -> object:
    """The value of a tuple of these."""
    if len(items) > _LONGEST_KEPT_TUPLE:
        return PLAIN
    deep = False
    for index, item in enumerate(items):
        kind = type(item)
        if kind is tuple:
            deep = True
        elif kind is Nested:
            items[index] = PLAIN
    return Nested(items) if deep else tuple(items)
