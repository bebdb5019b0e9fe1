"""What each layer of the text model keeps per token: everything, a window, a compressed latent, or nothing."""

from collections.abc import Mapping
from enum import StrEnum

from budmodel_pipeline.model_info.config import ModelConfig, class_defaults
from budmodel_pipeline.model_info.facts import RefusedError

MAX_LAYERS = 10_000


class Kind(StrEnum):
    """How a layer mixes tokens. Keys and values that grow with the context are kept by the kinds in ATTENTION alone."""

    FULL = "full"
    SLIDING = "sliding"
    CHUNKED = "chunked"
    HYBRID = "hybrid"  # attention and a recurrent state side by side
    RECURRENT = "recurrent"  # a state of fixed size: linear attention, Mamba, convolution
    CROSS = "cross"  # attends to another modality; its cache does not grow with the text
    MLP = "mlp"  # no token mixing at all


ATTENTION = frozenset({Kind.FULL, Kind.SLIDING, Kind.CHUNKED, Kind.HYBRID})
_NAMES: Mapping[str, Kind] = {
    "full_attention": Kind.FULL,
    "attention": Kind.FULL,
    "global": Kind.FULL,
    "indexed_attention": Kind.FULL,
    "deepseek_sparse_attention": Kind.FULL,
    "sliding_attention": Kind.SLIDING,
    "local": Kind.SLIDING,
    "chunked_attention": Kind.CHUNKED,
    "hybrid": Kind.HYBRID,
    "linear_attention": Kind.RECURRENT,
    "mamba": Kind.RECURRENT,
    "mamba2": Kind.RECURRENT,
    "recurrent": Kind.RECURRENT,
    "conv": Kind.RECURRENT,
    "short_conv": Kind.RECURRENT,
    "moe": Kind.MLP,
    "mlp": Kind.MLP,
}
_PATTERN_LETTERS: Mapping[str, Kind] = {"M": Kind.RECURRENT, "*": Kind.FULL, "-": Kind.MLP, "E": Kind.MLP}
RECURRENT_TYPES = frozenset({"mamba", "mamba2", "falcon_mamba", "rwkv", "rwkv5", "rwkv6", "rwkv7", "xlstm", "retnet"})
# One full layer ends every period of sliding ones; the publisher's own key overrides the number.
_WINDOW_PERIOD: Mapping[str, int] = {
    "gemma2": 2,
    "gemma3_text": 6,
    "gemma3n_text": 5,
    "cohere2": 4,
    "olmo3": 4,
    "gpt_oss": 2,
    "exaone4": 4,
    "afmoe": 4,
    "vaultgemma": 2,
}
# Every layer slides where a window is set.
_ALL_SLIDE = frozenset({"mistral", "mixtral", "phi3", "phimoe", "starcoder2", "ministral", "phi4_multimodal"})
# Keys of architectures whose layers differ in ways that no table here describes.
NOT_DESCRIBED: Mapping[str, str] = {
    "block_configs": "each layer has its own heads and width (block_configs, neural architecture search)",
    "per_layer_config": "each layer has its own shape (per_layer_config)",
    "swa_num_key_value_heads": "sliding layers have other heads than full ones (swa_num_key_value_heads)",
    "num_global_key_value_heads": "full layers have other heads than sliding ones (num_global_key_value_heads)",
    "global_head_dim": "full layers have another head_dim than sliding ones (global_head_dim)",
    "attention_other_setting": "some layers have other heads (attention_other_setting)",
    "compress_ratios": "layers compress their cache by different ratios (compress_ratios)",
    "hybrid_layer_ids": "attention blocks are shared between layers (hybrid_layer_ids)",
}
# Types whose classes do so without a key that says it.
NOT_DESCRIBED_TYPES: Mapping[str, str] = {
    "gemma4_text": "full layers have another head_dim than sliding ones",
    "gemma4_unified_text": "full layers have another head_dim than sliding ones",
    "mimo_v2_flash": "sliding layers have other heads than full ones",
    "zamba": "attention reads the hidden states twice over, in blocks that layers share",
}
# Whoever states one of these mixes attention with something else, in a pattern that must be known.
_HYBRID_MARKS = (
    "ssm_cfg",
    "mamba_d_state",
    "ssm_state_size",
    "mamba_num_heads",
    "linear_num_key_heads",
    "linear_attn_config",
    "conv_L_cache",
    "lru_width",
    "state_size",
)


