"""HDF5 as its own library writes it: chunks, links, attributes and texts are read, and each structure keeps its form."""

import base64
import struct
import zlib
from pathlib import Path

import pytest

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Verdict, verdict_of
from tests.unit.budmodel_scanner import format_samples as sample
from tests.unit.budmodel_scanner.format_examination import examined, rules, verdict

_TABLE = Path(__file__).parents[2] / "data" / "hdf5_files.tsv"
FILES = {
    name: zlib.decompress(base64.b85decode(text))
    for name, _, text in (line.partition("\t") for line in _TABLE.read_text("ascii").splitlines()[1:])
}
# What structures begin with: objects, arrays and trees of chunks, heaps of links, attributes and texts.
_MARKS = (
    *(b"OHDR", b"OCHK", b"FAHD", b"FADB", b"EAHD", b"EAIB", b"EADB", b"BTHD", b"BTLF", b"FRHP", b"FHIB", b"FHDB"),
    *(b"TREE", b"SNOD", b"HEAP", b"GCOL"),
)
STRUCTURES = [(name, mark) for name, data in FILES.items() for mark in _MARKS if mark in data]


@pytest.mark.parametrize("name", FILES)
def test_what_the_library_writes_is_safe(name: str) -> None:
    assert examined(FILES[name], "model.h5") == []


def test_the_files_hold_every_structure() -> None:
    assert {mark for _, mark in STRUCTURES} == set(_MARKS)


@pytest.mark.parametrize(("name", "mark"), STRUCTURES)
def test_a_structure_that_is_none_is_told(name: str, mark: bytes) -> None:
    assert rules(FILES[name].replace(mark, b"XXXX"), "model.h5") == {"hdf5.structure"}


@pytest.mark.parametrize("name", FILES)
def test_what_follows_and_what_is_cut_off_is_told(name: str) -> None:
    assert "hdf5.trailing-bytes" in rules(FILES[name] + sample.PICKLE, "model.h5")
    assert verdict(FILES[name][:-1], "model.h5").rank >= Verdict.SUSPICIOUS.rank


def _with_another_value(data: bytes, value: bytes) -> bytes:
    """With one more object in the first collection of values of varying length, where the free space of that begins."""
    changed = bytearray(data)
    at = data.index(b"GCOL\x01") + 16
    while index := int.from_bytes(changed[at : at + 2], "little"):
        last, length = index, int.from_bytes(changed[at + 8 : at + 16], "little")
        at += 16 + length + -length % 8
    changed[at : at + 16 + len(value)] = struct.pack("<HHIQ", last + 1, 1, 0, len(value)) + value
    return bytes(changed)


@pytest.mark.parametrize("name", [name for name, data in FILES.items() if b"GCOL\x01" in data])
def test_a_value_of_a_collection_that_an_attribute_refers_to_is_read_as_well(name: str) -> None:
    loads = b"\x80\x04\x95\x17\0\0\0\0\0\0\0\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R."
    for value, expected in ((loads, Verdict.MALICIOUS), (b"an ordinary text", Verdict.SAFE)):
        changed = MemoryContent(_with_another_value(FILES[name], value))
        assert verdict_of(examine_file(changed, Place("model.h5"))) is expected
