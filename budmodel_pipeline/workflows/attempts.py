"""When a model that could not be extracted is tried again. Pure; extraction, sensors and commands all ask here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# A hub that is down for an hour costs four attempts; one that is down for a weekend is met again on Monday.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(days=1)
MAX_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """`at` is None where there is none: the failure is permanent, or every attempt is used up (`reason` says so)."""

    at: datetime | None
    reason: str = ""


def pause(attempts: int) -> timedelta:
    """How long to wait after the failed attempt number `attempts` (1 for the first): twice as long each, up to a day."""
    if attempts < 1:
        return timedelta(0)
    doubled: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def next_attempt(
    attempts: int, now: datetime, *, permanent: bool, died: bool = False, retry_after: float | None = None
) -> NextAttempt:
    """After the failed attempt number `attempts` (1 for the first). A worker that `died` tells nothing of the model at
    first: it is tried again at once, and only then as others are. `retry_after` is in seconds, as the server asked, of which
    up to a day is heeded."""
    if permanent:
        return NextAttempt(None, "It is not tried again: it would fail the same way.")
    if attempts >= MAX_ATTEMPTS:
        return NextAttempt(None, f"Given up after {attempts} attempts.")
    asked = timedelta(seconds=min(retry_after or 0, LONGEST_WAIT.total_seconds()))
    return NextAttempt(now + max(pause(attempts - 1 if died else attempts), asked))
