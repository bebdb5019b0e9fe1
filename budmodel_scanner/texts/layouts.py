"""What a configuration means as a whole, by its form or its name: what a loader opens, imports or builds of it."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.tensorflow_operators import DANGEROUS, WRITING
from budmodel_scanner.texts import keys
from budmodel_scanner.texts.dotted_names import judge_dotted
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.paths import leaves_repository
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import lines

_URL = expression(r"(?i)^(?:https?|ftp|file|smb)://")
_SHARD = expression(r"\.(?:safetensors|bin|pt|pth|h5|msgpack|ckpt|gguf|npz|onnx_data|data)$")
# Graphs of TensorFlow as TF.js keeps them, and those of the functions that they call.
_OPERATORS = (("modelTopology", "node", "*", "op"), ("modelTopology", "library", "function", "*", "nodeDef", "*", "op"))
_NODES = (way[:-1] for way in _OPERATORS)
_CONSTANTS = tuple((*way, "attr", "*", "tensor", "stringVal", "*") for way in _NODES)
_KERAS_MODELS = ("Sequential", "Functional", "Model")
_DEEPEST_MODEL = 4
_SENTENCE_MODULES = ("sentence_transformers.", "pylate.", "model2vec.")


def examine_layout(tree: object, name: str, place: Place) -> Iterator[Finding]:
    """`name` is the last part of the path, in lower case."""
    for way in _members():
        for role, member in _along(tree, list(way)):
            yield from judge(Leaf(LeafKind.MEMBER, member, role, role), place)
    for way in _OPERATORS:
        for role, operator in _along(tree, list(way)):
            if does := DANGEROUS.get(operator) or ("writes files" if operator in WRITING else None):
                what = f"the operator {operator} {does}"
                yield Finding("tensorflow.dangerous-operator", Verdict.SUSPICIOUS, what, place.at(role))
    for way in _CONSTANTS:
        for role, text in _along(tree, list(way)):
            with suppress(ValueError):
                yield from judge(Leaf(LeafKind.REFERENCE, b64decode(text).decode("utf-8", "replace"), role), place)
    if isinstance(tree, Mapping):
        yield from _keras(tree, place)
        if name == "model_index.json" or ("_class_name" in tree and "_diffusers_version" in tree):
            yield from _diffusers(tree, place)
    elif name == "modules.json" and isinstance(tree, list):
        for module in tree:
            kind = module.get("type") if isinstance(module, Mapping) else None
            if isinstance(kind, str) and not kind.startswith(_SENTENCE_MODULES):
                yield custom_module(kind, f"loads the module class {kind[:120]}", place.at("type"))


def custom_module(module: str, what: str, where: str, rule: str = "config.custom-module") -> Finding:
    """Suspicious at least, because it is of nobody known."""
    return Finding(rule, max(Verdict.SUSPICIOUS, judge_dotted(module), key=lambda verdict: verdict.rank), what, where)


@cache
def _members() -> tuple[tuple[str, ...], ...]:
    """Files beside this one that its format makes a loader open."""
    return tuple(tuple(way.split("/")) for _, (way,) in lines(__package__, "known/members.txt"))


def _along(node: object, way: list[str], role: str = "") -> Iterator[tuple[str, str]]:
    """The texts at the end of a way, and the first key on it."""
    if not way:
        if isinstance(node, str):
            yield role, node
        return
    step, rest = way[0], way[1:]
    if step == "*":
        items = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
        for item in items:
            yield from _along(item, rest, role)
    elif isinstance(node, Mapping) and step.removeprefix("?") in node:
        if step.startswith("?"):
            yield from _along(node, rest, role)
        elif step == "digest":
            yield role, str(node[step]).replace(":", "/")
        else:
            yield from _along(node[step], rest, role or step)


def _keras(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    """A model of Keras, one within the metadata of its weights, or within what TF.js and others wrap around it."""
    whole = isinstance(tree.get("class_name"), str) and ("config" in tree or "layers" in tree)
    for model in [tree] if whole else _models_within(tree):
        from budmodel_scanner.formats.keras_config import examine_keras_config

        yield from examine_keras_config(model, place)


def _models_within(tree: Mapping[object, object]) -> Iterator[Mapping[object, object]]:
    waiting: list[tuple[object, int]] = [(value, 1) for value in tree.values()]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, str) and '"class_name"' in node:
            with suppress(ValueError, RecursionError):
                node = json.loads(node)
        if not isinstance(node, Mapping):
            continue
        if str(node.get("class_name")).rpartition(">")[2] in _KERAS_MODELS and "config" in node:
            yield node
        elif depth < _DEEPEST_MODEL:
            waiting += [(value, depth + 1) for value in node.values()]


def _diffusers(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    """https://huggingface.co/docs/diffusers/using-diffusers/custom_pipeline_overview: a component is [library, class]."""
    for key, value in tree.items():
        if not isinstance(value, list | tuple) or len(value) != 2 or not all(isinstance(part, str) for part in value):
            continue
        library = str(value[0])
        if key == "_class_name":
            what = f"takes the pipeline itself from the module {library[:80]} of the repository"
        elif library in keys.LISTED["pipelines"] or library.startswith(("diffusers.", "transformers.")):
            continue
        else:
            what = f"takes the component {key!r} from the module {library[:80]}"
        yield custom_module(library, what, place.at(str(key)))


def examine_shards(value: Mapping[object, object], place: Place) -> Iterator[Finding]:
    """The map of an index from tensors to the files that hold them."""
    where = place.at("weight_map")
    for shard in dict.fromkeys(map(str, value.values())):
        if reason := leaves_repository(shard) or ("is a URL" if _URL.match(shard) else None):
            yield Finding("config.shard-outside", Verdict.MALICIOUS, f"the shard {shard[:120]!r} {reason}", where)
        elif not _SHARD.search(shard):
            yield Finding("config.odd-shard", Verdict.SUSPICIOUS, f"the shard {shard[:120]!r} is no file of weights", where)
        elif place.name.endswith(".safetensors.index.json") and not shard.endswith(".safetensors"):
            what = f"an index of safetensors names {shard[:120]!r}"
            yield Finding("config.odd-shard", Verdict.SUSPICIOUS, what, where)
