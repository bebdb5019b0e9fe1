"""From published scores to kept rankings: which metric of a benchmark counts, which names do, what replaces what."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.ranking.evidence import PublishedScore
from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Domain,
    Endpoint,
    Entry,
    Metric,
    Parsed,
    Score,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.warehouse.aliases import resolve_aliases
from budmodel_pipeline.warehouse.publish import publish, register_sources
from budmodel_pipeline.warehouse.ranking_records import current_scores, kept_rankings, scores_before
from budmodel_pipeline.warehouse.snapshots import SnapshotFile, current_snapshot, fetched_snapshot, record_fetched
from budmodel_pipeline.workflows.model_ranking import rank_models

MODELS = (
    "gpt-4o-2024-08-06",
    "gpt-4o-mini",
    "claude-3-opus-20240229",
    "gemini-1.5-pro",
    "mistral-large-2407",
    "command-r-plus",
)
EXAMS = ("first", "second", "third")


def exam(slug: str, unit: Unit = Unit.PERCENT, *, headline: bool = False) -> Metric:
    return Metric(f"{slug}_{unit}", slug, slug, unit, True, 0, 100, headline=headline)


def board(slug: str) -> Source:
    """Three exams, a mean over them, a cost before the score of the first, and a benchmark that has nothing but a price."""
    return Source(
        slug=slug,
        title=slug,
        publisher="Testers",
        homepage=f"https://{slug}.example/",
        license=None,
        endpoints=(Endpoint("table", f"https://{slug}.example/table.csv", "csv"),),
        benchmarks=(
            Benchmark("mean", "Mean", Domain.CODING),
            *(Benchmark(name, name, Domain.CODING, part_of="mean") for name in EXAMS),
            Benchmark("price", "Price", Domain.CODING),
        ),
        metrics=(
            Metric("first_usd", "first", "cost", Unit.USD, None),
            *(exam(name) for name in EXAMS),
            exam("first", Unit.POINTS),
            Metric("price", "price", "price", Unit.USD, False),
            exam("mean", headline=True),
        ),
        columns={},
        parse=lambda _: Parsed([], [], 0, 0),
    )


def release(engine: Engine, of: Source, scores: Mapping[str, Mapping[str, Score]], at: datetime) -> None:
    entries = [Entry(name, name, standing=Standing.VERIFIED, scores=dict(values)) for name, values in scores.items()]
    parsed = Parsed(entries, [], len(entries), len(entries), as_of=date(2026, 1, 5), as_of_basis=AsOfBasis.STATED)
    with engine.begin() as connection:
        register_sources(connection, {of.slug: of})
        file = SnapshotFile("table", of.endpoints[0].url, f"{of.slug}{at}", 1, "key", None, None, at)
        snapshot = fetched_snapshot(of.slug, 1, "live", current_snapshot(connection, of.slug), [file], at)
        record_fetched(connection, snapshot)
        publish(connection, of, snapshot, parsed, at)
        resolve_aliases(connection, resolve)


@pytest.fixture
def published(engine: Engine) -> Engine:
    scores = {
        name: {
            **{f"{slug}_percent": Score(90.0 - 10 * place - 3 * number) for number, slug in enumerate(EXAMS)},
            "first_usd": Score(5.0),
            "first_points": Score(1.0),
            "mean_percent": Score(90.0 - 10 * place, tasks=2 if place else None, tasks_total=3 if place else None),
            "price": Score(2.0),
        }
        for place, name in enumerate(MODELS)
    }
    scores["???"] = {"first_percent": Score(99.0)}
    release(engine, board("board"), scores, datetime(2026, 1, 6, tzinfo=UTC))
    return engine


def test_one_metric_stands_for_a_benchmark(published: Engine) -> None:
    with published.connect() as connection:
        chosen = connection.execute(text("select metric_id from budmodel.metrics where stands_for_benchmark order by 1"))
        assert chosen.scalars().all() == [
            "board.first_percent",
            "board.mean_percent",
            "board.price",
            "board.second_percent",
            "board.third_percent",
        ]
        parts = connection.execute(text("select benchmark_id, part_of from budmodel.benchmarks where part_of is not null"))
        assert sorted(parts.all()) == [(f"board/{name}", "board/mean") for name in sorted(EXAMS)]


def test_scores_come_with_what_a_ranking_asks_of_them(published: Engine) -> None:
    with published.connect() as connection:
        scores = current_scores(connection)
    assert {score.published_name for score in scores} == set(MODELS), "names that mean no model speak for none"
    # Means over a part of their tasks do not count.
    assert [score.published_name for score in scores if score.benchmark_id == "board/mean"] == [MODELS[0]]
    [one] = [score for score in scores if (score.metric_id, score.published_name) == ("board.first_percent", MODELS[0])]
    assert (one.group_id, one.value, one.unit, one.as_of) == ("openai/gpt-4o", 0.9, "percent", date(2026, 1, 5))
    assert (one.standing, one.run_by, one.part_of, one.domain) == ("verified", "publisher", "board/mean", "coding")


def test_rankings_are_kept_and_replaced(published: Engine) -> None:
    made = rank_models(published)
    assert list(made) == ["overall", "coding"]
    with published.connect() as connection:
        kept = connection.execute(
            text("select group_id, rank, benchmark_ids, sources from budmodel.rankings where scope = 'coding' order by rank")
        ).all()
        assert [row.group_id for row in kept] == [one.group_id for one in made["coding"].ranked]
        assert [row.rank for row in kept] == [1, 2, 3, 4, 5, 6]
        assert kept[0].group_id == "openai/gpt-4o"
        assert kept[0].benchmark_ids == ["board/first", "board/second", "board/third"]
        evidence = text("select seen, predicted, metric_id from budmodel.ranking_evidence where scope = 'coding'")
        rows = connection.execute(evidence).all()
        assert len(rows) == len(MODELS) * len(EXAMS)
        assert all(abs(row.seen - row.predicted) < 0.05 for row in rows)
        uses = connection.execute(
            text("select benchmark_id, is_used, reason from budmodel.ranking_benchmarks where scope = 'coding'")
        )
        assert {row.benchmark_id: row.reason for row in uses} == {
            **dict.fromkeys([f"board/{name}" for name in EXAMS]),
            "board/price": "usd have no declared place between 0 and 1",
        }
    two = {name: {"first_percent": Score(50.0)} for name in MODELS[:2]}
    release(published, board("board"), two, datetime(2026, 1, 13, tzinfo=UTC))
    assert not any(one.ranked for one in rank_models(published).values())
    with published.connect() as connection:
        assert connection.execute(text("select count(*) from budmodel.rankings")).scalar() == 0
        assert connection.execute(text("select count(*) from budmodel.ranking_evidence")).scalar() == 0


def test_what_stood_before_a_moment_is_found_again(published: Engine) -> None:
    first, second = datetime(2026, 1, 6, tzinfo=UTC), datetime(2026, 1, 13, tzinfo=UTC)
    with published.connect() as connection:
        former = current_scores(connection)
    release(published, board("board"), {name: {"first_percent": Score(50.0)} for name in MODELS}, second)
    with published.connect() as connection:
        latter = current_scores(connection)
        # At the moment itself it did not stand yet.
        for moment, found in ((first, []), (second, former), (second + timedelta(seconds=1), latter)):
            assert by_name(scores_before(connection, moment)) == by_name(found)
    assert by_name(former) != by_name(latter)


def by_name(scores: Sequence[PublishedScore]) -> list[tuple[str, str, float]]:
    return sorted((score.published_name, score.metric_id, score.value) for score in scores)


def test_kept_rankings_are_those_that_were_made(published: Engine) -> None:
    made = rank_models(published)
    with published.connect() as connection:
        assert kept_rankings(connection) == {scope: one.ranked for scope, one in made.items() if one.ranked}
