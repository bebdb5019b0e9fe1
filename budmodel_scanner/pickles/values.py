"""What the walk knows of an object that unpickling would make: numbers and short texts, else a stand-in.

A text is kept as its UTF-8 `bytes`, a number as `int`, a short tuple as `tuple`. No other Python type stands for itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from budmodel_scanner.pickles.names import Standing


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """An object of which only the kind matters."""

    kind: str


PLAIN = Opaque("plain data")
LONG_TEXT = Opaque("a long text")
FORGOTTEN = Opaque("a value too far back to be kept")
COMPUTED = Opaque("something computed while loading")
OBJECT_BYTES = Opaque("the state of an array of objects, given as bytes that numpy would take for their addresses")
ARGUMENT_PARSER = Opaque("the functions that a distribution of scipy parses its arguments by")
OWN_INSTANCE = Opaque("an instance of a class whose code the pickle holds")
EXAMINED = Opaque("bytes that hold a pickle, which was examined too")


class Container:
    """A list, a dict or a set, or a tuple that is not kept. `weight` counts the containers that it is, written out.

    `texts` are those of tuples within such a tuple: among the constants of code, they name attributes."""

    weight = 1  # Of the class, as most hold none that count: they are made by the million.
    texts: tuple[bytes, ...] = ()


OLD_CONTAINER = Container()


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
class Watched(Global):
    """One that code should not call with arguments of its own. `held` counts the tuples and containers that hold it.

    Code that the pickle makes could take it from there."""

    held: int = 0


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
    """A dict whose entries matter: those of constant names. `certain` turns False where other names are computed.

    `held` counts the tuples and containers that hold it."""

    entries: dict[bytes, object]
    certain: bool = True
    held: int = 0


class Nested(tuple[object, ...]):
    """A tuple that holds a tuple, a container or what is watched. Deeper ones are not kept, so that no value is deep."""

    __slots__ = ()


HOLDABLE: Final = {Watched, State, Nested}


class Storage(NamedTuple):
    """A persistent id of torch: where the numbers of a tensor are."""

    key: bytes
    elements: int
    item_bytes: int


_LONGEST_KEPT_TUPLE = 64  # As many names as code has that is written out by value.
HEAVY: Final = 1 << 26  # Containers, written out. Models hold some millions.


def pack(items: list[object]) -> object:
    """The value of a tuple of these."""
    if len(items) > _LONGEST_KEPT_TUPLE:
        hold(items)
        return _weighed(items)
    deep = False
    for index, item in enumerate(items):
        kind = type(item)
        if kind is tuple or kind is Container:
            deep = True
        elif kind in HOLDABLE:
            hold([item])
            deep = True
            if isinstance(item, Nested):
                items[index] = _weighed(item)
    return Nested(items) if deep else tuple(items)


def hold(items: Iterable[object], more: int = 1) -> None:
    """Notes that something holds these, or, with `more` below zero, that it does so where no code comes."""
    for item in items:
        if type(item) in HOLDABLE:
            if isinstance(item, Watched | State):
                object.__setattr__(item, "held", item.held + more)
            elif isinstance(item, Nested):
                hold(item, more)


def is_object_bytes(state: object) -> bool:
    """Whether this is the state (version, shape, type, order, content) of an array of objects, with bytes for content."""
    if not isinstance(state, tuple) or len(state) != 5:
        return False
    kind, content = state[2], state[4]
    return isinstance(kind, Dtype) and kind.holds_objects and not isinstance(content, Container)


def weight_of(value: object) -> int:
    """How many containers it is, written out: those that several others hold count for each of them."""
    if isinstance(value, Container):
        return value.weight
    return 1 + sum(map(weight_of, value)) if isinstance(value, tuple) else 0


def weigh(container: Container, items: Iterable[object]) -> None:
    """Adds what the container is given."""
    if added := sum(map(weight_of, items)):
        container.weight = min(container.weight + added, HEAVY)


def _weighed(items: Iterable[object]) -> object:
    if is_object_bytes(items):
        return OBJECT_BYTES
    weight = 1 + sum(map(weight_of, items))
    if weight == 1:
        return PLAIN
    container = Container()
    container.weight = min(weight, HEAVY)
    container.texts = tuple(text for it in items if type(it) is tuple for text in it if type(text) is bytes)
    return container
