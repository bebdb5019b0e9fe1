"""Forms of texts that are hostile by themselves, data in `known/`: a name, words that are always there, a pattern."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

COMMANDS, VALUES, QUERIES = "commands", "values", "queries"

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
    lines = files(__package__).joinpath("known", f"{listed}.txt").read_text("utf-8").splitlines()
    rows = [line for line in lines if line and not line.startswith("#")]
    forms = [
        (name.strip("[]"), words.split(), re.compile(form, re.IGNORECASE | re.MULTILINE))
        for name, words, form in zip(rows[::3], rows[1::3], rows[2::3], strict=True)
    ]
    return forms, re.compile("|".join(sorted({re.escape(word) for _, words, _ in forms for word in words})))
