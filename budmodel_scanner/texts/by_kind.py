"""A decoded text, examined as the kind that its name or its beginning says it is.

Readers that few files need, and that cost more to import than most files to examine, are imported where they are needed.
"""

import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.described_weights import notes_of_tensorflow_js
from budmodel_scanner.formats.payloads import code_in
from budmodel_scanner.formats.tensorflow_operators import DANGEROUS
from budmodel_scanner.texts.configuration import examine_configuration, examine_parts
from budmodel_scanner.texts.environment import settings_in
from budmodel_scanner.texts.json_text import examine_form, holds_many_values, parse_json
from budmodel_scanner.texts.kinds import Kind, kind_by_content
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.requirements import examine_requirements
from budmodel_scanner.texts.rows import examine_table
from budmodel_scanner.texts.scripts import (
    examine_clickable,
    examine_commands,
    examine_git,
    examine_package_settings,
    examine_package_sources,
    examine_script,
)
from budmodel_scanner.texts.sources import examine_source
from budmodel_scanner.texts.unicode_tricks import examine_unicode
from budmodel_scanner.texts.values import examine_value
from budmodel_scanner.verdict import Finding, Verdict

_MAX_TOML_CHARACTERS = 2 << 20
_MAX_TOML_KEY_PARTS = 50
_MAX_FRONT_MATTER = 1 << 20
# Tools that read these allow comments and commas at the end.
_COMMENTED_JSON = re.compile(
    r"(?:^|/)(?:\.vscode/[^/]+|\.?devcontainer(?:/[^/]+)?|tsconfig[^/]*|jsconfig|\.eslintrc|\.babelrc|pyrightconfig)\.json$|\.jsonc$|\.json5$"
)
_CONFIGURATION = re.compile(r"(?:config|index|model_index|modules)\.json$")
_COMMENTS = re.compile(r'("[^"\\\n]*(?:\\.[^"\\\n]*)*")|//[^\n]*|/\*.{0,20000}?\*/', re.DOTALL)
_LAST_COMMAS = re.compile(r'("[^"\\\n]*(?:\\.[^"\\\n]*)*")|,(?=\s{0,2000}[}\]])')


# Plain text that people read, and its names without a suffix; what goes by any other name may be a source of any language.
_PROSE_NAME = re.compile(
    r"\.(?i:txt|log|tex|bib|text|srt|vtt|asc|adoc|org|license|\w*ignore)$|(?:^|/)(?:[A-Z][A-Z\d_-]*|(?i:readme|licen[cs]e|notice|authors|change\w*))$"
)
# Pieces of a document that are run when it is rendered: R Markdown, Quarto, Weave.
_CHUNK = re.compile(r"(?ms)^```+[ \t]*\{(?!\.)\w+[^\n]*\n(.*?)^```")
_WOVEN = re.compile(r"(?ms)^```+\w+[ \t]*\n(.*?)^```")
_OPERATOR = re.compile(r"""\bop\s*:\s*["'](\w+)["']|(\btype\s*:\s*["']Python["'])""")
_PARAMETER = re.compile(r'\bkey\s*:\s*"([^"\n]{1,100})"\s*,?\s*value\s*:?\s*\{\s*string_value\s*:\s*"([^"\n]{1,2000})"')
_OLLAMA_FILE = re.compile(r"(?im)^[ \t]*(FROM|ADAPTER)[ \t]+(\S+)")
_QUERIES = (".sql", ".kql", ".csl", ".kusto", ".cypher", ".cql", ".hql", ".psql", ".pgsql", ".ddl", ".sparql", ".rq")
# Settings of Gin: modules that are imported for them, and functions that they name.
_GIN = re.compile(r"(?m)^[ \t]*import[ \t]+([\w.]+)|@(?:[\w/]*/)?([\w.]+)")
_CALL = re.compile(r"[\w\]]\s*\((?!\s*\))|__\w+__")


