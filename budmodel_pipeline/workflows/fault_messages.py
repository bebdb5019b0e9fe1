"""What people are told of by themselves: a fault once, that it is over once, and once a week what changed. Pure."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from budmodel_pipeline.workflows.cadence import has_passed

WEEK = timedelta(days=7)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
LONGEST_LINE = 300
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong now. `key` stays the same for as long as it is the same fault."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """What people know: the faults by their keys, and when they were last told of a week. A message that could not be
    delivered was tried `tries` times, and is not tried again before `not_before`."""

    faults: Mapping[str, str] = field(default_factory=dict)
    week: datetime | None = None
    tries: int = 0
    not_before: datetime | None = None

    def written(self) -> str:
        """As the cursor of a sensor."""
        moments = {name: moment.isoformat() for name in ("week", "not_before") if (moment := getattr(self, name))}
        return json.dumps({"faults": dict(self.faults), "tries": self.tries, **moments})


def read_told(cursor: str | None) -> Told:
    """What `written` wrote; nothing was told where there is no cursor yet."""
    stored = json.loads(cursor) if cursor else {}
    moments = {name: datetime.fromisoformat(stored[name]) for name in ("week", "not_before") if name in stored}
    return Told(stored.get("faults", {}), tries=stored.get("tries", 0), **moments)


def week_is_over(told: Told, now: datetime) -> bool:
    """Whether a week's changes are to be told; the first week begins when the first tick looks."""
    return told.week is not None and has_passed(WEEK, told.week, now)


def is_quiet(told: Told, now: datetime) -> bool:
    """Whether the next delivery is to wait: for an hour at most, whatever a clock said that went wrong."""
    return told.not_before is not None and now < told.not_before <= now + LONGEST_WAIT


def message(told: Told, faults: Collection[Fault], changes: Sequence[str] | None) -> str | None:
    """What is new since people were told, None where nothing is. `changes` are those of a week that is over."""
    new = [fault.text for fault in faults if fault.key not in told.faults]
    mended = [text for key, text in told.faults.items() if key not in {fault.key for fault in faults}]
    parts = [_part("BudModel Pipeline: this is wrong", new), _part("Well again", mended)]
    if changes is not None:
        parts.append(_part("The week's changes", changes or ["No leaderboard published anything new."]))
    return "\n".join(filter(None, parts)) or None


def after_delivery(told: Told, faults: Collection[Fault], now: datetime, *, with_week: bool) -> Told:
    """What people know after a message, or where there was nothing to say."""
    week = now if with_week or told.week is None else told.week
    return Told({fault.key: _line(fault.text) for fault in faults}, week)


def after_failure(told: Told, now: datetime, retry_after: float | None) -> Told:
    """The same as before, and when delivery is tried again: after a minute, then twice as long each time, up to an hour."""
    doubled = FIRST_WAIT * 2 ** min(told.tries, 10)
    wait = max(min(doubled, LONGEST_WAIT), min(timedelta(seconds=retry_after or 0), LONGEST_WAIT))
    return replace(told, tries=told.tries + 1, not_before=now + wait)


def _part(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    rest = [f"• and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return "\n".join([f"{title}:", *(f"• {_line(line)}" for line in lines[:SHOWN]), *rest])


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_LINE else f"{flat[:LONGEST_LINE]}…"
