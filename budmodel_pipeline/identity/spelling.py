"""What somebody meant by a name that is written otherwise than ours, or mistyped."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

# Names that have less in common are no more alike than any two words.
ALIKE = 0.7
SHOWN = 8
# How alike names are at least that one slip of a finger tells apart (any two of two letters would be), and those of which
# one says more: `swe-bench verified` of `swebench`.
FAIRLY, SHORTEST_WITH_A_SLIP, SHORTEST_HELD = 0.75, 3, 4
_RUN = re.compile(r"(?:[^\W\d_]|\+)+|\d+")
# `maker/model`, `source.metric`; a dot within a version parts nothing.
_PARTS = re.compile(r"/|(?<!\d)\.|\.(?!\d)")


def spelling(name: str) -> str:
    """The same for names that differ in case, blanks and punctuation alone; `27b`, `2-7b` and `2.7b` are told apart from it.

    Between two numbers it keeps that something stood there, because `gemma-2-7b` is not `gemma-27b`.
    """
    written = ""
    for run in _RUN.findall(unicodedata.normalize("NFKC", name).casefold()):
        written += f".{run}" if written[-1:].isdigit() and run.isdigit() else run
    return written


def meant(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that is `name`, or is spelled like it; None where there is no such one, or several."""
    names, asked = list(known), spelling(name)
    if name in names:
        return name
    same = [one for one in names if asked and spelling(one) == asked]
    return same[0] if len(same) == 1 else None


def near(name: str, known: Iterable[str]) -> list[str]:
    """Those of `known` that `name` may be meant for, the likeliest first: what holds it, else what is written much alike.

    What is equally likely keeps its order.
    """
    asked = spelling(name)
    if not asked:
        return []
    places = _places(asked)
    scores = {one: _likeness(places, asked, one) for one in dict.fromkeys(known)}
    best = max(scores.values(), default=0.0)
    # Beside what holds the name, what merely resembles it is no help.
    least = 1.0 if best > 1 else ALIKE
    found = [one for one, score in scores.items() if score > least]
    return sorted(found, key=lambda one: -scores[one])[:SHOWN]


def do_you_mean(alike: Collection[str]) -> str:
    """The question back to somebody who named none of these."""
    return f"Do you mean {'one of: ' if len(alike) > 1 else ''}{', '.join(alike)}?"


def unknown(kind: str, name: str, alike: Collection[str], otherwise: str = "Nothing resembles it.") -> str:
    """What to tell somebody whose `name` is none of its kind: those that are `alike`, without any `otherwise`."""
    return f"There is no {kind} {name!r}. {do_you_mean(alike) if alike else otherwise}"


def _likeness(places: Mapping[str, int], asked: str, one: str) -> float:
    """Above 1 where the name is held whole, most where a part begins with it; else how much of both is the same."""
    parts = {spelling(one), *map(spelling, _PARTS.split(one))} - {""}
    if len(asked) > 1 and any(part.startswith(asked) for part in parts):
        return 3
    if len(asked) > 2 and any(asked in part for part in parts):
        return 2
    return max((_ratio(places, asked, part) for part in parts), default=0.0)


def _ratio(places: Mapping[str, int], asked: str, part: str) -> float:
    """The share of characters that stand in both in one order, with gaps."""
    alike = 2 * _in_common(places, len(asked), part) / (len(asked) + len(part))
    holds = len(part) >= SHORTEST_HELD and part in asked
    return max(alike, FAIRLY) if holds or _is_one_slip(asked, part) else alike


def _places(word: str) -> Mapping[str, int]:
    """Where each character stands in the word, as bits."""
    places: dict[str, int] = {}
    for place, character in enumerate(word):
        places[character] = places.get(character, 0) | 1 << place
    return places


def _in_common(places: Mapping[str, int], length: int, other: str) -> int:
    """How long the longest common subsequence of the word with these `places` and `other` is (Hyyrö's bits: a bit of
    `unused` that is gone is a character in common)."""
    whole = unused = (1 << length) - 1
    for character in other:
        found = unused & places.get(character, 0)
        unused = (unused + found) | (unused - found)
    return length - (unused & whole).bit_count()


def _is_one_slip(asked: str, part: str) -> bool:
    """Whether one character too many, too few or of another kind tells them apart, or two that changed places.

    Of words as short as `run` little is left in common after that.
    """
    if len(asked) < SHORTEST_WITH_A_SLIP or abs(len(asked) - len(part)) > 1:
        return False
    first = next((place for place, (one, other) in enumerate(zip(asked, part, strict=False)) if one != other), len(asked))
    rest, other = asked[first:], part[first:]
    swapped = rest[1::-1] + rest[2:]
    return other in (rest[1:], swapped) or other[1:] in (rest, rest[1:])
