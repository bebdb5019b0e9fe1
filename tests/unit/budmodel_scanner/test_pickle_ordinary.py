"""Ordinary pickles are safe: what Python, NumPy, pandas, joblib, scikit-learn, torch and transformers write."""

import collections
import datetime
import decimal
import fractions
import json
import pathlib
import pickle
import queue
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow
import pytest

from budmodel_scanner.pickles.examine import looks_like_pickle
from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.pickle_making import (
    SAFE,
    SUSPICIOUS,
    LegacyTorch,
    call,
    dtype,
    findings,
    group,
    instance,
    joblib_array,
    mapping,
    name,
    number,
    numpy_array,
    stack_name,
    state_dict,
    storage_id,
    tensor,
    text,
    verdict,
    whole,
)

SHARED = ["shared"]
RECURSIVE: list[object] = []
RECURSIVE.append((RECURSIVE, {"self": RECURSIVE}))

OBJECTS: dict[str, Callable[[], object]] = {
    "numbers": lambda: [0, 1, -1, 255, 256, 65536, -(1 << 31), 1 << 62, 1 << 300, 0.5, True, None, 1j],
    "texts": lambda: ["", "os", "system", "é" * 300, "x" * 100_000, "os\nsystem\n", "\ud800"],
    "bytes": lambda: [b"", b"abc", b"x" * 100_000, bytearray(b"abc")],
    "containers": lambda: [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, (4, (5, (6,)))), {1, 2}, frozenset([1]), {"a": {"b": []}}],
    "shared": lambda: [SHARED, SHARED, (SHARED, SHARED)],
    "recursive": lambda: RECURSIVE,
    "many": lambda: {f"name{index}": (index, [index]) for index in range(3000)},
    "collections": lambda: [collections.OrderedDict(a=1), collections.Counter("abc"), collections.deque([1], 3)],
    "defaultdict": lambda: collections.defaultdict(list, a=[1]),
    "dates": lambda: [datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC), datetime.date(2025, 1, 1), datetime.timedelta(1)],
    "types of tables": lambda: pyarrow.schema({"a": pyarrow.list_(pyarrow.int8()), "b": pyarrow.timestamp("us", "UTC")}),
    "exact numbers": lambda: [decimal.Decimal("1.5"), fractions.Fraction(1, 3)],
    "iterators": lambda: [iter([1]), reversed([1]), enumerate([1]), zip([1], [2], strict=False), iter({1: 2})],
    "failures": lambda: [queue.Empty(), json.JSONDecodeError("m", "d", 0), SystemExit(1), FileNotFoundError(2, "f")],
    "others": lambda: [pathlib.PurePosixPath("a"), re.compile("a+"), range(3), slice(1, 2), ValueError("x")],
    "arrays": lambda: [np.arange(5), np.float32(3), np.zeros((2, 3), order="F"), np.array(["a", None], dtype=object)],
    "structured array": lambda: np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    "masked array": lambda: np.zeros(2).view(np.ma.MaskedArray),
    "random states": lambda: [np.random.get_state(), np.random.default_rng(3), np.random.RandomState(1)],
    "function of NumPy": lambda: np.log1p,
    "table": lambda: pd.DataFrame({"a": [1], "b": ["x"], "c": pd.to_datetime(["2020"]), "d": pd.Categorical(["a"])}),
    "series": lambda: pd.Series([1.0], index=pd.MultiIndex.from_tuples([(1, 2)])),
    "indexes": lambda: [pd.interval_range(0, 3), pd.period_range("2020", periods=3), pd.Timestamp("2020", tz="UTC")],
    "arrays of pandas": lambda: [pd.array([1, None], dtype="Int64"), pd.array([True, None], dtype="boolean"), pd.NA],
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("what", OBJECTS)
def test_what_python_pickles_is_safe(what: str, protocol: int) -> None:
    assert findings(pickle.dumps(OBJECTS[what](), protocol=protocol)) == []


def test_several_pickles_in_a_row_are_safe() -> None:
    assert verdict(b"".join(pickle.dumps({"row": row}) for row in range(1000))) is SAFE


