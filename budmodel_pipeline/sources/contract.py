"""What a source declares and what parsing it yields."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Literal, NamedTuple


class Unit(StrEnum):
    """How a published value is to be read."""

    PERCENT = "percent"
    FRACTION = "fraction"
    ELO = "elo"
    POINTS = "points"
    COUNT = "count"
    CHARACTERS = "characters"
    SECONDS = "seconds"
    USD = "usd"
    USD_PER_MILLION_TOKENS = "usd_per_million_tokens"
    TOKENS_PER_SECOND = "tokens_per_second"

    @property
    def canonical(self) -> "Unit":
        """The unit of canonical values: the same, except that percents become fractions."""
        return Unit.FRACTION if self is Unit.PERCENT else self

    @property
    def divisor(self) -> float:
        """A published value divided by this is the canonical value."""
        return 100.0 if self is Unit.PERCENT else 1.0


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What is measured. `slug` is unique within its source; the stored id is `<source>/<slug>`."""

    slug: str
    title: str
    domain: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number that a source publishes about a model.

    `slug` is unique within its source; the stored id is `<source>.<slug>`. `higher_is_better` is None where the
    publisher gives the number no good or bad end. `minimum` and `maximum` bound the published value in its unit; a value
    outside them means that the publisher changed the unit or the column.
    """

    slug: str
    benchmark: str
    title: str
    unit: Unit
    higher_is_better: bool | None
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""
    headline: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One file that a source publishes.

    `redirect_hosts` are further hosts that the publisher is known to redirect to (`*.hf.co` matches any subdomain).
    """

    name: str
    url: str
    format: Literal["csv", "json", "parquet"]
    redirect_hosts: tuple[str, ...] = ()
    max_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns (CSV, parquet) or keys of a row object (JSON) of one endpoint.

    A missing `required` column fails the source. Columns that are neither required, `optional` nor `ignored` are reported.
    """

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()


class Score(NamedTuple):
    """A published value, in the unit of its metric, with what the publisher says about its certainty."""

    value: float
    lower: float | None = None
    upper: float | None = None
    votes: int | None = None
    rank: int | None = None
    self_reported: bool | None = None


@dataclass(slots=True)
class Entry:
    """What a source says about one published name (and, where a name is published twice, one setting of it).

    `key` is unique within a snapshot and stable from one to the next. `published_name` is raw, variant included;
    `published_id` is the id of a model that the publisher gives beside it, where there is one.
    `settings` holds the remaining published facts: run settings, sizes, prices that are not scores.
    """

    key: str
    published_name: str
    link: str | None = None
    organization: str | None = None
    published_id: str | None = None
    license: str | None = None
    released_on: date | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Score] = field(default_factory=dict)


class Rejection(NamedTuple):
    """Rows of one endpoint that gave no score, for one reason.

    `by_rule` tells rows that the publisher's own rules leave out (outside a date window, say) from bad ones.
    """

    endpoint: str
    reason: str
    rows: int
    example: str
    by_rule: bool


@dataclass(slots=True)
class Parsed:
    """The content of one snapshot.

    `as_of` is the date that the publisher states for the data, None where it states none. `window` is the span of problem
    dates behind the scores, where the publisher computes them over one. `benchmarks` and `metrics` are those found in the
    data beyond the declared ones.
    """

    entries: list[Entry]
    rejections: list[Rejection]
    rows_read: int
    rows_kept: int
    as_of: date | None = None
    window: tuple[date, date] | None = None
    unknown_columns: tuple[str, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()
    metrics: tuple[Metric, ...] = ()

    @property
    def rows_rejected(self) -> int:
        return sum(rejection.rows for rejection in self.rejections)

    @property
    def score_count(self) -> int:
        return sum(len(entry.scores) for entry in self.entries)


Parse = Callable[[Mapping[str, bytes]], Parsed]


@dataclass(frozen=True, slots=True)
class Source:
    """A publisher's leaderboard. `parse` takes the bytes of each endpoint by its name; it is pure.

    Raise `parser_version` when a change of `parse` gives other rows for the same bytes: stored snapshots are then parsed
    again. `max_shrink` is the share of rows that may vanish from one snapshot to the next before publishing is refused.
    """

    slug: str
    title: str
    publisher: str
    homepage: str
    license: str | None
    endpoints: tuple[Endpoint, ...]
    benchmarks: tuple[Benchmark, ...]
    metrics: tuple[Metric, ...]
    columns: Mapping[str, Columns]
    parse: Parse
    cadence: timedelta = timedelta(days=7)
    parser_version: int = 1
    max_shrink: float = 0.2

    def headline_metric(self) -> Metric:
        """The metric that the publisher ranks by."""
        return next((metric for metric in self.metrics if metric.headline), self.metrics[0])


class SourceError(Exception):
    """The bytes of a source are not what it publishes. `check` is the quality check that this fails."""

    def __init__(
        self, endpoint: str, expected: str, found: str, check: Literal["well_formed", "columns", "unique"] = "well_formed"
    ) -> None:
        super().__init__(f"{endpoint}: expected {expected}; found {found}")
        self.endpoint = endpoint
        self.expected = expected
        self.found = found
        self.check = check


def check_declaration(source: Source) -> list[str]:
    """What is inconsistent in the declaration of `source`, one sentence each; empty when all is well."""
    problems = []
    names = {
        "benchmark": [benchmark.slug for benchmark in source.benchmarks],
        "metric": [metric.slug for metric in source.metrics],
        "endpoint": [endpoint.name for endpoint in source.endpoints],
    }
    for what, declared in names.items():
        problems += [f"{what} {name} is declared twice" for name, count in Counter(declared).items() if count > 1]
    known = {benchmark.slug for benchmark in source.benchmarks}
    strays = [metric for metric in source.metrics if metric.benchmark not in known]
    problems += [f"metric {metric.slug} names an unknown benchmark {metric.benchmark}" for metric in strays]
    if sum(metric.headline for metric in source.metrics) != 1:
        problems.append("exactly one metric must be the headline")
    if set(source.columns) != {endpoint.name for endpoint in source.endpoints}:
        problems.append("columns must be declared for every endpoint")
    return problems