def examine_kind(kind: Kind, text: str, data: bytes, place: Place) -> Iterator[Finding]:
    """`data` is `text` in UTF-8. Raises UnscannedError for what cannot be parsed and shows nothing worse."""
    match kind:
        case Kind.JSON:
            yield from _json(text, data, place)
        case Kind.YAML:
            yield from _yaml(text, place)
        case Kind.TOML:
            yield from _toml(text, place)
        case Kind.INI:
            yield from _ini(text, place)
        case Kind.PYTHON:
            yield from _python(text, place)
        case Kind.TEMPLATE:
            from budmodel_scanner.texts.template import examine_template

            of_jinja = _is_named(place, ".jinja", ".jinja2", ".j2")
            # Pages are put together of others; what a model is prompted with is not.
            for finding in examine_template(text, place, must_parse=of_jinja):
                if of_jinja or finding.rule != "template.other-file":
                    yield finding
            if "." in place.name.rsplit("/", 1)[-1].rpartition(".")[0].lstrip("."):
                # Another file, once it is filled in.
                yield from examine_source(_FILLED_IN.sub("x", text), place, worst=Verdict.SUSPICIOUS)
        case Kind.TYPESETTING:
            from budmodel_scanner.texts.typesetting import examine_typesetting

            yield from examine_typesetting(text, place)
        case Kind.ENVIRONMENT:
            yield from _variables(text, place)
            yield from _ini(text, place)
        case Kind.MARKDOWN:
            yield from _markdown(text, place)
        case Kind.HTML:
            from budmodel_scanner.texts.markup import examine_html

            yield from examine_html(text, place)
        case Kind.COMMANDS:
            yield from _variables(text, place)
            yield from examine_commands(text, place)
        case Kind.WEB_SCRIPT | Kind.OTHER_SCRIPT:
            yield from examine_script(text, place)
        case Kind.SOURCE:
            yield from examine_unicode(text, place, "code", code=False)
            # Editors and interpreters of their own begin the command of a shell with a mark.
            yield from examine_source(_SHELL_MARK.sub(r"\1\n", text), place)
            yield from _variables(text, place)
            if _is_named(place, "gemfile", ".gradle", ".gradle.kts"):
                yield from examine_package_sources(text, place)
            if _is_named(place, *_QUERIES):
                yield from judge(Leaf(LeafKind.QUERY, text), place)
            if place.name.lower().endswith("modelfile"):
                for named in _OLLAMA_FILE.finditer(text):
                    yield from judge(Leaf(LeafKind.FILE, named[2], role=named[1]), place)
        case Kind.GRAPH:
            yield from _graph(text, place)
        case Kind.ORDERS:
            from budmodel_scanner.texts.markup import examine_orders

            yield from examine_orders(text, place)
        case Kind.CLICKABLE:
            yield from examine_clickable(text, place)
        case Kind.REQUIREMENTS:
            yield from examine_requirements(text, place)
        case Kind.PTH:
            from budmodel_scanner.texts.pth_files import examine_pth

            yield from examine_pth(text, place)
        case Kind.GIT:
            yield from examine_git(text, place)
        case Kind.PACKAGE_SETTINGS:
            yield from examine_package_settings(text, place)
        case Kind.TABLE:
            yield from examine_table(data, place)
        case Kind.PLAIN | Kind.DATA if text.startswith("tree\n") and "\nversion=v" in text[:100]:
            yield from _boosted_trees(text, place)
        case Kind.PLAIN:
            yield from examine_unicode(text, place, "plain text", code=False)
            yield from judge(Leaf(LeafKind.PROSE, text), place)
            if not _PROSE_NAME.search(place.name):
                yield from examine_source(text, place, worst=Verdict.SUSPICIOUS)


def _boosted_trees(text: str, place: Place) -> Iterator[Finding]:
    """The text of LightGBM: settings and numbers by name. Nothing in it is run, so that code has no business there."""
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, value = line.partition("=")
        if _NUMBERS.fullmatch(value):
            continue
        yield from judge(Leaf(LeafKind.COMMAND, value, f"line {number}"), place, worst=Verdict.SUSPICIOUS)
        if code := code_in(value.encode()):
            what = f"{name[:40]} holds code: {code[1]!r}"
            yield Finding("config.code-in-value", Verdict.SUSPICIOUS, what, place.at(f"line {number}"))


_NUMBERS = re.compile(r"[-+.\deE \tinfa]*")
_SHELL_MARK = re.compile(r"(?m)(^[ \t]*|[ \t]:?)(?:silent!?[ \t]+)?!(?=[a-z/])")


def _variables(text: str, place: Place) -> Iterator[Finding]:
    for name, value, line in settings_in(text):
        yield from judge(Leaf(LeafKind.VARIABLE, value, f"line {line}", name), place)


