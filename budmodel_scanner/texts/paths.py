"""Paths in files of a repository: whether following them leaves it."""

import re

_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


def leaves_repository(path: str, *, absolute_too: bool = True) -> str | None:
    """Why following `path` leaves the repository, or None. In places, absolute paths of an author's machine are ordinary."""
    parts = path.replace("\\", "/").split("/")
    depth = 0
    for part in parts:
        depth += -1 if part == ".." else 1 if part not in {"", "."} else 0
        if depth < 0:
            return "leads out of the repository"
    if absolute_too and (path.startswith(("/", "\\", "~")) or _DRIVE.match(path)):
        return "is absolute"
    if "\x00" in path:
        return "holds a NUL"
    return None


# Files that nothing runs.
DATA_FILE = re.compile(
    r"(?i)\.(?:png|jpe?g|gif|webp|bmp|svg|csv|tsv|jsonl?|ya?ml|toml|xml|txt|md|html?|pdf|wav|mp3|flac|ogg|mp4|parquet|arrow|npy|npz|safetensors|gguf"
    r"|bin|pt|pth|ckpt|onnx|h5|tflite|model|vocab|zip|t?gz|bz2|xz|zst|tar|7z|whl|jar|deb|rpm|fa|fasta|bam|db|sqlite|dat|log|cfg|conf|ini|asc|sig|key|gpg|pem|crt)$"
)