PARSER = """
def _parse_args(self, df, loc=0, scale=1):
    return (df,), loc, scale

def _parse_args_rvs(self, df, loc=0, scale=1, size=None):
    return self._argcheck_rvs(df, loc, scale, size=size)

def _parse_args_stats(self, df, loc=0, scale=1, moments='mv'):
    return (df,), loc, scale, moments
"""
FUNCTION = name("scipy.unheard", "f")
SYMBOL = name("sympy.core.symbol", "Symbol") + group(text("x")) + b"\x81"
OF_LIBRARIES = {
    "a class on no list of its own": whole(instance("sklearn.cluster._unheard", "Unheard", {"a": number(1)})),
    "a class within a class": whole(stack_name("torchmetrics.unheard", "Metric.State") + b")\x81", protocol=4),
    "a function, only named": whole(name("sklearn.feature_selection", "unheard")),
    "a member of an enumeration": whole(call(name("builtins", "getattr"), name("timm.unheard", "Mode"), text("FAST"))),
    "an extension type": whole(
        call(name("pandas._libs.x", "__pyx_unpickle_T"), name("pandas._libs.x", "T"), number(1), b"N")
    ),
    "a frozen function": whole(call(name("functools", "partial"), FUNCTION) + group(FUNCTION, group(), b"}", b"N") + b"b"),
    "a distribution": whole(instance("scipy.stats._continuous_distns", "chi2_gen", {"_parse_arg_template": text(PARSER)})),
    "a formula of calls": whole(
        instance(
            "statsmodels.base.data",
            "PandasData",
            {"formula": text("h ~ np.log(abs(b) + 1) + C(y, Treatment('a b')) * (k + w)")},
        )
    ),
    "a formula": whole(instance("statsmodels.base.data", "PandasData", {"formula": text("y ~ x + np.log(z) + C(k):w - 1")})),
    "an expression": whole(name("sympy.core.add", "Add") + group(SYMBOL) + b"\x81"),
    "a key": whole(call(name("operator", "attrgetter"), text("loss"), text("metrics.accuracy"))),
    "an entry": whole(call(name("operator", "itemgetter"), number(1), text("score"))),
    "a method": whole(call(name("operator", "methodcaller"), text("lower"))),
    "a class of a library of which classes alone are known": whole(instance("darts.unheard", "Unheard", {"a": number(1)})),
    "a function of it, only named": whole(name("captum.unheard", "compute_gradients")),
    "a method of a class, only named": whole(stack_name("matplotlib.axis", "Axis._format_with_dict"), protocol=4),
    "a class called with nothing, and filled": whole(call(name("cobra.unheard", "DictList")) + b"](" + number(1) + b"eb"),
    "a class within a class in old protocols": whole(
        call(name("__builtin__", "getattr"), name("matplotlib.patches", "BoxStyle"), text("Round")) + b")\x81"
    ),
    "a bound method as cloudpickle writes it": whole(
        call(
            call(name("cloudpickle.cloudpickle", "_builtin_type"), text("MethodType")),
            stack_name("sklearn.unheard", "Model.predict"),
            instance("sklearn.unheard", "Model", {}),
        ),
        protocol=4,
    ),
    "a bound method, frozen": whole(
        call(
            name("functools", "partial"),
            call(name("builtins", "getattr"), instance("matplotlib.axis", "XAxis", {}), text("set_scale")),
        )
    ),
    "a generic type": whole(call(name("operator", "getitem"), name("typing", "List"), name("builtins", "int"))),
}


@pytest.mark.parametrize("what", OF_LIBRARIES)
def test_what_known_libraries_pickle_is_safe(what: str) -> None:
    assert [found for found in findings(OF_LIBRARIES[what]) if found.verdict is not Verdict.SAFE] == []


def test_a_zip_file_whose_first_pickle_begins_like_another_is_no_pickle() -> None:
    assert not looks_like_pickle(b"PK\3\4" + b"\0" * 26 + b"archive/data.pkl\x80\x02ca\ncollections\nOrderedDict\n)R.")


