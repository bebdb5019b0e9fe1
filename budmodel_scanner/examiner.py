"""What examiners of formats share: their signature, and how they say what they found."""

from collections.abc import Callable, Iterable, Iterator

from budmodel_scanner.content import Content, Place, Stream
from budmodel_scanner.verdict import Finding, Verdict

# Examines content found inside a container: the router, handed down so that containers need not know it.
Nested = Callable[[Content | Iterable[bytes], Place], Iterator[Finding]]

# Yields what is wrong. Returning normally asserts that the content was parsed to its last byte with nothing left over;
# whatever stopped short raises UnscannedError or yields a Finding of Verdict.UNSCANNED.
Examiner = Callable[[Content, Place, Nested], Iterator[Finding]]

# The same of content that is read forward, once.
ForwardExaminer = Callable[[Content | Stream, Place, Nested], Iterator[Finding]]


def suspicious(place: Place, rule: str, what: str, position: str = "") -> Finding:
    return Finding(rule, Verdict.SUSPICIOUS, what, place.at(position))


def unscanned(place: Place, rule: str, what: str, position: str = "") -> Finding:
    return Finding(rule, Verdict.UNSCANNED, what, place.at(position))
