"""`budmodel inspect`: what a model is, without a database."""

import json
from pathlib import Path

import pytest

from tests.cli import Installation, fails_clearly

CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}


@pytest.fixture
def at(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


def test_a_directory_as_json(at: Installation, model: Path) -> None:
    found = at.json("inspect", str(model))
    architecture = found["architecture"]
    assert (architecture["num_layers"], architecture["num_key_value_heads"], architecture["head_dim"]) == (32, 8, 128)
    # 2 caches x 32 layers x 8 heads x 128 dimensions x 2 bytes.
    assert architecture["kv_cache_bytes_per_token"] == 131_072
    assert architecture["parameters_unique"] == 8_030_261_248
    assert architecture["num_experts"] is None
    assert architecture["reasons"]["num_experts"]


def test_a_directory_for_people(at: Installation, model: Path) -> None:
    finished = at.run("inspect", str(model), POSTGRES_HOST="127.0.0.1", POSTGRES_PORT="1")
    assert (finished.code, finished.err) == (0, "")
    assert "131,072" in finished.out


def test_an_invented_config_gives_reasons_and_no_numbers(at: Installation, model: Path) -> None:
    (model / "config.json").write_text('{"model_type": "nobody_knows", "num_hidden_layers": "many"}')
    architecture = at.json("inspect", str(model))["architecture"]
    assert architecture["num_layers"] is None
    assert "num_layers" in architecture["reasons"]


@pytest.mark.parametrize("target", ["nowhere", "http://127.0.0.1:1/model.safetensors"])
def test_what_is_not_there_is_said(at: Installation, target: str) -> None:
    assert target.rpartition("/")[2] in fails_clearly(at.run("inspect", target))


def test_on_standard_error_programs_find_the_problem_and_nothing_else(at: Installation) -> None:
    """That a download was tried again is told to people alone."""
    nowhere = {"BUDMODEL_ORIGIN": "mirror", "BUDMODEL_MIRROR_URL": "http://127.0.0.1:9"}
    assert "attempt" in fails_clearly(at.run("inspect", "cloud:openai/gpt-4o", **nowhere))
    said = json.loads(fails_clearly(at.run("inspect", "cloud:openai/gpt-4o", "--json", **nowhere)))
    assert said["exit_status"] == 1
    assert "127.0.0.1:9" in said["error"]
