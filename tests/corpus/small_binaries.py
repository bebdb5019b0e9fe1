"""TFLite, msgpack, TFRecord, sentencepiece, Arrow and Parquet: formats that hold data, and what may be hidden in them."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from budmodel_scanner.formats.checksums import masked_crc32c
from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import reduced_2, reduced_4
from tests.corpus.protobufs import field
from tests.corpus.sample import Sample, benign, hostile
from tests.corpus.zips import zip_of

BAD = reduced_4(SYSTEM)


class Flat:
    """A FlatBuffer: tables as dictionaries from field number to value; integers are 32 bits, lists are vectors of tables."""

    def __init__(self, root: dict[int, Any], identifier: bytes) -> None:
        self.out = bytearray(8)
        self.out[4:8] = identifier
        struct.pack_into("<I", self.out, 0, self.table(root))

    def align(self, size: int = 8) -> int:
        self.out += bytes(-len(self.out) % size)
        return len(self.out)

    def table(self, fields: dict[int, Any]) -> int:
        count = max(fields, default=-1) + 1
        offsets = [4 + 4 * sorted(fields).index(number) if number in fields else 0 for number in range(count)]
        vtable = struct.pack(f"<HH{count}H", 4 + 2 * count, 4 + 4 * len(fields), *offsets)
        self.align()
        start = len(self.out) + len(vtable) + (-len(vtable) % 4)
        self.out += bytes(-len(vtable) % 4) + vtable + struct.pack("<i", len(vtable)) + bytes(4 * len(fields))
        for number, value in fields.items():
            at = start + offsets[number]
            struct.pack_into("<I", self.out, at, value if isinstance(value, int) else self.value(value) - at)
        return start

    def value(self, value: Any) -> int:
        if isinstance(value, dict):
            return self.table(value)
        start = self.align()
        if isinstance(value, list):
            self.out += struct.pack("<I", len(value)) + bytes(4 * len(value))
            for index, item in enumerate(value):
                at = start + 4 + 4 * index
                struct.pack_into("<I", self.out, at, item if isinstance(item, int) else self.value(item) - at)
        else:
            data = value.encode() + b"\0" if isinstance(value, str) else value
            self.out += struct.pack("<I", len(value)) + data
        return start


def tflite(operators: list[dict[int, Any]], data: bytes = bytes(16), version: int = 3) -> bytes:
    """A model of one tensor and one operation; field numbers are those of TensorFlow Lite's schema.fbs."""
    tensor = {0: [4], 2: 1, 3: "weights"}
    subgraph = {0: [tensor], 1: [0], 2: [0], 3: [{0: 0, 1: [0], 2: [0]}], 4: "main"}
    root = {0: version, 1: operators, 2: [subgraph], 3: "MLIR Converted.", 4: [{}, {0: data}]}
    return bytes(Flat(root, b"TFL3").out)


ADD = {0: 0, 2: 1, 3: 0}


def custom(name: str) -> dict[int, Any]:
    return {0: 32, 1: name, 2: 1, 3: 32}


def record(data: bytes) -> bytes:
    """A TFRecord with its masked CRC-32C checksums."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


EVENTS = record(b"\x09" + struct.pack("<d", 1.7e9) + field(3, "brain.Event:2")) + record(
    b"\x09"
    + struct.pack("<d", 1.7e9)
    + field(2, 10)
    + field(5, field(1, field(1, "train/loss") + b"\x15" + struct.pack("<f", 0.5)))
)


def sentencepiece() -> bytes:
    pieces = ["<unk>", "<s>", "</s>", "▁the", "▁a", "s"]
    body = b"".join(
        field(1, field(1, piece) + b"\x15" + struct.pack("<f", -index) + (field(3, 2) if not index else b""))
        for index, piece in enumerate(pieces)
    )
    trainer = field(2, field(2, "model") + field(3, 1) + field(4, len(pieces)))
    return body + trainer + field(3, field(1, "identity") + field(3, 1))


def parquet(extra: dict[str, str] | None = None) -> bytes:
    table = pa.table({"text": ["one", "two"], "score": [0.5, 1.0]})
    out = io.BytesIO()
    pyarrow.parquet.write_table(table.replace_schema_metadata(extra), out)
    return out.getvalue()


def arrow(notes: dict[str, bytes] | None = None) -> bytes:
    table = pa.table({"text": ["one", "two"]}).replace_schema_metadata(notes)
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Extension:
    """A msgpack value of an application's type."""

    kind: int
    data: bytes


