"""Protocol buffers without their library: ONNX models and TensorFlow's graphs.

Field numbers are those of onnx.proto and of TensorFlow's saved_model, meta_graph, graph and node_def.
"""

import struct
from collections.abc import Iterator

from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import reduced_4
from tests.corpus.sample import Sample, benign, hostile

BAD = reduced_4(SYSTEM)
FLOAT = 1


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | str | bytes) -> bytes:
    """A field of a message: an integer, or anything of a length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def constant(
    name: str, shape: list[int], data: bytes, *, external: dict[str, str] | None = None, kind: int = FLOAT
) -> bytes:
    out = b"".join(field(1, size) for size in shape) + field(2, kind) + field(8, name)
    if external is None:
        return out + field(9, data)
    return out + b"".join(field(13, field(1, key) + field(2, value)) for key, value in external.items()) + field(14, 1)


def operator(kind: str, domain: str = "", attributes: bytes = b"") -> bytes:
    return (
        field(1, "x")
        + field(1, "w")
        + field(2, "y")
        + field(3, "n")
        + field(4, kind)
        + attributes
        + (field(7, domain) if domain else b"")
    )


def value(name: str) -> bytes:
    dimension = field(1, field(2, "batch")) + field(1, field(1, 4))
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, dimension)))


def onnx(nodes: list[bytes], constants: list[bytes], *, domains: tuple[str, ...] = (), more: bytes = b"") -> bytes:
    graph = b"".join(field(1, node) for node in nodes) + field(2, "main_graph")
    graph += b"".join(field(5, each) for each in constants) + field(11, value("x")) + field(12, value("y"))
    sets = field(8, field(1, "") + field(2, 17)) + b"".join(field(8, field(1, domain) + field(2, 1)) for domain in domains)
    return field(1, 8) + field(2, "pytorch") + field(3, "2.5.0") + field(7, graph) + sets + more


WEIGHT = constant("w", [4], struct.pack("<4f", 0, 1, 2, 3))
MODEL = onnx([operator("Add")], [WEIGHT])


def node(name: str, kind: str, inputs: tuple[str, ...] = (), attributes: bytes = b"") -> bytes:
    return field(1, name) + field(2, kind) + b"".join(field(3, each) for each in inputs) + attributes


def attribute(key: str, content: bytes) -> bytes:
    return field(5, field(1, key) + field(2, content))


def graph_def(nodes: list[bytes], functions: list[bytes] | None = None) -> bytes:
    library = field(2, b"".join(field(1, function) for function in functions)) if functions else b""
    return b"".join(field(1, each) for each in nodes) + library + field(4, field(1, 1087))


def saved_model(nodes: list[bytes], functions: list[bytes] | None = None, assets: tuple[str, ...] = ()) -> bytes:
    info = field(1, field(4, "serve") + field(5, "2.15.0"))
    files = b"".join(field(6, field(1, field(1, "asset:0")) + field(2, name)) for name in assets)
    return field(1, 1) + field(2, info + field(2, graph_def(nodes, functions)) + files)


def function(name: str, nodes: list[bytes]) -> bytes:
    return field(1, field(1, name)) + b"".join(field(3, each) for each in nodes)


# What every SavedModel holds in order to restore itself.
SAVER = [
    node("saver_filename", "Placeholder", (), attribute("dtype", field(6, 7))),
    node("variable", "VarHandleOp", (), attribute("shared_name", field(2, "dense/kernel"))),
    node("read", "ReadVariableOp", ("variable",)),
    node("matmul", "MatMul", ("x", "read")),
    node("save", "SaveV2", ("saver_filename", "names", "slices", "read")),
    node("restore", "RestoreV2", ("saver_filename", "names", "slices")),
    node("call", "StatefulPartitionedCall", ("x",)),
]


def samples() -> Iterator[Sample]:
    yield from hostile(
        "onnx-external", "CVE-2022-25882, CVE-2024-27318, CVE-2026-27489: external data outside of the model", _outside()
    )
    yield from hostile("onnx-operator", "operators that need native or Python code", _operators())
    yield from hostile("onnx-structure", "lengths, shapes and payloads that disagree", _structures())
    yield from benign("onnx-structure", "torch.onnx.export", {"add/model.onnx": MODEL})
    external = onnx(
        [operator("Add")], [constant("w", [4], b"", external={"location": "model.onnx_data", "offset": "0", "length": "16"})]
    )
    yield from benign(
        "onnx-external",
        "data beside the model",
        {"beside/model.onnx": external, "beside/model.onnx_data": struct.pack("<4f", 0, 1, 2, 3)},
    )
    local = field(
        25,
        field(1, "Linear")
        + field(4, "x")
        + field(5, "y")
        + field(7, operator("Add"))
        + field(9, field(1, "") + field(2, 17))
        + field(10, "pkg.torch"),
    )
    fused = onnx(
        [operator("MatMulNBits", "com.microsoft"), operator("Linear", "pkg.torch")],
        [WEIGHT],
        domains=("com.microsoft", "pkg.torch"),
        more=local,
    )
    yield from benign("onnx-operator", "onnxruntime's own operators, local functions", {"fused/model.onnx": fused})
    yield from hostile(
        "saved-model",
        "operations that read, write or call Python (CVE-2024-3660 and TensorFlow's SECURITY.md)",
        _saved_models(),
    )
    function_of_saver = function("__inference_signature_wrapper", SAVER)
    yield from benign(
        "saved-model", "tf.saved_model.save", {"dense/saved_model.pb": saved_model(SAVER, [function_of_saver])}
    )
    yield from hostile("frozen-graph", "GraphDef alone", _frozen())
    plain = graph_def([node("x", "Placeholder"), node("c", "Const"), node("y", "MatMul", ("x", "c"))])
    yield from benign("frozen-graph", "a frozen graph", {"plain/frozen_graph.pb": plain})


def _outside() -> dict[str, bytes]:
    locations = {
        "parent": "../../../etc/hostname",
        "absolute": "/etc/hostname",
        "hidden-parent": "a/../../etc/hostname",
        "drive": "C:\\Windows\\win.ini",
        "backslashes": "..\\..\\x",
        "home": "~/.ssh/id_rsa",
        "url": "http://corpus.invalid/weights",
        "device": "/dev/zero",
        "nul": "weights\0/../../etc/hostname",
    }
    return {
        f"{what}/model.onnx": onnx(
            [operator("Add")], [constant("w", [4], b"", external={"location": location, "offset": "0", "length": "16"})]
        )
        for what, location in locations.items()
    } | {
        "in-attribute/model.onnx": onnx(
            [
                operator(
                    "Constant",
                    "",
                    field(
                        5,
                        field(1, "value")
                        + field(5, constant("v", [1], b"", external={"location": "/etc/hostname"}))
                        + field(20, 4),
                    ),
                )
            ],
            [],
        ),
        "in-subgraph/model.onnx": onnx(
            [
                operator(
                    "If",
                    "",
                    field(
                        5,
                        field(1, "then_branch")
                        + field(6, field(5, constant("v", [1], b"", external={"location": "../x"})))
                        + field(20, 5),
                    ),
                )
            ],
            [],
        ),
    }


def _operators() -> dict[str, bytes]:
    return {
        "python/model.onnx": onnx([operator("PyCustomOp", "ai.onnx.contrib")], [WEIGHT], domains=("ai.onnx.contrib",)),
        "python-op/model.onnx": onnx([operator("PythonOp", "com.microsoft")], [WEIGHT], domains=("com.microsoft",)),
        "unknown-domain/model.onnx": onnx([operator("Load", "corpus.custom")], [WEIGHT], domains=("corpus.custom",)),
    }


def _structures() -> dict[str, bytes]:
    return {
        "pickle-after/model.onnx": MODEL + BAD,
        "zip-after/model.onnx": MODEL + b"PK\x05\x06" + bytes(18),
        "raw-data-longer/model.onnx": onnx([operator("Add")], [constant("w", [1], bytes(64) + BAD)]),
        "raw-data-shorter/model.onnx": onnx([operator("Add")], [constant("w", [1 << 40], b"1234")]),
        "negative-dimension/model.onnx": onnx([operator("Add")], [constant("w", [-1], b"1234")]),
        "truncated/model.onnx": MODEL[:-20],
        "length-lies/model.onnx": MODEL.replace(field(2, "main_graph"), b"\x12\xff\xff\xff\xff\x07main_grap"),
        "is-a-pickle/model.onnx": BAD,
        "is-elf/model.onnx": b"\x7fELF\x02\x01\x01" + bytes(200),
        "unknown-fields/model.onnx": MODEL + field(777, BAD),
        "elf-in-constant/model.onnx": onnx([operator("Add")], [constant("w", [50], b"\x7fELF\x02\x01\x01" + bytes(193))]),
    }


OPERATIONS = ["ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc", "DebugIdentityV2"]


def _saved_models() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for kind in OPERATIONS:
        bad = node("payload", kind, ("x",), attribute("token", field(2, "pyfunc_0")))
        files[f"{kind}/saved_model.pb"] = saved_model([*SAVER, bad])
        nested = node("carried", "Const", (), attribute("graph", field(2, graph_def([bad]))))
        files[f"{kind}-in-constant/saved_model.pb"] = saved_model([*SAVER, nested])
        files[f"{kind}-in-function/saved_model.pb"] = saved_model(SAVER, [function("__inference_call_1", [*SAVER, bad])])
    return files | {
        "asset-parent/saved_model.pb": saved_model(SAVER, assets=("../../../etc/hostname",)),
        "asset-absolute/saved_model.pb": saved_model(SAVER, assets=("/etc/hostname",)),
        "pickle-after/saved_model.pb": saved_model(SAVER) + BAD,
        "unknown-operation/saved_model.pb": saved_model([*SAVER, node("payload", "CorpusExec", ("x",))]),
        "truncated/saved_model.pb": saved_model(SAVER)[:-9],
        "is-a-pickle/saved_model.pb": BAD,
    }


def _frozen() -> dict[str, bytes]:
    return {
        f"{kind}/frozen_graph.pb": graph_def([node("x", "Placeholder"), node("payload", kind, ("x",))])
        for kind in OPERATIONS[:6]
    }
