"""How long anything can wait for something dead, as the settings have it: five minutes at most, in every deployment."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from budmodel_pipeline.definitions import MODELS_JOB
from budmodel_pipeline.sensors.dead_runs import UNWATCHED, dead_runs
from budmodel_pipeline.sensors.extraction_requests import extraction_requests
from budmodel_pipeline.sensors.model_work import UNLAUNCHED, discovered_models
from budmodel_pipeline.services.object_store import CONNECT_TIMEOUT, REQUEST_TIMEOUT
from budmodel_pipeline.warehouse.run_locks import BEAT_SECONDS
from tests.checkout import ROOT

MOST = timedelta(minutes=5)
# What Dagster takes where a file does not say.
START, CANCEL, POLL = 180, 180, 120
INSTANCES = ["dagster.yaml", "deploy/dagster.yaml", "deploy/kubernetes/values.yaml"]


def between_ticks(sensor: dg.SensorDefinition) -> timedelta:
    return timedelta(seconds=sensor.minimum_interval_seconds or 30)


def settings(file: str) -> dict[str, Any]:
    read = yaml.safe_load((ROOT / Path(file)).read_text())
    found: dict[str, Any] = read.get("additionalInstanceConfig", read)
    return found


@pytest.mark.parametrize("file", INSTANCES)
def test_a_run_that_was_launched_and_never_came_to_life_is_given_up(file: str) -> None:
    monitoring = settings(file)["run_monitoring"]
    assert monitoring["enabled"]
    poll = monitoring.get("poll_interval_seconds", POLL)
    for patience in (monitoring.get("start_timeout_seconds", START), monitoring.get("cancel_timeout_seconds", CANCEL)):
        assert timedelta(seconds=patience + poll) < MOST


def test_a_run_whose_process_is_gone_is_missed() -> None:
    # A server that was away takes its locks again; then twice in a row nobody holds it, which is three ticks at most.
    assert timedelta(seconds=BEAT_SECONDS) < between_ticks(dead_runs)
    assert 3 * between_ticks(dead_runs) < MOST
    # One that was killed before it could take its lock: nothing tells that it is gone but time.
    assert UNWATCHED + 3 * between_ticks(dead_runs) < MOST


@pytest.mark.parametrize("sensor", [discovered_models, extraction_requests])
def test_a_batch_of_a_tick_that_was_killed_is_free_again(sensor: Any) -> None:
    # Noticed by one tick, claimed anew by that one or the next.
    assert 2 * between_ticks(sensor(MODELS_JOB)) + UNLAUNCHED <= MOST


@pytest.mark.parametrize("file", ["dagster.yaml", "deploy/dagster.yaml"])
def test_a_queued_run_waits_for_a_code_server_that_comes_back(file: str) -> None:
    coordinator = settings(file)["run_coordinator"]["config"]
    delay, times = coordinator["user_code_failure_retry_delay"], coordinator["max_user_code_failure_retries"]
    # It is not thrown away before the server can be there, and is tried soon after it is.
    assert timedelta(seconds=delay) < MOST <= timedelta(seconds=delay * times)


def test_a_store_that_does_not_answer_is_given_up() -> None:
    # A request that begins when the time for attempts is nearly over has its own time still.
    assert 2 * REQUEST_TIMEOUT + CONNECT_TIMEOUT < MOST
