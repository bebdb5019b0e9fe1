"""Functions and classes that dill and cloudpickle write out with their code, instead of by their names.

Loading makes them and runs nothing of them. What they would do later nobody can read, so they are suspicious; they are
malicious where their code names what a model has no need of, where it cannot be followed, and where it is called at once.
"""

from budmodel_scanner.pickles.names import entries, is_blocked_whole, is_way_out
from budmodel_scanner.pickles.report import Report, shorten
from budmodel_scanner.pickles.values import EXAMINED, Container, Global, Made
from budmodel_scanner.verdict import Verdict

_SECTIONS = {(module, name): section for section, module, names in entries("by_value.txt") for name in names}
CODE = ("types", "CodeType")
# Before its texts stand how many of each it has.
_NUMBERS = 4
_METACLASSES = {("builtins", "type"), ("abc", "ABCMeta"), ("types", "TypeType")}


def is_by_value(callee: Global) -> bool:
    return callee.key in _SECTIONS or callee.key == CODE


def make_by_value(report: Report, callee: Global, arguments: object, position: int) -> Made:
    """What such a function makes; how bad that is depends on its arguments."""
    given = arguments if isinstance(arguments, tuple) else ()
    match _SECTIONS.get(callee.key, "code"):
        case "code":
            problem = _code(given)
        case "function":
            problem = None if given and _is_code(given[0]) else "its code cannot be followed"
        case "class":
            first = given[0] if given else None
            known = isinstance(first, Global) and first.key in _METACLASSES
            problem = None if known else "it is made by something else than a type"
        case "module":
            problem = _module(given[0] if given else None)
        case "examined":
            problem = None if given and given[0] is EXAMINED else "it unpickles bytes that could not be examined"
        case _:
            problem = None
    if problem:
        report.add("dangerous-call", Verdict.MALICIOUS, f"loading it calls {callee}: {problem}", position)
    else:
        what = f"holds code itself, instead of its name, and loading it calls {callee}"
        report.add("code-by-value", Verdict.SUSPICIOUS, what, position)
    return Made(callee)


def is_own_function(value: object) -> bool:
    """Whether it is a function whose code lies in the pickle."""
    return isinstance(value, Made) and _SECTIONS.get(value.by.key) == "function"


def _is_code(value: object) -> bool:
    return isinstance(value, Made) and (value.by.key == CODE or _SECTIONS.get(value.by.key) == "code")


def _code(given: tuple[object, ...]) -> str | None:
    """What is wrong with the parts of a code object: its names, which come after its constants, have to be known.

    Without a name, constants are data; code among them was judged when it was made."""
    texts = [at for at, part in enumerate(given) if at > _NUMBERS and isinstance(part, tuple | Container)]
    names = given[texts[0] + 1] if texts and texts[0] + 1 < len(given) else None
    if not isinstance(names, tuple) or not all(isinstance(name, bytes) for name in names):
        return "it makes code of names that cannot be followed"
    told = [name.decode("utf-8", "replace") for name in names if isinstance(name, bytes)]
    bad = next((name for name in told if any(map(_reaches_out, name.split(".")))), None)
    return f"its code names {shorten(bad)}" if bad else None


def _reaches_out(name: str) -> bool:
    return (is_way_out(name) and name not in _OF_EVERY_CLASS) or name in _NETWORK


# Attributes that lead nowhere else.
_OF_EVERY_CLASS = {f"__{name}__" for name in ("init", "name", "doc", "len", "call", "class", "version")}
_NETWORK = {
    "urllib",
    "urllib3",
    "requests",
    "http",
    "httpx",
    "ftplib",
    "smtplib",
    "multiprocessing",
    "webbrowser",
    "marshal",
}


def _module(name: object) -> str | None:
    written = name.decode("utf-8", "replace") if isinstance(name, bytes) else ""
    if not written or is_blocked_whole(written) or is_blocked_whole(written.rpartition(".")[0] or written):
        return f"it imports {shorten(written) or 'a name that cannot be followed'}"
    return None
