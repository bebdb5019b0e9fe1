"""Sizes of recurrent layers, and of the models made of them: Mamba, Mamba 2, gated delta nets and hybrids with attention."""

from dataclasses import dataclass

from budmodel_pipeline.model_info.attention import head_dim, key_value_heads
from budmodel_pipeline.model_info.config import ModelConfig
from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.layers import Kind, layer_kinds

_LETTERS = {"mamba": "M", "linear_attention": "M", "attention": "*", "full_attention": "*", "moe": "E", "mlp": "-"}


@dataclass(frozen=True, slots=True)
class Body:
    """Parameters without the head. `embeddings` is the input table and is part of `total` and `active`."""

    total: int
    active: int
    embeddings: int


def recurrent_model(config: ModelConfig) -> Body | None:
    """The body of a family that is described here, or None. Raises RefusedError where its config is incomplete."""
    family = config.family
    if family in ("mamba", "falcon_mamba"):
        return _mamba(config)
    if family == "mamba2":
        return _mamba2(config)
    if family == "nemotron_h":
        return _nemotron_h(config)
    if family == "jamba":
        return _jamba(config)
    if family in ("bamba", "granitemoehybrid"):
        return _bamba(config)
    if family == "falcon_h1":
        return _falcon_h1(config)
    return None


def gated_delta_net(config: ModelConfig, hidden: int) -> int:
    """Parameters of one linear-attention layer of Qwen3-Next and Qwen3.5. Raises RefusedError for other families."""
    if config.family not in ("qwen3_next", "qwen3_5_text", "qwen3_5_moe_text"):
        raise RefusedError(f"the recurrent layers of {config.family[:60]!r} are not described")
    value_heads, value_width = config.integer("linear_num_value_heads"), config.integer("linear_value_head_dim")
    keys = config.integer("linear_num_key_heads") * config.integer("linear_key_head_dim")
    values = value_heads * value_width
    mixed = 2 * keys + values
    convolution = mixed * config.integer("linear_conv_kernel_dim")
    return hidden * (mixed + values + 2 * value_heads) + convolution + 2 * value_heads + value_width + values * hidden


def _mamba_mixer(hidden: int, inner: int, state: int, kernel: int, rank: int, *, conv_bias: bool, bias: bool) -> int:
    size = hidden * 2 * inner + inner * kernel + inner * conv_bias + inner * (rank + 2 * state)
    size += rank * inner + inner + inner * state + inner + inner * hidden
    return size + bias * (2 * inner + hidden)


def _mamba2_mixer(
    hidden: int,
    inner: int,
    heads: int,
    groups: int,
    state: int,
    kernel: int,
    *,
    conv_bias: bool,
    bias: bool,
    norm: bool = True,
) -> int:
    mixed = inner + 2 * groups * state
    projection = inner + mixed + heads
    size = hidden * projection + mixed * kernel + mixed * conv_bias + 3 * heads + inner * norm + inner * hidden
    return size + bias * (projection + hidden)


