"""Writes `class_defaults.json` from the installed transformers: `python -m budmodel_pipeline.model_info.read_transformers`.

Nothing else in this room imports transformers: a config is read as data, with this table beside it.
"""

import ast
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("class_defaults.json")
# The maps of classes that write token by token, each token looking back at all before it.
GENERATIVE = (
    "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES",
    "MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES",
    "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
    "MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES",
)
KEYS = frozenset(
    {
        "_remove_final_layer_norm",
        "add_bias_linear",
        "add_qkv_bias",
        "alibi",
        "attention_bias",
        "attention_other_setting",
        "attention_out_bias",
        "attn_layer_indices",
        "attn_layer_offset",
        "attn_layer_period",
        "bias",
        "block_auto_adjust_ff_dim",
        "block_configs",
        "block_multiple_of",
        "classifier_bias",
        "compress_ratios",
        "conv_L_cache",
        "conv_bias",
        "conv_kernel",
        "cross_attention_layers",
        "d_conv",
        "d_ff",
        "d_head",
        "d_inner",
        "d_kv",
        "d_model",
        "decoder_attention_heads",
        "decoder_bias",
        "decoder_ffn_dim",
        "decoder_layers",
        "decoder_sparse_step",
        "dim",
        "do_layer_norm_before",
        "embedding_size",
        "enable_bias",
        "encoder_attention_heads",
        "encoder_ffn_dim",
        "encoder_layers",
        "expand",
        "expansion_ratio",
        "expert_layer_offset",
        "expert_layer_period",
        "feed_forward_proj",
        "ffn_dim",
        "ffn_hidden_size",
        "first_k_dense_replace",
        "full_attn_idxs",
        "global_attn_every_n_layers",
        "global_head_dim",
        "head_dim",
        "hidden_dim",
        "hidden_size",
        "hybrid_layer_ids",
        "index_head_dim",
        "index_n_heads",
        "interleave_moe_layer_step",
        "intermediate_size",
        "intermediate_size_mlp",
        "kv_lora_rank",
        "layer_group_size",
        "layer_norm_elementwise_affine",
        "layers_block_type",
        "linear_conv_kernel_dim",
        "linear_key_head_dim",
        "linear_num_key_heads",
        "linear_num_value_heads",
        "linear_value_head_dim",
        "lm_head_bias",
        "local_attention",
        "mamba_conv_bias",
        "mamba_d_conv",
        "mamba_d_head",
        "mamba_d_ssm",
        "mamba_d_state",
        "mamba_dt_rank",
        "mamba_expand",
        "mamba_head_dim",
        "mamba_n_groups",
        "mamba_n_heads",
        "mamba_num_heads",
        "mamba_proj_bias",
        "mamba_rms_norm",
        "max_position_embeddings",
        "max_seq_len",
        "max_source_positions",
        "max_target_positions",
        "max_window_layers",
        "mlp_bias",
        "mlp_only_layers",
        "model_max_length",
        "moe_intermediate_size",
        "moe_k",
        "moe_latent_size",
        "moe_layer_freq",
        "moe_layer_interval",
        "moe_layer_start_index",
        "moe_num_experts",
        "moe_num_shared_experts",
        "moe_shared_expert_intermediate_size",
        "moe_topk",
        "multi_query",
        "n_embd",
        "n_groups",
        "n_head",
        "n_head_kv",
        "n_heads",
        "n_inner",
        "n_layer",
        "n_layers",
        "n_positions",
        "n_routed_experts",
        "n_shared_experts",
        "new_decoder_architecture",
        "no_bias",
        "num_attention_heads",
        "num_decoder_layers",
        "num_dense_layers",
        "num_experts",
        "num_experts_per_tok",
        "num_experts_per_token",
        "num_global_key_value_heads",
        "num_heads",
        "num_hidden_layers",
        "num_key_value_heads",
        "num_kv_heads",
        "num_kv_shared_layers",
        "num_layers",
        "num_ln_in_parallel_attn",
        "num_local_experts",
        "num_mel_bins",
        "num_shared_experts",
        "original_max_position_embeddings",
        "parallel_attn",
        "per_layer_config",
        "pooler_hidden_size",
        "position_biased_input",
        "projectors_bias",
        "q_lora_rank",
        "qk_layernorm",
        "qk_nope_head_dim",
        "qk_norm",
        "qk_rope_head_dim",
        "qkv_bias",
        "relative_attention_num_buckets",
        "rotary_dim",
        "seq_length",
        "shared_expert_intermediate_size",
        "shared_intermediate_size",
        "sliding_window",
        "sliding_window_pattern",
        "ssm_state_size",
        "state_size",
        "swa_num_key_value_heads",
        "tie_word_embeddings",
        "time_step_rank",
        "top_k_experts",
        "type_vocab_size",
        "use_bias",
        "use_cache",
        "use_conv_bias",
        "use_parallel_residual",
        "use_qk_norm",
        "use_qkv_bias",
        "use_sliding_window",
        "v_head_dim",
        "vocab_size",
        "word_embed_proj_dim",
    }
)
CONCEPTS = frozenset(
    {
        "head_dim",
        "hidden_size",
        "intermediate_size",
        "max_position_embeddings",
        "num_attention_heads",
        "num_experts",
        "num_experts_per_tok",
        "num_hidden_layers",
        "num_key_value_heads",
        "num_local_experts",
        "vocab_size",
    }
)


