"""The sensors of per-model work over real tables: what they request, in which batches, and what they leave alone."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.assets.per_model import BATCH, BATCH_FOR, DUE, MODELS, REQUESTS
from budmodel_pipeline.definitions import MODELS_JOB, build_definitions
from budmodel_pipeline.resources.models import ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.resources.scanning import ScanningResource
from budmodel_pipeline.sensors.extraction_requests import extraction_requests
from budmodel_pipeline.sensors.model_work import PRIORITY, WILL_RETRY, discovered_models, updated_models
from budmodel_pipeline.services.embedded_postgres import Server
from budmodel_pipeline.settings import Origin, Settings
from budmodel_pipeline.warehouse.batches import batch_of
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.license_records import (
    AnswerRecord,
    DocumentRecord,
    ModelLicenseRecord,
    store_document,
    store_model_license,
)
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.model_records import ModelRecord, store_model
from budmodel_pipeline.warehouse.model_states import KnownTarget, add_targets, record_extracted, record_target_failure
from budmodel_pipeline.warehouse.requests import add_request
from budmodel_pipeline.warehouse.scan_records import store_scan
from tests.hub_server import Failure, HubServer, hub_server

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(
            text("""insert into budmodel.sources (source, title, publisher, homepage, cadence_days)
                    values ('board', 'Board', 'Testers', 'https://board.example', 7)""")
        )
    yield engine
    engine.dispose()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        yield server


def link(connection: Connection, *names: str) -> None:
    """Published names that link to models on the hub."""
    connection.execute(text("insert into budmodel.models values ('x/y', 'x/y', now()) on conflict do nothing"))
    for name in names:
        connection.execute(
            text("""insert into budmodel.model_aliases (source, published_name, link, hub_repository, model_id,
                    method, confidence, first_seen_at, last_seen_at)
                    values ('board', :name, 'https://hf.co/' || :name, :name, 'x/y', 'test', 1, now(), now())"""),
            {"name": name},
        )


def extracted(connection: Connection, name: str, revision: str, at: datetime, origin: str = "live") -> None:
    target = f"hf:{name}"
    add_targets(connection, [KnownTarget(target, "hugging_face", name, None, "tests")], at)
    store_model(connection, ModelRecord(target, revision, name, origin, at, {}, [], [], [], None, [], []))
    record_extracted(connection, target, revision, at)


def finished(connection: Connection, name: str, revision: str, at: datetime) -> None:
    """Also searched for a license, and scanned."""
    target = f"hf:{name}"
    document = DocumentRecord(
        "tag:mit", None, None, "identified", "mit", None, None, None, 1.0, [], [], [], "tag", "", None, "1", at
    )
    store_document(
        connection, document, [AnswerRecord("tag:mit", "modify", "YES", "POSITIVE", "x", None, None, None, "terms")]
    )
    store_model_license(connection, ModelLicenseRecord(target, revision, "tag:mit", "tag", "mit", "mit", at))
    versions = ScanningResource().scanning
    assert versions is not None
    store_scan(connection, target, revision, "safe", versions.versions, [], at)


def tick(
    sensor: dg.SensorDefinition, engine: Engine, instance: dg.DagsterInstance, server: Server, hub: str = NOWHERE
) -> tuple[list[dg.RunRequest], str | None]:
    resources = {
        "postgres": PostgresResource(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            database=engine.url.database or "",
        ),
        "object_storage": ObjectStorageResource(directory=tempfile.mkdtemp(dir=server.data_directory.parent)),
        "scanning": ScanningResource(),
        "models": ModelsResource(origin_name=Origin.LIVE, mirror_url=NOWHERE, hub_endpoint=hub),
    }
    wanted = {name: resources[name] for name in sensor.required_resource_keys}
    definitions = build_definitions(Settings())
    with dg.build_sensor_context(instance, definitions=definitions, resources=wanted) as context:
        told = sensor.evaluate_tick(context)
    return list(told.run_requests or []), told.skip_message


def add_batch(
    instance: dg.DagsterInstance,
    run_id: str,
    batch_id: str = "another",
    status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED,
    **tags: str,
) -> None:
    location = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("budmodel_pipeline"), "__repository__")
    instance.add_run(
        dg.DagsterRun(
            job_name=MODELS_JOB,
            run_id=run_id,
            status=status,
            tags={BATCH: batch_id, BATCH_FOR: DUE, **tags},
            remote_job_origin=location.get_job_origin(MODELS_JOB),
        )
    )


def status(engine: Engine, target: str) -> str:
    with engine.connect() as connection:
        statement = text("select status from budmodel.extraction_targets where target = :target")
        return str(connection.execute(statement, {"target": target}).scalar_one())


def batch(engine: Engine, request: dg.RunRequest) -> list[str]:
    """What a run that was requested will read."""
    with engine.connect() as connection:
        return list(batch_of(connection, request.tags[BATCH], scanned=True).to_read)


def test_scattered_models_share_a_run_and_are_requested_once(
    engine: Engine, instance: dg.DagsterInstance, postgres_server: Server
) -> None:
    """60 of 600 that lie anywhere in the order of the partitions, of which 100 fit into a run."""
    names = [f"org/{number:03}" for number in range(600)]
    now = datetime.now(UTC)
    with engine.begin() as connection:
        add_targets(connection, [KnownTarget(f"hf:{name}", "hugging_face", name, None, "tests") for name in names], now)
        connection.execute(text("update budmodel.extraction_targets set next_attempt_at = now() + interval '1 day'"))
    instance.add_dynamic_partitions(str(MODELS.name), [f"hf:{name}" for name in names])
    with engine.begin() as connection:
        due = [f"hf:{name}" for name in names[::10]]
        connection.execute(
            text("update budmodel.extraction_targets set next_attempt_at = now() where target = any(:due)"), {"due": due}
        )
    sensor = discovered_models(MODELS_JOB)
    (request,), _ = tick(sensor, engine, instance, postgres_server)
    assert batch(engine, request) == due
    assert (request.tags[BATCH_FOR], request.tags[PRIORITY]) == (DUE, "-1")
    again, reason = tick(sensor, engine, instance, postgres_server)
    assert again == []
    # The catalogs of closed models cannot be reached here; the hub's models were found all the same, and it is said.
    assert reason is not None
    assert reason.startswith("No model is due. Closed models were not looked for:")


def test_new_models_become_partitions(engine: Engine, instance: dg.DagsterInstance, postgres_server: Server) -> None:
    with engine.begin() as connection:
        link(connection, "org/b", "org/a", "org/c")
    (request,), _ = tick(discovered_models(MODELS_JOB), engine, instance, postgres_server)
    assert batch(engine, request) == ["hf:org/a", "hf:org/b", "hf:org/c"]
    assert list(instance.get_dynamic_partitions(str(MODELS.name))) == ["hf:org/a", "hf:org/b", "hf:org/c"]


ENDED, STARTED = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED
SOON = timedelta(minutes=6)


@pytest.mark.parametrize(
    ("status", "tags", "failed_before", "later", "again"),
    [
        # Its worker died: what is left is due again at once, after a pause the next time, not after the hours of its lease.
        (ENDED, {}, 0, timedelta(0), True),
        (ENDED, {}, 1, SOON, True),
        (ENDED, {}, 1, timedelta(minutes=4), False),
        # Dagster is about to start another in its place, which takes up the same batch.
        (ENDED, {WILL_RETRY: "true"}, 0, SOON, False),
        (STARTED, {}, 0, SOON, False),
        # Its tick was killed before it could launch it.
        (None, {}, 0, SOON, True),
    ],
)
def test_what_a_run_leaves_is_free_when_it_has_ended(
    engine: Engine,
    instance: dg.DagsterInstance,
    postgres_server: Server,
    status: dg.DagsterRunStatus | None,
    tags: dict[str, str],
    failed_before: int,
    later: timedelta,
    again: bool,
) -> None:
    with engine.begin() as connection:
        link(connection, "org/a")
    sensor = discovered_models(MODELS_JOB)
    (first,), _ = tick(sensor, engine, instance, postgres_server)
    with engine.begin() as connection:
        connection.execute(text("update budmodel.extraction_targets set attempts = :failed"), {"failed": failed_before})
    if status is not None:
        add_batch(instance, "00000000-0000-0000-0000-000000000001", first.tags[BATCH], status, **tags)
    requests, _ = tick(sensor, engine, instance, postgres_server)
    with engine.begin() as connection:
        # So much later.
        connection.execute(
            text("update budmodel.extraction_targets set next_attempt_at = next_attempt_at - cast(:later as interval)"),
            {"later": later},
        )
    requests = [*requests, *tick(sensor, engine, instance, postgres_server)[0]]
    assert [batch(engine, request) for request in requests] == [["hf:org/a"]] * again


def test_what_failed_for_good_or_waits_is_left_alone(
    engine: Engine, instance: dg.DagsterInstance, postgres_server: Server
) -> None:
    now = datetime.now(UTC)
    with engine.begin() as connection:
        link(connection, "org/gone", "org/later", "org/now")
    sensor = discovered_models(MODELS_JOB)
    tick(sensor, engine, instance, postgres_server)
    with engine.begin() as connection:
        record_target_failure(connection, "hf:org/gone", "not_found", "gone", 1, None)
        record_target_failure(connection, "hf:org/later", "unavailable", "busy", 1, now + timedelta(hours=1))
        record_target_failure(connection, "hf:org/now", "unavailable", "busy", 1, now - timedelta(minutes=1))
    (request,), _ = tick(sensor, engine, instance, postgres_server)
    assert batch(engine, request) == ["hf:org/now"]


def test_batches_wait_for_those_that_run(engine: Engine, instance: dg.DagsterInstance, postgres_server: Server) -> None:
    with engine.begin() as connection:
        link(connection, "org/a")
    for run_id in ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"):
        add_batch(instance, run_id)
    requests, reason = tick(discovered_models(MODELS_JOB), engine, instance, postgres_server)
    assert requests == []
    assert reason is not None
    assert reason.startswith("1 models are due; waiting for the 2 batches that are running.")


@pytest.mark.parametrize(
    ("age", "origin", "due"),
    [
        (timedelta(days=6), "live", False),
        (timedelta(days=6, hours=13), "live", True),
        (timedelta(days=8), "live", True),
        (timedelta(minutes=1), "sample", True),
    ],
)
def test_a_model_is_read_again_after_a_week_and_when_live_data_replace_samples(
    engine: Engine, instance: dg.DagsterInstance, postgres_server: Server, age: timedelta, origin: str, due: bool
) -> None:
    with engine.begin() as connection:
        extracted(connection, "org/a", "a" * 40, datetime.now(UTC) - age, origin)
        finished(connection, "org/a", "a" * 40, datetime.now(UTC) - age)
    requests, _ = tick(discovered_models(MODELS_JOB), engine, instance, postgres_server)
    assert bool(requests) == due


@pytest.mark.parametrize(("age", "due"), [(timedelta(minutes=30), False), (timedelta(hours=2), True)])
def test_what_a_killed_run_left_unfinished_is_taken_up_again(
    engine: Engine, instance: dg.DagsterInstance, postgres_server: Server, age: timedelta, due: bool
) -> None:
    with engine.begin() as connection:
        extracted(connection, "org/a", "a" * 40, datetime.now(UTC) - age)
    requests, _ = tick(discovered_models(MODELS_JOB), engine, instance, postgres_server)
    assert bool(requests) == due


def test_a_model_that_moved_becomes_due_and_the_others_are_checked_off(
    engine: Engine, instance: dg.DagsterInstance, postgres_server: Server, hub: HubServer
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=2)
    with engine.begin() as connection:
        for name in ("same", "moved"):
            sha = hub.add(f"org/{name}", {"README.md": b"x"})
            extracted(connection, f"org/{name}", sha, long_ago)
        extracted(connection, "org/gone", "a" * 40, long_ago)
    hub.commit("org/moved", {"README.md": b"y"})
    sensor = updated_models(MODELS_JOB)
    requests, reason = tick(sensor, engine, instance, postgres_server, hub.endpoint)
    assert requests == []
    assert reason is not None
    assert reason.startswith(
        "1 models are as they were, 2 moved, 0 are left for later. The hub did not answer for 1: org/gone"
    )
    assert [status(engine, f"hf:org/{name}") for name in ("same", "moved", "gone")] == ["extracted", "waiting", "waiting"]
    before = hub.count()
    tick(sensor, engine, instance, postgres_server, hub.endpoint)
    assert hub.count() == before


def test_what_a_tick_has_no_time_for_is_left_to_the_next(
    engine: Engine,
    instance: dg.DagsterInstance,
    postgres_server: Server,
    hub: HubServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with engine.begin() as connection:
        extracted(connection, "org/a", hub.add("org/a", {"README.md": b"x"}), datetime.now(UTC) - timedelta(days=2))
    sensor = updated_models(MODELS_JOB)
    with monkeypatch.context() as hurried:
        hurried.setattr("budmodel_pipeline.sensors.model_work.DEADLINE_SECONDS", -1.0)
        told = tick(sensor, engine, instance, postgres_server, hub.endpoint)
    assert told == ([], "0 models are as they were, 0 moved, 1 are left for later.")
    assert (hub.count(), status(engine, "hf:org/a")) == (0, "extracted")
    _, reason = tick(sensor, engine, instance, postgres_server, hub.endpoint)
    assert reason == "1 models are as they were, 0 moved, 0 are left for later."


def test_a_hub_that_is_down_is_named_and_nothing_is_lost(
    engine: Engine, instance: dg.DagsterInstance, postgres_server: Server, hub: HubServer
) -> None:
    with engine.begin() as connection:
        extracted(connection, "org/a", hub.add("org/a", {"README.md": b"x"}), datetime.now(UTC) - timedelta(days=2))
    hub.fail("/api/models", Failure(404, {"X-Error-Code": "RepoNotFound"}))
    _, reason = tick(updated_models(MODELS_JOB), engine, instance, postgres_server, hub.endpoint)
    assert reason is not None
    assert "The hub did not answer for 1" in reason
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from budmodel.model_info")).scalar_one() == 1


def test_an_urgent_request_goes_first_and_a_wrong_one_is_answered(
    engine: Engine, instance: dg.DagsterInstance, postgres_server: Server
) -> None:
    with engine.begin() as connection:
        add_request(connection, "hugging_face", "org/later", "ann")
        add_request(connection, "hugging_face", "org/soon", "ann", priority=5)
        add_request(connection, "floppy", "org/never", "ann", priority=9)
    sensor = extraction_requests(MODELS_JOB)
    requests, _ = tick(sensor, engine, instance, postgres_server)
    assert [batch(engine, request) for request in requests] == [["hf:org/soon"], ["hf:org/later"]]
    assert [(request.tags[BATCH_FOR], request.tags[PRIORITY]) for request in requests] == [(REQUESTS, "5"), (REQUESTS, "0")]
    # The batches leave to the request what it asked for.
    assert tick(discovered_models(MODELS_JOB), engine, instance, postgres_server)[0] == []
    with engine.connect() as connection:
        wrong = connection.execute(
            text("select status, error from budmodel.extraction_requests where provider = 'floppy'")
        ).one()
    assert wrong.status == "failed"
    assert wrong.error.startswith("expected one of the providers hugging_face")


def test_a_request_whose_run_never_started_goes_back_into_the_queue(
    engine: Engine, instance: dg.DagsterInstance, postgres_server: Server
) -> None:
    with engine.begin() as connection:
        add_request(connection, "hugging_face", "org/a", "ann")
    sensor = extraction_requests(MODELS_JOB)
    (first,), _ = tick(sensor, engine, instance, postgres_server)
    with engine.begin() as connection:
        # Another daemon's tick may be about to start it; after six minutes none is.
        assert tick(sensor, engine, instance, postgres_server)[0] == []
        assert connection.execute(text("select status from budmodel.extraction_requests")).scalar_one() == "running"
        earlier = text("update budmodel.extraction_targets set next_attempt_at = next_attempt_at - cast(:by as interval)")
        connection.execute(earlier, {"by": SOON})
    assert tick(sensor, engine, instance, postgres_server)[0] == []
    with engine.begin() as connection:
        row = connection.execute(text("select status, error from budmodel.extraction_requests")).one()
        assert (row.status, row.error) == ("queued", "no run was started for it, or its record is gone")
    (second,), _ = tick(sensor, engine, instance, postgres_server)
    assert first.run_key != second.run_key
    assert batch(engine, second) == ["hf:org/a"]


def test_requests_of_a_priority_share_a_run_and_each_gets_its_own_answer(
    engine: Engine, instance: dg.DagsterInstance, postgres_server: Server
) -> None:
    with engine.begin() as connection:
        for name in ("org/a", "org/b", "org/a"):
            add_request(connection, "hugging_face", name, "ann", priority=3)
    sensor = extraction_requests(MODELS_JOB)
    (request,), _ = tick(sensor, engine, instance, postgres_server)
    assert batch(engine, request) == ["hf:org/a", "hf:org/b"]
    add_batch(instance, "00000000-0000-0000-0000-000000000001", request.tags[BATCH])
    # Somebody else asks for one of them meanwhile.
    with engine.begin() as connection:
        add_request(connection, "hugging_face", "org/a", "bob", priority=9)
    assert tick(sensor, engine, instance, postgres_server)[0] == []
    # The first run died; the one in its place read one of the two.
    run_id = "00000000-0000-0000-0000-000000000002"
    add_batch(instance, run_id, request.tags[BATCH], ENDED)
    now = datetime.now(UTC)
    with engine.begin() as connection:
        extracted(connection, "org/a", "a" * 40, now)
        connection.execute(text("update budmodel.extraction_targets set batch_id = null where target = 'hf:org/a'"))
        record_target_failure(connection, "hf:org/b", "gated", "it is gated", 1, None)
    tick(sensor, engine, instance, postgres_server)
    with engine.connect() as connection:
        rows = connection.execute(
            text("select uri, status, error, run_id from budmodel.extraction_requests order by request_id")
        ).all()
    a = ("org/a", "succeeded", None, run_id)
    assert [tuple(row) for row in rows] == [a, ("org/b", "failed", "it is gated", run_id), a, a]
