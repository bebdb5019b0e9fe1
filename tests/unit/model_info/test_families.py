"""Sizes of families, against the totals that the hub shows for the published checkpoints or models built without weights."""

from typing import Any

import pytest

from budmodel_pipeline.model_info.architecture import architecture_json, describe_architecture


def described(model_type: str, **config: Any) -> dict[str, Any]:
    return architecture_json(describe_architecture({"model_type": model_type, **config}))


def sizes(layers: int, hidden: int, heads: int, groups: int | None, width: int, vocab: int, **rest: Any) -> dict[str, Any]:
    keys = (
        "num_hidden_layers",
        "hidden_size",
        "num_attention_heads",
        "num_key_value_heads",
        "intermediate_size",
        "vocab_size",
    )
    return {**dict(zip(keys, (layers, hidden, heads, groups, width, vocab), strict=True)), **rest}


BERT = {"model_type": "bert", **sizes(2, 64, 4, None, 128, 100)}
GPT = {"n_layer": 12, "n_embd": 768, "n_head": 12, "vocab_size": 50257, "n_positions": 1024}
INDEXED = {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "index_head_dim": 128, "index_n_heads": 64}
DEEPSEEK_LITE = sizes(
    27,
    2048,
    16,
    16,
    10944,
    102400,
    kv_lora_rank=512,
    q_lora_rank=None,
    qk_nope_head_dim=128,
    qk_rope_head_dim=64,
    v_head_dim=128,
    n_routed_experts=64,
    n_shared_experts=2,
    num_experts_per_tok=6,
    moe_intermediate_size=1408,
    first_k_dense_replace=1,
)
QWEN_MOE = sizes(
    24,
    2048,
    16,
    16,
    5632,
    151936,
    num_experts=60,
    num_experts_per_tok=4,
    moe_intermediate_size=1408,
    shared_expert_intermediate_size=5632,
)


# name, config, parameters, cache bytes per token
@pytest.mark.parametrize(
    ("model_type", "config", "parameters", "cache"),
    [
        ("llama", sizes(32, 4096, 32, 32, 11008, 32000), 6_738_415_616, 524_288),  # Llama 2 7B
        ("mistral", sizes(32, 4096, 32, 8, 14336, 32000), 7_241_732_096, 131_072),  # Mistral 7B
        ("qwen2", sizes(24, 896, 14, 2, 4864, 151936, tie_word_embeddings=True), 494_032_768, 12_288),  # Qwen2.5 0.5B
        ("qwen2_moe", QWEN_MOE, 14_315_784_192, 196_608),  # Qwen1.5 MoE A2.7B
        ("gemma", sizes(28, 3072, 16, 16, 24576, 256000, head_dim=256), 8_537_680_896, 458_752),  # Gemma 7B
        ("gemma2", sizes(26, 2304, 8, 4, 9216, 256000, head_dim=256), 2_614_341_888, 106_496),  # Gemma 2 2B
        ("gemma3_text", sizes(26, 1152, 4, 1, 6912, 262144, head_dim=256), 999_885_952, 26_624),  # Gemma 3 1B
        ("phi3", sizes(32, 3072, 32, 32, 8192, 32064), 3_821_079_552, 393_216),  # Phi 3.5 mini
        ("phi", sizes(32, 2560, 32, 32, 10240, 51200), 2_779_683_840, 327_680),  # Phi 2
        ("gpt2", GPT, 124_439_808, 36_864),
        (
            "bloom",
            {"n_layer": 24, "n_embed": 1024, "hidden_size": 1024, "n_head": 16, "vocab_size": 250880},
            559_214_592,
            98_304,
        ),
        ("opt", sizes(12, 768, 12, 12, 3072, 50272, ffn_dim=3072, max_position_embeddings=2048), 125_239_296, 36_864),
        ("gpt_neox", sizes(6, 512, 8, 8, 2048, 50304), 70_426_624, 12_288),  # Pythia 70M
        ("starcoder2", sizes(30, 3072, 24, 2, 12288, 49152), 3_030_371_328, 30_720),  # StarCoder2 3B
        ("stablelm", sizes(24, 2048, 32, 32, 5632, 100352, use_qkv_bias=True), 1_644_515_328, 196_608),  # StableLM 2 1.6B
        ("cohere", sizes(40, 8192, 64, 64, 22528, 256000), 34_980_831_232, 1_310_720),  # Command R
        ("olmoe", sizes(16, 2048, 16, 16, 1024, 50304, num_experts=64, num_experts_per_tok=8), 6_919_161_856, 131_072),
        ("deepseek_v2", DEEPSEEK_LITE, 15_706_484_224, 31_104),  # DeepSeek V2 Lite
        ("mamba", {"num_hidden_layers": 24, "hidden_size": 768, "vocab_size": 50280}, 129_135_360, 0),  # Mamba 130M
        ("bert", sizes(12, 768, 12, 12, 3072, 30522), 109_482_240, 0),
        ("roberta", sizes(12, 768, 12, 12, 3072, 50265, max_position_embeddings=514, type_vocab_size=1), 124_645_632, 0),
        ("distilbert", {"n_layers": 6, "dim": 768, "n_heads": 12, "hidden_dim": 3072, "vocab_size": 30522}, 66_362_880, 0),
        (
            "t5",
            {"num_layers": 6, "d_model": 512, "num_heads": 8, "d_kv": 64, "d_ff": 2048, "vocab_size": 32128},
            60_506_624,
            12_288,
        ),
        ("whisper", {"encoder_layers": 4, "d_model": 384}, 37_760_640, 6_144),  # Whisper tiny
    ],
)
def test_a_family_has_the_size_of_its_published_model(
    model_type: str, config: dict[str, Any], parameters: int, cache: int
) -> None:
    found = described(model_type, **config)
    assert (found["parameters_unique"], found["kv_cache_bytes_per_token"]) == (parameters, cache), found["reasons"]


