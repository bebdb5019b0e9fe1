"""What a source declares and what parsing it yields."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Literal, NamedTuple

from budmodel_pipeline.sources.data_terms import UNREAD_TERMS, DataTerms


class Unit(StrEnum):
    """How a published value is to be read."""

    PERCENT = "percent"
    FRACTION = "fraction"
    ELO = "elo"
    POINTS = "points"
    COUNT = "count"
    CHARACTERS = "characters"
    SECONDS = "seconds"
    MINUTES = "minutes"
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


class Domain(StrEnum):
    """What field a benchmark is about."""

    AGENTS = "agents"
    CODING = "coding"
    EMBEDDING = "embedding"
    FUNCTION_CALLING = "function_calling"
    GENERAL = "general"
    HUMAN_PREFERENCE = "human_preference"
    IMAGE_GENERATION = "image_generation"
    INSTRUCTION_FOLLOWING = "instruction_following"
    KNOWLEDGE = "knowledge"
    LANGUAGES = "languages"
    MATHEMATICS = "mathematics"
    POLITICS = "politics"
    PROFESSIONS = "professions"
    READING = "reading"
    REASONING = "reasoning"
    ROBUSTNESS = "robustness"
    SCIENCE = "science"
    SENSITIVE_TOPICS = "sensitive_topics"
    SERVING = "serving"
    SPEECH = "speech"
    VIDEO_GENERATION = "video_generation"
    VISION = "vision"
    WRITING = "writing"


class Standing(StrEnum):
    """Who vouches for a score.

    The publisher of the leaderboard (`verified`), whoever submitted it (`community`) or the maker of the model
    (`self_reported`). A `contaminated` model may have seen the answers; a `system` is no model but something built around
    models (an agent, the best of many answers, a mixture).
    """

    VERIFIED = "verified"
    COMMUNITY = "community"
    SELF_REPORTED = "self_reported"
    CONTAMINATED = "contaminated"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class AsOfBasis(StrEnum):
    """Where the publisher's date of the data comes from.

    It is stated in the data, the newest date that a row bears (the data are at least as new), the date of the file on the
    publisher's server, or what a person said of an older file; `unknown` where there is none of these.
    """

    STATED = "stated"
    NEWEST_ROW = "newest_row"
    FILE_DATE = "file_date"
    PERSON = "person"
    UNKNOWN = "unknown"


class IntervalBasis(StrEnum):
    """Where the interval of a score comes from.

    It is published as such, or 1.96 standard errors to either side: of a published standard error, or of the mean over the
    published results of each problem.
    """

    PUBLISHED = "published"
    STANDARD_ERROR = "standard_error"
    PER_PROBLEM = "per_problem"


class Shape(StrEnum):
    """How the shape of a file is known: a real one was `seen` while its parser was written, or it is `documented` by others.

    Where it is documented, the sample follows what they say, and the first real file may hold a surprise.
    """

    SEEN = "seen"
    DOCUMENTED = "documented"


class RejectionKind(StrEnum):
    """Why rows gave no score.

    Their content is `bad`; the publisher's own rules leave them out (outside a date window, say); they say again what
    another row says; or a person set them aside.
    """

    BAD = "bad"
    BY_RULE = "by_rule"
    DUPLICATE = "duplicate"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What is measured. `slug` is unique within its source, or for a `shared` benchmark across all sources.

    `part_of` is the slug of the benchmark of the same source that counts this one in already: its mean over parts, or the
    board that this is a slice of; for a benchmark of another source it is the id, `<source>/<slug>`. `terms` are given where
    its publisher allows something else than that of the source.
    """

    slug: str
    title: str
    domain: Domain
    description: str = ""
    shared: bool = False
    part_of: str = ""
    terms: DataTerms | None = None

    def id_in(self, source: str) -> str:
        """The stored id: `<source>/<slug>`, the bare slug for a shared benchmark."""
        return self.slug if self.shared else f"{source}/{self.slug}"


