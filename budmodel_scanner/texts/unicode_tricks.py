"""Characters that make a text read differently from what it does, and bytes that take over a terminal."""

import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.verdict import Finding, Verdict

# https://trojansource.codes: embeddings, overrides and isolates reorder what a reviewer sees.
_BIDIRECTIONAL = expression("[\u202a-\u202e\u2066-\u2069]")
# Tag characters spell text that nobody sees; after a black flag they are an ordinary emoji.
_TAGS = expression("(?<![\U0001f3f4\U000e0000-\U000e007f])[\U000e0000-\U000e007f]{4,}")
_SELECTORS = expression("[\U000e0100-\U000e01ef]{8,}")
_ZERO_WIDTH = expression("[\u200b-\u200f\u2060-\u2064\ufeff]{8,}")
# Colors are ordinary in logs; titles, the clipboard, key definitions and answers of the terminal are not.
_TERMINAL = expression(
    r"\x1b(?:\][0-9]|P|_|\^|c|\[[0-9;?]{0,20}[nilhrpqRS]|\[[0-9;]{0,20}J.{0,200}\x1b\[[0-9;]{0,20}H)", re.DOTALL
)


def examine_unicode(text: str, place: Place, kind: str, *, code: bool = True) -> Iterator[Finding]:
    """`code` is False for prose, where marks of direction belong to several languages."""
    if text.isascii():
        return
    checks = [(_TAGS, "invisible tag characters"), (_SELECTORS, "a run of variation selectors")]
    if code:
        checks += [(_BIDIRECTIONAL, "characters that reorder text"), (_ZERO_WIDTH, "a run of characters of no width")]
    for pattern, what in checks:
        if found := pattern.search(text):
            line = text.count("\n", 0, found.start()) + 1
            where = place.at(f"line {line}")
            names = " ".join(f"U+{ord(character):04X}" for character in found[0][:4])
            yield Finding("text.hidden-characters", Verdict.SUSPICIOUS, f"{what} in {kind}: {names}", where)


def examine_terminal(text: str, place: Place) -> Iterator[Finding]:
    if "\x1b" in text and (found := _TERMINAL.search(text)):
        line = text.count("\n", 0, found.start()) + 1
        what = f"a sequence that commands a terminal: {found[0][:20]!r}"
        yield Finding("text.terminal-escape", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
