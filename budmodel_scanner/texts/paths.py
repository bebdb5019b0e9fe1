"""Paths in files of a repository: whether following them leaves it."""

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.python_deeds import PERSISTENCE, SENSITIVE_FILE

# Names that are those of devices on Windows.
DEVICE = expression(r"(?i)^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)")
_DRIVE = expression(r"^[A-Za-z]:[\\/]")


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


_RUN_BY_NAME = {
    "Python runs it at every start, wherever it is on the path": expression(r"(?:^|/)(?:site|user)customize\.py$"),
    "Git runs it as a hook": expression(r"(?:^|/)\.git/hooks/[^/]+(?<!\.sample)$"),
    "Git runs it as a hook once that is set up": expression(r"(?:^|/)\.(?:husky|githooks)/[^/_.][^/]*$"),
}


def runs_by_name(path: str) -> str | None:
    """What runs a file because of what it is called and where it lies."""
    return next((what for what, form in _RUN_BY_NAME.items() if form.search(path)), None)


_REFERENCE = expression(
    r"""(?ix)(?P<file>file:) | (?P<share>(?:smb|cifs|nfs):|\\\\[\w.-]+\\) | (?P<page>data:text/html[;,]|(?:java|vb)script:)
    | (?:~\w*|[a-z]:|\.{1,2}|%\w+%|\$\{?\w+\}?|)[/\\]"""
)
_LONGEST = 4096


def reaches_beyond(text: str) -> str | None:
    """Why a text that reads as a path or an address names what no model has to do with, whoever opens it."""
    found = _REFERENCE.match(text)
    if found is None or len(text) > _LONGEST or "\n" in text.strip():
        return None
    if found.lastgroup:
        return {"file": "is a file of whoever loads it", "share": "is on another machine", "page": "is a page that runs"}[
            found.lastgroup
        ]
    if SENSITIVE_FILE.search(text):
        return "names a private file"
    return "names what a login or a boot runs" if PERSISTENCE.search(text) else None


# Files that nothing runs.
DATA_FILE = expression(
    r"(?i)\.(?:png|jpe?g|gif|webp|bmp|svg|csv|tsv|jsonl?|ya?ml|toml|xml|txt|md|html?|pdf|wav|mp3|flac|ogg|mp4|parquet|arrow|npy|npz|safetensors|gguf"
    r"|bin|pt|pth|ckpt|onnx|h5|tflite|model|vocab|zip|t?gz|bz2|xz|zst|tar|7z|whl|jar|deb|rpm|fa|fasta|bam|db|sqlite|dat|log|cfg|conf|ini|asc|sig|key|gpg|pem|crt)$"
)

# Every file of a folder, and of which somebody has but one.
_ALL_OF = (
    r"(?:[*/\\]*(?:Documents|Desktop|Pictures|Downloads|\.ssh|\.aws|\.gnupg)(?![^/\\]))?"
    r"(?:[*/\\]|\.(?:\*|docx?|xlsx?|pdf|jpe?g|png|py|js|sh|txt|zip))*"
)
PARTS = expression(rf"(?i){_ALL_OF}")
WHOLE = expression(
    rf"(?i)(?:/|~|\$\{{?HOME\}}?|%USERPROFILE%|/(?:home|users)(?:/\w+)?|/(?:root|etc|usr|boot|mnt|media|data|Volumes)|[a-z]:[/\\]{{0,2}}(?:users)?){_ALL_OF}"
)
