"""Configurations of Keras models: config.json of .keras files, attributes of HDF5, metadata of SavedModels.

Keras builds objects from them by name: `module` is imported, `class_name` looked up and called, Lambda layers carry
bytecode. Shapes of CVE-2024-3660 (Lambda), CVE-2025-1550 (any module and function), CVE-2025-8747 (functions of Keras, such
as get_file), CVE-2025-9905 and -9906 (safe mode switched off), CVE-2025-12058 (a vocabulary read from anywhere).
"""

from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.examiner import unscanned
from budmodel_scanner.formats.locations import objection
from budmodel_scanner.formats.payloads import payload_in
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import sections

_MAX_NODES = 2_000_000
_MAX_DEPTH = 200
_LISTS = sections(__package__, "keras.txt")
_PACKAGES, _CODE_MODULES, _TOOL_NAMES = _LISTS["packages"], _LISTS["code"], _LISTS["tool names"]
_TOOLS = tuple(_LISTS["tools"])
_BUILT_FROM_TOOLS, _VOCABULARY_CLASSES = _LISTS["built from tools"], _LISTS["vocabulary classes"]
_LAMBDA_CLASSES = _LISTS["lambda classes"]
_LAMBDA_KEYS = ("function", "output_shape", "mask", "value", "config", "arguments", "code")


def examine_keras_config(config: object, place: Place) -> Iterator[Finding]:
    """Whatever in a parsed configuration would make Keras run, import, read or fetch something; at any depth.

    Objects that are JSON in a text (as the legacy formats store them in attributes) are the caller's to parse.
    """
    stack: list[tuple[object, str, int]] = [(config, "", 0)]
    seen = 0
    while stack:
        node, path, depth = stack.pop()
        seen += 1
        if seen > _MAX_NODES or depth > _MAX_DEPTH:
            yield unscanned(place, "keras.config-size", "the configuration is too large or nested too deep", path)
            return
        if isinstance(node, dict):
            yield from _object(node, path, place)
            stack += [(value, f"{path}/{str(key)[:40]}", depth + 1) for key, value in node.items()]
        elif isinstance(node, list | tuple):
            stack += [(value, f"{path}/{index}", depth + 1) for index, value in enumerate(node)]


def _object(node: dict[object, object], path: str, place: Place) -> Iterator[Finding]:
    where = place.at(f"config{path}")
    class_name = node.get("class_name")
    module = node.get("module")
    inner = node.get("config")
    if "safe_mode" in node and node["safe_mode"] is False:
        yield Finding("keras.safe-mode-off", Verdict.MALICIOUS, "switches the safe mode of Keras off", where)
    if isinstance(class_name, str):
        yield from _class(class_name, inner, node, where)
    if module is not None and (class_name is not None or inner is not None):
        yield from _module(module, class_name, node, where)
    registered = node.get("registered_name")
    if isinstance(registered, str) and ">" in registered and not _is_official(registered.partition(">")[0]):
        what = f"needs {registered[:80]!r}, code that is not of Keras"
        yield Finding("keras.custom-object", Verdict.SUSPICIOUS, what, where)
    for key in sorted(_LISTS["function keys"] & node.keys()):
        if isinstance(node[key], str) and str(node[key]).rpartition(".")[2] in _TOOL_NAMES:
            yield Finding("keras.dangerous-function", Verdict.MALICIOUS, f"calls {str(node[key])[:80]!r}", where)
    for key in sorted(_LISTS["path keys"] & node.keys()):
        value = node[key]
        if isinstance(value, str) and value and (reason := objection(value)):
            yield Finding("keras.outside-path", Verdict.MALICIOUS, f"{key} {value[:120]!r} {reason}", where)


