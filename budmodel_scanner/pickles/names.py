"""Which names a pickle may import: exact lists, kept as text beside this file.

A pickle imports by (module, name) and then calls what it got, with arguments of its author's choice. So a name is harmless
only if everything that can be done with it is; whatever is on no list is unknown, and unknown is suspicious.
"""

import re
import sys
import unicodedata
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator
from enum import Enum
from functools import cache, lru_cache

from budmodel_scanner.expressions import expression
from budmodel_scanner.word_lists import lines, place_of


class Standing(Enum):
    """From best to worst."""

    CALLABLE = "may be called with any arguments"
    CLASS = "instances may be made without calling it, and be given any state"
    FAMILY = "of a library whose classes may be made without calling them, and be given any state"
    UNKNOWN = "on no list"
    JUDGED = "harmless with some arguments only"
    RISKY = "known, with ordinary uses and with bad ones"
    DANGEROUS = "known to run commands or code, to load other pickles, or to reach files, the network or other names"


_SECTIONS = {
    "names": Standing.DANGEROUS,
    "risky": Standing.RISKY,
    "judged": Standing.JUDGED,
    "only called": Standing.JUDGED,
}
_PLAIN = expression(r"[A-Za-z_][A-Za-z0-9_]*")
_WITHIN_CLASS = expression(r"_?[A-Z][A-Za-z0-9_]*(?:\._?[A-Z][A-Za-z0-9_]*)*\.[A-Za-z_][A-Za-z0-9_]*")
_NAMES_A_CLASS = expression(r"_*[A-Z]|__pyx_unpickle_[A-Z]")
_IDENTIFIER = expression(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


def standing_of(module: str, name: str) -> Standing:
    """How harmless it is that a pickle imports `name` from `module`."""
    found, renamed = _standing(module, name), _in_python_3(module, name)
    if renamed != (module, name):
        # The old name means nothing to Python 3 itself.
        later = _standing(*renamed)
        found = later if found is Standing.UNKNOWN else max(found, later, key=[*Standing].index)
    if found is Standing.UNKNOWN and not (module.isascii() and name.isascii()):
        # A lookalike of a dangerous name deceives readers, not Python.
        plain = unicodedata.normalize("NFKC", module), unicodedata.normalize("NFKC", name)
        return Standing.DANGEROUS if _standing(*plain) is Standing.DANGEROUS else found
    return found


def is_odd(name: str) -> bool:
    """Whether this is no (dotted) name such as Python code would have."""
    return _IDENTIFIER.fullmatch(name) is None


@cache
def vocabulary() -> dict[bytes, bytes]:
    """Every module and name of the lists, so that a long walk can keep one copy of each."""
    allowed, dangerous = _allowed(), _dangerous()
    words = {word for pair in [*allowed, *dangerous.names] for word in pair} | dangerous.modules
    return {word.encode(): word.encode() for word in words}


@lru_cache(maxsize=4096)
def module_of_a_family(text: bytes) -> bytes | None:
    """The text, if it may be a module of a library that is listed as a whole; one copy of each that was asked for last."""
    return text if text.partition(b".")[0].decode("latin-1") in _families().libraries else None


def is_module(module: str, name: str) -> bool:
    """Whether importing `name` from `module` gives a module, whose attributes are whatever it imports itself."""
    plain = name.lstrip("_")
    return not plain or f"{module}.{name}" in _modules() or plain in _modules() or plain in sys.stdlib_module_names


def is_blocked_whole(module: str) -> bool:
    """Whether every name of this module is dangerous that no list allows."""
    modules = _dangerous().modules
    return any(module[:end] in modules for end in [*_dots(module), len(module)])


def is_only_called(module: str, name: str) -> bool:
    """Whether it is dangerous unless every use of it is a call that is harmless."""
    return (module, name) in _dangerous().only_called


def is_way_out(name: str) -> bool:
    """Whether an attribute of this name leads from an object to code, to frames, to classes or to modules."""
    return name.startswith("__") or name.strip("_") in _dangerous().anywhere


def _standing(module: str, name: str) -> Standing:
    allowed, dangerous = _allowed(), _dangerous()
    if found := allowed.get((module, name)) or allowed.get((module, "*")):
        return found
    if found := dangerous.names.get((module, name)):
        return found
    if is_blocked_whole(module):
        return Standing.DANGEROUS
    # `json.os.system` and the like: a name that leads out of its module.
    steps = name.split(".")
    if any(step in dangerous.anywhere or step.strip("_") in dangerous.anywhere for step in steps):
        return Standing.DANGEROUS
    if len(steps) > 1 and any(step.startswith("__") or step in dangerous.modules for step in steps):
        return Standing.DANGEROUS
    return Standing.FAMILY if _is_of_a_family(module, name) else Standing.UNKNOWN


def _is_of_a_family(module: str, name: str) -> bool:
    """Whether it is a plain name of such a library, or within a class of it: other dotted names may lead out of a module."""
    families, above = _families(), [module[:end] for end in [*_dots(module), len(module)]]
    return (
        not (families.libraries if _is_mere(name) else families.whole).isdisjoint(above)
        and (_PLAIN.fullmatch(name) or _WITHIN_CLASS.fullmatch(name)) is not None
        and families.without.isdisjoint([(module, name), ("*", name), *((place, "**") for place in above)])
    )


def _is_mere(name: str) -> bool:
    """Whether this is a class, or a function that says of itself nothing of files, programs, code or the network."""
    last = name.rpartition(".")[2]
    return _NAMES_A_CLASS.match(last) is not None or _families().deeds.search(last) is None


def _in_python_3(module: str, name: str) -> tuple[str, str]:
    """Unpickling a protocol below 3 renames what Python 3 renamed."""
    if renamed := NAME_MAPPING.get((module, name)):
        return renamed
    return IMPORT_MAPPING.get(module, module), name


class _Dangerous:
    """`modules` with everything below them; `names`; and names that are dangerous in `anywhere`, whatever the module.

    Those `only_called` are among the names."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.names: dict[tuple[str, str], Standing] = {}
        self.anywhere: set[str] = set()
        self.only_called: set[tuple[str, str]] = set()


@cache
def _allowed() -> dict[tuple[str, str], Standing]:
    sections = {"call": Standing.CALLABLE, "instances": Standing.CLASS}
    listed: dict[tuple[str, str], Standing] = {}
    for file in sorted(place_of(__package__, "allowed").iterdir()):
        for section, module, names in entries(f"allowed/{file.name}"):
            for name in names:
                # What may be called may be made without a call, too.
                if listed.get((module, name)) is not Standing.CALLABLE:
                    listed[(module, name)] = sections[section]
    return listed


class _Families:
    """`libraries` by the name of their package, those of which any function may be named, and what is `without`.

    `deeds` are parts of the names of functions that may not, of the others. What is without are pairs of a module, or `*`,
    and a name, or `**` for all below."""

    def __init__(self) -> None:
        self.libraries: set[str] = set()
        self.whole: set[str] = set()
        self.deeds = re.compile("")
        self.without: set[tuple[str, str]] = set()


@cache
def _families() -> _Families:
    listed = _Families()
    deeds: list[str] = []
    for section, first, names in entries("families.txt"):
        if section in {"families", "classes"}:
            listed.libraries.update([first, *names])
            listed.whole.update([first, *names] if section == "families" else ())
        elif section == "deeds":
            deeds.extend([first, *names])
        else:
            listed.without.update((first, name) for name in names)
    listed.deeds = re.compile("|".join(deeds), re.IGNORECASE)
    return listed


@cache
def _modules() -> frozenset[str]:
    """Every module that a list names, and those above it."""
    named = {module for module, _ in _allowed()} | _dangerous().modules
    return frozenset(module[:end] for module in named for end in [*_dots(module), len(module)])


def _dots(module: str) -> Iterator[int]:
    return (index for index, letter in enumerate(module) if letter == ".")


@cache
def _dangerous() -> _Dangerous:
    listed = _Dangerous()
    for section, module, names in entries("dangerous.txt"):
        if section == "modules":
            listed.modules.update([module, *names])
        elif section == "anywhere":
            listed.anywhere.update([module, *names])
        else:
            listed.names.update(((module, name), _SECTIONS[section]) for name in names)
            listed.only_called.update((module, name) for name in names if section == "only called")
    listed.names.update(((module, name), Standing.JUDGED) for _, module, names in entries("by_value.txt") for name in names)
    return listed


def entries(path: str) -> Iterator[tuple[str, str, list[str]]]:
    """Section, first word and further words of each line. `a.{b,c}.d` stands for two first words."""
    for section, words in lines(__package__, path):
        before, brace, rest = words[0].partition("{")
        if not brace:
            yield section, words[0], words[1:]
            continue
        choices, _, after = rest.partition("}")
        for choice in choices.split(","):
            yield section, f"{before}{choice}{after}", words[1:]
