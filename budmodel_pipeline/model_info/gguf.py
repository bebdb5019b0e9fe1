"""The header of a GGUF file, read by range: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.safetensors import Read, Tensor

MAX_HEADER_BYTES = 128 * 1024 * 1024
_CHUNK = 1024 * 1024
_MAX_ENTRIES = 1_000_000
_MAX_KEY_BYTES = 64 * 1024
_MAX_STRING_BYTES = 16 * 1024 * 1024
_MAX_KEPT = 10_000
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B", 10: "<Q", 11: "<q", 12: "<d"}
_BOOL, _STRING, _ARRAY = 7, 8, 9
# Number of a type: its name, elements per block, bytes per block.
_TYPES = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}


@dataclass(frozen=True, slots=True)
class Gguf:
    """Metadata and tensors of one file. Arrays of text and long arrays are kept as their length under `<key>#`."""

    metadata: dict[str, Any] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)


def read_header(read: Read, size: int | None, file: str) -> Gguf:
    """Metadata and tensors without the data, in requests of 1 MiB. Raises RefusedError where the header is no valid one."""
    cursor = _Cursor(read, file)
    magic = cursor.take(4)
    if magic != b"GGUF":
        raise RefusedError(f"{file} is no GGUF file: it starts with {magic!r}")
    version = cursor.number("<I")
    if version not in (2, 3):
        raise RefusedError(f"{file} has GGUF version {version}; 2 and 3 are read")
    tensor_count, entries = cursor.number("<Q"), cursor.number("<Q")
    if max(tensor_count, entries) > _MAX_ENTRIES:
        raise RefusedError(f"{file} claims {tensor_count:,} tensors and {entries:,} metadata entries")
    metadata: dict[str, Any] = {}
    for _ in range(entries):
        key = cursor.text(_MAX_KEY_BYTES)
        if key in metadata or f"{key}#" in metadata:
            raise RefusedError(f"{file} states the metadata key {key[:80]!r} twice")
        value, kept = cursor.value(cursor.number("<I"))
        metadata[key if kept else f"{key}#"] = value
    tensors = [cursor.tensor() for _ in range(tensor_count)]
    if len({tensor.name for tensor in tensors}) != len(tensors):
        raise RefusedError(f"the header of {file} names a tensor twice")
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or not 0 < alignment <= 1 << 20:
        raise RefusedError(f"{file} has the alignment {alignment!r}")
    data = -(-cursor.position // alignment) * alignment
    last = max((tensor.end for tensor in tensors), default=0)
    if size is not None and data + last > size:
        raise RefusedError(f"{file} has {size:,} bytes, its header places a tensor up to {data + last:,}")
    return Gguf(metadata, tensors)


class _Cursor:
    """Reads forward through a header, fetching ahead."""

    def __init__(self, read: Read, file: str) -> None:
        self._read = read
        self._file = file
        self._buffer = b""
        self._start = 0
        self.position = 0

    def take(self, length: int) -> bytes:
        begin = self.position - self._start
        if begin + length > len(self._buffer):
            if self.position + length > MAX_HEADER_BYTES:
                raise RefusedError(f"the header of {self._file} is larger than {MAX_HEADER_BYTES:,} bytes")
            rest = self._buffer[begin:]
            self._buffer = rest + self._read(self.position + len(rest), max(_CHUNK, length - len(rest)))
            self._start, begin = self.position, 0
            if length > len(self._buffer):
                raise RefusedError(f"{self._file} ends within its header")
        self.position += length
        return self._buffer[begin : begin + length]

    def number(self, code: str) -> Any:
        return struct.unpack(code, self.take(struct.calcsize(code)))[0]

    def text(self, limit: int) -> str:
        length = self.number("<Q")
        if length > limit:
            raise RefusedError(f"{self._file} has a text of {length:,} bytes in its header")
        return self.take(length).decode("utf-8", errors="replace")

    def value(self, kind: int) -> tuple[Any, bool]:
        """A value, and whether it was kept whole; of others only the length is."""
        if kind in _SCALARS:
            number = self.number(_SCALARS[kind])
            return (bool(number) if kind == _BOOL else number), True
        if kind == _STRING:
            return self.text(_MAX_STRING_BYTES), True
        if kind != _ARRAY:
            raise RefusedError(f"{self._file} has a metadata value of the type {kind}, which is not known")
        item, count = self.number("<I"), self.number("<Q")
        if item in _SCALARS:
            width = struct.calcsize(_SCALARS[item])
            if count > _MAX_KEPT:
                self.skip(count * width)
                return count, False
            return [self.number(_SCALARS[item]) for _ in range(count)], True
        if item != _STRING:
            raise RefusedError(f"{self._file} has an array of the type {item}, which is not read")
        if count * 8 > MAX_HEADER_BYTES:
            raise RefusedError(f"{self._file} claims an array of {count:,} texts")
        for _ in range(count):
            self.skip(self.number("<Q"))
        return count, False

    def skip(self, length: int) -> None:
        if self.position + length > MAX_HEADER_BYTES:
            raise RefusedError(f"the header of {self._file} is larger than {MAX_HEADER_BYTES:,} bytes")
        self.take(length)

    def tensor(self) -> Tensor:
        name = self.text(_MAX_KEY_BYTES)
        dimensions = self.number("<I")
        if dimensions > 8:
            raise RefusedError(f"tensor {name[:80]!r} of {self._file} has {dimensions} dimensions")
        shape = tuple(self.number("<Q") for _ in range(dimensions))
        kind, start = self.number("<I"), self.number("<Q")
        # A type that came after this table costs the place where the tensor ends, not the whole header.
        dtype, block, width = _TYPES.get(kind, (f"type {kind}", 1, 0))
        elements = math.prod(shape)
        if elements >= 1 << 62 or elements % block:
            raise RefusedError(f"tensor {name[:80]!r} of {self._file} has no valid shape")
        return Tensor(name, dtype, shape, elements, start, start + elements // block * width, self._file)


# How GGUF calls what config.json states.
_CONFIG_KEYS = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "expert_feed_forward_length": "moe_intermediate_size",
    "context_length": "max_position_embeddings",
    "vocab_size": "vocab_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.kv_lora_rank": "kv_lora_rank",
    "rope.dimension_count": "rotary_dim",
    "expert_count": "num_local_experts",
    "expert_used_count": "num_experts_per_tok",
}


def as_config(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What the metadata says, in the words of config.json, for repositories that hold nothing but GGUF files.

    `model_type` carries the prefix `gguf-`: class defaults and formulas of other formats do not hold for it.
    """
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str):
        raise RefusedError("the GGUF metadata states no general.architecture")
    config: dict[str, Any] = {"model_type": f"gguf-{architecture}"}
    for key, name in _CONFIG_KEYS.items():
        value = metadata.get(f"{architecture}.{key}")
        if value is not None:
            config[name] = value
    tokens = metadata.get("tokenizer.ggml.tokens#")
    if "vocab_size" not in config and isinstance(tokens, int):
        config["vocab_size"] = tokens
    if "kv_lora_rank" in config and "rotary_dim" in config:
        # The key and value lengths of latent attention are those of its compressed form.
        config["qk_rope_head_dim"] = config["rotary_dim"]
        config.pop("head_dim", None)
    return config
