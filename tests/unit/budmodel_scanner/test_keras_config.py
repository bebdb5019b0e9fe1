"""What a Keras configuration would make Keras import, run, read or fetch."""

import base64
import marshal
from typing import Any

import pytest

from budmodel_scanner.content import Place
from budmodel_scanner.formats.keras_config import examine_keras_config
from budmodel_scanner.verdict import Verdict, verdict_of

CODE = base64.b64encode(marshal.dumps(compile("print(1)", "x", "exec"))).decode()


def layer(**changes: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}, "registered_name": None, **changes}


def verdict(config: object) -> Verdict:
    return verdict_of(examine_keras_config(config, Place("config.json")))


@pytest.mark.parametrize(
    "config",
    [
        layer(),
        layer(module="keras.src.engine.functional", class_name="Functional", config={"layers": [layer()]}),
        layer(module="keras", class_name="DTypePolicy", config={"name": "float32"}),
        layer(class_name="TFOpLambda", config={"function": "math.add"}),
        layer(config={"kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {}}}),
        {"module": "builtins", "class_name": "function", "config": "mse", "registered_name": "function"},
        {"class_name": "__typespec__", "spec_name": "TensorSpec", "module": "tensorflow", "config": []},
        layer(class_name="TextVectorization", config={"vocabulary": ["a", "b"]}),
        layer(
            class_name="TFBertMainLayer", registered_name="Transformers>TFBertMainLayer", module="transformers.models.bert"
        ),
    ],
)
def test_what_keras_itself_writes_is_safe(config: object) -> None:
    assert verdict(config) is Verdict.SAFE
    assert verdict({"config": {"layers": [[config]]}}) is Verdict.SAFE


@pytest.mark.parametrize(
    "config",
    [
        layer(class_name="Lambda", config={"function": {"class_name": "__lambda__", "config": {"code": CODE}}}),
        layer(class_name="Lambda", config={"function": [CODE, None, None], "function_type": "lambda"}),
        {"class_name": "__lambda__", "config": {"value": CODE}},
        layer(class_name="TorchModuleWrapper", config={"module": "gAJ9"}),
        layer(module="os", class_name="system", config="id"),
        layer(module="subprocess", class_name="run", config={"args": ["id"]}),
        layer(module="builtins", class_name="exec", config={}),
        {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
        layer(module="keras.utils", class_name="get_file", config={"origin": "x"}),
        {"module": "keras.utils", "class_name": "function", "config": "get_file"},
        layer(module="keras.models", class_name="load_model", config={}),
        layer(module="keras.config", class_name="enable_unsafe_deserialization", config={}),
        layer(module="tensorflow.python.ops.io_ops", class_name="read_file", config={}),
        layer(config={"safe_mode": False}),
        layer(class_name="StringLookup", config={"vocabulary": "/etc/passwd"}),
        layer(class_name="StringLookup", config={"vocabulary": "https://evil.example/x"}),
        {"class_name": "__typespec__", "spec_name": "os.system", "module": "os", "config": []},
        layer(config={"fn": "os.system"}),
    ],
)
def test_what_would_run_read_or_fetch_is_malicious_at_any_depth(config: object) -> None:
    assert verdict(config) is Verdict.MALICIOUS
    assert verdict({"layers": [{"config": {"inner": [config]}}]}) is Verdict.MALICIOUS


@pytest.mark.parametrize(
    "config",
    [
        layer(module="my_package.layers", class_name="Mine"),
        layer(registered_name="my_package>Mine"),
        layer(class_name="my_package>Mine"),
        layer(module=["os"]),
        layer(class_name="StringLookup", config={"vocabulary": "vocab.txt"}),
    ],
)
def test_code_that_is_not_of_keras_is_suspicious(config: object) -> None:
    assert verdict(config) is Verdict.SUSPICIOUS


def test_a_bottomless_configuration_is_not_called_safe() -> None:
    config: Any = {}
    for _ in range(1000):
        config = {"config": config}

    assert verdict(config) is Verdict.UNSCANNED
