"""With which arguments a function of `arguments.txt` is harmless: what is wrong with them, or None."""

from collections.abc import Callable, Sequence

from budmodel_scanner.pickles.names import Standing, entries
from budmodel_scanner.pickles.values import COMPUTED, EXAMINED, Global, Made

Arguments = tuple[object, ...] | None
_ENCODINGS = {b"latin1", b"latin-1", b"utf-8", b"utf8", b"ascii"}
_LARGEST_ALLOCATION = 1 << 33


def _encoding(arguments: Arguments) -> str | None:
    known = arguments is not None and len(arguments) == 2 and arguments[1] in _ENCODINGS
    return None if known else "the encoding is none that pickles of bytes use"


def _calls(arguments: Arguments, *positions: int) -> str | None:
    """Those that call some of their arguments."""
    for position in positions:
        called = arguments[position] if arguments is not None and position < len(arguments) else COMPUTED
        if not isinstance(called, Global) or called.standing is not Standing.CALLABLE or called.key in _CALL_OTHERS:
            return "it calls an argument that is none of the functions known to be harmless"
    return None


def _allocation(arguments: Arguments) -> str | None:
    if arguments is None:
        return None
    for argument in arguments:
        numbers: Sequence[object] = argument if type(argument) is tuple else (argument,)
        total = 1
        for number in numbers:
            total *= number if isinstance(number, int) else 1
        if total > _LARGEST_ALLOCATION:
            return f"it would take {total:,} elements of memory"
        if isinstance(argument, Made) and argument.by.name in ("range", "xrange", "count"):
            return "it would spell out a range"
    return None


def _plain_data(arguments: Arguments) -> str | None:
    """Going through an object calls methods of its class; data have none of their own."""
    if all(_is_plain(argument) for argument in arguments or ()):
        return None
    return "it goes through something else than plain data"


def _is_plain(value: object) -> bool:
    if isinstance(value, Made):
        return value.by.module in _PLAIN_MODULES
    return not isinstance(value, Global) and value is not COMPUTED


def _nested_at(position: int) -> Callable[[Arguments], str | None]:
    """For those that unpickle one of their arguments."""

    def check(arguments: Arguments) -> str | None:
        examined = arguments is not None and arguments[position : position + 1] == (EXAMINED,)
        return None if examined else "it unpickles bytes that could not be examined"

    return check


def _number(arguments: Arguments) -> str | None:
    """A decimal number with an exponent is short; the same as a whole number may be as long as memory lasts."""
    for argument in arguments or ():
        exponent = isinstance(argument, bytes) and b"e" in argument.lower()
        if exponent or (isinstance(argument, Made) and argument.by.name == "Decimal"):
            return "it would write out a number given by its exponent"
    return None


# What they call must not be another of these.
_CALLING = ("examined 0", "called 0", "called 1", "called from 1", "gives state")
_PLAIN_MODULES = {"builtins", "__builtin__", "itertools", "collections", "_codecs"}
_LISTED = tuple(entries("arguments.txt"))
_CALL_OTHERS = {(module, name) for section, module, names in _LISTED if section in _CALLING for name in names}
# Those that unpickle or call an argument.
UNPACKING = {
    *_CALL_OTHERS,
    *((module, name) for section, module, names in _LISTED if section.startswith("examined") for name in names),
}
_BY_SECTION: dict[str, Callable[[Arguments], str | None]] = {
    "encoding": _encoding,
    "examined 0": _nested_at(0),
    "examined 1": _nested_at(1),
    "examined 4": _nested_at(4),
    "called 0": lambda arguments: _calls(arguments, 0),
    "called 1": lambda arguments: _calls(arguments, 1),
    "called from 1": lambda arguments: _calls(arguments, *range(1, len(arguments or ()))),
    "gives state": lambda arguments: _calls(arguments, 0),
    "plain data": _plain_data,
    "number": _number,
    "allocation": _allocation,
}
CHECKS = {(module, name): _BY_SECTION[section] for section, module, names in _LISTED for name in names}
