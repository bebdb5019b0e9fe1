"""What single settings of models, loaders and tools make whoever reads them fetch, import, build or permit."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from budmodel_scanner.content import Place
from budmodel_scanner.texts import keys
from budmodel_scanner.texts.dotted_names import judge_dotted
from budmodel_scanner.texts.forms import rows
from budmodel_scanner.texts.layouts import custom_module, examine_shards
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.requirements import examine_requirement
from budmodel_scanner.verdict import Finding, Verdict

_MOST_ITEMS = 2_000


class _Setting(NamedTuple):
    """Any of `names` set to a value that `value` matches whole; `{key}` and `{value}` stand in the text."""

    rule: str
    names: str
    value: str
    what: str


_SETTINGS = [_Setting(*row) for row in rows("settings", 4)]
_BY_NAME = {name: setting for setting in _SETTINGS for name in setting.names.split()}
_SWITCHES = frozenset({"enable_unsafe_deserialization", "keras.config.enable_unsafe_deserialization"})
# Where modules come from that loaders are expected to import, by the key; those of other keys are of nobody known.
_ORDINARY_MODULES = {
    "loader_module": ("mlflow.",),
    "parent_library": (
        *("transformers.models.", "transformers.modeling", "sentence_transformers.", "peft.", "timm.", "diffusers."),
        *("torch.nn.", "__main__"),
    ),
}
_SPARK = ("org.apache.spark.ml.", "pyspark.ml.", "com.johnsnowlabs.nlp.", "com.microsoft.azure.synapse.ml.")
_LOGGING = frozenset({"handlers", "formatters", "filters", "loggers"})


def examine_setting(
    key: str, value: object, beside: Mapping[object, object], path: tuple[str, ...], where: str, place: Place
) -> Iterator[Finding]:
    """One entry of a mapping: `beside` is the mapping, `path` the way to it, `where` the way to the entry."""
    at = place.at(where)
    setting = _BY_NAME.get(key)
    if setting and isinstance(value, str | bool) and re.fullmatch(setting.value, str(value)):
        what = setting.what.format(key=key, value=str(value)[:80])
        yield Finding(f"config.{setting.rule}", Verdict.SUSPICIOUS, what, at)
    if isinstance(value, str) and value in _SWITCHES:
        yield Finding("config.trusts-remote-code", Verdict.SUSPICIOUS, f"{key} names {value}", at)
    match key, value:
        case "auto_map", dict() | list() | str() if value:
            yield from _auto_map(value, at)
        case "custom_pipelines", dict() | list() if value:
            what = f"defines pipelines of its own: {', '.join(map(str, value))[:120]}"
            yield Finding("config.custom-pipeline", Verdict.SUSPICIOUS, what, at)
        case "weight_map", Mapping():
            yield from examine_shards(value, place)
        case "id", list() if beside.get("type") == "constructor" and "lc" in beside:
            target = ".".join(map(str, value[:20]))
            if not target.startswith(("langchain", "langgraph")):
                yield custom_module(target, f"LangChain would build {target[:120]}", at, "config.target")
        case "class", str() if "." in value:
            if "paramMap" in beside or "sparkVersion" in beside:
                if not value.startswith(_SPARK):
                    yield Finding("config.target", Verdict.SUSPICIOUS, f"Spark would load the class {value[:120]}", at)
            elif not _LOGGING.isdisjoint(path) or path[-1:] == ("[]",):
                yield from judge(Leaf(LeafKind.LISTED_CALLABLE, value, where, key), place)
        case _ if key in keys.LISTED["modules"] and isinstance(value, str) and value:
            yield from _module(key, value, at)
        case _ if key in keys.LISTED["requirements"] and isinstance(value, list):
            for requirement in value[:_MOST_ITEMS]:
                if isinstance(requirement, str):
                    yield from examine_requirement(requirement, place, at)
        case _ if key in keys.LISTED["jsonpickle"]:
            yield from _built_by_jsonpickle(value, at)
        case _ if key in keys.LISTED["callable"] and isinstance(value, str):
            yield from judge(Leaf(LeafKind.CALLABLE, value, where, key), place)
        case _ if key in keys.LISTED["listed callable"] and isinstance(value, str) and "." in value:
            yield from judge(Leaf(LeafKind.LISTED_CALLABLE, value, where, key), place)


def _built_by_jsonpickle(value: object, at: str) -> Iterator[Finding]:
    from budmodel_scanner.pickles.names import Standing, standing_of

    if isinstance(value, list) and value and isinstance(value[0], Mapping) and value[0].keys() & keys.LISTED["jsonpickle"]:
        return  # What it calls is named there, and judged by that.
    target = value if isinstance(value, str) else ""
    module, _, name = target.rpartition(".")
    if standing_of(module, name) not in {Standing.CALLABLE, Standing.CLASS, Standing.FAMILY}:
        what = f"jsonpickle would build {target[:120] or 'an object by calling something'}"
        yield custom_module(target, what, at, "config.jsonpickle")


def _auto_map(value: object, at: str) -> Iterator[Finding]:
    references = [str(item) for item in _leaves(value)]
    if remote := [reference for reference in references if "--" in reference]:
        what = f"runs code of another repository: {', '.join(remote)[:160]}"
        yield Finding("config.remote-code", Verdict.SUSPICIOUS, what, at)
    what = f"a loader that trusts it runs {', '.join(dict.fromkeys(references))[:200]}"
    yield Finding("config.auto-map", Verdict.SUSPICIOUS, what, at)


def _leaves(value: object) -> Iterator[object]:
    """Names by the classes of transformers that they stand for; two in a list are a slow tokenizer and a fast one."""
    if isinstance(value, Mapping):
        value = list(value.values())
    for item in value[:_MOST_ITEMS] if isinstance(value, list | tuple) else [value]:
        yield from (inner for inner in (item if isinstance(item, list | tuple) else [item]) if inner is not None)


def _module(key: str, value: str, at: str) -> Iterator[Finding]:
    ordinary = _ORDINARY_MODULES.get(key)
    verdict = Verdict.SUSPICIOUS
    if ordinary is not None:
        verdict = Verdict.SAFE if value.startswith(ordinary) else judge_dotted(value)
    if verdict is not Verdict.SAFE:
        yield Finding("config.loads-module", verdict, f"{key} makes a loader import {value[:120]!r}", at)
