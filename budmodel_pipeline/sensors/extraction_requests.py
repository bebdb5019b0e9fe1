"""Serves `budmodel.extraction_requests`: one run for what came at the same time, and the outcome back in each row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

import dagster as dg
from sqlalchemy import Connection, Engine

from budmodel_pipeline.assets.per_model import REQUESTS
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.sensors.model_work import batch_run, has_ended, is_new, new_batch, runs_of_batches
from budmodel_pipeline.targets.target import Target, TargetError, target_of
from budmodel_pipeline.warehouse.batches import claim
from budmodel_pipeline.warehouse.model_states import TargetState, add_targets, states_of
from budmodel_pipeline.warehouse.requests import (
    Request,
    finish_request,
    note_run,
    open_requests,
    postpone_request,
    running_batch,
    start_request,
)
from budmodel_pipeline.warehouse.withdrawals import lift_withdrawal
from budmodel_pipeline.workflows.model_discovery import LEASE, MODELS_A_RUN, known_target
from budmodel_pipeline.workflows.model_requests import RunState, next_step

REQUESTS_A_TICK = 5 * MODELS_A_RUN


def extraction_requests(job_name: str) -> dg.SensorDefinition:
    """The sensor that requests `job_name` for open requests and follows the runs."""

    @dg.sensor(
        name="extraction_requests",
        job_name=job_name,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Runs what people insert into budmodel.extraction_requests (provider, uri, requested_by, priority); "
        "status, run id and error come back in the row. Requests of the same priority share a run, which has that priority.",
    )
    def tick(context: dg.SensorEvaluationContext, postgres: PostgresResource) -> list[dg.RunRequest] | dg.SkipReason:
        now = datetime.now(UTC)
        with postgres.engine.connect() as connection:
            requests = open_requests(connection, now, REQUESTS_A_TICK)
        queued = [*_followed(context.instance, postgres.engine, requests, now)]
        launched: list[dg.RunRequest] = []
        for priority, alike in groupby(queued, key=lambda request: request.priority):
            together = list(alike)
            for start in range(0, len(together), MODELS_A_RUN):
                some = together[start : start + MODELS_A_RUN]
                launched += _launch(context.instance, postgres.engine, some, priority, now)
        if launched:
            return launched
        return dg.SkipReason(f"{len(requests)} requests are being worked on." if requests else "There are no open requests.")

    return tick


def _followed(instance: dg.DagsterInstance, engine: Engine, requests: Sequence[Request], now: datetime) -> Iterator[Request]:
    """Takes the requests that are running one step further, and yields those that need a run."""
    runs = runs_of_batches(instance, {request.batch_id for request in requests if request.batch_id})
    with engine.begin() as connection:
        states = {state.target: state for state in states_of(connection, [one.target for one in requests if one.target])}
        for request in requests:
            state = states.get(request.target or "")
            run, run_id = _run_of(request, runs, state, now)
            if run_id is not None and run_id != request.run_id:
                note_run(connection, request.request_id, run_id)
            step = next_step(replace(request, run_id=run_id or request.run_id), run, state, now)
            match step.action:
                case "launch":
                    yield request
                case "finish":
                    finish_request(connection, request.request_id, step.error, now)
                case "postpone":
                    postpone_request(connection, request.request_id, step.error or "", step.at or now)
                case "wait":
                    pass


def _run_of(
    request: Request, runs: Mapping[str, dg.DagsterRun], state: TargetState | None, now: datetime
) -> tuple[RunState, str | None]:
    """How the run of the latest attempt stands, and its id."""
    run = runs.get(request.batch_id or "") if request.status == "running" else None
    if run is None:
        # The tick of another daemon may be about to launch it.
        new = state is not None and state.batch_id == request.batch_id and is_new(state.next_attempt_at, now)
        return "unfinished" if new else "missing", None
    if not has_ended(run):
        return "unfinished", run.run_id
    return "succeeded" if run.is_success else "failed", run.run_id


def _launch(
    instance: dg.DagsterInstance, engine: Engine, requests: Sequence[Request], priority: int, now: datetime
) -> list[dg.RunRequest]:
    """One run for requests of the same priority; none where all are wrong or are being served already."""
    batch_id, claimed = new_batch(), dict[str, None]()
    with engine.begin() as connection:
        for request in requests:
            try:
                target = target_of(request.provider, request.uri)
            except TargetError as error:
                finish_request(connection, request.request_id, f"{error}. Insert a corrected row.", now)
                continue
            shared = _claimed(connection, batch_id, target, request, now)
            start_request(connection, request.request_id, target.key, request.attempts + 1, shared)
            if shared == batch_id:
                claimed[target.key] = None
    return [batch_run(instance, batch_id, list(claimed), REQUESTS, str(priority))] if claimed else []


def _claimed(connection: Connection, batch_id: str, target: Target, request: Request, now: datetime) -> str:
    """The batch that reads `target`: that of an earlier request which is being served, else `batch_id`."""
    if (shared := running_batch(connection, target.key)) is not None:
        return shared
    lift_withdrawal(connection, target.key, request.requested_by, now)
    add_targets(connection, [known_target(target, request.requested_by)], now)
    claim(connection, batch_id, target.key, now + LEASE)
    return batch_id
