"""The schema of a skops file: a tree of nodes, each naming a type that loading imports and builds.

https://skops.readthedocs.io/en/stable/persistence.html. skops checks types against a list, too, but by what a node claims
to be: CVE-2025-54412 and -54413 had the loader build another one. So here every name that a node holds is judged.
"""

from collections.abc import Iterator
from typing import Any

from budmodel_scanner.containers.anomalies import shown
from budmodel_scanner.content import Place
from budmodel_scanner.examiner import suspicious, unscanned
from budmodel_scanner.pickles.names import Standing, standing_of
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import sections

_LISTED = sections(__package__, "skops.txt")
_ROOTS = {"sklearn", "numpy", "scipy", "quantile_forest"}
_NO_TYPES = {"datasets", "externals", "tests", "testing", "conftest", "ctypeslib", "f2py", "io", "distutils"}
# What it calls by name stands in another node, so that nothing here tells which method that is.
_CALLS_A_METHOD = {"operator.methodcaller", "_operator.methodcaller"}
# As a pickle does: an instance is made without calling its class, and given its state; a class or a method is only named.
_RESTORE = {"ObjectNode", "TypeNode", "MethodNode"}
_MAX_NODES = 200_000


def examine_skops_schema(schema: object, place: Place) -> Iterator[Finding]:
    """`schema` is the parsed schema.json."""
    if not isinstance(schema, dict) or "__class__" not in schema:
        # Other archives have a member of this name as well.
        if place.path.endswith(".skops"):
            what = "its schema builds nothing, so that what else it holds is not for skops"
            yield suspicious(place, "skops.no-object", what)
        return
    waiting: list[object] = [schema]
    judged: set[tuple[str, str, bool]] = set()
    count = 0
    while waiting:
        node = waiting.pop()
        count += 1
        if count > _MAX_NODES:
            yield unscanned(place, "skops.too-large", f"more than {_MAX_NODES:,} nodes")
            return
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            restores = str(node.get("__loader__")) in _RESTORE
            for module, name in _names(node):
                if (module, name, restores) not in judged:
                    judged.add((module, name, restores))
                    yield from _judged(module, name, restores, place)
            yield from _loader(node, place)


def _names(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for module, name in (("__module__", "__class__"), ("module_path", "function"), ("module_path", "type")):
        if module in node and name in node:
            yield str(node[module]), str(node[name])


def _judged(module: str, name: str, restores: bool, place: Place) -> Iterator[Finding]:
    steps = f"{module}.{name}".split(".")
    if f"{module}.{name}" in _LISTED["plain"]:
        return
    standing = standing_of(module, name)
    trusted = steps[0] in _ROOTS or (restores and standing is Standing.FAMILY)
    if standing is Standing.DANGEROUS or f"{module}.{name}" in _CALLS_A_METHOD:
        yield Finding("skops.dangerous-type", Verdict.MALICIOUS, f"loading builds {shown(f'{module}.{name}')}", place.at(""))
    elif standing in (Standing.CALLABLE, Standing.CLASS):
        return
    elif not trusted or _NO_TYPES & {*steps} or any(step.startswith("__") for step in steps):
        yield suspicious(place, "skops.unknown-type", f"loading builds {shown(f'{module}.{name}')}")


def _loader(node: dict[str, Any], place: Place) -> Iterator[Finding]:
    if "__loader__" not in node:
        return
    loader = str(node["__loader__"])
    if loader not in _LISTED["loaders"]:
        yield suspicious(place, "skops.unknown-loader", f"asks for the loader {shown(loader)}")
    elif loader == "OperatorFuncNode" and (node.get("__module__"), node.get("__class__")) not in (
        ("operator", "itemgetter"),
        ("operator", "attrgetter"),
    ):
        what = f"{node.get('__module__')}.{node.get('__class__')}"
        yield suspicious(place, "skops.operator", f"asks the operator loader for {shown(what)}")
    elif loader == "MethodNode":
        content = node.get("content")
        owner = content.get("obj") if isinstance(content, dict) else None
        claimed, real = (
            (found.get("__module__"), found.get("__class__")) if isinstance(found, dict) else None for found in (node, owner)
        )
        if claimed != real:
            what = f"claims a method of {claimed}, the object is {real}"
            yield suspicious(place, "skops.method", what)
