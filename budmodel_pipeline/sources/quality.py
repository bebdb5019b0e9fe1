"""Whether a parsed snapshot may be published. Pure: it looks at the snapshot and at the scores of the last good one."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import inf
from statistics import median
from typing import Literal

from budmodel_pipeline.sources.collector import collector_paused
from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Entry,
    Metric,
    Parsed,
    RejectionKind,
    Source,
    SourceError,
    Unit,
)
from budmodel_pipeline.sources.entry_facts import SHOWN_ENTRIES, Facts, other_facts, other_standings, some
from budmodel_pipeline.sources.story import FEW, filled, retold

CheckName = Literal[
    "well_formed",
    "columns",
    "unique",
    "row_account",
    "value_range",
    "intervals",
    "scale",
    "story",
    "rejected_share",
    "not_shrunk",
    "cells",
    "no_missing_columns",
    "no_unknown_columns",
]

MAX_REJECTED_SHARE = 0.1
# A percent column whose values all fit into 0..1, or a median that moved by this factor, has changed its unit. Only metrics
# that cannot be negative are looked at: the median of one around zero jumps by itself.
SCALE_FACTOR = 20.0
# Of what a message could name.
SHOWN_PROBLEMS = 5
# Of the former scores. A file that was cut off between two rows lacks its last ones, whoever is withdrawn stands anywhere.
CUT_OFF = 0.05
# A table that has so many times the entries that it had holds others as well.
MOST_GROWTH = 5
# Withdrawn rows take the newest date of a row with them.
DATES_MAY_GO_BACK = timedelta(days=31)
CIRCUMSTANCES = frozenset({Unit.SECONDS, Unit.USD, Unit.USD_PER_MILLION_TOKENS, Unit.TOKENS_PER_SECOND})
# What a person who has looked at the source may accept, and what goes with accepting that rows are gone.
ACCEPTABLE: frozenset[CheckName] = frozenset({"intervals", "scale", "story"})


@dataclass(frozen=True, slots=True)
class Check:
    """What a check looks at. A blocking check that fails keeps the snapshot from being published."""

    name: CheckName
    description: str
    blocking: bool = True


CHECKS: tuple[Check, ...] = (
    Check("well_formed", "The bytes are the format that the source publishes, complete, and give at least one score."),
    Check("columns", "Every column that the source must have is there."),
    Check("unique", "No two rows give different values for one name, setting and metric."),
    Check("row_account", "Every row read is either kept or counted as rejected with a reason."),
    Check("value_range", "Every value lies in the range that its metric declares."),
    Check("intervals", "Every interval holds its value, and its ends are the right way round."),
    Check("scale", "No metric changed its unit: percents are not fractions, medians did not jump."),
    Check("story", "The same entries tell the same story as in the last good snapshot, and the data are no older."),
    Check("rejected_share", f"At most {MAX_REJECTED_SHARE:.0%} of the rows, and of the scores of a column, are unreadable."),
    Check(
        "not_shrunk", "Neither the rows nor any metric shrank by more than the source allows since the last good snapshot."
    ),
    Check("cells", "Every cell could be read.", blocking=False),
    Check("no_missing_columns", "No column is gone, and no metric lost all its scores.", blocking=False),
    Check("no_unknown_columns", "The source has no columns that nobody looked at yet.", blocking=False),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one check; `found` says what was seen, in a sentence for people.

    `accepted`: it passed by the word of a person.
    """

    check: Check
    passed: bool
    found: str
    accepted: bool = False

    @property
    def refuses(self) -> bool:
        return self.check.blocking and not self.passed


@dataclass(frozen=True, slots=True)
class LastGood:
    """What the last published snapshot of the same origin said: every metric's value, and the facts, of every entry key.

    Entries are in their former order.
    """

    rows_kept: int
    scores: Mapping[str, Mapping[str, float]]
    facts: Mapping[str, Facts] = field(default_factory=dict)
    as_of: date | None = None
    as_of_basis: AsOfBasis = AsOfBasis.UNKNOWN


