"""Graphs of TensorFlow and Caffe as text, trees of LightGBM, and settings in languages that are not parsed here."""

import re
from collections.abc import Iterator
from itertools import chain

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.fixed_paths import FixedPaths
from budmodel_scanner.formats.payloads import code_in, payload_in
from budmodel_scanner.formats.tensorflow_operators import DANGEROUS
from budmodel_scanner.texts import text_protos
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.sources import examine_source
from budmodel_scanner.texts.values import examine_value
from budmodel_scanner.verdict import Finding, Verdict

_OPERATOR = expression(r"""\bop\s*:\s*["'](\w+)["']|(\btype\s*:\s*["']Python["'])""")
_PARAMETER = expression(
    r'\bkey\s{0,99}:\s{0,99}"([^"\n]{1,100})"\s{0,99},?\s{0,99}value\s{0,99}:?\s{0,99}\{\s{0,99}string_value\s{0,99}:\s{0,99}'
    r'"([^"\n]{1,2000})"'
)
_FIELD = expression(r"""\b(\w{1,60})["']?\s{0,9}[:=]\s{0,9}["']([^"'\n]{1,2000})["']""")


def examine_graph(text: str, place: Place) -> Iterator[Finding]:
    """Graphs of TensorFlow and Caffe in the text form of protocol buffers: operators that reach out, layers in Python."""
    for found, where in _lines_of(text, _OPERATOR):
        if does := DANGEROUS.get(found[1]):
            yield Finding("tensorflow.dangerous-operator", Verdict.SUSPICIOUS, f"{found[1]} {does}", place.at(where))
        elif found[2]:
            what = "a layer that Caffe takes from a module of Python"
            yield Finding("caffe.python-layer", Verdict.SUSPICIOUS, what, place.at(where))
    yield from _message(text, place)
    yield from examine_fields(text, place)
    if place.name.lower().endswith(".config"):
        yield from examine_source(text, place, worst=Verdict.SUSPICIOUS)


def _lines_of(text: str, form: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    """Each match, and its line."""
    line, counted = 1, 0
    for found in form.finditer(text):
        line, counted = line + text.count("\n", counted, found.start()), found.start()
        yield found, f"line {line}"


def _message(text: str, place: Place) -> Iterator[Finding]:
    """What operators are given, and where they write."""
    paths = FixedPaths()
    line, counted = 1, 0
    try:
        for way, value, at in text_protos.fields(text):
            name, of_node = way[-1], way[-2:-1] in (("node",), ("node_def",))
            line, counted = line + text.count("\n", counted, at), at
            where = f"line {line}"
            if value is None and name in ("node", "node_def"):
                paths.begin_node()
            elif value is None and name in ("function", "graph_def"):
                paths.begin_graph()
            elif of_node and name == "name":
                paths.name = value or b""
            elif of_node and name == "op":
                paths.operator = value or b""
            elif of_node and name == "input":
                paths.inputs.append(value or b"")
            elif value is not None and len(value) > _SHORTEST_VALUE:
                yield from judge(Leaf(LeafKind.REFERENCE, value.decode("utf-8", "replace"), where, name), place)
                if found := payload_in(value):
                    yield Finding("graph.payload", Verdict.SUSPICIOUS, f"{name} holds {found[0]}", place.at(where))
    except ValueError:
        # Other languages go by the same suffixes; what they set is looked for below.
        return
    yield from paths.findings(place)


_SHORTEST_VALUE = 4


def examine_fields(text: str, place: Place) -> Iterator[Finding]:
    """Names and their texts in languages of configuration that are not parsed here."""
    for setting, where in chain(_lines_of(text, _PARAMETER), _lines_of(text, _FIELD)):
        yield from examine_value(setting[1], setting[2], where, place)
        yield from judge(Leaf(LeafKind.VALUE, setting[2], where), place)


def examine_boosted_trees(text: str, place: Place) -> Iterator[Finding]:
    """The text of LightGBM: settings and numbers by name. Nothing in it is run, so that code has no business there."""
    for number, line in enumerate(text.splitlines(), start=1):
        name, value = _SETTING.sub(r"\1", line), _SETTING.sub(r"\2", line)
        if _NUMBERS.fullmatch(value):
            continue
        yield from judge(Leaf(LeafKind.COMMAND, value, f"line {number}"), place, worst=Verdict.SUSPICIOUS)
        if code := code_in(value.encode()):
            what = f"{name[:40]} holds code: {code[1]!r}"
            yield Finding("config.code-in-value", Verdict.SUSPICIOUS, what, place.at(f"line {number}"))
        # Data that it was trained with lay where its maker had them; nothing opens them again.
        kind = LeafKind.FILE if _FILE_SETTING.search(name) else LeafKind.REFERENCE
        yield from judge(Leaf(kind, value.strip(), f"line {number}", name), place)


# As a field of the trees, or among the parameters.
_SETTING = expression(r"^\[?((?:\w{1,60}(?= ?[=:]))?) ?[=:]?[ \t]*(.*?)\]?$")
_FILE_SETTING = expression(r"(?:_filename|_model)$")
_NUMBERS = expression(r"[-+.\deE \tinfa]*")
