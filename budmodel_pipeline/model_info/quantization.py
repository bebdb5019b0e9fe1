"""How the weights of a repository are quantized, as its files state it."""

from collections.abc import Mapping
from typing import Any

from budmodel_pipeline.model_info.facts import Fact, known, unknown

_PLACES = ("quantization_config", "compression_config", "quantization")


def quantization_object(config: Mapping[str, Any], hf_quant_config: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The object that describes quantization and where it stands; empty where none does."""
    for part, name in ((config, "config.json"), (config.get("text_config"), "config.json text_config")):
        if isinstance(part, Mapping):
            for key in _PLACES:
                found = part.get(key)
                if isinstance(found, Mapping) and found:
                    return found, f"{name} {key}"
    found = hf_quant_config.get("quantization")
    return (found, "hf_quant_config.json quantization") if isinstance(found, Mapping) and found else ({}, "")


def quantization(
    config: Mapping[str, Any], hf_quant_config: Mapping[str, Any], tensor_types: Mapping[str, int]
) -> Fact[str]:
    """The method in the words of its publisher with the width, such as `fp8 e4m3`, `gptq 4 bit` or `modelopt NVFP4`.

    `tensor_types` are elements by dtype, for formats that say it nowhere else (GGUF).
    """
    found, where = quantization_object(config, hf_quant_config)
    method = (
        _text(found, "quant_method")
        or _text(found, "format")
        or ("mlx" if "group_size" in found and "bits" in found else "")
    )
    width = next((found[key] for key in ("bits", "w_bit") if type(found.get(key)) is int), None)
    if width is None and found.get("load_in_4bit") is True:
        width = 4
    if width is None and found.get("load_in_8bit") is True:
        width = 8
    details = [_text(found, "quant_algo"), _text(found, "fmt"), f"{width} bit" if width else ""]
    words = " ".join(word for word in (method, *details) if word)
    if words:
        return known(words[:100], "stated", where)
    packed = {
        kind: elements for kind, elements in tensor_types.items() if kind.startswith(("Q", "IQ", "TQ", "MXFP", "NVFP"))
    }
    if packed:
        most = max(packed, key=lambda kind: packed[kind])
        return known(f"gguf {most}", "the type of most values", "GGUF header")
    return unknown("no file says that the weights are quantized")


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""
