"""Functions that dill and cloudpickle write out with their code: suspicious, malicious where it does what no model needs."""

import pytest

from tests.unit.budmodel_scanner.pickle_making import MALICIOUS, SUSPICIOUS, call, group, name, number, text, verdict, whole

CLOUDPICKLE = "cloudpickle.cloudpickle"
CLEAN = ("np", "clip", "float32")


def code(*names: str, maker: bytes | None = None) -> bytes:
    """A code object as Python 3.11 takes it: numbers, bytes, constants, names, and what is of no interest here."""
    numbers = [number(1), number(0), number(0), number(1), number(5), number(67)]
    tuples = [group(b"N", text("/bin/sh")), group(*map(text, names)), group(text("x"))]
    named = [text("model.py"), text("f"), text("f"), number(1)]
    made = maker or call(name(CLOUDPICKLE, "_builtin_type"), text("CodeType"))
    return call(made, *numbers, b"C\4abcd", *tuples, *named, b"C\2ab", b"C\0", b")", b")")


def function(*names: str, package: str = CLOUDPICKLE) -> bytes:
    return call(name(package, "_make_function"), code(*names), b"}", text("f"), b"N", b")")


def dill_function(*names: str) -> bytes:
    made = code(*names, maker=name("dill._dill", "_create_code"))
    return call(name("dill._dill", "_create_function"), made, b"}", text("f"), b"N", b")")


@pytest.mark.parametrize(
    "package", [CLOUDPICKLE, "numba.cloudpickle.cloudpickle", "joblib.externals.cloudpickle.cloudpickle"]
)
def test_a_plain_function_by_value_is_suspicious(package: str) -> None:
    assert verdict(whole(function(*CLEAN, package=package))) is SUSPICIOUS
    assert verdict(whole(call(name(package, "subimport"), text("numpy")))) is SUSPICIOUS
    assert verdict(whole(call(name(package, "subimport"), text("os")))) is MALICIOUS


def test_dill_writes_such_functions_too() -> None:
    assert verdict(whole(dill_function(*CLEAN))) is SUSPICIOUS
    assert verdict(whole(dill_function("__import__", "system"))) is MALICIOUS
    assert verdict(whole(call(name("dill._dill", "_import_module"), text("subprocess.run")))) is MALICIOUS


@pytest.mark.parametrize("names", [("os", "system"), ("eval",), ("__import__",), ("__subclasses__",), ("requests", "post")])
def test_code_that_names_what_no_model_needs_is_malicious(names: tuple[str, ...]) -> None:
    assert verdict(whole(function(*CLEAN, *names))) is MALICIOUS
    assert verdict(whole(code(*names))) is MALICIOUS


def test_a_function_by_value_that_is_called_at_once_is_malicious() -> None:
    assert verdict(whole(call(function(*CLEAN), text("x")))) is MALICIOUS


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
    ],
)
def test_what_cannot_be_followed_is_malicious(body: bytes) -> None:
    assert verdict(whole(body, 4)) is MALICIOUS


def test_a_class_by_value_is_suspicious() -> None:
    made = call(name(CLOUDPICKLE, "_make_skeleton_class"), name("builtins", "type"), text("C"), b")", b"}", b"N", b"N")
    assert verdict(whole(made)) is SUSPICIOUS
