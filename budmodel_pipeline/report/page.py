"""The page as a whole: its parts, and the rows in it as data that no browser takes for anything else.

Words of strangers are in the two blocks of data and nowhere else. Scripts show them as text; the policy of the page allows
its own script and style by their hashes, no other, no request and no text that becomes markup.
"""

import gzip
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Any

import orjson

# In this order: each uses what stands before it.
SCRIPTS = (
    "elements.js",
    "wording.js",
    "models.js",
    "filters.js",
    "table.js",
    "ranking.js",
    "plot.js",
    "evidence.js",
    "model.js",
    "comparison.js",
    "changes.js",
    "sources.js",
    "start.js",
)
# Of compression: twice as fast as the highest, for a hundredth more.
LEVEL = 6


def page(ranking: Mapping[str, Any], details: Mapping[str, Any]) -> bytes:
    """The page in UTF-8. `ranking` is what its first screen needs; `details` are unpacked when somebody asks for them.

    Both hold what JSON has, dates and times; a number that is none becomes null. The same rows give the same bytes.
    """
    script, style = "\n".join(_part(name) for name in SCRIPTS), _part("style.css")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return (
        Template(_part("page.html"))
        .substitute(policy=policy, style=style, script=script, ranking=_as_data(ranking), details=_packed(details))
        .encode()
    )


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath("parts", name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _as_data(value: Mapping[str, Any]) -> str:
    """JSON in which no text ends the block that it stands in, or begins another."""
    return orjson.dumps(value).replace(b"<", rb"\u003c").decode()


def _packed(value: Mapping[str, Any]) -> str:
    """A third of its size, for a browser to unpack: most of it is never looked at."""
    return b64encode(gzip.compress(orjson.dumps(value), LEVEL, mtime=0)).decode()