def _class(name: str, inner: object, node: dict[object, object], where: str) -> Iterator[Finding]:
    if name in _LAMBDA_CLASSES or name.endswith((">Lambda", ".Lambda")):
        # Bytecode or a reference to a function: Keras runs it as soon as the model is built or called.
        yield Finding("keras.lambda", Verdict.MALICIOUS, f"a {name} {_carried(inner)}", where)
    elif name == "__typespec__":
        spec = node.get("spec_name")
        if not isinstance(spec, str) or not spec.startswith(("KerasTensor", "TensorSpec", "Ragged", "Sparse", "tf.")):
            yield Finding("keras.type-spec", Verdict.MALICIOUS, f"names the type {str(spec)[:80]!r}", where)
    elif name == "function" and isinstance(inner, str) and inner.rpartition(".")[2] in _TOOL_NAMES:
        yield Finding("keras.dangerous-function", Verdict.MALICIOUS, f"calls {inner[:80]!r}", where)
    elif name.rpartition(">")[2] in _TOOL_NAMES:
        yield Finding("keras.dangerous-function", Verdict.MALICIOUS, f"builds {name[:80]!r}", where)
    elif (
        name.rpartition(">")[2] in _VOCABULARY_CLASSES
        and isinstance(inner, dict)
        and isinstance(inner.get("vocabulary"), str)
    ):
        what = f"{name} reads the file {inner['vocabulary'][:120]!r}"
        yield Finding("keras.vocabulary-file", Verdict.SUSPICIOUS, what, where)
    elif ">" in name and not _is_official(name.partition(">")[0]):
        yield Finding("keras.custom-object", Verdict.SUSPICIOUS, f"needs {name[:80]!r}, code that is not of Keras", where)


def _carried(inner: object) -> str:
    if not isinstance(inner, dict):
        inner = {"code": inner}
    for key in _LAMBDA_KEYS:
        value = inner.get(key)
        if isinstance(value, dict):
            value = value.get("config", value)
        if isinstance(value, dict):
            value = value.get("code")
        for text in value if isinstance(value, list | tuple) else (value,):
            if isinstance(text, str) and (found := payload_in(text.encode("utf-8", "replace"))):
                return f"carries {found[0]} in its {key}"
    return "runs a function of the model's author"


def _module(module: object, class_name: object, node: dict[object, object], where: str) -> Iterator[Finding]:
    if not isinstance(module, str):
        yield Finding("keras.module", Verdict.SUSPICIOUS, f"the module is {str(module)[:80]!r}", where)
        return
    package = module.partition(".")[0]
    if package in _CODE_MODULES and not (
        package == "builtins" and class_name in ("function", "slice", "tuple", "__tuple__")
    ):
        what = f"imports {module[:80]!r} for {str(class_name)[:80]!r}"
        yield Finding("keras.dangerous-module", Verdict.MALICIOUS, what, where)
    elif package == "builtins":
        yield from _function(node, where)
    elif package not in _PACKAGES:
        yield Finding("keras.custom-object", Verdict.SUSPICIOUS, f"imports {module[:80]!r}, which is not of Keras", where)
    elif any(module == tool or module.startswith(f"{tool}.") for tool in _TOOLS) and class_name not in _BUILT_FROM_TOOLS:
        yield from _tool(module, class_name, where)


def _tool(module: str, class_name: object, where: str) -> Iterator[Finding]:
    ordinary = isinstance(class_name, str) and (class_name[:1].isupper() or class_name.startswith("__"))
    if not ordinary or class_name in _TOOL_NAMES:
        what = f"takes {str(class_name)[:80]!r} from {module[:80]!r}"
        yield Finding("keras.dangerous-module", Verdict.MALICIOUS, what, where)


def _function(node: dict[object, object], where: str) -> Iterator[Finding]:
    """How Keras 3 stores a plain function: module `builtins`, its name in `config`, its true module in `registered_name`."""
    name, registered = node.get("config"), node.get("registered_name")
    if isinstance(name, str) and name.rpartition(".")[2] in _TOOL_NAMES:
        return  # reported with the class
    if (
        isinstance(name, str)
        and registered not in (None, "function", name)
        and not _is_official(str(registered).partition(">")[0])
    ):
        yield Finding("keras.custom-object", Verdict.SUSPICIOUS, f"calls {name[:80]!r}, which is not of Keras", where)


def _is_official(package: str) -> bool:
    return package.lower().replace("-", "_") in _PACKAGES | {"addons", "keras_hub", "kerashub", "kerascv", "kerasnlp"}
