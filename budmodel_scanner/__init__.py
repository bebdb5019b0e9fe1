"""Whether the files of a model are safe: `scan(path)` gives a `Report`. A package of its own, which knows no pipeline.

    >>> from budmodel_scanner import Verdict, scan
    >>> report = scan("models/phi-4")
    >>> report.verdict is Verdict.SAFE

What each room holds is in its docstring; the line that decides a verdict is `verdict.verdict_of`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from budmodel_scanner.folder import Report, scan
    from budmodel_scanner.verdict import Finding, Verdict

__all__ = ["Finding", "Report", "Verdict", "scan"]

_PLACES = {"Finding": "verdict", "Report": "folder", "Verdict": "verdict", "scan": "folder"}


def __getattr__(name: str) -> object:
    """Imports what is asked for, and that alone: the children of a scan import this package too, for each file anew."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
