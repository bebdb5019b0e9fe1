"""What a pickle may get from an object: by `getattr`, by a key to sort by, and by brackets.

Pickles of members of enumerations (Python 3.11), of bound methods and of class methods hold such calls, all for a plain name
of a class or of data. Everything else goes looking for something to call.
"""

from typing import TypeGuard

from budmodel_scanner.expressions import expression
from budmodel_scanner.pickles.names import Standing, is_module, is_way_out, standing_of
from budmodel_scanner.pickles.report import Report, shorten
from budmodel_scanner.pickles.values import COMPUTED, EXAMINED, FORGOTTEN, Global, Made, Opaque, Watched
from budmodel_scanner.verdict import Verdict

_KNOWN = (Standing.CALLABLE, Standing.CLASS, Standing.FAMILY)
_GENERICS = {"typing", "typing_extensions", "collections.abc", "collections", "builtins"}
_A_CLASS = expression(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
# What containers and texts have for their users, beside their plain names.
_ORDINARY = {f"__{name}__" for name in ("contains", "getitem", "len", "iter", "hash", "eq", "ne", "lt", "le", "gt", "ge")}


def get_attribute(report: Report, getter: Global, arguments: object, shown: str, position: int) -> object:
    """The value of `getattr(*arguments)`, which `shown` spells out; a finding where that could reach more than data."""
    what = f"loading it calls getattr({shown})"
    if (setter := _setter_of_dill(report, arguments)) is not None:
        report.clear(getter)
        return setter
    if not isinstance(arguments, tuple) or len(arguments) != 2:
        return _refused(report, what, Verdict.MALICIOUS, position)
    owner, written = arguments
    if written is FORGOTTEN:
        return _refused(report, what, Verdict.SUSPICIOUS, position)
    name = written.decode("utf-8", "replace") if isinstance(written, bytes) else ""
    if not name or _is_computed(owner):
        return _refused(report, what, Verdict.MALICIOUS, position)
    if isinstance(owner, Global):
        path = f"{owner.name}.{name}"
        if standing_of(owner.module, path) is Standing.CALLABLE:
            report.clear(getter)
            return Global(owner.module, path, Standing.CALLABLE)
        if owner.standing not in (*_KNOWN, Standing.UNKNOWN) or is_module(owner.module, owner.name):
            return _refused(report, what, Verdict.MALICIOUS, position)
        if owner.standing is Standing.FAMILY and not owner.name.lstrip("_")[:1].isupper():
            return _refused(report, what, Verdict.SUSPICIOUS, position)
    of = owner.by if isinstance(owner, Made) else owner
    if isinstance(of, Global) and of.standing is Standing.UNKNOWN and not is_way_out(name):
        return Made(getter)  # That the owner is unknown is said already.
    if name not in _ORDINARY and is_way_out(name):
        return _refused(report, what, Verdict.MALICIOUS, position)
    if isinstance(owner, Global) and name.startswith("_") and name not in _ORDINARY:
        return _refused(report, what, Verdict.SUSPICIOUS, position)
    report.clear(getter)
    if isinstance(owner, Global) and _A_CLASS.fullmatch(name):
        # Protocols below 4 write a class within a class so.
        path = f"{owner.name}.{name}"
        if (standing := standing_of(owner.module, path)) in _KNOWN:
            return report.global_of(owner.module, path, standing)
    return Made(getter)


def _setter_of_dill(report: Report, arguments: object) -> Watched | None:
    """That of `getattr(dill._dill, "_setattr", setattr)`: older versions of dill had one of their own."""
    if isinstance(arguments, tuple) and len(arguments) == 3 and arguments[1] == b"_setattr":
        owner, _, setter = arguments
        if isinstance(owner, Watched) and owner.key == ("dill", "_dill") and is_setter(setter):
            report.pending.pop(owner, None)
            report.use(arguments, owner, setter)
            return setter
    return None


def is_setter(value: object) -> TypeGuard[Watched]:
    return isinstance(value, Watched) and value.name == "setattr"


def make_getter(report: Report, maker: Global, arguments: object, shown: str, position: int) -> object:
    """What a key to sort by gets: an entry, an attribute by a plain name, or what a plain method gives without arguments."""
    given = arguments if isinstance(arguments, tuple) else ()
    plain = all(isinstance(one, int | bytes) for one in given) if maker.name == "itemgetter" else _are_names(given)
    if not given or not plain or (maker.name == "methodcaller" and len(given) > 1):
        return _refused(report, f"loading it calls {maker}({shown})", Verdict.MALICIOUS, position)
    report.clear(maker)
    return Made(maker)


def _are_names(given: tuple[object, ...]) -> bool:
    names = [one.decode("utf-8", "replace") for one in given if isinstance(one, bytes)]
    steps = [step for name in names for step in name.split(".")]
    return len(names) == len(given) and all(
        step.isidentifier() and not step.startswith("_") and not is_way_out(step) for step in steps
    )


def generic_type(report: Report, getter: Global, arguments: object, shown: str, position: int) -> object:
    """`List[int]` is written as a type of typing and what it is asked for; anything else may give more than a type."""
    of = arguments[0] if isinstance(arguments, tuple) and len(arguments) == 2 else None
    if isinstance(of, Global) and of.module in _GENERICS:
        report.clear(getter)
        return Made(getter)
    return _refused(report, f"loading it calls {getter}({shown})", Verdict.SUSPICIOUS, position)


def _is_computed(owner: object) -> bool:
    """Whether nothing is known of it: neither a name, nor data, nor an instance of a class of a name."""
    if isinstance(owner, Made):
        return owner.by.standing not in (*_KNOWN, Standing.UNKNOWN)
    return isinstance(owner, Opaque) and owner in (COMPUTED, EXAMINED)


def _refused(report: Report, what: str, verdict: Verdict, position: int) -> object:
    if verdict is Verdict.MALICIOUS:
        report.add("dangerous-call", verdict, what, position)
    else:
        report.add("unusual-arguments", verdict, f"{shorten(what)}: a private name, or one that is not known here", position)
    return COMPUTED
