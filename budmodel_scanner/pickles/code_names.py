"""Whether code that a pickle holds could do harm, by the names that it uses, if somebody called it later."""

import re
from functools import cache

from budmodel_scanner.pickles.names import is_blocked_whole
from budmodel_scanner.word_lists import sections


def is_harmless(name: str) -> bool:
    """Whether code may use this name of a module, of an attribute, or of what is built in."""
    return all(map(_is_harmless, name.split(".")))


def is_harmless_module(name: str) -> bool:
    return name in _listed("modules")


def _is_harmless(name: str) -> bool:
    if name in _listed("names") or is_blocked_whole(name):
        return False
    return name in _listed("harmless") or not _parts().search(name)


@cache
def _parts() -> re.Pattern[str]:
    return re.compile("|".join(sorted(_listed("parts"))), re.IGNORECASE)


def _listed(section: str) -> frozenset[str]:
    return sections(__package__, "code_names.txt")[section]
