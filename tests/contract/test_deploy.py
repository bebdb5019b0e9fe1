"""What `deploy/` ships fits together."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from budmodel_pipeline.commands.quickstart import NOT_FOR_RUNS
from budmodel_pipeline.settings import Settings
from tests.checkout import ROOT

DEPLOY = ROOT / "deploy"
SERVICES: Mapping[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
OURS = ("code", "webserver", "daemon")
ADMINISTRATION = {name.upper() for name in NOT_FOR_RUNS}
SETTINGS = {name.upper() for name in Settings.model_fields}
OF_THE_API = {name for name in SETTINGS if name.startswith("BUDMODEL_API_")} | {"BUDMODEL_DAGSTER_URL"}


@pytest.mark.parametrize("service", OURS)
def test_compose_gives_every_variable_that_the_instance_and_the_pipeline_read(service: str) -> None:
    instance = (DEPLOY / "dagster.yaml").read_text()
    read = {line.split("env: ")[1].strip(" }") for line in instance.splitlines() if "env: " in line}
    given = set(SERVICES[service]["environment"])
    assert read <= given
    assert given & SETTINGS == SETTINGS - ADMINISTRATION - OF_THE_API


def test_compose_gives_the_api_every_setting_of_its_own() -> None:
    assert SETTINGS & set(SERVICES["api"]["environment"]) == SETTINGS - ADMINISTRATION


def test_only_who_makes_the_roles_knows_the_administrator() -> None:
    for name, service in SERVICES.items():
        knows = [variable for variable, value in service["environment"].items() if "ADMIN" in f"{variable} {value}"]
        assert bool(knows) == (name in ("migrate", "postgres")), name
    assert SERVICES["migrate"]["environment"]["POSTGRES_USER"] == "budmodel_pipeline"


def test_nothing_starts_before_what_it_needs_works() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            once = needed == "migrate"
            assert how == {"condition": "service_completed_successfully" if once else "service_healthy"}, name
            assert once or "healthcheck" in SERVICES[needed]
    assert all("healthcheck" in SERVICES[name] for name in (*OURS, "api"))


def test_containers_do_not_run_as_root() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER budmodel"]
    assert lines[-1].startswith("USER")


def test_both_instances_queue_what_the_code_server_cannot_take_yet() -> None:
    for file in (ROOT / "dagster.yaml", DEPLOY / "dagster.yaml"):
        instance = yaml.safe_load(file.read_text())
        assert instance["run_coordinator"]["config"]["max_user_code_failure_retries"] > 0
        assert instance["sensors"]["use_threads"] is True


def test_with_celery_every_part_reads_the_instance_that_sends_runs_to_workers() -> None:
    beside: Mapping[str, Any] = yaml.safe_load((DEPLOY / "compose.celery.yaml").read_text())["services"]
    instance = yaml.safe_load((DEPLOY / "dagster.yaml").read_text() + (DEPLOY / "celery.yaml").read_text())
    slots = beside["worker"]["deploy"]["replicas"] * int(beside["worker"]["command"].rpartition("=")[2])
    assert slots == instance["concurrency"]["runs"]["max_concurrent_runs"]
    homes = {beside[name]["environment"]["DAGSTER_HOME"] for name in (*OURS, "worker")}
    assert len(homes) == 1
    assert f"cat deploy/dagster.yaml deploy/celery.yaml > {homes.pop()}/dagster.yaml" in (DEPLOY / "Dockerfile").read_text()
