"""What kind of text a file is: by its name where the name says so, otherwise by how it begins."""

import re
from enum import StrEnum


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


_SUFFIXES: dict[Kind, str] = {
    Kind.JSON: ".json .ipynb .jsonc .json5 .webmanifest .avsc .geojson .har",
    Kind.JSON_LINES: ".jsonl .ndjson",
    Kind.YAML: ".yaml .yml",
    Kind.TOML: ".toml",
    Kind.INI: ".ini .cfg .conf .properties",
    Kind.PYTHON: ".py .pyi .pyw .pyx .pxd",
    Kind.TEMPLATE: ".jinja .jinja2 .j2 .template .tmpl .tpl",
    Kind.TYPESETTING: ".tex .sty .cls .ltx .dtx .ps .eps .epsi .epsf .1 .2 .3 .4 .5 .6 .7 .8 .man .roff .ms",
    Kind.ENVIRONMENT: ".env .flaskenv",
    Kind.MARKDOWN: ".md .markdown .mdx .rst .rmd .qmd .jmd",
    Kind.HTML: ".html .htm .xhtml",
    Kind.XML: ".xml .svg .xsl .xslt .xsd .pmml .rss .plist .xlf .urdf .kml",
    Kind.COMMANDS: ".sh .bash .zsh .ksh .fish .csh .command .bat .cmd .ps1 .psm1 .psd1 "
    ".nu .elv .xonsh .mk .make .dockerfile .slurm .sbatch .envrc",
    Kind.WEB_SCRIPT: ".js .mjs .cjs .ts .tsx .jsx .php .vue .svelte .as",
    Kind.OTHER_SCRIPT: ".pl .pm .rb .lua .tcl .awk .applescript .r .jl",
    Kind.SOURCE: ".c .cc .cpp .cxx .cu .cuh .h .hh .hpp .go .rs .java .kt .kts .scala .swift .cs .m .mm .dart .zig .nim .ex"
    " .exs .hs .ml .groovy .gradle .nf .smk .cmake .bzl .bazel .bazelrc .star .tf .hcl .nomad .tfvars .nix .sbt .def .sls"
    " .jsonnet .mojo .wdl .cwl .rules .service .spec .jenkinsfile .earthfile .bats .expect .metal .cl .sql"
    " .vim .vimrc .exrc .gvimrc .nvimrc .el .gp .gnuplot .plt",
    Kind.ORDERS: ".mdc .cursorrules .clinerules .windsurfrules .goosehints",
    Kind.GRAPH: ".pbtxt .prototxt",
    Kind.CLICKABLE: ".hta .vbs .vbe .jse .wsf .wsh .scf .url .desktop .reg .inf .sct .application .lnk",
    Kind.PTH: ".pth",
    Kind.TABLE: ".csv .tsv .tab",
    Kind.DATA: ".vocab .merges .bpe .tiktoken .tekken .dic .aff .arpa .lm .vec .fst .spm .model"
    " .voc .wordlist .lexicon .mtx .graph .tok .txt.gz",
}  # fmt: skip
_BY_SUFFIX = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_BY_NAME: dict[str, Kind] = {
    "dockerfile": Kind.COMMANDS,
    "containerfile": Kind.COMMANDS,
    "makefile": Kind.COMMANDS,
    "gnumakefile": Kind.COMMANDS,
    "justfile": Kind.COMMANDS,
    "procfile": Kind.COMMANDS,
    "vagrantfile": Kind.OTHER_SCRIPT,
    **dict.fromkeys(
        (
            "cmakelists.txt",
            "snakefile",
            "workspace",
            "build",
            "module.bazel",
            "jenkinsfile",
            "earthfile",
            "tiltfile",
            "brewfile",
            "nextflow.config",
            "sconstruct",
            "meson.build",
            "singularity",
            "apptainer",
            "modelfile",
            "setup",
            "install",
            "configure",
            "bootstrap",
            "run",
            "start",
            "build.sbt",
            "dvcfile",
            "gemfile",
            "podfile",
            "fastfile",
        ),
        Kind.SOURCE,
    ),
    **dict.fromkeys(("agents.md", "claude.md", "gemini.md", "skill.md", "copilot-instructions.md"), Kind.ORDERS),
    **dict.fromkeys((".cursorrules", ".clinerules", ".windsurfrules", ".goosehints"), Kind.ORDERS),
    ".replit": Kind.TOML,
    ".bazelrc": Kind.SOURCE,
    ".lfsconfig": Kind.GIT,
    "rakefile": Kind.OTHER_SCRIPT,
    "pipfile": Kind.TOML,
    "mlmodel": Kind.YAML,
    "mlproject": Kind.YAML,
    ".gitattributes": Kind.GIT,
    ".gitmodules": Kind.GIT,
    ".gitconfig": Kind.GIT,
    ".npmrc": Kind.PACKAGE_SETTINGS,
    ".pypirc": Kind.PACKAGE_SETTINGS,
    "pip.conf": Kind.PACKAGE_SETTINGS,
    "pip.ini": Kind.PACKAGE_SETTINGS,
    "go.mod": Kind.PACKAGE_SETTINGS,
    "nuget.config": Kind.PACKAGE_SETTINGS,
    ".condarc": Kind.YAML,
    "vocab.txt": Kind.DATA,
    "merges.txt": Kind.DATA,
    "tokens.txt": Kind.DATA,
    "words.txt": Kind.DATA,
    "lexicon.txt": Kind.DATA,
    "dict.txt": Kind.DATA,
    "spiece.vocab": Kind.DATA,
    ".bashrc": Kind.COMMANDS,
    ".profile": Kind.COMMANDS,
    ".envrc": Kind.COMMANDS,
    ".vimrc": Kind.SOURCE,
    ".exrc": Kind.SOURCE,
    ".yarnrc": Kind.PACKAGE_SETTINGS,
}
_REQUIREMENTS = re.compile(r"^(?:[\w.-]*requirements?[\w.-]*|constraints[\w.-]*)\.(?:txt|in)$|^requirements/.*\.txt$")
# Prompts, commands and rules that agents read out of folders of their own.
_OF_AGENTS = re.compile(
    r"/(?:\.(?:claude|cursor|windsurf|gemini|codex|opencode|clinerules|roo|kiro|continue|amazonq|junie)/.*"
    r"|\.github/(?:instructions|prompts|chatmodes|agents)/[^/]*)\.(?:md|mdc|txt|mdx)$"
)
_SHEBANG = re.compile(r"^#!\s*(\S+)(?:\s+(?:-\S+\s+)*(\S+))?")
_PYTHON_START = re.compile(
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
    if _REQUIREMENTS.match(name):
        return Kind.REQUIREMENTS
    stem, dot, suffix = name.rpartition(".")
    known = _BY_SUFFIX.get(f".{suffix}") if dot else None
    if known is not None:
        return known
    if name.startswith(".env."):
        return Kind.ENVIRONMENT
    if stem in {"dockerfile", "makefile", "containerfile"} or name.startswith("dockerfile."):
        return Kind.COMMANDS
    found = kind_by_content(text)
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
    if lower.startswith(("<!doctype html", "<html", "<script", "<iframe", "<body", "<head")):
        return Kind.HTML
    if lower.startswith(("<?xml", "<svg", "<!doctype svg", "<pmml")):
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
