"""Headers of weight files: what is read, how little is read, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budmodel_pipeline.model_info import gguf as gguf_files
from budmodel_pipeline.model_info import safetensors as safetensors_files
from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.safetensors import FIRST_READ, Read
from tests.unit.model_info.repositories import entry, gguf, raw_safetensors, safetensors, text


def reader(content: bytes) -> Read:
    return lambda offset, length: content[offset : offset + length]


def header(**tensors: object) -> bytes:
    return json.dumps(tensors).encode()


def tensor(dtype: str, shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


TENSOR = json.dumps(tensor("U8", [1], 0, 1)).encode()
TWICE = b'{"a":' + TENSOR + b',"a":' + TENSOR + b"}"


def test_a_header_larger_than_the_first_read_takes_one_more() -> None:
    content = safetensors({f"model.layers.{index}.weight": ("BF16", [2, 3]) for index in range(1000)})
    asked: list[tuple[int, int]] = []

    def read(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return content[offset : offset + length]

    tensors = safetensors_files.read_header(read, len(content), "model.safetensors")
    assert sum(found.elements for found in tensors) == 6000
    assert len(asked) == 2
    assert asked[0] == (0, FIRST_READ)
    assert sum(length for _, length in asked) < len(content)


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"", "too few"),
        (b"\x00" * 7, "too few"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "LFS pointer"),
        (raw_safetensors(b"{}", 0, length=1 << 60), "claims a header"),
        (raw_safetensors(b"{}", 0, length=100), "claims a header"),
        (raw_safetensors(b"[]", 0), "not a JSON object"),
        (raw_safetensors(b"{" * 100_000, 0), "not JSON"),
        (raw_safetensors(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 0), "not JSON"),
        (raw_safetensors(b"\xff\xff", 0), "not JSON"),
        (raw_safetensors(header(a=tensor("F32", [2], 0, 8), b=tensor("F32", [2], 4, 12)), 12), "overlap"),
        (raw_safetensors(header(a=tensor("F32", [2], 0, 8)), 4), "places a tensor up to 8"),
        (raw_safetensors(header(a=tensor("F32", [3], 0, 8)), 8), "3 elements of F32 in 8 bytes"),
        (raw_safetensors(header(a=tensor("Q9", [2], 0, 8)), 8), "dtype"),
        (raw_safetensors(header(a=tensor("F32", [-2], 0, 8)), 8), "no valid shape"),
        (raw_safetensors(header(a=tensor("F32", [1 << 62], 0, 8)), 8), "no valid shape"),
        (raw_safetensors(header(a=[1, 2]), 8), "dtype"),
        (raw_safetensors(b'{"a":null}', 8), "dtype"),
        (
            raw_safetensors(TWICE, 2),
            "twice",
        ),
    ],
)
def test_a_bad_safetensors_header_is_refused_with_the_reason(content: bytes, because: str) -> None:
    with pytest.raises(RefusedError, match=because):
        safetensors_files.read_header(reader(content), len(content), "model.safetensors")


def test_a_file_of_unknown_size_that_ends_within_its_header_is_refused() -> None:
    with pytest.raises(RefusedError, match="ends within"):
        safetensors_files.read_header(reader(raw_safetensors(b"{}", 0, length=100)), None, "model.safetensors")


LLAMA = [
    entry("general.architecture", "llama"),
    entry("llama.block_count", 2),
    entry("llama.embedding_length", 64),
    entry("llama.attention.head_count", 4),
    entry("llama.attention.head_count_kv", 2),
    entry("llama.context_length", 512),
    entry("tokenizer.ggml.tokens", ["a"] * 50_000),
]


def test_gguf_metadata_and_tensors_are_read_without_the_data() -> None:
    content = gguf(LLAMA, [("token_embd.weight", [64, 32], 2, 0), ("blk.0.ffn_up.weight", [256, 2], 12, 1152)], 1152 + 288)
    found = gguf_files.read_header(reader(content), len(content), "model.gguf")
    assert [(one.name, one.dtype, one.elements, one.end - one.start) for one in found.tensors] == [
        ("token_embd.weight", "Q4_0", 2048, 1152),
        ("blk.0.ffn_up.weight", "Q4_K", 512, 288),
    ]
    config = gguf_files.as_config(found.metadata)
    assert (config["num_hidden_layers"], config["num_key_value_heads"], config["vocab_size"]) == (2, 2, 50_000)


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"GGML", "no GGUF"),
        (b"", "ends within"),
        (b"GGUF\x01\x00\x00\x00" + bytes(16), "version 1"),
        (gguf([], [], 0, count=1 << 40), "claims"),
        (gguf([], [], 0, count=5), "ends within|no valid shape|dimensions"),
        (gguf([text("k") + b"\x63\x00\x00\x00"], [], 0), "type 99"),
        (gguf([text("k") + b"\x09\x00\x00\x00\x08\x00\x00\x00" + b"\xff" * 8], [], 0), "claims an array"),
        (gguf([text("k") + b"\x08\x00\x00\x00" + b"\xff" * 8], [], 0), "text of"),
        (gguf([text("k") + b"\x09\x00\x00\x00\x0a\x00\x00\x00" + b"\xff" * 8], [], 0), "larger than"),
        (gguf([entry("k", 1), entry("k", 2)], [], 0), "twice"),
        (gguf([], [("w", [31], 2, 0)], 100), "no valid shape"),
        (gguf([], [("w", [32], 0, 0)], 100), "up to"),
        (gguf([], [("w", [1 << 60, 1 << 60], 0, 0)], 100), "no valid shape"),
    ],
)
def test_a_bad_gguf_header_is_refused_with_the_reason(content: bytes, because: str) -> None:
    with pytest.raises(RefusedError, match=because):
        gguf_files.read_header(reader(content), len(content), "model.gguf")


def test_a_type_that_is_not_known_yet_costs_its_size_and_no_more() -> None:
    content = gguf([], [("w", [32], 99, 0), ("v", [64], 40, 0), ("u", [128], 41, 36)], 54)
    found = gguf_files.read_header(reader(content), len(content), "model.gguf")
    assert [(one.dtype, one.elements) for one in found.tensors] == [("type 99", 32), ("NVFP4", 64), ("Q1_0", 128)]


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_crash_the_readers(content: bytes, whole: bool) -> None:
    size = len(content) if whole else None
    for prefix, read in ((b"", safetensors_files.read_header), (b"GGUF\x03\x00\x00\x00", gguf_files.read_header)):
        try:
            read(reader(prefix + content), None if size is None else size + len(prefix), "file")
        except RefusedError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


KEYS = st.sampled_from(["dtype", "shape", "data_offsets", "a"])
LEAVES = st.none() | st.integers() | st.text(max_size=5) | st.floats()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@given(JSON)
def test_no_json_crashes_the_safetensors_reader(value: object) -> None:
    content = raw_safetensors(json.dumps({"a": value}).encode(), 16)
    with pytest.raises(RefusedError):
        safetensors_files.read_header(reader(content), len(content), "file")