@collector_paused()
def assess(
    source: Source,
    parsed: Parsed,
    last_good: LastGood | None,
    *,
    accept_shrinkage: bool = False,
    accept_story: bool = False,
) -> list[Outcome]:
    """The outcome of every check.

    `accept_shrinkage` is a person's word that the rows are really gone, `accept_story` that the publisher really changed
    what it says of the same entries.
    """
    metrics = {metric.slug: metric for metric in (*source.metrics, *parsed.metrics)}
    now: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for entry in parsed.entries:
        for slug, score in entry.scores.items():
            now[slug][entry.key] = score.value
    problems: dict[CheckName, list[str]] = {
        "well_formed": [] if now else ["no row gave a score"],
        "columns": _another_table(now, last_good),
        "unique": _repeated_keys(parsed),
        "row_account": _unaccounted(parsed),
        "value_range": _out_of_range(metrics, now, parsed.entries),
        "intervals": _bad_intervals(metrics, parsed.entries),
        "scale": _rescaled(metrics, now, last_good),
        "story": _another_story(source, parsed, metrics, now, last_good),
        "rejected_share": _rejected(parsed),
        "not_shrunk": _shrunk(source, parsed, now, last_good),
        "cells": [
            f"{unread.cells} of {unread.column}: {unread.reason}, such as {unread.example}" for unread in parsed.unread
        ],
        "no_missing_columns": _missing(parsed, now, last_good),
        "no_unknown_columns": [f"new: {', '.join(parsed.unknown_columns)}"] if parsed.unknown_columns else [],
    }
    accepted: set[CheckName] = set(ACCEPTABLE) if accept_story else set()
    if accept_shrinkage:
        accepted.add("not_shrunk")
    return [_outcome(check, problems[check.name], accepted) for check in CHECKS]


def _outcome(check: Check, problems: Sequence[str], accepted: Collection[CheckName]) -> Outcome:
    if not problems:
        return Outcome(check, True, "as expected")
    found = "; ".join(problems[:SHOWN_PROBLEMS])
    if len(problems) > SHOWN_PROBLEMS:
        found += f"; and {len(problems) - SHOWN_PROBLEMS} more of the kind"
    return Outcome(check, check.name in accepted, found, accepted=check.name in accepted)


def outcomes_of(error: SourceError) -> list[Outcome]:
    """The outcome of the one check that a parse failed; the others could not be looked at."""
    return [Outcome(check, False, str(error)) for check in CHECKS if check.name == error.check]


def outcomes_unchanged(unknown_columns: Sequence[str]) -> list[Outcome]:
    """The outcomes for a snapshot that was published before: it passed then."""
    unknown = f"new: {', '.join(unknown_columns)}"
    return [
        Outcome(check, False, unknown)
        if unknown_columns and check.name == "no_unknown_columns"
        else Outcome(check, True, "unchanged")
        for check in CHECKS
    ]


def _repeated_keys(parsed: Parsed) -> list[str]:
    repeated = sorted(key for key, count in Counter(entry.key for entry in parsed.entries).items() if count > 1)
    return [f"entries share a key: {', '.join(repeated[:SHOWN_ENTRIES])}"] if repeated else []


def _unaccounted(parsed: Parsed) -> list[str]:
    if parsed.rows_read == parsed.rows_kept + parsed.rows_rejected:
        return []
    return [f"{parsed.rows_read} rows read, but {parsed.rows_kept} kept and {parsed.rows_rejected} rejected"]


def _another_table(now: Mapping[str, Mapping[str, float]], last_good: LastGood | None) -> list[str]:
    """Single metrics may go; most of them at once are another table under the same address."""
    before = last_good.scores if last_good else {}
    gone = sorted(slug for slug in before if slug not in now)
    if 2 * len(gone) <= len(before):
        return []
    return [f"{len(gone)} of {len(before)} metrics have no score any more: {', '.join(gone[:SHOWN_PROBLEMS])}, …"]


