"""Serves `budmodel.extraction_requests`: one run for each model that a person asked for, and its outcome back in the row."""

from datetime import UTC, datetime

import dagster as dg
from sqlalchemy import Connection

from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.sensors.model_work import partitions_with
from budmodel_pipeline.targets.target import TargetError, target_of
from budmodel_pipeline.warehouse.model_states import add_targets, lease, reopen, states_of
from budmodel_pipeline.warehouse.requests import (
    Request,
    finish_request,
    note_run,
    open_requests,
    postpone_request,
    start_request,
)
from budmodel_pipeline.workflows.model_discovery import LEASE, known_target
from budmodel_pipeline.workflows.model_requests import RunState, next_step

PARTITION = "dagster/partition"
REQUEST, ATTEMPT = "budmodel/request", "budmodel/attempt"
REQUESTS_A_TICK = 50


def extraction_requests(job_name: str) -> dg.SensorDefinition:
    """The sensor that requests `job_name` for each open request and follows the run."""

    @dg.sensor(
        name="extraction_requests",
        job_name=job_name,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Runs what people insert into budmodel.extraction_requests (provider, uri, requested_by, priority); "
        "status, run id and error come back in the row.",
    )
    def tick(context: dg.SensorEvaluationContext, postgres: PostgresResource) -> list[dg.RunRequest] | dg.SkipReason:
        now = datetime.now(UTC)
        launched: list[dg.RunRequest] = []
        with postgres.engine.connect() as connection:
            requests = open_requests(connection, now, REQUESTS_A_TICK)
        for request in requests:
            with postgres.engine.begin() as connection:
                launched += _serve(context.instance, connection, request, now)
        if launched:
            return launched
        return dg.SkipReason(f"{len(requests)} requests are being worked on." if requests else "There are no open requests.")

    return tick


def _serve(instance: dg.DagsterInstance, connection: Connection, request: Request, now: datetime) -> list[dg.RunRequest]:
    """Takes the request one step further; the run to launch for it, if that is the step."""
    run, run_id = _run_of(instance, request)
    if run_id is not None and run_id != request.run_id:
        note_run(connection, request.request_id, run_id)
    state = next(iter(states_of(connection, [request.target])), None) if request.target else None
    step = next_step(request, run, state, now)
    match step.action:
        case "launch":
            return _launch(instance, connection, request, now)
        case "finish":
            finish_request(connection, request.request_id, step.error, now)
        case "postpone":
            postpone_request(connection, request.request_id, step.error or "", step.at or now)
        case "wait":
            pass
    return []


def _launch(instance: dg.DagsterInstance, connection: Connection, request: Request, now: datetime) -> list[dg.RunRequest]:
    try:
        target = target_of(request.provider, request.uri)
    except TargetError as error:
        finish_request(connection, request.request_id, f"{error}. Insert a corrected row.", now)
        return []
    add_targets(connection, [known_target(target, request.requested_by)], now)
    reopen(connection, target.key, now)
    # The batches leave it alone meanwhile.
    lease(connection, [target.key], now + LEASE)
    partitions_with(instance, [target.key])
    attempt = request.attempts + 1
    start_request(connection, request.request_id, target.key, attempt)
    return [
        dg.RunRequest(
            run_key=f"request {request.request_id} attempt {attempt}",
            # As a tag: given as a partition, it would be looked up in an instance that a tick by hand does not have at hand.
            tags={PARTITION: target.key, REQUEST: str(request.request_id), ATTEMPT: str(attempt), "dagster/priority": "10"},
        )
    ]


def _run_of(instance: dg.DagsterInstance, request: Request) -> tuple[RunState, str | None]:
    """How the run of the latest attempt stands, and its id."""
    tags = {REQUEST: str(request.request_id), ATTEMPT: str(request.attempts)}
    run = next(iter(instance.get_runs(dg.RunsFilter(tags=tags), limit=1)), None)
    if run is None:
        return "missing", None
    if not run.is_finished:
        return "unfinished", run.run_id
    return "succeeded" if run.is_success else "failed", run.run_id
