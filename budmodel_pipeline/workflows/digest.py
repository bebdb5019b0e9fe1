"""What a digest of a week holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

# A row of marts.leaderboard_changes.
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """A model group whose place in a ranking is another one than before the week; None where it had, or has, none.

    `is_beyond_interval` says whether its score before lies outside of the interval of its score now: else the move may be
    chance.
    """

    scope: str
    group_id: str
    before: int | None
    now: int | None
    is_beyond_interval: bool | None


@dataclass(frozen=True, slots=True)
class Digest:
    """The week (its Monday, UTC), what publishers changed, the places that moved, and the sources that came."""

    week: date
    events: Sequence[Event]
    moves: Sequence[Move]
    new_sources: Sequence[str]
