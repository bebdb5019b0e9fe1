"""The 7-day rule: when a source is due. Pure; the schedule and the commands both ask here."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from budmodel_pipeline.warehouse.states import SourceState

# A weekly tick finds an extraction that finished late to be a little less than a week old; without slack it would wait
# for another tick. Half a day is longer than any run may take and shorter than the time between two daily ticks.
SLACK = timedelta(hours=12)
# A tick that is evaluated late finds what was extracted by hand since; longer than a day it is never late.
FUTURE = timedelta(days=1)


def has_passed(wait: timedelta, since: datetime, now: datetime) -> bool:
    """Whether it is `wait` or longer since then. What happened in the future was told by a clock that went wrong, then or
    now: nobody knows how long ago it is, and nobody waits for it."""
    return now - since >= wait or since - now > FUTURE


def next_due(state: SourceState, now: datetime) -> datetime | None:
    """When the cadence of the source is up, None for at once: it was never extracted, or in the future."""
    last = state.last_extracted_at
    return None if last is None or last - now > FUTURE else last + state.cadence


def is_due(state: SourceState, scheduled: datetime, origin: str) -> bool:
    """Whether a tick scheduled at `scheduled` extracts the source.

    Data of another origin are due for replacement, and so is a success of the future: a clock went wrong, then or now, and
    nobody knows how old the data are.
    """
    last = state.last_extracted_at
    return last is None or state.origin != origin or has_passed(state.cadence - SLACK, last, scheduled)


def by_default(states: Iterable[SourceState]) -> list[SourceState]:
    """The sources that are extracted although nobody asks for them by name: those whose terms do not forbid it."""
    return [state for state in states if not state.forbidden]


def left_out(states: Iterable[SourceState]) -> str:
    """Which sources their terms keep out and how to have them; empty where there are none."""
    names = sorted(state.source for state in states if state.forbidden)
    asked = "".join(f" --source {name}" for name in names)
    return (
        f"Left out, since their terms forbid it: {', '.join(names)}. To extract them anyway: budmodel run{asked}"
        if names
        else ""
    )


def due_sources(states: Iterable[SourceState], scheduled: datetime, origin: str) -> list[str]:
    """The sources that a tick scheduled at `scheduled` extracts, in alphabetical order."""
    return sorted(state.source for state in states if is_due(state, scheduled, origin))


def nothing_due(states: Iterable[SourceState], now: datetime) -> str:
    """Why a tick does nothing: when which source is due next."""
    upcoming = sorted((due_at, state.source) for state in states if (due_at := next_due(state, now)) is not None)
    if not upcoming:
        return "There are no sources."
    due_at, source = upcoming[0]
    return f"No source is due; the next is {source} on {due_at:%Y-%m-%d at %H:%M} UTC."
