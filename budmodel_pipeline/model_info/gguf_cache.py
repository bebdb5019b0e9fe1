"""Keys and values that a model keeps per token, by the header of its GGUF file.

The meaning of the keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; which layers slide where the header does
not say so: the model files of https://github.com/ggml-org/llama.cpp.
"""

from collections.abc import Mapping
from typing import Any

from budmodel_pipeline.model_info.attention import CACHE_BYTES_PER_ELEMENT, Cache
from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.layers import MAX_LAYERS

# One layer with full attention ends every period of sliding ones.
_WINDOW_PERIOD: Mapping[str, int] = {
    "afmoe": 4,
    "cohere2": 4,
    "exaone-moe": 4,
    "exaone4": 4,
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "gpt-oss": 2,
    "llama4": 4,
    "olmo2": 4,
    "plamo3": 8,
}
_ALL_SLIDE = frozenset({"phi3"})
# One layer with attention ends every interval of recurrent ones.
_INTERVAL: Mapping[str, int] = {"qwen3next": 4, "qwen35": 4, "qwen35moe": 4}
_RECURRENT = frozenset({"arwkv7", "mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7"})
_HYBRID_IN_EVERY_LAYER = frozenset({"falcon-h1"})
_ENCODERS = frozenset(
    {"bert", "jina-bert-v2", "jina-bert-v3", "modern-bert", "neo-bert", "nomic-bert", "nomic-bert-moe", "t5encoder"}
)
_RECURRENT_MARKS = ("ssm.", "kda.", "wkv.", "shortconv.")
# Words in a key that tell of what is kept; one that is not in _READ or _NEUTRAL may change the cache.
_OF_THE_CACHE = ("attention", "cache", "compress", "kv", "latent", "shared", "window", *_RECURRENT_MARKS)
_READ = frozenset(
    {
        "attention.causal",
        "attention.head_count",
        "attention.head_count_kv",
        "attention.indexer.key_length",
        "attention.key_length",
        "attention.key_length_swa",
        "attention.kv_lora_rank",
        "attention.shared_kv_layers",
        "attention.sliding_window",
        "attention.sliding_window_pattern",
        "attention.value_length",
        "attention.value_length_swa",
        "full_attention_interval",
    }
)
_NEUTRAL = frozenset(
    {
        "attention.clamp_kqv",
        "attention.decay_lora_rank",
        "attention.gate_lora_rank",
        "attention.group_norm_epsilon",
        "attention.group_norm_groups",
        "attention.iclr_lora_rank",
        "attention.indexer.head_count",
        "attention.indexer.top_k",
        # Of latent attention while it is computed; what is kept is the latent.
        "attention.key_length_mla",
        "attention.layer_norm_epsilon",
        "attention.layer_norm_rms_epsilon",
        "attention.max_alibi_bias",
        "attention.output_scale",
        "attention.q_lora_rank",
        "attention.relative_buckets_count",
        "attention.scale",
        "attention.temperature_length",
        "attention.temperature_scale",
        "attention.value_length_mla",
        "attention.value_residual_mix_lora_rank",
        "expert_shared_count",
        "expert_shared_feed_forward_length",
    }
)


