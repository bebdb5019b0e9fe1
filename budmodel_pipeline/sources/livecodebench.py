"""LiveCodeBench: code generation on contest problems, by the date on which each problem appeared.

The publisher gives one record per problem and model and computes the table in the browser; `parse` computes the same table.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce
from math import floor, fsum, sqrt
from operator import add, itemgetter
from typing import Any

from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Entry,
    IntervalBasis,
    Metric,
    Parsed,
    RejectionKind,
    Score,
    Source,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import (
    fact,
    load_json,
    number,
    published_name,
    require_columns,
    text,
)

ENDPOINT = "performances"
OVERALL = "overall"
DIFFICULTIES = ("easy", "medium", "hard")
SECTIONS = Columns(required=frozenset({"performances", "models", "date_marks"}))
RECORDS = Columns(
    required=frozenset({"question_id", "model", "date", "difficulty", "pass@1"}), optional=frozenset({"platform"})
)
MODELS = Columns(required=frozenset({"model_repr", "release_date"}), minor=frozenset({"model_name", "model_style", "link"}))
NOT_LISTED = ("the model is not in the list of models", RejectionKind.BAD)
NORMAL_QUANTILE = 1.96
# The site opens with the last 70 % of its date marks selected.
WINDOW_START = 0.3

METRICS = {
    difficulty: Metric(
        slug="pass_at_1" if difficulty == OVERALL else f"{difficulty}_pass_at_1",
        benchmark="livecodebench_generation",
        title="pass@1" if difficulty == OVERALL else f"pass@1, {difficulty} problems",
        unit=Unit.PERCENT,
        higher_is_better=True,
        minimum=0,
        maximum=100,
        description="Chance to solve a problem of the date window in one attempt.",
        headline=difficulty == OVERALL,
    )
    for difficulty in (OVERALL, *DIFFICULTIES)
}
Answer = tuple[str, float]


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model that the site shows; its scores are means over the site's default date window.

    The window runs from the date mark at three tenths of the list to the last one, both included.
    """
    ledger = Ledger()
    published = load_json(files[ENDPOINT], ENDPOINT, ledger)
    if not isinstance(published, dict):
        raise SourceError(ENDPOINT, "an object", type(published).__name__)
    require_columns(list(published), ENDPOINT, SECTIONS, ledger)
    records = _objects(published["performances"], RECORDS, ledger)
    start, end = _window(published["date_marks"])
    shown, hidden = _models(_objects(published["models"], MODELS, ledger), start, ledger)

    outside = f"the problem is outside the window {_day(start)} to {_day(end)}"
    answers: dict[str, dict[str, Answer]] = {model: {} for model in shown}
    newest = 0.0
    ledger.read(len(records))
    for record in records:
        try:
            problem, model, appeared, answer = _answer(record)
        except CellError as error:
            ledger.reject(str(error), record)
            continue
        answered = answers.get(model)
        if answered is None:
            reason, kind = hidden.get(model, NOT_LISTED)
            ledger.reject(reason, record, kind)
        elif not start <= appeared <= end:
            ledger.reject(outside, record, RejectionKind.BY_RULE)
        elif (known := answered.setdefault(problem, answer)) is answer:
            # The window ends with the month, the data do not.
            newest = max(newest, appeared)
        elif known != answer:
            found = f"{known} and {answer}: rows in conflict"
            raise SourceError(ENDPOINT, f"one result of {model!r} on {problem!r}", found, "unique")
        else:
            ledger.reject("an exact duplicate of an earlier row", record, RejectionKind.DUPLICATE)

    for model, answered in answers.items():
        shown[model].settings["problems"] = len(answered)
        shown[model].scores = _scores(answered)
        ledger.keep(len(answered))
    return ledger.parsed(
        as_of=_day(newest) if newest else None, as_of_basis=AsOfBasis.NEWEST_ROW, window=(_day(start), _day(end))
    )


def _objects(rows: object, columns: Columns, ledger: Ledger) -> list[Any]:
    """`rows` as a list. Raises SourceError where none of its objects has the required keys."""
    if not isinstance(rows, list):
        raise SourceError(ENDPOINT, "a list of row objects", type(rows).__name__)
    if not rows:
        raise SourceError(ENDPOINT, "a list of row objects", "an empty list")
    # One complete object shows the layout; looking at the keys of every record would cost as much as the rest of the parse.
    complete = next((row for row in rows if isinstance(row, dict) and columns.required <= row.keys()), None)
    keys = complete if complete is not None else {key: None for row in rows if isinstance(row, dict) for key in row}
    require_columns(list(keys), ENDPOINT, columns, ledger)
    return rows


def _window(marks: object) -> tuple[float, float]:
    """First and last moment of the window, in milliseconds since 1970."""
    if not isinstance(marks, list) or not marks:
        raise SourceError(ENDPOINT, "a list of date marks", type(marks).__name__ if marks else "none")
    try:
        start, end = (_milliseconds(mark, "date_marks") for mark in (marks[floor(WINDOW_START * len(marks))], marks[-1]))
    except CellError as error:
        raise SourceError(ENDPOINT, "date marks in milliseconds", str(error)) from error
    return start, end


