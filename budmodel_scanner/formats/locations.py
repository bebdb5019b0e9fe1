"""Paths that a model file states for others to open."""

import re

from budmodel_scanner.expressions import expression

_ELSEWHERE = expression(r"(?i)^(?:[a-z][a-z0-9+.-]+:|//|\\\\)")


def objection(location: str) -> str | None:
    """Why a loader that opens `location` beside the model would leave the repository; None where it would not."""
    if _ELSEWHERE.match(location):
        return "is on another machine"
    if location.startswith(("/", "\\", "~")) or re.match(r"(?i)^[a-z]:", location):
        return "is an absolute path"
    if ".." in re.split(r"[/\\]", location):
        return "leaves the repository"
    if "\0" in location or not location.isprintable():
        return "holds control characters"
    return None
