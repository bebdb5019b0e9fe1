"""With which arguments a function of the lists is harmless, where that matters: what is wrong with them, or None."""

from collections.abc import Callable, Sequence

from budmodel_scanner.pickles.names import Standing
from budmodel_scanner.pickles.values import COMPUTED, EXAMINED, Global, Made

Arguments = tuple[object, ...] | None
_ENCODINGS = {b"latin1", b"latin-1", b"utf-8", b"utf8", b"ascii"}
_LARGEST_ALLOCATION = 1 << 33


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
CHECKS: dict[tuple[str, str], Callable[[Arguments], str | None]] = {
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
