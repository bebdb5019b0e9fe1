"""Keys and values that the text model keeps per token of context."""

from dataclasses import dataclass

from budmodel_pipeline.model_info.config import BELIEVED, ModelConfig, class_defaults
from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.families import DECODERS
from budmodel_pipeline.model_info.layers import ATTENTION, Kind, layer_kinds, not_described

CACHE_BYTES_PER_ELEMENT = 2
ENCODERS = frozenset(
    {
        "albert",
        "altclip",
        "bert",
        "bert-generation",
        "big_bird",
        "camembert",
        "canine",
        "chinese_clip_text_model",
        "clip_text_model",
        "clip",
        "convbert",
        "data2vec-text",
        "deberta",
        "deberta-v2",
        "distilbert",
        "electra",
        "ernie",
        "ernie_m",
        "esm",
        "eurobert",
        "flaubert",
        "fnet",
        "funnel",
        "ibert",
        "jina_embeddings_v3",
        "layoutlm",
        "layoutlmv2",
        "layoutlmv3",
        "lilt",
        "longformer",
        "luke",
        "markuplm",
        "megatron-bert",
        "mobilebert",
        "modernbert",
        "mpnet",
        "mra",
        "nezha",
        "new",
        "nomic_bert",
        "NomicBERT",
        "nystromformer",
        "qdqbert",
        "rembert",
        "roberta",
        "roberta-prelayernorm",
        "roc_bert",
        "roformer",
        "siglip_text_model",
        "splinter",
        "squeezebert",
        "tapas",
        "xlm",
        "xlm-roberta",
        "xlm-roberta-xl",
        "xmod",
        "yoso",
        "gte",
    }
)
ENCODER_DECODERS = frozenset(
    {
        "bart",
        "bigbird_pegasus",
        "blenderbot",
        "blenderbot-small",
        "fsmt",
        "led",
        "longt5",
        "m2m_100",
        "marian",
        "mbart",
        "mt5",
        "mvp",
        "nllb-moe",
        "pegasus",
        "pegasus_x",
        "plbart",
        "prophetnet",
        "speech_to_text",
        "switch_transformers",
        "t5",
        "umt5",
        "whisper",
    }
)
# Remote code with as many heads of keys and values as of queries.
MULTI_HEAD = frozenset({"qwen", "moss", "jais", "skywork", "gpt_refact", "minicpm", "telechat"})
# Other remote code that keeps keys and values as its config states them.
REMOTE_CODE = frozenset(
    {
        "arctic",
        "bailing_moe",
        "bailing_moe_linear",
        "bailing_moe_v2",
        "codeshell",
        "grok-1",
        "hf_olmo",
        "hunyuan",
        "minimax_m1",
        "minimax_text_01",
        "openelm",
        "phi3small",
        "phi4mm",
        "plamo",
        "solar",
        "telechat2",
    }
)
# Of their class, some layers choose tokens as an earlier one did.
_SHARED_INDEXERS = frozenset({"hy_v4", "mistral_large4_text"})
# Two attention blocks in each layer.
_DOUBLE = frozenset({"longcat_flash"})


@dataclass(frozen=True, slots=True)
class Cache:
    """What one token adds to the cache, in bytes of 16-bit elements.

    `full` and `windowed` are the sums over layers that keep every token and over those that keep only the last `window`.
    """

    full: int
    windowed: int
    window: int | None
    how: str

    @property
    def per_token(self) -> int:
        """While the context is within the window, so that every attention layer keeps the token."""
        return self.full + self.windowed

    def at(self, tokens: int) -> int:
        """Bytes of the cache of one sequence of `tokens` tokens."""
        return self.full * tokens + self.windowed * (tokens if self.window is None else min(tokens, self.window))


def head_dim(config: ModelConfig) -> tuple[int, str]:
    """The width of one attention head and how it was had: stated, or hidden size over heads. Raises RefusedError."""
    stated = config.number("head_dim")
    heads = config.need("num_attention_heads")
    multi_latent = bool(config.raw("kv_lora_rank"))
    if stated.value is not None and not (multi_latent and not stated.method.startswith("stated")):
        return stated.value, stated.evidence
    if config.text.get("head_dim") is not None:
        raise RefusedError(stated.reason or "head_dim is not a number")
    hidden = config.need("hidden_size")
    if hidden // heads < BELIEVED["head_dim"][0]:
        raise RefusedError(f"hidden_size {hidden} and num_attention_heads {heads} leave a head_dim that is not believed")
    if hidden % heads:
        raise RefusedError(f"hidden_size {hidden} is no multiple of num_attention_heads {heads}, and no head_dim is stated")
    note = "; nominal, latent attention uses qk_nope_head_dim, qk_rope_head_dim and v_head_dim" if multi_latent else ""
    return hidden // heads, f"hidden_size {hidden} / num_attention_heads {heads}{note}"


