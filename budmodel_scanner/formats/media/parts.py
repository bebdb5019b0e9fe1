"""What all media share: a reader lists the parts of a file, and this looks at what people wrote and at what is no part.

A model only carries media along, so their structure alone is looked at: no byte may lie outside of it, and neither texts nor
what lies outside may hold what runs or unpacks.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Examiner, Nested, suspicious
from budmodel_scanner.formats.payloads import examine_leftover, examine_metadata, examine_numbers, hidden_in
from budmodel_scanner.formats.reading import MalformedError, all_zero, swept
from budmodel_scanner.verdict import Finding, Verdict

MAX_TEXT_BYTES = 1 << 20
# Writers of these leave behind what they have written anew, and a few bytes at the end; a reader is never led to it.
_REWRITTEN, _REWRITTEN_END = frozenset({"tiff"}), 16
# What aligns parts.
_MAX_PADDING = 3


class Part(NamedTuple):
    """From `start` up to `end`. `text` is what it holds for people, and `what` it is called; `numbers`: it is data alone."""

    start: int
    end: int
    text: bytes = b""
    what: str = ""
    numbers: bool = False


Parts = Callable[[Content], Iterator[Part]]


def begins(*magics: bytes) -> Callable[[bytes, str], bool]:
    return lambda head, _name: head.startswith(magics)


def examiner(area: str, parts: Parts) -> Examiner:
    """For files of which `parts` lists all parts; it raises MalformedError where the structure breaks."""

    def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
        ranges: list[tuple[int, int]] = []
        is_broken = False
        try:
            for part in parts(content):
                place.budget.spend("opcodes")
                name = f"{part.what or 'part'} at byte {part.start:,}"
                if part.end > content.size:
                    what = f"places data up to byte {part.end:,}, the file has {content.size:,}"
                    raise MalformedError(f"{area}.truncated", what, part.start)
                if ranges and ranges[-1][1] == part.start:
                    ranges[-1] = ranges[-1][0], part.end
                else:
                    ranges.append((part.start, part.end))
                if part.text:
                    yield from examine_metadata(part.text, name, area, place, nested)
                if part.numbers:
                    yield from examine_numbers(content, part.start, part.end - part.start, name, area, place, nested)
        except MalformedError as error:
            is_broken = True
            yield suspicious(place, error.rule, error.what, error.where)
        gaps, _ = swept(ranges, 0, content.size)
        for start, end in gaps:
            if end - start > _MAX_PADDING or not all_zero(content, start, end - start):
                label = "trailing bytes" if end == content.size else "gap"
                is_short = label == "gap" or end - start <= _REWRITTEN_END
                if area in _REWRITTEN and is_short and hidden_in(content.read(start, end - start)) is None:
                    continue
                found = examine_leftover(content, start, end - start, label, area, place, nested)
                # Behind a break nobody knows the parts; what is worse than odd counts there, too.
                yield from (finding for finding in found if not is_broken or finding.verdict is Verdict.MALICIOUS)

    return examine
