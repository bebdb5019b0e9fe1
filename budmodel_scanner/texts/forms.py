"""Forms of texts that are hostile by themselves, data in `known/`: a name, words that are always there, a pattern."""

import re
from collections.abc import Iterator
from functools import cache

from budmodel_scanner.expressions import expression
from budmodel_scanner.word_lists import place_of, sections

_STARTS = r"\b"
COMMANDS, VALUES, QUERIES, TEMPLATES = "commands", "values", "queries", "templates"


def matches(listed: str, text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """The first match of each form of a list, by its name."""
    lower = text.lower()
    for name, words, form in _forms(listed):
        # Written out, because this is asked of every text there is; each word by itself is found the fastest.
        for word in words:
            if word in lower:
                if found := _compiled(form).search(text):
                    yield name, found
                break


@cache
def _forms(listed: str) -> list[tuple[str, list[str], str]]:
    """Each form with the words that go before it."""
    return [(name, words.split(), form) for name, words, form in rows(listed, 3)]


@cache
def _compiled(form: str) -> re.Pattern[str]:
    """As a text asks for it: to compile all takes longer than to examine most files."""
    return re.compile(form, re.IGNORECASE | re.MULTILINE)


def one_of(listed: str, section: str, flags: int = 0) -> re.Pattern[str]:
    """The words of a section of a list, each a regular expression, as one."""
    words = sorted(sections(__package__, f"known/{listed}.txt")[section])
    # Most begin where a word does: asked once at each letter and not by each of them, that takes a third of the time.
    starting = [word.removeprefix(_STARTS) for word in words if word.startswith(_STARTS)]
    others = [word for word in words if not word.startswith(_STARTS)]
    return expression("|".join([*([f"{_STARTS}(?:{'|'.join(starting)})"] if starting else []), *others]), flags)


def rows(listed: str, length: int) -> Iterator[list[str]]:
    """The parts of a list: a name in brackets and the lines below it, so many in all, comments left out."""
    written = place_of(__package__, f"known/{listed}.txt").read_text("utf-8").splitlines()
    kept = [line for line in written if line and not line.startswith("#")]
    for start in range(0, len(kept), length):
        yield [kept[start].strip("[]"), *kept[start + 1 : start + length]]
