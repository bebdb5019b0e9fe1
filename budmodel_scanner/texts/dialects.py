"""Words of build tools, editors and queries in those that every language is followed by; `known/dialects.txt` lists them."""

import re
from functools import cache

from budmodel_scanner.texts.forms import rows


def in_common_words(text: str, path: str) -> str:
    """A source as another language would write it, as far as it matters who fetches, reads, runs, sends and deletes what."""
    name = path.rsplit("/", 1)[-1].lower()
    for names, form, meant in _dialects():
        if names.fullmatch(name):
            text = form.sub(meant, text)
    return text


@cache
def _dialects() -> list[tuple[re.Pattern[str], re.Pattern[str], str]]:
    return [(re.compile(names), re.compile(form), meant.replace("\\x20", " ")) for names, form, meant in rows("dialects", 3)]
