"""The loop over models, by each of the four that use it: one model's trouble is its own, the database's is everyone's."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from budmodel_pipeline.services.object_store import ObjectStore, ObjectStoreError
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.hub_requests import HubPolicy
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.warehouse.batches import free_batches
from budmodel_pipeline.warehouse.model_states import (
    KnownTarget,
    TargetState,
    add_targets,
    due_targets,
    expire_targets,
    states_of,
    sweep_targets,
)
from budmodel_pipeline.workflows.attempts import MAX_ATTEMPTS
from budmodel_pipeline.workflows.file_copies import FileCopying, copy_models
from budmodel_pipeline.workflows.model_licensing import license_models
from budmodel_pipeline.workflows.model_loop import Outcome, for_each_model
from budmodel_pipeline.workflows.model_reading import ModelReading, extract_models, one_batch
from budmodel_pipeline.workflows.model_scanning import Scanning, scan_models
from tests.hub_server import Failure, HubServer

CONFIG = json.dumps({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}).encode()
DEFECT, REFUSED, WELL = TARGETS = ("hf:org/defect", "hf:org/refused", "hf:org/well")
RAISED = {"org/defect": ValueError("nobody foresaw this"), "org/refused": ObjectStoreError("the store has no room")}
LATER = timedelta(hours=2)


def explode(line: str) -> None:
    """Stands where a program is told of attempts that failed, and fails itself."""
    for name, error in RAISED.items():
        if line.startswith(name):
            raise error


@pytest.fixture
def reading(engine: Engine, hub: HubServer) -> ModelReading:
    for target in TARGETS:
        hub.add(target.removeprefix("hf:"), {"config.json": CONFIG, "README.md": b"---\nlicense: mit\n---\n# A model\n"})
    with engine.begin() as connection:
        known = [KnownTarget(target, "hugging_face", target.removeprefix("hf:"), None, "tests") for target in TARGETS]
        add_targets(connection, known, datetime.now(UTC))
    client = Hub(hub.endpoint, policy=HubPolicy(attempts=2, backoff=0.0), on_retry=explode, sleep=lambda _: None)
    return ModelReading(engine, Providers(hub=client), "live", threads=2)


Step = Callable[[ModelReading], Iterator[Outcome[Any]]]


@pytest.fixture
def steps(store: ObjectStore, tmp_path: Path) -> Mapping[str, Step]:
    return {
        "read": lambda how: extract_models(TARGETS, how),
        "searched for its license": lambda how: license_models(TARGETS, how, store),
        "scanned": lambda how: scan_models(TARGETS, how, Scanning()),
        "copied": lambda how: copy_models(TARGETS, how, FileCopying(store, tmp_path / "work", "all")),
    }


STEPS = ("read", "searched for its license", "scanned", "copied")
TABLES = {"read": "model_info", "searched for its license": "model_licenses", "scanned": "model_scans"}


def extract(how: ModelReading) -> None:
    assert [outcome.problem for outcome in extract_models(TARGETS, how)] == [None] * len(TARGETS)


def fail(hub: HubServer, *targets: str) -> None:
    """The next request about each of these fails once, which the program is told."""
    for target in targets:
        hub.fail(target.removeprefix("hf:"), Failure(503, times=1))


def states(engine: Engine) -> dict[str, TargetState]:
    with engine.connect() as connection:
        return {state.target: state for state in states_of(connection, TARGETS)}


@pytest.mark.parametrize("what", STEPS)
def test_three_models_have_three_outcomes(
    what: str, engine: Engine, hub: HubServer, reading: ModelReading, steps: Mapping[str, Step]
) -> None:
    if what != "read":
        extract(reading)
    fail(hub, DEFECT, REFUSED)
    outcomes = {outcome.target: outcome for outcome in steps[what](reading)}
    assert {*outcomes} == {*TARGETS}
    assert outcomes[WELL].problem is None
    failures = {target: outcome.failure for target, outcome in outcomes.items() if outcome.failure}
    assert {target: (failure.state, failure.defect) for target, failure in failures.items()} == {
        DEFECT: ("defect", True),
        REFUSED: ("unavailable", False),
    }
    assert "ValueError: nobody foresaw this" in failures[DEFECT].reason
    assert "the store has no room" in failures[REFUSED].reason
    # Both are in the table, for people and for the next attempt, and the one that was well is not.
    found = states(engine)
    assert (found[WELL].status, found[WELL].attempts, found[WELL].last_error) == ("extracted", 0, None)
    for target, failure in failures.items():
        told = found[target]
        assert (told.status, told.attempts) == ("waiting", 1)
        assert (told.failure_state, told.last_error) == (failure.state, failure.reason)
        assert told.next_attempt_at == failure.retried_at
        assert failure.retried_at is not None
    # What comes of the next attempt is kept, and forgets the failure.
    with engine.connect() as connection:
        due = [state.target for state in states_of(connection, TARGETS) if state.status == "waiting"]
    assert sorted(due) == [DEFECT, REFUSED]
    extract(reading)
    assert [outcome.problem for outcome in steps[what](reading)] == [None] * len(TARGETS)
    assert {state.last_error for state in states(engine).values()} == {None}


@pytest.mark.parametrize("what", STEPS[:3])
def test_an_error_of_the_database_ends_the_loop(
    what: str, engine: Engine, reading: ModelReading, steps: Mapping[str, Step]
) -> None:
    if what != "read":
        extract(reading)
    with engine.begin() as connection:
        connection.execute(text(f"alter table budmodel.{TABLES[what]} rename to elsewhere"))
    with pytest.raises(DBAPIError, match=TABLES[what]):
        list(steps[what](reading))


def test_a_row_that_the_database_refuses_is_the_trouble_of_its_model(engine: Engine, reading: ModelReading) -> None:
    with engine.begin() as connection:
        connection.execute(text("alter table budmodel.model_info add constraint odd check (name <> 'org/refused')"))
    outcomes = {outcome.target: outcome for outcome in extract_models(TARGETS, reading)}
    assert [target for target, outcome in outcomes.items() if outcome.problem] == [REFUSED]
    assert "violates check constraint" in str(states(engine)[REFUSED].last_error)
    assert states(engine)[DEFECT].status == states(engine)[WELL].status == "extracted"


def test_what_was_stored_before_the_database_failed_stays(engine: Engine, reading: ModelReading) -> None:
    outcomes = extract_models(TARGETS, reading)
    first = next(outcomes)
    with engine.begin() as connection:
        connection.execute(text("alter table budmodel.model_info rename to elsewhere"))
    with pytest.raises(DBAPIError):
        list(outcomes)
    assert [state.target for state in states(engine).values() if state.status == "extracted"] == [first.target]


def test_a_step_that_fails_again_and_again_is_tried_less_and_less(
    engine: Engine, hub: HubServer, reading: ModelReading, steps: Mapping[str, Step]
) -> None:
    """Each attempt reads the model anew, and that is no success yet."""
    hub.add("org/refused", {"README.md": b"# A model\n", "LICENSE": b"Ask me.\n"})
    hub.fail("/LICENSE", Failure(503))
    waits: list[timedelta | None] = []
    for _ in range(MAX_ATTEMPTS):
        with one_batch(reading) as batch:
            extract(batch)
            (failure,) = [outcome.failure for outcome in license_of(batch, steps) if outcome.failure]
        waits.append(failure.retried_at - datetime.now(UTC) if failure.retried_at else None)
    assert waits[-1] is None
    told = [wait for wait in waits if wait is not None]
    assert len(told) == MAX_ATTEMPTS - 1
    assert all(later > 1.9 * sooner for sooner, later in pairwise(told))
    # Given up, it is what it was read to be, and due again with the others.
    state = states(engine)[REFUSED]
    assert (state.status, state.attempts, state.next_attempt_at) == ("extracted", MAX_ATTEMPTS, None)
    assert f"Given up after {MAX_ATTEMPTS} attempts." in str(state.last_error)


def license_of(how: ModelReading, steps: Mapping[str, Step]) -> list[Outcome[Any]]:
    return list(steps["searched for its license"](how))


def test_what_was_tried_and_failed_for_good_is_not_taken_for_what_a_killed_run_left(
    engine: Engine, hub: HubServer, reading: ModelReading, steps: Mapping[str, Step]
) -> None:
    hub.add("org/refused", {"README.md": b"# A model\n", "LICENSE": b"Ask me.\n"})
    extract(reading)
    hub.fail("/LICENSE", Failure(404))
    assert [outcome.target for outcome in license_of(reading, steps) if outcome.problem] == [REFUSED]
    state = states(engine)[REFUSED]
    assert (state.status, state.next_attempt_at) == ("extracted", None)
    assert "It is not tried again: it would fail the same way." in str(state.last_error)
    now = datetime.now(UTC) + LATER
    with engine.begin() as connection:
        expire_targets(connection, now - timedelta(days=7), now, 100)
        sweep_targets(connection, "live", None, now, 100)
        free_batches(connection, None, now, scanned=False)
        assert due_targets(connection, now, 100) == 0
        expire_targets(connection, now, now, 100)
        assert due_targets(connection, now, 100) == len(TARGETS)


def test_what_was_never_read_is_said_and_not_touched(
    engine: Engine, hub: HubServer, reading: ModelReading, steps: Mapping[str, Step]
) -> None:
    for what in STEPS[1:]:
        outcomes = list(steps[what](reading))
        assert [outcome.failure and outcome.failure.state for outcome in outcomes] == ["not_found"] * len(TARGETS)
        assert all("extract it first: budmodel request hf:org/" in str(outcome.problem) for outcome in outcomes)
    assert hub.count() == 0
    assert {state.attempts for state in states(engine).values()} == {0}


def test_progress_is_told_model_by_model_in_the_thread_of_the_caller(engine: Engine, reading: ModelReading) -> None:
    extract(reading)
    told: list[str] = []
    fine = for_each_model(
        list(states(engine).values()),
        lambda state: state.target,
        lambda _connection, _state, found: found,
        engine=engine,
        what="looked at",
        threads=2,
        say=told.append,
    )
    assert sorted(outcome.result or "" for outcome in fine) == list(TARGETS)
    assert [line.partition(":")[0] for line in told] == ["1 of 3", "2 of 3", "3 of 3"]
    assert all(line.endswith(": looked at") for line in told)
