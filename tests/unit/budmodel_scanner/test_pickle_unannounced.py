"""A pickle that names no protocol, in whatever holds bytes or texts: nothing but its opcodes tells it."""

import io
import json
import pickle
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable

import numpy as np
import pytest

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.pickles.unannounced import is_unannounced
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Verdict, verdict_of

HOSTILE = [
    b"cshutil\nrmtree\np0\n(V/home\np1\ntp2\nRp3\n.",
    b"(lp0\nI1\naI2\nacshutil\nrmtree\np1\n(V/home\np2\ntp3\nRp4\na.",
    b"(dp0\nVa\np1\nI1\nsVb\np2\ncrunpy\nrun_path\np3\n(V/tmp/x\np4\ntp5\nRp6\ns.",
    b"(S'/home'\nishutil\nrmtree\n.",
    b"(cshutil\nrmtree\nS'/home'\no.",
    b"}q\x00X\x01\x00\x00\x00aq\x01cshutil\nrmtree\nq\x02(X\x05\x00\x00\x00/homeq\x03tq\x04Rq\x05s.",
    b"}\x94\x8c\x01w\x94\x8c\x06shutil\x94\x8c\x06rmtree\x94\x93\x94\x8c\x05/home\x94\x85\x94R\x94s.",
]
ORDINARY = [
    pickle.dumps({"a": 1, "b": [2, 3]}, 0),
    b"cats\ndogs\nbirds\n",
    b"(c) some\nbody\n",
    b"}q\x00X\x01\x00\x00\x00aq\x01K\x01s.",
]


def array(data: bytes) -> bytes:
    file = io.BytesIO()
    np.save(file, np.frombuffer(data, np.uint8))
    return file.getvalue()


def wide_array(data: bytes) -> bytes:
    file = io.BytesIO()
    np.save(file, np.frombuffer(data, np.uint8).astype(np.int64))
    return file.getvalue()


def tensors(data: bytes) -> bytes:
    header = json.dumps({"t": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}}).encode()
    return struct.pack("<Q", len(header)) + header + data


CARRIERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("a.json", lambda data: json.dumps({"state": b64encode(data).decode()}).encode()),
    ("a.json", lambda data: json.dumps({"state": data.hex()}).encode()),
    ("a.json", lambda data: json.dumps({"state": data.decode("latin-1")}).encode()),
    ("a.json", lambda data: json.dumps({"state": b64encode(zlib.compress(data)).decode()}).encode()),
    ("a.yaml", lambda data: b"state: " + b64encode(data) + b"\n"),
    ("a.csv", lambda data: b"a,b\n1," + b64encode(data) + b"\n"),
    ("a.py", lambda data: f"STATE = {data!r}\n".encode()),
    ("a.npy", array),
    ("a.npy", wide_array),
    ("a.safetensors", tensors),
    ("a.pkl", lambda data: pickle.dumps({"x": data})),
    ("a.pkl", lambda data: pickle.dumps({"x": b64encode(data).decode()})),
]


def said(data: bytes, name: str) -> Verdict:
    return verdict_of(examine_file(MemoryContent(data), Place(name)))


@pytest.mark.parametrize(("name", "carry"), CARRIERS)
@pytest.mark.parametrize("data", HOSTILE)
def test_it_counts_by_what_it_does(data: bytes, name: str, carry: Callable[[bytes], bytes]) -> None:
    assert said(carry(data), name) is Verdict.MALICIOUS


@pytest.mark.parametrize(("name", "carry"), CARRIERS)
@pytest.mark.parametrize("data", ORDINARY)
def test_what_imports_nothing_is_none(data: bytes, name: str, carry: Callable[[bytes], bytes]) -> None:
    assert not is_unannounced(data)
    assert said(carry(data), name) is Verdict.SAFE
