"""Reading a model's config.json: which part describes the text model, and what each publisher calls a thing."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from budmodel_pipeline.model_info.facts import Fact, RefusedError, known, unknown

# The keys under which publishers state the same thing, the usual one first.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "num_hidden_layers": (
        "num_hidden_layers",
        "n_layer",
        "n_layers",
        "num_layers",
        "num_transformer_layers",
        "encoder_layers",
    ),
    "hidden_size": ("hidden_size", "n_embd", "n_embed", "d_model", "model_dim", "dim", "emb_dim"),
    "num_attention_heads": (
        "num_attention_heads",
        "n_head",
        "n_heads",
        "num_heads",
        "num_query_heads",
        "encoder_attention_heads",
    ),
    "num_key_value_heads": (
        "num_key_value_heads",
        "n_head_kv",
        "num_kv_heads",
        "n_kv_heads",
        "num_query_groups",
        "multi_query_group_num",
        "kv_n_heads",
    ),
    "head_dim": ("head_dim", "attention_head_dim", "kv_channels", "d_kv", "d_head", "head_size"),
    "intermediate_size": (
        "intermediate_size",
        "ffn_hidden_size",
        "d_ff",
        "ffn_dim",
        "n_inner",
        "d_inner",
        "encoder_ffn_dim",
        "dff",
        "ffn_hidden",
    ),
    "vocab_size": ("vocab_size", "padded_vocab_size", "n_vocab", "n_words", "n_token", "embedding_vocab_size"),
    "max_position_embeddings": (
        "max_position_embeddings",
        "n_positions",
        "n_ctx",
        "max_seq_len",
        "max_sequence_length",
        "max_seq_length",
        "max_context_length",
        "seq_length",
        "seq_len",
        "model_max_length",
        "max_target_positions",
    ),
    "num_experts": (
        "num_local_experts",
        "num_experts",
        "n_routed_experts",
        "moe_num_experts",
        "num_routed_experts",
        "num_moe_experts",
    ),
    "num_experts_per_tok": (
        "num_experts_per_tok",
        "num_experts_per_token",
        "experts_per_token",
        "moe_top_k",
        "moe_topk",
        "moe_k",
        "top_k_experts",
        "num_selected_experts",
        "num_experts_per_topk",
    ),
    "moe_intermediate_size": ("moe_intermediate_size", "expert_ffn_hidden_size", "moe_ffn_hidden_size"),
}
# Where one type gives a key another meaning than the rest.
KEYS_BY_TYPE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "distilbert": {"intermediate_size": ("hidden_dim",)},
    "mamba": {"head_dim": (), "num_attention_heads": ()},
    "mamba2": {"head_dim": (), "num_attention_heads": ()},
    "falcon_mamba": {"head_dim": (), "num_attention_heads": ()},
}
# Some families keep these in a nested object.
_NESTED_PARTS: Mapping[str, tuple[str, ...]] = {
    "num_key_value_heads": ("attn_config",),
    "intermediate_size": ("ffn_config",),
    "num_experts": ("ffn_config",),
    "num_experts_per_tok": ("ffn_config",),
}
_NESTED_ALIASES = {"intermediate_size": ("ffn_hidden_size",)}
TEXT_PARTS = (
    "text_config",
    "llm_config",
    "language_config",
    "thinker_config",
    "vlm_config",
    "lm_config",
    "language_model_config",
    "text_model_config",
    "text_cfg",
    "decoder",
    "decoder_config",
)
# Parts whose weights are in the repository beside those of the text model.
TOWERS = (
    "vision_config",
    "audio_config",
    "visual",
    "vision_tower",
    "mm_vision_tower",
    "speech_config",
    "vit_config",
    "encoder_config",
    "audio_encoder_config",
    "vision_encoder",
    "img_processor",
    "audio_processor",
    "talker_config",
    "token2wav_config",
    "code2wav_config",
    "encoder",
)
# What a whole says of images that it embeds itself, without a part for them.
_EMBEDDED = ("patch_size",)
# model_type of remote code, or of an old release, whose config and layers are those of a known one.
SAME_AS: Mapping[str, str] = {
    "kimi_k2": "deepseek_v3",
    "RefinedWeb": "falcon",
    "RefinedWebModel": "falcon",
    "stablelm_epoch": "stablelm",
    "Yi": "llama",
    "aquila": "llama",
    "phi-msft": "phi",
    "smaug": "llama",
}
LARGEST = 1 << 40
# What is outside of these was written by mistake or in malice, and nothing is computed from it.
BELIEVED: Mapping[str, tuple[int, int]] = {
    "num_hidden_layers": (1, 10_000),
    "hidden_size": (1, 1 << 20),
    "num_attention_heads": (1, 1 << 14),
    "num_key_value_heads": (1, 1 << 14),
    "head_dim": (2, 1 << 14),
    "vocab_size": (1, 1 << 26),
    "num_experts": (1, 1 << 16),
    "num_experts_per_tok": (1, 1 << 16),
}
_MAX_NESTING = 4
_SUFFIX = re.compile(r"(LMHeadModel|DoubleHeadsModel|PreTrainedModel|ForCausalLM|Model|For[A-Z]\w*)$")


@cache
def class_defaults() -> Mapping[str, Any]:
    """What the config classes of transformers say, by model type: `keys`, `defaults` and `text`.

    A config.json leaves out what equals the default of its class, so the class is part of the file's meaning.
    """
    found: dict[str, Any] = json.loads(files(__package__).joinpath("class_defaults.json").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One config.json. `text` is the part that describes the text model, found at `path` ("" for the whole)."""

    whole: Mapping[str, Any]
    text: Mapping[str, Any]
    path: str
    model_type: str
    class_name: str

    @property
    def family(self) -> str:
        """The model type whose formulas and defaults hold for the text part."""
        return SAME_AS.get(self.model_type, self.model_type)

    @property
    def composite(self) -> bool:
        return bool(self.path)

    @property
    def towers(self) -> list[str]:
        """Parts beside the text model that the config names."""
        named = [key for key in (*TOWERS, *(_EMBEDDED if self.composite else ())) if self.whole.get(key)]
        # A class with a text part always has another one, even where the file leaves it to the defaults.
        return named or ([self.class_name or "another part"] if self.composite else [])

    def stated(self, key: str) -> Any:
        """The raw value of `key` in the text part, or None."""
        return self.text.get(key)

    def default(self, key: str) -> Any:
        """The class default of `key`, or None: also where the file states so little that defaults would invent a model."""
        if not self.composite and not states_a_model(self.text):
            return None
        return class_defaults().get(self.family, {}).get("defaults", {}).get(key)

    def raw(self, key: str) -> Any:
        """The raw value of `key`: stated, else the default of the class."""
        return self.text[key] if key in self.text else self.default(key)

    def integer(self, key: str) -> int:
        """A positive integer under exactly `key`. Raises RefusedError where there is none."""
        value = self.raw(key)
        if value is None:
            raise RefusedError(f"config.json states no {key}")
        return positive(value, key)

    def count(self, key: str) -> int:
        """Like `integer`, but absent, null and zero are 0."""
        value = self.raw(key)
        return 0 if value is None or (not isinstance(value, bool) and value == 0) else positive(value, key)

    def flag(self, key: str) -> bool:
        """A boolean under exactly `key`; absent and null are False. Raises RefusedError for anything else."""
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise RefusedError(f"{key} in config.json is {_shown(value)}, not a boolean")

    def number(self, concept: str) -> Fact[int]:
        """What the config says about `concept`, a key of ALIASES, under whichever of its names."""
        entry = class_defaults().get(self.family, {})
        mapped = entry.get("keys", {}).get(concept)
        if concept == "num_experts":
            mapped = mapped or entry.get("keys", {}).get("num_local_experts")
        keys = KEYS_BY_TYPE.get(self.family, {}).get(concept, (*([mapped] if mapped else []), *ALIASES[concept]))
        for key in keys:
            if self.text.get(key) is not None:
                return _fact(self.text[key], f"{self.path}{key}", "stated in config.json", concept)
        for part in _NESTED_PARTS.get(concept, ()):
            nested = self.text.get(part)
            for key in (*_NESTED_ALIASES.get(concept, ()), *keys):
                if isinstance(nested, dict) and nested.get(key) is not None:
                    return _fact(nested[key], f"{self.path}{part}.{key}", "stated in config.json", concept)
        # A null is a statement: the class computes the value then, its default does not hold.
        for key in (key for key in keys if key not in self.text):
            default = self.default(key)
            if default is not None:
                return _fact(
                    default, f"{self.family}: {key}", "default of the config class, left out of config.json", concept
                )
        return unknown(f"config.json states no {concept} under any name that is known")

    def need(self, concept: str) -> int:
        """The value of `number`. Raises RefusedError with its reason."""
        fact = self.number(concept)
        if fact.value is None:
            raise RefusedError(fact.reason or concept)
        return fact.value


