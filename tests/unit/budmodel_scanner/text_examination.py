"""Examines a text as a file of a name would be, and compares what texts of two lengths cost."""

import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.texts.examine import examine_text
from budmodel_scanner.verdict import Finding, Verdict, verdict_of

# Seconds of CPU time; what takes less cannot be compared.
SHORTEST = 0.015
TRIALS = 3


def findings_of(name: str, text: str | bytes) -> list[Finding]:
    """What is found in a text file; content handed on to other examiners counts as nothing wrong."""
    data = text.encode() if isinstance(text, str) else text
    found: list[Finding] = []
    try:
        found.extend(examine_text(MemoryContent(data), Place(name), _nothing))
    except UnscannedError as stop:
        found.append(Finding(stop.rule, Verdict.UNSCANNED, stop.what))
    return found


def verdict_of_text(name: str, text: str | bytes) -> Verdict:
    return verdict_of(findings_of(name, text))


def rules_of(name: str, text: str | bytes) -> set[str]:
    return {finding.rule for finding in findings_of(name, text)}


def _nothing(_source: Content | Iterable[bytes], _place: Place) -> Iterator[Finding]:
    return iter(())


def costs_its_length(work: Callable[[int], object], length: int) -> None:
    """Fails when CPU time grows like the square of the length, of which eight times as much takes 64 times as long."""
    costs_at_most(24, partial(work, length), partial(work, length // 8))


def costs_at_most(times: float, work: Callable[[], object], floor: Callable[[], object]) -> None:
    """Fails when work takes more than so many times the CPU time of a floor that is measured here and now.

    Both are measured again where it does: a busy neighbour may double the one and not the other, but not each time.
    """
    floor()  # What is made once is made before.
    for trial in range(TRIALS):
        with _at_most(math.inf) as spent:
            floor()
        try:
            with _at_most(times * max(spent(), SHORTEST)):
                work()
            return
        except AssertionError:
            if trial == TRIALS - 1:
                raise


@contextmanager
def _at_most(seconds: float) -> Iterator[Callable[[], float]]:
    """Ends the block at so many seconds of CPU time, however busy the machine is; tells what was spent until now."""

    def too_much(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"more than {seconds:.2f} s of CPU time")

    began = time.process_time()
    before = signal.signal(signal.SIGVTALRM, too_much)
    if math.isfinite(seconds):
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield lambda: time.process_time() - began
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
