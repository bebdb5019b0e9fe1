"""Ticks that are cut off, that two daemons make at once, that come two weeks late, and clocks that were wrong.

Every model and leaderboard comes to its turn, once, and nobody waits for what will not come.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.definitions import MODELS_JOB
from budmodel_pipeline.sensors.extraction_requests import extraction_requests
from budmodel_pipeline.sensors.model_work import UNLAUNCHED, discovered_models
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.embedded_postgres import Server
from budmodel_pipeline.services.object_store import open_directory
from budmodel_pipeline.warehouse.batches import claim
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.model_states import KnownTarget, add_targets, models_waiting
from budmodel_pipeline.warehouse.requests import add_request, postpone_request
from budmodel_pipeline.warehouse.snapshots import current_snapshot, snapshot_as_of
from budmodel_pipeline.warehouse.states import marts_behind, newest_extraction, record_marts, source_states
from budmodel_pipeline.workflows.cadence import due_sources
from budmodel_pipeline.workflows.replay import rebuild
from tests.board import SECOND, SOURCE, THIRD, board, held
from tests.dagster.test_model_sensors import batch, extracted, finished, tick
from tests.hostile_server import Reply
from tests.integration.faults.conftest import held_up
from tests.postgres import empty_database

pytestmark = pytest.mark.timeout(240)
# Whoever puts this target into a batch asks for a lock first, so that a tick can be held up in its midst.
STUMBLE = """
create function stumble() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock(14); return new; end $$;
create trigger stumble before update of batch_id on budmodel.extraction_targets for each row
    when (new.target = 'hf:org/150') execute function stumble();
"""
HOLD = "select pg_advisory_xact_lock(14)"
NAMES = [f"org/{number:03}" for number in range(250)]
TARGETS = [f"hf:{name}" for name in NAMES]
# A clock that is as wrong as this is noticed by nothing else.
YEARS = timedelta(days=730)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        yield instance


def known(engine: Engine) -> None:
    """All of them wait."""
    found = [KnownTarget(target, "hugging_face", name, None, "tests") for target, name in zip(TARGETS, NAMES, strict=True)]
    with engine.begin() as connection:
        add_targets(connection, found, datetime.now(UTC))
        connection.execute(text(STUMBLE))


def moved(engine: Engine, by: timedelta) -> None:
    """Every moment of every table, as if the clock had been wrong by so much, or so much time had passed since."""
    columns = text("""
        select table_name,
            string_agg(format('%I = %I + cast(\\:by as interval)', column_name, column_name), ', ') as moments
        from information_schema.columns join information_schema.tables using (table_schema, table_name)
        where table_schema = 'budmodel' and table_type = 'BASE TABLE' and data_type = 'timestamp with time zone'
        group by table_name
    """)
    with engine.begin() as connection:
        for table, moments in connection.execute(columns).all():
            connection.execute(text(f"update budmodel.{table} set {moments}"), {"by": by})


def batched(engine: Engine, requests: list[dg.RunRequest]) -> Counter[str]:
    """How many of these runs will read each target."""
    return Counter(target for request in requests for target in batch(engine, request))


def test_postgres_stops_in_a_tick(own_postgres: Path, own_database: str, instance: dg.DagsterInstance) -> None:
    server, engine = embedded_postgres.start(own_postgres), open_engine(own_database)
    migrate(engine)
    known(engine)
    sensor = discovered_models(MODELS_JOB)
    with ThreadPoolExecutor(1) as pool, held_up(engine, HOLD) as wait:
        # The first hundred are in a batch, the second are about to be.
        ticking = pool.submit(tick, sensor, engine, instance, server)
        wait(lambda: not ticking.done())
        embedded_postgres.stop(own_postgres)
        with pytest.raises(Exception, match=r"terminat|server closed|connection"):
            ticking.result()
    embedded_postgres.start(own_postgres)
    rest, _ = tick(sensor, engine, instance, server)
    assert batched(engine, rest) == Counter(TARGETS[100:])
    # Nobody launched the run of the first batch, and nobody waits for it for long.
    assert tick(sensor, engine, instance, server)[0] == []
    with engine.begin() as connection:
        later = text("update budmodel.extraction_targets set next_attempt_at = next_attempt_at - cast(:by as interval)")
        connection.execute(later, {"by": UNLAUNCHED + timedelta(seconds=1)})
        for request in rest:
            add_run(instance, request)
    first, _ = tick(sensor, engine, instance, server)
    assert batched(engine, [*first, *rest]) == Counter(TARGETS)
    engine.dispose()


def add_run(instance: dg.DagsterInstance, request: dg.RunRequest) -> None:
    """The run that was asked for is at work, as one that a person launched: it takes no other's place."""
    instance.add_run(dg.DagsterRun(job_name="by hand", status=dg.DagsterRunStatus.STARTED, tags=request.tags))


