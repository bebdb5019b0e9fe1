"""Which failures are tried again, and when."""

from datetime import UTC, datetime

import pytest

from budmodel_pipeline.fetching.retry import GiveUp, Schedule, Trouble, Wait, decide, may_pass, retry_after_seconds

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
SCHEDULE = Schedule(attempts=4, backoff=1.0, longest_wait=120.0)
PASSING = Trouble("status 200", "503 Service Unavailable", "try again later")


def after(seconds: float) -> Trouble:
    return Trouble("status 200", "429 Too Many Requests", "try again later", retry_after=seconds)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 599])
def test_passing_statuses_are_tried_again(status: int) -> None:
    assert may_pass(status)


@pytest.mark.parametrize("status", [204, 206, 301, 304, 400, 401, 403, 404, 405, 410, 416, 422, 451, 499, 600, 999])
def test_other_statuses_are_not(status: int) -> None:
    assert not may_pass(status)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("7", 7),
        (" 120 ", 120),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90),
        ("Sunday, 22-Nov-26 12:00:10 GMT", 10),
        ("Sun, 22 Nov 2026 12:00:10 -0000", 10),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 13:01:30 +0100", 90),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("9" * 5000, 10**9),
        ("Sun, 99 Nov 2026 12:01:30 GMT", None),
        ("Sun, 22 Nov 99999999999999999999 12:00:00 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize(
    ("trouble", "attempt", "remaining", "verdict"),
    [
        # Waits double; the jitter of 1.0 takes them at full length.
        (PASSING, 1, 300, Wait(1)),
        (PASSING, 2, 300, Wait(2)),
        (PASSING, 3, 300, Wait(4)),
        (PASSING, 4, 300, GiveUp("try again later")),
        # The server knows better, up to the longest wait.
        (after(0), 1, 300, Wait(0)),
        (after(2.5), 3, 300, Wait(2.5)),
        (after(120), 1, 300, Wait(120)),
        (after(121), 1, 300, GiveUp("the server asks to come back after 2026-11-22 12:02:01 UTC: run it again then")),
        (after(3600), 4, 300, GiveUp("the server asks to come back after 2026-11-22 13:00:00 UTC: run it again then")),
        (after(5), 4, 300, GiveUp("try again later")),
        # A wait must end before the total timeout does.
        (after(60), 1, 60, GiveUp("try again later; a wait of 60.0 s before the next attempt exceeds the total timeout")),
        (PASSING, 1, 0, GiveUp("try again later")),
        # What is permanent is not repeated, whatever the server suggests.
        (Trouble("status 200", "404 Not Found", "check the URL", permanent=True), 1, 300, GiveUp("check the URL")),
        (Trouble("status 200", "403", "check the URL", permanent=True, retry_after=1), 1, 300, GiveUp("check the URL")),
    ],
)
def test_decision(trouble: Trouble, attempt: int, remaining: float, verdict: Wait | GiveUp) -> None:
    assert decide(trouble, attempt, SCHEDULE, remaining=remaining, now=NOW, jitter=lambda: 1.0) == verdict


def test_jitter_draws_from_the_upper_half_and_waits_have_a_ceiling() -> None:
    patient = Schedule(attempts=50, backoff=1.0, longest_wait=120.0)
    assert decide(PASSING, 3, patient, remaining=300, now=NOW, jitter=lambda: 0.0) == Wait(2)
    assert decide(PASSING, 40, patient, remaining=300, now=NOW, jitter=lambda: 1.0) == Wait(120)
