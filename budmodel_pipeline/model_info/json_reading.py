"""JSON of strangers: bounded in size and depth, with NaN let through and everything else refused with a reason."""

import json
import re
from typing import Any

from budmodel_pipeline.model_info.facts import RefusedError

MAX_CONFIG_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 200
_BRACKETS = re.compile(r"[\[\]{}]")
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def json_object(content: bytes, name: str, max_bytes: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
    """The object in `content`; of repeated keys the last one counts, as in every reader of such files.

    Raises RefusedError for a file that is too large, an LFS pointer, not UTF-8, not JSON, nested deeper than MAX_DEPTH or no
    object. NaN and Infinity, which some publishers write, become floats.
    """
    if len(content) > max_bytes:
        raise RefusedError(f"{name} has {len(content):,} bytes; at most {max_bytes:,} are read")
    if content.startswith(_LFS_POINTER):
        raise RefusedError(f"{name} is a Git LFS pointer, not the content")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(f"{name} is not UTF-8 at offset {error.start}") from error
    if _depth(text) > MAX_DEPTH:
        raise RefusedError(f"{name} is nested deeper than {MAX_DEPTH} levels")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{name} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise RefusedError(f"{name} holds a JSON {type(found).__name__}, not an object")
    return found


def _depth(text: str) -> int:
    """About the nesting, 0 where there are too few brackets to matter; brackets within strings count like the rest."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    deepest = depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest
