"""This room reads files of strangers: nothing that could run their code is even imported."""

import subprocess
import sys

FORBIDDEN = ("dagster", "transformers", "torch", "safetensors", "gguf", "requests", "huggingface_hub")


def test_inspecting_imports_no_framework() -> None:
    code = (
        f"import sys, budmodel_pipeline.model_info.inspect; print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
