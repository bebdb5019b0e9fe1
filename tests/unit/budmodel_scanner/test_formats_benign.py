"""Ordinary files of every format are safe: recognized by one format, under a name that agrees, and nothing is wrong."""

import pytest

from budmodel_scanner.formats.registry import FORMATS
from budmodel_scanner.verdict import Verdict
from tests.corpus import binaries
from tests.corpus import tensor_headers as headers
from tests.unit.budmodel_scanner import format_samples as sample
from tests.unit.budmodel_scanner.format_examination import examined, formats_of, verdict


@pytest.mark.parametrize("name", sample.BENIGN)
def test_an_ordinary_file_is_recognized_by_one_format_and_safe(name: str) -> None:
    data = sample.BENIGN[name]()

    found = formats_of(data, name)

    assert len(found) == 1
    assert not found[0].suffixes + found[0].shared or name.endswith(found[0].suffixes + found[0].shared)
    assert verdict(data, name) is Verdict.SAFE, examined(data, name)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bare.safetensors", headers.safetensors({}, b"")),
        ("note.safetensors", headers.safetensors({"__metadata__": {"format": "pt", "hash": "0f" * 32}}, b"")),
        ("f4.safetensors", headers.safetensors({"w": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}, bytes(2))),
        ("empty.gguf", headers.gguf()),
        ("structured.npy", sample.npy("[('a', '<f4', (2,)), ('b', [('c', '|S3')])]", "(2,)", bytes(22))),
        ("twice.npy", sample.npy() * 2),
        ("python2.npy", sample.npy(shape="(2L, 2L)")),
        ("contrib.onnx", sample.onnx(domain=b"com.microsoft", operator=b"FusedMatMul")),
        ("burst.jpg", sample.jpeg() * 2),
        ("odd.wav", sample.wav(sample.riff_chunk(b"LIST", b"INFOISFT\4\0\0\0Lavf"))),
        ("labels.png", binaries.png(binaries.png_chunk(b"tEXt", b"Software\0Matplotlib version 3"))),
        ("flex.tflite", sample.tflite("FlexErf")),
        ("links.h5", sample.hdf5((0x06, sample.hdf5_soft_link(b"/model_weights")))),
        (
            "paper.pdf",
            sample.pdf(sample.pdf_stream(b"/Type /ObjStm", b"<< /Type /Page >>"), b"<< /A (/JavaScript) >>"[:4] + b">>"),
        ),
    ],
)
def test_ordinary_variations_are_safe(name: str, data: bytes) -> None:
    assert verdict(data, name) is Verdict.SAFE


def test_formats_do_not_claim_text_or_nothing() -> None:
    for data in (b"", b"{}", b"import torch\n", b"version https://git-lfs.github.com/spec/v1\n", b"MZ is a title\n" * 9):
        assert [kind.name for kind in FORMATS if kind.recognizes(data, "README.md")] == []
