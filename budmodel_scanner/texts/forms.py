"""Forms of texts that are hostile by themselves, data in `known/`: a name, words that are always there, a pattern."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from budmodel_scanner.word_lists import sections

COMMANDS, VALUES, QUERIES, TEMPLATES = "commands", "values", "queries", "templates"

_Form = tuple[str, list[str], re.Pattern[str]]


def matches(listed: str, text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """The first match of each form of a list, by its name."""
    forms, any_word = _forms(listed)
    lower = text.lower()
    if any_word.search(lower) is None:
        return
    for name, words, form in forms:
        # Written out, because this is asked of every text there is.
        for word in words:
            if word in lower:
                if found := form.search(text):
                    yield name, found
                break


@cache
def _forms(listed: str) -> tuple[list[_Form], re.Pattern[str]]:
    """Each form with the words that go before it, and one look that tells of nearly every text that none can match."""
    forms = [(name, words.split(), re.compile(form, re.IGNORECASE | re.MULTILINE)) for name, words, form in rows(listed, 3)]
    return forms, re.compile("|".join(sorted({re.escape(word) for _, words, _ in forms for word in words})))


def one_of(listed: str, section: str, flags: int = 0) -> re.Pattern[str]:
    """The words of a section of a list, each a regular expression, as one."""
    return re.compile("|".join(sorted(sections(__package__, f"known/{listed}.txt")[section])), flags)


def rows(listed: str, length: int) -> Iterator[list[str]]:
    """The parts of a list: a name in brackets and the lines below it, so many in all, comments left out."""
    written = files(__package__).joinpath("known", f"{listed}.txt").read_text("utf-8").splitlines()
    kept = [line for line in written if line and not line.startswith("#")]
    for start in range(0, len(kept), length):
        yield [kept[start].strip("[]"), *kept[start + 1 : start + length]]
