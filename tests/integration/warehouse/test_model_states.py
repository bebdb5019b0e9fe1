"""What is due, in which order, and what of it outlasts a failure, a restart and a person's word."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from budmodel_pipeline.warehouse.batches import Batch, batch_of, claim, claim_due, free_batches, open_batches
from budmodel_pipeline.warehouse.model_records import ModelRecord, store_model
from budmodel_pipeline.warehouse.model_states import (
    KnownTarget,
    add_targets,
    due_targets,
    expire_targets,
    record_extracted,
    record_target_failure,
    unchecked_targets,
)
from budmodel_pipeline.warehouse.requests import add_request, open_requests, postpone_request, start_request
from budmodel_pipeline.warehouse.states import current_snapshots, marts_behind, newest_extraction, record_marts

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def known(engine: Engine, *names: str) -> None:
    with engine.begin() as connection:
        add_targets(connection, [KnownTarget(f"hf:{name}", "hugging_face", name, None, "tests") for name in names], NOW)


def extracted(engine: Engine, name: str, at: datetime) -> None:
    known(engine, name)
    with engine.begin() as connection:
        store_model(connection, ModelRecord(f"hf:{name}", "a" * 40, name, "live", at, {}, [], [], [], None, [], []))
        record_extracted(connection, f"hf:{name}", "a" * 40, at)


def failed(engine: Engine, name: str, attempts: int, again: datetime | None) -> None:
    with engine.begin() as connection:
        record_target_failure(connection, f"hf:{name}", "unavailable", "no answer", attempts, again)


def state(engine: Engine, name: str) -> Mapping[str, Any]:
    with engine.connect() as connection:
        statement = text("select * from budmodel.extraction_targets where target = :target")
        return dict(connection.execute(statement, {"target": f"hf:{name}"}).mappings().one())


def test_what_dead_runs_had_leased_is_free_and_what_waits_after_a_failure_goes_on_waiting(engine: Engine) -> None:
    """Else each run by hand would ask a site that is down for all that it could not give the last time."""
    known(engine, "org/leased", "org/failed")
    failed(engine, "org/failed", 3, NOW + HOUR)
    with engine.begin() as connection:
        claim(connection, "of a dead run", "hf:org/leased", NOW + HOUR)
        assert free_batches(connection, None, NOW, scanned=False) == 1
        assert claim_due(connection, "anew", NOW, NOW + HOUR, 10) == ["hf:org/leased"]


def test_a_target_is_in_one_batch_and_leaves_it_when_it_is_claimed_anew_or_fails(engine: Engine) -> None:
    known(engine, "org/a", "org/b", "org/c")
    with engine.begin() as connection:
        assert claim_due(connection, "first", NOW, NOW + HOUR, 10) == ["hf:org/a", "hf:org/b", "hf:org/c"]
        assert claim_due(connection, "second", NOW, NOW + HOUR, 10) == []
        claim(connection, "asked", "hf:org/b", NOW + HOUR)
    failed(engine, "org/c", 1, NOW + HOUR)
    with engine.begin() as connection:
        assert batch_of(connection, "first", scanned=False) == Batch(["hf:org/a"], [])
        assert batch_of(connection, "asked", scanned=False) == Batch(["hf:org/b"], [])
        assert open_batches(connection) == {"asked": NOW + HOUR, "first": NOW + HOUR}


def test_a_model_that_kills_its_worker_is_read_less_and_less_often(engine: Engine) -> None:
    known(engine, "org/a")
    now, waits = NOW, []
    for number in range(11):
        with engine.begin() as connection:
            assert claim_due(connection, str(number), now, now + DAY, 10) == ["hf:org/a"]
            assert free_batches(connection, [str(number)], now, scanned=False, pause=timedelta(minutes=5)) == 1
        waits.append(state(engine, "org/a")["next_attempt_at"] - now)
        now += waits[-1]
    # Once it may have been the worker's own trouble.
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (0, 5, 10, 20)]
    assert waits[-1] == DAY


def test_who_asks_again_gets_all_attempts_anew(engine: Engine) -> None:
    known(engine, "org/a")
    failed(engine, "org/a", 10, None)
    with engine.begin() as connection:
        claim(connection, "asked", "hf:org/a", NOW)
    now = state(engine, "org/a")
    assert (now["status"], now["attempts"], now["batch_id"]) == ("waiting", 0, "asked")


def test_a_success_ends_the_count_of_failures(engine: Engine) -> None:
    known(engine, "org/a")
    failed(engine, "org/a", 3, NOW)
    extracted(engine, "org/a", NOW)
    now = state(engine, "org/a")
    assert (now["status"], now["attempts"]) == ("extracted", 0)
    assert (now["last_error"], now["failure_state"], now["next_attempt_at"]) == (None, None, None)


def test_the_longest_waiting_are_read_and_checked_first(engine: Engine) -> None:
    """More wait than one tick takes: whichever way it is ordered, the others must come to their turn."""
    for name, days in (("org/b", 9), ("org/a", 8), ("org/c", 10)):
        extracted(engine, name, NOW - days * DAY)
    with engine.begin() as connection:
        assert [one.uri for one in unchecked_targets(connection, NOW, 2)] == ["org/c", "org/b"]
        assert expire_targets(connection, NOW - 7 * DAY, NOW, 2) == 2
        assert due_targets(connection, NOW, 10) == 2
        assert claim_due(connection, "oldest", NOW, NOW + HOUR, 10) == ["hf:org/b", "hf:org/c"]


def test_a_request_that_was_put_off_waits_for_its_time(engine: Engine) -> None:
    with engine.begin() as connection:
        later, now = (add_request(connection, "hugging_face", name, "ann") for name in ("org/later", "org/now"))
        start_request(connection, later, "hf:org/later", 1, "a batch")
        postpone_request(connection, later, "no answer", NOW + HOUR)
        assert [one.request_id for one in open_requests(connection, NOW, 10)] == [now]
        assert [one.request_id for one in open_requests(connection, NOW + HOUR, 10)] == [later, now]


def test_what_is_running_hides_nothing_that_waits(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(60):
            running = add_request(connection, "hugging_face", f"org/{number}", "ann")
            start_request(connection, running, f"hf:org/{number}", 1, "a batch")
        urgent = add_request(connection, "hugging_face", "org/urgent", "ann", priority=100)
        found = open_requests(connection, NOW, 1)
    assert [one.request_id for one in found if one.status == "queued"] == [urgent]
    assert len(found) == 61


def test_models_that_were_read_are_news_for_the_marts(engine: Engine) -> None:
    extracted(engine, "org/a", NOW)
    with engine.begin() as connection:
        record_marts(connection, current_snapshots(connection), newest_extraction(connection))
        assert marts_behind(connection) == frozenset()
    extracted(engine, "org/b", NOW + HOUR)
    with engine.connect() as connection:
        assert marts_behind(connection) == {"models read until 2026-03-02 13:00:00.000000"}
