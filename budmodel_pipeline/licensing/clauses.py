"""Where a clause stands in a text, however that text is wrapped, quoted, numbered or indented.

A clause is known by its first and its last words. Both are looked for among the words of the text, so line breaks, quotation
marks, bullets and letter case make no difference, while the place that is found is one of the text as it came.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from budmodel_pipeline.licensing.model import Span
from budmodel_pipeline.licensing.words import Words, words_of

ELLIPSIS = "…"
"""Stands between the first and the last words of a clause; a clause without it is given whole."""
LONGEST_CLAUSE = 420
"""In words. Last words further away belong to something else."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A passage by its first words and its last ones; `last` is empty where `first` is all of it."""

    first: tuple[str, ...]
    last: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexedText:
    """The words of a text, and at which numbers each of them stands."""

    words: Words
    places: Mapping[str, Sequence[int]]


def parse_clause(written: str) -> Clause:
    """The clause that "first words … last words" names. Raises ValueError where one side has no words."""
    parts = [words_of(part).spelled for part in written.split(ELLIPSIS)]
    if not all(parts) or len(parts) > 2:
        raise ValueError(f"a clause needs first words, and last ones after one {ELLIPSIS!r}: {written!r}")
    return Clause(*parts)


def index_text(text: str) -> IndexedText:
    """Reads a text once, for any number of clauses."""
    words = words_of(text)
    places: dict[str, list[int]] = {}
    for number, word in enumerate(words.spelled):
        places.setdefault(word, []).append(number)
    return IndexedText(words, places)


def find_clause(text: IndexedText, clause: Clause) -> Span | None:
    """The first place where the clause stands, or None."""
    starts, ends = text.words.starts, text.words.ends
    for start in _occurrences(text, clause.first, 0, len(text.words)):
        after = start + len(clause.first)
        if not clause.last:
            return Span(starts[start], ends[after - 1])
        for end in _occurrences(text, clause.last, after, start + LONGEST_CLAUSE):
            return Span(starts[start], ends[end + len(clause.last) - 1])
    return None


def find_quote(text: IndexedText, quote: str) -> Span | None:
    """The place of words that somebody claims to have copied from the text, or None."""
    quoted = words_of(quote).spelled
    return find_clause(text, Clause(quoted)) if quoted else None


def _occurrences(text: IndexedText, wanted: tuple[str, ...], start: int, end: int) -> Iterator[int]:
    for place in text.places.get(wanted[0], ()):
        if start <= place < end and text.words.spelled[place : place + len(wanted)] == wanted:
            yield place