def _out_of_range(
    metrics: Mapping[str, Metric], now: Mapping[str, Mapping[str, float]], entries: Iterable[Entry]
) -> list[str]:
    problems = []
    for slug, values in now.items():
        least, most = metrics[slug].minimum, metrics[slug].maximum
        low, high = -inf if least is None else least, inf if most is None else most
        if low <= min(values.values()) and max(values.values()) <= high:
            continue
        declared = f"{'' if least is None else f'{least:g}'} to {'' if most is None else f'{most:g}'}".strip()
        problems += [
            f"{slug} {score.value:g} {metrics[slug].unit}: {entry.place(slug)} (declared is {declared})"
            for entry in entries
            if (score := entry.scores.get(slug)) and not low <= score.value <= high
        ]
    return problems


def _bad_intervals(metrics: Mapping[str, Metric], entries: Iterable[Entry]) -> list[str]:
    problems = []
    for entry in entries:
        for slug, score in entry.scores.items():
            if score.lower is None and score.upper is None:
                continue
            value, lower, upper = score.value, score.lower, score.upper
            low, high = value if lower is None else lower, value if upper is None else upper
            if low <= value <= high:
                continue
            what = "has its ends swapped" if low > high else "does not hold the value"
            problems.append(f"{slug} {value:g} {metrics[slug].unit}: {entry.place(slug)}: {low:g} to {high:g} {what}")
    return problems


def _rescaled(
    metrics: Mapping[str, Metric], now: Mapping[str, Mapping[str, float]], last_good: LastGood | None
) -> list[str]:
    problems = []
    for slug, values in now.items():
        metric, found = metrics[slug], values.values()
        if len(found) < FEW or metric.minimum is None or metric.minimum < 0:
            continue
        if metric.unit is Unit.PERCENT and any(found) and all(abs(value) <= 1 for value in found):
            problems.append(f"{slug} is declared in percent, but no value exceeds 1")
        before = last_good.scores.get(slug, {}) if last_good else {}
        if len(before) < FEW or before == values:
            continue
        middle_before, middle = median(before.values()), median(found)
        if middle_before and middle and not 1 / SCALE_FACTOR < abs(middle / middle_before) < SCALE_FACTOR:
            problems.append(f"the median of {slug} went from {middle_before:g} to {middle:g}")
    return problems


def _another_story(
    source: Source,
    parsed: Parsed,
    metrics: Mapping[str, Metric],
    now: Mapping[str, Mapping[str, float]],
    last_good: LastGood | None,
) -> list[str]:
    """What contradicts the last good snapshot; the headline first."""
    if last_good is None:
        return _alike(now, [source.headline_metric().slug])
    problems = _older(parsed, last_good) + _alike(now, sorted(now.keys() - last_good.scores.keys()))
    entries = {entry.key: entry for entry in parsed.entries}
    keys_before = set().union(*last_good.scores.values())
    again = sum(key in entries for key in keys_before)
    if len(keys_before) >= FEW and again < len(keys_before) / 2:
        lost = ", ".join(sorted(keys_before - entries.keys())[:SHOWN_ENTRIES])
        problems.append(f"only {again} of {len(keys_before)} entries are there again; gone are {lost}, …")
    if len(keys_before) >= 2 * FEW and len(entries) > MOST_GROWTH * len(keys_before):
        problems.append(f"{len(entries)} entries where there were {len(keys_before)}")
    problems += other_facts(parsed, entries, last_good.facts)
    problems += other_standings(parsed, entries, last_good.facts)
    for slug in sorted(last_good.scores, key=lambda slug: slug != source.headline_metric().slug):
        before, values = last_good.scores[slug], now.get(slug)
        if not values or slug not in metrics:
            continue
        others = {other: values for other, values in last_good.scores.items() if other != slug}
        is_circumstance = metrics[slug].unit in CIRCUMSTANCES
        found = retold(before, values, others, is_circumstance=is_circumstance) or filled(before, values, keys_before)
        if found:
            shown = [
                f"{entries[key].place(slug)} has {values[key]:g} where it had {before[key]:g}"
                if key in before
                else f"{entries[key].place(slug)} has {values[key]:g} where it had none"
                for key in found.keys[:SHOWN_ENTRIES]
            ]
            problems.append(f"{slug}: {found.what}: {', '.join(shown)}{', …' if len(found.keys) > SHOWN_ENTRIES else ''}")
    return problems


