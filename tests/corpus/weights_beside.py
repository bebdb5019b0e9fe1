"""Headers and the raw weights beside them: ONNX external data, OpenVINO, TensorFlow.js; and values of ONNX alone."""

import json
import struct
from collections.abc import Iterator

from tests.corpus.protobufs import BAD, constant, field, onnx, operator
from tests.corpus.sample import Sample, benign, hostile

# Of no format that anything recognizes, as weights are.
WEIGHTS = struct.pack("<16f", *(0.37 * number - 2 for number in range(16)))
ELF = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0) + bytes(56)


def samples() -> Iterator[Sample]:
    yield from benign("weights-beside", "each byte of the weights is described by the header", _ordinary(WEIGHTS))
    yield from hostile("weights-beside", "a pickle where raw weights are described", _whole(BAD))
    yield from hostile("weights-beside", "a program where raw weights are described", _whole(ELF, "elf-"))
    yield from benign("onnx-value", "test_data_set_0 of the ONNX model zoo", _values())
    yield from hostile("onnx-value", "payloads in values of ONNX", _hostile_values())


def _whole(weights: bytes, prefix: str = "") -> dict[str, bytes | str]:
    """Without their headers, which are ordinary, and without shards, which are parts of what they hold."""
    return {f"{prefix}{path}": content for path, content in _ordinary(weights).items() if content == weights}


def _ordinary(weights: bytes) -> dict[str, bytes | str]:
    size, half = len(weights), len(weights) // 2
    external = [
        _external("a", "decoder.weights", 0, half),
        _external("b", "decoder.weights", half, size - half),
    ]
    return {
        "external/decoder.onnx": onnx([operator("Add")], external),
        "external/decoder.weights": weights,
        "openvino/openvino_model.xml": _openvino(half, size - half),
        "openvino/openvino_model.bin": weights,
        "tensorflow-js/model.json": _tensorflow_js(size),
        "tensorflow-js/group1-shard1of2.bin": weights[:half],
        "tensorflow-js/group1-shard2of2.bin": weights[half:],
    }


def _external(name: str, location: str, offset: int, length: int) -> bytes:
    placed = {"location": location, "offset": str(offset), "length": str(length)}
    return constant(name, [length], b"", external=placed, kind=2)


def _openvino(first: int, second: int) -> str:
    layers = "".join(
        f'<layer id="{number}" name="w{number}" type="Const" version="opset1">'
        f'<data element_type="u8" shape="{size}" offset="{offset}" size="{size}"/></layer>'
        for number, (offset, size) in enumerate([(0, first), (first, second)])
    )
    return f'<?xml version="1.0"?>\n<net name="m" version="11"><layers>{layers}</layers><edges/></net>\n'


def _tensorflow_js(size: int) -> str:
    group = {
        "paths": ["group1-shard1of2.bin", "group1-shard2of2.bin"],
        "weights": [{"name": "dense/kernel", "shape": [size], "dtype": "float32", "quantization": {"dtype": "uint8"}}],
    }
    return json.dumps({"format": "graph-model", "weightsManifest": [group]})


def _values() -> dict[str, bytes | str]:
    tensor = constant("x", [2], struct.pack("<2f", 1, 2))
    scalar = field(2, 1) + field(8, "eps") + field(9, struct.pack("<f", 1e-5))
    words = field(1, 2) + field(2, 8) + field(6, "deep") + field(6, "learning") + field(8, "words")
    return {
        "tensor/input_0.pb": tensor,
        "scalar/input_0.pb": scalar,
        "words/output_0.pb": words,
        "bytes/input_1.pb": field(1, 4) + field(2, 3) + field(5, b"\1\2\3\4") + field(8, "int8s"),
        "sequence/input_0.pb": field(1, "s") + field(2, 1) + field(3, tensor) + field(3, scalar),
        "optional/output_0.pb": field(1, "o") + field(2, 1) + field(3, tensor),
        "nested/input_0.pb": field(2, 3) + field(5, field(2, 1) + field(3, tensor)),
    }


def _hostile_values() -> dict[str, bytes | str]:
    return {
        "raw/input_0.pb": constant("x", [len(BAD)], BAD, kind=2),
        "unknown-field/input_0.pb": constant("x", [1], b"\0", kind=2) + field(99, BAD),
        "in-sequence/input_0.pb": field(1, "s") + field(2, 1) + field(3, constant("x", [len(BAD)], BAD, kind=2)),
        "outside/input_0.pb": constant("x", [4], b"", external={"location": "../../../etc/passwd"}),
        "behind/input_0.pb": constant("x", [1], b"\0", kind=2) + BAD,
    }
