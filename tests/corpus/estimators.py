"""Pickles of scikit-learn and joblib, whose arrays lie between the opcodes, and calls hidden among them."""

import zlib
from collections.abc import Iterator
from typing import Any

from tests.corpus.archives import PACKERS
from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import reduced_4
from tests.corpus.pickling import Called, Global, New, dumps
from tests.corpus.sample import COMMAND, Sample, benign, hostile

NDARRAY, DTYPE, RECONSTRUCT = (
    Global("numpy", "ndarray"),
    Global("numpy", "dtype"),
    Global("numpy.core.multiarray", "_reconstruct"),
)


def dtype(code: str) -> Called:
    order = "|" if code in {"O8", "b1", "u1"} else "<"
    return Called(DTYPE, (code, False, True), (3, order, None, None, None, -1, -1, 63 if code == "O8" else 0))


def array(shape: tuple[int, ...], code: str, data: bytes) -> Called:
    return Called(RECONSTRUCT, (NDARRAY, (0,), b"b"), (1, shape, dtype(code), False, data))


def wrapped(shape: tuple[int, ...], code: str, data: bytes, padding: bytes = b"\x04" + b"\xff" * 4) -> New:
    """joblib's stand-in for an array, whose bytes follow in the stream after padding to 16."""
    state = {
        "subclass": NDARRAY,
        "shape": shape,
        "order": "C",
        "dtype": dtype(code),
        "allow_mmap": True,
        "numpy_array_alignment_bytes": 16,
    }
    return New(Global("joblib.numpy_pickle", "NumpyArrayWrapper"), (), state, padding + data)


def logistic(coefficients: Any) -> New:
    state = {
        "penalty": "l2",
        "C": 1.0,
        "solver": "lbfgs",
        "classes_": array((2,), "i8", bytes(16)),
        "coef_": coefficients,
        "_sklearn_version": "1.5.2",
    }
    return New(Global("sklearn.linear_model._logistic", "LogisticRegression"), (), state)


def forest() -> New:
    tree_dtype = Called(
        DTYPE,
        ("V16", False, True),
        (
            3,
            "|",
            None,
            ("left_child", "threshold"),
            {"left_child": (dtype("i8"), 0), "threshold": (dtype("f8"), 8)},
            16,
            1,
            16,
        ),
    )
    nodes = Called(RECONSTRUCT, (NDARRAY, (0,), b"b"), (1, (1,), tree_dtype, False, bytes(16)))
    tree = Called(
        Global("sklearn.tree._tree", "Tree"),
        (4, array((1,), "i8", bytes(8)), 1),
        {"max_depth": 1, "node_count": 1, "nodes": nodes, "values": array((1,), "f8", bytes(8))},
    )
    one = New(
        Global("sklearn.tree._classes", "DecisionTreeClassifier"), (), {"criterion": "gini", "tree_": tree, "n_classes_": 2}
    )
    state = {"estimators_": [one], "n_estimators": 1, "random_state": None, "_sklearn_version": "1.5.2"}
    return New(Global("sklearn.ensemble._forest", "RandomForestClassifier"), (), state)


def pipeline() -> New:
    scaler = New(
        Global("sklearn.preprocessing._data", "StandardScaler"),
        (),
        {"with_mean": True, "mean_": array((1,), "f8", bytes(8))},
    )
    return New(
        Global("sklearn.pipeline", "Pipeline"),
        (),
        {"steps": [("scaler", scaler), ("model", logistic(array((1, 1), "f8", bytes(8))))]},
    )


def samples() -> Iterator[Sample]:
    yield from benign("estimator", "joblib.dump and pickle.dump", _ordinary())
    yield from hostile("estimator", "what comes between and behind the arrays is a pickle too", _hostile())


def _hostile() -> dict[str, bytes]:
    arrays, run = wrapped((4,), "f8", bytes(32)), Called(Global("os", "system"), (COMMAND,))
    return {
        "behind-array/model.joblib": dumps({"a": arrays, "b": run}, 4, in_frame=False),
        "before-array/model.joblib": dumps({"b": run, "a": arrays}, 4, in_frame=False),
        "object-array/model.joblib": dumps({"a": wrapped((1,), "O8", reduced_4(SYSTEM), b"")}, 4, in_frame=False),
        "array-too-short/model.joblib": dumps({"a": wrapped((4,), "f8", bytes(8)), "b": run}, 4, in_frame=False),
        "coefficients/model.pkl": dumps(logistic(run), 4),
        "behind-forest/model.pkl": dumps(forest(), 4) + reduced_4(SYSTEM),
    }


def _ordinary() -> dict[str, bytes]:
    floats = bytes(range(32))
    files = {
        "logistic/model.pkl": dumps(logistic(array((1, 4), "f8", floats)), 4),
        "logistic-protocol-2/model.pkl": dumps(logistic(array((1, 4), "f8", floats)), 2),
        "logistic-protocol-0/model.pkl": dumps(logistic(array((1, 4), "f8", floats)), 0),
        "forest/model.pkl": dumps(forest(), 4),
        "forest/model.joblib": dumps(forest(), 3),
        "pipeline/model.pkl": dumps(pipeline(), 4),
        "logistic/model.joblib": dumps(logistic(wrapped((1, 4), "f8", floats)), 4, in_frame=False),
        "two-arrays/model.joblib": dumps(
            {"a": wrapped((4,), "f8", floats), "b": wrapped((8,), "f4", floats), "n": 3}, 4, in_frame=False
        ),
        "compressed/model.joblib": zlib.compress(dumps(logistic(wrapped((1, 4), "f8", floats)), 4, in_frame=False), 3),
        "arrays/embeddings.pkl": dumps({"ids": ["a", "b"], "vectors": array((2, 2), "f8", floats)}, 4),
        "objects/labels.pkl": dumps(
            Called(RECONSTRUCT, (NDARRAY, (0,), b"b"), (1, (2,), dtype("O8"), False, ["a", None])), 4
        ),
    }
    return files | {
        f"compressed-{suffix}/model.joblib": PACKERS[suffix](files["forest/model.pkl"])
        for suffix in ("gz", "bz2", "xz", "lz4")
    }
