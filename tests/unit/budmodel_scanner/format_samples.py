"""Small writers of the formats, so that every test says which byte it bends."""

import io
import json
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow
import pyarrow.parquet

from budmodel_scanner.formats.checksums import lookup3, masked_crc32c
from tests.corpus import small_binaries
from tests.corpus.binaries import png
from tests.corpus.catboost_files import catboost
from tests.corpus.hdf5 import Group, old
from tests.corpus.protobufs import field, varint
from tests.corpus.small_binaries import record
from tests.corpus.tensor_headers import ARRAY, MODEL, STRING, UINT32, gguf, pair, string, strings, weight

PICKLE = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00echo\x85R."


def gguf_entry(key: str, value: str | int) -> bytes:
    return pair(key, STRING, string(value)) if isinstance(value, str) else pair(key, UINT32, struct.pack("<I", value))


def plain_gguf() -> bytes:
    entries = [
        gguf_entry("general.architecture", "llama"),
        gguf_entry("general.alignment", 32),
        pair("tokenizer.ggml.tokens", ARRAY, strings(["eval(", "<s>"])),
    ]
    return gguf(entries, [weight(), weight("v", (32,), 8, 32)], bytes(32 + 34) + bytes(30))


def npy(descr: str = "'<f4'", shape: str = "(2, 2)", data: bytes = bytes(16), header: bytes | None = None) -> bytes:
    text = header or f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(10 + len(text) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def proto(*fields: tuple[int, int | bytes | float]) -> bytes:
    return b"".join(
        field(number, value) if not isinstance(value, float) else varint(number << 3 | 5) + struct.pack("<f", value)
        for number, value in fields
    )


def onnx(
    node: bytes = b"", operator: bytes = b"Relu", initializer: bytes | None = None, model: bytes = b"", domain: bytes = b""
) -> bytes:
    weights = proto((1, 2), (2, 1), (8, b"w"), (9, bytes(8))) if initializer is None else initializer
    operation = proto((1, b"x"), (2, b"y"), (4, operator), (7, domain)) + node
    graph = proto((1, operation), (2, b"g"), (5, weights))
    return proto((1, 8), (2, b"pytorch"), (7, graph), (8, proto((1, b""), (2, 17)))) + model


def saved_model(*operators: bytes, assets: Sequence[bytes] = ()) -> bytes:
    graph = proto(*((1, proto((1, b"n%d" % at), (2, name))) for at, name in enumerate(operators)))
    info = proto((4, b"serve"), (5, b"2.19.0"))
    return proto((1, 1), (2, proto((1, info), (2, graph), *((6, proto((2, name))) for name in assets))))


def keras_metadata(config: Mapping[str, Any]) -> bytes:
    return proto((1, proto((2, 0), (3, b"root"), (4, b"_tf_keras_model"), (5, json.dumps(config).encode()))))


def sentencepiece(extra: bytes = b"") -> bytes:
    pieces = [proto((1, piece.encode()), (2, 0.5), (3, kind)) for piece, kind in (("<unk>", 2), ("▁a", 1), ("b" * 200, 1))]
    return proto(*((1, piece) for piece in pieces), (2, proto((1, b"corpus.txt"), (3, 1))), (3, proto((1, b"nfkc")))) + extra


def coreml(kind: int = 500, layer: int = 140, note: bytes = b"a model") -> bytes:
    description = proto((1, proto((1, b"x"))), (100, proto((1, note), (3, b"someone"))))
    network = proto((1, proto((1, b"layer"), (2, b"x"), (layer, proto((1, 4))))))
    return proto((1, 4), (2, description), (kind, network))


def coreml_blobs() -> bytes:
    return struct.pack("<II56x", 1, 2) + struct.pack("<IIQQ40x", 0xDEADBEEF, 1, 10, 128) + bytes(10) + bytes(54)


def msgpack(extension: int = 1, tail: bytes = b"") -> bytes:
    array = b"\x93\x91\x02\xa7float32\xc4\x08" + bytes(8)
    return b"\x81\xa6params\x81\xa6kernel" + b"\xc7" + bytes([len(array), extension]) + array + tail


def ubjson(tail: bytes = b"", note: bytes = b"binary:logistic") -> bytes:
    weights = b"[$d#L" + (2).to_bytes(8, "big") + bytes(8)
    return b"{i\x04nameSi" + bytes([len(note)]) + note + b"i\x01w" + weights + b"i\x01t[#i\x02i\x01Z" + b"i\x01e[TF]}" + tail


def booster(note: bytes = b"binary:logistic") -> bytes:
    return b"{L" + (7).to_bytes(8, "big") + b"learner" + ubjson(note=note) + b"}"


def checkpoint_index(names: Sequence[bytes] = (b"dense/kernel",)) -> bytes:
    def block(entries: Sequence[tuple[bytes, bytes]]) -> bytes:
        body = b"".join(varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
        body += struct.pack("<II", 0, 1) + b"\0"
        return body + masked_crc32c(body).to_bytes(4, "little")

    data = block([(b"", proto((1, 1), (3, proto((1, 1))))), *((name, proto((1, 1), (5, 16))) for name in names)])
    meta = block([])
    index = block([(names[-1], varint(0) + varint(len(data) - 5))])
    handles = varint(len(data)) + varint(len(meta) - 5) + varint(len(data) + len(meta)) + varint(len(index) - 5)
    return data + meta + index + handles.ljust(40, b"\0") + (0xDB4775248B80FB57).to_bytes(8, "little")


def tflite(operator: str = "", data: bytes = bytes(16), version: int = 3) -> bytes:
    return small_binaries.tflite([small_binaries.custom(operator) if operator else small_binaries.ADD], data, version)


def _table() -> Any:
    # What people wrote may look like anything: words that begin as an import of a pickle, code, a script.
    texts, values = ["sin\ncos\ntan\n", "#!/bin/sh\n", "import os"], [b"\x80\4", b"PK", b"MZ"]
    return pyarrow.table({"a": texts, "b": values, "c": [1, 2, 3]})


def parquet(notes: Mapping[str, str] | None = None) -> bytes:
    written = io.BytesIO()
    pyarrow.parquet.write_table(_table().replace_schema_metadata(notes), written)
    return written.getvalue()


def arrow_table() -> bytes:
    written = io.BytesIO()
    with pyarrow.ipc.new_file(written, _table().schema) as stream:
        stream.write_table(_table())
    return written.getvalue()


def arrow_stream(body: bytes = bytes(64)) -> bytes:
    # A message: the offset of its table, the list of fields, the table with the length of the body.
    listed = struct.pack("<6H", 12, 12, 0, 0, 0, 4)
    message = struct.pack("<I", 16) + listed + struct.pack("<iQ", 12, len(body)) + bytes(4)
    message += bytes(-len(message) % 8)
    return b"\xff\xff\xff\xff" + len(message).to_bytes(4, "little") + message + body + b"\xff\xff\xff\xff\0\0\0\0"


def jpeg(comment: bytes = b"by a camera", tail: bytes = b"") -> bytes:
    segments = b"\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    return b"\xff\xd8" + segments + b"\xff\xda\x00\x03\x00" + b"\x12\xff\x00\x34\xff\xd0\x56" + b"\xff\xd9" + tail


def gif(tail: bytes = b"") -> bytes:
    return b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0\x3b" + tail


def wav(*chunks: bytes, tail: bytes = b"") -> bytes:
    body = b"WAVE" + riff_chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)) + b"".join(chunks)
    body += riff_chunk(b"data", bytes(7))
    return b"RIFF" + len(body).to_bytes(4, "little") + body + tail


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def mp4(tail: bytes = b"") -> bytes:
    return box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", box(b"mvhd", bytes(100))) + box(b"mdat", bytes(32)) + tail


