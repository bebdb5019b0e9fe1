"""The cache of a model that only its GGUF header describes, against what llama.cpp allocates for the same keys."""

from typing import Any

import pytest

from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.gguf_cache import cache_of_header

LFM2_HEADS = [0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 8, 0, 8, 0, 8, 0]


def header(architecture: str, layers: int, hidden: int, heads: int, groups: Any = None, **keys: Any) -> dict[str, Any]:
    stated = {"block_count": layers, "embedding_length": hidden, "attention.head_count": heads, "context_length": 131_072}
    if groups is not None:
        stated["attention.head_count_kv"] = groups
    stated |= {key.replace("__", "."): value for key, value in keys.items()}
    return {"general.architecture": architecture} | {f"{architecture}.{key}": value for key, value in stated.items()}


def wide(key: int, value: int) -> dict[str, int]:
    return {"attention__key_length": key, "attention__value_length": value}


# bytes per token, and beyond the window
@pytest.mark.parametrize(
    ("metadata", "per_token", "beyond"),
    [
        (header("llama", 32, 4096, 32, 8), 131_072, 131_072),
        (header("gpt2", 12, 768, 12), 36_864, 36_864),
        (header("foo", 32, 4096, 32, 8, **wide(192, 128)), 163_840, 163_840),
        # One layer of four has attention.
        (header("qwen3next", 48, 2048, 16, 2, **wide(256, 256), ssm__state_size=128), 24_576, 24_576),
        (
            header("qwen35moe", 40, 2048, 16, 2, **wide(256, 256), full_attention_interval=4, ssm__state_size=128),
            20_480,
            20_480,
        ),
        (header("lfm2", 16, 2048, 32, LFM2_HEADS, shortconv__l_cache=3), 12_288, 12_288),
        (header("falcon-h1", 4, 64, 4, 2, ssm__state_size=16), 4 * 2 * 2 * 16 * 2, 4 * 2 * 2 * 16 * 2),
        (header("mamba", 64, 2560, 0, 0, ssm__state_size=16), 0, 0),
        # One full layer ends every six.
        (header("gemma3", 62, 5376, 32, 16, **wide(128, 128), attention__sliding_window=1024), 507_904, 81_920),
        (header("gpt-oss", 24, 2880, 64, 8, **wide(64, 64), attention__sliding_window=128), 49_152, 24_576),
        (
            header(
                "gemma3n", 30, 2048, 8, 2, **wide(256, 256), attention__sliding_window=512, attention__shared_kv_layers=10
            ),
            40_960,
            8_192,
        ),
        # The pattern of the header itself: true slides.
        (
            header(
                "new",
                4,
                64,
                4,
                [4, 4, 2, 2],
                **wide(16, 16),
                attention__key_length_swa=8,
                attention__value_length_swa=8,
                attention__sliding_window=128,
                attention__sliding_window_pattern=[True, False, True, False],
            ),
            (4 * 16 + 4 * 32 + 2 * 16 + 2 * 32) * 2,
            (4 * 32 + 2 * 32) * 2,
        ),
        # A window as long as the context never bites.
        (header("new", 2, 64, 4, 2, attention__sliding_window=131_072), 2 * 2 * 2 * 16 * 2, 2 * 2 * 2 * 16 * 2),
        # Latent attention keeps one compressed row; sparse attention also the keys of its indexer.
        (
            header("deepseek2", 61, 7168, 128, 1, **wide(576, 512), attention__kv_lora_rank=512, rope__dimension_count=64),
            70_272,
            70_272,
        ),
        (
            header(
                "deepseek32",
                62,
                7168,
                128,
                1,
                **wide(576, 512),
                attention__kv_lora_rank=512,
                rope__dimension_count=64,
                attention__indexer__key_length=128,
                nextn_predict_layers=1,
            ),
            85_888,
            85_888,
        ),
        (header("bert", 12, 768, 12, attention__causal=False), 0, 0),
        (header("llama", 12, 768, 12, attention__causal=False), 0, 0),
    ],
)
def test_every_key_that_changes_the_cache_is_read(metadata: dict[str, Any], per_token: int, beyond: int) -> None:
    cache = cache_of_header(metadata)
    assert (cache.per_token, cache.full) == (per_token, beyond)


def test_beyond_its_window_gemma_3_27b_takes_a_sixth() -> None:
    cache = cache_of_header(header("gemma3", 62, 5376, 32, 16, **wide(128, 128), attention__sliding_window=1024))
    assert cache.at(131_072) == 81_920 * 131_072 + 425_984 * 1024


@pytest.mark.parametrize(
    ("metadata", "because"),
    [
        (header("new", 2, 64, 4, 2, attention__sliding_window=128), "which layers of new"),
        (header("new", 2, 64, 4, 2, attention__compress_ratio=4), "attention.compress_ratio"),
        (header("new", 2, 64, 4, 2, kv_sharing=2), "new.kv_sharing"),
        (header("new", 2, 64, 4, 2, ssm__state_size=128), "recurrent layers"),
        (header("new", 2, 64, 4, [2]), "for 2 layers"),
        (header("new", 2, 64, 4, "two"), "for 2 layers"),
        (header("new", 2, 64, 4, 2, nextn_predict_layers=2), "leaves 0 of 2"),
        (header("new", 2, 65, 4, 2), "no multiple"),
        (header("new", 1 << 30, 64, 4, 2), "leaves 1073741824"),
        ({}, "general.architecture"),
    ],
)
def test_what_may_change_the_cache_and_is_not_known_makes_it_unknown(metadata: dict[str, Any], because: str) -> None:
    with pytest.raises(RefusedError, match=because):
        cache_of_header(metadata)
