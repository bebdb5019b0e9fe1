"""Functions that dill and cloudpickle write out with their code: as harmless as the names that it uses."""

import pytest

from tests.unit.budmodel_scanner.pickle_making import (
    MALICIOUS,
    SAFE,
    SUSPICIOUS,
    call,
    group,
    mapping,
    name,
    number,
    text,
    verdict,
    whole,
)

CLOUDPICKLE = "cloudpickle.cloudpickle"
CLEAN = ("np", "clip", "float32")
TYPE = name("builtins", "type")
CODE_TYPE = call(name(CLOUDPICKLE, "_builtin_type"), text("CodeType"))
SETTER = call(name("builtins", "getattr"), name("dill", "_dill"), text("_setattr"), name("builtins", "setattr"))


def code(*names: str, maker: bytes | None = None, constants: bytes = group(b"N", text("/bin/sh"))) -> bytes:
    """A code object as Python 3.11 takes it: numbers, bytes, constants, names, and what is of no interest here."""
    numbers = [number(1), number(0), number(0), number(1), number(5), number(67)]
    tuples = [constants, group(*map(text, names)), group(text("x"))]
    named = [text("model.py"), text("f"), text("f"), number(1)]
    return call(maker or CODE_TYPE, *numbers, b"C\4abcd", *tuples, *named, b"C\2ab", b"C\0", b")", b")")


def function(*names: str, package: str = CLOUDPICKLE, scope: bytes = b"}", defaults: bytes = b"N") -> bytes:
    return call(name(package, "_make_function"), code(*names), scope, text("f"), defaults, b")")


def dill_function(*names: str, scope: bytes = b"}", cells: bytes = b")") -> bytes:
    made = code(*names, maker=name("dill._dill", "_create_code"))
    return call(name("dill._dill", "_create_function"), made, scope, text("f"), b"N", cells)


def own_class(maker: bytes = TYPE, bases: bytes = b")", entries: bytes = b"}") -> bytes:
    return call(name("dill._dill", "_create_type"), maker, text("C"), bases, entries)


def having(data: bytes, *names: str) -> bytes:
    """A function that is handed this when it is called without it."""
    return whole(function(*names, defaults=group(data)), 4)


@pytest.mark.parametrize(
    "package", [CLOUDPICKLE, "numba.cloudpickle.cloudpickle", "joblib.externals.cloudpickle.cloudpickle"]
)
def test_a_function_by_value_of_numbers_is_safe(package: str) -> None:
    assert verdict(whole(function(*CLEAN, package=package))) is SAFE
    assert verdict(whole(function("load", package=package))) is SUSPICIOUS
    assert verdict(whole(call(name(package, "subimport"), text("numpy")))) is SAFE
    assert verdict(whole(call(name(package, "subimport"), text("helpers")))) is SUSPICIOUS
    assert verdict(whole(call(name(package, "subimport"), text("os")))) is MALICIOUS


@pytest.mark.parametrize("of", ["FunctionType", "LambdaType"])
def test_cloudpickle_wrote_them_otherwise_before(of: str) -> None:
    made = call(call(name(CLOUDPICKLE, "_builtin_type"), text(of)), code(*CLEAN), b"}", text("f"), b"N", b")") + b"q\5"
    state = call(name(f"{CLOUDPICKLE}_fast", "_function_setstate"), b"h\5", group(b"}", b"}"))
    assert verdict(whole(made + state + b"0")) is SAFE
    filled = call(name(CLOUDPICKLE, "_make_skel_func"), code(*CLEAN), number(0), b"}")
    assert verdict(whole(call(name(CLOUDPICKLE, "_fill_function"), filled, b"}"))) is SAFE
    assert verdict(whole(call(name(CLOUDPICKLE, "_builtin_type"), text(of)))) is SUSPICIOUS
    called = call(call(name(CLOUDPICKLE, "_fill_function"), filled, b"}"))
    for bad in (called, name("types", of), call(name(CLOUDPICKLE, "_fill_function"), name("numpy", "log"), b"}")):
        assert verdict(whole(bad)) is MALICIOUS


