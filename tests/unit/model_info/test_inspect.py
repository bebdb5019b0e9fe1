"""What a whole repository says, and that one bad file spoils that file's facts alone."""

import json

import pytest

from budmodel_pipeline.model_info.architecture import architecture_json
from budmodel_pipeline.model_info.inspect import inspect_files
from budmodel_pipeline.model_info.repository import RepositoryError
from tests.unit.model_info.repositories import Memory, entry, gguf, safetensors

CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 1,
    "hidden_size": 8,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 16,
    "vocab_size": 10,
    "max_position_embeddings": 100,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}
TENSORS = {
    "model.embed_tokens.weight": ("BF16", [10, 8]),
    "model.layers.0.self_attn.q_proj.weight": ("BF16", [8, 8]),
    "model.layers.0.self_attn.k_proj.weight": ("BF16", [4, 8]),
    "model.layers.0.self_attn.v_proj.weight": ("BF16", [4, 8]),
    "model.layers.0.self_attn.o_proj.weight": ("BF16", [8, 8]),
    "model.layers.0.mlp.gate_proj.weight": ("BF16", [16, 8]),
    "model.layers.0.mlp.up_proj.weight": ("BF16", [16, 8]),
    "model.layers.0.mlp.down_proj.weight": ("BF16", [8, 16]),
    "model.layers.0.input_layernorm.weight": ("BF16", [8]),
    "model.layers.0.post_attention_layernorm.weight": ("BF16", [8]),
    "model.norm.weight": ("BF16", [8]),
    "lm_head.weight": ("BF16", [10, 8]),
}
UNIQUE = 80 + 2 * 64 + 2 * 32 + 3 * 128 + 3 * 8


def repository(**changes: bytes | None) -> Memory:
    files: dict[str, bytes | None] = {
        "config.json": json.dumps(CONFIG).encode(),
        "model.safetensors": safetensors(TENSORS),
        "README.md": b"---\nlicense: mit\n---\n",
        "tokenizer_config.json": json.dumps({"chat_template": "{% if tools %}{{ tools }}{% endif %}"}).encode(),
    }
    files.update({name.replace("__", "."): content for name, content in changes.items()})
    return Memory({name: content for name, content in files.items() if content is not None})


def test_headers_and_formula_agree_and_the_memory_follows() -> None:
    info = inspect_files(repository())
    architecture = info.architecture
    assert architecture.parameters_unique.value == UNIQUE
    assert architecture.parameters_stored.value == UNIQUE + 80
    assert "80 tied" in architecture.parameters_unique.evidence
    assert architecture.warnings == ()
    assert architecture.kv_cache_bytes_per_token.value == 2 * 1 * 4 * 2
    assert info.weight_bytes.value is not None
    assert info.serving_bytes.value == info.weight_bytes.value + 100 * 16 + int(info.weight_bytes.value * 0.1) + (1 << 30)
    assert info.tool_use.value is True
    assert info.card.license == "mit"
    assert info.problems == ()


def test_headers_of_another_model_are_told() -> None:
    info = inspect_files(repository(config__json=json.dumps({**CONFIG, "num_hidden_layers": 2}).encode()))
    assert info.architecture.parameters_unique.value == UNIQUE
    assert info.architecture.warnings[0].startswith("parameters_mismatch")
    assert info.architecture.parameters_active.value is None


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (None, "no config.json"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "LFS pointer"),
        (b"{", "not JSON"),
        (b"[]", "not an object"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * 1_000 + b"1" + b"}" * 1_000, "nested deeper"),
        (b" " * 50_000_000, "at most"),
        (b'{"num_hidden_layers": ' + b"9" * 5_000 + b"}", "not JSON"),
    ],
)
def test_a_bad_config_leaves_the_rest(content: bytes | None, because: str) -> None:
    info = inspect_files(repository(config__json=content))
    assert info.architecture.num_layers.value is None
    assert because in (info.architecture.num_layers.reason or "")
    assert info.architecture.parameters_stored.value == UNIQUE + 80
    assert info.card.license == "mit"


def test_a_lying_weight_header_leaves_the_config() -> None:
    info = inspect_files(repository(model__safetensors=b"\xff" * 100))
    assert info.architecture.parameters_unique.value == UNIQUE
    assert info.weight_bytes.value is None
    assert "claims a header" in info.problems[0]


def test_a_permanent_failure_is_a_problem_and_a_transient_one_is_raised() -> None:
    gone = RepositoryError("README.md", "403 Forbidden")
    again = RepositoryError("README.md", "503 Service Unavailable", transient=True)
    content = dict(repository().contents)
    assert inspect_files(Memory(content, {"README.md": gone})).problems == ("README.md: 403 Forbidden",)
    with pytest.raises(RepositoryError, match="503"):
        inspect_files(Memory(content, {"README.md": again}))


def test_ten_thousand_files_cost_no_more_bytes_than_four() -> None:
    many = {f"data/{index}.bin": b"x" * 10 for index in range(10_000)}
    crowded, plain = Memory({**repository().contents, **many}), repository()
    assert inspect_files(crowded).architecture == inspect_files(plain).architecture
    assert crowded.bytes_read == plain.bytes_read


def test_weights_themselves_are_not_read() -> None:
    large = safetensors({"model.embed_tokens.weight": ("F32", [1_000_000, 8])})
    found = repository(model__safetensors=large)
    inspect_files(found)
    assert found.bytes_read < 40_000 < len(large)


@pytest.mark.parametrize("beside", [{}, {"config.json": b'{"model_type": "llama"}'}])
def test_a_repository_of_gguf_is_described_by_its_header(beside: dict[str, bytes]) -> None:
    metadata = [
        entry("general.architecture", "llama"),
        entry("llama.block_count", 3),
        entry("llama.embedding_length", 64),
        entry("llama.attention.head_count", 4),
        entry("llama.attention.head_count_kv", 2),
        entry("llama.context_length", 512),
        entry("tokenizer.chat_template", "{{ messages }}"),
        entry("tokenizer.ggml.tokens", ["a"] * 7),
    ]
    info = inspect_files(Memory({**beside, "m-Q4_0.gguf": gguf(metadata, [("token_embd.weight", [64, 7], 2, 0)], 252)}))
    architecture = info.architecture
    assert (architecture.num_layers.value, architecture.vocab_size.value, architecture.context_length.value) == (3, 7, 512)
    assert architecture.kv_cache_bytes_per_token.value == 3 * 2 * 2 * 16 * 2
    assert (architecture.quantization.value, architecture.parameters_unique.value) == ("gguf Q4_0", 448)
    assert info.tool_use.value is False


def test_the_json_has_every_key_and_a_reason_for_every_null() -> None:
    for found in (repository(), repository(config__json=b"{}"), Memory({})):
        architecture = json.loads(json.dumps(architecture_json(inspect_files(found).architecture), allow_nan=False))
        reasons = architecture.pop("reasons")
        assert len(architecture) == 13
        assert {name for name, value in architecture.items() if value is None} == set(reasons)
        assert all(reasons.values())