class _Header:
    """The keys of one architecture without its name before them."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        architecture = metadata.get("general.architecture")
        if not isinstance(architecture, str):
            raise RefusedError("the GGUF metadata states no general.architecture")
        self.architecture = architecture
        own = f"{architecture}."
        self.keys = {key.removeprefix(own): value for key, value in metadata.items() if key.startswith(own)}

    def number(self, key: str, default: int | None = None) -> int:
        """A positive integer, or the default where the key is absent. Raises RefusedError."""
        value = self.keys.get(key)
        if value is None and default is not None:
            return default
        if type(value) is not int or not 0 < value <= 1 << 40:
            raise RefusedError(f"the GGUF header has no usable {self.architecture}.{key}: {value!r}"[:200])
        return value

    def each(self, key: str, layers: int) -> list[int]:
        """A number for each layer; one alone holds for all. Raises RefusedError."""
        value = self.keys.get(key)
        found = value if isinstance(value, list) else [value] * layers
        if len(found) < layers or not all(type(item) is int and 0 <= item <= 1 << 20 for item in found):
            raise RefusedError(f"the GGUF header has no usable {self.architecture}.{key} for {layers} layers")
        return found[:layers]

    @property
    def recurrent(self) -> bool:
        return any(key.startswith(_RECURRENT_MARKS) for key in self.keys)


def cache_of_header(metadata: Mapping[str, Any]) -> Cache:
    """Bytes per token at 16 bits per element. Raises RefusedError where a key may change it that is not understood."""
    header = _Header(metadata)
    architecture = header.architecture
    if architecture in _ENCODERS or header.keys.get("attention.causal") is False:
        return Cache(0, 0, None, "an encoder reads all tokens at once and keeps no cache")
    if architecture in _RECURRENT:
        return Cache(0, 0, None, "recurrent layers alone, a state of fixed size")
    if strange := sorted(key for key in header.keys if _may_change_the_cache(key.removesuffix("#"))):
        raise RefusedError(f"the GGUF header has {architecture}.{strange[0]}, of which it is not known what it keeps")
    layers = _layers(header)
    heads = _heads(header, layers)
    slides = _sliding(header, layers)
    kept = [_elements(header, heads[index], slides[index]) for index in range(layers)]
    windowed = sum(size for size, sliding in zip(kept, slides, strict=True) if sliding) * CACHE_BYTES_PER_ELEMENT
    full = sum(kept) * CACHE_BYTES_PER_ELEMENT - windowed
    window = header.number("attention.sliding_window") if windowed else None
    count = sum(size > 0 for size in kept)
    return Cache(full, windowed, window, f"{count} of {layers} layers keep tokens, {sum(slides)} of them a window")


def _may_change_the_cache(key: str) -> bool:
    mentions = any(word in key for word in _OF_THE_CACHE)
    return mentions and key not in _READ | _NEUTRAL and not key.startswith(_RECURRENT_MARKS)


def _layers(header: _Header) -> int:
    """Layers that keep tokens of their own: without those for multi-token prediction and those that share."""
    blocks = header.number("decoder_block_count", header.number("block_count"))
    layers = blocks - header.keys.get("nextn_predict_layers", 0) - header.keys.get("attention.shared_kv_layers", 0)
    if type(layers) is not int or not 0 < layers <= MAX_LAYERS:
        raise RefusedError(f"the GGUF header leaves {layers} of {blocks} layers")
    return layers


def _heads(header: _Header, layers: int) -> list[int]:
    """Heads of keys and values by layer, 0 for a layer without attention."""
    if "attention.head_count_kv#" in header.keys or "attention.head_count#" in header.keys:
        raise RefusedError("the GGUF header states heads for more layers than are believed")
    stated = "attention.head_count_kv" if "attention.head_count_kv" in header.keys else "attention.head_count"
    heads = header.each(stated, layers)
    interval = header.keys.get("full_attention_interval", _INTERVAL.get(header.architecture))
    if interval is not None:
        if type(interval) is not int or interval < 1:
            raise RefusedError(f"the GGUF header has full_attention_interval {interval!r}"[:200])
        return [number if (index + 1) % interval == 0 else 0 for index, number in enumerate(heads)]
    if header.recurrent and 0 not in heads and header.architecture not in _HYBRID_IN_EVERY_LAYER:
        raise RefusedError("the GGUF header has recurrent layers and does not say which layers have attention")
    return heads


def _sliding(header: _Header, layers: int) -> list[bool]:
    window = header.keys.get("attention.sliding_window")
    if window is None or window == 0:
        return [False] * layers
    context = header.keys.get("context_length")
    if type(context) is int and header.number("attention.sliding_window") >= context:
        return [False] * layers
    pattern = header.keys.get("attention.sliding_window_pattern", _WINDOW_PERIOD.get(header.architecture))
    if isinstance(pattern, list) and pattern:
        return [bool(pattern[index % len(pattern)]) for index in range(layers)]
    if type(pattern) is int and pattern >= 0:
        return [pattern == 0 or (index + 1) % pattern != 0 for index in range(layers)]
    if header.architecture in _ALL_SLIDE:
        return [True] * layers
    raise RefusedError(
        f"the GGUF header states a window, and it is not known which layers of {header.architecture[:60]} have it"
    )


def _elements(header: _Header, heads: int, sliding: bool) -> int:
    """Elements that one layer keeps per token."""
    if heads == 0:
        return 0
    indexer = header.number("attention.indexer.key_length") if "attention.indexer.key_length" in header.keys else 0
    if "attention.kv_lora_rank" in header.keys:
        return header.number("attention.kv_lora_rank") + header.number("rope.dimension_count") + indexer
    return heads * (_width(header, "key_length", sliding) + _width(header, "value_length", sliding)) + indexer


def _width(header: _Header, which: str, sliding: bool) -> int:
    if sliding and f"attention.{which}_swa" in header.keys:
        return header.number(f"attention.{which}_swa")
    if f"attention.{which}" in header.keys:
        return header.number(f"attention.{which}")
    heads, hidden = max(header.each("attention.head_count", 1)), header.number("embedding_length")
    if heads == 0 or hidden % heads:
        raise RefusedError(f"embedding_length {hidden} is no multiple of {heads} heads, and no {which} is stated")
    return hidden // heads
