"""Times that may be compared: taken in turn, and given as ratios."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. `value` should be at most `target`; `detail` says what it was computed from."""

    what: str
    value: float
    target: float
    detail: str = ""

    @property
    def met(self) -> bool:
        return self.value <= self.target


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes. Objects that were alive before are none of its garbage collector's business."""
    gc.collect()
    gc.freeze()
    started = perf_counter()
    work()
    return perf_counter() - started


def in_turn(rounds: int, *timed: Callable[[], float]) -> list[list[float]]:
    """The times that each of `timed` gives, round by round; one round before them fills caches and is not counted."""
    times = [[take() for take in timed] for _ in range(rounds + 1)]
    return [list(column) for column in zip(*times[1:], strict=True)]


def median_ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """The median of the ratios of times that were taken side by side."""
    return median(mine / theirs for mine, theirs in zip(ours, floor, strict=True))
