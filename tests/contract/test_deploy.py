"""What `deploy/` ships fits together."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from budmodel_pipeline.commands.quickstart import NOT_FOR_RUNS
from budmodel_pipeline.settings import Settings
from tests.checkout import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE: Mapping[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: Mapping[str, Any] = COMPOSE["services"]
OURS = ("code", "webserver", "daemon")
ADMINISTRATION = {name.upper() for name in NOT_FOR_RUNS}
SETTINGS = {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("service", OURS)
def test_compose_gives_every_variable_that_the_instance_and_the_pipeline_read(service: str) -> None:
    instance = (DEPLOY / "dagster.yaml").read_text()
    read = {line.split("env: ")[1].strip(" }") for line in instance.splitlines() if "env: " in line}
    given = set(SERVICES[service]["environment"])
    assert read <= given
    assert given & SETTINGS == SETTINGS - ADMINISTRATION


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
    assert all("healthcheck" in SERVICES[name] for name in OURS)


def test_containers_do_not_run_as_root() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER budmodel"]
    assert lines[-1].startswith("USER")


def test_both_instances_queue_what_the_code_server_cannot_take_yet() -> None:
    for file in (ROOT / "dagster.yaml", DEPLOY / "dagster.yaml"):
        instance = yaml.safe_load(file.read_text())
        assert instance["run_coordinator"]["config"]["max_user_code_failure_retries"] > 0
        assert instance["sensors"]["use_threads"] is True
