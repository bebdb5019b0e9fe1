"""What the functions of Python's libraries do that a model file has to answer for."""

import re
from enum import StrEnum

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.word_lists import sections


class Deed(StrEnum):
    RUNS_CODE = "runs code"
    EVALUATES = "evaluates a text"
    LOADS_CODE = "loads code from a file"
    RUNS_PROGRAM = "runs a program"
    LOADS_OBJECTS = "loads pickled objects"
    CONNECTS = "opens a connection"
    FETCHES = "fetches from the network"
    FROM_HUB = "fetches from a hub"
    SENDS = "sends to the network"
    RECORDS = "records with a service"
    LETS_IN = "lets others in"
    RECEIVES = "receives from others"
    DECODES = "decodes"
    LOADS_LIBRARY = "loads native code"
    READS_KEYS = "reads what is typed"
    READS_ENVIRONMENT = "reads the whole environment"
    READS_SECRET = "reads a secret"  # noqa: S105 - what a function does
    READS_IDENTITY = "reads who somebody is"


# What a name alone says nothing bad of.
ORDINARY = frozenset(
    {Deed.EVALUATES, Deed.FROM_HUB, Deed.READS_SECRET, Deed.READS_IDENTITY, Deed.RECORDS, Deed.RECEIVES, Deed.LETS_IN}
)
_DEEDS = {name: deed for deed in Deed for name in sections(__package__, "known/python.txt").get(deed, ())}
# What makes an object with such methods, without any import: `get_ipython()`.
MAKERS = frozenset(f"{name.partition('()')[0]}()" for name in _DEEDS if "()" in name)


def deed_of(dotted: str | None) -> Deed | None:
    """What the thing of this dotted name does, None for what is ordinary."""
    if dotted is None:
        return None
    dotted = _INDEXED.sub("[]", dotted)
    if dotted.startswith("plumbum.cmd."):
        return Deed.RUNS_PROGRAM
    if dotted in _DEEDS:
        return _DEEDS[dotted]
    if dotted.startswith(("ctypes.windll.", "ctypes.cdll.", "ctypes.pythonapi.")):
        return Deed.LOADS_LIBRARY
    if through := _THROUGH.search(dotted):
        return _DEEDS.get(through[1].removeprefix("builtins."))
    owner, _, method = dotted.rpartition(".")
    return _DEEDS.get(f"*.{method}") if owner else None


# `local["wget"]["-q"]`
_INDEXED = expression(r"\[\](?:\[\])+")
# What another module imported is reached through it, too: `logging.os.system`.
_THROUGH = expression(r"\._?((?:os|posix|subprocess|pty|pickle|marshal|runpy|builtins|socket)\.\w+)$")


def is_listed(dotted: str) -> bool:
    """Whether a name is listed as a whole, and not as that of a method of anything."""
    return dotted in _DEEDS


# Methods that run the command they are given, and that are something else without one.
WITH_COMMAND = sections(__package__, "known/python.txt")["runs a command"]
FINDS_BY_NAME = sections(__package__, "known/python.txt")["finds by name"]


def names_in(module: str) -> list[str]:
    """The names that `from module import *` brings in and that do something."""
    return [name.removeprefix(f"{module}.") for name in _DEEDS if name.rpartition(".")[0] == module]


KEY_FILE = one_of("reached", "files of keys", re.IGNORECASE)
SENSITIVE_FILE = expression(f"{KEY_FILE.pattern}|{one_of('reached', 'files of tools').pattern}", re.IGNORECASE)
PERSISTENCE = one_of("reached", "what stays", re.IGNORECASE)
DROP_HOST = one_of("reached", "hosts of drops", re.IGNORECASE)
RAW_ADDRESS = expression(
    r"(?i)\b(?:https?|ftp|tcp)://(?!127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)\d{1,3}(?:\.\d{1,3}){3}\b"
)
