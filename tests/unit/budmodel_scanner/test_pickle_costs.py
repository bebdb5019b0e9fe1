"""Pickles that call nothing forbidden, yet take all memory, all time, or bytes for addresses."""

import gc
import pickle

import pytest

from tests.unit.budmodel_scanner.pickle_making import SAFE, rules, verdict

DOUBLED = {
    "lists": (b"]", b"](%b%be"),
    "dicts": (b"}", b"}(K\x01%bK\x02%bu"),
    "tuples": (b")", b"%b%b\x86"),
}


def doubled(first: bytes, each: bytes, levels: int) -> bytes:
    body = first + b"q\x000"
    for level in range(levels):
        body += each.replace(b"%b", b"h" + bytes([level])) + b"q" + bytes([level + 1]) + b"0"
    return b"\x80\x04" + body + b"h" + bytes([levels]) + b"."


@pytest.mark.parametrize("kind", DOUBLED)
def test_objects_that_hold_each_other_again_and_again(kind: str) -> None:
    assert rules(doubled(*DOUBLED[kind], levels=60)) == {"pickle.expansion"}
    assert rules(doubled(*DOUBLED[kind], levels=12)) == set()


def test_a_hash_that_never_ends() -> None:
    assert rules(b"\x80\x02})" + b"2\x86" * 45 + b"Ns.") == {"pickle.expansion"}


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_what_models_share_is_no_expansion(protocol: int) -> None:
    config = {"layers": [{"units": number} for number in range(200)]}
    assert verdict(pickle.dumps([config] * 20_000, protocol)) is SAFE


@pytest.mark.parametrize(
    "body",
    [
        b"cbuiltins\nlist\ncitertools\ncount\n)R\x85R",
        b"ccollections\ndeque\ncbuiltins\nrange\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R\x85R",
        b"cbuiltins\nint\ncdecimal\nDecimal\nU\x06" + b"1e9999\x85R\x85R",
        b"cfractions\nFraction\nU\x06" + b"1e9999\x85R",
    ],
)
def test_allowed_functions_that_never_end(body: bytes) -> None:
    assert rules(b"\x80\x02" + body + b".") == {"pickle.unusual-arguments"}


def test_a_walk_leaves_the_collector_as_it_was() -> None:
    assert gc.isenabled()
    rules(b"\x80\x02}.")
    assert gc.isenabled()
