"""NumPy's files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"""

import io
from collections.abc import Iterator

import numpy as np

from tests.corpus.gadgets import EVAL, SYSTEM
from tests.corpus.hostile_pickles import among_weights, reduced_2, reduced_4
from tests.corpus.sample import COMMAND, Sample, benign, hostile
from tests.corpus.zips import Ending, Member, zip_of, zipped


def npy(header: str, data: bytes, version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    size = 2 if version == (1, 0) else 4
    text = header.encode() + b" " * (-(len(header) + 9 + size) % 64) + b"\n"
    packed = (len(text) if length is None else length).to_bytes(size, "little")
    return b"\x93NUMPY" + bytes(version) + packed + text + data


def header(descr: str, shape: str) -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"


def saved(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


FLOATS = saved(np.linspace(0, 1, 12).reshape(3, 4))
OBJECT = header("'|O'", "(1,)")


def samples() -> Iterator[Sample]:
    yield from hostile("npy-object", "CVE-2019-6446: an object array is a pickle", _objects())
    yield from hostile("npy-structure", "headers and data that disagree", _structures())
    yield from hostile("npz", "arrays in a zip", _zipped())
    tables = {
        "floats": FLOATS,
        "fortran": saved(np.asfortranarray(np.ones((3, 4), dtype=np.float16))),
        "records": saved(np.zeros(3, dtype=[("a", "<f4"), ("b", "S5"), ("c", "<i8", (2,))])),
        "text": saved(np.array(["one", "three"])),
        "empty": saved(np.zeros((0, 3))),
        "scalar": saved(np.array(3.5)),
        "big-endian": saved(np.arange(4, dtype=">i4")),
        "version-2": npy(header("'<f8'", "(2,)"), bytes(16), (2, 0)),
    }
    yield from benign("npy-structure", "numpy.save", {f"{what}/array.npy": data for what, data in tables.items()})
    yield from benign("npy-object", "booleans", {"mask/mask.npy": saved(np.array([True, False]))})
    yield from benign("npz", "numpy.savez", {"two/data.npz": zip_of({"x.npy": FLOATS, "y.npy": tables["text"]})})


def _objects() -> dict[str, bytes]:
    return {
        "system/array.npy": npy(OBJECT, reduced_4(SYSTEM)),
        "eval/array.npy": npy(OBJECT, reduced_2(EVAL)),
        "among/array.npy": npy(OBJECT, among_weights(SYSTEM), (2, 0)),
        "record/array.npy": npy(header("[('a', '<f4'), ('b', '|O')]", "(1,)"), reduced_4(SYSTEM)),
        "nested-record/array.npy": npy(header("[('a', [('b', '|O')])]", "(1,)"), reduced_4(SYSTEM)),
        "version-3/array.npy": npy(OBJECT, reduced_4(SYSTEM), (3, 0)),
        "renamed/embeddings.bin": npy(OBJECT, reduced_4(SYSTEM)),
    }


def _structures() -> dict[str, bytes]:
    return {
        "after-data/array.npy": FLOATS + reduced_4(SYSTEM),
        "claims-floats/array.npy": npy(header("'<f8'", "(1,)"), reduced_4(SYSTEM)),
        "short/array.npy": FLOATS[:-8],
        "huge-shape/array.npy": npy(header("'<f8'", "(1 << 60,)"), bytes(8)),
        "overflow/array.npy": npy(header("'<f8'", "(4294967296, 4294967296)"), bytes(8)),
        "negative/array.npy": npy(header("'<f8'", "(-1,)"), bytes(8)),
        "code-in-header/array.npy": npy(f"__import__('os').system({COMMAND!r})", b""),
        "more-keys/array.npy": npy(header("'<f8'", "(1,)")[:-1] + "'x': 1}", bytes(8)),
        "not-a-dict/array.npy": npy("[1, 2]", b""),
        "header-length/array.npy": npy(header("'<f8'", "(1,)"), bytes(8), (2, 0), 1 << 30),
        "version-9/array.npy": npy(header("'<f8'", "(1,)"), bytes(8), (9, 0)),
        "deep-header/array.npy": npy("(" * 5_000 + ")" * 5_000, b"", (2, 0)),
    }


def _zipped() -> dict[str, bytes]:
    bad = npy(OBJECT, reduced_4(SYSTEM))
    return {
        "object/data.npz": zip_of({"x.npy": FLOATS, "y.npy": bad}),
        "pickle/data.npz": zip_of({"x.npy": FLOATS, "y.pkl": reduced_4(SYSTEM)}),
        "pickle-as-npy/data.npz": zip_of({"x.npy": reduced_4(SYSTEM)}),
        "renamed/data.bin": zip_of({"x.npy": bad}),
        "twice/data.npz": zipped([Member("x.npy", FLOATS), Member("x.npy", bad)]),
        "not-in-central/data.npz": zipped([Member("x.npy", FLOATS), Member("y.npy", bad, in_central=False)]),
        "after-end/data.npz": zipped([Member("x.npy", FLOATS)], Ending(after=bad)),
        "python/data.npz": zip_of({"x.npy": FLOATS, "__init__.py": f"import os\nos.system({COMMAND!r})\n".encode()}),
    }