def _rank(config: ModelConfig, key: str, hidden: int) -> int:
    return -(-hidden // 16) if config.raw(key) in (None, "auto") else config.integer(key)


def _mamba(config: ModelConfig) -> Body:
    hidden, layers, table = config.need("hidden_size"), config.need("num_hidden_layers"), _table(config)
    inner = (
        config.integer("expand") * hidden
        if config.stated("intermediate_size") is None
        else config.integer("intermediate_size")
    )
    mixer = _mamba_mixer(
        hidden,
        inner,
        config.integer("state_size"),
        config.integer("conv_kernel"),
        _rank(config, "time_step_rank", hidden),
        conv_bias=config.flag("use_conv_bias"),
        bias=config.flag("use_bias"),
    )
    total = table + layers * (mixer + hidden) + hidden
    return Body(total, total, table)


def _mamba2(config: ModelConfig) -> Body:
    hidden, layers, table = config.need("hidden_size"), config.need("num_hidden_layers"), _table(config)
    mixer = _mamba2_mixer(
        hidden,
        config.integer("expand") * hidden,
        config.integer("num_heads"),
        config.integer("n_groups"),
        config.integer("state_size"),
        config.integer("conv_kernel"),
        conv_bias=config.flag("use_conv_bias"),
        bias=config.flag("use_bias"),
    )
    total = table + layers * (mixer + hidden) + hidden
    return Body(total, total, table)


def _table(config: ModelConfig) -> int:
    return config.need("vocab_size") * config.need("hidden_size")


def _attention(config: ModelConfig, hidden: int, *, bias: bool = False) -> int:
    width, _ = head_dim(config)
    groups, _ = key_value_heads(config)
    queries, keys = config.need("num_attention_heads") * width, groups * width
    return hidden * (queries + 2 * keys) + queries * hidden + bias * (queries + 2 * keys + hidden)


def _pattern(config: ModelConfig) -> str:
    """A letter for each layer; newer files name the layers instead."""
    pattern, blocks = config.stated("hybrid_override_pattern"), config.stated("layers_block_type")
    if isinstance(pattern, str):
        return pattern
    if not isinstance(blocks, list) or not all(isinstance(block, str) and block in _LETTERS for block in blocks):
        raise RefusedError("config.json does not say of what kind each layer is")
    return "".join(_LETTERS[block] for block in blocks)


def _nemotron_h(config: ModelConfig) -> Body:
    """Every layer is one norm and one of: Mamba 2, attention, a plain MLP, a mixture of experts."""
    hidden, table = config.need("hidden_size"), _table(config)
    pattern = _pattern(config)
    if config.flag("mlp_bias"):
        raise RefusedError("biases of the feed-forward layers are not described")
    kinds = layer_kinds(config)
    heads = config.integer("mamba_num_heads")
    mixer = _mamba2_mixer(
        hidden,
        heads * config.integer("mamba_head_dim"),
        heads,
        config.integer("n_groups"),
        config.integer("ssm_state_size"),
        config.integer("conv_kernel"),
        conv_bias=config.flag("use_conv_bias"),
        bias=config.flag("use_bias"),
    )
    sparse = pattern.count("E")
    total = table + len(kinds) * hidden + hidden
    total += kinds.count(Kind.RECURRENT) * mixer + kinds.count(Kind.FULL) * _attention(config, hidden)
    if "-" in pattern:
        total += pattern.count("-") * 2 * hidden * config.need("intermediate_size")
    inactive = 0
    if sparse:
        if config.stated("moe_latent_size"):
            raise RefusedError("experts behind a latent projection (moe_latent_size) are not described")
        number, chosen = config.need("num_experts"), config.need("num_experts_per_tok")
        one = 2 * hidden * config.integer("moe_intermediate_size")
        shared = 2 * hidden * config.integer("moe_shared_expert_intermediate_size")
        total += sparse * (number * one + shared + number * hidden + number)
        inactive = sparse * (number - chosen) * one
    return Body(total, total - inactive, table)


def _jamba(config: ModelConfig) -> Body:
    hidden, width, table = config.need("hidden_size"), config.need("intermediate_size"), _table(config)
    kinds = layer_kinds(config)
    rank, state = _rank(config, "mamba_dt_rank", hidden), config.integer("mamba_d_state")
    mixer = (
        rank
        + 2 * state
        + _mamba_mixer(
            hidden,
            config.integer("mamba_expand") * hidden,
            state,
            config.integer("mamba_d_conv"),
            rank,
            conv_bias=config.flag("mamba_conv_bias"),
            bias=config.flag("mamba_proj_bias"),
        )
    )
    number, chosen = config.need("num_experts"), config.need("num_experts_per_tok")
    period, offset = config.integer("expert_layer_period"), config.count("expert_layer_offset")
    sparse = 0 if number == 1 else sum(index % period == offset for index in range(len(kinds)))
    one = 3 * hidden * width
    total = table + hidden + len(kinds) * 2 * hidden + (len(kinds) - sparse) * one
    total += kinds.count(Kind.RECURRENT) * mixer + kinds.count(Kind.FULL) * _attention(config, hidden)
    total += sparse * (number * one + number * hidden)
    return Body(total, total - sparse * (number - chosen) * one, table)


def _bamba(config: ModelConfig) -> Body:
    """Mamba 2 or attention, then a gated MLP (Bamba) or experts and a shared MLP (Granite 4)."""
    hidden, table = config.need("hidden_size"), _table(config)
    kinds = layer_kinds(config)
    mixer = _mamba2_mixer(
        hidden,
        config.integer("mamba_expand") * hidden,
        config.integer("mamba_n_heads"),
        config.integer("mamba_n_groups"),
        config.integer("mamba_d_state"),
        config.integer("mamba_d_conv"),
        conv_bias=config.flag("mamba_conv_bias"),
        bias=config.flag("mamba_proj_bias"),
    )
    attention = _attention(config, hidden, bias=config.flag("attention_bias"))
    total = table + hidden + len(kinds) * 2 * hidden
    total += kinds.count(Kind.RECURRENT) * mixer + kinds.count(Kind.FULL) * attention
    if config.family == "bamba":
        width = config.need("intermediate_size")
        total += len(kinds) * (3 * hidden * width + config.flag("mlp_bias") * (2 * width + hidden))
        return Body(total, total, table)
    inactive = 0
    total += len(kinds) * 3 * hidden * config.integer("shared_intermediate_size")
    number = config.count("num_local_experts")
    if number:
        one = 3 * hidden * config.need("intermediate_size")
        total += len(kinds) * (number * one + number * hidden)
        inactive = len(kinds) * (number - config.need("num_experts_per_tok")) * one
    return Body(total, total - inactive, table)


def _falcon_h1(config: ModelConfig) -> Body:
    hidden, layers, table = config.need("hidden_size"), config.need("num_hidden_layers"), _table(config)
    width, bias = config.need("intermediate_size"), config.flag("projectors_bias")
    inner = config.count("mamba_d_ssm") or config.integer("mamba_expand") * hidden
    mixer = _mamba2_mixer(
        hidden,
        inner,
        config.integer("mamba_n_heads"),
        config.integer("mamba_n_groups"),
        config.integer("mamba_d_state"),
        config.integer("mamba_d_conv"),
        conv_bias=config.flag("mamba_conv_bias"),
        bias=config.flag("mamba_proj_bias"),
        norm=config.flag("mamba_rms_norm"),
    )
    if bias != config.flag("mamba_proj_bias"):
        raise RefusedError("a projection bias on one side of the mixer only is not described")
    attention = _attention(config, hidden, bias=config.flag("attention_bias"))
    mlp = 3 * hidden * width + config.flag("mlp_bias") * (2 * width + hidden)
    total = table + hidden + layers * (2 * hidden + mixer + attention + mlp)
    return Body(total, total, table)
