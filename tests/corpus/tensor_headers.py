"""Safetensors and GGUF: headers that tell where tensors lie, and headers that lie.

https://huggingface.co/docs/safetensors and https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import reduced_4
from tests.corpus.sample import Sample, benign, hostile
from tests.corpus.templates import CHATML, HOSTILE_TEMPLATES, LLAMA

BAD = reduced_4(SYSTEM)
UINT32, FLOAT32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9


def safetensors(header: dict[str, Any] | str, data: bytes = b"", length: int | None = None) -> bytes:
    text = (header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(dtype: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


WEIGHTS = {
    "__metadata__": {"format": "pt"},
    "model.embed_tokens.weight": tensor("BF16", [16, 4], 0, 128),
    "model.norm.weight": tensor("F32", [4], 128, 144),
    "model.scale": tensor("F32", [], 144, 148),
}
DATA = bytes(index % 253 for index in range(148))
MODEL = safetensors(WEIGHTS, DATA)


def string(value: str | bytes) -> bytes:
    encoded = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(encoded)) + encoded


def pair(key: str | bytes, kind: int, value: bytes) -> bytes:
    return string(key) + struct.pack("<I", kind) + value


def strings(values: Sequence[str]) -> bytes:
    return struct.pack("<IQ", STRING, len(values)) + b"".join(map(string, values))


def weight(
    name: str = "w", shape: Sequence[int] = (8,), kind: int = 0, offset: int = 0, dimensions: int | None = None
) -> bytes:
    counted = len(shape) if dimensions is None else dimensions
    return string(name) + struct.pack(f"<I{len(shape)}QIQ", counted, *shape, kind, offset)


def gguf(
    pairs: Sequence[bytes] = (),
    weights: Sequence[bytes] = (),
    data: bytes = b"",
    *,
    version: int = 3,
    pair_count: int | None = None,
    weight_count: int | None = None,
) -> bytes:
    counts = struct.pack(
        "<QQ", len(weights) if weight_count is None else weight_count, len(pairs) if pair_count is None else pair_count
    )
    out = b"GGUF" + struct.pack("<I", version) + counts + b"".join(pairs) + b"".join(weights)
    return out + bytes(-len(out) % 32) + data


ARCHITECTURE = pair("general.architecture", STRING, string("llama"))
ORDINARY = [
    ARCHITECTURE,
    pair("general.name", STRING, string("Tiny")),
    pair("llama.block_count", UINT32, struct.pack("<I", 2)),
    pair("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)),
    pair("tokenizer.ggml.add_bos_token", BOOL, b"\1"),
    pair("tokenizer.ggml.tokens", ARRAY, strings(["<s>", "</s>", "▁the", "<0x0A>"])),
    pair("tokenizer.ggml.scores", ARRAY, struct.pack("<IQ4f", FLOAT32, 4, 0, 0, -1, -2)),
    pair("tokenizer.chat_template", STRING, string(CHATML)),
]
TENSORS = [weight("token_embd.weight", [8, 4]), weight("output_norm.weight", [8], 0, 128)]
TENSOR_DATA = bytes(160)


def samples() -> Iterator[Sample]:
    yield from hostile("safetensors-header", "the format's rules, which readers check unevenly", _headers())
    yield from hostile("safetensors-content", "polyglots and payloads", _contents())
    yield from benign("safetensors-header", "save_file", _fine())
    yield from benign(
        "safetensors-content",
        "quantized",
        {"int4/model.safetensors": safetensors({"qweight": tensor("I32", [4], 0, 16)}, bytes(16))},
    )
    yield from hostile(
        "gguf-structure", "CVE-2024-21802, 21825, 21836, 23496, 23605, 25664 to 25668; CVE-2026-33298", _gguf_structures()
    )
    yield from hostile("gguf-template", "CVE-2024-34359: llama-cpp-python renders the file's template", _gguf_templates())
    yield from hostile("gguf-content", "payloads in and behind the file", _gguf_contents())
    yield from benign("gguf-structure", "gguf-py", {"tiny/tiny-f32.gguf": gguf(ORDINARY, TENSORS, TENSOR_DATA)})
    yield from benign("gguf-structure", "version 2", {"v2/tiny.gguf": gguf(ORDINARY, TENSORS, TENSOR_DATA, version=2)})
    llama = [*ORDINARY[:-1], pair("tokenizer.chat_template", STRING, string(LLAMA))]
    yield from benign("gguf-template", "a published template", {"llama/tiny.gguf": gguf(llama, TENSORS, TENSOR_DATA)})
    yield from benign("gguf-content", "vocabulary only", {"vocab/ggml-vocab-tiny.gguf": gguf(ORDINARY)})


def _fine() -> dict[str, bytes]:
    return {
        "model/model.safetensors": MODEL,
        "adapter/adapter_model.safetensors": safetensors({"a.lora_A.weight": tensor("F16", [2, 2], 0, 8)}, bytes(8)),
        "no-metadata/model.safetensors": safetensors({"w": tensor("F64", [2], 0, 16)}, bytes(16)),
        "types/model.safetensors": safetensors(
            {"a": tensor("F8_E4M3", [4], 0, 4), "b": tensor("BOOL", [4], 4, 8), "c": tensor("U8", [0], 8, 8)}, bytes(8)
        ),
        "training/model.safetensors": safetensors(
            {"__metadata__": {"ss_tag_frequency": '{"cat": 3}', "modelspec.title": "Tiny"}, "w": tensor("F32", [1], 0, 4)},
            bytes(4),
        ),
    }


def _headers() -> dict[str, bytes]:
    def one(dtype: str, shape: list[int], start: int, end: int, size: int = 16) -> bytes:
        return safetensors({"w": tensor(dtype, shape, start, end)}, bytes(size))

    text = json.dumps(WEIGHTS)
    files = {
        "too-long": safetensors(WEIGHTS, DATA, 1 << 40),
        "header-huge": safetensors(WEIGHTS, DATA, 1 << 63),
        "zero-length": struct.pack("<Q", 0) + DATA,
        "overlap": safetensors({"a": tensor("F32", [2], 0, 8), "b": tensor("F32", [2], 4, 12)}, bytes(12)),
        "hole": safetensors({"a": tensor("F32", [1], 0, 4), "b": tensor("F32", [1], 64, 68)}, bytes(68)),
        "leading-hole": one("F32", [1], 12, 16),
        "beyond-end": one("F32", [64], 0, 256),
        "backwards": one("F32", [1], 8, 4),
        "negative-offset": one("F32", [1], -4, 0),
        "negative-shape": one("F32", [-4], 0, 16),
        "shape-disagrees": one("F32", [1000], 0, 16),
        "overflow": one("F32", [2**62, 4], 0, 16),
        "unknown-type": one("PICKLE", [4], 0, 16),
        "duplicate-key": safetensors(
            text[:-1] + ', "model.scale": {"dtype":"F32","shape":[],"data_offsets":[144,148]}}', DATA
        ),
        "not-json": safetensors("{'a': 1", DATA),
        "not-an-object": safetensors("[]", DATA),
        "nan": safetensors('{"w":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', bytes(4)),
        "float-offsets": safetensors('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0.0,4.0]}}', bytes(4)),
        "metadata-object": safetensors({"__metadata__": {"format": {"pt": 1}}, "w": tensor("F32", [1], 0, 4)}, bytes(4)),
        "more-keys": safetensors({"w": tensor("F32", [1], 0, 4) | {"loader": "os.system"}}, bytes(4)),
        "deep": safetensors('{"__metadata__":' + "[" * 20_000 + "]" * 20_000 + "}", b""),
        "truncated": MODEL[:-20],
        "bad-utf8": MODEL.replace(b"model.norm", b"model\xff\xfeorm"),
        "leading-space": safetensors(" " * 8 + text, DATA),
    }
    return {f"{what}/model.safetensors": data for what, data in files.items()}


def _contents() -> dict[str, bytes]:
    return {
        "pickle-after/model.safetensors": MODEL + BAD,
        "zip-after/model.safetensors": MODEL + b"PK\x03\x04" + bytes(26) + b"PK\x05\x06" + bytes(18),
        "bytes-after/model.safetensors": MODEL + bytes(64),
        "pickle-in-padding/model.safetensors": safetensors(json.dumps(WEIGHTS) + "\x80\x04cos\nsystem\n", DATA),
        "is-a-pickle/model.safetensors": BAD,
        "is-elf/model.safetensors": b"\x7fELF\x02\x01\x01" + bytes(200),
        "is-zip/model.safetensors": b"PK\x05\x06" + bytes(18),
        "is-html/model.safetensors": b"<html><script>alert(1)</script></html>",
        "template-in-metadata/model.safetensors": safetensors(
            {"__metadata__": {"chat_template": HOSTILE_TEMPLATES["globals"]}, "w": tensor("F32", [1], 0, 4)}, bytes(4)
        ),
        "named-bin/pytorch_model.bin": MODEL,
    }


def _gguf_structures() -> dict[str, bytes]:
    def lying(pairs: list[bytes], weights: Sequence[bytes] = (), data: bytes = b"", **counts: int) -> bytes:
        return gguf([ARCHITECTURE, *pairs], weights, data, **counts)

    huge = 1 << 62
    nested = b"".join(struct.pack("<IQ", ARRAY, 1) for _ in range(3_000)) + struct.pack("<IQB", 0, 1, 1)
    files = {
        "pair-count": lying([], pair_count=huge),
        "pair-count-wraps": lying([], pair_count=(1 << 64) - 1),
        "tensor-count": lying([], weight_count=huge),
        "string-length": lying([string("k") + struct.pack("<I", STRING) + struct.pack("<Q", (1 << 64) - 1)]),
        "key-length": lying([struct.pack("<Q", huge) + b"k"]),
        "array-length": lying([pair("k", ARRAY, struct.pack("<IQ", UINT32, huge))]),
        "array-of-strings-length": lying([pair("k", ARRAY, struct.pack("<IQ", STRING, huge))]),
        "array-type": lying([pair("k", ARRAY, struct.pack("<IQ", 99, 1))]),
        "nested-arrays": lying([pair("k", ARRAY, nested)]),
        "value-type": lying([pair("k", 99, b"\0" * 8)]),
        "dimensions": lying([], [weight("w", [1], dimensions=0xFFFFFFFF)]),
        "five-dimensions": lying([], [weight("w", [1] * 5)], bytes(32)),
        "shape-overflow": lying([], [weight("w", [2**33, 2**33])], bytes(32)),
        "shape-wraps-small": lying([], [weight("w", [2**62 + 4, 4])], bytes(64)),
        "shape-negative": lying([], [weight("w", [(1 << 64) - 1])], bytes(32)),
        "tensor-type": lying([], [weight("w", [8], 4_000)], bytes(32)),
        "tensor-type-negative": lying([], [weight("w", [8], 0xFFFFFFFF)], bytes(32)),
        "offset-beyond": lying([], [weight("w", [8], 0, 1 << 40)], bytes(32)),
        "offset-unaligned": lying([], [weight("w", [8], 0, 7)], bytes(64)),
        "overlap": lying([], [weight("a", [16]), weight("b", [16], 0, 32)], bytes(96)),
        "same-name": lying([], [weight("a", [8]), weight("a", [8], 0, 32)], bytes(64)),
        "name-length": lying([], [weight("n" * 5_000, [8])], bytes(32)),
        "duplicate-key": lying([ARCHITECTURE]),
        "alignment-zero": lying([pair("general.alignment", UINT32, bytes(4))], [weight("w", [8])], bytes(32)),
        "alignment-odd": lying([pair("general.alignment", UINT32, struct.pack("<I", 3))], [weight("w", [8])], bytes(32)),
        "alignment-huge": lying(
            [pair("general.alignment", UINT32, struct.pack("<I", 1 << 31))], [weight("w", [8])], bytes(32)
        ),
        "version": lying([], version=77),
        "boolean": lying([pair("k", BOOL, b"\x7f")]),
        "truncated": gguf(ORDINARY, TENSORS, TENSOR_DATA)[:-100],
        "truncated-header": gguf(ORDINARY, TENSORS, TENSOR_DATA)[:200],
        "key-utf8": lying([pair(b"\xff\xfe", UINT32, bytes(4))]),
    }
    return {f"{what}/model.gguf": data for what, data in files.items()}


def _gguf_templates() -> dict[str, bytes]:
    def with_template(template: str, key: str = "tokenizer.chat_template") -> bytes:
        return gguf([*ORDINARY[:-1], pair(key, STRING, string(template))], TENSORS, TENSOR_DATA)

    files = {f"{what}/model.gguf": with_template(template) for what, template in HOSTILE_TEMPLATES.items()}
    return files | {
        "default/model.gguf": with_template(HOSTILE_TEMPLATES["mro"], "tokenizer.chat_template.default"),
        "named/model.gguf": with_template(HOSTILE_TEMPLATES["globals"], "tokenizer.chat_template.tool_use"),
    }


def _gguf_contents() -> dict[str, bytes]:
    whole = gguf(ORDINARY, TENSORS, TENSOR_DATA)
    return {
        "pickle-after/model.gguf": whole + BAD,
        "zip-after/model.gguf": whole + b"PK\x03\x04" + bytes(26) + b"PK\x05\x06" + bytes(18),
        "is-a-pickle/model.gguf": BAD,
        "is-elf/model.gguf": b"\x7fELF\x02\x01\x01" + bytes(200),
        "pickle-in-string/model.gguf": gguf([*ORDINARY, pair("general.comment", STRING, string(BAD))], TENSORS, TENSOR_DATA),
        "in-the-padding/model.gguf": gguf(
            ORDINARY, [weight("a", [1]), weight("b", [8], 0, 64)], bytes(4) + BAD[:28].ljust(60, b"!") + bytes(32)
        ),
    }