def read_config(whole: Mapping[str, Any]) -> ModelConfig:
    """Finds the text part of a config.json: the whole, or what TEXT_PARTS name, at most four levels down."""
    text, path, model_type = whole, "", _model_type(whole)
    for _ in range(_MAX_NESTING):
        part = next((key for key in TEXT_PARTS if isinstance(text.get(key), dict) and text[key]), None)
        if part is None:
            break
        implied = class_defaults().get(model_type, {}).get("text", "")
        text, path = text[part], f"{path}{part}."
        model_type = _model_type(text) or (implied if isinstance(implied, str) else "")
    else:
        raise RefusedError(f"config.json nests text models deeper than {_MAX_NESTING} levels")
    if not path and not states_a_model(whole) and (implied := class_defaults().get(model_type, {}).get("text")):
        # The class of the whole is composite and the file leaves all of its text part to the defaults.
        raise RefusedError(f"config.json of a {model_type} states no text part ({implied}) at all")
    names = whole.get("architectures")
    class_name = names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""
    return ModelConfig(whole, text, path, model_type, class_name)


def positive(value: object, key: str) -> int:
    """`value` as a positive integer; a list counts where all of its items agree. Raises RefusedError otherwise."""
    if isinstance(value, list) and value:
        distinct = {item for item in value if isinstance(item, int | float)}
        if len(distinct) != 1 or not all(isinstance(item, int | float) for item in value):
            raise RefusedError(f"{key} in config.json differs from layer to layer: {_shown(value)}")
        value = value[0]
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedError(f"{key} in config.json is {_shown(value)}, not a whole number")
    if not 0 < value <= LARGEST:
        raise RefusedError(f"{key} in config.json is {_shown(value)}, outside 1..{LARGEST}")
    return value


