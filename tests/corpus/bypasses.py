"""What other scanners were passed by, or could be: things that load without a call that any list would name.

Advisories of picklescan, fickling, modelscan and modelaudit of 2025 and 2026, numpy's `__setstate__`, onnx's external data.
"""

import base64
import gzip
import marshal
import pickle
import struct
import tarfile
import zlib
from collections.abc import Iterator

import numpy as np

from tests.corpus.archives import tar
from tests.corpus.arrays import FLOATS, header, npy, saved
from tests.corpus.binaries import elf, png
from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import WEIGHTS, reduced_4
from tests.corpus.keras_files import DENSE, INPUT, keras, layer, model
from tests.corpus.pickling import Called, Global, call, dumps, find, literal, plain
from tests.corpus.protobufs import constant, onnx, operator
from tests.corpus.sample import HOST, Sample, benign, hostile
from tests.corpus.tensor_headers import ORDINARY, STRING, TENSORS, gguf, pair, safetensors, string, tensor
from tests.corpus.torch_files import Checkpoint, state_dict, torch_members, torch_zip, torchscript
from tests.corpus.zips import Ending, Member, zip_of, zipped

BAD = reduced_4(SYSTEM)
_ADDRESS = b"C\x08AAAAAAAA"
_LEVELS = 60


def samples() -> Iterator[Sample]:
    yield from hostile("pickle-endless", "allowed functions that take all memory or time", _endless())
    yield from benign("pickle-endless", "the same functions at work", _ending())
    yield from hostile("pickle-expansion", "each object holds the last one twice", _expansions())
    yield from benign("pickle-expansion", "objects that share others", _sharing())
    yield from hostile("pickle-addresses", "numpy takes the bytes of object arrays for addresses", _addresses())
    yield from benign("pickle-addresses", "arrays of objects and of records", _arrays())
    yield from hostile("dropper", "a program or a pickle in the place of numbers", _droppers())
    yield from benign("dropper", "numbers that begin like nothing", _numbers())
    yield from hostile("reader-differences", "what one reader sees and another does not", _differences())
    yield from benign("reader-differences", "torch.jit.trace", {"traced/model.pt": _traced()})
    yield from hostile("external-data", "memory, ranges and keys of onnx external data", _external())
    yield from benign("external-data", "onnx.save(save_as_external_data=True)", {"external/model.onnx": _beside(offset="0")})


def _given(module: str, name: str, argument: bytes) -> bytes:
    return plain(find(module, name) + argument + b"\x85R")


def _endless() -> dict[str, bytes]:
    counting, many = call(find("itertools", "count")), call(find("builtins", "range"), 10**12)
    exponent = call(find("decimal", "Decimal"), "1e999999999")
    return {
        "count-in-list/model.pkl": _given("builtins", "list", counting),
        "count-in-deque/model.pkl": _given("collections", "deque", counting),
        "count-in-counter/model.pkl": _given("collections", "Counter", counting),
        "range-in-deque/model.pkl": _given("collections", "deque", many),
        "range-in-counter/model.pkl": _given("collections", "Counter", many),
        "range-in-userlist/model.pkl": _given("collections", "UserList", many),
        "int-of-exponent/model.pkl": _given("builtins", "int", exponent),
        "fraction-of-exponent/model.pkl": _given("fractions", "Fraction", exponent),
        "fraction-of-text/model.pkl": plain(call(find("fractions", "Fraction"), "1e999999999")),
        "tensor/model.pkl": plain(call(find("torch", "FloatTensor"), 10**12)),
        "storage/model.pkl": plain(call(find("torch", "FloatStorage"), 10**13)),
        "recarray/model.pkl": plain(call(find("numpy", "recarray"), (10**13,))),
    }


def _ending() -> dict[str, bytes]:
    values = [
        Called(Global("fractions", "Fraction"), ("3/4",)),
        Called(Global("decimal", "Decimal"), ("1e-9",)),
        Called(Global("builtins", "range"), (0, 10**12, 1)),
        Called(Global("collections", "deque"), ([1, 2], 10)),
        Called(Global("itertools", "count"), (3,)),
    ]
    return {"values/state.pkl": dumps(values, 4)}


def _doubled(first: bytes, each: bytes) -> bytes:
    """`each` makes an object of the memo's last entry, `%b`."""
    body = first + b"q\x000"
    for level in range(_LEVELS):
        body += each.replace(b"%b", b"h" + bytes([level])) + b"q" + bytes([level + 1]) + b"0"
    return b"\x80\x04" + body + b"h" + bytes([_LEVELS]) + b"."


