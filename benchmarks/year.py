"""A year of every leaderboard: 52 weekly snapshots in which scores move, models come and models go.

What an analyst waits for each of the ten questions, and what the marts cost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import Connection, Engine, text

from benchmarks.database import build_marts, dbt, temporary_database
from benchmarks.measure import Figure
from benchmarks.published_files import published
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Entry, Parsed, Source
from budmodel_pipeline.sources.reading import parse_files
from budmodel_pipeline.warehouse.aliases import resolve_aliases
from budmodel_pipeline.warehouse.publish import publish
from budmodel_pipeline.warehouse.snapshots import SnapshotFile, current_snapshot, fetched_snapshot, record_fetched
from budmodel_pipeline.workflows.model_ranking import rank_models

WEEKS = 52
ROUNDS = 20
MAX_SECONDS = 0.1
MAX_GROWTH = 1.0
# Of so many entries one is measured anew in a week, one is not there yet, and one has gone.
MOVING, COMING, GOING = 20, 97, 101


def run() -> Iterator[Figure]:
    """The slowest question at its 95th percentile, and how `dbt build` grows with the rows of history."""
    leaderboards = [(source, parse_files(source, published(source))) for source in catalog().values()]
    with temporary_database() as engine:
        rows = [_publish(engine, leaderboards, 0)]
        with engine.begin() as connection:
            resolve_aliases(connection, resolve)
        rank_models(engine)
        first = build_marts(engine)
        rows += [_publish(engine, leaderboards, week) for week in range(1, WEEKS)]
        with engine.begin() as connection:
            resolve_aliases(connection, resolve)
        whole = build_marts(engine)
        slowest = sorted(_questions(engine), reverse=True)
        with engine.connect() as connection:
            size = int(connection.execute(text("select pg_database_size(current_database())")).scalar_one())
    times = ", ".join(f"{name} {1000 * seconds:.0f} ms" for seconds, name in slowest)
    yield Figure(f"seconds of the slowest question after {WEEKS} weeks, p95", slowest[0][0], MAX_SECONDS, times)
    growth = (whole / first) / (sum(rows) / rows[0])
    detail = f"{first:.1f} s with {rows[0]:,} scores, {whole:.1f} s with {sum(rows):,}; {size / 1e6:,.0f} MB of database"
    yield Figure("growth of `dbt build` / growth of rows", growth, MAX_GROWTH, detail)


def _publish(engine: Engine, leaderboards: Sequence[tuple[Source, Parsed]], week: int) -> int:
    """Publishes all sources as they are in that week; how many scores."""
    at = datetime.now(UTC) - timedelta(weeks=WEEKS - week)
    scores = 0
    for source, newest in leaderboards:
        parsed = _in_week(newest, week)
        scores += parsed.score_count
        with engine.begin() as connection:
            current = current_snapshot(connection, source.slug)
            snapshot = fetched_snapshot(source.slug, source.parser_version, "mirror", current, _files(source, week, at), at)
            record_fetched(connection, snapshot)
            publish(connection, source, snapshot, parsed, at)
    return scores


def _files(source: Source, week: int, at: datetime) -> list[SnapshotFile]:
    return [SnapshotFile(one.name, one.url, f"{one.name} {week}", 1, "", None, None, at) for one in source.endpoints]


def _in_week(parsed: Parsed, week: int) -> Parsed:
    """The same leaderboard in another week; what moves stays between its bounds."""
    there = [
        _moved(entry, week) if number % MOVING == week % MOVING else entry
        for number, entry in enumerate(parsed.entries)
        if number % COMING <= week + COMING - WEEKS and (number % GOING or week < number // GOING)
    ]
    return replace(parsed, entries=there)


def _moved(entry: Entry, week: int) -> Entry:
    share = 1 - (week % 7) / 1000
    scores = {
        metric: score._replace(value=score.value * share, lower=None, upper=None, interval_basis=None)
        for metric, score in entry.scores.items()
    }
    return replace(entry, scores=scores)


def _questions(engine: Engine) -> Iterator[tuple[float, str]]:
    """Seconds of each question at the 95th percentile, and its name."""
    with TemporaryDirectory(prefix="budmodel-bench-") as written:
        dbt(engine, Path(written), "compile", "--select", "path:analyses")
        for file in sorted(Path(written).rglob("compiled/**/analyses/*.sql")):
            with engine.connect() as connection:
                times = sorted(_seconds(connection, file.read_text("utf-8")) for _ in range(ROUNDS))
            yield times[int(0.95 * ROUNDS) - 1], file.stem


def _seconds(connection: Connection, question: str) -> float:
    started = perf_counter()
    # No parameters, and so no sign of them: comments hold per cents.
    connection.exec_driver_sql(question.replace("%", "%%")).all()
    return perf_counter() - started