def _fact(value: object, key: str, method: str, concept: str) -> Fact[int]:
    try:
        number = positive(value, key)
    except RefusedError as error:
        return unknown(str(error))
    least, most = BELIEVED.get(concept, (1, LARGEST))
    if not least <= number <= most:
        return unknown(
            f"{key} in config.json is {number:,}, which is not believed: {concept} lies within {least:,}..{most:,}"
        )
    return known(number, method, f"{key} = {number}")


def states_a_model(text: Mapping[str, Any]) -> bool:
    """Whether a file says how large its model is: many repositories of quantized files state the model type alone."""
    return any(text.get(key) is not None for key in (*ALIASES["num_hidden_layers"], *ALIASES["hidden_size"]))


def _model_type(part: Mapping[str, Any]) -> str:
    """The stated model type, else the one whose name the architecture class carries (old files state only that)."""
    stated = part.get("model_type")
    if isinstance(stated, str) and stated:
        return stated
    names = part.get("architectures")
    if isinstance(names, list) and names and isinstance(names[0], str):
        stem = _SUFFIX.sub("", names[0][:100]).lower()
        return next((known_type for known_type in class_defaults() if re.sub(r"[-_.]", "", known_type) == stem), "")
    return ""


def _shown(value: object) -> str:
    shown = repr(value) if not isinstance(value, int) or value.bit_length() < 200 else "a huge integer"
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
