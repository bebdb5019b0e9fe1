"""What a pickle may call, and with which arguments where those matter."""

from collections.abc import Callable, Sequence

from budmodel_scanner.pickles.attributes import generic_type, get_attribute, make_getter
from budmodel_scanner.pickles.names import Standing, standing_of
from budmodel_scanner.pickles.report import COST_OF_A_NAME, Report, shorten
from budmodel_scanner.pickles.values import COMPUTED, EXAMINED, PLAIN, Dtype, Global, Made, Nested
from budmodel_scanner.verdict import Verdict

_ENCODINGS = {b"latin1", b"latin-1", b"utf-8", b"utf8", b"ascii"}
_LARGEST_ALLOCATION = 1 << 33
_UNITS = {"U": 4}


def call(report: Report, callee: object, arguments: object, position: int) -> object:
    """The value that calling `callee` gives; a finding where the call could do harm."""
    if not isinstance(callee, Global):
        if callee is not COMPUTED and not isinstance(callee, Made):
            report.add("malformed", Verdict.SUSPICIOUS, "calls something that no function or class is", position)
        else:
            report.add("computed-call", Verdict.SUSPICIOUS, "calls something that it computes while loading", position)
        return COMPUTED
    if callee.key in _NEW_OBJECT:
        made = arguments[0] if isinstance(arguments, tuple) and arguments else COMPUTED
        return make(report, made, position)
    if callee.standing is Standing.JUDGED:
        report.pending.pop(callee, None)
        return _judged(report, callee, arguments, position)
    if callee.standing is Standing.DANGEROUS:
        what = f"loading it calls {shorten(str(callee))}({_shown(arguments)})"
        report.add("dangerous-call", Verdict.MALICIOUS, what, position)
    elif callee.standing in (Standing.CLASS, Standing.FAMILY) and not _restores_an_extension_type(callee, arguments):
        what = f"loading it calls {callee} with arguments, where real files only restore the state of its instances"
        report.add("unusual-call", Verdict.SUSPICIOUS, what, position)
    elif callee.standing is Standing.CALLABLE and (check := _CHECKS.get(callee.key)):
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
    match callee.name:
        case "getattr":
            return get_attribute(report, callee, arguments, _shown(arguments), position)
        case "partial":
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
        case _:
            return _type_of_name(report, callee, arguments, position)


def _union(report: Report, callee: Global, arguments: object, position: int) -> object:
    """Python pickles `int | None` as the types, reduced by `or`; any other function would be called by it."""
    if isinstance(arguments, tuple) and len(arguments) == 2:
        function, types = arguments
        is_or = isinstance(function, Global) and function.key in _OR
        if is_or and isinstance(types, tuple) and all(_is_known(one) for one in types):
            report.clear(callee)
            return Made(callee)
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
    for module in ("builtins", "types"):
        if standing_of(module, name) is Standing.CALLABLE:
            report.clear(callee)
            return Global(module, name, Standing.CALLABLE)
    what = f"loading it calls {callee}({_shown(arguments)})"
    report.add("dangerous-call", Verdict.MALICIOUS, what, position)
    return COMPUTED


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
    return None if _is_known(function) else "its function is none that is known here"


def _is_known(value: object) -> bool:
    return isinstance(value, Global) and value.standing in (Standing.CALLABLE, Standing.CLASS, Standing.FAMILY)


def _restores_an_extension_type(callee: Global, arguments: object) -> bool:
    """Whether it is what Cython writes: a function for each type, which makes an instance of it and sets its fields."""
    if not callee.name.startswith("__pyx_unpickle_"):
        return False
    return isinstance(arguments, tuple) and len(arguments) == 3 and _is_known(arguments[0])


Arguments = tuple[object, ...] | None


def _encoding(arguments: Arguments) -> str | None:
    known = arguments is not None and len(arguments) == 2 and arguments[1] in _ENCODINGS
    return None if known else "the encoding is none that pickles of bytes use"


def _reconstructor(arguments: Arguments) -> str | None:
    """copyreg._reconstructor(cls, base, state) calls base.__init__ with the state, unless base is object."""
    return _calls(arguments, 1)


def _calls(arguments: Arguments, *positions: int) -> str | None:
    """Those that call some of their arguments."""
    for position in positions:
        called = arguments[position] if arguments is not None and position < len(arguments) else COMPUTED
        if not isinstance(called, Global) or called.standing is not Standing.CALLABLE or called.key in _CALL_OTHERS:
            return "it calls an argument that is none of the functions known to be harmless"
    return None


def _nested_pickle(arguments: Arguments) -> str | None:
    examined = arguments is not None and len(arguments) == 1 and arguments[0] is EXAMINED
    return None if examined else "it unpickles bytes that could not be examined"


def _allocation(arguments: Arguments) -> str | None:
    if arguments is None:
        return None
    for argument in arguments:
        numbers: Sequence[object] = argument if type(argument) is tuple else (argument,)
        total = 1
        for number in numbers:
            total *= number if isinstance(number, int) else 1
        if total > _LARGEST_ALLOCATION:
            return f"it would take {total:,} elements of memory"
        if isinstance(argument, Made) and argument.by.name in ("range", "xrange", "count"):
            return "it would spell out a range"
    return None


