"""A decoded text, examined as the kind that its name or its beginning says it is.

Readers that few files need, and that cost more to import than most files to examine, are imported where they are needed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.described_weights import notes_of_json
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts import chunks, scripts, syntaxes
from budmodel_scanner.texts.configuration import examine_configuration, examine_parts
from budmodel_scanner.texts.dialects import in_common_words
from budmodel_scanner.texts.documentation import set_apart
from budmodel_scanner.texts.environment import settings_in
from budmodel_scanner.texts.graphs import examine_boosted_trees, examine_fields, examine_graph
from budmodel_scanner.texts.inner_programs import programs_in, programs_in_source, programs_in_tree
from budmodel_scanner.texts.json_text import holds_many_values
from budmodel_scanner.texts.kinds import Kind, kind_by_content, kind_of
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.requirements import examine_requirements
from budmodel_scanner.texts.rows import examine_table
from budmodel_scanner.texts.sources import examine_source
from budmodel_scanner.texts.unicode_tricks import examine_unicode
from budmodel_scanner.texts.values import examine_value
from budmodel_scanner.verdict import Finding, Verdict

_MAX_FRONT_MATTER = 1 << 20
_SOURCES = frozenset({Kind.COMMANDS, Kind.WEB_SCRIPT, Kind.OTHER_SCRIPT, Kind.SOURCE, Kind.PLAIN})
_MALFORMED = "json.malformed"
_CONFIGURATION = expression(r"(?:config|index|model_index|modules)\.json$")

# Plain text that people read, and its names without a suffix; what goes by any other name may be a source of any language.
_PROSE_NAME = expression(
    r"\.(?i:txt|log|tex|bib|text|srt|vtt|asc|adoc|org|info|pod|license|\w*ignore)$|(?:^|/)(?:[A-Z][A-Z\d_-]*|(?i:readme|licen[cs]e|notice|authors|change\w*))$"
)
_QUERIES = (".sql", ".kql", ".csl", ".kusto", ".cypher", ".cql", ".hql", ".psql", ".pgsql", ".ddl", ".sparql", ".rq")
_PROMPTS = expression(r"(?i)(?:^|/)(?:[\w-]*prompts?|instructions?)\.(?:txt|md)$|(?:^|/)prompts?/[^/]*\.(?:txt|md)$")
# Settings of Gin: modules that are imported for them, and functions that they name.
_GIN = expression(r"(?m)^[ \t]*import[ \t]+([\w.]+)|@(?:[\w/]*/)?([\w.]+)")


def examine_kind(kind: Kind, text: str, data: bytes, place: Place) -> Iterator[Finding]:
    """`data` is `text` in UTF-8. Raises UnscannedError for what cannot be parsed and shows nothing worse."""
    # Lines end as they do here, so that no rule has to know of others.
    text = text.replace("\r\n", "\n")
    if scripts.BUILD_FILES.search(place.path):
        yield from scripts.examine_build_sources(text, place)
    if kind in {Kind.PLAIN, Kind.MARKDOWN} and _PROMPTS.search(place.path):
        yield from judge(Leaf(LeafKind.ORDERS, text), place)
    if kind not in _SOURCES:
        yield from _of_kind(kind, text, data, place)
        return
    yield from scripts.examine_hidden_names(text, place) if kind is not Kind.PLAIN else ()
    code, prose = set_apart(text, place.name)
    if prose:
        yield from judge(Leaf(LeafKind.PROSE, prose), place)
    plain, _ = set_apart(text, place.name, doubtful=True)
    found = list(_of_kind(kind, plain, data, place))
    yield from found
    for finding in () if found or plain == code else _of_kind(kind, code, data, place):
        # What only documentation holds, as far as can be told.
        yield replace(finding, verdict=min(finding.verdict, Verdict.SUSPICIOUS, key=lambda verdict: verdict.rank))


def _of_kind(kind: Kind, text: str, data: bytes, place: Place) -> Iterator[Finding]:
    match kind:
        case Kind.JSON:
            yield from _json(text, data, place)
        case Kind.YAML:
            yield from _examined(syntaxes.read_yaml(text, place), place)
        case Kind.TOML:
            yield from _examined(syntaxes.read_toml(text, place), place)
        case Kind.INI:
            yield from _ini(text, place)
        case Kind.PYTHON:
            yield from _python(text, place)
        case Kind.TEMPLATE:
            from budmodel_scanner.texts.template import examine_template

            of_jinja = _is_named(place, ".jinja", ".jinja2", ".j2")
            of_a_file = "." in place.name.rsplit("/", 1)[-1].rpartition(".")[0].lstrip(".")
            found = examine_template(text, place, must_parse=of_jinja)
            # Pages and other files are put together of others; what a model is prompted with is not.
            told = {"template.other-file": True, "template.beside": "chat" in place.name}
            yield from (it for it in found if it.rule not in told or (of_jinja and not of_a_file and told[it.rule]))
            if not of_jinja:
                yield from judge(Leaf(LeafKind.TEMPLATE, text), place)
            if not of_jinja or of_a_file:
                # Another file, once it is filled in.
                yield from examine_source(syntaxes.FILLED_IN.sub("x", text), place, worst=Verdict.SUSPICIOUS)
        case Kind.TYPESETTING:
            from budmodel_scanner.texts.typesetting import examine_typesetting

            yield from examine_typesetting(text, place)
            if _is_named(place, ".rnw", ".snw"):
                for name, code in chunks.chunks_of_sweave(text):
                    yield from _as_file(name, code, place)
        case Kind.ENVIRONMENT:
            yield from _variables(text, place)
            yield from _ini(text, place)
        case Kind.MARKDOWN:
            yield from _markdown(text, place)
        case Kind.HTML:
            from budmodel_scanner.texts.pages import examine_page

            yield from examine_page(text, place)
            yield from judge(Leaf(LeafKind.TEMPLATE, text), place)
        case Kind.COMMANDS:
            yield from _variables(text, place)
            yield from scripts.examine_commands(text, place)
            yield from _programs(programs_in(text), place)
        case Kind.WEB_SCRIPT | Kind.OTHER_SCRIPT:
            yield from scripts.examine_script(in_common_words(text, place.name), place)
            yield from _programs(programs_in_source(text), place)
        case Kind.SOURCE:
            yield from examine_unicode(text, place, "code", code=False)
            yield from examine_source(in_common_words(text, place.name), place)
            yield from _variables(text, place)
            yield from _programs(chain(programs_in(text), programs_in_source(text)), place)
            if _is_named(place, ".jsonnet", ".libsonnet", ".cue", ".hocon", ".dhall", ".hcl", ".nix"):
                yield from examine_fields(text, place)
            if _is_named(place, *_QUERIES):
                yield from judge(Leaf(LeafKind.QUERY, text), place)
            if place.name.lower().endswith("modelfile"):
                from budmodel_scanner.texts.ollama import examine_modelfile

                yield from examine_modelfile(text, place)
        case Kind.GRAPH:
            yield from examine_graph(text, place)
        case Kind.ORDERS:
            from budmodel_scanner.texts.markup import examine_orders

            yield from examine_orders(text, place)
            for name, code in chunks.chunks_of_orders(text):
                yield from (it for it in _as_file(name, code, place) if it.verdict is Verdict.MALICIOUS)
        case Kind.CLICKABLE:
            yield from scripts.examine_clickable(text, place)
        case Kind.REQUIREMENTS:
            yield from examine_requirements(text, place)
        case Kind.PTH:
            from budmodel_scanner.texts.pth_files import examine_pth

            yield from examine_pth(text, place)
        case Kind.GIT:
            yield from scripts.examine_git(text, place)
        case Kind.PACKAGE_SETTINGS:
            yield from scripts.examine_package_settings(text, place)
        case Kind.TABLE:
            yield from examine_table(data, place)
        case Kind.PLAIN | Kind.DATA if text.startswith("tree\n") and "\nversion=v" in text[:100]:
            yield from examine_boosted_trees(text, place)
        case Kind.PLAIN:
            yield from examine_unicode(text, place, "plain text", code=False)
            yield from judge(Leaf(LeafKind.PROSE, text), place)
            for name, code in chunks.chunks_of_org(text):
                yield from _as_file(name, code, place)
            if not _PROSE_NAME.search(place.name):
                yield from judge(Leaf(LeafKind.TEMPLATE, text), place)
                yield from examine_source(in_common_words(text, place.name), place, worst=Verdict.SUSPICIOUS)


_SCRIPTED = expression(r"---[ \t]?(?:js|javascript|node|coffee|es6)\b")


def _variables(text: str, place: Place) -> Iterator[Finding]:
    for name, value, line in settings_in(text):
        yield from judge(Leaf(LeafKind.VARIABLE, value, f"line {line}", name), place)


def _front_matter(tree: object, place: Place) -> Iterator[Finding]:
    """What a card says of itself: read by hubs, of which only its paths and addresses matter."""
    for key, value in tree.items() if isinstance(tree, Mapping) else ():
        yield from examine_value(str(key), value, str(key), place)


def _is_named(place: Place, *suffixes: str) -> bool:
    return place.name.lower().endswith(suffixes)


def _ini(text: str, place: Place) -> Iterator[Finding]:
    found = list(_examined(syntaxes.read_ini(text, place), place))
    # The settings of servers and terminals look like these, and hold commands in quotes.
    yield from found or examine_source(in_common_words(text, place.name), place, worst=Verdict.SUSPICIOUS)


def _json(text: str, data: bytes, place: Place) -> Iterator[Finding]:
    if holds_many_values(data):
        found = list(examine_large_json(MemoryContent(data), place))
        if _MALFORMED not in {finding.rule for finding in found}:
            yield from found
            return
    found = list(_examined(syntaxes.read_json(text, data, place), place))
    yield from found
    of_a_model = _CONFIGURATION.search(place.name) and not place.name.endswith("tokenizer_config.json")
    if of_a_model and _MALFORMED not in {finding.rule for finding in found}:
        # Vocabularies hold characters of every kind; what a model is built from does not.
        yield from examine_unicode(text, place, "configuration")


def examine_large_json(content: Content, place: Place) -> Iterator[Finding]:
    """In parts; those of a notebook that are cells are examined as such."""
    from budmodel_scanner.texts.json_stream import pieces
    from budmodel_scanner.texts.notebook import examine_cells

    try:
        parts = pieces(content)
        if place.name.lower().endswith(".ipynb"):
            yield from examine_cells((cell for path, cell in parts if path == ("cells", "[]")), place, _as_file)
        else:
            yield from examine_parts(parts, place)
    except RecursionError:
        yield syntaxes.too_deep("json", place)
    except ValueError as error:
        yield syntaxes.malformed_json(error, place)


def _examined(parsed: syntaxes.Parsed, place: Place) -> Iterator[Finding]:
    for found in parsed:
        yield from [found] if isinstance(found, Finding) else _tree(found[0], place)


def _tree(value: object, place: Place) -> Iterator[Finding]:
    if isinstance(value, Mapping) and ("cells" in value or "worksheets" in value) and "nbformat" in value:
        from budmodel_scanner.texts.notebook import examine_metadata, examine_notebook

        yield from examine_notebook(value, place, _as_file)
        yield from examine_metadata(value.get("metadata"), place)
    else:
        yield from examine_configuration(value, place)
        yield from _programs(programs_in_tree(value), place)
    if isinstance(value, Mapping):
        yield from notes_of_json(value, place)


def _as_file(name: str, text: str, place: Place) -> Iterator[Finding]:
    """What is wrong with a text that a file of that name would hold."""
    try:
        yield from examine_kind(kind_of(name, text[:8192]), text, text.encode("utf-8", "surrogatepass"), place.inside(name))
    except UnscannedError:
        yield from examine_source(text, place, worst=Verdict.SUSPICIOUS)


def _programs(programs: Iterator[tuple[str, str]], place: Place) -> Iterator[Finding]:
    for name, code in programs:
        yield from _as_file(name, code, place)


def _python(text: str, place: Place) -> Iterator[Finding]:
    from budmodel_scanner.texts.python_code import examine_python

    for command in chunks.commands_of_cells(text):
        yield from judge(Leaf(LeafKind.COMMAND, command), place, worst=Verdict.SUSPICIOUS)
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

    body = text.lstrip("\ufeff")
    if scripted := _SCRIPTED.match(body):
        what = f"front matter that is run: {scripted[0]!r}"
        yield Finding("markup.active-content", Verdict.SUSPICIOUS, what, place.at("line 1"))
    if body.startswith("---"):
        end = body.find("\n---", 3)
        language = body[3 : body.find("\n")].strip()
        if end > 0 and language.isalpha() and language not in {"yaml", "toml", "json"}:
            # Makers of sites run it.
            yield from _as_file(f"front matter.{language}", body[body.find("\n") : end], place)
            body = body[end + 4 :]
        elif 0 < end < _MAX_FRONT_MATTER:
            from budmodel_scanner.texts.yaml_text import parse_yaml

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
    for name, code in chunks.chunks_of_markdown(body, place.name):
        yield from _as_file(name, code, place)