def key_value_heads(config: ModelConfig) -> tuple[int, str]:
    """Heads of keys and values, and how it was had. Raises RefusedError where it differs by layer or nothing says it."""
    if (reason := not_described(config)) and config.stated("num_key_value_heads") is None:
        raise RefusedError(reason)
    if config.family == "falcon":
        return _falcon_heads(config)
    if config.family in ("gpt_bigcode", "chatglm"):
        key = "multi_query" if config.family == "gpt_bigcode" else "multi_query_attention"
        if config.family == "gpt_bigcode" and config.flag(key):
            return 1, f"{key} = true"
        if config.family == "chatglm" and not config.flag(key):
            return config.need("num_attention_heads"), f"{key} = false: as many as num_attention_heads"
    fact = config.number("num_key_value_heads")
    if fact.value is not None:
        if (heads := config.number("num_attention_heads").value) is not None and fact.value > heads:
            raise RefusedError(
                f"{fact.evidence} is not believed: keys and values have more heads than the {heads} of queries"
            )
        return fact.value, fact.evidence
    if any(config.text.get(key) is not None for key in ("num_key_value_heads", "num_kv_heads", "n_head_kv")):
        raise RefusedError(fact.reason or "num_key_value_heads is not a number")
    heads = config.need("num_attention_heads")
    if config.family not in class_defaults() and config.family not in DECODERS and config.family not in MULTI_HEAD:
        raise RefusedError(
            f"config.json states none, and it is not known whether {config.family[:60]!r} has fewer than its heads"
        )
    return heads, f"none stated: as many as num_attention_heads {heads}"


def _falcon_heads(config: ModelConfig) -> tuple[int, str]:
    heads = config.need("num_attention_heads")
    if config.flag("new_decoder_architecture") or config.stated("n_head_kv") is not None:
        stated = config.number("num_key_value_heads").value
        return (heads if stated is None else stated), "new_decoder_architecture: num_kv_heads"
    return (1, "multi_query = true") if config.flag("multi_query") else (heads, "multi_query = false")


def cache_per_token(config: ModelConfig) -> Cache:
    """Bytes of keys and values per token, at 16 bits per element whatever the weights or the server use.

    Grouped-query attention keeps 2 x kv heads x head_dim elements per layer; latent attention (DeepSeek) keeps
    kv_lora_rank + qk_rope_head_dim; recurrent layers keep a state of fixed size and count 0. Raises RefusedError.
    """
    if config.family in ENCODERS and not (config.whole.get("is_decoder") or config.text.get("is_decoder")):
        return Cache(0, 0, None, "an encoder reads all tokens at once and keeps no cache")
    if (reason := not_described(config)) is not None:
        raise RefusedError(reason)
    if not _known_to_keep(config.family):
        raise RefusedError(
            f"{config.family[:60]!r} is not among the model types that are known to write token by token and keep a cache"
            if config.family
            else "config.json states no model_type"
        )
    # A decoder that is a part with heads and windows of its own is read like any other.
    grouped = config.composite and config.number("num_key_value_heads").value is not None
    if config.family in ENCODER_DECODERS or (config.whole.get("is_encoder_decoder") is True and not grouped):
        return _decoder_cache(config)
    if config.towers and not config.composite and config.number("vocab_size").value is None:
        raise RefusedError("no text model in config.json")
    kinds = layer_kinds(config)
    if not ATTENTION.intersection(kinds):
        return Cache(0, 0, None, f"{len(kinds)} recurrent layers, a state of fixed size")
    own = _with_own_cache(config, kinds)
    windowed = sum(kind in (Kind.SLIDING, Kind.CHUNKED) for kind in own)
    full = sum(kind in ATTENTION for kind in own) - windowed
    elements, how = _elements(config)
    window = next(
        (config.raw(key) for key in ("sliding_window", "attention_chunk_size", "window_size") if config.raw(key)), None
    )
    limit = window if isinstance(window, int) and not isinstance(window, bool) and window > 0 and windowed else None
    size = elements * CACHE_BYTES_PER_ELEMENT
    how = f"({full} full + {windowed} windowed layers) x {how} x {CACHE_BYTES_PER_ELEMENT} bytes"
    chosen = indexers(config, len(kinds))
    if chosen:
        # Sparse attention chooses by keys of its own, one for all heads.
        index = config.integer("index_head_dim") * CACHE_BYTES_PER_ELEMENT
        return Cache(full * size + chosen * index, windowed * size, limit, f"{how} + {chosen} indexers x {index} bytes")
    return Cache(full * size, windowed * size, limit, how)


