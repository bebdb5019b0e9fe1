"""How a publisher says that its model is run: defaults of generation, and what an embedding is."""

from collections.abc import Callable, Mapping
from typing import Any

from budmodel_pipeline.model_info.facts import Fact, known, unknown

GENERATION_CONFIG = "generation_config.json"
# Where Sentence Transformers keep their pooling: https://sbert.net/docs/sentence_transformer/usage/custom_models.html.
POOLING_CONFIG = "1_Pooling/config.json"
GENERATION_KEYS = (
    "do_sample",
    "max_new_tokens",
    "min_p",
    "presence_penalty",
    "repetition_penalty",
    "temperature",
    "top_k",
    "top_p",
)
_POOLING_MODES = ("cls_token", "max_tokens", "mean_sqrt_len_tokens", "mean_tokens", "weightedmean_tokens", "lasttoken")


def usage_facts(read: Callable[[str], Mapping[str, Any]]) -> dict[str, Fact[Any]]:
    """`generation_defaults`, `embedding_dimension` and `embedding_pooling`; `read` gives a parsed file, empty if absent."""
    generation, pooling = read(GENERATION_CONFIG), read(POOLING_CONFIG)
    defaults = {key: value for key in GENERATION_KEYS if _is_number(value := generation.get(key))}
    dimension = pooling.get("word_embedding_dimension")
    modes = [mode for mode in _POOLING_MODES if pooling.get(f"pooling_mode_{mode}") is True]
    named = pooling.get("pooling_mode")
    if not modes and isinstance(named, str):
        modes = [named[:50]]
    whole = type(dimension) is int and 0 < dimension <= 1 << 20
    # Several modes are laid side by side, so the embedding is as many times as wide.
    width = dimension * max(len(modes), 1) if type(dimension) is int and whole else None
    return {
        "generation_defaults": known(defaults, "stated", GENERATION_CONFIG)
        if defaults
        else unknown(f"{GENERATION_CONFIG} states none"),
        "embedding_dimension": known(width, "stated", POOLING_CONFIG)
        if width
        else unknown(f"{POOLING_CONFIG} states none: not a Sentence Transformer"),
        "embedding_pooling": known(", ".join(modes), "stated", POOLING_CONFIG)
        if modes
        else unknown(f"{POOLING_CONFIG} states none: not a Sentence Transformer"),
    }


def _is_number(value: object) -> bool:
    return isinstance(value, bool | int | float) and abs(value) <= 1e9