def _milliseconds(cell: object, column: str) -> float:
    value = number(cell, column)
    # Up to the year 5138; dates beyond it would not fit a calendar date.
    if value is None or not 0 < value < 1e14:
        raise CellError(f"{column} is not a date")
    return value


def _day(milliseconds: float) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()


def _models(
    models: list[Any], start: float, ledger: Ledger
) -> tuple[dict[str, Entry], dict[str, tuple[str, RejectionKind]]]:
    """Entries of the models that the site shows, and why others are left out, both by `model_repr`."""
    shown: dict[str, Entry] = {}
    hidden: dict[str, tuple[str, RejectionKind]] = {}
    seen: dict[str, object] = {}
    for model in models:
        name = model.get("model_repr") if isinstance(model, dict) else None
        if not isinstance(name, str):
            continue
        if seen.setdefault(name, model) != model:
            raise SourceError(ENDPOINT, f"one description of {name[:60]!r}", "two that differ", "unique")
        try:
            if not model.get("release_date"):
                hidden[name] = ("the site hides models without a release date", RejectionKind.BY_RULE)
                continue
            released = _milliseconds(model["release_date"], "release_date")
            entry = ledger.entry(name, published_name(name))
        except CellError as error:
            hidden[name] = (str(error), RejectionKind.BAD)
            continue
        entry.link = text(model.get("link"))
        # The site calls it a release date and says that it estimates the end of the training data: not our `released_on`.
        # Such a model may have trained on problems of the window; the site shows it without a rank.
        entry.published_id = text(model.get("model_name"))
        entry.settings = {key: fact(model.get(key)) for key in ("model_name", "model_style")} | {
            "training_cutoff": _day(released).isoformat(),
        }
        entry.standing = Standing.CONTAMINATED if released >= start else Standing.VERIFIED
        shown[name] = entry
    return shown, hidden


_FIELDS = itemgetter("question_id", "model", "date", "difficulty", "pass@1")


def _answer(record: Any) -> tuple[str, str, float, Answer]:
    """Problem, model, date in milliseconds, and difficulty with pass@1. Raises CellError."""
    try:
        problem, model, appeared, difficulty, value = _FIELDS(record)
    except (KeyError, TypeError):
        raise CellError("the record lacks one of its fields") from None
    if type(problem) is not str or type(model) is not str:
        raise CellError("question_id or model is not a text")
    if difficulty not in DIFFICULTIES:
        raise CellError("difficulty is none of easy, medium and hard")
    if type(value) is not float and type(value) is not int:
        raise CellError("pass@1 is not a number")
    if not 0 <= value <= 100:
        raise CellError("pass@1 is not between 0 and 100")
    if type(appeared) is not int:
        appeared = _milliseconds(appeared, "date")
    return problem, model, appeared, (difficulty, value)


def _scores(answered: Mapping[str, Answer]) -> dict[str, Score]:
    """Mean pass@1 overall and by difficulty, with 95% intervals; a slice without problems gives no score."""
    scores = {}
    for wanted, metric in METRICS.items():
        values = [value for difficulty, value in answered.values() if wanted in (OVERALL, difficulty)]
        if values:
            # Not sum(), which from Python 3.12 on compensates the rounding that the site's addition has.
            value = _one_decimal(reduce(add, values, 0.0) / len(values))
            scores[metric.slug] = Score(value, *_interval(values, value))
    return scores


def _interval(values: Sequence[float], middle: float) -> tuple[float, float, IntervalBasis] | tuple[()]:
    """The 95% interval around the rounded mean over problems; none for a single problem."""
    if len(values) == 1:
        return ()
    mean = fsum(values) / len(values)
    variance = fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    reach = NORMAL_QUANTILE * sqrt(variance / len(values))
    return max(0.0, middle - reach), min(100.0, middle + reach), IntervalBasis.PER_PROBLEM


def _one_decimal(value: float) -> float:
    """Rounded as JavaScript's toFixed(1) does: ties go up, where round() takes the even neighbour."""
    return float(Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP))


SOURCE = Source(
    slug="livecodebench",
    title="LiveCodeBench",
    publisher="LiveCodeBench",
    homepage="https://livecodebench.github.io/leaderboard.html",
    license=None,
    terms=unclear(
        "LiveCodeBench, https://livecodebench.github.io/leaderboard.html",
        "The repository of the data has no license; MIT is that of the code.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            name=ENDPOINT,
            url="https://livecodebench.github.io/performances_generation.json",
            format="json",
            max_bytes=256 * 1024 * 1024,
        ),
    ),
    benchmarks=(
        Benchmark(
            slug="livecodebench_generation",
            title="LiveCodeBench code generation",
            domain=Domain.CODING,
            description="Problems of AtCoder, LeetCode and Codeforces contests, each with the date of its contest.",
        ),
    ),
    metrics=tuple(METRICS.values()),
    columns={ENDPOINT: RECORDS},
    parse=parse,
    parser_version=2,
)