def test_active_parameters_leave_out_the_experts_that_are_not_chosen() -> None:
    assert (
        described("olmoe", **sizes(16, 2048, 16, 16, 1024, 50304, num_experts=64, num_experts_per_tok=8))[
            "parameters_active"
        ]
        == 6_919_161_856 - 16 * 56 * 3 * 2048 * 1024
    )


CHATGLM3 = {
    "num_layers": 28,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "kv_channels": 128,
    "multi_query_attention": True,
    "multi_query_group_num": 2,
    "ffn_hidden_size": 13696,
    "padded_vocab_size": 65024,
    "seq_length": 8192,
    "add_qkv_bias": True,
    "tie_word_embeddings": False,
}
GRANITE = {
    "mamba_d_state": 128,
    "layer_types": ["mamba", "attention"],
    "num_local_experts": 0,
    "shared_intermediate_size": 8,
}


def test_names_of_remote_code_are_known() -> None:
    found = described("chatglm", architectures=["ChatGLMModel"], **CHATGLM3)
    assert (found["parameters_unique"], found["context_length"], found["vocab_size"]) == (6_243_584_000, 8192, 65024)


@pytest.mark.parametrize("experts", [0, None])
def test_zero_experts_are_none_whatever_the_class_says(experts: int | None) -> None:
    found = described("granitemoehybrid", **{**sizes(2, 64, 4, 2, 8, 100), **GRANITE, "num_local_experts": experts})
    assert (found["num_experts"], found["num_experts_per_token"]) == (None, None)
    assert found["parameters_unique"] == found["parameters_active"] is not None


