"""What a pickle may call, and with which arguments where those matter."""

from budmodel_scanner.pickles.arguments import CHECKS
from budmodel_scanner.pickles.attributes import generic_type, get_attribute, make_getter
from budmodel_scanner.pickles.functions import (
    CELL,
    CODE,
    FUNCTION,
    is_by_value,
    is_own_class,
    is_own_function,
    make_by_value,
    sets_attribute,
)
from budmodel_scanner.pickles.names import Standing, standing_of
from budmodel_scanner.pickles.report import COST_OF_A_NAME, Report, shorten
from budmodel_scanner.pickles.values import COMPUTED, EXAMINED, OWN_INSTANCE, PLAIN, Dtype, Global, Made, Nested, hold
from budmodel_scanner.verdict import Verdict

_UNITS = {"U": 4}


def call(report: Report, callee: object, arguments: object, position: int) -> object:
    """The value that calling `callee` gives; a finding where the call could do harm."""
    if not isinstance(callee, Global):
        if is_own_function(callee):
            report.add("dangerous-call", Verdict.MALICIOUS, "calls a function whose code it holds itself", position)
        elif callee is not COMPUTED and not isinstance(callee, Made):
            report.add("malformed", Verdict.SUSPICIOUS, "calls something that no function or class is", position)
        else:
            report.add("computed-call", Verdict.SUSPICIOUS, "calls something that it computes while loading", position)
        return COMPUTED
    if report.holds_code and not is_by_value(callee) and callee.standing is not Standing.JUDGED:
        hold(arguments if isinstance(arguments, tuple) else ())
    if callee.key in _NEW_OBJECT:
        made = arguments[0] if isinstance(arguments, tuple) and arguments else COMPUTED
        return make(report, made, position)
    if callee.standing is Standing.JUDGED:
        report.pending.pop(callee, None)
        return _judged(report, callee, arguments, position)
    if callee.standing is Standing.DANGEROUS:
        what = f"loading it calls {shorten(str(callee))}({_shown(arguments)})"
        report.add("dangerous-call", Verdict.MALICIOUS, what, position)
    elif callee.standing in (Standing.CLASS, Standing.FAMILY) and not _is_made_plainly(callee, arguments):
        what = f"loading it calls {callee} with arguments, where real files only restore the state of its instances"
        report.add("unusual-call", Verdict.SUSPICIOUS, what, position)
    elif callee.standing is Standing.CALLABLE and (check := CHECKS.get(callee.key)):
        problem = check(arguments if isinstance(arguments, tuple) else None)
        if problem:
            what = f"loading it calls {callee}({_shown(arguments)}): {problem}"
            report.add("unusual-arguments", Verdict.SUSPICIOUS, what, position)
    return _result(callee, arguments)


def make(report: Report, of: object, position: int) -> object:
    """The value of an instance made without `__init__`."""
    if isinstance(of, Global):
        if of.standing is Standing.JUDGED:
            report.add("unusual-call", Verdict.SUSPICIOUS, f"makes an instance of {of} without calling it", position)
        return Made(of)
    if is_own_class(of):
        return OWN_INSTANCE
    report.add(
        "computed-class", Verdict.SUSPICIOUS, "makes an instance of something that it computes while loading", position
    )
    return COMPUTED


def _result(callee: Global, arguments: object) -> object:
    if callee.key == ("_codecs", "encode") and isinstance(arguments, tuple) and arguments and arguments[0] is EXAMINED:
        return EXAMINED
    if callee.key == ("numpy", "dtype") and isinstance(arguments, tuple) and arguments and isinstance(arguments[0], bytes):
        return _dtype(arguments[0].decode("ascii", "replace"))
    return Made(callee) if callee.standing is not Standing.DANGEROUS else COMPUTED


def _dtype(code: str) -> Dtype:
    """From `f8`, `U10`, `O8`: https://numpy.org/doc/stable/reference/arrays.dtypes.html"""
    letter, digits = code[:1], code[1:]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        return Dtype(None, False)
    return Dtype(int(digits) * _UNITS.get(letter, 1), letter == "O")


def _judged(report: Report, callee: Global, arguments: object, position: int) -> object:
    """The value of a call that is harmless with some arguments only."""
    report.place.budget.spend("opcodes", COST_OF_A_NAME)
    if is_by_value(callee):
        return make_by_value(report, callee, arguments, position)
    match callee.name:
        case "getattr":
            return get_attribute(report, callee, arguments, _shown(arguments), position)
        case "setattr":
            return PLAIN if sets_attribute(report, callee, arguments) else _refused(report, callee, arguments, position)
        case "partial" | "MethodType":
            _judge_partial(report, callee, arguments, position)
            return Made(callee)
        case "attrgetter" | "itemgetter" | "methodcaller":
            return make_getter(report, callee, arguments, _shown(arguments), position)
        case "getitem":
            return generic_type(report, callee, arguments, _shown(arguments), position)
        case "reduce":
            return _union(report, callee, arguments, position)
        case "type":
            return _type_of_value(report, callee, arguments, position)
        case "_load_type" | "_builtin_type":
            return _type_of_name(report, callee, arguments, position)
        case _:
            return _refused(report, callee, arguments, position)


