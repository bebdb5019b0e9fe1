"""The number of parameters of a model, computed from its config for the families whose layers are described.

Counted are the weights of the main model as its checkpoint holds them: a tied head once, no multi-token-prediction layers,
no scales of quantization, no buffers; routing biases that are stored with the weights count.
"""

from dataclasses import dataclass

from budmodel_pipeline.model_info.attention import head_dim, indexers, key_value_heads
from budmodel_pipeline.model_info.config import ModelConfig
from budmodel_pipeline.model_info.encoder_decoders import encoder_decoder_body
from budmodel_pipeline.model_info.encoders import encoder_size
from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.families import DECODERS, Decoder, Experts, Flag
from budmodel_pipeline.model_info.layers import Kind, layer_kinds, not_described
from budmodel_pipeline.model_info.recurrent import gated_delta_net, recurrent_model

_LANGUAGE_HEADS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "ForVision2Seq", "DoubleHeadsModel")
# Classes that are language models but are not named so.
_LANGUAGE_CLASSES = frozenset(
    {"", "ChatGLMModel", "InternVLChatModel", "LlavaQwenModel", "MiniCPMV", "MiniCPMO", "RWForCausalLM"}
)
# Dense layers before the sparse ones, where the class says so by a rule rather than by a default.
_DENSE_FIRST = {"deepseek_v32": 3, "glm_moe_dsa": 3, "glm4_moe_lite": 1}


@dataclass(frozen=True, slots=True)
class Parameters:
    """`active` are those that one text token passes, without experts not chosen; `embeddings` is the input table.

    `heads` are those of `total` that the class puts on top of the bare model.
    """

    total: int
    active: int
    embeddings: int
    heads: int = 0


def count_parameters(config: ModelConfig) -> Parameters:
    """The parameters of the text model of `config`. Raises RefusedError where its family is not described."""
    if (reason := not_described(config)) is not None:
        raise RefusedError(f"{reason}: a formula for equal layers would be wrong")
    family = config.family
    if family in DECODERS:
        return _decoder(config, DECODERS[family])
    if (encoder := encoder_size(config)) is not None:
        return Parameters(encoder.total, encoder.total, _table(config), encoder.heads)
    if (both := encoder_decoder_body(config)) is not None:
        return Parameters(both, both, _table(config))
    if family == "falcon":
        return _falcon(config)
    found = recurrent_model(config)
    if found is not None:
        head = _head(config, found.embeddings, bias=False)
        return Parameters(found.total + head, found.active + head, found.embeddings, head)
    raise RefusedError(
        f"no formula for model_type {family[:60]!r}; the headers of its weights tell"
        if family
        else "config.json states no model_type"
    )


def _table(config: ModelConfig) -> int:
    return config.need("vocab_size") * config.need("hidden_size")


def has_language_head(config: ModelConfig) -> bool:
    """Whether the class ends in a head over the vocabulary. Raises RefusedError for classes with another head."""
    name = config.class_name
    if name in _LANGUAGE_CLASSES or name.endswith(_LANGUAGE_HEADS) or config.composite:
        return True
    if name.endswith("Model"):
        return False
    raise RefusedError(f"the size of the head of {name[:60]} is not known")


def tied(config: ModelConfig) -> bool:
    """Whether the head shares the input table: stated by the text part or by the whole, else the default of the class."""
    for part in (config.text, config.whole):
        value = part.get("tie_word_embeddings")
        if isinstance(value, bool):
            return value
        if value is not None:
            raise RefusedError("tie_word_embeddings in config.json is not a boolean")
    default = config.default("tie_word_embeddings")
    # Before transformers 5 the base class said True, and so do files of remote code that leave it out.
    return default if isinstance(default, bool) else False


def _head(config: ModelConfig, table: int, *, bias: bool) -> int:
    if not has_language_head(config):
        return 0
    return (0 if tied(config) else table) + bias * config.need("vocab_size")


def _set(config: ModelConfig, flag: Flag) -> bool:
    if isinstance(flag, bool):
        return flag
    return not config.flag(flag.removeprefix("not ")) if flag.startswith("not ") else config.flag(flag)


