"""The 7-day rule as a table: when a tick extracts a source, and what it says otherwise."""

from datetime import UTC, datetime, timedelta

import pytest

from budmodel_pipeline.warehouse.states import SourceState
from budmodel_pipeline.workflows.cadence import by_default, due_sources, has_passed, is_due, left_out, next_due, nothing_due

TICK = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


def extracted(age: timedelta, *, source: str = "board", origin: str = "live", error: str | None = None) -> SourceState:
    """A source whose last success was `age` before the tick."""
    return SourceState(source, WEEK, TICK - age, origin, f"{source}-1", error)


@pytest.mark.parametrize(
    ("age", "due"),
    [
        pytest.param(timedelta(days=7), True, id="exactly a week"),
        pytest.param(timedelta(days=6, hours=23), True, id="finished an hour after the last weekly tick"),
        pytest.param(timedelta(days=6, hours=23, minutes=20), True, id="finished forty minutes after it"),
        pytest.param(timedelta(days=6, hours=14), True, id="finished ten hours after it"),
        pytest.param(timedelta(days=6, hours=12), True, id="the last moment of the slack"),
        pytest.param(timedelta(days=6, hours=11, minutes=59), False, id="past the slack"),
        pytest.param(timedelta(days=6), False, id="the daily tick before"),
        pytest.param(timedelta(days=5, hours=14), False, id="the daily tick before, after a late finish"),
        pytest.param(timedelta(days=3, hours=15), False, id="a person extracted midweek"),
        pytest.param(timedelta(), False, id="just now"),
        pytest.param(timedelta(minutes=-5), False, id="a clock that runs ahead puts it into the future"),
        pytest.param(timedelta(days=14), True, id="the tick before was missed"),
        pytest.param(timedelta(days=400), True, id="long forgotten"),
    ],
)
def test_age_of_the_last_success_decides(age: timedelta, due: bool) -> None:
    assert is_due(extracted(age), TICK, "live") is due


@pytest.mark.parametrize(
    ("ago", "passed"),
    [
        pytest.param(timedelta(days=7), True, id="just now"),
        pytest.param(timedelta(days=6, hours=23), False, id="not yet"),
        pytest.param(timedelta(), False, id="nothing at all"),
        pytest.param(timedelta(hours=-24), False, id="a tick that is evaluated late"),
        pytest.param(timedelta(hours=-24, seconds=-1), True, id="a clock that went wrong"),
        pytest.param(timedelta(days=-730), True, id="by years"),
    ],
)
def test_a_week_has_passed_or_nobody_knows(ago: timedelta, passed: bool) -> None:
    assert has_passed(WEEK, TICK - ago, TICK) is passed


def test_never_extracted_is_due() -> None:
    assert is_due(SourceState("board", WEEK), TICK, "live")
    assert is_due(SourceState("board", WEEK, last_error="board: 404"), TICK, "live")


@pytest.mark.parametrize(("age", "due"), [(timedelta(days=8), True), (timedelta(days=7), True), (timedelta(days=2), False)])
def test_a_failure_neither_renews_nor_ages_the_last_success(age: timedelta, due: bool) -> None:
    assert is_due(extracted(age, error="board: 500"), TICK, "live") is due


def test_midweek_extraction_moves_the_week() -> None:
    """Extracted by hand on Wednesday afternoon: not on Monday and Tuesday, but on the Wednesday after."""
    state = extracted(-timedelta(days=2, hours=12))
    due = [day for day in range(3, 11) if is_due(state, TICK + timedelta(days=day), "live")]
    assert due == [9, 10]


@pytest.mark.parametrize(("published", "wanted"), [("sample", "live"), ("sample", "mirror"), ("mirror", "live")])
def test_data_of_another_origin_are_due_at_once(published: str, wanted: str) -> None:
    assert is_due(extracted(timedelta(hours=1), origin=published), TICK, wanted)


def test_tick_in_another_time_zone_means_the_same_moment() -> None:
    elsewhere = TICK.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+13:45").tzinfo)
    assert is_due(extracted(timedelta(days=6, hours=12)), elsewhere, "live")
    assert not is_due(extracted(timedelta(days=6, hours=11, minutes=59)), elsewhere, "live")


def test_each_source_has_its_own_cadence() -> None:
    daily = SourceState("daily", timedelta(days=1), TICK - timedelta(hours=23), "live", "daily-1")
    weekly = extracted(timedelta(hours=23), source="weekly")
    assert due_sources([weekly, daily], TICK, "live") == ["daily"]


def test_due_sources_are_named_in_order() -> None:
    states = [SourceState(source, WEEK) for source in ("ugi", "bfcl", "mteb")]
    assert due_sources([*states, extracted(timedelta(days=1))], TICK, "live") == ["bfcl", "mteb", "ugi"]


def test_next_due_is_a_cadence_after_the_last_success() -> None:
    assert next_due(extracted(timedelta(days=3)), TICK) == TICK + timedelta(days=4)
    assert next_due(extracted(timedelta(hours=-20)), TICK) == TICK + timedelta(days=7, hours=20)
    assert next_due(SourceState("board", WEEK), TICK) is None
    # Of the future, it is due at once.
    assert next_due(extracted(timedelta(days=-700)), TICK) is None


def test_skip_reason_names_the_next_source_and_its_date() -> None:
    states = [extracted(timedelta(days=1), source="later"), extracted(timedelta(days=3), source="sooner")]
    assert nothing_due(states, TICK) == "No source is due; the next is sooner on 2026-03-06 at 03:00 UTC."
    assert nothing_due([], TICK) == "There are no sources."


def test_a_success_of_the_future_is_due() -> None:
    """The clock was wrong when it was noted: until that day comes, nothing else would ask for the source."""
    assert is_due(extracted(-timedelta(days=700)), TICK, "live")
    assert not is_due(extracted(-timedelta(hours=20)), TICK, "live")


def test_what_its_terms_forbid_is_extracted_by_name_alone() -> None:
    free, kept_out = SourceState("free", WEEK), SourceState("kept_out", WEEK, forbidden=True)
    assert by_default([kept_out, free]) == [free]
    assert "kept_out" in left_out([kept_out, free])
    assert "budmodel run --source kept_out" in left_out([kept_out, free])
    assert left_out([free]) == ""
    # Who asks by name has it extracted like any other.
    assert due_sources([kept_out], TICK, "live") == ["kept_out"]