@pytest.mark.parametrize("what", ["models that are due", "requests"])
def test_two_daemons_tick_at_once(engine: Engine, postgres_server: Server, instance: dg.DagsterInstance, what: str) -> None:
    known(engine)
    sensor = discovered_models(MODELS_JOB)
    if what == "requests":
        sensor = extraction_requests(MODELS_JOB)
        with engine.begin() as connection:
            for name in NAMES:
                add_request(connection, "hugging_face", name, "ann")
    with ThreadPoolExecutor(2) as pool:
        with held_up(engine, HOLD) as wait:
            one = pool.submit(tick, sensor, engine, instance, postgres_server)
            wait(lambda: not one.done())
            # The other sees what the first has not told yet.
            other = pool.submit(tick, sensor, engine, instance, postgres_server)
            if what == "requests":
                wait_for_two(engine, other.done)
            else:
                other.result()
        requests = [*one.result()[0], *other.result()[0]]
    assert batched(engine, requests) == Counter(TARGETS)
    with engine.connect() as connection:
        astray = text("""
            select count(*) from budmodel.extraction_requests asked join budmodel.extraction_targets known using (target)
            where asked.status <> 'running' or asked.batch_id <> known.batch_id
        """)
        assert connection.execute(astray).scalar_one() == 0


def wait_for_two(engine: Engine, over: object) -> None:
    """Until two sessions wait for locks."""
    waiting = text("""
        select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    """)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
        while watcher.execute(waiting).scalar_one() < 2:
            assert callable(over)
            assert not over()


def test_after_two_weeks_without_a_daemon_everything_comes_to_its_turn(
    database: str, postgres_server: Server, instance: dg.DagsterInstance, tmp_path: Path, expected: dict[str, list[str]]
) -> None:
    with board(database, open_directory(tmp_path / "objects")) as made:
        now = datetime.now(UTC)
        with made.engine.begin() as connection:
            extracted(connection, "org/read", "a" * 40, now)
            finished(connection, "org/read", "a" * 40, now)
            waiting = [
                KnownTarget(f"hf:org/{name}", "hugging_face", f"org/{name}", None, "tests") for name in ("due", "held")
            ]
            add_targets(connection, waiting, now)
            claim(connection, "of a run that died with the daemon", "hf:org/held", now + timedelta(hours=3))
            asked = add_request(connection, "hugging_face", "org/asked", "ann")
            postpone_request(connection, asked, "no answer", now + timedelta(hours=1))
        models = made.held()["model_info"]
        moved(made.engine, -timedelta(days=14))
        with made.engine.connect() as connection:
            assert due_sources(source_states(connection), now, "mirror") == ["alpacaeval"]
        (request,), _ = tick(extraction_requests(MODELS_JOB), made.engine, instance, postgres_server)
        (rest,), _ = tick(discovered_models(MODELS_JOB), made.engine, instance, postgres_server)
        assert batch(made.engine, request) == ["hf:org/asked"]
        assert batch(made.engine, rest) == ["hf:org/due", "hf:org/held", "hf:org/read"]
        made.extract(SECOND)
        assert made.held()["model_info"] == models
        for table in ("entries", "scores", "snapshots", "snapshot_files"):
            assert made.held()[table] == expected[table]