def _decoder(config: ModelConfig, family: Decoder) -> Parameters:
    hidden, vocab = config.need("hidden_size"), config.need("vocab_size")
    kinds = layer_kinds(config)
    if Kind.CROSS in kinds:
        raise RefusedError("the size of cross-attention layers is not described")
    table = vocab * hidden
    norm = hidden * (1 + _set(config, family.norm_bias)) * _set(config, family.norm_weights)
    per_layer = _norms(config, family) * norm
    attention = _attention(config, family)
    total = table + sum(
        per_layer + (gated_delta_net(config, hidden) if kind is Kind.RECURRENT else attention) for kind in kinds
    )
    inactive = 0
    sparse = _sparse_layers(config, len(kinds)) if family.experts else frozenset()
    if family.experts and sparse:
        of_all, unused = _experts(config, family, family.experts, hidden)
        total += len(sparse) * of_all
        inactive = len(sparse) * unused
    if len(sparse) < len(kinds):
        total += (len(kinds) - len(sparse)) * _mlp(config, family, hidden)
    total += norm * _set(config, family.final_norm) + 2 * hidden * family.embedding_norm
    if family.positions:
        total += (config.need("max_position_embeddings") + family.position_offset) * hidden
    if config.family == "opt":
        _refuse_small_opt(config, hidden)
    head = _head(config, table, bias=_set(config, family.head_bias))
    return Parameters(total + head, total + head - inactive, table, head)


def _norms(config: ModelConfig, family: Decoder) -> int:
    if config.family == "stablelm" and config.flag("use_parallel_residual"):
        return 1
    return family.norms


def _refuse_small_opt(config: ModelConfig, hidden: int) -> None:
    if config.count("word_embed_proj_dim") not in (0, hidden) or config.raw("do_layer_norm_before") is False:
        raise RefusedError("this OPT has projected embeddings or norms after the layers, which are not described")


def _attention(config: ModelConfig, family: Decoder) -> int:
    hidden, heads = config.need("hidden_size"), config.need("num_attention_heads")
    if family.attention == "latent":
        return _latent_attention(config, family, hidden, heads)
    width, _ = head_dim(config)
    groups, _ = key_value_heads(config)
    queries, keys = heads * width, groups * width
    gate = queries if family.attention == "gated" else 0
    size = hidden * (queries + gate + 2 * keys) + queries * hidden
    size += (queries + gate + 2 * keys) * _set(config, family.qkv_bias) + hidden * _set(config, family.out_bias)
    if family.qk_norm and _set(config, family.qk_norm_if):
        size += {"head": 2 * width, "head with bias": 4 * width, "width": queries + keys}[family.qk_norm]
    return size + heads * family.sinks


def _latent_attention(config: ModelConfig, family: Decoder, hidden: int, heads: int) -> int:
    """Multi-head latent attention: queries and key-values through low ranks, one rope key for all heads."""
    latent, rope = config.integer("kv_lora_rank"), config.integer("qk_rope_head_dim")
    plain, value = config.integer("qk_nope_head_dim"), config.integer("v_head_dim")
    rank = config.count("q_lora_rank")
    bias = _set(config, family.qkv_bias)
    queries = heads * (plain + rope)
    size = hidden * rank + rank * bias + rank + rank * queries if rank else hidden * queries
    size += hidden * (latent + rope) + (latent + rope) * bias + latent + latent * heads * (plain + value)
    size += heads * value * hidden + hidden * _set(config, family.out_bias)
    if family.indexer:
        layers = config.need("num_hidden_layers")
        if indexers(config, layers) != layers:
            raise RefusedError("layers that share an indexer are not described")
        index_heads, index_width = config.integer("index_n_heads"), config.integer("index_head_dim")
        size += rank * index_heads * index_width + hidden * index_width + 2 * index_width + hidden * index_heads
    return size


def _mlp(config: ModelConfig, family: Decoder, hidden: int) -> int:
    return _feed_forward(config, family, hidden, dense_width(config))