def _graph(text: str, place: Place) -> Iterator[Finding]:
    """Graphs of TensorFlow and Caffe in the text form of protocol buffers: operators that reach out, layers in Python."""
    for found in _OPERATOR.finditer(text):
        where = f"line {text.count(chr(10), 0, found.start()) + 1}"
        if does := DANGEROUS.get(found[1]):
            yield Finding("tensorflow.dangerous-operator", Verdict.SUSPICIOUS, f"{found[1]} {does}", place.at(where))
        elif found[2]:
            what = "a layer that Caffe takes from a module of Python"
            yield Finding("caffe.python-layer", Verdict.SUSPICIOUS, what, place.at(where))
    for setting in _PARAMETER.finditer(text):
        where = f"line {text.count(chr(10), 0, setting.start()) + 1}"
        yield from examine_value(setting[1], setting[2], where, place)


def _front_matter(tree: object, place: Place) -> Iterator[Finding]:
    """What a card says of itself: read by hubs, of which only its paths and addresses matter."""
    for key, value in tree.items() if isinstance(tree, Mapping) else ():
        yield from examine_value(str(key), value, str(key), place)


def _is_named(place: Place, *suffixes: str) -> bool:
    return place.name.lower().endswith(suffixes)


def _json(text: str, data: bytes, place: Place) -> Iterator[Finding]:
    try:
        if holds_many_values(data):
            yield from _in_parts(MemoryContent(data), place)
            return
        parsed = parse_json(data)
    except RecursionError:
        yield Finding("json.nested-too-deep", Verdict.SUSPICIOUS, "nested too deep to be read", place.at(""))
        return
    except ValueError as error:
        yield from _not_json(text, error, place)
        return
    yield from examine_form(parsed, place)
    if _CONFIGURATION.search(place.name) and not place.name.endswith("tokenizer_config.json"):
        # Vocabularies hold characters of every kind; what a model is built from does not.
        yield from examine_unicode(text, place, "configuration")
    yield from _tree(parsed.value, place)


def examine_large_json(content: Content, place: Place) -> Iterator[Finding]:
    try:
        yield from _in_parts(content, place)
    except RecursionError:
        yield Finding("json.nested-too-deep", Verdict.SUSPICIOUS, "nested too deep to be read", place.at(""))
    except ValueError as error:
        yield Finding("json.malformed", Verdict.SUSPICIOUS, f"is not JSON: {str(error)[:160]}", place.at(""))


def _in_parts(content: Content, place: Place) -> Iterator[Finding]:
    """Those of a notebook that are cells are examined as such. Raises ValueError and RecursionError as `pieces` does."""
    from budmodel_scanner.texts.json_stream import pieces
    from budmodel_scanner.texts.notebook import examine_cells

    parts = pieces(content)
    if place.name.lower().endswith(".ipynb"):
        yield from examine_cells((cell for path, cell in parts if path == ("cells", "[]")), place)
    else:
        yield from examine_parts(parts, place)


def _tree(value: object, place: Place) -> Iterator[Finding]:
    if isinstance(value, Mapping) and ("cells" in value or "worksheets" in value) and "nbformat" in value:
        from budmodel_scanner.texts.notebook import examine_notebook

        yield from examine_notebook(value, place)
    else:
        yield from examine_configuration(value, place)
    if isinstance(value, Mapping) and "weightsManifest" in value:
        yield from notes_of_tensorflow_js(value["weightsManifest"], place)


def _not_json(text: str, error: ValueError, place: Place) -> Iterator[Finding]:
    if not _is_named(place, ".json", ".ipynb", ".jsonc", ".json5", ".webmanifest", ".geojson"):
        # Only its first character looked like JSON.
        yield from examine_source(text, place, worst=Verdict.SUSPICIOUS)
        return
    if _COMMENTED_JSON.search(place.path.lower()):
        plain = _LAST_COMMAS.sub(lambda found: found[1] or "", _COMMENTS.sub(lambda found: found[1] or " ", text))
        try:
            value = json.loads(plain)
        except (ValueError, RecursionError):
            pass
        else:
            yield from _tree(value, place)
            return
    rows = [line for line in text.splitlines() if line.strip()]
    try:
        values = [json.loads(row) for row in rows] if len(rows) > 1 else []
    except (ValueError, RecursionError):
        values = []
    if values:
        for value in values[:1_000]:
            yield from _tree(value, place)
        return
    yield Finding("json.malformed", Verdict.SUSPICIOUS, f"is not JSON: {str(error)[:160]}", place.at(""))