def class_table() -> dict[str, dict[str, Any]]:
    """What a config class says, by model type.

    `keys`: concept to its key; `defaults`: key to default; `text`: model type of the text part; `layers`: see
    `layer_pattern`; `generates`: whether a class of this type, or of the one that it is the text part of, writes token by
    token.
    """
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    found: dict[str, dict[str, Any]] = {}
    for model_type in CONFIG_MAPPING:
        config = CONFIG_MAPPING[model_type]
        defaults = {f.name: f.default for f in fields(config) if f.name in KEYS and f.default is not MISSING}
        found[model_type] = {
            "keys": {concept: key for concept, key in config.attribute_map.items() if concept in CONCEPTS},
            "defaults": {key: value for key, value in defaults.items() if plain(value)},
            "text": text_type(config),
        }
        if (layers := layer_pattern(config)) is not None:
            found[model_type]["layers"] = layers
    writers = generative_types() & found.keys()
    for model_type in {*writers, *(text for name in writers if (text := found[name]["text"]) in found)}:
        found[model_type]["generates"] = True
    kept = {
        name: {key: part for key, part in entry.items() if part or key == "layers"} for name, entry in sorted(found.items())
    }
    return {name: entry for name, entry in kept.items() if entry.keys() - {"keys"}}


def generative_types() -> frozenset[str]:
    """The model types in the maps of GENERATIVE. They are read as text: importing their module needs PyTorch."""
    spec = find_spec("transformers.models.auto.modeling_auto")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("transformers has no models.auto.modeling_auto")
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    maps: Mapping[str, ast.expr] = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    pairs = [pair for name in GENERATIVE for pair in ast.walk(maps[name]) if isinstance(pair, ast.Tuple)]
    return frozenset(ast.literal_eval(pair)[0] for pair in pairs)


def plain(value: object) -> bool:
    return isinstance(value, int | str) or (isinstance(value, list | tuple) and all(isinstance(item, int) for item in value))


def text_type(config: type[Any]) -> str | None:
    instance = at_defaults(config)
    try:
        text = instance.get_text_config() if instance is not None else None
    except (ValueError, AttributeError):
        return None
    return None if text is None or text is instance else str(text.model_type)


def layer_pattern(config: type[Any]) -> list[str] | None:
    """The kinds of layers that repeat, [] where they differ without a period, None where the class tells of one kind."""
    kinds = getattr(at_defaults(config), "layer_types", None)
    if not isinstance(kinds, list) or len(set(kinds)) < 2:
        return None
    lengths = range(2, len(kinds) // 2 + 1)
    return next(
        (kinds[:length] for length in lengths if all(kind == kinds[place % length] for place, kind in enumerate(kinds))), []
    )


def at_defaults(config: type[Any]) -> Any:
    """An instance without arguments, None where the class cannot be made without."""
    from huggingface_hub.errors import StrictDataclassError

    try:
        return config()
    except (TypeError, ValueError, AttributeError, KeyError, StrictDataclassError):
        return None


if __name__ == "__main__":
    lines = [f"{json.dumps(name)}: {json.dumps(entry, sort_keys=True)}" for name, entry in class_table().items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
