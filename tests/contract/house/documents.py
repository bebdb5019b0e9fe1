"""Reading our own Markdown: sections, tables, blocks of code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "budmodel_scanner" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"there is no heading {heading!r}"
    return rest.partition("\n## ")[0]


def blocks(text: str, language: str = "") -> list[str]:
    """The blocks of code in a language, without the indentation of the list that they stand in."""
    return [
        re.sub(rf"^{indentation}", "", code, flags=re.MULTILINE)
        for indentation, tongue, code in _FENCE.findall(text)
        if tongue == language
    ]


def block_with(text: str, words: str, language: str = "") -> str:
    """The one block of code that holds `words`."""
    (found,) = (block for block in blocks(text, language) if words in block)
    return found


def first_cells(text: str) -> list[str]:
    """The first cell of every row of the tables of a text."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
