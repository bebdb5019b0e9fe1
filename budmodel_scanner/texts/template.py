"""Chat templates, wherever they are stored: parsed to the tree of Jinja, never rendered.

Loaders render them in a sandbox that has been left before, some in none at all. A genuine template reads messages and
writes text; it never needs a name with two underscores, the `attr` filter, another template, or a long loop.
"""

import re
from collections import Counter
from collections.abc import Iterator

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.template_backdoor import examine_insertions
from budmodel_scanner.texts.template_values import Known, number_of, text_of
from budmodel_scanner.texts.unicode_tricks import examine_unicode
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import sections

MAX_TEMPLATE_CHARACTERS = 1 << 20
_MAX_REPEATS = 100_000
_MAX_NUMBER = 100_000_000

# Another template of the repository, which is examined itself.
_BESIDE = expression(r"(?!\.)[\w/-]{1,100}\.(?:j2|jinja2?|html\.jinja2?|html)")
_DUNDER = expression(r"__[A-Za-z]\w*__|_[A-Za-z]\w*__[a-z]\w*")
_NAMES = sections(__package__, "known/jinja.txt")
# Texts and numbers that tell of an object, and lead nowhere but by another such name.
_TOLD = frozenset({"__doc__", "__len__", "__name__", "__repr__", "__str__", "__version__"})
_ESCAPES, _RUNNERS, _FOREIGN = _NAMES["escapes"], _NAMES["runs"], _NAMES["foreign"]
_ATTRIBUTE_FILTERS = _NAMES["filters by attribute"]
_ANYWHERE = expression(r"__(?:class|globals|builtins|import|subclasses|mro|bases?|init|getattribute|dict|code|closure)__")
_ANYWHERE_FILLED_IN = expression(r"\{[{%][^}\n]{0,1000}" + _ANYWHERE.pattern)
_WIDTH = expression(r"%[-+# 0]*(\d{6,})|\{[^{}]{0,40}:[^{}]{0,10}?(\d{6,})")


_FILLED_IN = expression(r"\{[{%#].{0,2000}?[%}#]\}|<\|[^|\n]{0,40}\|>", re.DOTALL)


class _Generation(Extension):
    """`{% generation %}` marks what an assistant said; trainers add it to Jinja, it has no effect on the text."""

    tags = {"generation"}  # noqa: RUF012 - Jinja's own declaration

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


_EXTENSIONS: list[str | type[Extension]] = [
    "jinja2.ext.loopcontrols", "jinja2.ext.do", "jinja2.ext.i18n", _Generation
]  # fmt: skip
_ENVIRONMENT = Environment(trim_blocks=True, lstrip_blocks=True, extensions=_EXTENSIONS)  # noqa: S701 - it never renders


