"""No bytes make an examiner crash: cut off, bent or made up, they end in findings."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budmodel_scanner.formats.registry import FORMATS
from budmodel_scanner.verdict import Verdict, verdict_of
from tests.unit.budmodel_scanner import format_samples as sample
from tests.unit.budmodel_scanner.format_examination import examined, formats_of

# How many of the last bytes a file may lack and still be whole: padding, the mark that closes a stream, a last newline,
# or parts of formats that state no end (frames of audio, pages, fields that are optional).
_OPTIONAL_BYTES = {
    "model.gguf": 30,
    "weight.bin": 54,
    "a.pdf": 1,
    "a.mat": 24,
    "tokenizer.model": 252,
}
# Of these, no more is known than how they begin: they are searched as a whole.
_SEARCHED = {"a.ogg", "a.flac", "a.mp3", "a.mp4", "a.ico", "a.tiff", "a.ttc", "a.ttf"}
_SMALL = sorted(sample.BENIGN)


@pytest.mark.parametrize("name", sorted({*_SMALL} - _SEARCHED))
def test_a_file_that_is_cut_off_anywhere_is_not_safe(name: str) -> None:
    data = sample.BENIGN[name]()
    silent = [
        end
        for end in range(len(data))
        if formats_of(data[:end], name) and verdict_of(examined(data[:end], name)) is Verdict.SAFE
    ]

    assert [end for end in silent if end < len(data) - _OPTIONAL_BYTES.get(name, 0)] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.parametrize("name", _SMALL)
def test_bent_bytes_never_crash_an_examiner(name: str, data: st.DataObject) -> None:
    content = bytearray(sample.BENIGN[name]())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))

    examined(bytes(content), name)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_SMALL), st.binary(max_size=300), st.integers(0, 64))
def test_made_up_bytes_after_a_true_beginning_never_crash_an_examiner(name: str, made_up: bytes, kept: int) -> None:
    examined(sample.BENIGN[name]()[:kept] + made_up, name)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([*_SMALL, "x"]))
def test_recognizing_never_crashes(head: bytes, name: str) -> None:
    for kind in FORMATS:
        assert isinstance(kind.recognizes(head, name), bool)


def test_a_column_whose_name_is_no_text_is_malformed() -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"column": ["a"]}), file, store_schema=False)
    found = examined(file.getvalue().replace(b"column", b"co\x8bumn"), "a.parquet")
    assert {finding.rule for finding in found} == {"parquet.cells"}
