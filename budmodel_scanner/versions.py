"""By which versions a file was examined: the results of a scan hold only as long as these stay the same."""

import platform
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

# Programs that look at files where they are asked, and parsers that our own examination rests upon.
_CROSS_CHECKS = ("modelscan", "picklescan")
_PARSERS = ("jinja2", "pyyaml", "tree-sitter", "tree-sitter-bash")


@cache
def rules_version() -> str:
    """A hash over the code and data of this very package: a rule that changes, changes it, and nobody has to remember."""
    here = Path(__file__).parent
    digest = sha256()
    for file in sorted(path for path in here.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(here).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


@cache
def installed_version(distribution: str) -> str | None:
    """None where it is not installed."""
    # A fifth of the time that one small file takes, and needed for the cache alone.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def scan_versions(engines: Mapping[str, str], cross_checked: bool = True) -> dict[str, str]:
    """Every version that a verdict depends on; `engines` are those that run elsewhere, with that of their signatures."""
    installed = {name: installed_version(name) or "" for name in _PARSERS}
    asked = {name: (installed_version(name) or "") if cross_checked else "" for name in _CROSS_CHECKS}
    return {"rules": rules_version(), "python": platform.python_version(), **installed, **asked, **engines}