@pytest.mark.parametrize("by", [YEARS, -YEARS], ids=["was ahead", "was behind"])
def test_a_clock_that_was_wrong_hides_no_leaderboard(
    database: str, tmp_path: Path, expected: dict[str, list[str]], by: timedelta
) -> None:
    with board(database, open_directory(tmp_path / "objects")) as made:
        moved(made.engine, by)
        with made.engine.connect() as connection:
            assert due_sources(source_states(connection), datetime.now(UTC), "mirror") == ["alpacaeval"]
        made.extract(SECOND)
        assert made.held() == expected


@pytest.mark.parametrize("by", [YEARS, -YEARS], ids=["was ahead", "was behind"])
def test_a_clock_that_was_wrong_once_does_not_make_what_was_replaced_current_again(
    database: str, postgres_server: Server, tmp_path: Path, by: timedelta
) -> None:
    with board(database, open_directory(tmp_path / "objects")) as made:
        made.serves(Reply(body=SECOND))
        made.take()
        with made.engine.begin() as connection:
            wrong = text("update budmodel.snapshots set fetched_at = fetched_at + :by where status = 'fetched'")
            connection.execute(wrong, {"by": by})
        made.publish()
        made.extract(THIRD)
        with made.engine.connect() as connection:
            current = current_snapshot(connection, SOURCE.slug)
            assert snapshot_as_of(connection, SOURCE.slug, None) == current
            assert snapshot_as_of(connection, SOURCE.slug, datetime.now(UTC).date()) == current
        with empty_database(postgres_server) as another:
            engine = open_engine(another)
            migrate(engine)
            assert rebuild(engine, made.store, {SOURCE.slug: SOURCE}) == {SOURCE.slug: 3}
            rebuilt = held(engine)
            engine.dispose()
        for table in ("entries", "scores", "snapshots", "sources", "snapshot_files"):
            assert rebuilt[table] == made.held()[table]


@pytest.mark.parametrize("by", [YEARS, -YEARS], ids=["was ahead", "was behind"])
def test_a_clock_that_was_wrong_hides_no_model(
    engine: Engine, postgres_server: Server, instance: dg.DagsterInstance, by: timedelta
) -> None:
    now = datetime.now(UTC)
    with engine.begin() as connection:
        extracted(connection, "org/read", "a" * 40, now)
        finished(connection, "org/read", "a" * 40, now)
        waiting = [KnownTarget(f"hf:org/{name}", "hugging_face", f"org/{name}", None, "tests") for name in ("due", "held")]
        add_targets(connection, waiting, now)
        claim(connection, "of a tick that was killed", "hf:org/held", now + timedelta(hours=3))
        asked = add_request(connection, "hugging_face", "org/asked", "ann")
        postpone_request(connection, asked, "no answer", now + timedelta(hours=1))
    moved(engine, by)
    with engine.connect() as connection:
        assert models_waiting(connection, now)
    (request,), _ = tick(extraction_requests(MODELS_JOB), engine, instance, postgres_server)
    (rest,), _ = tick(discovered_models(MODELS_JOB), engine, instance, postgres_server)
    assert batch(engine, request) == ["hf:org/asked"]
    assert batch(engine, rest) == ["hf:org/due", "hf:org/held", "hf:org/read"]


def test_what_was_read_in_the_future_hides_nothing_from_the_marts(engine: Engine) -> None:
    now = datetime.now(UTC)
    with engine.begin() as connection:
        extracted(connection, "org/gone", "a" * 40, now + YEARS)
        extracted(connection, "org/before", "a" * 40, now)
        record_marts(connection, {}, newest_extraction(connection))
        assert marts_behind(connection) == frozenset()
        extracted(connection, "org/after", "a" * 40, now + timedelta(minutes=1))
        assert marts_behind(connection) != frozenset()
