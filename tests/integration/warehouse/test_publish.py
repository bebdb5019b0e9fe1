"""Publishing against a real server: the whole new snapshot becomes current, or nothing changes."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Entry,
    IntervalBasis,
    Metric,
    Parsed,
    Rejection,
    RejectionKind,
    Score,
    Source,
    Standing,
    Unit,
    Unread,
)
from budmodel_pipeline.sources.data_terms import UNREAD_TERMS, Allowed
from budmodel_pipeline.sources.entry_facts import Facts
from budmodel_pipeline.warehouse.changes import changes_between, last_good, stored_scores
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.publish import PublishConflictError, lock_source, publish, register_sources
from budmodel_pipeline.warehouse.snapshots import (
    Snapshot,
    SnapshotFile,
    current_snapshot,
    fetched_snapshot,
    latest_snapshot,
    record_backfill,
    record_failure,
    record_fetched,
    record_unchanged,
    snapshot_as_of,
)
from budmodel_pipeline.warehouse.states import source_states
from budmodel_pipeline.warehouse.tables import metadata

MONDAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
BOARD = Source(
    slug="board",
    title="Board",
    publisher="Somebody",
    homepage="https://board.example/",
    license=None,
    endpoints=(Endpoint("table", "https://board.example/table.csv", "csv"),),
    benchmarks=(Benchmark("tasks", "Tasks", Domain.GENERAL),),
    metrics=(
        Metric("accuracy", "tasks", "Accuracy", Unit.PERCENT, True, minimum=0, maximum=100, headline=True),
        Metric("latency", "tasks", "Latency", Unit.SECONDS, False, minimum=0),
    ),
    columns={"table": Columns(frozenset())},
    parse=lambda _: Parsed([], [], 0, 0),
)
Contents = Mapping[str, Sequence[tuple[Any, ...]]]


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    migrate(engine)
    with engine.begin() as connection:
        register_sources(connection, {"board": BOARD})
    yield engine
    engine.dispose()


def parsed(scores: Mapping[str, float | Score], rejections: Sequence[Rejection] = ()) -> Parsed:
    """One entry per name with its accuracy."""
    entries = [
        Entry(name, name, scores={"accuracy": score if isinstance(score, Score) else Score(score)})
        for name, score in scores.items()
    ]
    bad = sum(rejection.rows for rejection in rejections)
    return Parsed(entries, list(rejections), len(entries) + bad, len(entries))


def fetch(engine: Engine, content: str, at: datetime, source: Source = BOARD) -> Snapshot:
    """Notes what a fetch at `at` found; for `content` that is current already, that it was seen again."""
    digest = sha256(content.encode()).hexdigest()
    url = source.endpoints[0].url
    file = SnapshotFile("table", url, digest, len(content), f"sha256/{digest}", '"1"', None, at)
    with engine.begin() as connection:
        current = current_snapshot(connection, source.slug)
        snapshot = fetched_snapshot(source.slug, source.parser_version, "live", current, [file], at)
        if snapshot is current:
            record_unchanged(connection, snapshot, at)
        else:
            record_fetched(connection, snapshot)
    return snapshot


def release(engine: Engine, content: str, at: datetime, found: Parsed, source: Source = BOARD) -> Snapshot:
    snapshot = fetch(engine, content, at, source)
    with engine.begin() as connection:
        return publish(connection, source, snapshot, found, at)


def contents(engine: Engine) -> Contents:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=repr) for table in metadata.sorted_tables
        }


def one(connection: Connection, query: str) -> Any:
    return connection.execute(text(query)).mappings().one()


def test_terms_are_those_of_the_declaration_and_no_others(engine: Engine) -> None:
    forbidden = replace(UNREAD_TERMS, allowed=Allowed.FORBIDDEN, attribution="Somebody", verified_on=MONDAY.date())
    with_own = replace(BOARD, terms=forbidden, benchmarks=(replace(BOARD.benchmarks[0], terms=UNREAD_TERMS),))
    query = text("select benchmark_id, allowed, attribution, verified_on from budmodel.data_terms where source = 'board'")
    with engine.begin() as connection:
        assert [row.allowed for row in connection.execute(query)] == ["unclear"]
        assert [state.forbidden for state in source_states(connection)] == [False]
        register_sources(connection, {"board": with_own})
        expected = {("", "forbidden", "Somebody", MONDAY.date()), ("board/tasks", "unclear", "", None)}
        assert {tuple(row) for row in connection.execute(query)} == expected
        assert [state.forbidden for state in source_states(connection)] == [True]
        register_sources(connection, {"board": BOARD})
        assert [tuple(row) for row in connection.execute(query)] == [("", "unclear", "", None)]


def test_everything_that_was_parsed_is_stored(engine: Engine) -> None:
    entry = Entry(
        "alpha | high",
        "Alpha (high)",
        link="https://huggingface.co/a/alpha",
        organization="A",
        license="MIT",
        released_on=date(2025, 5, 1),
        settings={"shots": 5, "note": "Zürich\t🏆"},
        scores={
            "accuracy": Score(
                77.47, 75.5, 79.25, IntervalBasis.PUBLISHED, votes=12, rank=3, standing=Standing.SELF_REPORTED
            ),
            "latency": Score(0.125),
        },
    )
    found = Parsed(
        [entry],
        [
            Rejection("table", "the name is empty", 2, "''", RejectionKind.BAD),
            Rejection("table", "too old", 3, "x", RejectionKind.BY_RULE),
        ],
        rows_read=6,
        rows_kept=1,
        as_of=date(2026, 3, 1),
        window=(date(2025, 1, 1), date(2026, 2, 1)),
        unread=(Unread("table", "Latency", "Latency is not a number", 2, "row 1: 'soon'", is_score=True),),
        missing_columns=("table: Votes",),
        unknown_columns=("table: Cost",),
    )
    snapshot = release(engine, "A", MONDAY, found)
    with engine.connect() as connection:
        stored = one(connection, "select * from budmodel.entries")
        assert dict(stored) == {
            "snapshot_id": snapshot.snapshot_id,
            "entry_no": 0,
            "entry_key": "alpha | high",
            "published_name": "Alpha (high)",
            "link": "https://huggingface.co/a/alpha",
            "organization": "A",
            "published_id": None,
            "license": "MIT",
            "released_on": date(2025, 5, 1),
            "settings": {"shots": 5, "note": "Zürich\t🏆"},
        }
        accuracy = one(connection, "select * from budmodel.scores where metric_id = 'board.accuracy'")
        assert (accuracy["value"], accuracy["lower"], accuracy["upper"]) == (
            Decimal("77.47"),
            Decimal("75.5"),
            Decimal("79.25"),
        )
        assert (accuracy["votes"], accuracy["published_rank"], accuracy["standing"]) == (12, 3, "self_reported")
        assert accuracy["interval_basis"] == "published"
        latency = one(connection, "select * from budmodel.scores where metric_id = 'board.latency'")
        assert (latency["standing"], latency["interval_basis"]) == ("unknown", None)
        scored = connection.execute(text("select metric_id, last_scored_at from budmodel.metrics order by 1")).all()
        assert scored == [("board.accuracy", MONDAY), ("board.latency", MONDAY)]
        account = one(connection, "select * from budmodel.snapshots")
        assert (account["rows_read"], account["rows_kept"], account["rows_rejected"]) == (6, 1, 5)
        assert (account["as_of"], account["window_start"], account["window_end"]) == (
            date(2026, 3, 1),
            date(2025, 1, 1),
            date(2026, 2, 1),
        )
        assert (account["unknown_columns"], account["missing_columns"]) == (["table: Cost"], ["table: Votes"])
        unread = one(connection, "select * from budmodel.unread_cells")
        assert (unread["column_name"], unread["cells"], unread["example"]) == ("Latency", 2, "row 1: 'soon'")
        rejected = connection.execute(text("select reason, rows, kind, example from budmodel.rejected_rows order by rows"))
        assert rejected.all() == [("the name is empty", 2, "bad", "''"), ("too old", 3, "by_rule", "x")]
        current = current_snapshot(connection, "board")
    assert current is not None
    assert (current.snapshot_id, current.files, current.status) == (snapshot.snapshot_id, snapshot.files, "published")


def test_canonical_values_stand_beside_the_published_ones(engine: Engine) -> None:
    found = parsed({"alpha": 77.5, "beta": 0, "gamma": 100})
    found.entries[0].scores["latency"] = Score(3.25)
    release(engine, "A", MONDAY, found)
    with engine.connect() as connection:
        rows = connection.execute(
            text("""
                select metric_id, unit, value, canonical_unit, canonical_value
                from budmodel.scores join budmodel.metrics using (metric_id) order by metric_id, value
            """)
        ).all()
    assert rows == [
        ("board.accuracy", "percent", 0, "fraction", 0),
        ("board.accuracy", "percent", Decimal("77.5"), "fraction", Decimal("0.775")),
        ("board.accuracy", "percent", 100, "fraction", 1),
        ("board.latency", "seconds", Decimal("3.25"), "seconds", Decimal("3.25")),
    ]


def test_a_success_clears_the_error_and_moves_the_clock(engine: Engine) -> None:
    with engine.begin() as connection:
        record_failure(connection, "board", "board: 404", MONDAY)
    release(engine, "A", MONDAY + WEEK, parsed({"alpha": 50}))
    with engine.connect() as connection:
        state = one(connection, "select last_extracted_at, last_error, last_failed_at from budmodel.sources")
    assert dict(state) == {"last_extracted_at": MONDAY + WEEK, "last_error": None, "last_failed_at": MONDAY}


def twice_the_same_key() -> Parsed:
    found = parsed({"alpha": 60, "beta": 61, "gamma": 62}, [Rejection("table", "bad", 1, "x", RejectionKind.BAD)])
    found.entries[2].key = "alpha"
    return found


def an_infinite_score() -> Parsed:
    return parsed({"alpha": 60, "beta": float("inf")})


@pytest.mark.parametrize("broken", [twice_the_same_key, an_infinite_score])
def test_an_error_halfway_leaves_everything_as_it_was(engine: Engine, broken: Any) -> None:
    release(engine, "A", MONDAY, parsed({"alpha": 50, "beta": 51}))
    snapshot = fetch(engine, "B", MONDAY + WEEK)
    renamed = replace(BOARD, metrics=(replace(BOARD.metrics[0], title="Renamed"), BOARD.metrics[1]))
    before = contents(engine)
    with pytest.raises(psycopg.IntegrityError), engine.begin() as connection:
        publish(connection, renamed, snapshot, broken(), MONDAY + WEEK)
    assert contents(engine) == before


def test_nobody_sees_a_publication_before_its_end(engine: Engine) -> None:
    first = release(engine, "A", MONDAY, parsed({"alpha": 50}))
    snapshot = fetch(engine, "B", MONDAY + WEEK)
    before = contents(engine)
    with engine.begin() as connection:
        publish(connection, BOARD, snapshot, parsed({"alpha": 60}), MONDAY + WEEK)
        assert contents(engine) == before
    with engine.connect() as connection:
        assert current_snapshot(connection, "board") != first


def test_the_second_of_two_runs_is_told_of_the_conflict(engine: Engine) -> None:
    release(engine, "A", MONDAY, parsed({"alpha": 50}))
    mine, theirs = fetch(engine, "B", MONDAY + WEEK), fetch(engine, "C", MONDAY + WEEK)
    with engine.begin() as connection:
        publish(connection, BOARD, theirs, parsed({"alpha": 61}), MONDAY + WEEK)
    before = contents(engine)
    with pytest.raises(PublishConflictError, match="board: another run published it"), engine.begin() as connection:
        publish(connection, BOARD, mine, parsed({"alpha": 60}), MONDAY + WEEK)
    assert contents(engine) == before


def test_runs_that_publish_at_once_wait_for_each_other(engine: Engine) -> None:
    """Both saw the same current snapshot: whoever is second must look again after the first has ended."""
    snapshots = [fetch(engine, content, MONDAY) for content in "ABCD"]

    def publish_one(snapshot: Snapshot) -> bool:
        try:
            with engine.begin() as connection:
                publish(connection, BOARD, snapshot, parsed({"alpha": 50}), MONDAY)
        except PublishConflictError:
            return False
        return True

    with ThreadPoolExecutor(len(snapshots)) as pool, engine.begin() as holder:
        lock_source(holder, "board")
        outcomes = [pool.submit(publish_one, snapshot) for snapshot in snapshots]
        holder.commit()
        assert sorted(outcome.result() for outcome in outcomes) == [False, False, False, True]
    assert len(contents(engine)["scores"]) == 1


def test_content_that_comes_back_is_a_third_snapshot(engine: Engine) -> None:
    a, b = parsed({"alpha": 50, "beta": 70}), parsed({"alpha": 60, "gamma": 80})
    ids = [
        release(engine, content, MONDAY + week * WEEK, found).snapshot_id
        for week, (content, found) in enumerate([("A", a), ("B", b), ("A", a)])
    ]
    assert len(set(ids)) == 3
    with engine.connect() as connection:
        current = current_snapshot(connection, "board")
        assert current is not None
        assert (current.snapshot_id, current.previous_snapshot_id) == (ids[2], ids[1])
        assert [stored_scores(connection, snapshot_id)["alpha", "board.accuracy"] for snapshot_id in ids] == [50, 60, 50]
        as_of = [snapshot_as_of(connection, "board", (MONDAY + days * timedelta(days=1)).date()) for days in (0, 6, 8, 30)]
        assert [snapshot.snapshot_id for snapshot in as_of if snapshot] == [ids[0], ids[0], ids[1], ids[2]]
        assert snapshot_as_of(connection, "board", (MONDAY - WEEK).date()) is None


def test_seen_again_adds_no_row(engine: Engine) -> None:
    first = release(engine, "A", MONDAY, parsed({"alpha": 50}))
    before = contents(engine)
    assert fetch(engine, "A", MONDAY + WEEK).snapshot_id == first.snapshot_id
    after = contents(engine)
    assert {name for name in before if before[name] != after[name]} == {"sources", "snapshots"}
    with engine.connect() as connection:
        moved = one(
            connection,
            "select fetched_at, last_seen_at, last_extracted_at from budmodel.snapshots natural join budmodel.sources",
        )
    assert tuple(moved.values()) == (MONDAY, MONDAY + WEEK, MONDAY + WEEK)


def test_a_better_parser_publishes_the_same_bytes_again(engine: Engine) -> None:
    first = release(engine, "A", MONDAY, parsed({"alpha": 50}))
    better = replace(BOARD, parser_version=2)
    second = release(engine, "A", MONDAY + WEEK, parsed({"alpha": 50, "beta": 51}), better)
    assert second.snapshot_id != first.snapshot_id
    assert (second.content_sha256, second.previous_snapshot_id) == (first.content_sha256, first.snapshot_id)
    with engine.connect() as connection:
        changes = changes_between(connection, first.snapshot_id, second.snapshot_id)
    assert changes.names_added == ("beta",)


def test_two_machines_give_the_same_ids(engine: Engine) -> None:
    def history(times: Sequence[datetime]) -> list[tuple[str, ...]]:
        with engine.begin() as connection:
            connection.execute(text("truncate budmodel.sources, budmodel.snapshots, budmodel.scores cascade"))
            register_sources(connection, {"board": BOARD})
        for content, at in zip("ABA", times, strict=True):
            release(engine, content, at, parsed({"alpha": ord(content)}))
        with engine.connect() as connection:
            rows = connection.execute(text("select snapshot_id, entry_no, metric_id from budmodel.scores order by 1, 2, 3"))
            return [tuple(map(str, row)) for row in rows]

    weekly = [MONDAY + week * WEEK for week in range(3)]
    assert history(weekly) == history([at + timedelta(hours=5) for at in weekly])


def test_a_refused_snapshot_is_kept_beside_the_good_one(engine: Engine) -> None:
    good = release(engine, "A", MONDAY, parsed({"alpha": 50}))
    bad = fetch(engine, "B", MONDAY + WEEK)
    with engine.begin() as connection:
        record_failure(connection, "board", "board: no row gave a score", MONDAY + WEEK, refused=bad)
    with engine.connect() as connection:
        current = current_snapshot(connection, "board")
        assert current is not None
        assert current.snapshot_id == good.snapshot_id
        latest = latest_snapshot(connection, "board")
        assert latest is not None
        assert (latest.snapshot_id, latest.status) == (bad.snapshot_id, "refused")
        state = one(connection, "select last_extracted_at, last_error from budmodel.sources")
    assert dict(state) == {"last_extracted_at": MONDAY, "last_error": "board: no row gave a score"}


def test_a_refused_snapshot_that_is_fetched_again_is_judged_anew(engine: Engine) -> None:
    bad = fetch(engine, "B", MONDAY)
    with engine.begin() as connection:
        record_failure(connection, "board", "board: no row gave a score", MONDAY, refused=bad)
    fetch(engine, "B", MONDAY + WEEK)
    with engine.connect() as connection:
        latest = latest_snapshot(connection, "board")
    assert latest is not None
    assert (latest.snapshot_id, latest.status, latest.refusal) == (bad.snapshot_id, "fetched", None)


def test_history_that_a_person_loads_does_not_stand_before_what_was_fetched(engine: Engine) -> None:
    """A run was killed between its two steps, somebody loads an older file: the next run publishes what was fetched."""
    fetched = fetch(engine, "B", MONDAY)
    older = replace(fetched, snapshot_id="board-older", content_sha256="older", origin="backfill", status="published")
    with engine.begin() as connection:
        record_backfill(connection, replace(older, fetched_at=MONDAY + WEEK, last_seen_at=MONDAY + WEEK))
        latest = latest_snapshot(connection, "board")
    assert latest is not None
    assert (latest.snapshot_id, latest.status) == (fetched.snapshot_id, "fetched")


def test_a_metric_was_scored_last_when_it_was_last_there(engine: Engine) -> None:
    both = parsed({"alpha": 50})
    both.entries[0].scores["latency"] = Score(1.5)
    release(engine, "A", MONDAY, both)
    release(engine, "B", MONDAY + WEEK, parsed({"alpha": 51}))
    with engine.connect() as connection:
        scored = connection.execute(text("select metric_id, last_scored_at from budmodel.metrics order by 1")).all()
    assert scored == [("board.accuracy", MONDAY + WEEK), ("board.latency", MONDAY)]


def test_a_published_snapshot_is_never_called_refused(engine: Engine) -> None:
    """A run that lost the race reports its failure about the snapshot that the other run has published."""
    snapshot = release(engine, "A", MONDAY, parsed({"alpha": 50}))
    with engine.begin() as connection:
        record_failure(connection, "board", "too late", MONDAY, refused=snapshot)
    with engine.connect() as connection:
        current = current_snapshot(connection, "board")
    assert current is not None
    assert (current.status, current.refusal) == ("published", None)


def test_registering_again_renews_the_description_alone(engine: Engine) -> None:
    snapshot = release(engine, "A", MONDAY, parsed({"alpha": 50}))
    with engine.begin() as connection:
        register_sources(connection, {"board": replace(BOARD, title="Board 2", cadence=timedelta(days=1))})
        state = one(connection, "select title, cadence_days, last_extracted_at, current_snapshot_id from budmodel.sources")
    assert tuple(state.values()) == ("Board 2", 1, MONDAY, snapshot.snapshot_id)


def test_differences_between_snapshots(engine: Engine) -> None:
    first = release(engine, "A", MONDAY, parsed({"alpha": 50, "beta": 51, "gamma": 52}))
    second = release(engine, "B", MONDAY + WEEK, parsed({"alpha": 50, "beta": 61, "delta": 53}))
    with engine.connect() as connection:
        changes = changes_between(connection, first.snapshot_id, second.snapshot_id)
        everything = changes_between(connection, None, first.snapshot_id)
    found = [(c.change, c.published_name, c.value_before, c.value_now) for c in changes.scores]
    assert found == [("added", "delta", None, 53), ("changed", "beta", 51, 61), ("removed", "gamma", 52, None)]
    assert changes.sentence() == "1 scores added, 1 scores removed, 1 scores changed, 1 names new, 1 names gone"
    assert everything.names_added == ("alpha", "beta", "gamma")


def test_figures_are_those_of_the_current_snapshot_and_its_origin(engine: Engine) -> None:
    release(engine, "A", MONDAY, parsed({"alpha": 10, "beta": 20}))
    release(engine, "B", MONDAY + WEEK, parsed({"alpha": 10, "beta": 20, "gamma": 60}))
    fetch(engine, "C", MONDAY + 2 * WEEK)
    with engine.connect() as connection:
        figures = last_good(connection, "board", "live")
        assert figures is not None
        assert (figures.rows_kept, figures.scores) == (3, {"accuracy": {"alpha": 10, "beta": 20, "gamma": 60}})
        # In the order of the file.
        assert list(figures.facts) == ["alpha", "beta", "gamma"]
        assert figures.facts["beta"] == Facts("beta", standing=Standing.UNKNOWN)
        assert last_good(connection, "board", "mirror") is None
        assert last_good(connection, "another", "live") is None
