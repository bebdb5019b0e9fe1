"""Whoever may launch a run may not point its secrets elsewhere: launches over GraphQL, as the UI makes them."""

import asyncio
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_graphql.schema import create_schema

from budmodel_pipeline.definitions import EXTRACTION_JOB, MODELS_JOB, resources_of
from budmodel_pipeline.settings import Settings

LOCATION = "budmodel_pipeline"
LAUNCH = """
mutation launch($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
    ... on LaunchRunSuccess { run { runId } }
  }
}
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkspaceProcessContext]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "BUDMODEL_HOME": str(tmp_path_factory.mktemp("home")),
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": "1",
            "POSTGRES_PASSWORD": "pa55word",
        }.items():
            patch.setenv(name, value)
        target = ModuleTarget("budmodel_pipeline.definitions", "defs", working_directory=None, location_name=LOCATION)
        with (
            dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance,
            WorkspaceProcessContext(instance, target) as context,
        ):
            yield context


def launched(workspace: WorkspaceProcessContext, job: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    selector = {"repositoryLocationName": LOCATION, "repositoryName": "__repository__", "jobName": job}
    params = {"selector": selector, "runConfigData": json.dumps(config), "mode": "default"}
    request = workspace.create_request_context()
    answer = asyncio.run(create_schema().execute_async(LAUNCH, context_value=request, variables={"params": params}))
    assert not answer.errors, answer.errors
    found: Mapping[str, Any] = answer.data["launchPipelineExecution"]
    return found


def test_a_hub_of_ones_own_gets_no_password(workspace: WorkspaceProcessContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = {
            "hub_endpoint": f"http://127.0.0.1:{listener.getsockname()[1]}",
            "hub_token": {"env": "POSTGRES_PASSWORD"},
        }
        answer = launched(workspace, MODELS_JOB, {"resources": {"models": {"config": config}}})
        assert answer["__typename"] == "RunConfigValidationInvalid"
        assert "root:resources:models:config" in answer["errors"][0]["message"]
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert workspace.instance.get_runs() == []


@pytest.mark.parametrize("resource", sorted(resources_of(Settings())))
def test_no_resource_is_configurable_at_launch(workspace: WorkspaceProcessContext, resource: str) -> None:
    job = MODELS_JOB if resource not in ("leaderboard_http", "dbt") else EXTRACTION_JOB
    job = "refresh_marts" if resource == "dbt" else job
    for field in type(resources_of(Settings())[resource]).model_fields:
        answer = launched(workspace, job, {"resources": {resource: {"config": {field: {"env": "POSTGRES_PASSWORD"}}}}})
        assert answer["__typename"] == "RunConfigValidationInvalid"
        assert "pa55word" not in str(answer)