SCALER = instance(
    "sklearn.preprocessing._data", "StandardScaler", {"mean_": numpy_array(), "_sklearn_version": text("1.5.0")}
)
TREE = (
    call(name("sklearn.tree._tree", "Tree"), number(4), numpy_array(), number(1)) + mapping({"nodes": numpy_array()}) + b"b"
)
PIPELINE = instance("sklearn.pipeline", "Pipeline", {"steps": b"](" + group(text("scale"), SCALER) + b"e", "memory": b"N"})
FOREST = instance("sklearn.ensemble._forest", "RandomForestClassifier", {"estimators_": b"](" + TREE + b"e"})
OLD_CLASS = call(name("copy_reg", "_reconstructor"), name("sklearn.svm.classes", "SVC"), name("__builtin__", "object"), b"N")
TRAINING_ARGUMENTS = instance(
    "transformers.training_args",
    "TrainingArguments",
    {
        "output_dir": text("out"),
        "lr_scheduler_type": call(name("transformers.trainer_utils", "SchedulerType"), text("linear")),
        "eval_strategy": call(name("transformers.trainer_utils", "IntervalStrategy"), text("no")),
        "hub_strategy": call(name("transformers.trainer_utils", "HubStrategy"), text("every_save")),
        "optim": call(name("transformers.training_args", "OptimizerNames"), text("adamw_torch")),
        "accelerator_config": instance("transformers.trainer_pt_utils", "AcceleratorConfig", {"split_batches": b"\x89"}),
        "distributed_state": instance("accelerate.state", "PartialState", {"_cpu": b"\x89"}),
        "distributed_type": call(name("accelerate.utils.dataclasses", "DistributedType"), text("NO")),
        "device": call(name("torch", "device"), text("cuda"), number(0)),
        "deepspeed_plugin": b"N",
    },
)
MODULE = instance(
    "torch.nn.modules.linear", "Linear", {"_parameters": state_dict(weight=tensor("0", 3)), "training": b"\x88"}
)
YOLO = instance(
    "ultralytics.nn.tasks", "DetectionModel", {"args": instance("ultralytics.utils", "IterableSimpleNamespace", {})}
)
LIGHTNING = mapping(
    {
        "callbacks": b"}" + name("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint") + b"N" + b"s",
        "hyper_parameters": instance("omegaconf.dictconfig", "DictConfig", {"_metadata": b"N"}),
        "args": instance("argparse", "Namespace", {"lr": b"G" + bytes(8)}),
    }
)


@pytest.mark.parametrize(
    "body", [SCALER, TREE, PIPELINE, FOREST, OLD_CLASS], ids=["scaler", "tree", "pipeline", "forest", "old support vectors"]
)
def test_estimators_of_scikit_learn_are_safe(body: bytes) -> None:
    assert findings(whole(body)) == []


@pytest.mark.parametrize(
    "body",
    [state_dict(weight=tensor("0", 3)), TRAINING_ARGUMENTS, MODULE, YOLO, LIGHTNING],
    ids=["weights", "training arguments", "module", "YOLO", "Lightning"],
)
def test_checkpoints_of_torch_are_safe(body: bytes) -> None:
    assert findings(whole(body), "pytorch_model.bin", ("archive/data.pkl",)) == []


@pytest.mark.parametrize("kind", ["FloatStorage", "BFloat16Storage", "LongStorage"])
def test_a_legacy_file_of_torch_is_safe(kind: str) -> None:
    size = {"FloatStorage": 4, "BFloat16Storage": 2, "LongStorage": 8}[kind]
    one, two = tensor("1", 3, kind), tensor("2", 70_000, kind)
    numbers = (3).to_bytes(8, "little") + bytes(3 * size) + (70_000).to_bytes(8, "little") + bytes(70_000 * size)
    assert findings(LegacyTorch(state_dict(a=one, b=two, c=one), ("1", "2"), numbers).written()) == []


def test_a_type_of_torchscript_is_safe_in_its_archive_only() -> None:
    body = whole(instance("__torch__.module", "Net", {"training": b"\x88"}))
    assert verdict(body, "model.pt", ("model/data.pkl",)) is SAFE
    assert verdict(body) is SUSPICIOUS


def test_arrays_of_joblib_are_safe() -> None:
    objects = pickle.dumps(np.array(["x", None, {"k": 1}], dtype=object), protocol=2)
    arrays = [
        joblib_array(group(number(2), number(3)), "f8", b"c" * 48),
        joblib_array(group(number(5)), "i2", bytes(10), aligned=False),
        joblib_array(group(number(2)), "U3", b"\xff" * 24),
        joblib_array(b")", "f8", bytes(8)),
        joblib_array(group(number(3)), "O8", objects, flags=63, aligned=False),
        joblib_array(group(number(1)), "f4", bytes(4), module="sklearn.externals.joblib.numpy_pickle"),
        joblib_array(group(number(300_000)), "f8", b"\0" * 2_400_000),
    ]
    assert findings(whole(b"](" + b"".join(arrays) + b"e")) == []


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (text("model.pkl_01.npy"), SAFE),
        (text("model.pkl_01.npy.z"), SAFE),
        (text("../model.npy"), SUSPICIOUS),
        (text("/tmp/model.npy"), SUSPICIOUS),
        (text("..\\model.npy"), SUSPICIOUS),
        (text("model.pkl"), SUSPICIOUS),
        (call(name("builtins", "str"), text("model.npy")), SUSPICIOUS),
    ],
)
def test_an_array_of_old_joblib_lies_beside_it(file: bytes, expected: Verdict) -> None:
    for module in ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"):
        state = {"filename": file, "subclass": name("numpy", "ndarray"), "allow_mmap": b"\x88"}
        assert verdict(whole(instance(module, "NDArrayWrapper", state))) is expected


