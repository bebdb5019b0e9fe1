"""Parsing, checking and loading every source, over the least that reading and storing the same bytes can take.

The floor reads the bytes with the fastest stock parser and copies the same rows, made beforehand, into tables without
indexes and constraints; both commit once per source.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean, median

from sqlalchemy import Engine, text

from benchmarks.database import temporary_database
from benchmarks.measure import Figure, in_turn, median_ratio, seconds
from benchmarks.published_files import Files, multiplied, published, stock_parse
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Parsed, Source
from budmodel_pipeline.sources.entry_facts import facts_of
from budmodel_pipeline.sources.quality import LastGood, assess
from budmodel_pipeline.sources.reading import parse_files
from budmodel_pipeline.warehouse.publish import (
    ENTRY_COLUMNS,
    SCORE_COLUMNS,
    entry_rows,
    publish,
    score_rows,
)
from budmodel_pipeline.warehouse.rows import copy_rows
from budmodel_pipeline.warehouse.snapshots import SnapshotFile, fetched_snapshot, record_fetched

TIMES = 50
ROUNDS = 3
# Files as published are over in milliseconds: of each round their mean counts.
REPEATS = 5
MAX_RATIO = 2.5
MAX_GROWTH = 1.2

_BARE = ("entries", "scores")
_EMPTY = text("""
    truncate budmodel.snapshots, budmodel.snapshot_files, budmodel.rejected_rows, budmodel.unread_cells, budmodel.decisions,
        budmodel.entries, budmodel.scores, bare_entries, bare_scores;
    update budmodel.sources set current_snapshot_id = null
""")

Rounds = list[float]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds to get one source's files into the database, round by round: as published and many times over."""

    ours: Rounds
    floor: Rounds
    ours_often: Rounds
    floor_often: Rounds


def run() -> Iterator[Figure]:
    """The ratio for the files as published and many times over, and how our time per row grows from one to the other."""
    with temporary_database() as engine:
        with engine.begin() as connection:
            for table in _BARE:
                connection.execute(text(f"create table bare_{table} as select * from budmodel.{table} with no data"))
        times = {slug: _times(engine, source) for slug, source in catalog().items()}
    ours = {slug: one.ours for slug, one in times.items()}
    floor = {slug: one.floor for slug, one in times.items()}
    ours_often = {slug: one.ours_often for slug, one in times.items()}
    floor_often = {slug: one.floor_often for slug, one in times.items()}
    yield _figure("parse, check and load / floor", ours, floor, MAX_RATIO)
    yield _figure(f"the same at {TIMES} times the rows", ours_often, floor_often, MAX_RATIO)
    per_row = {slug: [time / TIMES for time in rounds] for slug, rounds in ours_often.items()}
    yield _figure(f"our time per row at {TIMES} times the rows / as published", per_row, ours, MAX_GROWTH)


def _figure(what: str, ours: Mapping[str, Rounds], floor: Mapping[str, Rounds], target: float) -> Figure:
    """The ratio of the sums over all sources in the median round, with the ratio of each source."""
    each = ", ".join(f"{slug} {median_ratio(ours[slug], floor[slug]):.2f}" for slug in ours)
    mine, theirs = ([sum(round_) for round_ in zip(*side.values(), strict=True)] for side in (ours, floor))
    return Figure(what, median_ratio(mine, theirs), target, f"{median(mine):.3f} s / {median(theirs):.3f} s; {each}")


def _times(engine: Engine, source: Source) -> Times:
    files = published(source)
    ours, floor = _both_sides(engine, source, files)
    often = _both_sides(engine, source, multiplied(source, files, TIMES))
    return Times(*in_turn(ROUNDS, _mean(ours), _mean(floor), *often))


def _mean(take: Callable[[], float]) -> Callable[[], float]:
    return lambda: fmean(take() for _ in range(REPEATS))


def _both_sides(engine: Engine, source: Source, files: Files) -> tuple[Callable[[], float], Callable[[], float]]:
    """What takes our time for `files`, and what takes the floor's."""
    stored = [
        SnapshotFile(endpoint.name, endpoint.url, "", len(files[endpoint.name]), "", None, None, datetime.now(UTC))
        for endpoint in source.endpoints
        if endpoint.name in files
    ]
    snapshot = fetched_snapshot(source.slug, source.parser_version, "mirror", None, stored, datetime.now(UTC))
    expected = parse_files(source, files)
    last_good = _last_good(expected)
    declared = (*source.metrics, *expected.metrics)
    rows = {
        "bare_entries": (ENTRY_COLUMNS, list(entry_rows(snapshot.snapshot_id, expected))),
        "bare_scores": (SCORE_COLUMNS, list(score_rows(source.slug, declared, snapshot.snapshot_id, expected))),
    }

    def load() -> None:
        parsed = parse_files(source, files)
        outcomes = assess(source, parsed, last_good)
        if any(outcome.refuses for outcome in outcomes):
            raise RuntimeError(f"{source.slug} would not be published: {outcomes}")
        with engine.begin() as connection:
            publish(connection, source, snapshot, parsed, datetime.now(UTC))

    def load_bare() -> None:
        for endpoint in (one for one in source.endpoints if one.name in files):
            stock_parse(endpoint, files[endpoint.name])
        with engine.begin() as connection:
            for table, (columns, prepared) in rows.items():
                copy_rows(connection, table, columns, prepared)

    def empty() -> None:
        with engine.begin() as connection:
            connection.execute(_EMPTY)
            record_fetched(connection, snapshot)

    def ours() -> float:
        empty()
        return seconds(load)

    def floor() -> float:
        empty()
        return seconds(load_bare)

    return ours, floor


def _last_good(parsed: Parsed) -> LastGood:
    """As if the same rows had been published before, so that every check has something to do."""
    values: dict[str, dict[str, float]] = {}
    for entry in parsed.entries:
        for slug, score in entry.scores.items():
            values.setdefault(slug, {})[entry.key] = score.value
    return LastGood(parsed.rows_kept, values, facts_of(parsed))
