"""The page: strangers' words stay data, and its policy lets nothing run but its own script."""

import gzip
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Any

import pytest

from budmodel_pipeline.report.page import SCRIPTS, page

PARTS = {part.name: part.read_text("utf-8") for part in files("budmodel_pipeline.report").joinpath("parts").iterdir()}
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "\u2028</SCRIPT>",
    "${script}",
    "\"&quot;'",
    "\N{GRINNING FACE} \N{HEBREW LETTER ALEF} \u202e",
)


def block(made: bytes, kind: str) -> str:
    (found,) = re.findall(rf"<script type=\"{kind}\"[^>]*>(.*?)</script>", made.decode(), re.DOTALL)
    return str(found)


def ranking_in(made: bytes) -> Any:
    return json.loads(block(made, "application/json"))


def details_in(made: bytes) -> Any:
    return json.loads(gzip.decompress(b64decode(block(made, "text/plain"))))


@pytest.mark.parametrize("words", HOSTILE)
def test_what_strangers_wrote_comes_back_and_ends_no_block(words: str) -> None:
    made = page({"name": words, words: 1}, {"name": words})
    assert ranking_in(made) == {"name": words, words: 1}
    assert details_in(made) == {"name": words}
    # Whatever is in it, the page has its three blocks and no other.
    assert made.lower().count(b"<script") == made.lower().count(b"</script") == 3
    assert b"<" not in block(made, "application/json").encode()


def test_the_policy_knows_script_and_style_by_their_hashes_and_nothing_else() -> None:
    made = page({}, {}).decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', made)
    (script,) = re.findall(r"<script>(.*?)</script>", made, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)

    def hashed(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == hashed(script)
    assert rules["style-src"] == hashed(style)
    assert rules["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in policy
    assert "http" not in policy


def test_the_same_rows_give_the_same_bytes() -> None:
    assert page({"a": 1.5}, {"b": None}) == page({"a": 1.5}, {"b": None})


def test_every_part_is_in_the_page() -> None:
    assert sorted(PARTS) == sorted([*SCRIPTS, "page.html", "style.css"])
    made = page({}, {}).decode()
    assert [name for name, text in PARTS.items() if name != "page.html" and text not in made] == []
    assert "${" not in re.sub(r"\$\{(policy|style|script|ranking|details)\}", "", PARTS["page.html"])


@pytest.mark.parametrize("part", SCRIPTS)
def test_no_script_makes_markup_of_text_or_asks_a_network(part: str) -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|Function\("
    forbidden = markup + r"|\bfetch\(|XMLHttp|WebSocket|sendBeacon|\bimport\b|localStorage"
    assert re.findall(forbidden, PARTS[part]) == []
    # The name of a language of drawings is no address that anybody asks.
    assert set(re.findall(r"https?://[^\"\s]+", PARTS[part])) <= {"http://www.w3.org/2000/svg"}
    assert re.findall(r"url\(|@import", PARTS["style.css"]) == []