def _expansions() -> dict[str, bytes]:
    lines = b"".join(b"(lp%d\ng%d\nag%d\na0" % (level + 1, level, level) for level in range(_LEVELS))
    return {
        "lists/model.pkl": _doubled(b"]", b"](%b%be"),
        "appended/model.pkl": _doubled(b"]", b"]%ba%ba"),
        "dicts/model.pkl": _doubled(b"}", b"}(K\x01%bK\x02%bu"),
        "tuples/model.pkl": _doubled(b")", b"%b%b\x86"),
        "marked/model.pkl": _doubled(b")", b"(%b%b%bt"),
        "protocol-0/model.pkl": b"(lp0\n0" + lines + b"g%d\n." % _LEVELS,
        "key/model.pkl": plain(b"})" + b"2\x86" * _LEVELS + b"Ns"),
        "in-a-set/model.pkl": plain(b"\x8f()" + b"2\x86" * _LEVELS + b"\x90", 4),
        "frozen/model.pkl": plain(b"()" + b"2\x86" * _LEVELS + b"\x91", 4),
    }


def _sharing() -> dict[str, bytes]:
    config = {"layers": [{"units": number, "shape": (1, (2, (3, 4)))} for number in range(50)]}
    shared = {"configs": [config] * 2_000, "pairs": [(config, config)] * 100, "weights": WEIGHTS}
    return {f"protocol-{protocol}/state.pkl": pickle.dumps(shared, protocol) for protocol in (0, 2, 4)}


def _array(code: str, flags: int, names: bytes = b"N", fields: bytes = b"N") -> bytes:
    kind = call(find("numpy", "dtype"), code, False, True)
    kind += b"(K\x03" + literal("|") + b"N" + names + fields + literal(-1) + literal(-1) + b"K" + bytes([flags]) + b"tb"
    array = find("numpy.core.multiarray", "_reconstruct") + find("numpy", "ndarray") + b"K\x00\x85C\x01b\x87R"
    return plain(array + b"(K\x01K\x01\x85" + kind + b"\x89" + _ADDRESS + b"tb", 4)


def _addresses() -> dict[str, bytes]:
    member = b"}" + literal("a") + call(find("numpy", "dtype"), "O8", False, True) + b"K\x00\x86s"
    return {
        "objects/model.pkl": _array("O8", 63),
        "without-flags/model.pkl": _array("O8", 0),
        "floats-with-references/model.pkl": _array("f8", 1),
        "field/model.pkl": _array("V8", 0, literal(("a",)), member),
    }


def _arrays() -> dict[str, bytes]:
    records = np.zeros(3, dtype=[("a", "<f4"), ("b", "<i8")])
    mixed = np.array([(1, "x"), (2, None)], dtype=[("a", "<i4"), ("b", "O")])
    words = np.array(["a", None, {"b": 1}], dtype=object)
    return {
        f"protocol-{protocol}/state.pkl": pickle.dumps([records, mixed, words, np.float32(1)], protocol)
        for protocol in (0, 2, 4, 5)
    }


def _bytes_tensor(data: bytes) -> bytes:
    return safetensors({"x": tensor("U8", [len(data)], 0, len(data))}, data)


def _droppers() -> dict[str, bytes]:
    program, archive = elf(), zip_of({"archive/data.pkl": BAD})
    code = marshal.dumps(compile("print('budmodel-corpus')", "corpus", "exec"))
    template = "{{ ''.__class__.__mro__ }}"
    described = {"x": tensor("F32", [1], 0, 4)}
    return {
        "elf/model.safetensors": _bytes_tensor(program),
        "pickle/model.safetensors": _bytes_tensor(BAD),
        "zip/model.safetensors": _bytes_tensor(archive),
        "elf/model.gguf": gguf(ORDINARY, TENSORS, program[:160].ljust(160, b"\0")),
        "pickle/model.gguf": gguf(ORDINARY, TENSORS, BAD.ljust(160, b"\0")),
        "elf/array.npy": npy(header("'|u1'", f"({len(program)},)"), program),
        "pickle/array.npy": npy(header("'|u1'", f"({len(BAD)},)"), BAD),
        "gzip/array.npy": npy(header("'|u1'", "(40,)"), gzip.compress(BAD, mtime=0)[:40].ljust(40, b"\0")),
        "code/model.bin": code,
        "compiled/model.bin": b"\xa7\r\r\n" + bytes(12) + code,
        "template/model.safetensors": safetensors({"__metadata__": {"chat_template": template}, **described}, bytes(4)),
        "template/model.gguf": gguf([*ORDINARY, pair("my.prompt", STRING, string(template))], TENSORS, bytes(160)),
        "text-chunk/picture.png": png(_text_chunk(b"tEXt", b"Comment\0" + base64.b64encode(BAD))),
        "packed-chunk/picture.png": png(_text_chunk(b"zTXt", b"x\0\0" + zlib.compress(b"__import__('os').system('echo')"))),
        "image/favicon.ico": b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 1, 1, 0, 0, 1, 32, len(BAD), 22) + BAD,
        "table/font.ttf": b"\0\1\0\0\0\1\0\0\0\0\0\0evil" + struct.pack(">III", 0, 28, len(program)) + program,
    }