def not_described(config: ModelConfig) -> str | None:
    """Why the layers of this config are beyond every formula here, or None."""
    by_key = next((reason for key, reason in NOT_DESCRIBED.items() if config.raw(key)), None)
    return by_key or NOT_DESCRIBED_TYPES.get(config.family)


def layer_kinds(config: ModelConfig) -> tuple[Kind, ...]:
    """The kind of each layer of the text model (of the decoder, where there is an encoder too).

    Raises RefusedError where the pattern is not known.
    """
    pattern = config.stated("hybrid_override_pattern")
    if isinstance(pattern, str):
        return _from_pattern(pattern, config)
    layers = layer_count(config)
    if layers > MAX_LAYERS:
        raise RefusedError(f"config.json states {layers:,} layers; more than {MAX_LAYERS:,} are not believed")
    named = next(
        (config.stated(key) for key in ("layer_types", "layers_block_type") if config.stated(key) is not None), None
    )
    if named is not None:
        return _from_names(named, layers, config)
    if config.family in RECURRENT_TYPES:
        return (Kind.RECURRENT,) * layers
    found = _from_indices(config, layers)
    if found is not None:
        return found
    mark = next((key for key in _HYBRID_MARKS if config.raw(key) is not None), None)
    if mark is not None and config.family != "falcon_h1":
        raise RefusedError(f"config.json has {mark} but does not say which layers have attention")
    return _windows(config, layers)


def layer_count(config: ModelConfig) -> int:
    """The number of layers: stated, or the length of a list with an entry for each. Raises RefusedError."""
    stated = config.number("num_hidden_layers")
    lists = (config.stated(key) for key in ("hybrid_override_pattern", "layers_block_type", "layer_types"))
    listed = next((len(found) for found in lists if isinstance(found, list | str) and found), None)
    if listed is not None and (stated.value is None or not stated.method.startswith("stated")):
        return listed
    return config.need("num_hidden_layers")


def _from_pattern(pattern: str, config: ModelConfig) -> tuple[Kind, ...]:
    unknown = set(pattern) - set(_PATTERN_LETTERS)
    if unknown:
        raise RefusedError(f"hybrid_override_pattern has letters {sorted(unknown)[:5]} that are not known")
    stated = config.number("num_hidden_layers").value
    if len(pattern) > MAX_LAYERS or stated not in (None, len(pattern)):
        raise RefusedError(f"hybrid_override_pattern describes {len(pattern)} layers, num_hidden_layers says {stated}")
    return tuple(_PATTERN_LETTERS[letter] for letter in pattern)


def _from_names(named: object, layers: int, config: ModelConfig) -> tuple[Kind, ...]:
    if not isinstance(named, list) or len(named) != layers:
        raise RefusedError(f"the list of layer types does not have one entry for each of {layers} layers")
    kinds = [_NAMES.get(name) if isinstance(name, str) else None for name in named]
    if None in kinds:
        raise RefusedError(f"the layer type {str(named[kinds.index(None)])[:40]!r} is not known")
    without_window = config.raw("sliding_window") is None and "sliding_window_size" not in config.text
    return tuple(Kind.FULL if kind is Kind.SLIDING and without_window else kind for kind in kinds if kind)


