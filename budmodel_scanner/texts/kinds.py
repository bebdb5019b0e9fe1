"""What kind of text a file is: by its name where the name says so, otherwise by how it begins."""

import re
from enum import StrEnum

from budmodel_scanner.expressions import expression
from budmodel_scanner.word_lists import sections


class Kind(StrEnum):
    JSON = "JSON"
    JSON_LINES = "JSON lines"
    YAML = "YAML"
    TOML = "TOML"
    INI = "INI"
    PYTHON = "Python"
    TEMPLATE = "Jinja"
    MARKDOWN = "Markdown"
    HTML = "HTML"
    XML = "XML"
    COMMANDS = "commands"
    WEB_SCRIPT = "a web script"
    OTHER_SCRIPT = "a script"
    SOURCE = "source code"
    GRAPH = "a graph as text"
    ORDERS = "orders to an agent"
    TYPESETTING = "a document that is set"
    ENVIRONMENT = "variables of an environment"
    CLICKABLE = "a program for the desktop"
    REQUIREMENTS = "requirements"
    PTH = "a .pth file"
    GIT = "Git settings"
    PACKAGE_SETTINGS = "package settings"
    TABLE = "a table"
    DATA = "data"
    PLAIN = "plain text"


_BY_NAME = {word: Kind(kind) for kind, words in sections(__package__, "known/kinds.txt").items() for word in words}
# What build tools, installers and servers call their files.
_TOOL = expression(
    r"[A-Z][A-Za-z]*file|(?:PKG|APK|CR)BUILD|BUCK|TARGETS|SConscript|Kbuild|(?:pre|post)(?:inst|rm)|user-data"
)
_REQUIREMENTS = expression(r"^(?:[\w.-]*requirements?[\w.-]*|constraints[\w.-]*)\.(?:txt|in)$")
_OF_REQUIREMENTS = expression(r"(?:^|/)requirements?/[^/]*\.(?:txt|in)$")
# Prompts, commands and rules that agents read out of folders of their own.
_OF_AGENTS = expression(
    r"/(?:\.(?:claude|cursor|windsurf|gemini|codex|opencode|clinerules|roo|kiro|continue|amazonq|junie|openhands|goose|amp|trae|qwen|crush|augment|factory|kilocode)/.*"
    r"|\.github/(?:instructions|prompts|chatmodes|agents)/[^/]*)\.(?:md|mdc|txt|mdx)$"
)
_SHEBANG = expression(r"^#!\s*(\S+)(?:\s+(?:-\S+\s+)*(\S+))?")
_PYTHON_START = expression(
    r"(?:from\s+[\w.]+\s+import\s|import\s+[\w.]+(?:\s+as\s+\w+)?\s*(?:,|;|#|$)|(?:def|class)\s+\w+.*:\s*$)"
)


def kind_of(path: str, text: str) -> Kind:
    """`text` is the beginning of the file, a few thousand characters."""
    name = path.rsplit("/", 1)[-1].lower()
    if name in _BY_NAME:
        by_name = _BY_NAME[name]
        if path.endswith("INSTALL"):
            return Kind.PLAIN  # Instructions in capitals, where the script of that name is in small letters.
        return kind_by_content(text) if by_name is Kind.SOURCE and text.startswith("#!") else by_name
    if ("/" + path.lower()).endswith(("/.git/config", "/.git/info/attributes")):
        return Kind.GIT
    if _OF_AGENTS.search("/" + path.lower()):
        return Kind.ORDERS
    if _REQUIREMENTS.match(name) or _OF_REQUIREMENTS.search(path.lower()):
        return Kind.REQUIREMENTS
    if _TOOL.fullmatch(path.rsplit("/", 1)[-1]):
        found = kind_by_content(text)
        return Kind.SOURCE if found in {Kind.PLAIN, Kind.PYTHON} else found
    stem, dot, suffix = name.rpartition(".")
    known = _BY_NAME.get(f"*.{suffix}") if dot else None
    if known is not None:
        return known
    if name.startswith(".env."):
        return Kind.ENVIRONMENT
    if stem in {"dockerfile", "makefile", "containerfile"} or name.startswith("dockerfile."):
        return Kind.COMMANDS
    found = kind_by_content(text)
    if dot and suffix == "config" and found is Kind.PLAIN:
        return Kind.GRAPH
    # Documents without a suffix are written in capitals; what is not, is run.
    return Kind.SOURCE if found is Kind.PLAIN and re.fullmatch(r"[a-z][a-z_-]*", path.rsplit("/", 1)[-1]) else found


def kind_by_content(text: str) -> Kind:
    """For names that say nothing, such as `notes.txt` and `payload`."""
    start = text.lstrip("\ufeff \t\r\n")
    if shebang := _SHEBANG.match(start):
        program = (shebang[2] if shebang[1].endswith("env") and shebang[2] else shebang[1]).rsplit("/", 1)[-1]
        if program.startswith(("python", "pypy")):
            return Kind.PYTHON
        return (
            Kind.COMMANDS
            if program.endswith("sh")
            else Kind.WEB_SCRIPT
            if program in {"node", "deno", "php", "bun"}
            else Kind.OTHER_SCRIPT
        )
    lower = start[:200].lower()
    if lower.startswith(("<!doctype html", "<html", "<script", "<iframe", "<body", "<head", "mime-version:")):
        return Kind.HTML
    if lower.startswith(("<?xml", "<svg", "<!doctype svg", "<pmml", "<sdf")):
        return Kind.XML
    if lower.startswith("<?php"):
        return Kind.WEB_SCRIPT
    if lower.startswith(("%!ps", "\\documentclass", "\\documentstyle")):
        return Kind.TYPESETTING
    if start[:1] in {"{", "["} and re.match(r"[{\[]\s*(?:[\"{\[\]}\d-]|true|false|null)", start):
        return Kind.JSON
    for line in start.splitlines()[:40]:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.startswith(('"""', "'''")):
            return Kind.PYTHON
        return Kind.PYTHON if _PYTHON_START.match(stripped) else Kind.PLAIN
    return Kind.PLAIN
