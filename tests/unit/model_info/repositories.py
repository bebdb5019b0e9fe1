"""Tiny repositories and weight files that tests make."""

import json
import struct
from collections.abc import Mapping
from typing import Any

from budmodel_pipeline.model_info.repository import RepositoryError, RepositoryFile

BITS = {"F32": 32, "F16": 16, "BF16": 16, "U8": 8, "I8": 8, "I32": 32, "I64": 64, "F8_E4M3": 8}


class Memory:
    """A repository in memory that accounts for the bytes read."""

    def __init__(self, contents: Mapping[str, bytes], broken: Mapping[str, RepositoryError] | None = None) -> None:
        self.contents = contents
        self.broken = broken or {}
        self.bytes_read = 0

    @property
    def files(self) -> Mapping[str, RepositoryFile]:
        return {path: RepositoryFile(path, len(content)) for path, content in self.contents.items()}

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        if path in self.broken:
            raise self.broken[path]
        found = self.contents[path][offset : None if length is None else offset + length]
        self.bytes_read += len(found)
        return found


def safetensors(tensors: Mapping[str, tuple[str, list[int]]], *, data: bool = True) -> bytes:
    """A file with these tensors (name to dtype and shape), of zeros."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    position = 0
    for name, (dtype, shape) in tensors.items():
        elements = 1
        for size in shape:
            elements *= size
        end = position + elements * BITS[dtype] // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [position, end]}
        position = end
    return raw_safetensors(json.dumps(header).encode(), position if data else 0)


def raw_safetensors(header: bytes, data: int, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + bytes(data)


def gguf(
    metadata: list[bytes], tensors: list[tuple[str, list[int], int, int]], data: int, *, count: int | None = None
) -> bytes:
    """A GGUF file of version 3; `tensors` are name, shape, type and offset."""
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors) if count is None else count, len(metadata)) + b"".join(metadata)
    for name, shape, kind, offset in tensors:
        out += (
            text(name)
            + struct.pack("<I", len(shape))
            + struct.pack(f"<{len(shape)}Q", *shape)
            + struct.pack("<IQ", kind, offset)
        )
    return out + bytes(-len(out) % 32) + bytes(data)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(key: str, value: str | int | list[str]) -> bytes:
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    if isinstance(value, int):
        return text(key) + struct.pack("<II", 4, value)
    return text(key) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
