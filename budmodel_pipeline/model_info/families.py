"""How the layers of each family are built, as far as the number of parameters depends on it.

A `Flag` is True, False, the key of config.json that says so, or `not ` and the key that says otherwise. The facts are those
of the published modeling code, checked against models that transformers built without weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Flag = bool | str


@dataclass(frozen=True, slots=True)
class Experts:
    """The mixture of experts in sparse layers.

    `width` is the key of an expert's inner width. `shared` is the key of what every token passes besides: a number of
    experts of that width, or a width of its own (`shared_is_width`). `correction` is the routing bias per expert.
    """

    width: str = "intermediate_size"
    shared: str | None = None
    shared_is_width: bool = False
    shared_gate: bool = False
    correction: bool = False
    router_bias: bool = False
    bias: bool = False


@dataclass(frozen=True, slots=True)
class Decoder:
    """A causal language model. `norms` are those of each layer besides `qk_norm`; `norm_bias` also holds for the final one.

    `qk_norm` scales queries and keys: one weight per position of a head, also with a bias, or over the `width` of all heads.
    """

    attention: Literal["grouped", "latent", "gated"] = "grouped"
    qkv_bias: Flag = False
    out_bias: Flag = False
    qk_norm: Literal["head", "head with bias", "width"] | None = None
    qk_norm_if: Flag = True
    sinks: bool = False
    indexer: bool = False
    norms: int = 2
    norm_weights: Flag = True
    norm_bias: Flag = False
    mlp: Literal["gated", "plain"] = "gated"
    mlp_bias: Flag = False
    mlp_scalars: int = 0
    experts: Experts | None = None
    positions: bool = False
    position_offset: int = 0
    embedding_norm: bool = False
    final_norm: Flag = True
    head_bias: Flag = False


LLAMA = Decoder(qkv_bias="attention_bias", out_bias="attention_bias", mlp_bias="mlp_bias")
QWEN2 = Decoder(qkv_bias=True)
QWEN3 = Decoder(qkv_bias="attention_bias", out_bias="attention_bias", qk_norm="head")
QWEN_NEXT = replace(QWEN3, attention="gated")
GEMMA = Decoder(qkv_bias="attention_bias", out_bias="attention_bias")
MOE_WIDTH = "moe_intermediate_size"
SHARED_EXPERTS = Experts(width=MOE_WIDTH, shared="n_shared_experts")
CORRECTED = replace(SHARED_EXPERTS, correction=True)
LATENT = Decoder(attention="latent", qkv_bias="attention_bias", out_bias="attention_bias", experts=SHARED_EXPERTS)
LATENT_CORRECTED = replace(LATENT, experts=CORRECTED)
LAYER_NORM = Decoder(norm_bias=True, qkv_bias=True, out_bias=True, mlp="plain", mlp_bias=True)

DECODERS: Mapping[str, Decoder] = {
    "llama": LLAMA,
    "granite": LLAMA,
    "smollm3": LLAMA,
    "arcee": replace(LLAMA, mlp="plain"),
    "mistral": Decoder(),
    "ministral": Decoder(),
    "ministral3": Decoder(),
    "phi3": Decoder(),
    "mllama_text_model": Decoder(),
    "internlm2": Decoder(qkv_bias="bias", out_bias="bias"),
    "internlm3": Decoder(qkv_bias="qkv_bias", out_bias="bias", mlp_bias="bias"),
    "internlm": Decoder(qkv_bias="bias", out_bias="bias"),
    "baichuan": Decoder(),
    "exaone": Decoder(),
    "orion": replace(Decoder(), norm_bias=True),
    "xverse": Decoder(),
    "seed_oss": Decoder(qkv_bias="attention_bias", out_bias="attention_out_bias", mlp_bias="mlp_bias"),
    "qwen2": QWEN2,
    "qwen2_vl": QWEN2,
    "qwen2_vl_text": QWEN2,
    "qwen2_5_vl": QWEN2,
    "qwen2_5_vl_text": QWEN2,
    "qwen3": QWEN3,
    "qwen3_vl_text": QWEN3,
    "qwen2_moe": Decoder(
        qkv_bias="qkv_bias",
        experts=Experts(width=MOE_WIDTH, shared="shared_expert_intermediate_size", shared_is_width=True, shared_gate=True),
    ),
    "qwen3_moe": replace(QWEN3, experts=Experts(width=MOE_WIDTH)),
    "qwen3_vl_moe_text": replace(QWEN3, experts=Experts(width=MOE_WIDTH)),
    "qwen3_omni_moe_text": replace(QWEN3, experts=Experts(width=MOE_WIDTH)),
    "qwen3_next": replace(
        QWEN_NEXT,
        experts=Experts(width=MOE_WIDTH, shared="shared_expert_intermediate_size", shared_is_width=True, shared_gate=True),
    ),
    "qwen3_5_text": QWEN_NEXT,
    "qwen3_5_moe_text": replace(
        QWEN_NEXT,
        experts=Experts(width=MOE_WIDTH, shared="shared_expert_intermediate_size", shared_is_width=True, shared_gate=True),
    ),
    "gemma": GEMMA,
    "gemma2": replace(GEMMA, norms=4),
    "gemma3_text": replace(GEMMA, norms=4, qk_norm="head"),
    "vaultgemma": GEMMA,
    "olmo": replace(LLAMA, mlp_bias=False, norm_weights=False, final_norm=False),
    "olmo2": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", qk_norm="width"),
    "olmo3": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", qk_norm="width"),
    "olmoe": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", qk_norm="width", experts=Experts()),
    "flex_olmo": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", qk_norm="width", experts=Experts()),
    "cohere": Decoder(
        qkv_bias="attention_bias", out_bias="attention_bias", norms=1, qk_norm="width", qk_norm_if="use_qk_norm"
    ),
    "cohere2": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", norms=1),
    "glm": Decoder(qkv_bias="attention_bias"),
    "glm4": Decoder(qkv_bias="attention_bias", norms=4),
    "chatglm": Decoder(qkv_bias="add_qkv_bias"),
    "exaone4": Decoder(qk_norm="head"),
    "hunyuan_v1_dense": replace(LLAMA, qk_norm="head", mlp_bias=False),
    "ernie4_5": Decoder(qkv_bias="use_bias", out_bias="use_bias", mlp_bias="use_bias"),
    "apertus": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", qk_norm="head", mlp="plain", mlp_scalars=2),
    "nemotron": Decoder(
        qkv_bias="attention_bias", out_bias="attention_bias", norm_bias=True, mlp="plain", mlp_bias="mlp_bias"
    ),
    "stablelm": Decoder(qkv_bias="use_qkv_bias", norm_bias=True, qk_norm="width", qk_norm_if="qk_layernorm"),
    "starcoder2": Decoder(qkv_bias="use_bias", out_bias="use_bias", norm_bias=True, mlp="plain", mlp_bias="use_bias"),
    "persimmon": replace(LAYER_NORM, qk_norm="head with bias", qk_norm_if="qk_layernorm"),
    "phi": replace(LAYER_NORM, norms=1, qk_norm="head with bias", qk_norm_if="qk_layernorm", head_bias=True),
    "gpt2": replace(LAYER_NORM, positions=True),
    "gpt_bigcode": replace(LAYER_NORM, positions=True),
    "gpt_neo": replace(LAYER_NORM, qkv_bias=False, positions=True),
    "biogpt": replace(LAYER_NORM, positions=True, position_offset=2),
    "gpt_neox": replace(LAYER_NORM, qkv_bias="attention_bias", out_bias="attention_bias"),
    "gptj": replace(LAYER_NORM, qkv_bias=False, out_bias=False, norms=1, head_bias=True),
    "codegen": replace(LAYER_NORM, qkv_bias=False, out_bias=False, norms=1, head_bias=True),
    "opt": replace(
        LAYER_NORM,
        qkv_bias="enable_bias",
        out_bias="enable_bias",
        mlp_bias="enable_bias",
        norm_weights="layer_norm_elementwise_affine",
        final_norm="not _remove_final_layer_norm",
        positions=True,
        position_offset=2,
    ),
    "bloom": replace(LAYER_NORM, embedding_norm=True),
    "mpt": replace(LAYER_NORM, qkv_bias=False, out_bias=False, mlp_bias=False, norm_bias=False),
    "mixtral": Decoder(experts=Experts()),
    "phimoe": Decoder(
        qkv_bias="attention_bias", out_bias="attention_bias", norm_bias=True, experts=Experts(), head_bias="lm_head_bias"
    ),
    "granitemoe": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", experts=Experts()),
    "granitemoeshared": Decoder(
        qkv_bias="attention_bias",
        out_bias="attention_bias",
        experts=Experts(shared="shared_intermediate_size", shared_is_width=True),
    ),
    "minimax_m2": Decoder(qk_norm="width", experts=Experts(correction=True)),
    "gpt_oss": Decoder(
        qkv_bias="attention_bias", out_bias="attention_bias", sinks=True, experts=Experts(router_bias=True, bias=True)
    ),
    "llama4_text": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", experts=Experts(shared="llama4")),
    "deepseek": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", experts=SHARED_EXPERTS),
    "deepseek_v2": LATENT,
    "deepseek_v3": LATENT_CORRECTED,
    "glm4_moe_lite": LATENT_CORRECTED,
    "deepseek_v32": replace(LATENT_CORRECTED, indexer=True),
    "glm_moe_dsa": replace(LATENT_CORRECTED, indexer=True),
    "glm4_moe": Decoder(qkv_bias="attention_bias", qk_norm="head", qk_norm_if="use_qk_norm", experts=CORRECTED),
    "dots1": Decoder(qkv_bias="attention_bias", out_bias="attention_bias", qk_norm="head", experts=CORRECTED),
    "solar_open": Decoder(qkv_bias="attention_bias", experts=CORRECTED),
    "ernie4_5_moe": Decoder(
        qkv_bias="use_bias",
        out_bias="use_bias",
        mlp_bias="use_bias",
        head_bias="use_bias",
        experts=Experts(width=MOE_WIDTH, shared="moe_num_shared_experts", correction=True),
    ),
}
