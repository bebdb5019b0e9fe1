"""Sizes of encoder-decoders: the T5, BART and Whisper families, with their tied head."""

from collections.abc import Mapping
from dataclasses import dataclass

from budmodel_pipeline.model_info.config import ModelConfig
from budmodel_pipeline.model_info.facts import RefusedError

T5 = frozenset({"t5", "mt5", "umt5"})


@dataclass(frozen=True, slots=True)
class Bart:
    """Differences within the family: learned positions (with two reserved rows), a norm of the embeddings, a final norm."""

    positions: bool
    embedding_norm: bool
    final_norm: bool


BART: Mapping[str, Bart] = {
    "bart": Bart(positions=True, embedding_norm=True, final_norm=False),
    "mbart": Bart(positions=True, embedding_norm=True, final_norm=True),
    "m2m_100": Bart(positions=False, embedding_norm=False, final_norm=True),
}


def encoder_decoder_body(config: ModelConfig) -> int | None:
    """Parameters, or None for other families. Raises RefusedError where the config is incomplete or unties its head."""
    family = config.family
    if family not in BART and family not in T5 and family != "whisper":
        return None
    if family in T5:
        return _t5(config)
    if config.raw("tie_word_embeddings") is False:
        raise RefusedError(f"a {family} with an untied head is not described")
    return _whisper(config) if family == "whisper" else _bart(config, BART[family])


def _t5(config: ModelConfig) -> int:
    """The encoder alone where the class is one."""
    hidden, width, inner = (
        config.integer("d_model"),
        config.integer("d_ff"),
        config.integer("num_heads") * config.integer("d_kv"),
    )
    layers = config.integer("num_layers")
    alone = config.class_name.endswith("EncoderModel")
    decoder_layers = 0 if alone else config.count("num_decoder_layers") or layers
    activation = config.raw("feed_forward_proj")
    if not isinstance(activation, str):
        raise RefusedError("feed_forward_proj in config.json is not text")
    mlp = (3 if activation.startswith("gated") else 2) * hidden * width
    attention = 4 * hidden * inner
    bias = config.integer("relative_attention_num_buckets") * config.integer("num_heads")
    table = config.need("vocab_size") * hidden
    each = config.family == "umt5"
    total = table + layers * (attention + mlp + 2 * hidden) + hidden + bias * (layers if each else 1)
    if not alone:
        total += decoder_layers * (2 * attention + mlp + 3 * hidden) + hidden + bias * (decoder_layers if each else 1)
        # mT5 and T5 1.1 have a head of their own.
        total += table * (config.raw("tie_word_embeddings") is False and not config.class_name.endswith("Model"))
    return total


def _stack(hidden: int, layers: int, width: int, attentions: int, *, key_bias: bool) -> int:
    """Layers with `attentions` attention blocks and a feed-forward, a norm for each, and biases."""
    attention = 4 * hidden * hidden + (3 + key_bias) * hidden + 2 * hidden
    return layers * (attentions * attention + 2 * hidden * width + width + hidden + 2 * hidden)


def _bart(config: ModelConfig, family: Bart) -> int:
    hidden = config.integer("d_model")
    positions = config.integer("max_position_embeddings") + 2 if family.positions else 0
    each = positions * hidden + 2 * hidden * (family.embedding_norm + family.final_norm)
    decoder = each + _stack(hidden, config.integer("decoder_layers"), config.integer("decoder_ffn_dim"), 2, key_bias=True)
    table = config.need("vocab_size") * hidden
    if _decoder_alone(config):
        return table + decoder
    encoder = each + _stack(hidden, config.integer("encoder_layers"), config.integer("encoder_ffn_dim"), 1, key_bias=True)
    return table + encoder + decoder


def _whisper(config: ModelConfig) -> int:
    """Two convolutions of width 3 over the mel bands, positions for frames and for tokens."""
    hidden = config.integer("d_model")
    decoder = (config.need("vocab_size") + config.integer("max_target_positions")) * hidden + 2 * hidden
    decoder += _stack(hidden, config.integer("decoder_layers"), config.integer("decoder_ffn_dim"), 2, key_bias=False)
    if _decoder_alone(config):
        return decoder
    convolutions = 3 * config.integer("num_mel_bins") * hidden + hidden + 3 * hidden * hidden + hidden
    encoder = convolutions + config.integer("max_source_positions") * hidden + 2 * hidden
    encoder += _stack(hidden, config.integer("encoder_layers"), config.integer("encoder_ffn_dim"), 1, key_bias=False)
    return encoder + decoder


def _decoder_alone(config: ModelConfig) -> bool:
    """Whether the named class is the decoder without its encoder."""
    return config.class_name.endswith("ForCausalLM")
