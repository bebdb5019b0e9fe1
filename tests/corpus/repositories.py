"""The files of ordinary repositories, none of which should worry anybody."""

import json
import pickle
from collections.abc import Iterator

from tests.corpus.binaries import JPEG, PNG
from tests.corpus.configurations import LLAMA_CONFIG
from tests.corpus.documents import CARD
from tests.corpus.keras_files import DENSE, INPUT, METADATA, NORMAL, keras, legacy, model
from tests.corpus.programs import notebook
from tests.corpus.protobufs import MODEL as ONNX
from tests.corpus.sample import Sample, benign
from tests.corpus.small_binaries import EVENTS, parquet, sentencepiece
from tests.corpus.templates import CHATML, LLAMA, tokenizer_config
from tests.corpus.tensor_headers import MODEL as SAFETENSORS
from tests.corpus.tensor_headers import ORDINARY, TENSOR_DATA, TENSORS, gguf
from tests.corpus.torch_files import Checkpoint, state_dict

WORDS = ["[PAD]", "[UNK]", "[CLS]", "the", "##s", "import", "os.system", "__class__", "eval(", "<script>", "rm", "curl"]


def tokenizer() -> str:
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {
                    "id": 0,
                    "content": "[PAD]",
                    "single_word": False,
                    "lstrip": False,
                    "rstrip": False,
                    "normalized": False,
                    "special": True,
                }
            ],
            "normalizer": {
                "type": "Sequence",
                "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}],
            },
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            },
            "decoder": {"type": "ByteLevel"},
            "model": {"type": "BPE", "dropout": None, "vocab": vocabulary, "merges": ["t h", "th e", "o s"]},
        },
        ensure_ascii=False,
        indent=2,
    )


def samples() -> Iterator[Sample]:
    yield from benign("repository", "a language model", _language_model())
    yield from benign("repository", "a trainer's checkpoint", _checkpoint())
    yield from benign("repository", "a sentence embedder", _embedder())
    yield from benign("repository", "a diffusion pipeline", _diffusion())
    yield from benign("repository", "quantized and converted", _conversions())
    yield from benign("repository", "a data set", _dataset())


def _language_model() -> dict[str, str | bytes]:
    weights = Checkpoint()
    files: dict[str, str | bytes] = {
        "README.md": CARD,
        "LICENSE": "Apache License\nVersion 2.0, January 2004\n\nTERMS AND CONDITIONS FOR USE AND DISTRIBUTION\n" * 3,
        "NOTICE": "Copyright 2025 Somebody\n",
        ".gitattributes": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.bin filter=lfs diff=lfs merge=lfs -text\n",
        "config.json": json.dumps(LLAMA_CONFIG, indent=2),
        "generation_config.json": json.dumps(
            {"bos_token_id": 1, "eos_token_id": [2, 3], "do_sample": True, "temperature": 0.6}
        ),
        "tokenizer.json": tokenizer(),
        "tokenizer_config.json": tokenizer_config(LLAMA),
        "special_tokens_map.json": json.dumps(
            {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": False, "rstrip": False}}
        ),
        "added_tokens.json": json.dumps({"<|im_start|>": 100}),
        "vocab.json": json.dumps({word: number for number, word in enumerate(WORDS)}),
        "merges.txt": "#version: 0.2\nt h\nth e\no s\n! !\n< script\n",
        "vocab.txt": "\n".join(WORDS) + "\n",
        "tokenizer.model": sentencepiece(),
        "model-00001-of-00002.safetensors": SAFETENSORS,
        "model-00002-of-00002.safetensors": SAFETENSORS,
        "model.safetensors.index.json": json.dumps(
            {
                "metadata": {"total_size": 296},
                "weight_map": {
                    "model.norm.weight": "model-00001-of-00002.safetensors",
                    "x": "model-00002-of-00002.safetensors",
                },
            }
        ),
        "pytorch_model.bin": weights.saved(state_dict(weights), "pytorch_model"),
        "chat_template.jinja": CHATML,
        "USE_POLICY.md": "# Acceptable use\n\nDo not use it to attack systems, write malware or exec shell commands.\n",
        "figures/benchmark.png": PNG,
        "figures/photo.jpg": JPEG,
    }
    return {f"language-model/{name}": content for name, content in files.items()}


def _checkpoint() -> dict[str, str | bytes]:
    history = [{"epoch": 0.1, "grad_norm": 1.5, "learning_rate": 1e-4, "loss": 2.5, "step": 10}]
    weights = Checkpoint()
    files: dict[str, str | bytes] = {
        "trainer_state.json": json.dumps(
            {"best_metric": None, "epoch": 1.0, "global_step": 10, "log_history": history, "is_local_process_zero": True}
        ),
        "adapter_config.json": json.dumps(
            {"base_model_name_or_path": "somebody/tiny", "peft_type": "LORA", "r": 8, "target_modules": ["q_proj"]}
        ),
        "adapter_model.safetensors": SAFETENSORS,
        "adapter_model.bin": weights.saved(
            {"base_model.model.q_proj.lora_A.weight": weights.tensor((2, 4))}, "adapter_model"
        ),
        "all_results.json": json.dumps({"eval_loss": 1.5, "train_runtime": 12.5}),
        "runs/events.out.tfevents.1700000000.host.1.0": EVENTS,
        "latest": "global_step10",
        "training_log.csv": "step,loss\n10,2.5\n",
        "preprocessor_config.json": json.dumps(
            {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 224}}
        ),
        "requirements.txt": "torch\ntransformers>=4.40\n",
        ".gitignore": "__pycache__/\n*.log\n",
    }
    return {f"checkpoint-10/{name}": content for name, content in files.items()}