def indexers(config: ModelConfig, layers: int) -> int:
    """How many layers of sparse attention choose by an indexer of their own, rather than as an earlier one did.

    Raises RefusedError where that is not said.
    """
    if not config.count("index_head_dim"):
        return 0
    named = config.stated("indexer_types")
    if isinstance(named, list):
        if len(named) != layers or not all(name in ("full", "shared") for name in named):
            raise RefusedError(f"indexer_types does not say full or shared for each of {layers} layers")
        return named.count("full")
    if config.family in _SHARED_INDEXERS or config.stated("index_topk_pattern") or config.count("index_topk_freq") > 1:
        raise RefusedError("layers share an indexer, and config.json does not list which (indexer_types)")
    return layers


def _known_to_keep(family: str) -> bool:
    return (
        bool(class_defaults().get(family, {}).get("generates")) or family in DECODERS or family in MULTI_HEAD | REMOTE_CODE
    )


def _with_own_cache(config: ModelConfig, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    """The layers that keep keys and values of their own, rather than read those of an earlier one."""
    shared = config.count("num_kv_shared_layers")
    if shared >= len(kinds) and shared:
        raise RefusedError(f"num_kv_shared_layers {shared} leaves none of {len(kinds)} layers")
    own = kinds[: len(kinds) - shared]
    if (sources := config.stated("kv_source_layers")) is not None:
        if not isinstance(sources, list) or len(sources) != len(kinds):
            raise RefusedError(f"kv_source_layers does not name a layer for each of {len(kinds)}")
        return tuple(kind for layer, (kind, source) in enumerate(zip(kinds, sources, strict=True)) if source == layer)
    # Cross-layer attention: the first of every group keeps, the rest of it reads.
    return own[:: config.integer("cla_share_factor")] if config.flag("use_cla") else own


def _elements(config: ModelConfig) -> tuple[int, str]:
    """Elements that one attention layer keeps per token."""
    if config.raw("kv_lora_rank"):
        latent, rope = config.integer("kv_lora_rank"), config.integer("qk_rope_head_dim")
        blocks = 2 if config.family in _DOUBLE else 1
        return blocks * (latent + rope), f"{blocks} x (kv_lora_rank {latent} + qk_rope_head_dim {rope})"
    if config.stated("index_head_dim") is not None or config.stated("index_n_heads") is not None:
        raise RefusedError("sparse attention with an indexer beside plain heads is not described")
    heads, _ = key_value_heads(config)
    width, _ = head_dim(config)
    if (values := config.count("v_head_dim")) not in (0, width):
        return heads * (width + values), f"{heads} kv heads x (head_dim {width} + v_head_dim {values})"
    return 2 * heads * width, f"2 x {heads} kv heads x head_dim {width}"


def _decoder_cache(config: ModelConfig) -> Cache:
    """The self-attention of the decoder; what it keeps of the encoder's output does not grow with the answer."""
    key = next((key for key in ("decoder_layers", "num_decoder_layers") if config.stated(key)), None)
    layers = config.integer(key) if key else config.need("num_hidden_layers")
    heads = (
        config.integer("decoder_attention_heads")
        if config.raw("decoder_attention_heads")
        else config.need("num_attention_heads")
    )
    stated = config.number("head_dim").value
    width = stated if stated is not None else config.need("hidden_size") // heads
    # The T5 family groups no heads; what came after it may.
    heads = config.number("num_key_value_heads").value or heads
    size = 2 * heads * width * CACHE_BYTES_PER_ELEMENT
    return Cache(
        layers * size, 0, None, f"{layers} decoder layers x 2 x {heads} heads x {width} x {CACHE_BYTES_PER_ELEMENT} bytes"
    )