def _from_indices(config: ModelConfig, layers: int) -> tuple[Kind, ...] | None:
    """The kinds where the config says by numbers which layers have attention."""
    everything = range(layers)
    attention: set[int] | None = None
    if isinstance(indices := config.stated("attn_layer_indices") or config.stated("full_attn_idxs"), list):
        attention = _indices(indices, layers)
    elif isinstance(types := config.stated("attn_type_list"), list):
        if len(types) != layers:
            raise RefusedError(f"attn_type_list does not have one entry for each of {layers} layers")
        attention = {index for index in everything if types[index] == 1}
    elif config.raw("attn_layer_period") is not None:
        period, offset = config.integer("attn_layer_period"), config.count("attn_layer_offset")
        attention = {index for index in everything if index % period == offset}
    elif config.stated("full_attention_interval") is not None or config.family in (
        "qwen3_next",
        "qwen3_5_text",
        "qwen3_5_moe_text",
    ):
        interval = config.integer("full_attention_interval") if "full_attention_interval" in config.text else 4
        attention = {index for index in everything if (index + 1) % interval == 0}
    elif isinstance(linear := config.stated("linear_attn_config"), dict):
        numbers = linear.get("full_attn_layers")
        if not isinstance(numbers, list):
            raise RefusedError("linear_attn_config does not list full_attn_layers")
        attention = _indices([number - 1 for number in numbers if isinstance(number, int)], layers)
    elif config.stated("layer_group_size") is not None:
        group = config.integer("layer_group_size")
        attention = {index for index in everything if (index + 1) % group == 0 or index >= layers // group * group}
    elif isinstance(blocks := config.stated("block_types") or config.stated("_block_types"), list) and blocks:
        names = [_NAMES.get(str(block)) for block in blocks]
        if None in names:
            raise RefusedError("block_types has a name that is not known")
        attention = {index for index in everything if names[index % len(names)] is Kind.FULL}
    elif config.family == "mllama_text_model" and isinstance(crossing := config.raw("cross_attention_layers"), list):
        cross = _indices(crossing, layers)
        return tuple(Kind.CROSS if index in cross else Kind.FULL for index in everything)
    if attention is None:
        return None
    return tuple(Kind.FULL if index in attention else Kind.RECURRENT for index in everything)


def _indices(numbers: list[object], layers: int) -> set[int]:
    found = {number for number in numbers if isinstance(number, int) and 0 <= number < layers}
    if len(found) != len(numbers):
        raise RefusedError(f"a list of layer numbers in config.json names layers beyond the {layers} there are")
    return found


def _windows(config: ModelConfig, layers: int) -> tuple[Kind, ...]:
    family, everything = config.family, range(layers)
    if family == "llama4_text":
        return tuple(Kind.FULL if (index + 1) % 4 == 0 else Kind.CHUNKED for index in everything)
    if not config.raw("sliding_window"):
        return _by_class(config, layers)
    if config.raw("use_sliding_window") is False:
        return (Kind.FULL,) * layers
    if family in _ALL_SLIDE:
        return (Kind.SLIDING,) * layers
    if family in _WINDOW_PERIOD:
        stated = next(
            (config.stated(key) for key in ("sliding_window_pattern", "_sliding_window_pattern") if config.stated(key)), None
        )
        period = len(stated) if isinstance(stated, str) else stated if isinstance(stated, int) else _WINDOW_PERIOD[family]
        return tuple(Kind.FULL if (index + 1) % period == 0 else Kind.SLIDING for index in everything)
    if config.stated("use_sliding_window") is True:
        full = config.count("max_window_layers")
        return tuple(Kind.FULL if index < full else Kind.SLIDING for index in everything)
    return _by_class(config, layers)


def _by_class(config: ModelConfig, layers: int) -> tuple[Kind, ...]:
    """As the class lays them out where the file says nothing. Raises RefusedError where that has no period."""
    pattern = class_defaults().get(config.family, {}).get("layers")
    if pattern is None:
        return (Kind.FULL,) * layers
    if not pattern:
        raise RefusedError(f"the layers of {config.family} differ, and config.json does not say how")
    return _from_names([pattern[index % len(pattern)] for index in range(layers)], layers, config)