def test_a_tensor_inside_a_plain_pickle_is_safe() -> None:
    """Outside torch.save, a storage pickles itself as the bytes of a legacy file."""
    inner = LegacyTorch().written()
    as_bytes = b"B" + len(inner).to_bytes(4, "little") + inner
    as_text = call(name("_codecs", "encode"), text(inner.decode("latin-1")), text("latin1"))
    assert findings(whole(call(name("torch.storage", "_load_from_bytes"), as_bytes))) == []
    assert findings(whole(call(name("torch.storage", "_load_from_bytes"), as_text))) == []


def test_bytes_that_only_begin_like_a_pickle_are_data() -> None:
    assert findings(pickle.dumps([b"\x80\x04\x95\0\0", b"\x80\x02" + bytes(range(256)) * 10])) == []


GETATTR = name("builtins", "getattr")
ATTRIBUTES = {
    "a member of an enumeration in Python 3.11": call(
        GETATTR, name("transformers.trainer_utils", "SchedulerType"), text("LINEAR")
    ),
    "a bound method of a text": call(GETATTR, text("abc"), text("split")),
    "a method of a type": call(GETATTR, name("builtins", "str"), text("lower")),
    "a bound method of an estimator": call(
        GETATTR, instance("sklearn.preprocessing._data", "StandardScaler", {}), text("transform")
    ),
    "a named time zone": call(
        call(GETATTR, name("zoneinfo", "ZoneInfo"), text("_unpickle")), text("Europe/Berlin"), number(1)
    ),
    "a union of types": call(
        name("functools", "reduce"), name("_operator", "or_"), group(name("builtins", "int"), name("builtins", "str"))
    ),
    "the type of None": call(name("builtins", "type"), b"N"),
    "a partial class": call(name("functools", "partial"), name("torch.nn.modules.normalization", "LayerNorm"))
    + group(name("torch.nn.modules.normalization", "LayerNorm"), b")", mapping({"eps": number(1)}), b"N")
    + b"b",
}


@pytest.mark.parametrize("what", ATTRIBUTES)
def test_what_is_harmless_by_its_arguments_is_safe_and_said_to_be(what: str) -> None:
    """Other scanners object to the names alone, so the note is for them."""
    found = findings(whole(ATTRIBUTES[what]))
    assert [(finding.rule, finding.verdict) for finding in found] == [("pickle.cleared", SAFE)]


def test_names_of_protocol_4_are_found_through_the_memo() -> None:
    body = text("collections") + b"\x94" + text("OrderedDict") + b"\x94" + b"\x93\x94)R" + b"h\0h\1\x93)R\x86"
    assert findings(whole(body, protocol=4)) == []
    assert findings(whole(stack_name("collections", "OrderedDict") + b")R", protocol=4)) == []


def test_a_state_of_a_dtype_is_no_state_of_an_array() -> None:
    assert findings(whole(dtype("V8"))) == []


def test_storages_are_expected_in_a_file_of_torch_only() -> None:
    assert verdict(whole(storage_id("0", 3)), "model.bin", ("archive/data.pkl",)) is SAFE
    assert verdict(whole(storage_id("0", 3))) is SUSPICIOUS


@pytest.mark.parametrize(("module", "expected"), [("sklearn.unheard", SAFE), ("unheard.module", SUSPICIOUS)])
def test_names_of_a_known_library_are_remembered_however_long_ago_they_stood(module: str, expected: Verdict) -> None:
    many = b"(" + (b"K\x01\x94" * 150_000) + b"l"
    beside = b"h\x00" + text("Other") + b"\x93)\x81" + text("sklearn.other") + b"h\x01" + b"\x93)\x81"
    body = text(module) + b"\x94" + text("Unheard") + b"\x94\x93" + many + beside + b"\x86\x87"
    assert verdict(whole(body, protocol=4)) is expected