def examine_template(text: str, place: Place, *, must_parse: bool = True) -> Iterator[Finding]:
    """What is wrong with a Jinja template. `must_parse` is False where other languages of templates are as likely."""
    if len(text) > MAX_TEMPLATE_CHARACTERS:
        what = f"a template of {len(text):,} characters; genuine ones stay below {MAX_TEMPLATE_CHARACTERS:,}"
        yield Finding("template.too-large", Verdict.SUSPICIOUS, what, place.at(""))
        return
    yield from examine_unicode(text, place, "a template")
    if must_parse:
        # What a template says itself, a model takes for an order.
        yield from judge(Leaf(LeafKind.ORDERS, _FILLED_IN.sub(" ", text)), place)
    try:
        tree = _ENVIRONMENT.parse(text)
    except (TemplateError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        deep = isinstance(error, RecursionError | MemoryError)
        # In other languages of templates, these names stand outside of what is filled in.
        if found := (_ANYWHERE if must_parse else _ANYWHERE_FILLED_IN).search(text):
            yield Finding("template.attribute-trick", Verdict.MALICIOUS, f"reaches for {found[0]}", place.at(""))
        elif deep:
            yield Finding("template.nested-too-deep", Verdict.SUSPICIOUS, "nested too deep to be read", place.at(""))
        elif must_parse:
            what = f"is no template that Jinja can read: {str(error)[:160]}"
            yield Finding("template.malformed", Verdict.SUSPICIOUS, what, place.at(f"line {getattr(error, 'lineno', 1)}"))
        return
    seen: set[tuple[str, str]] = set()
    try:
        known = _set_once(tree)
        for rule, verdict, what, line in _findings(tree, known):
            if (rule, what) not in seen and len(seen) < 20:
                seen.add((rule, what))
                yield Finding(rule, verdict, what, place.at(f"line {line}"))
    except RecursionError:
        yield Finding("template.nested-too-deep", Verdict.SUSPICIOUS, "nested too deep to be read", place.at(""))


_Found = tuple[str, Verdict, str, int]


def _nodes(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def _set_once(tree: nodes.Node) -> dict[str, nodes.Node]:
    """Names whose value is one expression: pieces of a hidden name are often kept in such."""
    assigned: Counter[str] = Counter()
    values: dict[str, nodes.Node] = {}
    for node in _nodes(tree):
        if isinstance(node, nodes.Name | nodes.NSRef) and getattr(node, "ctx", "store") in {"store", "param"}:
            assigned[node.name] += 1
        if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
            values[node.target.name] = node.node
        if isinstance(node, nodes.AssignBlock) and isinstance(node.target, nodes.Name):
            written = [part for output in node.body if isinstance(output, nodes.Output) for part in output.nodes]
            values[node.target.name] = nodes.Concat(written, lineno=node.lineno)
        if isinstance(node, nodes.With):
            pairs = zip(node.targets, node.values, strict=False)
            values |= {target.name: bound for target, bound in pairs if isinstance(target, nodes.Name)}
    return {name: value for name, value in values.items() if assigned[name] == 1}


def _findings(tree: nodes.Node, known: Known) -> Iterator[_Found]:
    assigned = {node.name for node in _nodes(tree) if isinstance(node, nodes.Name) and node.ctx in {"store", "param"}}
    for node in _nodes(tree):
        yield from _names(node, known, assigned)
        yield from _built_names(node, known)
        yield from _cost(node, known)
        if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
            kind = type(node).__name__.lower()
            named = node.template.value if isinstance(node.template, nodes.Const) else ""
            rule = "template.beside" if _BESIDE.fullmatch(str(named)) else "template.other-file"
            yield rule, Verdict.SUSPICIOUS, f"brings in another template ({kind})", node.lineno
    yield from _loops(tree, known, 1)
    yield from examine_insertions(tree)


def escapes(name: str) -> bool:
    return bool(_DUNDER.fullmatch(name) and name not in _TOLD) or name in _ESCAPES


def _names(node: nodes.Node, known: Known, assigned: set[str]) -> Iterator[_Found]:
    match node:
        case nodes.Getattr() if escapes(node.attr):
            yield "template.attribute-trick", Verdict.MALICIOUS, f"reaches for .{node.attr}", node.lineno
        case nodes.Getitem():
            name = text_of(node.arg, known)
            if name is not None and escapes(name):
                yield "template.attribute-trick", Verdict.MALICIOUS, f"reaches for [{name!r}]", node.lineno
            elif _chosen(node, assigned, known) and _chosen(_value_of(node.node, known), assigned, known):
                # A subscript falls back to an attribute: whoever fills in the names climbs where he likes.
                what = "reaches for items of items by names that only the caller knows"
                yield "template.chosen-name", Verdict.SUSPICIOUS, what, node.lineno
        case nodes.Name(ctx="load"):
            # What a template is given, or sets, may be called anything; no attribute hangs on a name alone.
            if node.name in _ESCAPES or _ANYWHERE.fullmatch(node.name):
                yield "template.attribute-trick", Verdict.MALICIOUS, f"uses {node.name}", node.lineno
            elif node.name in _FOREIGN and node.name not in assigned:
                what = f"uses {node.name}, which leads out of a template"
                yield "template.foreign-object", Verdict.SUSPICIOUS, what, node.lineno
        case nodes.Filter(name="attr"):
            name = text_of(node.args[0], known) if node.args else None
            if name is None or escapes(name):
                what = f"reaches for an attribute by {f'the name of {name!r}' if name else 'a hidden name'}"
                yield "template.attribute-trick", Verdict.MALICIOUS, what, node.lineno
            else:
                what = f"reads the attribute {name!r} by a filter"
                yield "template.attribute-filter", Verdict.SUSPICIOUS, what, node.lineno
        case nodes.Filter() if node.name in _ATTRIBUTE_FILTERS:
            for argument in [*node.args[:1], *(keyword.value for keyword in node.kwargs if keyword.key == "attribute")]:
                name = text_of(argument, known)
                if name is not None and any(escapes(part) for part in name.split(".")):
                    yield "template.attribute-trick", Verdict.MALICIOUS, f"reads the attribute {name!r}", node.lineno
        case nodes.Keyword() if _DUNDER.fullmatch(node.key):
            yield "template.attribute-trick", Verdict.MALICIOUS, f"spells {node.key} as a keyword", node.lineno
        case nodes.Call():
            called = node.node
            plain = isinstance(called, nodes.Name)
            name = str(getattr(called, "name" if plain else "attr", ""))
            if _chosen(_value_of(called, known), assigned, known):
                what = "calls an item by a name that only the caller knows"
                yield "template.chosen-name", Verdict.SUSPICIOUS, what, node.lineno
            if (name in _RUNNERS and not (plain and name in assigned)) and (plain or name not in {"compile", "open", "os"}):
                yield "template.runs-code", Verdict.MALICIOUS, f"calls {name}()", node.lineno
        case nodes.Getattr(
            attr="os" | "subprocess" | "builtins" | "modules" | "environ", node=nodes.Getattr() | nodes.Name()
        ):
            yield "template.foreign-object", Verdict.SUSPICIOUS, f"reaches for .{node.attr}", node.lineno


def _value_of(node: nodes.Node, known: Known) -> nodes.Node:
    """The expression that a name is set to, where it is set once."""
    return known.get(node.name, node) if isinstance(node, nodes.Name) else node


def _chosen(node: nodes.Node, assigned: set[str], known: Known) -> bool:
    """Whether an item is named by a variable that the template itself does not set."""
    if not isinstance(node, nodes.Getitem) or not isinstance(node.arg, nodes.Name):
        return False
    return node.arg.name not in assigned and text_of(node.arg, known) is None


def _built_names(node: nodes.Node, known: Known) -> Iterator[_Found]:
    """Names that exist only once pieces are put together, and the literal ones, which no genuine template writes out."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        if escapes(node.value) and node.value.startswith("_"):
            yield "template.attribute-trick", Verdict.MALICIOUS, f"spells {node.value!r}", node.lineno
        elif found := _ANYWHERE.search(node.value):
            yield "template.attribute-trick", Verdict.SUSPICIOUS, f"writes {found[0]} in a text", node.lineno
        return
    if isinstance(node, nodes.Getitem) and not isinstance(node.node, nodes.Const):
        built = isinstance(node.arg, nodes.Concat | nodes.Filter | nodes.Call) or (
            isinstance(node.arg, nodes.Add | nodes.Mod | nodes.Mul) and isinstance(text_of(node.arg, known), str)
        )
        if built and text_of(node.arg, known) is not None:
            what = "puts the name of an item together from pieces"
            yield "template.built-name", Verdict.SUSPICIOUS, what, node.lineno
    if isinstance(node, nodes.Concat | nodes.BinExpr | nodes.Filter | nodes.Call | nodes.Getitem):
        name = text_of(node, known)
        if name is not None and _DUNDER.fullmatch(name.strip()):
            yield "template.attribute-trick", Verdict.MALICIOUS, f"puts {name.strip()!r} together from pieces", node.lineno


def _cost(node: nodes.Node, known: Known) -> Iterator[_Found]:
    rule = "template.exhaustion"
    match node:
        case nodes.Const() if isinstance(node.value, int) and abs(node.value) >= _MAX_NUMBER:
            yield rule, Verdict.SUSPICIOUS, f"holds the number {str(node.value)[:20]}", node.lineno
        case nodes.Pow():
            power = number_of(node, known)
            if power is None or abs(power) >= _MAX_NUMBER:
                yield rule, Verdict.SUSPICIOUS, "raises a number to a large or unknown power", node.lineno
        case nodes.Mul():
            for side, other in ((node.left, node.right), (node.right, node.left)):
                count = number_of(side, known)
                if count is not None and count >= _MAX_REPEATS and number_of(other, known) is None:
                    yield rule, Verdict.SUSPICIOUS, f"repeats something {count:,} times", node.lineno
        case nodes.Call(node=nodes.Name(name="range")):
            counts = [number_of(argument, known) or 0 for argument in node.args]
            if any(abs(count) >= _MAX_REPEATS for count in counts):
                yield rule, Verdict.SUSPICIOUS, f"counts to {max(map(abs, counts)):,}", node.lineno
        case (
            nodes.Call(node=nodes.Name(name="lipsum"))
            | nodes.Filter(name="center" | "indent" | "wordwrap" | "batch" | "slice")
        ):
            yield from _widths(node.args, known, node.lineno)
        case nodes.Call(node=nodes.Getattr(attr="center" | "ljust" | "rjust" | "zfill" | "expandtabs")):
            yield from _widths(node.args, known, node.lineno)
        case nodes.Const() if isinstance(node.value, str) and _WIDTH.search(node.value):
            yield rule, Verdict.SUSPICIOUS, "formats to a huge width", node.lineno
        case nodes.Assign() if isinstance(node.node, nodes.Add | nodes.Concat | nodes.Mul):
            value = node.node
            sides = value.nodes if isinstance(value, nodes.Concat) else [value.left, value.right]
            if sum(_same(node.target, side) for side in sides) >= 2:
                yield rule, Verdict.SUSPICIOUS, "doubles a value, which grows without bound in a loop", node.lineno


def _widths(arguments: list[nodes.Expr], known: Known, line: int) -> Iterator[_Found]:
    for argument in arguments:
        width = number_of(argument, known)
        if width is not None and abs(width) >= _MAX_REPEATS:
            yield "template.exhaustion", Verdict.SUSPICIOUS, f"asks for a width of {width:,}", line


def _same(target: nodes.Node, value: nodes.Node) -> bool:
    match target, value:
        case nodes.Name(), nodes.Name():
            return bool(target.name == value.name)
        case nodes.NSRef(), nodes.Getattr(node=nodes.Name() as owner):
            return bool(target.name == owner.name and target.attr == value.attr)
    return False


def _loops(node: nodes.Node, known: Known, times: int) -> Iterator[_Found]:
    """Loops within loops whose constant lengths multiply."""
    if isinstance(node, nodes.For):
        length = _length(node.iter, known)
        if length is not None:
            if times <= 1_000_000 < times * length:
                what = f"loops within loops that run {times * length:,} times"
                yield "template.exhaustion", Verdict.SUSPICIOUS, what, node.lineno
            times *= max(1, length)
    for child in node.iter_child_nodes():
        yield from _loops(child, known, times)


def _length(node: nodes.Node, known: Known) -> int | None:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range" and node.args:
        counts = [number_of(argument, known) for argument in node.args]
        ends = [count for count in counts if count is not None]
        if len(ends) != len(counts):
            return None
        return max(0, ends[0] if len(ends) == 1 else (ends[1] - ends[0]) // (ends[2] if len(ends) > 2 and ends[2] else 1))
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return len(node.value)
    return None