def _union(report: Report, callee: Global, arguments: object, position: int) -> object:
    """Python pickles `int | None` as the types, reduced by `or`; any other function would be called by it."""
    if isinstance(arguments, tuple) and len(arguments) == 2:
        function, types = arguments
        is_or = isinstance(function, Global) and function.key in _OR
        if is_or and isinstance(types, tuple) and all(_is_known(one) for one in types):
            report.clear(callee)
            return Made(callee)
    return _refused(report, callee, arguments, position)


def _refused(report: Report, callee: Global, arguments: object, position: int) -> object:
    report.add("dangerous-call", Verdict.MALICIOUS, f"loading it calls {callee}({_shown(arguments)})", position)
    return COMPUTED


def _type_of_value(report: Report, callee: Global, arguments: object, position: int) -> object:
    """That of None and the like, as Python pickles them; with three arguments, it makes a class."""
    if isinstance(arguments, tuple) and len(arguments) == 1 and (arguments[0] is PLAIN or _is_known(arguments[0])):
        report.clear(callee)
        return Global("builtins", "object", Standing.CALLABLE)
    what = f"loading it calls {callee}({_shown(arguments)}), which may make a class"
    report.add("unusual-arguments", Verdict.SUSPICIOUS, what, position)
    return COMPUTED


def _type_of_name(report: Report, callee: Global, arguments: object, position: int) -> object:
    """dill and cloudpickle write types of Python by names of their own, among them those of functions and code."""
    written = arguments[0] if isinstance(arguments, tuple) and len(arguments) == 1 else None
    name = written.decode("utf-8", "replace") if isinstance(written, bytes) else ""
    if name in _TAKES_A_FUNCTION:
        # Binding a function calls nothing; the function is judged as that of a partial one is.
        report.clear(callee)
        return report.global_of(*_TAKES_A_FUNCTION[name], Standing.JUDGED)
    if name in _MAKES_CODE:
        report.clear(callee)
        maker = report.global_of(*_MAKES_CODE[name], Standing.JUDGED)
        report.pending[maker] = position
        return maker
    if name == "type":
        report.clear(callee)
        return report.global_of("builtins", "type", Standing.JUDGED)
    for module in ("builtins", "types"):
        if standing_of(module, name) is Standing.CALLABLE:
            report.clear(callee)
            return Global(module, name, Standing.CALLABLE)
    return _refused(report, callee, arguments, position)


def _judge_partial(report: Report, callee: Global, arguments: object, position: int) -> None:
    problem = _partial_of(arguments[0] if isinstance(arguments, tuple) and arguments else COMPUTED)
    if problem:
        what = f"loading it calls {callee}({_shown(arguments)}): {problem}"
        report.add("unusual-arguments", Verdict.SUSPICIOUS, what, position)
    else:
        report.clear(callee)


def restore_partial(report: Report, state: object, position: int) -> None:
    """The state of a partial function (function, arguments, keywords, attributes) may exchange its function."""
    problem = _partial_of(state[0] if isinstance(state, tuple) and len(state) == 4 else COMPUTED)
    if problem:
        report.add("unusual-arguments", Verdict.SUSPICIOUS, f"restores a partial function: {problem}", position)


def _partial_of(function: object) -> str | None:
    """What is wrong with the function of a partial one; a bound method, or code of the pickle, was judged already."""
    if is_own_function(function) or (isinstance(function, Made) and function.by.key in _GETS):
        return None
    return None if _is_known(function) else "its function is none that is known here"


def _is_known(value: object) -> bool:
    return isinstance(value, Global) and value.standing in (Standing.CALLABLE, Standing.CLASS, Standing.FAMILY)


def _is_made_plainly(callee: Global, arguments: object) -> bool:
    """Whether it is a class that is called with nothing, or what Cython writes.

    With nothing to go by, a class does what it does for everybody; what subclasses of containers hold comes after that.
    Cython has a function for each type, which makes an instance of it and sets its fields."""
    if arguments == () and callee.name.rpartition(".")[2].lstrip("_")[:1].isupper():
        return True
    if not callee.name.startswith("__pyx_unpickle_"):
        return False
    return isinstance(arguments, tuple) and len(arguments) == 3 and _is_known(arguments[0])


def _shown(arguments: object) -> str:
    """The arguments for a person: texts and numbers as they are."""
    if not isinstance(arguments, tuple):
        return "..."
    return ", ".join(_shown_one(argument) for argument in arguments)


def _shown_one(argument: object) -> str:
    if isinstance(argument, bytes):
        return f'"{shorten(argument.decode("utf-8", "replace"))}"'
    if isinstance(argument, int | Global):
        return shorten(str(argument))
    return "..." if argument is PLAIN or isinstance(argument, Nested) else "(...)"


_TAKES_A_FUNCTION = {"MethodType": ("types", "MethodType"), "PartialType": ("functools", "partial")}
_MAKES_CODE = {"CodeType": CODE, "FunctionType": FUNCTION, "LambdaType": FUNCTION, "CellType": CELL}
_GETS = {("builtins", "getattr"), ("__builtin__", "getattr"), ("types", "MethodType")}
_OR = {("operator", "or_"), ("_operator", "or_")}
PARTIAL = {(module, "partial") for module in ("functools", "_functools")}
_NEW_OBJECT = {(module, name) for module in ("copyreg", "copy_reg") for name in ("__newobj__", "__newobj_ex__")}