def ogg(tail: bytes = b"") -> bytes:
    return (b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead" + bytes(11)) * 2 + tail


def flac(padding: bytes = bytes(8)) -> bytes:
    return b"fLaC\0\0\0\x22" + bytes(34) + b"\x81" + len(padding).to_bytes(3, "big") + padding + b"\xff\xf8" + bytes(64)


def mp3(tail: bytes = b"") -> bytes:
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    return b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + frame * 3 + tail


def bmp(tail: bytes = b"") -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, 2, 2, 1, 24, 0, 16, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 14 + 40 + 16, 0, 0, 54) + header + bytes(16) + tail


ICON = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 32, 0, 0, 0, 0, 0, 0)


def ico(tail: bytes = b"") -> bytes:
    return struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 1, 1, 0, 0, 1, 32, 40, 22) + ICON + tail


def tiff(tail: bytes = b"") -> bytes:
    entries = [(256, 4, 1, 1), (273, 4, 1, 8), (279, 4, 1, 4)]
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 12) + bytes(4) + struct.pack("<H", len(entries)) + body + bytes(4) + tail


def font(tail: bytes = b"") -> bytes:
    return b"\0\1\0\0" + struct.pack(">HHHH", 1, 16, 0, 0) + b"head" + struct.pack(">III", 0, 28, 16) + bytes(16) + tail


def font_collection(tail: bytes = b"") -> bytes:
    """Two fonts that share their one table."""
    table = b"head" + struct.pack(">III", 0, 76, 16)
    return b"ttcf" + struct.pack(">IIII", 0x10000, 2, 20, 48) + (font()[:12] + table) * 2 + bytes(16) + tail


