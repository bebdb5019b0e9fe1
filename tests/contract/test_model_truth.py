"""The architecture of real models: every trusted cell exact, every trap right or refused with a reason."""

import csv
import json
from functools import cache
from typing import Any

import pytest

from budmodel_pipeline.model_info.architecture import architecture_json, describe_architecture
from tests.checkout import DATA

# Column of the truth: field of the JSON object. Cells of the second table are formulas, trusted only under conditions.
STATED = {
    "layers": "num_layers",
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "intermediate": "intermediate_size",
    "vocab": "vocab_size",
    "context_config": "context_length",
    "moe_experts": "num_experts",
    "moe_topk": "num_experts_per_token",
}
COMPUTED = {
    "unique_params_analytic": "parameters_unique",
    "active_params_incl_emb": "parameters_active",
    "kv_bytes_per_token_16bit": "kv_cache_bytes_per_token",
}
# The truth leaves out what the checkpoint has: norms of queries and keys, 62 x (6144 + 1024), and a routing bias, 62 x 256.
LEFT_OUT = {("MiniMaxAI/MiniMax-M2.5", column): 62 * (6144 + 1024) + 62 * 256 for column in tuple(COMPUTED)[:2]}
MODELS = 25


@cache
def rows() -> list[dict[str, str]]:
    with (DATA / "model_figures.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@cache
def configs() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((DATA / "model_configs.json").read_bytes())
    return found


def described(model: str) -> dict[str, Any]:
    return architecture_json(describe_architecture(configs()[model]))


def trusted(row: dict[str, str], column: str) -> bool:
    gap = row["hub_minus_analytic_pct"]
    return bool(row[column]) and (column in STATED or (bool(gap) and abs(float(gap)) <= 0.3))


def test_every_trusted_cell_is_exact() -> None:
    wrong = []
    for row in rows():
        found = described(row["model_id"])
        for column, field in (STATED | COMPUTED).items():
            if trusted(row, column) and not row["trap"]:
                expected = int(row[column]) + LEFT_OUT.get((row["model_id"], column), 0)
                if found[field] != expected:
                    wrong.append((row["model_id"], field, expected, found[field]))
    assert len(rows()) == MODELS
    assert wrong == []


def test_every_trap_is_right_or_refused() -> None:
    wrong = []
    for row in rows():
        found = described(row["model_id"])
        for column, field in (STATED | COMPUTED).items():
            if row["trap"] and row[column] and found[field] != int(row[column]) and not found["reasons"].get(field):
                wrong.append((row["model_id"], field, row[column], found[field]))
    assert wrong == []


@pytest.mark.parametrize(
    ("model", "field", "expected"),
    [
        # 107,769,861,120 less 15 of 16 experts in 48 layers; the truth's formula leaves out the shared expert of each.
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "parameters_active", 17_172_894_720),
        # Ten of 118 layers have attention; the truth's formula takes all of them for attention.
        ("nvidia/Nemotron-H-56B-Base-8K", "kv_cache_bytes_per_token", 40_960),
        ("nvidia/Nemotron-H-56B-Base-8K", "parameters_unique", 56_324_350_464),
        # With the indexer of its sparse attention, 78 x 9,371,904, and a routing bias, which the truth's formula leaves out.
        ("zai-org/GLM-5", "parameters_unique", 743_911_218_432),
        ("nvidia/Kimi-K2.5-NVFP4", "parameters_active", 32_861_500_928),
    ],
)
def test_what_the_truth_cannot_be_trusted_for(model: str, field: str, expected: int) -> None:
    assert described(model)[field] == expected


@pytest.mark.parametrize(
    ("model", "field", "because"),
    [
        ("nvidia/Llama-3_3-Nemotron-Super-49B-v1", "parameters_unique", "block_configs"),
        ("nvidia/Llama-3_3-Nemotron-Super-49B-v1", "kv_cache_bytes_per_token", "block_configs"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "parameters_unique", "vision_config"),
        ("mistralai/Voxtral-Mini-3B-2507", "parameters_unique", "audio_config"),
        ("nvidia/Kimi-K2.5-NVFP4", "parameters_unique", "vision_config"),
        ("Qwen/Qwen3-8B", "num_experts", "not a mixture of experts"),
    ],
)
def test_what_is_refused_says_why(model: str, field: str, because: str) -> None:
    found = described(model)
    assert found[field] is None
    assert because in found["reasons"][field]
