"""Sources of languages that are not parsed here, and files of build tools: their lines and their quoted texts as commands.

CMake, Bazel, Terraform, Nextflow and their like write commands without quotes too.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from budmodel_scanner.content import Place
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.verdict import Finding, Verdict

# Each alternative takes what it began, closed or not, so that the work is that of the length.
_COMMENT = re.compile(
    r"""(?xs)("(?:[^"\\\n]|\\.)*+"?)
    | (?<![:\w/])//[^\n]*+ | /\*(?:[^*]|\*(?!/))*+(?:\*/)? | (?m:^[ \t]*(?:\#(?!!)|--|;|%)[^\n]*+$)"""
)
_QUOTED = re.compile(
    r"""(?xs)\"{3}((?:[^"]|"(?!""))*+)(?:\"{3})? | \'{3}((?:[^']|'(?!''))*+)(?:\'{3})? | "((?:[^"\\]|\\.)*+)"?
    | '((?:[^'\\\n]|\\.)*+)'? | `([^`]*+)`?"""
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# Of what a command that fetches or destroys could be.
_SHORTEST = 6
_MEANT = {"n": "\n", "t": "\t", "r": "\n"}


def examine_source(text: str, place: Place, *, worst: Verdict = Verdict.MALICIOUS) -> Iterator[Finding]:
    code = _COMMENT.sub(lambda found: found[1] or "\n" * found[0].count("\n"), text)
    for finding in judge(Leaf(LeafKind.COMMAND, re.sub(r"\\\r?\n", " ", code)), place, worst=worst):
        yield finding
        return
    for found in _QUOTED.finditer(code):
        text = next(filter(None, found.groups()), "")
        if len(text) < _SHORTEST:
            continue
        quoted = _ESCAPED.sub(lambda escaped: _MEANT.get(escaped[1], escaped[1]), text)
        for finding in judge(Leaf(LeafKind.COMMAND, quoted), place, worst=worst):
            yield replace(finding, where=place.at(f"line {code.count(chr(10), 0, found.start()) + 1}"))
            return
