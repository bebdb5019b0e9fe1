"""Examines a text as a file of a name would be, and bounds the CPU time that a test may take."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.texts.examine import examine_text
from budmodel_scanner.verdict import Finding, Verdict, verdict_of


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


@contextmanager
def at_most_cpu_seconds(seconds: float) -> Iterator[None]:
    """Fails when the block takes more CPU time of this process, however busy the machine is."""

    def too_much(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"more than {seconds} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, too_much)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
