"""The weekly schedule, ticked day after day against real rows: how often each source is extracted, and what a tick says.

A simulated extraction leaves in the tables what a run leaves: a success moves `last_extracted_at` to the moment at which it
finished, a failure leaves it and its reason in `last_error`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import dagster as dg
import pytest
from sqlalchemy import text

from budmodel_pipeline.definitions import build_definitions
from budmodel_pipeline.settings import Origin, Settings
from budmodel_pipeline.sources.catalog import catalog
from tests.dagster.conftest import Deployment

MONDAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WEEKS = 10
# The others are archived: extracted once, and not again in these weeks.
WEEKLY = [name for name, source in catalog().items() if source.cadence == timedelta(days=7)]
# When an extraction that was requested on a day finishes after the tick; None: it fails.
Finish = Callable[[str, int], timedelta | None]

_SUCCEEDS = text("""
    with published as (
        insert into budmodel.snapshots
            (snapshot_id, source, content_sha256, parser_version, origin, status, fetched_at, last_seen_at)
        values (:source || '-' || :origin, :source, '', 1, :origin, 'published', :at, :at)
        on conflict (snapshot_id) do update set last_seen_at = excluded.last_seen_at returning snapshot_id
    )
    update budmodel.sources set last_extracted_at = :at, last_error = null, current_snapshot_id = snapshot_id
    from published where sources.source = :source
""")
_FAILS = text("update budmodel.sources set last_error = 'it is down', last_failed_at = :at where source = :source")


def on_days(days: Sequence[int]) -> dict[str, list[int]]:
    """The days on which each source is extracted where the weekly ones are on `days`."""
    return {source: list(days) if source in WEEKLY else list(days[:1]) for source in catalog()}


class Calendar:
    """Ticks the schedule of a deployment for live data and carries out what it asks for."""

    def __init__(self, deployment: Deployment, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.engine = deployment.engine
        self.postgres = deployment.postgres()
        definitions = build_definitions(Settings(budmodel_origin=Origin.LIVE))
        self.schedule = definitions.resolve_schedule_def("weekly_leaderboards")
        with self.engine.begin() as connection:
            connection.execute(text("truncate budmodel.snapshots, budmodel.sources cascade"))

    def tick(self, at: datetime) -> tuple[list[dg.RunRequest], str | None]:
        """What the tick scheduled at `at` asks for, and why nothing otherwise."""
        resources = {"postgres": self.postgres}
        with dg.build_schedule_context(self.instance, scheduled_execution_time=at, resources=resources) as context:
            told = self.schedule.evaluate_tick(context)
        return list(told.run_requests or []), told.skip_message

    def requested(self, at: datetime) -> list[str]:
        """The sources that the tick at `at` asks for."""
        return [source for request in self.tick(at)[0] for source in sources_of(request)]

    def extracted(self, source: str, at: datetime, origin: Origin = Origin.LIVE) -> None:
        with self.engine.begin() as connection:
            connection.execute(_SUCCEEDS, {"source": source, "at": at, "origin": origin.value})

    def failed(self, source: str, at: datetime) -> None:
        with self.engine.begin() as connection:
            connection.execute(_FAILS, {"source": source, "at": at})

    def simulate(self, days: Iterable[int], finish: Finish) -> tuple[dict[str, list[int]], Counter[str]]:
        """Ticks on `days` and runs what is asked for: the days of each source's extractions, and how often it failed."""
        succeeded: dict[str, list[int]] = {source: [] for source in catalog()}
        failures: Counter[str] = Counter()
        for day in days:
            scheduled = MONDAY + day * DAY
            for source in self.requested(scheduled):
                after = finish(source, day)
                if after is None:
                    self.failed(source, scheduled + timedelta(minutes=5))
                    failures[source] += 1
                else:
                    self.extracted(source, scheduled + after)
                    succeeded[source].append(day)
        return succeeded, failures


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """One on disk for all ticks: a context makes itself one in memory otherwise, which takes longer than the tick."""
    with dg.DagsterInstance.local_temp() as instance:
        yield instance


@pytest.fixture
def calendar(fresh: Deployment, instance: dg.DagsterInstance) -> Calendar:
    return Calendar(fresh, instance)


def sources_of(request: dg.RunRequest) -> list[str]:
    """The sources whose assets a request selects; both of each, or the test fails."""
    keys = [tuple(key.path) for key in request.asset_selection or []]
    sources = [source for layer, source in keys if layer == "scores"]
    assert Counter(keys) == Counter((layer, source) for source in sources for layer in ("snapshots", "scores"))
    return sources


def after(_source: str, _day: int, *, hours: float) -> timedelta:
    return timedelta(hours=hours)


def later_each_week(_source: str, day: int) -> timedelta:
    return timedelta(hours=day / 7)


def down_in_the_fourth_week(source: str, day: int) -> timedelta | None:
    """One source is down for a day; all finish late."""
    return None if (source, day) == ("ugi", 21) else timedelta(hours=10)