def woff(tail: bytes = b"", length: int = 80, table: bytes = bytes(16)) -> bytes:
    head = b"wOFF" + struct.pack(">IIHHIHHIIIII", 0x10000, length, 1, 0, 44, 1, 0, 0, 0, 0, 0, 0)
    return head + b"head" + struct.pack(">IIII", 64, 16, 16, 0) + table + tail


def woff2(tail: bytes = b"", length: int = 60) -> bytes:
    return b"wOF2" + struct.pack(">IIHHIIHHIIIII", 0x10000, length, 1, 0, 44, 8, 1, 0, 0, 0, 0, 0, 0) + bytes(12) + tail


def matlab(kind: int = 6) -> bytes:
    """One array of the class `kind`."""
    flags = struct.pack("<IIII", 6, 8, kind, 0)
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + struct.pack("<II", 14, len(flags)) + flags


def pdf(*objects: bytes, tail: bytes = b"") -> bytes:
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, item) for number, item in enumerate(objects, 2))
    return (
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
        + body
        + b"trailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
        + tail
    )


def pdf_stream(dictionary: bytes, body: bytes) -> bytes:
    packed = zlib.compress(body)
    return b"<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (dictionary, len(packed), packed)


def hdf5_attribute(name: str, text: bytes) -> bytes:
    """An attribute message of the newest form: a text of fixed length in a scalar space."""
    label = name.encode() + b"\0"
    kind = struct.pack("<B3BI", 0x13, 0, 0, 0, len(text))
    return struct.pack("<BBHHHB", 3, 0, len(label), len(kind), 4, 0) + label + kind + b"\2\0\0\0" + text


def hdf5_external_link(file: bytes, path: bytes) -> bytes:
    target = b"\0" + file + b"\0" + path + b"\0"
    return struct.pack("<BBBB", 1, 8, 64, 1) + b"x" + struct.pack("<H", len(target)) + target


def hdf5_soft_link(target: bytes) -> bytes:
    return struct.pack("<BBBB", 1, 8, 1, 1) + b"s" + struct.pack("<H", len(target)) + target


def hdf5(*messages: tuple[int, bytes], unused: bytes = b"", tail: bytes = b"", end: int | None = None) -> bytes:
    """A file of the newest form whose root object has these messages."""
    body = b"".join(struct.pack("<BHB", kind, len(data), 0) + data for kind, data in messages)
    root = _checked(b"OHDR\2\2" + len(body).to_bytes(4, "little") + body)
    size = 48 + len(root) + len(unused)
    head = b"\x89HDF\r\n\x1a\n" + bytes([2, 8, 8, 0])
    head += struct.pack("<QQQQ", 0, (1 << 64) - 1, size if end is None else end, 48)
    return _checked(head) + root + unused + tail


def _checked(data: bytes) -> bytes:
    return data + lookup3(data).to_bytes(4, "little")


MODEL_CONFIG = json.dumps(
    {"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {}}]}}
)

BENIGN: dict[str, Callable[[], bytes]] = {
    "model.safetensors": lambda: MODEL,
    "model.gguf": plain_gguf,
    "model.cbm": catboost,
    "array.npy": npy,
    "model.onnx": onnx,
    "saved_model.pb": lambda: saved_model(b"MatMul", b"RestoreV2"),
    "keras_metadata.pb": lambda: keras_metadata(json.loads(MODEL_CONFIG)),
    "tokenizer.model": sentencepiece,
    "model.mlmodel": coreml,
    "weight.bin": coreml_blobs,
    "flax_model.msgpack": msgpack,
    "booster.ubj": ubjson,
    "xgboost.model": booster,
    "events.out.tfevents.1.host": lambda: record(proto((2, 1), (3, b"brain.Event:2"))),
    "variables.index": checkpoint_index,
    "model.tflite": tflite,
    "train.parquet": parquet,
    "train.arrow": arrow_table,
    "weights.h5": lambda: hdf5((0x0C, hdf5_attribute("model_config", MODEL_CONFIG.encode()))),
    "old.h5": lambda: old(Group({"child": Group()})),
    "a.png": png,
    "a.jpg": jpeg,
    "a.gif": gif,
    "a.wav": wav,
    "a.mp4": mp4,
    "a.ogg": ogg,
    "a.flac": flac,
    "a.mp3": mp3,
    "a.bmp": bmp,
    "a.ico": ico,
    "a.tiff": tiff,
    "a.ttf": font,
    "a.ttc": font_collection,
    "a.woff": woff,
    "a.woff2": woff2,
    "a.mat": matlab,
    "a.pdf": pdf,
}
