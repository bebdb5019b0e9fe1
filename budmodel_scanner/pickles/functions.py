"""Functions and classes that dill and cloudpickle write out with their code, instead of by their names.

Loading makes them, and runs of them at most what a class has for it. They are harmless where none of the names that their
code uses leads to more than numbers and texts, and suspicious elsewhere; they are malicious where their code names what a
model has no need of, where it cannot be followed, and where it is called at once.
"""

from collections.abc import Iterator

from budmodel_scanner.pickles.code_names import is_harmless, is_harmless_module
from budmodel_scanner.pickles.names import entries, is_blocked_whole, is_way_out
from budmodel_scanner.pickles.report import Report, shorten
from budmodel_scanner.pickles.values import EXAMINED, Container, Global, Made, State, Watched
from budmodel_scanner.verdict import Verdict

_SECTIONS = {(module, name): section for section, module, names in entries("by_value.txt") for name in names}
CODE = ("types", "CodeType")
# By names that cloudpickle gave them; to import them is dangerous.
FUNCTION, CELL = ("types", "FunctionType"), ("types", "CellType")
_SECTIONS |= {FUNCTION: "function", CELL: "parts"}
_FUNCTIONS = ("function", "skeleton")
# What may be set, by the section of what made the object.
_OF_EVERY = (b"__qualname__", b"__module__", b"__name__", b"__doc__")
_SET = {**dict.fromkeys((*_FUNCTIONS, "class"), _OF_EVERY), "parts": (b"cell_contents",)}
# Before its texts stand how many of each it has.
_NUMBERS = 4
# What dill writes for the names of the program that loads.
_MAIN = {(module, "__main__") for module in ("builtins", "__builtin__")}
_METACLASSES = {("builtins", "type"), ("__builtin__", "type"), ("abc", "ABCMeta"), ("types", "TypeType")}


def is_by_value(callee: Global) -> bool:
    return callee.key in _SECTIONS or callee.key == CODE


def make_by_value(report: Report, callee: Global, arguments: object, position: int) -> object:
    """What such a function makes; how bad that is depends on its arguments."""
    given = arguments if isinstance(arguments, tuple) else ()
    problem, doubt = None, None
    match _SECTIONS.get(callee.key, "code"):
        case "code":
            report.holds_code = True
            problem, doubt = _code(given)
        case "function" | "skeleton" as section:
            problem = None if given and _is_code(given[0]) else "its code cannot be followed"
            doubt = _scope(report, given, 1 if section == "function" else 2)
        case "class":
            report.holds_code = True
            problem = _class(report, given)
        case "module":
            problem, doubt = _module(given[0] if given else None)
        case "examined":
            problem = None if given and given[0] is EXAMINED else "it unpickles bytes that could not be examined"
            doubt = "what it unpickles may hold more"
        case "state" | "filled":
            problem = None if given and is_own(given[0]) else "it changes what the pickle did not make"
        case "parts":
            doubt = None if report.holds_code else "there is no code that could be its own"
    if problem:
        report.add("dangerous-call", Verdict.MALICIOUS, f"loading it calls {callee}: {problem}", position)
    elif doubt:
        what = f"holds code itself, instead of its name, and loading it calls {callee}: {doubt}"
        report.add("code-by-value", Verdict.SUSPICIOUS, what, position)
    else:
        report.clear(callee)
    return given[0] if given and _SECTIONS.get(callee.key) == "filled" else Made(callee)


def sets_attribute(report: Report, setter: Global, arguments: object) -> bool:
    """Whether it gives what the pickle made of its own code a name, or a cell its content, as dill does."""
    match arguments:
        case (Made(by=maker), bytes(name), *_) if len(arguments) == 3:
            allowed = _SET.get(_SECTIONS.get(maker.key, ""), ())
            if name in allowed:
                report.clear(setter)
                return True
    return False


def is_own_function(value: object) -> bool:
    """Whether it is a function whose code lies in the pickle."""
    return isinstance(value, Made) and _SECTIONS.get(value.by.key) in _FUNCTIONS


def is_own(value: object) -> bool:
    """Whether it is a function or a class whose code lies in the pickle."""
    return is_own_function(value) or is_own_class(value)


def is_own_class(value: object) -> bool:
    """Whether it is a class whose code lies in the pickle."""
    return isinstance(value, Made) and _SECTIONS.get(value.by.key) == "class"


def _is_code(value: object) -> bool:
    return isinstance(value, Made) and (value.by.key == CODE or _SECTIONS.get(value.by.key) == "code")


def _class(report: Report, given: tuple[object, ...]) -> str | None:
    first = given[0] if given else None
    if not isinstance(first, Global) or first.key not in _METACLASSES:
        return "it is made by something else than a type"
    report.pending.pop(first, None)
    report.use(given, first)
    return None


def _scope(report: Report, given: tuple[object, ...], position: int) -> str | None:
    """Notes what a function finds its names in. Python puts all that is built in there, for whoever else holds it."""
    scope = given[position] if len(given) > position else None
    if isinstance(scope, State) or (isinstance(scope, Watched) and scope.key in _MAIN):
        if isinstance(scope, Watched):
            report.pending.pop(scope, None)
        report.scopes.append(scope)
        report.use(given, scope)
        return None
    return "what it finds its names in cannot be followed"


def _code(given: tuple[object, ...]) -> tuple[str | None, str | None]:
    """What is wrong with the parts of a code object, and what is not harmless, if somebody called it.

    Its names, which come after its constants, have to be known. Without a name, constants are data; code among them was
    judged when it was made."""
    texts = [at for at, part in enumerate(given) if at > _NUMBERS and isinstance(part, tuple | Container)]
    names = given[texts[0] + 1] if texts and texts[0] + 1 < len(given) else None
    if not isinstance(names, tuple) or not all(isinstance(name, bytes) for name in names):
        return "it makes code of names that cannot be followed", None
    told = [name.decode("utf-8", "replace") for name in names if isinstance(name, bytes)]
    if bad := next((name for name in told if any(map(_reaches_out, name.split(".")))), None):
        return f"its code names {shorten(bad)}", None
    doubtful = next((name for name in (*told, *_matched(given[texts[0]])) if not is_harmless(name)), None)
    return None, f"its code names {shorten(doubtful)}" if doubtful else None


def _matched(constants: object) -> Iterator[str]:
    """Names of attributes that a pattern of `match` takes: they stand in tuples among the constants."""
    for text in constants.texts if isinstance(constants, Container) else ():
        if (name := text.decode("utf-8", "replace")).isidentifier():
            yield name


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


def _module(name: object) -> tuple[str | None, str | None]:
    written = name.decode("utf-8", "replace") if isinstance(name, bytes) else ""
    if not written or is_blocked_whole(written) or is_blocked_whole(written.rpartition(".")[0] or written):
        return f"it imports {shorten(written) or 'a name that cannot be followed'}", None
    return None, None if is_harmless_module(written) else f"it imports {shorten(written)}"
