"""What the suffix of a name claims of the content, and when the content denies it."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from budmodel_scanner.containers.registry import CONTAINERS
from budmodel_scanner.formats.registry import FORMATS, Format
from budmodel_scanner.word_lists import sections

_LISTED = sections(__package__, "suffixes.txt")
TEXTS, MIXED, PICKLES = _LISTED["texts"], _LISTED["mixed"], _LISTED["pickles"]
_CLAIMING = [known for known in (*FORMATS, *CONTAINERS) if known.claims]
_CLAIMED = frozenset(suffix for known in _CLAIMING for suffix in (*known.suffixes, *known.shared) if suffix.startswith("."))
_BINARY_ONLY = (_CLAIMED | PICKLES) - MIXED - TEXTS
_OWNED = frozenset(suffix for known in _CLAIMING for suffix in known.suffixes if suffix.startswith("."))
WEIGHTS = _OWNED | _LISTED["weights"]


def suffix_of(name: str) -> str:
    return PurePosixPath(name.lower()).suffix


def is_text_name(name: str) -> bool:
    return suffix_of(name) in TEXTS


def disguises(name: str, known: Format) -> bool:
    """Whether `name` says that the content is something else. A suffix that says nothing (`step.500`) cannot lie."""
    if not known.suffixes and not known.shared:
        return False
    return _denies(name, (*known.suffixes, *known.shared))


def disguises_pickle(name: str) -> bool:
    return _denies(name, PICKLES)


def disguises_text(name: str) -> bool:
    return suffix_of(name) in _BINARY_ONLY


def is_owned(name: str) -> bool:
    """Whether only content of one recognizable format goes by this name."""
    return suffix_of(name) in _OWNED - MIXED


def _denies(name: str, agreeing: Iterable[str]) -> bool:
    suffix = suffix_of(name)
    return suffix in _CLAIMED | TEXTS and not name.lower().endswith(tuple(agreeing))