def _embedder() -> dict[str, str | bytes]:
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    files: dict[str, str | bytes] = {
        "modules.json": json.dumps(modules),
        "sentence_bert_config.json": json.dumps({"max_seq_length": 256, "do_lower_case": False}),
        "config_sentence_transformers.json": json.dumps({"__version__": {"sentence_transformers": "2.0.0"}, "prompts": {}}),
        "1_Pooling/config.json": json.dumps({"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}),
        "data_config.json": json.dumps([{"name": "stackexchange", "lines": 304525, "weight": 3}]),
        "onnx/model.onnx": ONNX,
    }
    return {f"embedder/{name}": content for name, content in files.items()}


def _diffusion() -> dict[str, str | bytes]:
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.30.0",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "safety_checker": [None, None],
    }
    files: dict[str, str | bytes] = {
        "model_index.json": json.dumps(index),
        "unet/config.json": json.dumps({"_class_name": "UNet2DConditionModel", "act_fn": "silu", "in_channels": 4}),
        "unet/diffusion_pytorch_model.safetensors": SAFETENSORS,
        "scheduler/scheduler_config.json": json.dumps({"_class_name": "DDIMScheduler", "beta_start": 0.00085}),
        "v1-inference.yaml": "model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n"
        "  params:\n    linear_start: 0.00085\n",
    }
    return {f"diffusion/{name}": content for name, content in files.items()}


def _conversions() -> dict[str, str | bytes]:
    small = model(INPUT, DENSE, NORMAL)
    files: dict[str, str | bytes] = {
        "tiny.Q4_0.gguf": gguf(ORDINARY, TENSORS, TENSOR_DATA),
        "Modelfile": 'FROM ./tiny.Q4_0.gguf\nTEMPLATE """{{ .System }}\n{{ .Prompt }}"""\nPARAMETER temperature 0.7\n',
        "tf_model.h5": legacy(small),
        "model.keras": keras(small, **{"notes.json": METADATA}),
        "quantize_config.json": json.dumps({"bits": 4, "group_size": 128, "desc_act": False}),
        "labels.txt": "cat\ndog\n",
        "config.yaml": "defaults:\n  - _self_\nlr: 0.1\nencoder: {layers: 2}\n",
        "pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1"\ndependencies = ["torch>=2"]\n',
        "example.ipynb": notebook(
            [
                "import torch\n",
                "from transformers import AutoModel\n",
                "model = AutoModel.from_pretrained('somebody/tiny')\n",
            ]
        ),
        "app.py": "import gradio as gr\nfrom transformers import pipeline\n\npipe = pipeline('text-generation')\n"
        "gr.Interface(lambda text: pipe(text)[0], 'text', 'text').launch()\n",
    }
    return {f"conversion/{name}": content for name, content in files.items()}


def _dataset() -> dict[str, str | bytes]:
    rows = [
        {"text": "How do I run os.system in Python?", "label": 1},
        {"text": "<script> tags and {{ templates }}", "label": 0},
    ]
    files: dict[str, str | bytes] = {
        "train.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "test.csv": 'text,label\n"one, two",1\n-5,0\n',
        "data/train-00000-of-00001.parquet": parquet(
            {"huggingface": json.dumps({"info": {"features": {"text": {"dtype": "string", "_type": "Value"}}}})}
        ),
        "dataset_infos.json": json.dumps({"default": {"description": "", "features": {"text": {"_type": "Value"}}}}),
        "labels.pkl": pickle.dumps({"cat": 0, "dog": 1}, 4),
    }
    return {f"dataset/{name}": content for name, content in files.items()}
