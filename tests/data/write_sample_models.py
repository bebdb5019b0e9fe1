"""Writes those of the bundled sample models that are our own: tiny, of zeros, and about what no sample of others shows.

    python -m tests.data.write_sample_models

- `tiny-llama` has weights, and a license file whose text is the license.
- `tiny-llama-tuned` says another license in its card than its license file is.
- `tiny-llama-gguf` is the same model in three quantizations.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from budmodel_pipeline.resources.models import SAMPLE_HUB
from budmodel_pipeline.targets.sample_hub import RECORD
from tests.corpus.tensor_headers import FLOAT32, STRING, UINT32, gguf, pair, safetensors, string, tensor, weight

OWNER = "budmodel-samples"
LICENSE = Path(__file__).parents[2] / "LICENSE"
HIDDEN, INTERMEDIATE, VOCABULARY, KEYS, CONTEXT = 32, 64, 128, 16, 512
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": HIDDEN,
    "intermediate_size": INTERMEDIATE,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": CONTEXT,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}
# Tensors by their names in a repository and in a GGUF file, rows first.
TENSORS = {
    ("model.embed_tokens.weight", "token_embd.weight"): (VOCABULARY, HIDDEN),
    ("model.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight"): (HIDDEN,),
    ("model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight"): (HIDDEN, HIDDEN),
    ("model.layers.0.self_attn.k_proj.weight", "blk.0.attn_k.weight"): (KEYS, HIDDEN),
    ("model.layers.0.self_attn.v_proj.weight", "blk.0.attn_v.weight"): (KEYS, HIDDEN),
    ("model.layers.0.self_attn.o_proj.weight", "blk.0.attn_output.weight"): (HIDDEN, HIDDEN),
    ("model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight"): (HIDDEN,),
    ("model.layers.0.mlp.gate_proj.weight", "blk.0.ffn_gate.weight"): (INTERMEDIATE, HIDDEN),
    ("model.layers.0.mlp.up_proj.weight", "blk.0.ffn_up.weight"): (INTERMEDIATE, HIDDEN),
    ("model.layers.0.mlp.down_proj.weight", "blk.0.ffn_down.weight"): (HIDDEN, INTERMEDIATE),
    ("model.norm.weight", "output_norm.weight"): (HIDDEN,),
}
# Of each quantization: its number in GGUF, that of the file, and bytes for a block of 32 weights.
QUANTIZATIONS = {"F16": (1, 1, 64), "Q8_0": (8, 7, 34), "Q4_0": (2, 2, 18)}
NORMS = (0, 128)
ALIGNED = 32


def weights() -> bytes:
    ends = list(accumulate(2 * _elements(shape) for shape in TENSORS.values()))
    placed = zip(TENSORS.items(), [0, *ends], ends, strict=False)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    header |= {name: tensor("BF16", list(shape), start, end) for ((name, _), shape), start, end in placed}
    return safetensors(header, bytes(ends[-1]))


def quantized(kind: str) -> bytes:
    tensor_type, file_type, block = QUANTIZATIONS[kind]

    def number(key: str, value: int) -> bytes:
        return pair(key, UINT32, struct.pack("<I", value))

    pairs = [
        pair("general.architecture", STRING, string("llama")),
        pair("general.name", STRING, string("Tiny Llama")),
        number("general.file_type", file_type),
        number("llama.block_count", 1),
        number("llama.context_length", CONTEXT),
        number("llama.embedding_length", HIDDEN),
        number("llama.feed_forward_length", INTERMEDIATE),
        number("llama.attention.head_count", 2),
        number("llama.attention.head_count_kv", 1),
        number("llama.vocab_size", VOCABULARY),
        pair("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)),
    ]
    described, offset = [], 0
    for (_, name), shape in TENSORS.items():
        kept_as, bytes_per_block = (tensor_type, block) if len(shape) > 1 else NORMS
        described.append(weight(name, shape[::-1], kept_as, offset))
        offset += -(-_elements(shape) // 32 * bytes_per_block // ALIGNED) * ALIGNED
    return gguf(pairs, described, bytes(offset))


def write_sample_models(to: Path) -> None:
    text = LICENSE.read_bytes()
    config = _json(CONFIG)
    about = "A tiny model of zeros, made so that the pipeline can be tried without a network. It says nothing."
    _write(to / "tiny-llama", {"config.json": config, "model.safetensors": weights(), "LICENSE": text}, "apache-2.0", about)
    tuned = "The card says one license and the file LICENSE is another, as happens: the pipeline has to see it."
    base = {"base_model": f"{OWNER}/tiny-llama", "base_model_relation": "finetune"}
    _write(to / "tiny-llama-tuned", {"config.json": config, "LICENSE": text}, "mit", tuned, base)
    files = {f"tiny-llama-{kind}.gguf": quantized(kind) for kind in QUANTIZATIONS}
    base = {"base_model": f"{OWNER}/tiny-llama", "base_model_relation": "quantized"}
    _write(to / "tiny-llama-gguf", files, "apache-2.0", "The tiny model in three quantizations.", base)


def _write(
    folder: Path, files: Mapping[str, bytes], license_tag: str, about: str, base: Mapping[str, str] | None = None
) -> None:
    said = {"license": license_tag, **(base or {}), "pipeline_tag": "text-generation"}
    front = "".join(f"{key}: {value}\n" for key, value in said.items())
    card = f"---\n{front}---\n# {folder.name}\n\n{about}\n"
    record = {
        "pipeline_tag": "text-generation",
        "createdAt": "2026-11-27T00:00:00.000Z",
        "tags": ["text-generation", f"license:{license_tag}"],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, "README.md": card.encode(), RECORD: _json(record)}.items():
        (folder / name).write_bytes(content)


def _elements(shape: Sequence[int]) -> int:
    return shape[0] * (shape[1] if len(shape) > 1 else 1)


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


if __name__ == "__main__":
    write_sample_models(SAMPLE_HUB / OWNER)