def test_what_a_removed_package_brought_is_not_asked_for(calendar: Calendar) -> None:
    """It has no asset, and a request for one would cost the tick all others."""
    row = "('riddles', 'Riddles', 'Nobody', 'https://riddles.example/', 7)"
    with calendar.engine.begin() as connection:
        connection.execute(
            text(f"insert into budmodel.sources (source, title, publisher, homepage, cadence_days) values {row}")
        )
    assert calendar.requested(MONDAY) == list(catalog())


EVERY_WEEK = [7 * week for week in range(WEEKS)]
DAILY = range(7 * WEEKS)


@pytest.mark.parametrize(
    "finish",
    [
        pytest.param(partial(after, hours=0.1), id="prompt"),
        pytest.param(partial(after, hours=0.7), id="forty minutes late"),
        pytest.param(partial(after, hours=10), id="ten hours late"),
        pytest.param(later_each_week, id="later each week"),
    ],
)
def test_ten_weekly_ticks_give_ten_extractions(calendar: Calendar, finish: Finish) -> None:
    """Counted: the successful extractions of each source over ten weeks, ticked once a week, from the first tick on."""
    succeeded, failures = calendar.simulate(EVERY_WEEK, finish)
    assert succeeded == on_days(EVERY_WEEK)
    assert not failures


def test_a_failed_extraction_is_made_up_the_next_day(calendar: Calendar) -> None:
    """Counted as above, but ticked daily: what fails on day 21 succeeds on day 22; the others keep their days."""
    succeeded, failures = calendar.simulate(DAILY, down_in_the_fourth_week)
    assert failures == {"ugi": 1}
    assert succeeded == {**on_days(EVERY_WEEK), "ugi": [0, 7, 14, 22, 29, 36, 43, 50, 57, 64]}


def test_a_missed_tick_is_made_up_the_next_day(calendar: Calendar) -> None:
    """Counted as above, but ticked daily: no tick on day 21, when everything was due."""
    succeeded, _ = calendar.simulate([day for day in DAILY if day != 21], partial(after, hours=10))
    assert succeeded == on_days([0, 7, 14, 22, 29, 36, 43, 50, 57, 64])


def test_a_week_of_outage_is_tried_every_day(calendar: Calendar) -> None:
    """Down from day 7 to day 13: seven attempts, then the extraction; one is lost, and no more than that."""

    def finish(_source: str, day: int) -> timedelta | None:
        return None if 7 <= day < 14 else timedelta(hours=10)

    succeeded, failures = calendar.simulate(range(22), finish)
    assert succeeded == on_days([0, 14, 21])
    assert failures == dict.fromkeys(WEEKLY, 7)


def test_a_person_who_extracts_midweek_moves_the_week(calendar: Calendar) -> None:
    calendar.simulate(range(2), partial(after, hours=1))
    calendar.extracted("ugi", MONDAY + 2 * DAY + timedelta(hours=11))
    succeeded, _ = calendar.simulate(range(3, 15), partial(after, hours=1))
    assert succeeded.pop("ugi") == [9]
    assert succeeded == {source: [7, 14] if source in WEEKLY else [] for source in succeeded}


def test_only_due_sources_are_requested(calendar: Calendar) -> None:
    calendar.simulate([0], partial(after, hours=1))
    calendar.extracted("ugi", MONDAY - DAY)
    calendar.extracted("bfcl", MONDAY - 2 * DAY)
    (request,), skipped = calendar.tick(MONDAY + 6 * DAY)
    assert skipped is None
    assert sources_of(request) == ["bfcl", "ugi"]
    assert request.run_key == "2026-03-08"
    assert request.tags["budmodel/sources"] == "bfcl,ugi"


def test_a_skipped_tick_says_what_is_due_next(calendar: Calendar) -> None:
    calendar.simulate([0], partial(after, hours=1))
    calendar.extracted("mteb", MONDAY - DAY)
    requests, reason = calendar.tick(MONDAY + DAY)
    assert requests == []
    assert reason == "No source is due; the next is mteb on 2026-03-08 at 03:00 UTC."


def test_a_new_source_is_due_at_once(calendar: Calendar) -> None:
    """An empty database: the tick itself registers what the catalog holds."""
    assert calendar.requested(MONDAY) == list(catalog())
    for source in list(catalog())[1:]:
        calendar.extracted(source, MONDAY)
    assert calendar.requested(MONDAY + DAY) == list(catalog())[:1]


def test_a_failure_does_not_wait_for_a_week(calendar: Calendar) -> None:
    calendar.simulate([0, 7], lambda source, day: None if (source, day) == ("ugi", 7) else timedelta(hours=1))
    assert calendar.requested(MONDAY + 8 * DAY) == ["ugi"]


def test_going_live_extracts_what_was_a_sample(calendar: Calendar) -> None:
    for source in calendar.requested(MONDAY):
        calendar.extracted(source, MONDAY, Origin.SAMPLE)
    assert calendar.requested(MONDAY + DAY) == list(catalog())
