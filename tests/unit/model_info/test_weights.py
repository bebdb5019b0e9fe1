"""Which files are the weights, and what counts as a parameter."""

from typing import Any

import pytest

from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.weights import Counts, count, find_weights
from tests.unit.model_info.repositories import Memory, safetensors

ONE = safetensors({"a.weight": ("BF16", [2, 2])})
OTHER = safetensors({"b.weight": ("BF16", [3])})


def counted(
    tensors: dict[str, tuple[str, list[int]]], *, tied: bool = False, layers: int | None = 2, **quantization: Any
) -> Counts:
    found = find_weights(Memory({"model.safetensors": safetensors(tensors)}))
    assert found.tensors is not None
    return count(found.tensors, tied=tied, layers=layers, vocab=10, quantization=quantization)


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"model.safetensors": ONE}, ["model.safetensors"]),
        ({"model.safetensors": ONE, "consolidated.safetensors": ONE}, ["model.safetensors"]),
        ({"consolidated.safetensors": ONE}, ["consolidated.safetensors"]),
        ({"model.safetensors": ONE, "adapter_model.safetensors": ONE, "optimizer.bin": b""}, ["model.safetensors"]),
        (
            {"model-00001-of-00002.safetensors": ONE, "model-00002-of-00002.safetensors": OTHER},
            ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
        ),
        (
            {
                "model.safetensors.index.json": b'{"weight_map": {"a": "x.safetensors", "b": "y.safetensors"}}',
                "x.safetensors": ONE,
                "y.safetensors": OTHER,
                "z.safetensors": ONE,
            },
            ["x.safetensors", "y.safetensors"],
        ),
        ({"pytorch_model.bin": b"x" * 9, "training_args.bin": b"y"}, ["pytorch_model.bin"]),
    ],
)
def test_the_model_s_own_files_are_found(files: dict[str, bytes], chosen: list[str]) -> None:
    weights = find_weights(Memory(files))
    assert list(weights.files) == chosen
    assert weights.size == sum(len(files[path]) for path in chosen)


@pytest.mark.parametrize(
    ("files", "because"),
    [
        ({"README.md": b""}, "no weight files"),
        ({"model-00001-of-00003.safetensors": ONE}, "1 of 3 shards"),
        ({"model.safetensors.index.json": b'{"weight_map": {"a": "gone.safetensors"}}'}, "1 of them are not there"),
        ({"model.safetensors.index.json": b'{"weight_map": {"a": 7}}'}, "no weight_map"),
        ({"model.safetensors.index.json": b"[]"}, "not an object"),
        ({"model-00001-of-00002.safetensors": ONE, "model-00002-of-00002.safetensors": ONE}, "in more than one file"),
    ],
)
def test_weights_that_cannot_be_had_are_refused(files: dict[str, bytes], because: str) -> None:
    with pytest.raises(RefusedError, match=because):
        find_weights(Memory(files))


def test_tied_tables_that_are_stored_twice_count_once() -> None:
    tensors = {
        "model.embed_tokens.weight": ("BF16", [10, 4]),
        "lm_head.weight": ("BF16", [10, 4]),
        "model.norm.weight": ("F32", [4]),
    }
    assert (counted(tensors, tied=True).stored, counted(tensors, tied=True).unique) == (84, 44)
    assert counted(tensors, tied=False).unique == 84
    assert counted(tensors).by_dtype == {"BF16": 80, "F32": 4}


@pytest.mark.parametrize(
    ("tensors", "quantization", "unique"),
    [
        # FP8 with block scales; the scales are no parameters.
        ({"a.weight": ("F8_E4M3", [4, 4]), "a.weight_scale_inv": ("F32", [1, 1])}, {"quant_method": "fp8"}, 16),
        # MXFP4: two values per byte.
        ({"mlp.experts.down_proj_blocks": ("U8", [2, 8]), "mlp.experts.down_proj_scales": ("U8", [2])}, {}, 32),
        # NVFP4 by modelopt.
        (
            {
                "a.weight": ("U8", [4, 2]),
                "a.weight_scale": ("F8_E4M3", [4]),
                "a.weight_scale_2": ("F32", []),
                "a.input_scale": ("F32", []),
            },
            {"quant_algo": "NVFP4"},
            16,
        ),
        # GPTQ: eight values of 4 bits per word.
        (
            {
                "a.qweight": ("I32", [2, 4]),
                "a.qzeros": ("I32", [1, 1]),
                "a.scales": ("F16", [1, 4]),
                "a.g_idx": ("I32", [16]),
            },
            {"bits": 4},
            64,
        ),
        # compressed-tensors.
        (
            {"a.weight_packed": ("I32", [2, 4]), "a.weight_scale": ("F16", [1]), "a.weight_shape": ("I64", [2])},
            {"config_groups": {"group_0": {"weights": {"num_bits": 8}}}},
            32,
        ),
        # bitsandbytes.
        ({"a.weight": ("U8", [8, 1]), "a.weight.absmax": ("F32", [1]), "a.weight.quant_map": ("F32", [16])}, {}, 16),
        # Buffers of old checkpoints: the causal mask, positions.
        (
            {"h.0.attn.bias": ("F32", [1, 1, 8, 8]), "h.0.attn.c_attn.bias": ("F32", [6]), "position_ids": ("I64", [1, 9])},
            {},
            6,
        ),
        # The layer beyond the last one predicts further tokens.
        (
            {
                "model.layers.1.a.weight": ("BF16", [3]),
                "model.layers.2.a.weight": ("BF16", [3]),
                "mtp.fc.weight": ("BF16", [5]),
            },
            {},
            3,
        ),
    ],
)
def test_only_parameters_of_the_model_count(tensors: dict[str, Any], quantization: dict[str, Any], unique: int) -> None:
    assert counted(tensors, **quantization).unique == unique


@pytest.mark.parametrize(
    "tensors",
    [{"a.weight": ("U8", [8])}, {"a.qweight": ("I32", [8])}, {"a.mystery": ("I32", [8])}],
    ids=lambda tensors: next(iter(tensors)),
)
def test_packing_that_is_not_described_is_refused_and_still_counted_as_stored(tensors: dict[str, Any]) -> None:
    found = counted(tensors)
    assert (found.stored, found.unique) == (8, None)
    assert found.refusal
