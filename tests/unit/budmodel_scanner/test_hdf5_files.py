"""HDF5 as its own library writes it: chunks, links, attributes and texts are read, and each structure keeps its form."""

import base64
import zlib
from pathlib import Path

import pytest

from budmodel_scanner.verdict import Verdict
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
