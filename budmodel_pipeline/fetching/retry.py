"""Whether a failed download is tried again, and when: pure decisions, no clock and no waiting."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

# The server says that the same request may well succeed later: timeout, too early, too many requests.
_PASSING = frozenset({408, 425, 429})
_LONGEST_RETRY_AFTER = 10**9


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why one attempt gave no content.

    `permanent`: the same request would fail again. `retry_after`: the seconds that the server asks to wait.
    `hint` tells a person what to do next. `status` is that of an answer, None where there was none.
    """

    expected: str
    found: str
    hint: str
    permanent: bool = False
    retry_after: float | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often and how patiently to try; seconds. Waits double from `backoff` up to `longest_wait`."""

    attempts: int
    backoff: float
    longest_wait: float


class Wait(NamedTuple):
    """Try again after so many seconds."""

    seconds: float


class GiveUp(NamedTuple):
    """Do not try again; `hint` tells a person what to do next."""

    hint: str


def may_pass(status: int) -> bool:
    """Whether an error status describes a passing condition, so that the same request is worth repeating."""
    return status in _PASSING or 500 <= status <= 599


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """A Retry-After header (RFC 9110, 10.2.3: seconds or an HTTP date) as seconds from `now`; None where it says nothing."""
    value = (header or "").strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:12]), _LONGEST_RETRY_AFTER))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # A date with the zone "-0000" comes back naive; HTTP dates are UTC.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - now).total_seconds(), 0.0)


def decide(
    trouble: Trouble, attempt: int, schedule: Schedule, *, remaining: float, now: datetime, jitter: Callable[[], float]
) -> Wait | GiveUp:
    """What follows after attempt number `attempt` (from 1) failed with `remaining` seconds left of the total timeout.

    The server's own Retry-After is kept to the second. A wait of ours is drawn by `jitter` (0 to 1) from the upper half of
    its range, so that clients that failed together do not return together.
    """
    if trouble.permanent or remaining <= 0:
        return GiveUp(trouble.hint)
    if trouble.retry_after is not None and trouble.retry_after > schedule.longest_wait:
        come_back = now + timedelta(seconds=trouble.retry_after)
        return GiveUp(f"the server asks to come back after {come_back:%Y-%m-%d %H:%M:%S} UTC: run it again then")
    if attempt >= schedule.attempts:
        return GiveUp(trouble.hint)
    if trouble.retry_after is not None:
        seconds = trouble.retry_after
    else:
        longest = min(schedule.backoff * 2.0 ** (attempt - 1), schedule.longest_wait)
        seconds = longest * (0.5 + 0.5 * jitter())
    if seconds >= remaining:
        return GiveUp(f"{trouble.hint}; a wait of {seconds:.1f} s before the next attempt exceeds the total timeout")
    return Wait(seconds)