@pytest.mark.parametrize(
    ("config", "cache"),
    [
        # Three of four layers keep a state of fixed size.
        ({"model_type": "qwen3_next", **sizes(48, 2048, 16, 2, 5632, 151936, head_dim=256)}, 12 * 2 * 2 * 256 * 2),
        (
            {"model_type": "granitemoehybrid", **sizes(4, 64, 4, 2, 128, 100, layer_types=["mamba", "attention"] * 2)},
            2 * 2 * 2 * 16 * 2,
        ),
        ({"model_type": "jamba", **sizes(32, 4096, 32, 8, 14336, 65536)}, 4 * 2 * 8 * 128 * 2),
        # Layers that reuse the cache of earlier ones keep none.
        (
            {"model_type": "gemma3n_text", **sizes(35, 2048, 8, 2, 8192, 262400, num_kv_shared_layers=15)},
            20 * 2 * 2 * 256 * 2,
        ),
        (
            {"model_type": "mllama_text_model", **sizes(8, 4096, 32, 8, 1, 1, cross_attention_layers=[3, 7])},
            6 * 2 * 8 * 128 * 2,
        ),
        ({"model_type": "gpt_bigcode", **GPT, "multi_query": True}, 12 * 2 * 64 * 2),
        ({"model_type": "falcon", **sizes(32, 4544, 71, 71, 1, 1), "multi_query": True}, 32 * 2 * 64 * 2),
        (
            {
                "model_type": "chatglm",
                "num_layers": 28,
                "hidden_size": 4096,
                "num_attention_heads": 32,
                "kv_channels": 128,
                "multi_query_attention": True,
                "multi_query_group_num": 2,
            },
            28 * 2 * 2 * 128 * 2,
        ),
        # As its class lays them out: three of four layers are recurrent.
        ({"model_type": "olmo_hybrid", **sizes(32, 3840, 30, 30, 1, 1)}, 8 * 2 * 30 * 128 * 2),
        # Sparse attention keeps the keys of its indexer too: DeepSeek V3.2 and GLM-5.
        ({"model_type": "deepseek_v32", **sizes(61, 7168, 128, 128, 18432, 129280), **INDEXED}, 85_888),
        ({"model_type": "glm_moe_dsa", **sizes(78, 6144, 64, 64, 12288, 154880), **INDEXED}, 109_824),
        # Every second layer reads what the one before it keeps: Hunyuan-Large.
        (
            {
                "model_type": "hunyuan",
                **sizes(64, 6400, 80, 8, 18304, 128512, use_cla=True, cla_share_factor=2),
            },
            81_920,
        ),
        (
            {"model_type": "dbrx", "d_model": 6144, "n_heads": 48, "n_layers": 40, "attn_config": {"kv_n_heads": 8}},
            40 * 2 * 8 * 128 * 2,
        ),
    ],
)
def test_only_layers_that_keep_keys_and_values_count(config: dict[str, Any], cache: int) -> None:
    found = architecture_json(describe_architecture(config))
    assert found["kv_cache_bytes_per_token"] == cache, found["reasons"]


@pytest.mark.parametrize(
    ("config", "cache"),
    [
        ({"model_type": "bert", **sizes(2, 64, 4, None, 128, 100)}, 0),
        ({"model_type": "bert", **sizes(2, 64, 4, None, 128, 100, is_decoder=True)}, 2 * 2 * 64 * 2),
        ({"model_type": "both", "text_config": {"model_type": "bert", **sizes(2, 64, 4, None, 128, 100)}}, 0),
        (
            {
                "model_type": "both",
                "text_config": {"model_type": "bert", **sizes(2, 64, 4, None, 128, 100, is_decoder=True)},
            },
            2 * 2 * 64 * 2,
        ),
    ],
)
def test_an_encoder_keeps_a_cache_where_it_is_run_as_a_decoder(config: dict[str, Any], cache: int) -> None:
    assert describe_architecture(config).kv_cache_bytes_per_token.value == cache


def test_sliding_layers_keep_no_more_than_their_window() -> None:
    architecture = describe_architecture({"model_type": "gemma2", **sizes(26, 2304, 8, 4, 9216, 256000, head_dim=256)})
    assert architecture.kv_cache_bytes_per_token.value == 106_496
    assert architecture.kv_cache_bytes_per_token_beyond_window.value == 53_248
    assert architecture.cache is not None
    assert architecture.cache.at(8192) == 53_248 * (8192 + 4096)


@pytest.mark.parametrize(
    ("rope", "length", "native", "extended"),
    [
        (None, 32768, 32768, 32768),
        ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}, 131072, 8192, 131072),
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 32768, 32768, 131072),
        ({"rope_type": "default", "rope_theta": 1e6}, 202752, 202752, 202752),
        ({"type": "yarn", "factor": float("nan"), "original_max_position_embeddings": "many"}, 100, 100, 100),
        ("yarn", 100, 100, 100),
    ],
)
def test_stated_native_and_extended_context(rope: object, length: int, native: int, extended: int) -> None:
    config = {"model_type": "llama", "num_hidden_layers": 2, "max_position_embeddings": length, "rope_scaling": rope}
    found = describe_architecture(config)
    values = (found.context_length.value, found.context_length_native.value, found.context_length_extended.value)
    assert values == (length, native, extended)


