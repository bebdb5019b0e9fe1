"""Which snapshots may be published: every check passing and failing, at its limits."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Entry,
    Metric,
    Parsed,
    Rejection,
    RejectionKind,
    Row,
    Score,
    Source,
    SourceError,
    Standing,
    Unit,
    Unread,
)
from budmodel_pipeline.sources.entry_facts import Facts
from budmodel_pipeline.sources.quality import (
    CHECKS,
    LastGood,
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
    benchmarks=(Benchmark("tasks", "Tasks", Domain.GENERAL),),
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
            entry.rows = [Row("table", number + 1, columns.keys())]
            entry.scores[slug] = Score(value)
    balanced: dict[str, Any] = {"rejections": [], "rows_read": len(entries), "rows_kept": len(entries)}
    return Parsed(list(entries.values()), **(balanced | account))


def good(columns: Mapping[str, list[float]], rows: int | None = None) -> LastGood:
    scores = {slug: {f"model {number}": value for number, value in enumerate(values)} for slug, values in columns.items()}
    return LastGood(rows if rows is not None else max(map(len, columns.values())), scores)


def failed(outcomes: Iterable[Outcome]) -> dict[str, str]:
    return {outcome.check.name: outcome.found for outcome in outcomes if not outcome.passed}


def rejected(rows: int, kind: RejectionKind = RejectionKind.BAD) -> list[Rejection]:
    return [Rejection("table", "solved is not a number", rows, "soon", kind)] if rows else []


SPREAD = [50.0 + number for number in range(10)]
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
    assert failed(assess(BOARD, twice, None)) == {"unique": "entries share a key: model 0"}


def test_rows_that_nobody_accounts_for() -> None:
    lost = parsed({"solved": PERCENTS}, rows_read=8)
    assert failed(assess(BOARD, lost, None)) == {"row_account": "8 rows read, but 6 kept and 0 rejected"}


@pytest.mark.parametrize(
    ("slug", "values", "found"),
    [
        ("solved", [0.0, 100.0], None),
        ("solved", [50.0, 100.01], "solved 100.01 percent: model 1, row 2 (declared is 0 to 100)"),
        ("solved", [-0.01, 50.0], "solved -0.01 percent: model 0, row 1 (declared is 0 to 100)"),
        ("share", [0.3, 30.0], "share 30 fraction: model 1, row 2 (declared is 0 to 1)"),
        ("latency", [0.1, 1e9], None),
        ("latency", [-0.1, 3.0], "latency -0.1 seconds: model 0, row 1 (declared is 0 to)"),
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
    assert failed(assess(BOARD, parsed({slug: now}), last)).get("scale") == found


@pytest.mark.parametrize(
    ("bad", "kind", "refused"),
    [
        (0, RejectionKind.BAD, False),
        (10, RejectionKind.BAD, False),
        (11, RejectionKind.BAD, True),
        (90, RejectionKind.BAD, True),
        (90, RejectionKind.BY_RULE, False),
        (90, RejectionKind.DUPLICATE, False),
        (90, RejectionKind.SET_ASIDE, False),
    ],
)
def test_share_of_rejected_rows(bad: int, kind: RejectionKind, refused: bool) -> None:
    data = parsed({"solved": PERCENTS}, rows_read=100, rows_kept=100 - bad, rejections=rejected(bad, kind))
    found = f"{bad} of 100 rows, {bad} of them because solved is not a number, such as 'soon'"
    assert failed(assess(BOARD, data, None)) == ({"rejected_share": found} if refused else {})


@pytest.mark.parametrize(("rows", "refused"), [(10, False), (8, False), (7, True), (1, True)])
def test_rows_that_vanished(rows: int, refused: bool) -> None:
    outcomes = assess(BOARD, parsed({"solved": SPREAD[:rows]}), good({"solved": SPREAD}))
    assert ("not_shrunk" in failed(outcomes)) is refused


def test_a_metric_that_vanished_while_the_rows_stayed() -> None:
    """A column emptied, renamed as optional or turned into NaN."""
    last = good({"solved": [50.0] * 10, "latency": [1.0] * 10})
    outcomes = assess(BOARD, parsed({"solved": [50.0] * 10, "latency": [1.0] * 2}), last)
    found = "latency has 2 scores where it had 10; gone are model 2, model 3, model 4, …"
    assert failed(outcomes) == {"not_shrunk": found}
    outcomes = assess(BOARD, parsed({"solved": [50.0] * 10}), last)
    assert failed(outcomes) == {"no_missing_columns": "withdrawn: latency (10 scores)"}
    assert not any(outcome.refuses for outcome in outcomes)


def test_a_column_that_was_emptied_is_no_column_that_is_gone() -> None:
    last = good({"solved": SPREAD, "latency": [1.0] * 10})
    outcomes = assess(BOARD, parsed({"solved": SPREAD}, offered=frozenset({"solved", "latency"})), last)
    (refused,) = (outcome for outcome in outcomes if outcome.refuses)
    assert refused.found == "latency has 0 scores where it had 10; gone are model 0, model 1, model 2, …"


def test_the_headline_may_not_vanish() -> None:
    last = good({"solved": [50.0] * 10, "latency": [1.0] * 10})
    outcomes = assess(BOARD, parsed({"latency": [1.0] * 10}), last)
    assert {outcome.check.name for outcome in outcomes if outcome.refuses} == {"not_shrunk"}


def test_most_metrics_at_once_are_another_table() -> None:
    last = good({slug: [0.5 + number / 100 for number in range(10)] for slug in ("solved", "share", "latency")})
    outcomes = assess(BOARD, parsed({"solved": [0.5 + number / 100 for number in range(10)]}), last)
    assert "columns" in {outcome.check.name for outcome in outcomes if outcome.refuses}


def test_a_metric_of_few_scores_may_vanish() -> None:
    last = good({"solved": [50.0] * 10, "latency": [1.0] * 4})
    outcomes = assess(BOARD, parsed({"solved": [50.0] * 10}), last)
    assert not any(outcome.refuses for outcome in outcomes)


def test_a_person_accepts_that_rows_are_gone() -> None:
    half, last = parsed({"solved": [50.0] * 5}), good({"solved": [50.0] * 10})
    assert failed(assess(BOARD, half, last, accept_shrinkage=True)) == {}


def test_accepting_shrinkage_accepts_nothing_else() -> None:
    half, last = parsed({"latency": [2000.0] * 5}), good({"latency": [2.0] * 10})
    assert set(failed(assess(BOARD, half, last, accept_shrinkage=True))) == {"scale", "story"}


def test_unknown_columns_are_told_and_do_not_block() -> None:
    outcomes = assess(BOARD, parsed({"solved": PERCENTS}, unknown_columns=("table: Cost", "table: Elo")), None)
    assert failed(outcomes) == {"no_unknown_columns": "new: table: Cost, table: Elo"}
    assert not any(outcome.refuses for outcome in outcomes)


def test_metrics_found_in_the_data_are_checked_too() -> None:
    extra = metric("found", Unit.FRACTION, 0, 1)
    outcomes = assess(BOARD, parsed({"found": [0.2, 20.0]}, metrics=(extra,)), None)
    assert failed(outcomes) == {"value_range": "found 20 fraction: model 1, row 2 (declared is 0 to 1)"}


def test_all_problems_are_told_together() -> None:
    broken = parsed({"solved": [0.5] * 5 + [-3.0], "share": [30.0] * 6}, rows_read=9)
    found = failed(assess(BOARD, broken, good({"solved": [50.0] * 10})))
    assert set(found) == {"row_account", "value_range", "scale", "story", "not_shrunk"}
    # Seven values are out of range; five are named.
    assert found["value_range"].count("; ") == 5
    assert found["value_range"].endswith("; and 2 more of the kind")


def test_an_interval_holds_its_value() -> None:
    data = parsed({"solved": PERCENTS})
    ends = [(10.0, 15.0), (40.0, 40.0), (56.0, 60.0), (72.0, 68.0), (None, 90.0), (98.0, None)]
    for entry, (lower, upper) in zip(data.entries, ends, strict=True):
        entry.scores["solved"] = entry.scores["solved"]._replace(lower=lower, upper=upper)
    assert failed(assess(BOARD, data, None))["intervals"].split("; ") == [
        "solved 55.5 percent: model 2, row 3: 56 to 60 does not hold the value",
        "solved 70 percent: model 3, row 4: 72 to 68 has its ends swapped",
        "solved 91 percent: model 4, row 5: 91 to 90 has its ends swapped",
    ]


DAY = date(2025, 12, 11)


@pytest.mark.parametrize(
    ("as_of", "basis", "refused"),
    [
        (date(2025, 12, 10), AsOfBasis.STATED, True),
        (date(2024, 5, 1), AsOfBasis.STATED, True),
        (DAY, AsOfBasis.STATED, False),
        (date(2026, 1, 1), AsOfBasis.STATED, False),
        (date(2025, 12, 10), AsOfBasis.FILE_DATE, True),
        # One withdrawn row takes its date with it; a file of last year does more.
        (date(2025, 11, 20), AsOfBasis.NEWEST_ROW, False),
        (date(2025, 10, 1), AsOfBasis.NEWEST_ROW, True),
    ],
)
def test_the_data_get_no_older(as_of: date, basis: AsOfBasis, refused: bool) -> None:
    last = replace(good({"solved": PERCENTS}), as_of=DAY, as_of_basis=basis)
    outcomes = assess(BOARD, parsed({"solved": PERCENTS}, as_of=as_of, as_of_basis=basis), last)
    assert ("story" in failed(outcomes)) is refused


def test_dates_of_different_kinds_are_not_compared() -> None:
    last = replace(good({"solved": PERCENTS}), as_of=DAY, as_of_basis=AsOfBasis.STATED)
    older = parsed({"solved": PERCENTS}, as_of=date(2024, 5, 1), as_of_basis=AsOfBasis.NEWEST_ROW)
    assert failed(assess(BOARD, older, last)) == {}


def test_entries_that_have_the_names_of_others() -> None:
    data, last = parsed({"solved": PERCENTS}), good({"solved": PERCENTS})
    last = replace(last, facts={entry.key: Facts(entry.published_name) for entry in data.entries})
    data.entries[0].published_name = "model zero"
    assert failed(assess(BOARD, data, last)) == {}
    for entry, other in zip(data.entries, [*data.entries[1:], data.entries[0]], strict=True):
        entry.published_name = last.facts[other.key].published_name
    found = failed(assess(BOARD, data, last))["story"]
    assert found.startswith("6 entries have the published name of others: model 0 has 'model 1' where it had 'model 0'")


def facts(**said: Any) -> dict[str, Facts]:
    """Those of twenty models: each value is a function of the number of the model."""
    return {
        f"model {number}": Facts(f"model {number}", **{name: told(number) for name, told in said.items()})
        for number in range(20)
    }


WIDE = [40.0 + 2.5 * number for number in range(20)]


@pytest.mark.parametrize(
    ("fact", "before", "now", "found"),
    [
        (
            "link",
            lambda n: f"https://huggingface.co/m/{n}",
            lambda n: f"https://huggingface.co/m/{(n + 1) % 20}",
            "20 entries have the link of others: model 0 has 'https://huggingface.co/m/1' where it had",
        ),
        ("organization", lambda n: f"maker {n // 2}", lambda n: f"maker {(n + 1) % 20 // 2}", "10 entries have the organ"),
        ("license", lambda n: ("mit", "apache")[n % 2], lambda n: ("mit", "apache")[n // 18], "10 entries have the license"),
        ("released_on", lambda n: date(2025, 1, n + 1), lambda n: date(2025, 1, 20 - n), "20 entries have the released on"),
        ("link", str, lambda n: None if n < 5 else str(n), "5 entries have no link any more: model 0, model 1, model 2, …"),
        ("link", str, lambda n: None if n < 4 else str(n), None),
        ("link", str, lambda n: str(max(n, 2)), None),
        # All are called otherwise, a model has none, or gets one that others have.
        ("organization", lambda n: f"maker {n // 2}", lambda n: f"Maker {n // 2}", None),
        ("link", lambda n: None if n < 9 else str(n), lambda n: "9" if n < 9 else str(n), None),
    ],
)
def test_facts_that_tell_which_model_it_is(
    fact: str, before: Callable[[int], object], now: Callable[[int], object], found: str | None
) -> None:
    data = parsed({"solved": WIDE})
    for number, entry in enumerate(data.entries):
        setattr(entry, fact, now(number))
    last = replace(good({"solved": WIDE}), facts=facts(**{fact: before}))
    story = failed(assess(BOARD, data, last)).get("story")
    assert story is None if found is None else (story or "").startswith(found)


def test_a_column_of_facts_that_is_gone_is_told_as_that() -> None:
    last = replace(good({"solved": WIDE}), facts=facts(link=str))
    found = failed(assess(BOARD, parsed({"solved": WIDE}, missing_columns=("table: link",)), last))
    assert found == {"no_missing_columns": "missing: table: link"}


@pytest.mark.parametrize(
    ("before", "now", "moving", "refused"),
    [
        (Standing.COMMUNITY, Standing.VERIFIED, False, True),
        (Standing.CONTAMINATED, Standing.VERIFIED, False, True),
        (Standing.CONTAMINATED, Standing.VERIFIED, True, False),
        (Standing.SYSTEM, Standing.VERIFIED, True, True),
        (Standing.VERIFIED, Standing.VERIFIED, False, False),
    ],
)
def test_who_vouches_for_the_scores(before: Standing, now: Standing, moving: bool, refused: bool) -> None:
    window = (date(2025, 1, 1), date(2025, 6, 1)) if moving else None
    for changed in (4, 5):
        data = parsed({"solved": WIDE}, window=window)
        for number, entry in enumerate(data.entries):
            entry.standing = now if number < changed else before
        found = failed(assess(BOARD, data, replace(good({"solved": WIDE}), facts=facts(standing=lambda _: before))))
        assert ("story" in found) is (refused and changed == 5)
        if "story" in found:
            assert found["story"].startswith(f"5 entries have another standing: model 0 is {now} where it was {before}")


def test_as_many_others_do_not_replace_those_that_are_gone() -> None:
    """The same models under names that are written otherwise."""
    data = parsed({"solved": WIDE, "share": [0.5 + n / 100 for n in range(20)]})
    for entry in data.entries[4:9]:
        entry.key = entry.key.upper()
    found = failed(assess(BOARD, data, good({"solved": WIDE})))
    assert found == {"not_shrunk": "solved lost 5 of 20 scores, and others came; gone are model 4, model 5, model 6, …"}


def test_a_file_that_was_cut_off_between_two_rows() -> None:
    values = [20.0 + 2.5 * number for number in range(30)]
    last = good({"solved": values})
    for gone, end in ((range(25, 30), "last"), (range(5), "first"), (range(20, 25), ""), (range(26, 30), "")):
        data = parsed({"solved": values}, rows_read=30 - len(gone), rows_kept=30 - len(gone))
        data.entries = [entry for number, entry in enumerate(data.entries) if number not in gone]
        found = failed(assess(BOARD, data, last)).get("not_shrunk", "")
        assert (
            found.startswith(f"solved lost just the {end} 5 of 30 scores; gone are model {gone[0]}, ") if end else not found
        )


def test_cells_that_were_emptied() -> None:
    """Fewer than may be withdrawn, but these models were not: a column of which a part is missing."""
    columns = {"solved": [20.0 + 1.5 * number for number in range(40)], "share": [number / 50 for number in range(40)]}
    for emptied, refused in ((range(1, 8, 2), False), (range(1, 10, 2), True)):
        data = parsed(columns)
        for number in emptied:
            del data.entries[number].scores["solved"]
        found = failed(assess(BOARD, data, good(columns)))
        assert ("not_shrunk" in found) is refused
    assert found["not_shrunk"] == "solved is empty for 5 entries that are still there: model 1, model 3, model 5, …"


def test_a_table_of_others_as_well() -> None:
    data = parsed({"solved": [number / 2 for number in range(101)]})
    last = good({"solved": [number / 2 for number in range(20)]})
    assert failed(assess(BOARD, data, last)) == {"story": "101 entries where there were 20"}
    del data.entries[-1:]
    assert failed(assess(BOARD, replace(data, rows_read=100, rows_kept=100), last)) == {}


def test_a_new_metric_of_which_all_are_alike() -> None:
    data = parsed({"solved": WIDE, "share": [0.0] * 20})
    found = {"story": "share: no spread, all 20 entries have 0"}
    assert failed(assess(BOARD, data, good({"solved": WIDE}))) == found


def test_a_table_about_others() -> None:
    last = replace(good({"solved": PERCENTS}), scores={"solved": {f"old {n}": v for n, v in enumerate(PERCENTS)}})
    assert failed(assess(BOARD, parsed({"solved": PERCENTS}), last)) == {
        "story": "only 0 of 6 entries are there again; gone are old 0, old 1, old 2, …",
        "not_shrunk": "solved lost 6 of 6 scores, and others came; gone are old 0, old 1, old 2, …",
    }


def test_a_first_snapshot_in_which_all_are_alike() -> None:
    found = "solved: no spread, all 10 entries have 50"
    assert failed(assess(BOARD, parsed({"solved": [50.0] * 10}), None)) == {"story": found}


def test_what_a_person_accepts_passes_and_is_told() -> None:
    now, last = parsed({"solved": [value / 10 for value in PERCENTS]}), good({"solved": PERCENTS})
    (refused,) = (outcome for outcome in assess(BOARD, now, last) if outcome.refuses)
    (accepted,) = (outcome for outcome in assess(BOARD, now, last, accept_story=True) if outcome.accepted)
    assert refused.check.name == accepted.check.name == "story"
    assert accepted.passed
    assert refused.found == accepted.found
    assert refused.found.startswith("solved: a ratio of 0.1 (6 of 6 entries): model 0, row 1 has 1.25 where it had 12.5")


def test_accepting_a_story_accepts_neither_shrinkage_nor_another_range() -> None:
    now, last = parsed({"solved": [-value / 10 for value in PERCENTS[:3]]}), good({"solved": PERCENTS * 2})
    refused = {outcome.check.name for outcome in assess(BOARD, now, last, accept_story=True) if outcome.refuses}
    assert refused == {"value_range", "not_shrunk"}


@pytest.mark.parametrize(("cells", "is_score", "refused"), [(2, True, False), (3, True, True), (6, False, False)])
def test_cells_that_cannot_be_read(cells: int, is_score: bool, refused: bool) -> None:
    unread = Unread("table", "Solved", "Solved is not a number", cells, "row 1: 'best'", is_score)
    outcomes = assess(BOARD, parsed({"solved": PERCENTS}, unread=(unread,)), None)
    assert failed(outcomes)["cells"] == f"{cells} of Solved: Solved is not a number, such as row 1: 'best'"
    assert any(outcome.refuses for outcome in outcomes) is refused


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