def _alike(now: Mapping[str, Mapping[str, float]], slugs: Iterable[str]) -> list[str]:
    """A metric of which every entry has the same score ranks nobody; one that is new may be a column that was filled up."""
    return [
        f"{slug}: no spread, all {len(now[slug])} entries have {next(iter(now[slug].values())):g}"
        for slug in slugs
        if len(now.get(slug, {})) >= 2 * FEW and len(set(now[slug].values())) == 1
    ]


def _older(parsed: Parsed, last_good: LastGood) -> list[str]:
    if parsed.as_of is None or last_good.as_of is None or parsed.as_of_basis != last_good.as_of_basis:
        return []
    slack = DATES_MAY_GO_BACK if parsed.as_of_basis is AsOfBasis.NEWEST_ROW else timedelta()
    if parsed.as_of >= last_good.as_of - slack:
        return []
    return [f"the data are of {parsed.as_of} ({parsed.as_of_basis}), older than those published, of {last_good.as_of}"]


def _rejected(parsed: Parsed) -> list[str]:
    problems = []
    bad = [rejection for rejection in parsed.rejections if rejection.kind is RejectionKind.BAD]
    rows = sum(rejection.rows for rejection in bad)
    if rows > MAX_REJECTED_SHARE * parsed.rows_read:
        worst = max(bad, key=lambda rejection: rejection.rows)
        of_them = f"{worst.rows} of them because {worst.reason}, such as {worst.example!r}"
        problems.append(f"{rows} of {parsed.rows_read} rows, {of_them}")
    most = max(2, MAX_REJECTED_SHARE * len(parsed.entries))
    return problems + [
        f"{unread.cells} scores of {unread.column}: {unread.reason}, such as {unread.example}"
        for unread in parsed.unread
        if unread.is_score and unread.cells > most
    ]


def _shrunk(source: Source, parsed: Parsed, now: Mapping[str, Mapping[str, float]], last_good: LastGood | None) -> list[str]:
    """Rows that are gone, and metrics that lost their scores; one that the files have no place for was withdrawn."""
    if last_good is None:
        return []
    kept = 1 - source.max_shrink
    problems = []
    if parsed.rows_kept < kept * last_good.rows_kept:
        problems.append(f"{parsed.rows_kept} rows where the last good snapshot had {last_good.rows_kept}")
    entries = {entry.key for entry in parsed.entries}
    headline = source.headline_metric().slug
    for slug, before in last_good.scores.items():
        values = now.get(slug, {})
        if len(before) < FEW or not (values or slug == headline or slug in parsed.offered):
            continue
        gone = [key for key in before if key not in values]
        emptied = [key for key in gone if key in entries]
        if len(values) < kept * len(before):
            problems.append(f"{slug} has {len(values)} scores where it had {len(before)}; gone are {some(gone)}")
        # As many may have come: the same models under names that are written otherwise.
        elif len(gone) >= FEW and len(gone) > source.max_shrink * len(before):
            problems.append(f"{slug} lost {len(gone)} of {len(before)} scores, and others came; gone are {some(gone)}")
        elif end := _cut_off(list(before), gone):
            problems.append(f"{slug} lost just the {end} {len(gone)} of {len(before)} scores; gone are {some(gone)}")
        elif len(emptied) >= max(FEW, MAX_REJECTED_SHARE * len(before)):
            problems.append(f"{slug} is empty for {len(emptied)} entries that are still there: {some(emptied)}")
    return problems


def _cut_off(former: Sequence[str], gone: Sequence[str]) -> str:
    """Whether just the first or the last of what stood in the former file is gone; which of them, else nothing."""
    if len(gone) < max(FEW, CUT_OFF * len(former)) or len(gone) == len(former):
        return ""
    return "last" if former[-len(gone) :] == gone else "first" if former[: len(gone)] == gone else ""


def _missing(parsed: Parsed, now: Mapping[str, Mapping[str, float]], last_good: LastGood | None) -> list[str]:
    problems = [f"missing: {', '.join(parsed.missing_columns)}"] if parsed.missing_columns else []
    before = last_good.scores if last_good else {}
    withdrawn = sorted(f"{slug} ({len(before[slug])} scores)" for slug in before if slug not in now)
    return problems + ([f"withdrawn: {', '.join(withdrawn)}"] if withdrawn else [])