def msgpack(value: Any) -> bytes:
    """Of the values that flax writes, each shorter than 64 KiB: https://github.com/msgpack/msgpack/blob/master/spec.md"""
    match value:
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return struct.pack(">BI", 0xCE, value)
        case str():
            return struct.pack(">BH", 0xDA, len(value.encode())) + value.encode()
        case bytes():
            return struct.pack(">BH", 0xC5, len(value)) + value
        case Extension(kind, data):
            return struct.pack(">BHB", 0xC8, len(data), kind) + data
        case dict():
            return bytes([0x80 | len(value)]) + b"".join(msgpack(key) + msgpack(item) for key, item in value.items())
        case _:
            return bytes([0x90 | len(value)]) + b"".join(map(msgpack, value))


# Flax writes arrays as extension 1: shape, type name and bytes.
ARRAY = Extension(1, msgpack([[2, 2], "float32", bytes(16)]))


def samples() -> Iterator[Sample]:
    model, pieces, table = tflite([ADD]), sentencepiece(), parquet()
    yield from hostile(
        "tflite",
        "operators outside of the runtime, bytes behind",
        {
            "custom/model.tflite": tflite([custom("CorpusLoader")]),
            "flex-read/model.tflite": tflite([custom("FlexReadFile")]),
            "flex-python/model.tflite": tflite([custom("FlexPyFunc")]),
            "flex-write/model.tflite": tflite([custom("FlexWriteFile")]),
            "pickle-after/model.tflite": model + BAD,
            "truncated/model.tflite": model[:-60],
            "offset-lies/model.tflite": struct.pack("<I", 1 << 30) + model[4:],
            "is-a-pickle/model.tflite": BAD,
            "labels-with-pickle/model.tflite": model + zip_of({"labels.pkl": BAD}),
        },
    )
    yield from benign("tflite", "a converted model", {"add/model.tflite": model})
    weights = {"params": {"dense": {"kernel": ARRAY, "bias": ARRAY}}, "step": 3}
    yield from hostile(
        "msgpack",
        "flax_model.msgpack",
        {
            "pickle-after/flax_model.msgpack": msgpack(weights) + BAD,
            "pickle-in-value/flax_model.msgpack": msgpack(weights | {"obj": BAD}),
            "is-a-pickle/flax_model.msgpack": BAD,
            "numpy-object/data.msgpack": msgpack({b"nd": True, b"type": b"|O", b"kind": b"O", b"data": reduced_2(SYSTEM)}),
            "length-lies/flax_model.msgpack": b"\x81\xa1a\xc6\xff\xff\xff\xff" + bytes(8),
            "deep/flax_model.msgpack": b"\x91" * 100_000 + b"\xc0",
            "truncated/flax_model.msgpack": msgpack(weights)[:-9],
        },
    )
    yield from benign("msgpack", "flax", {"dense/flax_model.msgpack": msgpack(weights)})
    yield from hostile(
        "tfrecord",
        "payloads and lengths",
        {
            "pickle-after/events.out.tfevents.1700000000.host.1.0": EVENTS + BAD,
            "length-lies/events.out.tfevents.1700000000.host.1.0": struct.pack("<Q", 1 << 60) + EVENTS[8:],
            "checksum/events.out.tfevents.1700000000.host.1.0": EVENTS[:-4] + b"\1\2\3\4",
            "pickle-record/data.tfrecord": record(BAD),
            "is-a-pickle/events.out.tfevents.1700000000.host.1.0": BAD,
        },
    )
    yield from benign("tfrecord", "TensorBoard", {"events/events.out.tfevents.1700000000.host.1.0": EVENTS})
    yield from hostile(
        "sentencepiece",
        "payloads",
        {
            "pickle-after/tokenizer.model": pieces + BAD,
            "is-a-pickle/tokenizer.model": BAD,
            "is-elf/spiece.model": b"\x7fELF\x02\x01\x01" + bytes(200),
            "truncated/tokenizer.model": pieces[:-5],
        },
    )
    yield from benign(
        "sentencepiece", "sentencepiece", {"tokenizer/tokenizer.model": pieces, "bpe/sentencepiece.bpe.model": pieces}
    )
    yield from hostile(
        "parquet",
        "payloads in tables",
        {
            "pickle-after/train.parquet": table + BAD,
            "pickle-before/train.parquet": BAD + table,
            "is-a-pickle/train.parquet": BAD,
            "footer-lies/train.parquet": table[:-8] + struct.pack("<I", 1 << 30) + b"PAR1",
            "arrow-after/data.arrow": arrow() + BAD,
            "arrow-pickle/data.arrow": BAD,
            "arrow-notes/data.arrow": arrow({"index": BAD}),
        },
    )
    yield from benign(
        "parquet",
        "datasets",
        {"table/train-00000-of-00001.parquet": table, "arrow/data-00000-of-00001.arrow": arrow({"author": b"somebody"})},
    )