def test_dill_writes_such_functions_too() -> None:
    assert verdict(whole(dill_function(*CLEAN))) is SAFE
    assert verdict(whole(dill_function(*CLEAN, scope=name("__builtin__", "__main__")))) is SAFE
    assert verdict(whole(dill_function("__import__", "system"))) is MALICIOUS
    assert verdict(whole(call(name("dill._dill", "_import_module"), text("subprocess.run")))) is MALICIOUS


@pytest.mark.parametrize("names", [("os", "system"), ("eval",), ("__import__",), ("__subclasses__",), ("requests", "post")])
def test_code_that_names_what_no_model_needs_is_malicious(names: tuple[str, ...]) -> None:
    assert verdict(whole(function(*CLEAN, *names))) is MALICIOUS
    assert verdict(whole(code(*names))) is MALICIOUS


@pytest.mark.parametrize(
    "names",
    [
        ("getattr",),
        ("np", "fromfile"),
        ("df", "query"),
        ("df", "agg"),
        ("c", "replace"),
        ("type",),
        ("torch", "hub"),
        ("helpers.load",),
        ("tempfile_",),
        ("vars",),
        ("frame", "to_pickle"),
    ],
)
def test_code_that_could_do_more_than_count_is_suspicious(names: tuple[str, ...]) -> None:
    assert verdict(whole(function(*CLEAN, *names))) is SUSPICIOUS


@pytest.mark.parametrize(("taken", "expected"), [("axis", SAFE), ("codecs", SUSPICIOUS), ("open", SUSPICIOUS)])
def test_a_pattern_takes_attributes_by_names_among_the_constants(taken: str, expected: str) -> None:
    """`match json: case object(codecs=object(open=f))` has none of these among its names."""
    made = code("json", "object", constants=group(b"N", group(text(taken))))
    assert verdict(whole(call(name(CLOUDPICKLE, "_make_function"), made, b"}", text("f"), b"N", b")"))) is expected


def test_a_function_by_value_that_is_called_at_once_is_malicious() -> None:
    assert verdict(whole(call(function(*CLEAN), text("x")))) is MALICIOUS


@pytest.mark.parametrize(
    "data",
    [
        CODE_TYPE,
        TYPE,
        name("builtins", "getattr"),
        name(CLOUDPICKLE, "_make_function"),
        name(CLOUDPICKLE, "subimport"),
        name("torch.storage", "_load_from_bytes"),
        name("pandas.core.generic", "to_something"),
        name("__builtin__", "__main__"),
        b"]" + CODE_TYPE + b"a",
        b"](" + CODE_TYPE + b"e",
        mapping({"k": CODE_TYPE}),
        b"}" + text("k") + CODE_TYPE + b"s",
        group(group(CODE_TYPE)),
        group(*[number(1)] * 70, CODE_TYPE),
        name("sklearn.linear_model._base", "LinearRegression") + b")\x81" + CODE_TYPE + b"b",
        call(name("builtins", "slice"), CODE_TYPE),
    ],
)
def test_what_makes_code_is_not_given_to_code(data: bytes) -> None:
    assert verdict(having(data)).rank >= SUSPICIOUS.rank
    assert verdict(having(b"]" + text("x") + b"a")) is SAFE


def test_what_a_function_finds_its_names_in_is_not_given_to_code() -> None:
    """Python puts all that is built in there, and a text that is a key names no attribute."""
    scope = b"}q\7"
    alone = function() + b"0" + function(scope=scope) + b"0" + function(scope=b"h\7")
    assert verdict(whole(alone)) is SAFE
    assert verdict(whole(alone + b"0" + having(b"h\7")[2:-1])) is SUSPICIOUS
    arguments = group(code(), scope, text("f")) + b"q\10"
    again = name("dill._dill", "_create_function") + arguments + b"R"
    assert verdict(whole(function() + b"0" + again)) is SAFE
    for use in (b"", call(name("builtins", "list"), b"h\10")[:-2] + b"h\10R", name("builtins", "slice") + b"h\10R"):
        held = having(use or b"h\10")[2:-1]
        assert verdict(whole(function() + b"0" + again + b"0" + held)) is SUSPICIOUS
    before = b"}q\7" + b"0" + function(scope=b"h\7")
    assert verdict(whole(before)) is SUSPICIOUS


