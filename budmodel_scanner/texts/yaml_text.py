"""YAML by its events: nothing is constructed, tags are read as what a loader would do with them."""

import re
from collections.abc import Iterator

import yaml

from budmodel_scanner.content import Place, UnscannedError
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.dotted_names import judge_dotted
from budmodel_scanner.verdict import Finding, Verdict

MAX_YAML_CHARACTERS = 8 << 20
_MAX_DEPTH = 100
_MAX_EVENTS = 2_000_000
_MAX_EXPANSION = 1_000_000

_CORE = frozenset(
    {"str", "int", "float", "bool", "null", "seq", "map", "set", "omap", "pairs", "binary", "timestamp", "merge", "value"}
)
_STANDARD = "tag:yaml.org,2002:"
# Plain values of Python, which make nothing but themselves.
_PYTHON_VALUES = frozenset(
    {"none", "bool", "str", "unicode", "bytes", "int", "long", "float", "complex", "list", "tuple", "dict"}
)
# Of OpenCV, whose own reader fills numbers in.
_MATRICES = frozenset({"opencv-matrix", "opencv-nd-matrix", "opencv-sparse-matrix"})
_PYTHON_TAG = expression(r"python/(name|module|object(?:/apply|/new)?):?(.*)", re.DOTALL)
# HyperPyYAML, of SpeechBrain: https://github.com/speechbrain/HyperPyYAML
_CALLING_TAG = expression(
    r"!(new|apply|name|module|call|obj|object|func|py|python|eval|exec|lambda|instance|class|import)\b[:/ ]?(.*)", re.DOTALL
)
_TEXT_TAGS = expression(
    r"!!?python/(?:name|module|object)[\w/]*:?[\w.]*|!!javax?\.[\w.]+|!<tag:yaml\.org,2002:python/[\w/.]+(?::[\w.]*)?>"
)


def parse_yaml(text: str, place: Place) -> Iterator[Finding | tuple[object]]:
    """Findings about tags, anchors and form, and each document as a tree of dict, list and str, wrapped in a tuple.

    Raises UnscannedError for what is too much, or no YAML and harmless as far as it could be read.
    """
    if len(text) > MAX_YAML_CHARACTERS:
        raise UnscannedError("yaml.too-large", f"{len(text):,} characters of YAML; {MAX_YAML_CHARACTERS:,} are read")
    try:
        yield from _documents(text, place)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if found := _TEXT_TAGS.search(text):
            yield Finding("yaml.object-tag", Verdict.MALICIOUS, f"malformed, with the tag {found[0][:80]}", place.at(""))
        else:
            raise UnscannedError("yaml.malformed", f"is not YAML: {' '.join(str(error).split())[:160]}") from error


class _Open:
    """A mapping or list that is being read."""

    def __init__(self, node: dict[str, object] | list[object], anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: str | None = None
        self.size = 1

    def add(self, value: object) -> str | None:
        """The key that stands twice, if `value` is one."""
        if isinstance(self.node, list):
            self.node.append(value)
        elif self.key is None:
            self.key = value if isinstance(value, str) else f"<{type(value).__name__}>"
            if self.key in self.node and self.key != "<<":
                return self.key
        else:
            key, self.key = self.key, None
            # A second value under the same key is looked at too.
            self.node[f"{key} ({len(self.node)})" if key in self.node else key] = value
        return None


def _documents(text: str, place: Place) -> Iterator[Finding | tuple[object]]:
    stack: list[_Open] = []
    sizes: dict[str, int] = {}
    reported: set[str] = set()
    whole: object = None
    total = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if count > _MAX_EVENTS:
            raise UnscannedError("yaml.too-large", f"more than {_MAX_EVENTS:,} pieces of YAML")
        tag = getattr(event, "tag", None)
        line = event.start_mark.line + 1 if event.start_mark else 0
        if tag and tag not in reported and len(reported) < 50:
            reported.add(tag)
            content = event.value if isinstance(event, yaml.ScalarEvent) else ""
            yield from _tag(tag, content, place, line)
        closed: _Open | None = None
        value: object
        match event:
            case yaml.DocumentStartEvent():
                stack, sizes, whole = [], {}, None
                continue
            case yaml.DocumentEndEvent():
                yield (whole,)
                continue
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))
                if len(stack) > _MAX_DEPTH:
                    what = f"nested deeper than {_MAX_DEPTH}"
                    yield Finding("yaml.nested-too-deep", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
                    return
                continue
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                closed = stack.pop()
                value, size = closed.node, closed.size
                if closed.anchor:
                    sizes[closed.anchor] = size
            case yaml.AliasEvent():
                value, size = None, sizes.get(event.anchor or "", 1)
                if any(opened.anchor == event.anchor for opened in stack):
                    what = "an anchor that holds itself"
                    yield Finding("yaml.recursive", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
                total += size
            case yaml.ScalarEvent():
                value, size = event.value, 1
                if event.anchor:
                    sizes[event.anchor] = 1
            case _:
                continue
        if total > _MAX_EXPANSION:
            what = f"aliases that expand to more than {_MAX_EXPANSION:,} values"
            yield Finding("yaml.alias-bomb", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
            return
        if stack:
            stack[-1].size += size
            twice = stack[-1].add(value)
            if twice is not None and "yaml.repeated-key" not in reported:
                reported.add("yaml.repeated-key")
                what = f"the key {twice[:80]!r} stands twice"
                yield Finding("yaml.repeated-key", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
        else:
            whole = value


def _tag(tag: str, content: str, place: Place, line: int) -> Iterator[Finding]:
    where = place.at(f"line {line}")
    if tag.startswith(_STANDARD):
        name = tag.removeprefix(_STANDARD)
        if name in _CORE or name.removeprefix("python/") in _PYTHON_VALUES or name in _MATRICES:
            return
        if found := _PYTHON_TAG.fullmatch(name):
            target = found[2] or content
            verdict = judge_dotted(target) if target else Verdict.SUSPICIOUS
            harmless = verdict is Verdict.SAFE and target.split(".")[0] not in {"keras", "tensorflow"}
            if not harmless:
                verdict = max(verdict, Verdict.SUSPICIOUS, key=lambda verdict: verdict.rank)
                what = f"makes a loader {'call' if 'object' in found[1] else 'import'} {target[:120]!r}"
                yield Finding("yaml.object-tag", verdict, what, where)
            return
        if name.startswith(("java", "com.", "org.", "ruby/", "perl/", "php/", "net.")):
            yield Finding("yaml.object-tag", Verdict.MALICIOUS, f"makes a loader build {name[:120]}", where)
            return
        yield Finding("yaml.unknown-tag", Verdict.SUSPICIOUS, f"the tag {name[:120]!r}", where)
    elif tag.startswith(("!ruby", "!perl", "!php", "tag:ruby")):
        yield Finding("yaml.object-tag", Verdict.MALICIOUS, f"makes a loader build {tag[:120]}", where)
    elif found := _CALLING_TAG.fullmatch(tag):
        target = found[2] or content
        verdict = judge_dotted(target) if target else Verdict.SUSPICIOUS
        if verdict.rank > Verdict.SAFE.rank:
            yield Finding("yaml.calling-tag", verdict, f"makes a loader {found[1]} {target[:120]!r}", where)
