"""What somebody meant by a name that is written otherwise than ours, or mistyped."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher

# Names that have less in common are no more alike than any two words.
ALIKE = 0.7
SHOWN = 8
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
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(asked)
    scores = {one: _likeness(matcher, asked, one) for one in dict.fromkeys(known)}
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


def _likeness(matcher: "SequenceMatcher[str]", asked: str, one: str) -> float:
    """Above 1 where the name is held whole, most where a part begins with it; else how much of both is the same."""
    parts = {spelling(one), *map(spelling, _PARTS.split(one))} - {""}
    if len(asked) > 1 and any(part.startswith(asked) for part in parts):
        return 3
    if len(asked) > 2 and any(asked in part for part in parts):
        return 2
    return max((_ratio(matcher, part) for part in parts), default=0.0)


def _ratio(matcher: "SequenceMatcher[str]", part: str) -> float:
    matcher.set_seq1(part)
    if matcher.real_quick_ratio() <= ALIKE or matcher.quick_ratio() <= ALIKE:
        return 0.0
    return matcher.ratio()