@pytest.mark.parametrize(
    "body",
    [
        call(name(CLOUDPICKLE, "_make_function")),
        call(name(CLOUDPICKLE, "_make_function"), call(name("marshal", "loads"), b"C\1N"), b"}"),
        call(name("dill._dill", "_create_code"), b"C\1N"),
        call(name("dill._dill", "_create_code"), *[number(1)] * 6, b"C\1N", b")", group(*[text("x")] * 70)),
        call(name(CLOUDPICKLE, "_make_skeleton_class"), name("subprocess", "Popen"), text("x"), b")", b"}", b"N", b"N"),
        call(name(CLOUDPICKLE, "_make_skeleton_class"), name("torch", "nn"), text("x"), b")", b"}", b"N", b"N"),
        call(name("numba.core.serialize", "_unpickle__CustomPickled"), b"C\3abc"),
        call(name(CLOUDPICKLE, "_function_setstate"), name("numpy", "log"), group(b"}", b"}")),
    ],
)
def test_what_cannot_be_followed_is_malicious(body: bytes) -> None:
    assert verdict(whole(body, 4)) is MALICIOUS


def test_a_class_by_value_is_safe_as_its_code_is() -> None:
    made = call(name(CLOUDPICKLE, "_make_skeleton_class"), TYPE, text("C"), b")", b"}", b"N", b"N")
    assert verdict(whole(made)) is SAFE
    assert verdict(whole(own_class(name("abc", "ABCMeta")))) is SAFE
    methods = {"predict": function(*CLEAN), "size": call(name("builtins", "property"), function("n"))}
    assert verdict(whole(own_class(entries=mapping(methods)) + b")\x81" + mapping({"n": number(1)}) + b"b")) is SAFE
    assert verdict(whole(own_class(entries=mapping({"predict": function("open")})))) is SUSPICIOUS
    assert verdict(whole(own_class(bases=group(name("pandas.core.generic", "Some"))))) is SUSPICIOUS
    assert verdict(whole(own_class(entries=mapping({"__setstate__": name("os", "system")})))) is MALICIOUS


def test_dill_fills_what_it_made() -> None:
    cell = call(name("dill._dill", "_create_cell"), b"N") + b"q\5"
    made = dill_function(*CLEAN, cells=group(cell))
    assert verdict(whole(made + call(SETTER, b"h\5", text("cell_contents"), number(3)) + b"0")) is SAFE
    assert verdict(whole(own_class() + b"q\6" + call(SETTER, b"h\6", text("__qualname__"), text("a.C")) + b"0")) is SAFE
    assert verdict(whole(own_class() + b"q\6" + call(SETTER, b"h\6", text("__reduce__"), text("x")) + b"0")) is MALICIOUS


@pytest.mark.parametrize(
    "body",
    [
        call(SETTER, name("numpy", "log"), text("__name__"), text("x")),
        call(name("builtins", "setattr"), name("numpy", "random"), text("seed"), number(1)),
        call(name("builtins", "setattr"), b"}", text("__doc__"), number(1)),
        name("builtins", "setattr"),
        name("dill", "_dill"),
        name("abc", "ABCMeta"),
        call(name("dill", "_dill"), text("type")),
        call(name("abc", "ABCMeta"), text("X"), b")", b"}"),
        call(name("builtins", "getattr"), name("dill", "_dill"), text("loads")),
        call(name("builtins", "getattr"), name("dill", "_dill"), text("loads"), name("builtins", "setattr")),
        call(name("functools", "partial"), name("builtins", "setattr")),
    ],
)
def test_setting_anything_else_is_malicious(body: bytes) -> None:
    assert verdict(whole(body, 4)) is MALICIOUS
