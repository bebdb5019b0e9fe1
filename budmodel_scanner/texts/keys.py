"""Which keys of configuration mean what, as `known/keys.txt` lists them."""

from collections.abc import Mapping
from typing import Any

from budmodel_scanner.expressions import expression
from budmodel_scanner.word_lists import sections

LISTED = sections(__package__, "known/keys.txt")


def _one_of(section: str) -> str:
    return f"(?:{'|'.join(sorted(LISTED[section]))})"


TEMPLATE = expression(rf"(?:^|[_.]){_one_of('templates')}(?:\.|$)|^template$")
FILE = expression(rf"^{_one_of('files')}_?(?:file|path|name)?$|^(?:{'|'.join(sorted(LISTED['whole files']))})$")
COMMAND = expression(rf"(?i)^{_one_of('commands')}$|{_one_of('ends of commands')}$")
DATA = expression(rf"(?i)(?:^|_){_one_of('data')}$")
LETTERS = expression(rf"(?i)^{_one_of('letters')}$")
EITHER = expression(rf"(?i)(?:^|_){_one_of('either')}$")
ROWS = expression(rf"(?i){_one_of('rows')}")
COLUMN = expression(rf"(?i){_one_of('columns')}")
INDEX = expression(_one_of("indexes"))
INDEX_OF_TOOLS = expression(_one_of("indexes in files of tools"))


# A step of a build server, by the version of what does it.
_TASK = expression(r"[\w./-]{1,80}@\w[\w.]{0,40}")


def names_data(key: str, beside: Mapping[Any, object], above: str = "") -> bool:
    """Whether what lies under a key of a mapping is read as data; what a step of a build server is given is not."""
    if DATA.search(key) is None:
        return False
    return not any(_TASK.fullmatch(str(step)) for step in (beside.get("task"), beside.get("uses"), above))


def holds_letters(way: tuple[str, ...]) -> bool:
    """Whether what lies at the end of a way is a token or a label: an item of a vocabulary, or its text by its number."""
    end = len(way)
    while end and (way[end - 1] in {"[]", "content"} or way[end - 1].isdecimal()):
        end -= 1
    return 0 < end < len(way) and LETTERS.match(way[end - 1]) is not None
