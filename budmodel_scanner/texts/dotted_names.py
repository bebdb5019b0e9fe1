"""Dotted Python names that a loader would import and call because a file says so: `_target_`, YAML tags, module types."""

import sys

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.python_deeds import ORDINARY, deed_of
from budmodel_scanner.verdict import Verdict
from budmodel_scanner.word_lists import sections

_NAME = expression(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_LISTED = sections(__package__, "known/python.txt")
_DANGEROUS_WITHIN = expression("|".join(sorted(_LISTED["dangerous in ordinary packages"])))
_HARMLESS_STANDARD = expression("|".join(sorted(_LISTED["harmless"])))


def judge_dotted(name: str, *, unknown: Verdict = Verdict.SUSPICIOUS) -> Verdict:
    """What calling or importing the thing of this name would be. `unknown` is for packages that nobody here has heard of."""
    name = name.strip().replace("/", ".") if name.count("/") == 0 else name.strip()
    if not _NAME.fullmatch(name):
        return Verdict.SUSPICIOUS
    bare = name.removeprefix("builtins.").removeprefix("__builtin__.")
    if _HARMLESS_STANDARD.fullmatch(name):
        return Verdict.SAFE
    if deed_of(bare) not in {None, *ORDINARY} or _RUNS.match(bare):
        return Verdict.MALICIOUS
    package = name.split(".")[0]
    if package in sys.stdlib_module_names or package in {"builtins", "__builtin__", "__builtins__"}:
        return Verdict.MALICIOUS if package in _LISTED["powerful modules"] else Verdict.SUSPICIOUS
    if _DANGEROUS_WITHIN.fullmatch(name):
        return Verdict.SUSPICIOUS
    if package in _LISTED["ordinary packages"]:
        return Verdict.SAFE
    return unknown


_RUNS = expression(r"(?:eval|exec|execfile|compile|__import__|open|input|breakpoint|getattr|setattr|delattr|globals|vars)$")