@pytest.mark.parametrize(
    "nest",
    [
        lambda text: {"model_type": "gemma3", "text_config": text, "vision_config": {"hidden_size": 1152}},
        lambda text: {"model_type": "some_vl", "llm_config": text, "vision_config": {"hidden_size": 1152}},
        lambda text: {"model_type": "some_vl", "language_config": text},
        lambda text: {"model_type": "some_omni", "thinker_config": {"text_config": text, "audio_config": {"d_model": 5}}},
    ],
)
def test_the_text_part_is_found_and_its_class_completes_it(nest: Any) -> None:
    # The published file of Gemma 3 4B states no heads: they are the defaults of the class.
    text = {"model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34}
    found = architecture_json(describe_architecture({**nest(text), "architectures": ["XForConditionalGeneration"]}))
    assert (found["num_layers"], found["num_attention_heads"], found["num_key_value_heads"]) == (34, 8, 4)
    assert (found["head_dim"], found["vocab_size"], found["context_length"]) == (256, 262_208, 131_072)
    assert found["parameters_unique"] is None
    assert "the language model has 3,880,263,168" in found["reasons"]["parameters_unique"]


@pytest.mark.parametrize(
    ("config", "field", "because"),
    [
        ({}, "num_layers", "states no num_hidden_layers"),
        # A file that states nothing but its type, as in many repositories of quantized files: not the default 7B.
        ({"model_type": "llama"}, "hidden_size", "states no hidden_size"),
        ({"model_type": "gemma3"}, "hidden_size", "no text part"),
        ({"model_type": "llama", "hidden_size": "4096"}, "hidden_size", "not a whole number"),
        ({"model_type": "llama", "hidden_size": True}, "hidden_size", "not a whole number"),
        ({"model_type": "llama", "hidden_size": -1}, "hidden_size", "outside"),
        ({"model_type": "llama", "hidden_size": 10**30}, "hidden_size", "outside"),
        ({"model_type": "llama", "hidden_size": float("nan")}, "hidden_size", "not a whole number"),
        ({"model_type": "llama", "hidden_size": [1, 2]}, "hidden_size", "differs from layer to layer"),
        ({"model_type": "llama", "hidden_size": {}}, "parameters_unique", "not a whole number"),
        ({"model_type": "llama", **sizes(10**9, 8, 2, 2, 8, 8)}, "kv_cache_bytes_per_token", "not believed"),
        (
            {"model_type": "qwen3_next", **sizes(4, 8, 2, 2, 8, 8), "layer_types": ["odd"] * 4},
            "kv_cache_bytes_per_token",
            "'odd'",
        ),
        ({"model_type": "llama", **sizes(4, 8, 2, 2, 8, 8), "mamba_d_state": 4}, "kv_cache_bytes_per_token", "which layers"),
        ({"model_type": "x", **sizes(4, 8, 2, 2, 8, 8)}, "parameters_unique", "no formula"),
        ({"model_type": "x", **sizes(4, 8, 2, None, 8, 8)}, "num_key_value_heads", "not known whether"),
        ({"model_type": "x", **sizes(4, 8, 2, 2, 8, 8)}, "kv_cache_bytes_per_token", "'x' is not among"),
        ({"model_type": "vit", **sizes(12, 768, 12, None, 3072, 8)}, "kv_cache_bytes_per_token", "'vit' is not among"),
        ({"model_type": "wav2vec2", **sizes(12, 768, 12, None, 3072, 32)}, "kv_cache_bytes_per_token", "is not among"),
        ({"model_type": "zamba", **sizes(76, 3712, 16, 16, 14848, 32000)}, "kv_cache_bytes_per_token", "twice over"),
        ({"model_type": "llama", **sizes(4, 64, 2, 4, 8, 8)}, "kv_cache_bytes_per_token", "more heads than the 2"),
        ({"model_type": "llama", **sizes(4, 64, 64, 64, 8, 8)}, "kv_cache_bytes_per_token", "head_dim that is not believed"),
        ({"model_type": "llama", **sizes(4, 64, 2, 2, 8, 8), "head_dim": 1}, "parameters_unique", "not believed"),
        ({"model_type": "llama", **sizes(4, 9, 2, 2, 8, 8)}, "head_dim", "no multiple"),
        ({"model_type": "mamba", **sizes(4, 8, 2, 2, 8, 8)}, "num_attention_heads", "no attention"),
        (
            {"model_type": "gemma4_text", **sizes(4, 8, 2, 2, 8, 8), "global_head_dim": 512},
            "kv_cache_bytes_per_token",
            "another head_dim",
        ),
        (
            {"model_type": "mixtral", **sizes(2, 8, 2, 2, 8, 8), "num_local_experts": 2, "num_experts_per_tok": 3},
            "parameters_active",
            "of only",
        ),
        (
            {"model_type": "llama", **sizes(2, 8, 2, 2, 8, 8), "architectures": ["LlamaForSequenceClassification"]},
            "parameters_unique",
            "head",
        ),
        (
            {"model_type": "llama", **sizes(2, 8, 2, 2, 8, 8), "tie_word_embeddings": "yes"},
            "parameters_unique",
            "not a boolean",
        ),
    ],
)
def test_what_cannot_be_known_is_null_with_the_reason(config: dict[str, Any], field: str, because: str) -> None:
    found = architecture_json(describe_architecture(config))
    assert found[field] is None
    assert because in found["reasons"][field]


def test_a_decoder_part_has_groups_and_windows_of_its_own() -> None:
    """T5Gemma 2: the whole is an encoder-decoder, its decoder is described like any other text model."""
    decoder = {
        "model_type": "t5gemma2_decoder",
        "num_hidden_layers": 26,
        "hidden_size": 2304,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "sliding_window": 4096,
        "layer_types": [*(["sliding_attention"] * 5 + ["full_attention"]) * 4, "sliding_attention", "sliding_attention"],
    }
    found = describe_architecture({"model_type": "t5gemma2", "is_encoder_decoder": True, "decoder": decoder})
    assert found.kv_cache_bytes_per_token.value == 106_496
    assert found.kv_cache_bytes_per_token_beyond_window.value == 16_384
    assert found.kv_cache_window.value == 4096


def test_an_encoder_decoder_with_groups_keeps_what_its_groups_are() -> None:
    config = {
        "model_type": "moonshine",
        "is_encoder_decoder": True,
        "hidden_size": 288,
        "decoder_num_hidden_layers": 6,
        "decoder_num_attention_heads": 8,
        "decoder_num_key_value_heads": 2,
    }
    assert describe_architecture(config).kv_cache_bytes_per_token.value == 6 * 2 * 2 * 36 * 2


def test_images_that_the_whole_embeds_itself_are_parameters_beside_the_text_model() -> None:
    text = {
        "model_type": "persimmon",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 100,
        "max_position_embeddings": 32,
    }
    whole = {"model_type": "fuyu", "architectures": ["FuyuForCausalLM"], "patch_size": 30, "text_config": text}
    found = describe_architecture(whole)
    assert found.parameters_unique.value is None
    assert "patch_size" in (found.parameters_unique.reason or "")
    assert found.parameters_language_model.value is not None


LATENT: dict[str, Any] = {
    "hidden_size": 256,
    "num_attention_heads": 4,
    "num_hidden_layers": 4,
    "kv_lora_rank": 64,
    "qk_rope_head_dim": 16,
    "index_head_dim": 32,
    "index_n_heads": 2,
}


@pytest.mark.parametrize(
    ("more", "elements"),
    [
        ({"model_type": "deepseek_v32"}, 4 * 80 + 4 * 32),
        ({"model_type": "hy_v4", "indexer_types": ["full", "full", "shared", "shared"]}, 4 * 80 + 2 * 32),
        ({"model_type": "glm_moe_dsa", "indexer_types": ["full", "shared", "shared", "shared"]}, 4 * 80 + 32),
        (
            {"model_type": "mistral_large4_text", "indexer_types": ["full"] * 4, "kv_source_layers": [0, 0, 2, 2]},
            2 * 80 + 4 * 32,
        ),
        ({"model_type": "hy_v4"}, None),
        ({"model_type": "glm_moe_dsa", "index_topk_freq": 4}, None),
        ({"model_type": "glm_moe_dsa", "indexer_types": ["full"]}, None),
        ({"model_type": "glm_moe_dsa", "kv_source_layers": [0, 0]}, None),
    ],
)
def test_an_indexer_that_layers_share_is_kept_once(more: dict[str, Any], elements: int | None) -> None:
    found = describe_architecture({**LATENT, **more}).kv_cache_bytes_per_token
    assert found.value == (None if elements is None else 2 * elements)
    assert elements is not None or found.reason


def test_values_may_be_of_another_width_than_keys() -> None:
    config = {
        "model_type": "llama",
        "hidden_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 24,
        "v_head_dim": 16,
    }
    assert describe_architecture(config).kv_cache_bytes_per_token.value == 3 * 2 * (24 + 16) * 2
    assert describe_architecture({**config, "model_type": "mimo_v2_flash"}).kv_cache_bytes_per_token.value is None