def _plain_data(arguments: Arguments) -> str | None:
    """Going through an object calls methods of its class; data have none of their own."""
    if all(_is_plain(argument) for argument in arguments or ()):
        return None
    return "it goes through something else than plain data"


def _is_plain(value: object) -> bool:
    if isinstance(value, Made):
        return value.by.module in _PLAIN_MODULES
    return not isinstance(value, Global) and value is not COMPUTED


def _nested_at(*positions: int) -> Callable[[Arguments], str | None]:
    """For those that unpickle some of their arguments."""

    def check(arguments: Arguments) -> str | None:
        examined = arguments is not None and all(arguments[at : at + 1] == (EXAMINED,) for at in positions)
        return None if examined else "it unpickles bytes that could not be examined"

    return check


def _number(arguments: Arguments) -> str | None:
    """A decimal number with an exponent is short; the same as a whole number may be as long as memory lasts."""
    for argument in arguments or ():
        exponent = isinstance(argument, bytes) and b"e" in argument.lower()
        if exponent or (isinstance(argument, Made) and argument.by.name == "Decimal"):
            return "it would write out a number given by its exponent"
    return None


_PLAIN_MODULES = {"builtins", "__builtin__", "itertools", "collections", "_codecs"}
_GO_THROUGH = {
    (module, name)
    for modules, names in {
        ("builtins", "__builtin__"): "iter reversed enumerate zip range",
        ("itertools",): "chain cycle repeat product permutations combinations combinations_with_replacement islice compress "
        "zip_longest pairwise batched izip count",
    }.items()
    for module in modules
    for name in names.split()
}
_OR = {("operator", "or_"), ("_operator", "or_")}
PARTIAL = {(module, "partial") for module in ("functools", "_functools")}
_NEW_OBJECT = {(module, name) for module in ("copyreg", "copy_reg") for name in ("__newobj__", "__newobj_ex__")}
# Call their first argument with the second, and give the array that they get its state.
GIVES_STATE = (
    ("dill._dill", "_create_array"),
    ("jax._src.array", "_reconstruct_array"),
    ("jax._src.device_array", "reconstruct_device_array"),
    ("jax.interpreters.xla", "_reconstruct_array"),
)
_CALL_OTHERS = {
    ("torch.storage", "_load_from_bytes"),
    ("torch._tensor", "_rebuild_from_type_v2"),
    ("numpy.random._pickle", "__generator_ctor"),
    ("numpy.random._pickle", "__randomstate_ctor"),
    ("copyreg", "_reconstructor"),
    ("copy_reg", "_reconstructor"),
    *GIVES_STATE,
}
_WHOLE = [("builtins", "int"), ("__builtin__", "int"), ("__builtin__", "long"), ("builtins", "long")]
_TORCH_ALLOCATES = [
    f"{kind}{what}"
    for kind in ("Byte", "Char", "Bool", "Short", "Int", "Long", "Half", "BFloat16", "Float", "Double", "Untyped", "")
    for what in ("Tensor", "Storage")
]
_CHECKS: dict[tuple[str, str], Callable[[Arguments], str | None]] = {
    ("_codecs", "encode"): _encoding,
    ("torch.storage", "_load_from_bytes"): _nested_pickle,
    ("spacy.vocab", "unpickle_vocab"): _nested_at(4),
    ("spacy.tokens.doc", "unpickle_doc"): _nested_at(1),
    **dict.fromkeys(_GO_THROUGH, _plain_data),
    ("sortedcontainers.sorteddict", "SortedDict"): _plain_data,
    ("sortedcontainers.sortedset", "SortedSet"): _plain_data,
    **{("sortedcontainers.sortedlist", name): _plain_data for name in ("SortedList", "SortedKeyList")},
    ("torch._tensor", "_rebuild_from_type_v2"): lambda arguments: _calls(arguments, 0),
    ("numpy.random._pickle", "__generator_ctor"): lambda arguments: _calls(arguments, *range(1, len(arguments or ()))),
    ("numpy.random._pickle", "__randomstate_ctor"): lambda arguments: _calls(arguments, *range(1, len(arguments or ()))),
    **dict.fromkeys(GIVES_STATE, lambda arguments: _calls(arguments, 0)),
    **{(module, "_reconstructor"): _reconstructor for module in ("copyreg", "copy_reg")},
    **dict.fromkeys((("fractions", "Fraction"), *_WHOLE), _number),
    **{
        (module, name): _allocation
        for module, names in {
            "collections": ["deque", "Counter", "OrderedDict", "UserList", "ChainMap", "defaultdict"],
            "torch": _TORCH_ALLOCATES,
            "torch.cuda": _TORCH_ALLOCATES,
            "torch.storage": ["UntypedStorage", "TypedStorage", "_UntypedStorage", "_TypedStorage"],
            "numpy.rec": ["recarray"],
            "numpy.core.records": ["recarray"],
            "numpy._core.records": ["recarray"],
            "builtins": ["bytes", "bytearray", "list", "tuple", "set", "frozenset", "str", "sum"],
            "__builtin__": ["bytes", "bytearray", "list", "tuple", "set", "frozenset", "str"],
            "numpy": ["ndarray", "recarray", "zeros", "ones", "empty", "identity", "array", "asarray"],
            "numpy.core.multiarray": ["_reconstruct"],
            "numpy._core.multiarray": ["_reconstruct"],
        }.items()
        for name in names
    },
}


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
