"""The shipped `dagster.yaml` and `workspace.yaml`, loaded as `make ui` loads them: on real Postgres."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import pytest
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage
from psycopg import sql
from pydantic import SecretStr

from budmodel_pipeline.commands.quickstart import PROJECT, environment
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.embedded_postgres import Server
from budmodel_pipeline.settings import Settings


@pytest.fixture(scope="module")
def variables(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The environment of a deployment with databases and a DAGSTER_HOME of its own."""
    name = f"instance_{uuid.uuid4().hex}"
    embedded_postgres.ensure_database(postgres_server, name)
    yield environment(
        Settings(
            budmodel_home=tmp_path_factory.mktemp("home"),
            postgres_host=postgres_server.host,
            postgres_port=postgres_server.port,
            postgres_user=postgres_server.user,
            postgres_password=SecretStr(postgres_server.password),
            dagster_postgres_db=name,
        )
    )
    with postgres_server.connect() as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_the_instance_keeps_everything_in_postgres(
    variables: Mapping[str, str], postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.from_config(variables["DAGSTER_HOME"]) as instance:
        assert isinstance(instance.run_storage, PostgresRunStorage)
        assert isinstance(instance.event_log_storage, PostgresEventLogStorage)
        assert isinstance(instance.schedule_storage, PostgresScheduleStorage)
        run = dg.DagsterRun(job_name="a_job", run_id=str(uuid.uuid4()))
        instance.add_run(run)
    with dg.DagsterInstance.from_config(variables["DAGSTER_HOME"]) as again:
        assert again.has_run(run.run_id)
    with postgres_server.connect(variables["DAGSTER_POSTGRES_DB"]) as connection:
        assert connection.execute("select run_id from runs").fetchall() == [(run.run_id,)]


def test_the_rules_of_the_instance(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One visitor per host, slots given back by the dead, no retry of what failed for a reason, no telemetry."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.from_config(variables["DAGSTER_HOME"]) as instance:
        assert instance.global_op_concurrency_default_limit == 1
        assert instance.run_monitoring_enabled
        assert instance.get_settings("run_monitoring")["free_slots_after_run_end_seconds"] == 60
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert not instance.telemetry_enabled
        queue = instance.get_concurrency_config().run_queue_config
        assert queue
        assert queue.max_concurrent_runs == 4


def test_the_workspace_loads_in_a_process_of_its_own(variables: Mapping[str, str]) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("dagster"), "definitions", "validate", "-w", PROJECT / "workspace.yaml"],
        cwd=variables["BUDMODEL_HOME"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "budmodel_pipeline" in done.stdout + done.stderr
