"""Decisions about per-model work, as tables of cases: when to try again, and what becomes of a request."""

from datetime import UTC, datetime, timedelta

import pytest

from budmodel_pipeline.warehouse.model_states import TargetState
from budmodel_pipeline.warehouse.requests import Request
from budmodel_pipeline.workflows.attempts import LONGEST_WAIT, MAX_ATTEMPTS, next_attempt
from budmodel_pipeline.workflows.model_requests import RunState, Step, next_step

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "permanent", "retry_after", "wait"),
    [
        (1, False, None, timedelta(minutes=5)),
        (2, False, None, timedelta(minutes=10)),
        (4, False, None, timedelta(minutes=40)),
        (1, False, 3_600, timedelta(hours=1)),
        (1, False, 3, timedelta(minutes=5)),
        # A year is no answer of a server that means it.
        (1, False, 31_536_000, LONGEST_WAIT),
        (9, False, None, min(timedelta(minutes=5 * 2**8), LONGEST_WAIT)),
        (1, True, None, None),
        (1, True, 60, None),
        (MAX_ATTEMPTS, False, None, None),
        (MAX_ATTEMPTS, False, 60, None),
    ],
)
def test_the_next_attempt(attempts: int, permanent: bool, retry_after: float | None, wait: timedelta | None) -> None:
    following = next_attempt(attempts, NOW, permanent=permanent, retry_after=retry_after)
    assert following.at == (NOW + wait if wait else None)
    assert bool(following.reason) == (wait is None)


def request(status: str, attempts: int = 1) -> Request:
    return Request(7, "hugging_face", "a/b", "someone", status, "hf:a/b", "run-1", attempts)


def state(status: str, error: str | None = None, next_at: datetime | None = None, batch: str | None = None) -> TargetState:
    return TargetState("hf:a/b", "hugging_face", "a/b", status, 1, None, error, None, next_at, batch)


SOON = NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("asked", "run", "found", "step"),
    [
        (request("queued", 0), "missing", None, Step("launch")),
        (request("queued", 3), "failed", state("waiting", "no answer"), Step("launch")),
        (request("running"), "unfinished", state("waiting"), Step("wait")),
        (request("running"), "succeeded", state("extracted"), Step("finish")),
        # Others of the batch failed; this one is done.
        (request("running"), "failed", state("extracted"), Step("finish")),
        (
            request("running"),
            "failed",
            state("extracted", "it was read, but could not be scanned"),
            Step("postpone", "it was read, but could not be scanned", SOON),
        ),
        (request("running"), "failed", state("failed", "it is gated"), Step("finish", "it is gated")),
        (request("running"), "failed", state("waiting", "no answer", SOON), Step("postpone", "no answer", SOON)),
        (
            request("running"),
            "missing",
            state("waiting"),
            Step("postpone", "no run was started for it, or its record is gone", NOW),
        ),
        (
            request("running"),
            "failed",
            state("waiting"),
            Step("postpone", "run run-1 failed before the model was read; its log says why", NOW),
        ),
        # The second time it may be the model that kills its worker.
        (
            request("running", 2),
            "failed",
            state("waiting"),
            Step("postpone", "run run-1 failed before the model was read; its log says why", SOON),
        ),
        (
            request("running"),
            "failed",
            state("extracted", batch="cut short"),
            Step("postpone", "the model was read, and run run-1 failed after that; its log says why", NOW),
        ),
        # Whichever of the two is due first: the request by its own attempts, the model by those that it had.
        (request("running", 4), "failed", state("waiting", "no answer", SOON), Step("postpone", "no answer", SOON)),
        (
            request("running"),
            "failed",
            state("waiting", "no answer", NOW + timedelta(hours=2)),
            Step("postpone", "no answer", SOON),
        ),
        (
            request("running", MAX_ATTEMPTS),
            "failed",
            state("waiting", "no answer"),
            Step("finish", f"no answer. Given up after {MAX_ATTEMPTS} attempts."),
        ),
    ],
)
def test_what_becomes_of_a_request(asked: Request, run: RunState, found: TargetState | None, step: Step) -> None:
    assert next_step(asked, run, found, NOW) == step
