"""Configuration by its syntax: JSON, YAML, TOML and INI are parsed to trees, which others examine.

Each reader yields what is wrong with a text as one of its kind, and each tree that it holds in a tuple of one.
"""

import configparser
import json
import re
import tomllib
from collections.abc import Iterator

from budmodel_scanner.content import Place, UnscannedError
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.json_text import examine_form, parse_json
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.scripts import examine_commands
from budmodel_scanner.texts.sources import examine_source
from budmodel_scanner.verdict import Finding, Verdict

Parsed = Iterator[Finding | tuple[object]]

_MAX_TOML_CHARACTERS = 2 << 20
_MAX_TOML_KEY_PARTS = 50
# Tools that read these allow comments and commas at the end.
_COMMENTED_JSON = expression(
    r"(?:^|/)(?:\.vscode/[^/]+|\.?devcontainer(?:/[^/]+)?|tsconfig[^/]*|jsconfig|\.eslintrc|\.babelrc|pyrightconfig)\.json$|/\.zed/\w+\.json$|\.jsonc$|\.json5$|\.code-workspace$|\.sublime-\w+$"
)
_COMMENTS = expression(r'("[^"\\\n]*(?:\\.[^"\\\n]*)*")|//[^\n]*|/\*.{0,20000}?\*/', re.DOTALL)
_LAST_COMMAS = expression(r'("[^"\\\n]*(?:\\.[^"\\\n]*)*")|,(?=\s{0,2000}[}\]])')
_NAMES_OF_JSON = (
    ".json",
    ".ipynb",
    ".jsonc",
    ".json5",
    ".webmanifest",
    ".geojson",
    ".code-workspace",
    ".sublime-project",
    ".sublime-build",
)
_MOST_ROWS = 1_000
# What Helm, Jinja and their like fill in before the text is YAML: lines of their own, and values.
_FILLED_IN_LINE = expression(r"(?m)^[ \t]*\{\{[^\n]*\}\}[ \t]*$|^[ \t]*\{%[^\n]*%\}[ \t]*$")
FILLED_IN = expression(r"\{\{[^\n}]*\}\}|\{%[^\n}]*%\}")
_CALL = expression(r"[\w\]]\s*\((?!\s*\))|__\w+__")
# Spark and others put nothing but spaces between a name and its value.
_BY_SPACES = expression(r"(?m)^([A-Za-z]\w*(?:\.\w+)+)[ \t]+(?=[^\s=:])")


def read_json(text: str, data: bytes, place: Place) -> Parsed:
    """`data` is `text` in UTF-8."""
    try:
        parsed = parse_json(data)
    except RecursionError:
        yield too_deep("json", place)
    except ValueError as error:
        yield from _not_json(text, error, place)
    else:
        yield from examine_form(parsed, place)
        yield (parsed.value,)


def too_deep(syntax: str, place: Place) -> Finding:
    return Finding(f"{syntax}.nested-too-deep", Verdict.SUSPICIOUS, "nested too deep to be read", place.at(""))


def malformed_json(error: ValueError, place: Place) -> Finding:
    return Finding("json.malformed", Verdict.SUSPICIOUS, f"is not JSON: {str(error)[:160]}", place.at(""))


def _not_json(text: str, error: ValueError, place: Place) -> Parsed:
    if not place.name.lower().endswith(_NAMES_OF_JSON):
        # Only its first character looked like JSON.
        yield from examine_source(text, place, worst=Verdict.SUSPICIOUS)
        return
    if _COMMENTED_JSON.search(place.path.lower()):
        text = _LAST_COMMAS.sub(lambda found: found[1] or "", _COMMENTS.sub(lambda found: found[1] or " ", text))
    rows = [line for line in text.splitlines() if line.strip()]
    for pieces in ([text], rows):
        try:
            values = [json.loads(piece) for piece in pieces]
        except (ValueError, RecursionError):
            continue
        yield from ((value,) for value in values[:_MOST_ROWS])
        return
    yield malformed_json(error, place)


def read_yaml(text: str, place: Place) -> Parsed:
    from budmodel_scanner.texts.yaml_text import parse_yaml

    try:
        yield from parse_yaml(text, place)
    except UnscannedError:
        yield from examine_source(text, place, worst=Verdict.SUSPICIOUS)
        if not FILLED_IN.search(text):
            raise
        yield from parse_yaml(FILLED_IN.sub("x", _FILLED_IN_LINE.sub("", text)), place)


def read_toml(text: str, place: Place) -> Parsed:
    if len(text) > _MAX_TOML_CHARACTERS:
        raise UnscannedError("toml.too-large", f"{len(text):,} characters of TOML; {_MAX_TOML_CHARACTERS:,} are read")
    if any(line.partition("=")[0].count(".") > _MAX_TOML_KEY_PARTS for line in text.splitlines()):
        # The standard library takes quadratic time over these.
        yield Finding("toml.nested-too-deep", Verdict.SUSPICIOUS, "a key of very many parts", place.at(""))
        return
    try:
        yield (tomllib.loads(text),)
    except RecursionError:
        yield too_deep("toml", place)
    except ValueError as error:
        raise UnscannedError("toml.malformed", f"is not TOML: {str(error)[:160]}") from error


def read_ini(text: str, place: Place) -> Parsed:
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    text = _BY_SPACES.sub(r"\1 = ", text)
    try:
        try:
            parser.read_string(text)
        except configparser.MissingSectionHeaderError:
            # Properties of Java, and variables of an environment.
            parser.read_string(f"[properties]\n{text}")
    except (configparser.Error, AttributeError):
        # AttributeError: an indented line before all others. Many tools have a syntax of their own under this name.
        yield from examine_commands(text, place)
        return
    yield from _evaluated(parser, place)
    yield ({section: {key: _lines(value) for key, value in parser.items(section)} for section in parser.sections()},)


def _evaluated(parser: configparser.ConfigParser, place: Place) -> Iterator[Finding]:
    """`class` and `args` of handlers, which `logging.config.fileConfig` evaluates as Python."""
    for section in parser.sections():
        if section.partition("_")[0] not in {"handler", "formatter"} or "_" not in section:
            continue
        for key in ("class", "args", "kwargs"):
            code = parser.get(section, key, fallback=None) or ""
            if key == "class" and "." in code:
                yield from judge(Leaf(LeafKind.LISTED_CALLABLE, code.strip(), section, key), place)
            elif _CALL.search(code):
                what = f"evaluates {code[:120]!r} when logging is set up"
                yield Finding("config.code-in-value", Verdict.SUSPICIOUS, what, place.at(f"{section}.{key}"))


def _lines(value: str | None) -> object:
    if value is None or "\n" not in value:
        return (value or "").strip("\"'")
    return [line for line in value.splitlines() if line.strip()]
