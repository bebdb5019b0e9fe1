"""Sizes of encoders: with the head that predicts tokens where the class has one, else the bare model with its pooler."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from budmodel_pipeline.model_info.config import ModelConfig
from budmodel_pipeline.model_info.facts import RefusedError

TOKEN_HEADS: Final = ("ForMaskedLM", "ForCausalLM", "LMHeadModel")


@dataclass(frozen=True, slots=True)
class Encoder:
    """A BERT-like encoder. `segments` are the token types; `relative_buckets` is the key of a shared position bias.

    `untied_bias`: a decoder that is not the input table has a bias beside the one that the head has anyway.
    """

    segments: bool = True
    pooler: bool = True
    relative_buckets: str | None = None
    embedding_size: bool = False
    untied_bias: bool = True


ENCODERS: Mapping[str, Encoder] = {
    "bert": Encoder(),
    "roberta": Encoder(),
    "xlm-roberta": Encoder(),
    "camembert": Encoder(),
    "distilbert": Encoder(segments=False, pooler=False),
    "electra": Encoder(pooler=False, embedding_size=True, untied_bias=False),
    "mpnet": Encoder(segments=False, relative_buckets="relative_attention_num_buckets"),
}


@dataclass(frozen=True, slots=True)
class EncoderSize:
    """Parameters of the named class; `heads` of them are above the bare model, fewer than none where its pooler goes."""

    total: int
    heads: int


def encoder_size(config: ModelConfig) -> EncoderSize | None:
    """The size of an encoder, or None for other families. Raises RefusedError where the config is incomplete.

    Heads over labels are not counted, since their number is no part of the architecture.
    """
    family = config.family
    if family not in ENCODERS and family not in ("albert", "modernbert"):
        return None
    body = _body(config)
    heads = _token_head(config) if config.class_name.endswith(TOKEN_HEADS) else 0
    return EncoderSize(body + heads, heads)


def _token_head(config: ModelConfig) -> int:
    """A transform of the hidden states, a norm, and a decoder that is the input table where it is tied; no pooler."""
    family, hidden, vocab = config.family, config.need("hidden_size"), config.need("vocab_size")
    untied = config.raw("tie_word_embeddings") is False
    if family == "modernbert":
        norm = hidden * (1 + config.flag("norm_bias"))
        transform = hidden * hidden + hidden * config.flag("classifier_bias") + norm
        return transform + vocab * config.flag("decoder_bias") + untied * vocab * hidden
    if family == "distilbert":
        return hidden * hidden + hidden + 2 * hidden + vocab + untied * vocab * hidden
    described = ENCODERS.get(family, Encoder())
    inner = config.integer("embedding_size") if family == "albert" or described.embedding_size else hidden
    transform = hidden * inner + inner + 2 * inner
    pooler = (hidden * hidden + hidden) * described.pooler
    return transform + vocab + untied * vocab * (inner + described.untied_bias) - pooler


def _body(config: ModelConfig) -> int:
    family = config.family
    if config.whole.get("is_decoder") or config.whole.get("add_cross_attention"):
        raise RefusedError("an encoder turned into a decoder is not described")
    if family == "albert":
        return _albert(config)
    return _modernbert(config) if family == "modernbert" else _bert(config, ENCODERS[family])


def _layer(hidden: int, width: int) -> int:
    """Attention, feed-forward and two norms, with biases everywhere."""
    return 4 * (hidden * hidden + hidden) + 2 * hidden * width + width + hidden + 4 * hidden


def _bert(config: ModelConfig, family: Encoder) -> int:
    hidden, vocab, layers = config.need("hidden_size"), config.need("vocab_size"), config.need("num_hidden_layers")
    inner = config.integer("embedding_size") if family.embedding_size else hidden
    rows = vocab + config.need("max_position_embeddings") + (config.count("type_vocab_size") if family.segments else 0)
    total = rows * inner + 2 * inner + layers * _layer(hidden, config.need("intermediate_size"))
    total += (inner * hidden + hidden) * (inner != hidden) + (hidden * hidden + hidden) * family.pooler
    if family.relative_buckets:
        total += config.integer(family.relative_buckets) * config.need("num_attention_heads")
    return total


def _albert(config: ModelConfig) -> int:
    """Layers share their parameters within a group."""
    hidden, inner = config.need("hidden_size"), config.integer("embedding_size")
    rows = config.need("vocab_size") + config.need("max_position_embeddings") + config.count("type_vocab_size")
    groups = config.count("num_hidden_groups") or 1
    if config.count("inner_group_num") > 1:
        raise RefusedError("several layers within a group of ALBERT are not described")
    layer = _layer(hidden, config.need("intermediate_size"))
    return rows * inner + 2 * inner + inner * hidden + hidden + groups * layer + hidden * hidden + hidden


def _modernbert(config: ModelConfig) -> int:
    hidden, width, layers = config.need("hidden_size"), config.need("intermediate_size"), config.need("num_hidden_layers")
    norm = hidden * (1 + config.flag("norm_bias"))
    attention = 4 * hidden * hidden + 4 * hidden * config.flag("attention_bias")
    mlp = 3 * hidden * width + (2 * width + hidden) * config.flag("mlp_bias")
    # The first layer has no norm before attention, but there is a final one.
    return config.need("vocab_size") * hidden + norm + layers * (attention + mlp + 2 * norm)