def dense_width(config: ModelConfig) -> int:
    """The inner width of a dense feed-forward layer, the family's own rule where the config leaves it out."""
    if config.family == "llama4_text":
        return config.integer("intermediate_size_mlp")
    fact = config.number("intermediate_size")
    if fact.value is not None:
        return fact.value
    if config.family in ("gpt2", "gpt_bigcode", "gpt_neo", "gptj", "codegen", "bloom", "falcon"):
        return 4 * config.need("hidden_size")
    if config.family == "mpt":
        return config.integer("expansion_ratio") * config.need("hidden_size")
    raise RefusedError(fact.reason or "no intermediate_size")


def _feed_forward(config: ModelConfig, family: Decoder, hidden: int, width: int) -> int:
    bias = _set(config, family.mlp_bias)
    if family.mlp == "gated":
        return 3 * hidden * width + bias * (2 * width + hidden)
    return 2 * hidden * width + bias * (width + hidden) + family.mlp_scalars


def _experts(config: ModelConfig, family: Decoder, experts: Experts, hidden: int) -> tuple[int, int]:
    """Parameters of one sparse layer's mixture, and how many of them one token leaves out."""
    number, chosen = config.need("num_experts"), config.need("num_experts_per_tok")
    if chosen > number:
        raise RefusedError(f"{chosen} experts per token of only {number}")
    width = config.need("moe_intermediate_size") if experts.width == "moe_intermediate_size" else config.need(experts.width)
    one = 3 * hidden * width + experts.bias * (2 * width + hidden)
    shared = 0
    if experts.shared == "llama4":
        shared = one
    elif experts.shared is not None and (amount := config.count(experts.shared)):
        shared = _feed_forward(config, family, hidden, amount if experts.shared_is_width else amount * width)
    router = hidden * number + number * (experts.router_bias + experts.correction) + hidden * experts.shared_gate
    return number * one + shared + router, (number - chosen) * one


def _sparse_layers(config: ModelConfig, layers: int) -> frozenset[int]:
    """Which layers have experts. Raises RefusedError where the config is at odds with itself."""
    named = config.stated("mlp_layer_types")
    if isinstance(named, list):
        if len(named) != layers or not all(name in ("sparse", "dense") for name in named):
            raise RefusedError(f"mlp_layer_types does not say sparse or dense for each of {layers} layers")
        return frozenset(index for index, name in enumerate(named) if name == "sparse")
    listed = config.stated("moe_layers")
    if isinstance(listed, list):
        return frozenset(index for index in listed if isinstance(index, int) and 0 <= index < layers)
    first = (
        config.count("first_k_dense_replace") or config.count("num_dense_layers") or config.count("moe_layer_start_index")
    )
    if "first_k_dense_replace" not in config.text:
        first = _DENSE_FIRST.get(config.family, first)
    every = next(
        (
            config.count(key)
            for key in ("decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval", "moe_layer_freq")
            if not isinstance(config.raw(key), list) and config.count(key)
        ),
        1,
    )
    dense = config.raw("mlp_only_layers")
    excluded = {index for index in dense if isinstance(index, int)} if isinstance(dense, list) else set()
    offset = 0 if config.family in ("deepseek", "deepseek_v2", "deepseek_v3") else 1
    return frozenset(
        index for index in range(first, layers) if (every == 1 or (index + offset) % every == 0) and index not in excluded
    )


def _falcon(config: ModelConfig) -> Parameters:
    hidden, vocab, layers = config.need("hidden_size"), config.need("vocab_size"), config.need("num_hidden_layers")
    heads, (groups, _) = config.need("num_attention_heads"), key_value_heads(config)
    keys = groups * (hidden // heads)
    bias = config.flag("bias")
    width = dense_width(config)
    modern = config.flag("new_decoder_architecture") or config.stated("n_head_kv") is not None
    stated = config.count("num_ln_in_parallel_attn") or (2 if modern else 1)
    norms = stated if config.flag("parallel_attn") else 2
    per_layer = 2 * norms * hidden + hidden * (2 * hidden + 2 * keys) + 2 * hidden * width
    per_layer += bias * (hidden + 2 * keys + hidden + width + hidden)
    table = vocab * hidden
    head = _head(config, table, bias=False)
    total = table + layers * per_layer + 2 * hidden + head
    return Parameters(total, total, table, head)
