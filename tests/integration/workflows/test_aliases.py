"""Published names and the models they mean, against a real server."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.identity.resolve import Resolution
from budmodel_pipeline.identity.resolve import resolve as by_evidence
from budmodel_pipeline.identity.tokens import UnresolvableName
from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Entry,
    Metric,
    Parsed,
    Score,
    Source,
    Unit,
)
from budmodel_pipeline.warehouse.aliases import AliasCounts, Resolve, resolve_aliases
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.publish import publish, register_sources
from budmodel_pipeline.warehouse.snapshots import (
    SnapshotFile,
    current_snapshot,
    fetched_snapshot,
    record_fetched,
)

MONDAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
TUNED = "https://huggingface.co/tuner/alpha"


def board(slug: str) -> Source:
    return Source(
        slug=slug,
        title=slug,
        publisher="Somebody",
        homepage="https://example.org/",
        license=None,
        endpoints=(Endpoint("table", f"https://example.org/{slug}.csv", "csv"),),
        benchmarks=(Benchmark("tasks", "Tasks", Domain.GENERAL),),
        metrics=(Metric("accuracy", "tasks", "Accuracy", Unit.PERCENT, True, headline=True),),
        columns={"table": Columns(frozenset())},
        parse=lambda _: Parsed([], [], 0, 0),
    )


ARENA, EXAM = board("arena"), board("exam")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    migrate(engine)
    with engine.begin() as connection:
        register_sources(connection, {"arena": ARENA, "exam": EXAM})
    yield engine
    engine.dispose()


def entry(
    name: str,
    link: str | None = None,
    organization: str | None = None,
    published_id: str | None = None,
    released_on: date | None = None,
) -> Entry:
    return Entry(
        f"{name} {link} {organization} {published_id} {released_on}",
        name,
        link=link,
        organization=organization,
        published_id=published_id,
        released_on=released_on,
        scores={"accuracy": Score(50.0)},
    )


def release(engine: Engine, source: Source, at: datetime, entries: Sequence[Entry]) -> None:
    """Publishes a snapshot with these entries."""
    digest = sha256(repr((source.slug, at)).encode()).hexdigest()
    file = SnapshotFile("table", source.endpoints[0].url, digest, 1, f"sha256/{digest}", None, None, at)
    with engine.begin() as connection:
        snapshot = fetched_snapshot(source.slug, 1, "live", current_snapshot(connection, source.slug), [file], at)
        record_fetched(connection, snapshot)
        publish(connection, source, snapshot, Parsed(list(entries), [], len(entries), len(entries)), at)


def by_name(_source: str, name: str, link: str | None = None, **_beside: object) -> Resolution:
    """`Alpha (high)` is model alpha, variant high; a link to tuned weights makes another model."""
    base, _, variant = name.lower().partition(" (")
    model_id = "tuner/alpha" if link == TUNED else base
    return Resolution(model_id, variant.rstrip(")") or None, "test", 0.5, (f"the name {name!r}", "äöü\t\\N"))


def resolve(engine: Engine, how: Resolve = by_name) -> AliasCounts:
    with engine.begin() as connection:
        counts = resolve_aliases(connection, how)
    # They become metadata of an asset, which takes no decimals.
    assert {type(count) for count in astuple(counts)} == {int}
    return counts


def counts(names: int, models: int, in_two_sources: int) -> AliasCounts:
    """What these names count to where every model is a group of its own."""
    return AliasCounts(names, models, in_two_sources, 0, models, in_two_sources, 0)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


ALIASES = (
    "select source, published_name, link, organization, model_id, variant from budmodel.model_aliases order by 1, 2, 3, 4"
)


def test_every_published_name_gets_a_model(engine: Engine) -> None:
    release(engine, ARENA, MONDAY, [entry("Alpha (high)"), entry("Alpha (low)"), entry("Beta")])
    release(engine, EXAM, MONDAY, [entry("alpha", organization="A")])
    assert resolve(engine) == counts(names=4, models=2, in_two_sources=1)
    assert rows(engine, ALIASES) == [
        ("arena", "Alpha (high)", None, None, "alpha", "high"),
        ("arena", "Alpha (low)", None, None, "alpha", "low"),
        ("arena", "Beta", None, None, "beta", None),
        ("exam", "alpha", None, "A", "alpha", None),
    ]
    assert rows(engine, "select distinct method, confidence, evidence[2] from budmodel.model_aliases") == [
        ("test", 0.5, "äöü\t\\N")
    ]


def test_one_name_with_two_links_is_two_names(engine: Engine) -> None:
    release(engine, ARENA, MONDAY, [entry("Alpha"), entry("Alpha", link=TUNED), entry("Alpha", organization="A")])
    assert resolve(engine) == counts(names=3, models=2, in_two_sources=0)
    assert [row[4] for row in rows(engine, ALIASES)] == ["tuner/alpha", "alpha", "alpha"]


def test_resolving_again_adds_nothing(engine: Engine) -> None:
    release(engine, ARENA, MONDAY, [entry("Alpha"), entry("Alpha", link=TUNED)])
    resolve(engine)
    before = rows(engine, "select * from budmodel.model_aliases, budmodel.models order by 1, 2")
    assert resolve(engine) == counts(names=2, models=2, in_two_sources=0)
    assert rows(engine, "select * from budmodel.model_aliases, budmodel.models order by 1, 2") == before


def test_nothing_published_is_no_error(engine: Engine) -> None:
    assert resolve(engine) == counts(names=0, models=0, in_two_sources=0)


def test_names_of_earlier_snapshots_stay_for_the_history(engine: Engine) -> None:
    release(engine, ARENA, MONDAY, [entry("Alpha"), entry("Beta")])
    release(engine, ARENA, MONDAY + WEEK, [entry("Beta"), entry("Gamma")])
    resolve(engine)
    seen = rows(
        engine, "select published_name, first_seen_at, last_seen_at from budmodel.model_aliases order by published_name"
    )
    assert seen == [
        ("Alpha", MONDAY, MONDAY),
        ("Beta", MONDAY, MONDAY + WEEK),
        ("Gamma", MONDAY + WEEK, MONDAY + WEEK),
    ]


def test_a_better_policy_moves_names_and_keeps_their_ids(engine: Engine) -> None:
    release(engine, ARENA, MONDAY, [entry("Alpha"), entry("Alpha 1.0")])
    resolve(engine)
    before = rows(engine, "select alias_id, published_name, first_seen_at from budmodel.model_aliases order by 1")

    def better(_source: str, name: str, _link: str | None = None, **_beside: object) -> Resolution:
        return Resolution("vendor/alpha-1", None, "policy 2", 0.9, (name,))

    assert resolve(engine, better) == counts(names=2, models=1, in_two_sources=0)
    assert rows(engine, "select alias_id, published_name, first_seen_at from budmodel.model_aliases order by 1") == before
    assert rows(engine, "select distinct model_id, method from budmodel.model_aliases") == [("vendor/alpha-1", "policy 2")]
    renamed = "select model_id, superseded_by from budmodel.models order by model_id"
    assert rows(engine, renamed) == [
        ("alpha", "vendor/alpha-1"),
        ("alpha 1.0", "vendor/alpha-1"),
        ("vendor/alpha-1", None),
    ]
    resolve(engine)
    assert rows(engine, renamed) == [("alpha", None), ("alpha 1.0", None), ("vendor/alpha-1", None)]


def test_a_model_that_falls_apart_is_no_rename(engine: Engine) -> None:
    release(engine, ARENA, MONDAY, [entry("Alpha (high)"), entry("Alpha (low)")])
    resolve(engine)
    resolve(engine, lambda _source, name, _link=None, **_beside: Resolution(name, None, "test", 1.0, ()))
    assert rows(engine, "select superseded_by from budmodel.models where model_id = 'alpha'") == [(None,)]


def test_a_name_that_means_nothing_is_a_model_of_its_own(engine: Engine) -> None:
    def refuse(_source: str, name: str, _link: str | None = None, **_beside: object) -> Resolution:
        raise UnresolvableName(f"{name} is a router")

    release(engine, ARENA, MONDAY, [entry("Auto")])
    resolve(engine, refuse)
    assert rows(engine, "select model_id, method, confidence, evidence[1] from budmodel.model_aliases") == [
        ("unresolved/auto", "rejected", 0.0, "Auto is a router")
    ]


def test_a_model_is_called_the_same_whatever_was_published_first(engine: Engine) -> None:
    """Of its names, one without a variant where there is one; of those, one in upper and lower case."""
    release(engine, EXAM, MONDAY, [entry("Alpha (high)"), entry("Beta (low)"), entry("Beta"), entry("Gamma (low)")])
    resolve(engine)
    release(engine, ARENA, MONDAY + WEEK, [entry("alpha"), entry("BETA"), entry("Gamma (high)")])
    resolve(engine)
    models = rows(engine, "select model_id, display_name, first_seen_at from budmodel.models order by model_id")
    assert models == [("alpha", "alpha", MONDAY), ("beta", "Beta", MONDAY), ("gamma", "Gamma (low)", MONDAY)]


def test_one_name_with_two_ids_or_days_is_two_names(engine: Engine) -> None:
    may, august = "gpt-4o-2024-05-13", "gpt-4o-2024-08-06"
    release(engine, EXAM, MONDAY, [entry("GPT-4o", published_id=may), entry("GPT-4o", published_id=august)])
    day = date(2025, 7, 9)
    release(engine, ARENA, MONDAY, [entry("Grok-4", released_on=day), entry("Grok-4", released_on=date(2025, 8, 1))])
    resolve(engine, by_evidence)
    assert rows(engine, "select published_id, released_on, model_id from budmodel.model_aliases order by model_id") == [
        (may, None, f"openai/{may}"),
        (august, None, f"openai/{august}"),
        (None, date(2025, 8, 1), "xai/grok-4"),
        (None, day, "xai/grok-4-0709"),
    ]


def test_models_belong_to_groups_with_a_maker_and_a_repository(engine: Engine) -> None:
    gemma = "https://huggingface.co/google/Gemma-3-27B-it"
    exam = [entry("GPT-4o (high)", published_id="gpt-4o-2024-05-13"), entry("gemma-3-27b"), entry("Nova Pro")]
    release(engine, EXAM, MONDAY, exam)
    arena = [entry("gemma-3-27b-it", gemma), entry("amazon.nova-pro-v1:0"), entry("gpt-4o-2024-08-06"), entry("Auto")]
    release(engine, ARENA, MONDAY, arena)
    assert resolve(engine, by_evidence) == AliasCounts(7, 7, 0, 0, 4, 3, 0)
    models = "select model_id, group_id, maker, hub_repository from budmodel.models order by model_id"
    assert rows(engine, models) == [
        ("amazon/nova-pro", "amazon/nova-pro", "Amazon", None),
        ("amazon/nova-pro-v1", "amazon/nova-pro", "Amazon", None),
        ("google/gemma-3-27b", "google/gemma-3-27b", "Google", None),
        ("google/gemma-3-27b-it", "google/gemma-3-27b", "Google", "google/Gemma-3-27B-it"),
        ("openai/gpt-4o-2024-05-13", "openai/gpt-4o", "OpenAI", None),
        ("openai/gpt-4o-2024-08-06", "openai/gpt-4o", "OpenAI", None),
        ("unresolved/auto", "unresolved/auto", None, None),
    ]
    assert rows(engine, "select group_id, display_name, maker from budmodel.model_groups order by 1") == [
        ("amazon/nova-pro", "Nova Pro", "Amazon"),
        ("google/gemma-3-27b", "gemma-3-27b", "Google"),
        ("openai/gpt-4o", "GPT-4o (high)", "OpenAI"),
        ("unresolved/auto", "Auto", None),
    ]


def test_names_from_before_ids_were_kept_are_the_same_names_with_more_known(engine: Engine) -> None:
    release(engine, EXAM, MONDAY, [entry("GPT-4o"), entry("GPT-5")])
    resolve(engine, by_evidence)
    with engine.begin() as connection:  # As a migration leaves it.
        change = "update budmodel.entries set published_id = 'gpt-5-2025-08-07' where published_name = 'GPT-5'"
        connection.execute(text(change))
    resolve(engine, by_evidence)
    assert rows(engine, "select published_name, published_id from budmodel.model_aliases order by 1") == [
        ("GPT-4o", None),
        ("GPT-5", "gpt-5-2025-08-07"),
    ]
    assert rows(engine, "select model_id, superseded_by from budmodel.models order by 1") == [
        ("openai/gpt-4o", None),
        ("openai/gpt-5", "openai/gpt-5-2025-08-07"),
        ("openai/gpt-5-2025-08-07", None),
    ]


def test_a_group_without_a_model_is_gone(engine: Engine) -> None:
    release(engine, EXAM, MONDAY, [entry("Alpha")])
    resolve(engine)
    with engine.begin() as connection:
        connection.execute(text("insert into budmodel.model_groups values ('old', 'Old', null)"))
    resolve(engine)
    assert rows(engine, "select group_id from budmodel.model_groups") == [("alpha",)]


def test_which_model_of_the_hub_a_link_leads_to_is_kept_beside_it(engine: Engine) -> None:
    entries = [entry("Alpha", "https://hf.co/tuner/alpha?library=x"), entry("Beta", "https://huggingface.co/models/beta")]
    release(engine, ARENA, MONDAY, [*entries, entry("Gamma")])
    resolve(engine)
    kept = "select published_name, hub_repository from budmodel.model_aliases order by 1"
    assert rows(engine, kept) == [("Alpha", "tuner/alpha"), ("Beta", None), ("Gamma", None)]
    with engine.begin() as connection:
        connection.execute(text("update budmodel.model_aliases set hub_repository = 'of/yesterday'"))
    resolve(engine)
    assert rows(engine, kept) == [("Alpha", "tuner/alpha"), ("Beta", None), ("Gamma", None)]


def test_an_error_halfway_leaves_the_old_aliases(engine: Engine) -> None:
    release(engine, ARENA, MONDAY, [entry("Alpha")])
    resolve(engine)
    before = rows(engine, ALIASES)
    release(engine, ARENA, MONDAY + WEEK, [entry("Beta"), entry("Gamma")])

    def broken(source: str, name: str, link: str | None = None, **_beside: object) -> Resolution:
        if name == "Gamma":
            raise LookupError(name)
        return by_name(source, name, link)

    with pytest.raises(LookupError):
        resolve(engine, broken)
    assert rows(engine, ALIASES) == before
    assert resolve(engine).names == 3
