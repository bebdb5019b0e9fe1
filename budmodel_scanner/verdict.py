"""What a scan says: verdicts of files, the findings behind them, and how they roll up to a model."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """From best to worst, in the order of definition. UNSCANNED and ERROR mean that nobody looked: never safe."""

    SAFE = "safe"
    UNSCANNED = "unscanned"
    ERROR = "error"
    SUSPICIOUS = "suspicious"
    MALICIOUS = "malicious"

    @property
    def rank(self) -> int:
        """0 for the best. Engines may only raise it."""
        return list(Verdict).index(self)

    @property
    def exit_status(self) -> int:
        """How a command that scans ends: 0 where all is safe, 1 where something was found, 2 where nobody looked."""
        match self:
            case Verdict.SAFE:
                return 0
            case Verdict.SUSPICIOUS | Verdict.MALICIOUS:
                return 1
            case Verdict.UNSCANNED | Verdict.ERROR:
                return 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a file is not safe.

    `rule` is a stable id in kebab case, its area before the dot (`pickle.dangerous-global`). `verdict` is what this finding
    alone makes of the file; SAFE marks a note that does not lower it (an engine that was wanted and is not there).
    `what` tells a person what was found; `where` the place in the file (member names joined by " > ", then byte or line).
    """

    rule: str
    verdict: Verdict
    what: str
    where: str = ""
    engine: str = "budmodel"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; UNSCANNED of none, because zero files scanned is not safe."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.UNSCANNED)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Of a file that was examined to its end: SAFE without findings."""
    return worst([Verdict.SAFE, *(finding.verdict for finding in findings)])
