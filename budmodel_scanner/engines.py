"""What an engine beside our own examination looks like: it may raise the verdict of a file, never lower it."""

from dataclasses import dataclass
from typing import Protocol

from budmodel_scanner.verdict import Finding

OURS = "budmodel"
EXAMINED = "examined"
NOT_EXAMINED = "not examined"
CLEAN = "clean"
FLAGGED = "flagged"
NOT_INSTALLED = "not installed"
NOT_CONFIGURED = "not configured"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EngineResult:
    """What one engine says of one file.

    `state` tells a person whether it looked: "clean", "flagged", "not asked: ...", "skipped: ...", "failed". An engine that
    was wanted and could not look adds a Finding of Verdict.ERROR; where a limit stopped it, one of Verdict.UNSCANNED.
    """

    state: str
    findings: tuple[Finding, ...] = ()


class Engine(Protocol):
    """An engine that runs elsewhere, such as an antivirus daemon. Threads share it."""

    @property
    def name(self) -> str:
        """Its key in `FileReport.engines`, and `Finding.engine` of what it finds."""
        ...

    @property
    def version(self) -> str:
        """Of program and signatures: results are kept as long as it stays the same. Asked for once in a scan."""
        ...

    def examine(self, descriptor: int, name: str, size: int) -> EngineResult:
        """Looks at an open regular file of `size` bytes, by `os.pread`: others read the same descriptor. `name` is its path
        in the repository. Raises nothing: failures are results."""
        ...
