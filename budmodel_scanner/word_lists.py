"""Lists that people keep as text beside the code: names that are allowed, commands, keys, fields of messages.

A line is of words; `[section]` begins a part of a list; `#` begins a comment, which says why something is listed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

# Not by `importlib.resources`, whose import takes longer than reading all lists.
_HERE = Path(__file__).parent


def place_of(package: str, path: str) -> Path:
    """Of what is kept beside the modules of a package of ours."""
    return _HERE.joinpath(*package.split(".")[1:], path)


def lines(package: str, path: str) -> Iterator[tuple[str, list[str]]]:
    """The section and the words of each line."""
    section = ""
    for line in place_of(package, path).read_text("utf-8").splitlines():
        words = line.partition("#")[0].split()
        if words and line.startswith("[") and line.rstrip().endswith("]"):
            section = line.strip().strip("[]")
        elif words:
            yield section, words


@cache
def sections(package: str, path: str) -> Mapping[str, frozenset[str]]:
    """The words of each section."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for section, words in lines(package, path):
        found[section].update(words)
    return {section: frozenset(words) for section, words in found.items()}
