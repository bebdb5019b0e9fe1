"""Expressions wait for their first use, and each of them can be used."""

import gc
import pkgutil
import re
from importlib import import_module

import pytest

import budmodel_scanner
from budmodel_scanner.expressions import Uncompiled, expression


def test_it_does_what_a_pattern_does() -> None:
    form = expression(r"(?P<letter>[a-z])\d", re.IGNORECASE)
    assert form.pattern == r"(?P<letter>[a-z])\d"
    assert [found["letter"] for found in form.finditer("a1 B2 33")] == ["a", "B"]
    assert form.sub(".", "a1 B2") == ". ."
    assert form.fullmatch("a12") is None
    assert expression(rb"\x80[\x02-\x05]").match(b"\x80\x04") is not None
    assert expression("(a)(b)").groups == 2


def test_every_expression_of_the_scanner_is_one() -> None:
    for module in pkgutil.walk_packages(budmodel_scanner.__path__, "budmodel_scanner."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    waiting = [it for it in gc.get_objects() if type(it) is Uncompiled]
    assert len(waiting) > 400
    for it in waiting:
        re.compile(it.pattern, it.flags)


@pytest.mark.parametrize(
    "pattern", [rb"ab", rb"\x80a", rb"a?b", rb"a|b", rb"(a)b", rb"a*b", rb"[a]b", rb"<\?xml", rb".b", rb"\dA"]
)
@pytest.mark.parametrize("flags", [0, re.IGNORECASE])
@pytest.mark.parametrize("text", [b"ab", b"AB", b"b", b"\x80a", b"<?xml", b"1A", b"", b"xab"])
def test_it_matches_what_a_pattern_matches(pattern: bytes, flags: int, text: bytes) -> None:
    for bounds in ((), (1,), (0, 1)):
        ours, theirs = expression(pattern, flags).match(text, *bounds), re.compile(pattern, flags).match(text, *bounds)
        assert (ours and ours.span()) == (theirs and theirs.span())


def test_what_begins_otherwise_compiles_nothing() -> None:
    form = expression(rb"SIMPLE  =")
    assert form.match(b"\x89HDF") is None
    assert "search" not in vars(form)
    assert form.match(b"SIMPLE  = T") is not None
    assert "search" in vars(form)