# What Helm, Jinja and their like fill in before the text is YAML: lines of their own, and values.
_FILLED_IN_LINE = re.compile(r"(?m)^[ \t]*\{\{[^\n]*\}\}[ \t]*$|^[ \t]*\{%[^\n]*%\}[ \t]*$")
_FILLED_IN = re.compile(r"\{\{[^\n}]*\}\}|\{%[^\n}]*%\}")


def _yaml(text: str, place: Place) -> Iterator[Finding]:
    try:
        yield from _documents(text, place)
    except UnscannedError:
        yield from examine_source(text, place, worst=Verdict.SUSPICIOUS)
        if not _FILLED_IN.search(text):
            raise
        yield from _documents(_FILLED_IN.sub("x", _FILLED_IN_LINE.sub("", text)), place)


def _documents(text: str, place: Place) -> Iterator[Finding]:
    from budmodel_scanner.texts.yaml_text import parse_yaml

    for found in parse_yaml(text, place):
        if isinstance(found, Finding):
            yield found
        else:
            yield from examine_configuration(found[0], place)


def _toml(text: str, place: Place) -> Iterator[Finding]:
    if len(text) > _MAX_TOML_CHARACTERS:
        raise UnscannedError("toml.too-large", f"{len(text):,} characters of TOML; {_MAX_TOML_CHARACTERS:,} are read")
    if any(line.partition("=")[0].count(".") > _MAX_TOML_KEY_PARTS for line in text.splitlines()):
        # The standard library takes quadratic time over these.
        yield Finding("toml.nested-too-deep", Verdict.SUSPICIOUS, "a key of very many parts", place.at(""))
        return
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        yield Finding("toml.nested-too-deep", Verdict.SUSPICIOUS, "nested too deep to be read", place.at(""))
        return
    except ValueError as error:
        raise UnscannedError("toml.malformed", f"is not TOML: {str(error)[:160]}") from error
    yield from examine_configuration(tree, place)


def _ini(text: str, place: Place) -> Iterator[Finding]:
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
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
    tree = {section: {key: _lines(value) for key, value in parser.items(section)} for section in parser.sections()}
    found = list(examine_configuration(tree, place))
    # The settings of servers and terminals look like these, and hold commands in quotes.
    yield from found or examine_source(text, place, worst=Verdict.SUSPICIOUS)


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


def _python(text: str, place: Place) -> Iterator[Finding]:
    from budmodel_scanner.texts.python_code import examine_python

    try:
        yield from examine_python(text, place)
    except UnscannedError:
        if _is_named(place, ".py", ".pyw", ".pyi"):
            raise
        if _is_named(place, ".gin"):
            for named in _GIN.finditer(text):
                yield from judge(Leaf(LeafKind.LISTED_CALLABLE, named[1] or named[2], role="Gin"), place)
        # Another language, or prose, that begins like Python.
        yield from examine_unicode(text, place, "code")
        yield from examine_source(text, place, worst=Verdict.SUSPICIOUS)


def _markdown(text: str, place: Place) -> Iterator[Finding]:
    from budmodel_scanner.texts.markup import examine_html, examine_markdown
    from budmodel_scanner.texts.yaml_text import parse_yaml

    body = text.lstrip("\ufeff")
    if body.startswith("---"):
        end = body.find("\n---", 3)
        if 0 < end < _MAX_FRONT_MATTER:
            try:
                for found in parse_yaml(body[3:end], place):
                    yield from [found] if isinstance(found, Finding) else _front_matter(found[0], place)
            except UnscannedError:
                # Cards with broken front matter are everywhere, and shown as prose.
                body = text
    if kind_by_content(body[:2_000]) is Kind.HTML and "<script" in body[:2_000].lower():
        yield from examine_html(body, place)
        return
    yield from examine_markdown(body, place)
    for chunk in (_WOVEN if _is_named(place, ".jmd") else _CHUNK).finditer(body):
        yield from examine_source(chunk[1], place)
