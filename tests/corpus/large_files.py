"""Ordinary files of the sizes that the largest models have."""

import json
import struct
from collections.abc import Callable

from tests.corpus.protobufs import constant, field
from tests.corpus.tensor_headers import ARRAY, gguf, pair, safetensors, strings, tensor


def tokenizer() -> bytes:
    """34 MB, as that of Gemma: 256,000 pieces, 580,000 merges."""
    pieces = {f"▁piece{number:x}ed": number for number in range(256_000)}
    merges = [[f"▁piece{number % 256_000:x}", f"ed{number}"] for number in range(580_000)]
    model = {"type": "BPE", "vocab": pieces, "merges": merges}
    return json.dumps({"version": "1.0", "added_tokens": [], "model": model}, indent=1, ensure_ascii=False).encode()


def vocabulary() -> bytes:
    """A GGUF with a million tokens."""
    return gguf([pair("tokenizer.ggml.tokens", ARRAY, strings([f"token-{number}" for number in range(1_000_000)]))])


def graph() -> bytes:
    """ONNX with 400,000 nodes."""
    nodes = (
        field(1, field(1, f"x{number}") + field(2, f"x{number + 1}") + field(3, f"node{number}") + field(4, "Relu"))
        for number in range(400_000)
    )
    weight = constant("w", [2], struct.pack("<2f", 1, 2))
    return field(1, 8) + field(7, b"".join(nodes) + field(2, "graph") + field(5, weight)) + field(8, field(2, 17))


def notebook() -> bytes:
    """60,000 cells."""
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 1, "source": [f"x+={number % 10}\n"]}
        for number in range(60_000)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def tensors() -> bytes:
    """A safetensors header of 400,000 tensors."""
    header = {
        f"model.layers.{number // 100}.experts.{number % 100}.weight": tensor("F32", [1], 4 * number, 4 * number + 4)
        for number in range(400_000)
    }
    return safetensors(header, bytes(4 * 400_000))


LARGE: dict[str, Callable[[], bytes]] = {
    "tokenizer.json": tokenizer,
    "model.gguf": vocabulary,
    "model.onnx": graph,
    "notebook.ipynb": notebook,
    "model.safetensors": tensors,
}
