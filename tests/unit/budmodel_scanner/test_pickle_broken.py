"""Pickles that break off, lie about lengths or go on and on: the walk ends, within its budget, and never says safe."""

import pickle
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budmodel_scanner.content import Budget, MemoryContent, Place, Stream, UnscannedError
from budmodel_scanner.pickles import opcodes
from budmodel_scanner.pickles.examine import examine_pickle, looks_like_pickle
from budmodel_scanner.verdict import Finding, verdict_of
from tests.unit.budmodel_scanner.pickle_making import (
    MALICIOUS,
    SAFE,
    SUSPICIOUS,
    SYSTEM,
    LegacyTorch,
    call,
    calling,
    findings,
    group,
    joblib_array,
    name,
    number,
    state_dict,
    tensor,
    text,
    verdict,
    whole,
)

BROKEN = {
    "nothing": b"",
    "no opcode": b"\x80\x02\xff.",
    "protocol of the future": b"\x80\x06N.",
    "no STOP": b"\x80\x02N",
    "STOP without an object": b"\x80\x02.",
    "a text that is too short": b"\x80\x02X\xff\xff\0\0abc.",
    "a text of four gigabytes": b"\x80\x02X\xff\xff\xff\xffabc.",
    "bytes of many exabytes": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc.",
    "a negative length": b"\x80\x02T\xff\xff\xff\xffabc.",
    "POP of nothing": b"\x80\x020N.",
    "POP below a mark": b"\x80\x02N(\x85.",
    "a tuple without a mark": b"\x80\x02Nt.",
    "items without a mark": b"\x80\x02}u.",
    "items without a dict": b"\x80\x02(NNu.",
    "a memo entry that was never put": b"\x80\x02h\7.",
    "a memo entry that is no number": b"g-1\n.",
    "a call without arguments": b"\x80\x02ccollections\nOrderedDict\nR.",
    "a number that is none": b"Ione\n.",
    "a text without quotes": b"Sabc\n.",
    "a text with broken escapes": b"S'\\x'\n.",
    "an argument cut off": b"\x80\x02J\1\2",
    "an object of no class": b"\x80\x02(o.",
    "a long line": b"V" + b"x" * 3_000_000,
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_pickle_is_suspicious(what: str) -> None:
    found = findings(BROKEN[what])
    assert [finding.rule for finding in found] == ["pickle.malformed"]
    assert verdict_of(found) is SUSPICIOUS


def test_what_ran_before_the_break_stands() -> None:
    assert verdict(b"\x80\x02" + SYSTEM + b"\xff") is MALICIOUS


@pytest.mark.parametrize("content", [whole(SYSTEM), pickle.dumps({"a": [1, "x", b"y" * 300]}, 4), LegacyTorch().written()])
def test_no_beginning_of_a_pickle_is_safe(content: bytes) -> None:
    complete = verdict(content)
    for end in range(len(content)):
        found = verdict(content[:end])
        # A whole pickle of the row of a legacy file of torch is followed by the next.
        assert found.rank >= SUSPICIOUS.rank or (complete is SAFE and content[end - 1 : end] == b".")


JOBLIB = whole(b"](" + joblib_array(group(number(40)), "f8", bytes(320)) + SYSTEM + b"e")
WEIGHTS = LegacyTorch(state_dict(a=tensor("94001", 3), b=SYSTEM)).written()


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
@pytest.mark.parametrize(
    "content", [whole(SYSTEM), JOBLIB, WEIGHTS, pickle.dumps(["x" * 100, b"y" * 10_000, "z" * 300] * 50, 5)]
)
def test_chunks_of_any_size_give_the_same_findings(content: bytes, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        return (content[start : start + size] for start in range(0, len(content), size))

    assert list(examine_pickle(Stream(chunks()), Place("model.pkl"))) == findings(content)


def examined(content: bytes, budget: Budget) -> tuple[list[Finding], str]:
    """The findings, and the rule of what ended the examination early."""
    found: list[Finding] = []
    try:
        found.extend(examine_pickle(Stream(MemoryContent(content)), Place("model.pkl", budget=budget)))
    except UnscannedError as error:
        return found, error.rule
    return found, ""


ENDLESS = {
    "opcodes": b"N0" * 100_000,
    "small pickles": b"N." * 100_000,
    "marks": b"(" * 200_000,
    "memo entries": b"N" + b"\x94" * 200_000,
    "calls of getattr": (b"cbuiltins\ngetattr\n(Vx\nVlower\ntR0") * 2_000,
    "calls": (b"ccollections\nOrderedDict\n)R0") * 30_000,
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_pickle_that_goes_on_ends_with_the_budget(what: str) -> None:
    found, rule = examined(b"\x80\x02" + ENDLESS[what], Budget(opcodes=50_000))
    assert (verdict_of(found), rule) == (SAFE, "budget")


def test_findings_before_the_end_of_the_budget_are_told() -> None:
    found, rule = examined(b"\x80\x02" + SYSTEM + b"N0" * 100_000, Budget(opcodes=50_000))
    assert verdict_of(found) is MALICIOUS
    assert rule == "budget"


def test_a_fault_of_the_source_is_no_fault_of_the_pickle() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"\x80\x02" + SYSTEM
        raise UnscannedError("ratio", "expands a thousandfold")

    with pytest.raises(UnscannedError, match="thousandfold"):
        list(examine_pickle(Stream(chunks()), Place("model.pkl")))


DEEP = 50_000
DEEP_BODIES = {
    "lists": b"]" * DEEP + b"a" * (DEEP - 1),
    "tuples": b"N" + b"\x85" * DEEP,
    "tuples of two": b"N" + b"N\x86" * DEEP,
    "calls": b"ccollections\nOrderedDict\n" * DEEP + b")" + b"R\x85" * DEEP + b"0N",
    "dicts": b"}" + b"N}" * DEEP + b"s" * DEEP,
}


@pytest.mark.cost
@pytest.mark.parametrize("what", DEEP_BODIES)
def test_depth_costs_neither_recursion_nor_memory(what: str) -> None:
    content = whole(DEEP_BODIES[what])
    tracemalloc.start()
    try:
        findings(content, opcodes=20_000_000)
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.cost
def test_memory_stays_bounded_over_many_objects() -> None:
    content = pickle.dumps([{"name": f"name number {index}", "pair": (index, 0.5)} for index in range(50_000)], protocol=4)
    tracemalloc.start()
    try:
        assert findings(content, opcodes=20_000_000) == []
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_payloads_are_passed_over_by_length() -> None:
    """A file of one gibibyte is not read: only its beginning and its end are."""

    class Sparse:
        size = (1 << 30) + 8

        def __init__(self) -> None:
            self.read_bytes = 0

        def read(self, offset: int, length: int) -> bytes:
            length = max(0, min(length, self.size - offset))
            self.read_bytes += length
            head, tail = b"\x80\x04B" + (1 << 30).to_bytes(4, "little"), b"."
            zeros = bytes(max(0, min(length, self.size - offset - 1)))
            found = (head + zeros)[offset : offset + length] if offset < len(head) else zeros
            return found + (tail if length and offset + length == self.size else b"")

    content = Sparse()
    assert list(examine_pickle(Stream(content), Place("model.pkl"))) == []
    assert content.read_bytes < 1_000_000


PLAIN_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers())
    ),
)


