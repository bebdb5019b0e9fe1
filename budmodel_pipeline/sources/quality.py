"""Whether a parsed snapshot may be published. Pure: it looks at the snapshot and at figures of the last good one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from budmodel_pipeline.sources.contract import Metric, Parsed, Source, SourceError, Unit

CheckName = Literal[
    "well_formed",
    "columns",
    "unique",
    "row_account",
    "value_range",
    "scale",
    "rejected_share",
    "not_shrunk",
    "no_unknown_columns",
]

MAX_REJECTED_SHARE = 0.1
# A percent column whose values all fit into 0..1, or a median that moved by this factor, has changed its unit. Only metrics
# that cannot be negative are looked at: the median of one around zero jumps by itself.
SCALE_FACTOR = 20.0
FEW = 5


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
    Check("scale", "No metric changed its unit: percents are not fractions, medians did not jump."),
    Check("rejected_share", f"At most {MAX_REJECTED_SHARE:.0%} of the rows are rejected for bad content."),
    Check(
        "not_shrunk", "Neither the rows nor any metric shrank by more than the source allows since the last good snapshot."
    ),
    Check("no_unknown_columns", "The source has no columns that nobody looked at yet.", blocking=False),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one check; `found` says what was seen, in a sentence for people."""

    check: Check
    passed: bool
    found: str

    @property
    def refuses(self) -> bool:
        return self.check.blocking and not self.passed


@dataclass(frozen=True, slots=True)
class MetricFigures:
    """How many scores a metric had in the last good snapshot, and their median."""

    scores: int
    median: float


@dataclass(frozen=True, slots=True)
class LastGood:
    """Figures of the last published snapshot of the same origin."""

    rows_kept: int
    metrics: Mapping[str, MetricFigures]


def assess(source: Source, parsed: Parsed, last_good: LastGood | None, *, accept_shrinkage: bool = False) -> list[Outcome]:
    """The outcome of every check. `accept_shrinkage` is a person's word that the rows are really gone."""
    metrics = {metric.slug: metric for metric in (*source.metrics, *parsed.metrics)}
    values: defaultdict[str, list[float]] = defaultdict(list)
    for entry in parsed.entries:
        for slug, score in entry.scores.items():
            values[slug].append(score.value)
    problems: dict[CheckName, list[str]] = {
        "well_formed": [] if values else ["no row gave a score"],
        "columns": [],
        "unique": _repeated_keys(parsed),
        "row_account": _unaccounted(parsed),
        "value_range": _out_of_range(metrics, values),
        "scale": _rescaled(metrics, values, last_good),
        "rejected_share": _rejected(parsed),
        "not_shrunk": [] if accept_shrinkage else _shrunk(source, parsed, values, last_good),
        "no_unknown_columns": [f"new: {', '.join(parsed.unknown_columns)}"] if parsed.unknown_columns else [],
    }
    return [Outcome(check, not problems[check.name], "; ".join(problems[check.name]) or "as expected") for check in CHECKS]


def outcomes_of(error: SourceError) -> list[Outcome]:
    """The outcome of the one check that a parse failed; the others could not be looked at."""
    return [Outcome(check, False, str(error)) for check in CHECKS if check.name == error.check]


def outcomes_unchanged(unknown_columns: Sequence[str]) -> list[Outcome]:
    """The outcomes for a snapshot that was published before: it passed then."""
    unknown = f"new: {', '.join(unknown_columns)}"
    return [
        Outcome(check, False, unknown) if unknown_columns and not check.blocking else Outcome(check, True, "unchanged")
        for check in CHECKS
    ]


def _repeated_keys(parsed: Parsed) -> list[str]:
    repeated = len(parsed.entries) - len({entry.key for entry in parsed.entries})
    return [f"{repeated} entries share a key"] if repeated else []


def _unaccounted(parsed: Parsed) -> list[str]:
    if parsed.rows_read == parsed.rows_kept + parsed.rows_rejected:
        return []
    return [f"{parsed.rows_read} rows read, but {parsed.rows_kept} kept and {parsed.rows_rejected} rejected"]


def _out_of_range(metrics: Mapping[str, Metric], values: Mapping[str, list[float]]) -> list[str]:
    problems = []
    for slug, found in values.items():
        metric = metrics[slug]
        least, most = min(found), max(found)
        if (metric.minimum is not None and least < metric.minimum) or (metric.maximum is not None and most > metric.maximum):
            declared = f"{metric.minimum} to {metric.maximum}"
            problems.append(f"{slug} runs from {least:g} to {most:g} {metric.unit}, declared is {declared}")
    return problems


def _rescaled(metrics: Mapping[str, Metric], values: Mapping[str, list[float]], last_good: LastGood | None) -> list[str]:
    problems = []
    for slug, found in values.items():
        metric = metrics[slug]
        if len(found) < FEW or metric.minimum is None or metric.minimum < 0:
            continue
        if metric.unit is Unit.PERCENT and any(found) and all(abs(value) <= 1 for value in found):
            problems.append(f"{slug} is declared in percent, but no value exceeds 1")
        before = last_good.metrics.get(slug) if last_good else None
        if before and before.scores >= FEW and before.median and (now := median(found)):
            factor = abs(now / before.median)
            if not 1 / SCALE_FACTOR < factor < SCALE_FACTOR:
                problems.append(f"the median of {slug} went from {before.median:g} to {now:g}")
    return problems


def _rejected(parsed: Parsed) -> list[str]:
    bad = [rejection for rejection in parsed.rejections if not rejection.by_rule]
    rows = sum(rejection.rows for rejection in bad)
    if rows <= MAX_REJECTED_SHARE * parsed.rows_read:
        return []
    worst = max(bad, key=lambda rejection: rejection.rows)
    return [f"{rows} of {parsed.rows_read} rows, {worst.rows} of them because {worst.reason}, such as {worst.example!r}"]


def _shrunk(source: Source, parsed: Parsed, values: Mapping[str, list[float]], last_good: LastGood | None) -> list[str]:
    if last_good is None:
        return []
    kept = 1 - source.max_shrink
    problems = []
    if parsed.rows_kept < kept * last_good.rows_kept:
        problems.append(f"{parsed.rows_kept} rows where the last good snapshot had {last_good.rows_kept}")
    for slug, before in last_good.metrics.items():
        count = len(values.get(slug, ()))
        if before.scores >= FEW and count < kept * before.scores:
            problems.append(f"{slug} has {count} scores where it had {before.scores}")
    return problems
