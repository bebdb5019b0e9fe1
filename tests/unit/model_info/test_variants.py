"""Repositories that hold several quantizations, a pipeline or an adapter."""

import json

import pytest

from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.inspect import inspect_files
from budmodel_pipeline.model_info.variants import adapter_facts, find_variants, kind_of, quantizations, read_adapter
from tests.unit.model_info.repositories import Memory, gguf, safetensors, text

LLAMA = [text("general.architecture") + b"\x08\x00\x00\x00" + text("llama")]
SMALL = gguf(LLAMA, [("token_embd.weight", [64, 32], 2, 0)], 1152)
LARGE = gguf(LLAMA, [("token_embd.weight", [64, 32], 8, 0)], 2176)
PIPELINE = {
    "_class_name": "StableDiffusionXLPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "safety_checker": [None, None],
}
ADAPTER = {
    "base_model_name_or_path": "org/base",
    "peft_type": "LORA",
    "r": 16,
    "lora_alpha": 32,
    "target_modules": ["q_proj"],
}
HALF, WHOLE = safetensors({"w": ("F16", [8, 8])}), safetensors({"w": ("F32", [8, 8])})


def test_no_quantization_speaks_for_the_others() -> None:
    repository = Memory({"m-IQ1_S.gguf": SMALL, "m-Q8_0.gguf": LARGE, "mmproj-F16.gguf": SMALL, "README.md": b""})
    found = inspect_files(repository)
    assert [(one.name, one.precision, one.size) for one in found.variants] == [
        ("m-IQ1_S.gguf", "IQ1_S", len(SMALL)),
        ("m-Q8_0.gguf", "Q8_0", len(LARGE)),
    ]
    assert found.architecture.parameters_unique.value == 2048
    assert found.architecture.quantization.value is None
    assert found.weight_bytes.reason == f"2 quantizations from {len(SMALL):,} to {len(LARGE):,} bytes: see the variants"


def test_shards_of_one_quantization_are_one_variant_and_alone_it_is_the_model() -> None:
    repository = Memory({f"Q4_K_M/m-Q4_K_M-0000{number}-of-00002.gguf": SMALL for number in (1, 2)})
    (only,) = quantizations(repository)
    assert (only.precision, only.size, only.default) == ("Q4_K_M", 2 * len(SMALL), True)
    assert find_variants(repository) == ()
    assert inspect_files(Memory({"m-Q4_K_M.gguf": SMALL})).weight_bytes.value == len(SMALL)


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("Foo-8B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("foo.q5_0.gguf", "Q5_0"),
        ("Qwen3-8B-BF16.gguf", "BF16"),
        ("gpt-oss-20b-MXFP4_MOE.gguf", "MXFP4_MOE"),
        ("model.gguf", None),
        ("Q-model.gguf", None),
    ],
)
def test_a_quantization_is_named_by_its_file(name: str, precision: str | None) -> None:
    (found,) = quantizations(Memory({name: SMALL}))
    assert found.precision == precision


def test_a_pipeline_is_its_parts() -> None:
    repository = Memory(
        {
            "model_index.json": json.dumps(PIPELINE).encode(),
            "unet/diffusion_pytorch_model.safetensors": WHOLE,
            "unet/diffusion_pytorch_model.fp16.safetensors": HALF,
            "vae/diffusion_pytorch_model-00001-of-00002.safetensors": WHOLE,
            "vae/diffusion_pytorch_model-00002-of-00002.safetensors": WHOLE,
            "other/model.safetensors": WHOLE,
        }
    )
    found = inspect_files(repository)
    assert {(one.part, one.part_class, one.name, one.precision, one.size, one.default) for one in found.variants} == {
        ("unet", "UNet2DConditionModel", "default", "F32", len(WHOLE), True),
        ("unet", "UNet2DConditionModel", "fp16", "F16", len(HALF), False),
        ("vae", "AutoencoderKL", "default", "F32", 2 * len(WHOLE), True),
    }
    assert (found.kind, found.weight_bytes.value) == ("pipeline", 3 * len(WHOLE))
    assert found.architecture.parameters_stored.value == 3 * 64


def test_of_a_part_in_two_formats_one_is_the_default_and_counted() -> None:
    index = {"model_index.json": json.dumps(PIPELINE).encode()}
    both = {"unet/diffusion_pytorch_model.safetensors": WHOLE, "unet/diffusion_pytorch_model.bin": b"pickle"}
    found = inspect_files(Memory({**index, **both}))
    assert {(one.format, one.default) for one in found.variants} == {("safetensors", True), ("pickle", False)}
    assert found.weight_bytes.value == len(WHOLE)
    (old,) = find_variants(Memory({**index, "unet/diffusion_pytorch_model.bin": b"pickle"}))
    assert (old.format, old.default) == ("pickle", True)


def test_an_index_without_parts_is_refused() -> None:
    with pytest.raises(RefusedError, match="names no part"):
        find_variants(Memory({"model_index.json": b'{"unet": ["diffusers", "UNet"], "x": 3, "../y": ["a", "b"]}'}))


def test_an_adapter_tells_its_base_and_its_own_size() -> None:
    found = inspect_files(Memory({"adapter_config.json": json.dumps(ADAPTER).encode(), "adapter_model.safetensors": WHOLE}))
    assert (found.kind, found.weight_bytes.value) == ("adapter", len(WHOLE))
    assert found.adapter == {"base_model": "org/base", "type": "LORA", "rank": 16, "alpha": 32, "targets": ["q_proj"]}
    assert "its base model" in (found.architecture.num_layers.reason or "")


def test_an_adapter_beside_its_model_does_not_make_it_one() -> None:
    repository = Memory({"adapter_config.json": b"{}", "config.json": b"{}", "model.safetensors": WHOLE})
    assert kind_of(repository) == "model"
    assert inspect_files(repository).weight_bytes.value == len(WHOLE)


def test_what_an_adapter_says_wrongly_is_left_out() -> None:
    found = adapter_facts({"base_model_name_or_path": 3, "r": -1, "lora_alpha": "x", "target_modules": "all-linear"})
    assert found == {"base_model": None, "type": None, "rank": None, "alpha": None, "targets": "all-linear"}
    assert read_adapter(Memory({})) == {}
