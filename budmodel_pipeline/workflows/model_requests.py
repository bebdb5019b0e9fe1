"""What becomes of a request for a model: pure decisions over what the request, its run and its model are at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from budmodel_pipeline.warehouse.model_states import TargetState
from budmodel_pipeline.warehouse.requests import Request
from budmodel_pipeline.workflows.attempts import next_attempt

RunState = Literal["missing", "unfinished", "succeeded", "failed"]


@dataclass(frozen=True, slots=True)
class Step:
    """`launch` a run, `wait`, `finish` (with `error` where it failed) or `postpone` until `at`."""

    action: Literal["launch", "wait", "finish", "postpone"]
    error: str | None = None
    at: datetime | None = None


def next_step(request: Request, run: RunState, state: TargetState | None, now: datetime) -> Step:
    """What to do with an open request. `run` is that of its latest attempt, `state` that of its model.

    A run has many models: what became of this one is told by its own state. It is `missing` when none will come.
    """
    if request.status == "queued":
        return Step("launch")
    if run == "unfinished":
        return Step("wait")
    done = state is not None and state.batch_id is None and state.last_error is None
    if done and state is not None and state.status == "extracted":
        return Step("finish")
    if run == "missing":
        error, permanent = "no run was started for it, or its record is gone", False
    elif state is not None and state.last_error:
        error, permanent = state.last_error, state.status == "failed"
    elif state is not None and state.status == "extracted":
        error, permanent = f"the model was read, and run {request.run_id} failed after that; its log says why", False
    else:
        error, permanent = f"run {request.run_id} failed before the model was read; its log says why", False
    died = state is None or not state.last_error
    following = next_attempt(request.attempts, now, permanent=permanent, died=died)
    if following.at is None:
        return Step("finish", error if permanent else f"{error}. {following.reason}")
    if run == "missing":
        # It was waited for.
        return Step("postpone", error, now)
    at = state.next_attempt_at if state is not None and state.next_attempt_at else following.at
    return Step("postpone", error, min(at, following.at))