def _text_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _numbers() -> dict[str, bytes]:
    noise = np.random.default_rng(5).standard_normal(64).astype(np.float32)
    data = noise.tobytes()
    return {
        "noise/model.safetensors": safetensors({"x": tensor("F32", [64], 0, 256)}, data),
        "noise/model.gguf": gguf(ORDINARY, TENSORS, data[:160]),
        "noise/array.npy": saved(noise),
    }


def _traced() -> bytes:
    """`traced_inputs.pkl` names the tensors that the module was traced with, by storages of its own folder."""
    weights = Checkpoint()
    inputs = dumps(state_dict(weights))
    extra = [Member("archive/traced_inputs.pkl", inputs)]
    extra += [Member(f"archive/traced_inputs/{number}", data) for number, data in enumerate(weights.storages)]
    return zipped([*torch_members(inputs, weights.storages), *extra], Ending(zip64=True))


def _differences() -> dict[str, bytes]:
    weights = Checkpoint()
    good = dumps(state_dict(weights))
    first, *rest = torch_members(good, weights.storages)
    end = Ending(zip64=True)
    unicode_path = struct.pack("<HHBI", 0x7075, 5 + 16, 1, zlib.crc32(first.name.encode())) + b"archive/evil.pkl"
    sizes = struct.pack("<HHQQ", 1, 16, 4, 4)
    pax = _named("a.txt", {"comment": "cos\nsystem\n(S'echo'\ntR."})
    return {
        "traced-inputs/model.pt": zipped([first, *rest, Member("archive/traced_inputs.pkl", BAD)], end),
        "unicode-path/model.pt": zipped([Member(first.name, first.data, central_extra=unicode_path), *rest], end),
        "extra-field/model.pt": zipped(
            [Member(first.name, first.data, central_extra=struct.pack("<HH", 0x4242, len(BAD)) + BAD), *rest], end
        ),
        "sizes-of-zip64/model.pt": zipped(
            [Member(first.name, first.data, local_extra=sizes, local_size=0xFFFFFFFF), *rest], end
        ),
        "nested-archive/model.pt": zipped([first, *rest, Member("archive/data/9", zip_of({"archive/data.pkl": BAD}))], end),
        "backslash/model.pt": zipped([first, *rest, Member("archive\\data.pkl", BAD)], end),
        "method-of-no-loader/model.pt": zipped([Member(first.name, first.data, method=93), *rest], end),
        "array-without-suffix/model.npz": zipped([Member("a.npy", FLOATS), Member("b", BAD)]),
        "second-config/model.keras": zip_of(
            {"Config.json": b"{}", "m/config.json": b"{}", "config.json": b"{}", "metadata.json": b"{}", "x.pkl": BAD}
        ),
        "pax-path/model.tar": tar([(_named("a.txt", {"path": "../../evil.txt"}), b"x")]),
        "pax-comment/model.tar": tar([(pax, b"x")]),
        "preset/model.keras": keras(model(INPUT, DENSE, layer("Backbone", {"name": "b", "preset": f"hf://{HOST}/x"}))),
        "proto/model.keras": keras(model(INPUT, DENSE, layer("Tokenizer", {"name": "t", "proto": "/etc/hostname"}))),
        "script-call/model.pt": torchscript("import os\n", dumps({"a": 1})),
        "not-first/model.pt": torch_zip(good + BAD, weights.storages),
    }


def _named(name: str, pax: dict[str, str]) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.pax_headers = pax
    info.size = 1
    return info


def _beside(**entries: str) -> bytes:
    return onnx([operator("Add")], [constant("w", [4], b"", external={"location": "model.onnx_data"} | entries)])


def _external() -> dict[str, bytes]:
    return {
        "memory/model.onnx": _beside(location="*/_ORT_MEM_ADDR_/*", offset="140000000", length="16"),
        "negative/model.onnx": _beside(offset="-8"),
        "far/model.onnx": _beside(offset=str(1 << 63), length="16"),
        "attribute/model.onnx": _beside(__class__="x"),
        "uri/model.onnx": _beside(location="file:///etc/hostname"),
        "share/model.onnx": _beside(location=f"\\\\{HOST}\\x"),
    }
