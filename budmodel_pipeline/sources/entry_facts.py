"""What tells which model an entry is about, and who vouches for it, compared with what was told before."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from budmodel_pipeline.sources.contract import Entry, Parsed, Standing
from budmodel_pipeline.sources.story import FEW

# Of the entries: facts that changed for so many.
OTHER_FACTS = 0.1
# Of what a message could name.
SHOWN_ENTRIES = 3


class Facts(NamedTuple):
    """What tells which model an entry is about, and the standing of its scores, the first in the alphabet of several."""

    published_name: str
    link: str | None = None
    organization: str | None = None
    license: str | None = None
    released_on: date | None = None
    standing: Standing | None = None


def facts_of(parsed: Parsed) -> dict[str, Facts]:
    """The facts of every entry by its key."""
    return {
        entry.key: Facts(
            entry.published_name, entry.link, entry.organization, entry.license, entry.released_on, _standing_of(entry)
        )
        for entry in parsed.entries
    }


def other_facts(parsed: Parsed, entries: Mapping[str, Entry], facts: Mapping[str, Facts]) -> list[str]:
    """Entries that are known by a key and now have a name, a link or the like that only others had, or none any more."""
    problems = []
    for fact in ("published_name", "link", "organization", "license", "released_on"):
        had = {key: said for key, known in facts.items() if key in entries and (said := getattr(known, fact)) is not None}
        now = {key: getattr(entries[key], fact) for key in had}
        former, word = set(had.values()), fact.replace("_", " ")
        exchanged = [key for key in had if now[key] in former and now[key] != had[key]]
        if len(exchanged) >= max(SHOWN_ENTRIES, OTHER_FACTS * len(had)):
            shown = some([f"{key} has {str(now[key])!r} where it had {str(had[key])!r}" for key in exchanged])
            problems.append(f"{len(exchanged)} entries have the {word} of others: {shown}")
        lost = [key for key in had if now[key] is None]
        # That a column is gone is told as that.
        if len(lost) >= max(FEW, OTHER_FACTS * len(had)) and not (len(lost) == len(had) and parsed.missing_columns):
            problems.append(f"{len(lost)} entries have no {word} any more: {some(lost)}")
    return problems


def _standing_of(entry: Entry) -> Standing:
    """The standing of an entry's scores, the first in the alphabet of several."""
    return min(score.standing or entry.standing for score in entry.scores.values())


def other_standings(parsed: Parsed, entries: Mapping[str, Entry], facts: Mapping[str, Facts]) -> list[str]:
    """Entries that somebody else vouches for. What is contaminated changes with the window of the problems."""
    moving = {Standing.CONTAMINATED} if parsed.window else set()
    had = {key: known.standing for key, known in facts.items() if key in entries and known.standing}
    now = {key: _standing_of(entries[key]) for key in had}
    other = [key for key in had if now[key] != had[key] and not {now[key], had[key]} & moving]
    if len(other) < max(FEW, OTHER_FACTS * len(had)):
        return []
    return [
        f"{len(other)} entries have another standing: " + some([f"{k} is {now[k]} where it was {had[k]}" for k in other])
    ]


def some(keys: Sequence[str]) -> str:
    """The first few of `keys`, for a message."""
    return f"{', '.join(keys[:SHOWN_ENTRIES])}, …"
