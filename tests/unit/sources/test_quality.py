"""Which snapshots may be published: every check passing and failing, at its limits."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

import pytest

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Endpoint,
    Entry,
    Metric,
    Parsed,
    Rejection,
    Score,
    Source,
    SourceError,
    Unit,
)
from budmodel_pipeline.sources.quality import (
    CHECKS,
    LastGood,
    MetricFigures,
    Outcome,
    assess,
    outcomes_of,
    outcomes_unchanged,
)


def metric(slug: str, unit: Unit, minimum: float | None, maximum: float | None) -> Metric:
    return Metric(slug, "tasks", slug, unit, True, minimum, maximum, headline=slug == "solved")


METRICS = (
    metric("solved", Unit.PERCENT, 0, 100),
    metric("share", Unit.FRACTION, 0, 1),
    metric("latency", Unit.SECONDS, 0, None),
    metric("bias", Unit.POINTS, -100, 100),
)
BOARD = Source(
    slug="board",
    title="Board",
    publisher="Somebody",
    homepage="https://example.org/",
    license=None,
    endpoints=(Endpoint("table", "https://example.org/table.csv", "csv"),),
    benchmarks=(Benchmark("tasks", "Tasks", "general"),),
    metrics=METRICS,
    columns={"table": Columns(frozenset())},
    parse=lambda _: parsed({}),
    max_shrink=0.2,
)


def parsed(columns: Mapping[str, Iterable[float]], **account: Any) -> Parsed:
    """Entries with the values of each metric; every row kept unless `account` says otherwise."""
    entries: dict[int, Entry] = {}
    for slug, values in columns.items():
        for number, value in enumerate(values):
            entry = entries.setdefault(number, Entry(f"model {number}", f"model {number}"))
            entry.scores[slug] = Score(value)
    balanced: dict[str, Any] = {"rejections": [], "rows_read": len(entries), "rows_kept": len(entries)}
    return Parsed(list(entries.values()), **(balanced | account))


def good(columns: Mapping[str, list[float]], rows: int | None = None) -> LastGood:
    figures = {slug: MetricFigures(len(values), median(values)) for slug, values in columns.items()}
    return LastGood(rows if rows is not None else max(map(len, columns.values())), figures)


def failed(outcomes: Iterable[Outcome]) -> dict[str, str]:
    return {outcome.check.name: outcome.found for outcome in outcomes if not outcome.passed}


def rejected(rows: int, *, by_rule: bool = False) -> list[Rejection]:
    return [Rejection("table", "solved is not a number", rows, "soon", by_rule)] if rows else []


PERCENTS = [12.5, 40.0, 55.5, 70.0, 91.0, 99.0]


def test_every_check_is_answered_once_and_passes_for_good_data() -> None:
    outcomes = assess(BOARD, parsed({"solved": PERCENTS}), good({"solved": PERCENTS}))
    assert [outcome.check for outcome in outcomes] == list(CHECKS)
    assert {outcome.found for outcome in outcomes} == {"as expected"}
    assert not any(outcome.refuses for outcome in outcomes)


def test_nothing_to_compare_with_is_no_failure() -> None:
    assert failed(assess(BOARD, parsed({"solved": PERCENTS}), None)) == {}


def test_no_score_at_all() -> None:
    assert failed(assess(BOARD, parsed({}), None)) == {"well_formed": "no row gave a score"}


def test_entries_that_share_a_key() -> None:
    twice = parsed({"solved": PERCENTS})
    twice.entries[1].key = twice.entries[0].key
    assert failed(assess(BOARD, twice, None)) == {"unique": "1 entries share a key"}


def test_rows_that_nobody_accounts_for() -> None:
    lost = parsed({"solved": PERCENTS}, rows_read=8)
    assert failed(assess(BOARD, lost, None)) == {"row_account": "8 rows read, but 6 kept and 0 rejected"}


@pytest.mark.parametrize(
    ("slug", "values", "found"),
    [
        ("solved", [0.0, 100.0], None),
        ("solved", [50.0, 100.01], "solved runs from 50 to 100.01 percent, declared is 0 to 100"),
        ("solved", [-0.01, 50.0], "solved runs from -0.01 to 50 percent, declared is 0 to 100"),
        ("share", [0.3, 30.0], "share runs from 0.3 to 30 fraction, declared is 0 to 1"),
        ("latency", [0.1, 1e9], None),
        ("latency", [-0.1, 3.0], "latency runs from -0.1 to 3 seconds, declared is 0 to None"),
        ("bias", [-100.0, 100.0], None),
    ],
)
def test_value_range(slug: str, values: list[float], found: str | None) -> None:
    assert failed(assess(BOARD, parsed({slug: values}), None)) == ({"value_range": found} if found else {})


@pytest.mark.parametrize(
    ("slug", "before", "now", "found"),
    [
        pytest.param(
            "solved",
            None,
            [0.1, 0.4, 0.5, 0.7, 1.0],
            "solved is declared in percent, but no value exceeds 1",
            id="fractions",
        ),
        pytest.param("solved", None, [0.1, 0.4, 0.5, 0.7, 1.5], None, id="a hard benchmark"),
        pytest.param("solved", None, [0.0] * 6, None, id="nobody solves anything"),
        pytest.param("solved", None, [0.1, 0.4, 0.5, 0.7], None, id="too few to tell"),
        pytest.param("latency", [2.0] * 5, [2000.0] * 5, "the median of latency went from 2 to 2000", id="milliseconds"),
        pytest.param("latency", [2000.0] * 5, [2.0] * 5, "the median of latency went from 2000 to 2", id="and back"),
        pytest.param("latency", [2.0] * 5, [40.0] * 5, "the median of latency went from 2 to 40", id="at the factor"),
        pytest.param("latency", [2.0] * 5, [39.0] * 5, None, id="below the factor"),
        pytest.param("latency", [2.0] * 4, [2000.0] * 5, None, id="too few before"),
        pytest.param("latency", [0.0] * 5, [2000.0] * 5, None, id="a median of zero says nothing"),
        pytest.param("latency", [2.0] * 5, [0.0] * 5, None, id="neither does one that became zero"),
        pytest.param("bias", [0.1] * 5, [40.0] * 5, None, id="medians around zero jump"),
    ],
)
def test_scale(slug: str, before: list[float] | None, now: list[float], found: str | None) -> None:
    last = good({slug: before}) if before else None
    assert failed(assess(BOARD, parsed({slug: now}), last)) == ({"scale": found} if found else {})


@pytest.mark.parametrize(
    ("bad", "by_rule", "refused"),
    [(0, False, False), (10, False, False), (11, False, True), (90, False, True), (90, True, False)],
)
def test_share_of_rejected_rows(bad: int, by_rule: bool, refused: bool) -> None:
    data = parsed({"solved": PERCENTS}, rows_read=100, rows_kept=100 - bad, rejections=rejected(bad, by_rule=by_rule))
    found = f"{bad} of 100 rows, {bad} of them because solved is not a number, such as 'soon'"
    assert failed(assess(BOARD, data, None)) == ({"rejected_share": found} if refused else {})


@pytest.mark.parametrize(("rows", "refused"), [(10, False), (8, False), (7, True), (1, True)])
def test_rows_that_vanished(rows: int, refused: bool) -> None:
    outcomes = assess(BOARD, parsed({"solved": [50.0] * rows}), good({"solved": [50.0] * 10}))
    assert ("not_shrunk" in failed(outcomes)) is refused


def test_a_metric_that_vanished_while_the_rows_stayed() -> None:
    """A column emptied, renamed as optional or turned into NaN."""
    last = good({"solved": [50.0] * 10, "latency": [1.0] * 10})
    outcomes = assess(BOARD, parsed({"solved": [50.0] * 10, "latency": [1.0] * 2}), last)
    assert failed(outcomes) == {"not_shrunk": "latency has 2 scores where it had 10"}
    outcomes = assess(BOARD, parsed({"solved": [50.0] * 10}), last)
    assert failed(outcomes) == {"not_shrunk": "latency has 0 scores where it had 10"}


def test_a_metric_of_few_scores_may_vanish() -> None:
    last = good({"solved": [50.0] * 10, "latency": [1.0] * 4})
    assert failed(assess(BOARD, parsed({"solved": [50.0] * 10}), last)) == {}


def test_a_person_accepts_that_rows_are_gone() -> None:
    half, last = parsed({"solved": [50.0] * 5}), good({"solved": [50.0] * 10})
    assert failed(assess(BOARD, half, last, accept_shrinkage=True)) == {}


def test_accepting_shrinkage_accepts_nothing_else() -> None:
    half, last = parsed({"latency": [2000.0] * 5}), good({"latency": [2.0] * 10})
    assert set(failed(assess(BOARD, half, last, accept_shrinkage=True))) == {"scale"}


def test_unknown_columns_are_told_and_do_not_block() -> None:
    outcomes = assess(BOARD, parsed({"solved": PERCENTS}, unknown_columns=("table: Cost", "table: Elo")), None)
    assert failed(outcomes) == {"no_unknown_columns": "new: table: Cost, table: Elo"}
    assert not any(outcome.refuses for outcome in outcomes)


def test_metrics_found_in_the_data_are_checked_too() -> None:
    extra = metric("found", Unit.FRACTION, 0, 1)
    outcomes = assess(BOARD, parsed({"found": [0.2, 20.0]}, metrics=(extra,)), None)
    assert failed(outcomes) == {"value_range": "found runs from 0.2 to 20 fraction, declared is 0 to 1"}


def test_all_problems_are_told_together() -> None:
    broken = parsed({"solved": [0.5] * 5 + [-3.0], "share": [30.0] * 6}, rows_read=9)
    found = failed(assess(BOARD, broken, good({"solved": [50.0] * 10})))
    assert set(found) == {"row_account", "value_range", "scale", "not_shrunk"}
    assert found["value_range"].count("; ") == 1


@pytest.mark.parametrize("check", ["well_formed", "columns", "unique"])
def test_a_parse_that_fails_answers_its_own_check(check: Any) -> None:
    outcomes = outcomes_of(SourceError("table", "the columns 'name'", "only 'model'", check))
    assert [outcome.check.name for outcome in outcomes if outcome.refuses] == [check]
    assert outcomes[0].found == "table: expected the columns 'name'; found only 'model'"


def test_an_unchanged_snapshot_keeps_its_outcomes() -> None:
    assert failed(outcomes_unchanged(())) == {}
    again = outcomes_unchanged(["table: Cost"])
    assert [outcome.check for outcome in again] == list(CHECKS)
    assert failed(again) == {"no_unknown_columns": "new: table: Cost"}