@dataclass(frozen=True, slots=True)
class Metric:
    """One number that a source publishes about a model.

    `slug` is unique within its source; the stored id is `<source>.<slug>`. `higher_is_better` is None where the
    publisher gives the number no good or bad end. `minimum` and `maximum` bound the published value in its unit; a value
    outside them means that the publisher changed the unit or the column. `run_by` says whose run of the benchmark it is; one
    that the publisher took from elsewhere is of others. Of several metrics of a benchmark the headline stands for it, or the
    first that has a direction.
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
    run_by: Literal["publisher", "maker", "submitter", "other"] = "publisher"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One file that a source publishes.

    `redirect_hosts` are further hosts that the publisher is known to redirect to (`*.hf.co` matches any subdomain). A
    source is read without its `supplement` files where the publisher has none.
    """

    name: str
    url: str
    format: Literal["csv", "json", "parquet", "zip", "yaml", "markdown", "javascript"]
    supplement: bool = False
    redirect_hosts: tuple[str, ...] = ()
    max_bytes: int = 64 * 1024 * 1024
    shape: Shape = Shape.SEEN


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns (CSV, parquet) or keys of a row object (JSON) of one endpoint.

    `required` are those of the identity and the headline: a missing one fails the source. A missing `minor` column costs
    what it holds and is reported; `optional` ones come and go. Columns that are none of these nor `ignored` are reported.
    """

    required: frozenset[str]
    minor: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()


class Score(NamedTuple):
    """A published value, in the unit of its metric, with what the publisher says about its certainty.

    `standing` is given where it differs from that of the entry. `tasks` of `tasks_total` are behind a mean over tasks.
    """

    value: float
    lower: float | None = None
    upper: float | None = None
    interval_basis: IntervalBasis | None = None
    votes: int | None = None
    rank: int | None = None
    standing: Standing | None = None
    tasks: int | None = None
    tasks_total: int | None = None


class Row(NamedTuple):
    """A row that gave scores: its number in the file, from 1 and without the header, and the metrics that it gave."""

    endpoint: str
    number: int
    metrics: Collection[str]


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
    standing: Standing = Standing.UNKNOWN
    settings: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Score] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list, compare=False)

    def place(self, metric: str) -> str:
        """The entry and the row that gave `metric`, for a message: `o3-mini, row 57`."""
        row = next((row for row in self.rows if metric in row.metrics), None)
        return f"{self.key}, row {row.number}" if row else self.key


class Rejection(NamedTuple):
    """Rows of one endpoint that gave no score, for one reason."""

    endpoint: str
    reason: str
    rows: int
    example: str
    kind: RejectionKind


class Unread(NamedTuple):
    """Cells of one column that could not be read, for one reason; the rest of their rows was. `example` names one."""

    endpoint: str
    column: str
    reason: str
    cells: int
    example: str
    is_score: bool = False


@dataclass(slots=True)
class Parsed:
    """The content of one snapshot.

    `as_of` is the publisher's date of the data and `as_of_basis` where it comes from. `window` is the span of problem dates
    behind the scores, where the publisher computes them over one. `benchmarks` and `metrics` are those found in the data
    beyond the declared ones. `offered` are the metrics that the files have a place for. `missing_columns` are those that the
    source may lose and has lost.
    """

    entries: list[Entry]
    rejections: list[Rejection]
    rows_read: int
    rows_kept: int
    as_of: date | None = None
    as_of_basis: AsOfBasis = AsOfBasis.UNKNOWN
    window: tuple[date, date] | None = None
    unread: tuple[Unread, ...] = ()
    offered: frozenset[str] = frozenset()
    missing_columns: tuple[str, ...] = ()
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
# The further files that the files of the endpoints name. Raises SourceError.
Listed = Callable[[Mapping[str, bytes]], Sequence[Endpoint]]


@dataclass(frozen=True, slots=True)
class Source:
    """A publisher's leaderboard. `parse` takes the bytes of each endpoint by its name; it is pure.

    Where the publisher has a file for each entry and one that lists them, `listed` says which files these are; `parse` takes
    them as well.

    Raise `parser_version` when a change of `parse` gives other rows for the same bytes: stored snapshots are then parsed
    again. `max_shrink` is the share of rows that may vanish from one snapshot to the next before publishing is refused.
    `default_view` are the standings that the publisher itself ranks. A source whose `terms` forbid its use is extracted only
    where somebody asks for it by name. A package that brings a source says in `samples` which of its directories holds the
    sample, laid out as a mirror.
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
    default_view: frozenset[Standing] = frozenset(Standing) - {Standing.CONTAMINATED, Standing.SYSTEM}
    terms: DataTerms = UNREAD_TERMS
    samples: PurePath | None = None
    listed: Listed | None = None

    @property
    def documented(self) -> tuple[str, ...]:
        """The endpoints whose shape is known from documents alone."""
        return tuple(endpoint.name for endpoint in self.endpoints if endpoint.shape is Shape.DOCUMENTED)

    @property
    def shape(self) -> Shape:
        """`documented` where no file of it was ever seen."""
        return Shape.DOCUMENTED if len(self.documented) == len(self.endpoints) else Shape.SEEN

    def all_endpoints(self, files: Mapping[str, bytes]) -> Sequence[Endpoint]:
        """The endpoints, and what their `files` list. Raises SourceError."""
        return [*self.endpoints, *(self.listed(files) if self.listed else ())]

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
    known_parts = {
        benchmark.part_of for benchmark in source.benchmarks if benchmark.part_of and "/" not in benchmark.part_of
    }
    problems += [f"a benchmark is part of an unknown benchmark {whole}" for whole in sorted(known_parts - known)]
    strays = [metric for metric in source.metrics if metric.benchmark not in known]
    problems += [f"metric {metric.slug} names an unknown benchmark {metric.benchmark}" for metric in strays]
    if sum(metric.headline for metric in source.metrics) != 1:
        problems.append("exactly one metric must be the headline")
    if set(source.columns) != {endpoint.name for endpoint in source.endpoints}:
        problems.append("columns must be declared for every endpoint")
    return problems