@given(PLAIN_DATA, st.integers(0, 5))
def test_plain_data_is_safe_and_recognized(value: object, protocol: int) -> None:
    content = pickle.dumps(value, protocol=protocol)
    assert findings(content) == []
    if protocol >= 2:
        assert looks_like_pickle(content[:4096])


OPCODES = st.sampled_from([bytes([code]) for code, argument in enumerate(opcodes.ARGUMENTS) if argument is not None])
PIECES = (
    OPCODES
    | st.binary(max_size=6)
    | st.sampled_from([SYSTEM, text("os"), b"cos\nsystem\n", b")R", b"b", b"\x80\x04", JOBLIB])
)


@given(st.binary() | st.lists(PIECES).map(b"".join))
def test_whatever_the_bytes_the_walk_ends(content: bytes) -> None:
    for stream in (Stream(MemoryContent(content)), Stream([content[:5], content[5:]])):
        with suppress(UnscannedError):
            list(examine_pickle(stream, Place("model.pkl", budget=Budget(opcodes=10_000))))
    looks_like_pickle(content)


@given(st.lists(PIECES).map(b"".join))
def test_whatever_stands_before_it_a_call_that_is_reached_is_found(prefix: bytes) -> None:
    """As the unpickler of Python sees it: if that would import os, the verdict is malicious."""
    imported: list[str] = []

    class Watching(pickle._Unpickler):
        def find_class(self, module: str, *_: str) -> object:
            imported.append(module)
            return lambda *_: None

    content = b"\x80\x04" + prefix + SYSTEM + b"."
    if len(content) > 5000 or b"\xff" in prefix:
        return
    try:
        Watching(Reading(content)).load()
    except Exception:  # noqa: BLE001 - whatever a broken pickle raises
        imported.append("")
    if "os" in imported:
        assert verdict(content) is MALICIOUS


class Reading:
    """A file that does not set aside memory for lengths that lie."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def read(self, length: int) -> bytes:
        found = self._content[self._at : self._at + length]
        self._at += len(found)
        return found

    def readinto(self, buffer: bytearray) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def readline(self) -> bytes:
        end = self._content.find(b"\n", self._at)
        return self.read((end + 1 if end >= 0 else len(self._content)) - self._at)


@pytest.mark.parametrize(
    "head",
    [
        whole(SYSTEM),
        b"cos\nsystem\n(S'true'\ntR.",
        b"(dp0\nS'a'\np1\nI1\ns.",
        b"}q\0(X\1\0\0\0aq\1K\1u.",
        b"cos\nsystem\n\xff\xff",
        b"N0\x80\x04" + SYSTEM,
        pickle.dumps(list(range(5000)), 0)[:4096],
        pickle.dumps({f"name{index}": index for index in range(5000)}, 1)[:4096],
    ],
    ids=lambda head: repr(head[:12]),
)
def test_pickles_of_every_protocol_are_recognized(head: bytes) -> None:
    assert looks_like_pickle(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"N",
        b"cat\nmat\nthe\n",
        b"Version 1.0\n.gitattributes\n",
        b"N.B. this is a note, not a pickle.\n",
        b"I am a text.\n\nSo it goes.\n",
        b"class Net:\n    pass\n",
        b'{"a": 1}',
        b"[1, 2]",
        b"(1, 2)\n",
        b"# A title\n",
        b"PK\x03\x04",
        b"GGUF\3\0\0\0" + bytes(100),
        b"\x93NUMPY\x01\0",
        b"\x80\x07N.",
        b"\x80\x02\xff",
        bytes(range(256)),
        b"\0" * 100,
        b"0.1,0.2,0.3\n" * 300,
        b"MZ" + bytes(100),
    ],
    ids=lambda head: repr(head[:12]),
)
def test_other_content_is_not_taken_for_a_pickle(head: bytes) -> None:
    assert not looks_like_pickle(head)


def test_calls_of_harmless_functions_do_not_hide_a_break() -> None:
    assert verdict(b"\x80\x02" + call(name("collections", "OrderedDict")) + b"0") is SUSPICIOUS
    assert verdict(calling("collections", "OrderedDict", b"]")) is SAFE
