"""Decisions about per-model work, as tables of cases: when to try again, what becomes of a request, which ranges to run."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budmodel_pipeline.warehouse.model_states import TargetState
from budmodel_pipeline.warehouse.requests import Request
from budmodel_pipeline.workflows.attempts import LONGEST_WAIT, MAX_ATTEMPTS, next_attempt
from budmodel_pipeline.workflows.model_discovery import contiguous_ranges, in_range
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


def state(status: str, error: str | None = None, next_at: datetime | None = None) -> TargetState:
    return TargetState("hf:a/b", "hugging_face", "a/b", status, 1, None, error, None, next_at)


SOON = NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("asked", "run", "found", "step"),
    [
        (request("queued", 0), "missing", None, Step("launch")),
        (request("queued", 3), "failed", state("waiting", "no answer"), Step("launch")),
        (request("running"), "unfinished", state("waiting"), Step("wait")),
        (request("running"), "succeeded", state("extracted"), Step("finish")),
        (request("running"), "failed", state("failed", "it is gated"), Step("finish", "it is gated")),
        (request("running"), "failed", state("waiting", "no answer", SOON), Step("postpone", "no answer", SOON)),
        (
            request("running"),
            "missing",
            state("waiting"),
            Step("postpone", "no run was started for it, or its record is gone", SOON),
        ),
        (
            request("running"),
            "failed",
            state("waiting"),
            Step("postpone", "run run-1 failed before the model was read; its log says why", SOON),
        ),
        (
            request("running"),
            "failed",
            state("extracted"),
            Step("postpone", "the model was read, and run run-1 failed after that; its log says why", SOON),
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


def test_ranges_are_contiguous_and_bounded() -> None:
    assert contiguous_ranges("abcdefgh", "bcdfh", 2) == [("b", "c"), ("d", "d"), ("f", "f"), ("h", "h")]
    assert contiguous_ranges("abc", "", 5) == []
    assert contiguous_ranges("abc", "abc", 5) == [("a", "c")]


@given(st.lists(st.integers(), unique=True), st.data(), st.integers(1, 7))
def test_ranges_hold_each_wanted_key_once_and_no_other(numbers: list[int], data: st.DataObject, longest: int) -> None:
    order = [str(number) for number in numbers]
    wanted = data.draw(st.sets(st.sampled_from(order))) if order else set()
    ranges = [in_range(order, first, last) for first, last in contiguous_ranges(order, wanted, longest)]
    assert sorted(key for keys in ranges for key in keys) == sorted(wanted)
    assert all(len(keys) <= longest for keys in ranges)
