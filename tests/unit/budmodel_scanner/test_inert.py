"""Formats that hold nothing but data are safe as their own libraries write them, and no place to hide anything else.

`inert_files.zip` holds a small file of each of many formats, in a folder by the library that wrote it.
"""

import marshal
import zipfile
from pathlib import Path

import pytest

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.formats.inert import INERT, Inert
from budmodel_scanner.formats.values import examine_metadata
from budmodel_scanner.router import examine_file, examine_nested
from budmodel_scanner.verdict import Verdict, verdict_of
from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import reduced_2, reduced_4
from tests.corpus.zips import zip_of
from tests.unit.budmodel_scanner.text_examination import costs_its_length

with zipfile.ZipFile(Path(__file__).parents[2] / "data/inert_files.zip") as archive:
    FILES = {name: archive.read(name) for name in archive.namelist()}
HIDDEN = {
    "pickle": reduced_4(SYSTEM),
    "old-pickle": reduced_2(SYSTEM),
    "zip": zip_of({"a.pkl": reduced_4(SYSTEM)}),
    "program": b"\x7fELF\2\1\1" + bytes(57),
    "script": b"#!/bin/sh\necho budmodel-corpus\n",
}
FLAGGED = {Verdict.SUSPICIOUS, Verdict.MALICIOUS}


def verdict(data: bytes, name: str) -> Verdict:
    return verdict_of(list(examine_file(MemoryContent(data), Place(name))))


@pytest.mark.parametrize("name", FILES)
def test_real_files_are_safe(name: str) -> None:
    found = list(examine_file(MemoryContent(FILES[name]), Place(name)))
    assert verdict_of(found) is Verdict.SAFE, found


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("name", FILES)
def test_nothing_hides_behind_or_within_real_files(name: str, hidden: str) -> None:
    data, middle = FILES[name], len(FILES[name]) // 2
    assert verdict(data + HIDDEN[hidden], name) in FLAGGED
    assert verdict(data[:middle] + HIDDEN[hidden] + data[middle:], name) in FLAGGED


@pytest.mark.parametrize("row", INERT, ids=lambda row: f"{row.name}-{row.key or row.suffixes[:1]}")
def test_nothing_hides_in_whatever_goes_as_such_a_file(row: Inert) -> None:
    for hidden in HIDDEN.values():
        content = MemoryContent(bytes(5000) + hidden + bytes(5000))
        assert verdict_of(list(row.examine(content, Place("a"), examine_nested))) in FLAGGED


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("create trigger t after insert on a begin select load_extension('x.so'); end", Verdict.SUSPICIOUS),
        ("create view v as select writefile('x', y) from a", Verdict.SUSPICIOUS),
        ("create view v as select x from a where x = 'load_extension'", Verdict.SAFE),
        ("create trigger t after insert on a begin update a set x = 1; end", Verdict.SAFE),
        ("create table a (x); create temp trigger t after insert on a begin select edit(x); end", Verdict.SUSPICIOUS),
        ("create view v as select x from a\x00 select load_extension('x.so')", Verdict.SAFE),
    ],
)
def test_databases_that_run_what_they_hold(statement: str, expected: Verdict) -> None:
    data = FILES["sqlite_wal/x.sqlite"]
    assert verdict(data[:-200] + statement.encode().ljust(200, b"\0"), "a.sqlite") is expected


def test_values_of_marshal_are_no_code_and_have_their_lengths() -> None:
    """What `marshal.loads` gives is data; a code object would run as soon as somebody calls it."""
    assert verdict(marshal.dumps({"a": [1, 2.5, ("b", None)]}), "a.marshal") is Verdict.SAFE
    assert verdict(marshal.dumps({"a": compile("1", "f", "exec")}), "a.marshal") in FLAGGED
    assert verdict(b"[\xff\xff\xff\xff" + bytes(8), "a.marshal") in FLAGGED
    assert verdict(marshal.dumps(["a"] * 9)[:-3], "a.marshal") in FLAGGED


def test_nodes_of_annoy_count_what_is_below_them() -> None:
    index = FILES["annoy/dot.ann"]
    assert verdict(index[:-4] + b"abc", "a.ann") in FLAGGED
    assert verdict(b"\1\0\0\0" + bytes(range(1, 241)), "a.ann") in FLAGGED


@pytest.mark.cost
@pytest.mark.parametrize("word", [b"edit(", b"create view "])
def test_a_database_full_of_beginnings_takes_no_longer_than_another(word: bytes) -> None:
    costs_its_length(lambda count: verdict(FILES["sqlite_wal/x.sqlite"] + word * count, "a.sqlite"), (1 << 20) // len(word))


@pytest.mark.cost
def test_a_comment_full_of_beginnings_takes_no_longer_than_another() -> None:
    costs_its_length(
        lambda count: list(examine_metadata(b"{%" * count, "comment", "png", Place("a.png"), examine_nested)), 1 << 18
    )


def test_classes_that_readers_of_avro_make() -> None:
    data = FILES["polars_/a.avro"]
    hostile = data.replace(b'"type":"record"', b'"java-class":"x"', 1)
    assert hostile != data
    assert verdict(hostile, "a.avro") in FLAGGED


def test_a_file_without_lengths_that_is_too_large_is_not_searched() -> None:
    row = next(row for row in INERT if row.suffixes == (".wmv", ".wma", ".asf"))

    class Large(MemoryContent):
        @property
        def size(self) -> int:
            return 1 << 40

    found = verdict(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a.wmv")
    assert found is Verdict.SAFE
    with pytest.raises(Exception, match="states no lengths"):
        list(row.examine(Large(b""), Place("a.wmv"), examine_nested))
