"""Code of TorchScript archives. It looks like Python, yet no Python runs it.

`torch.jit.load` compiles it to torch's own graph language, which has no imports, no reflection and no builtins that reach
the system, so ordinary code of this kind is safe although it is code. What remains are operators: a few read and write
files, and those of other namespaces than torch's come out of a native library that somebody must have loaded before.
"""

import ast
from collections.abc import Iterator

from budmodel_scanner.containers.anomalies import shown
from budmodel_scanner.content import Place
from budmodel_scanner.examiner import suspicious
from budmodel_scanner.verdict import Finding
from budmodel_scanner.word_lists import sections

_LISTED = sections(__package__, "torchscript.txt")
_FILE_OPERATORS = {"save", "from_file", "load", "_load_for_lite_interpreter", "read_file", "write_file"}
# What TorchScript does not have: this text is meant for another reader.
_PYTHON_FUNCTIONS = {"__import__", "breakpoint", "compile", "delattr", "eval", "exec", "execfile", "globals", "locals"}
_PYTHON_FUNCTIONS |= {"input", "memoryview", "open", "setattr", "vars"}
_PYTHON_MODULES = {"os", "subprocess", "sys", "socket", "shutil", "importlib", "builtins", "pickle", "ctypes", "posix", "nt"}


def examine_torchscript(text: bytes, place: Place) -> Iterator[Finding]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # Constants such as `inf` or `torch.device("cpu")` parse; what does not was not written by torch.
        yield suspicious(place, "torchscript.syntax", f"is no TorchScript: {str(error)[:100]}")
        return
    for node in ast.walk(tree):
        if problem := _problem(node):
            yield suspicious(place, "torchscript.beyond-torch", problem, f"line {getattr(node, 'lineno', 0)}")


def _problem(node: ast.AST) -> str | None:
    match node:
        case ast.Import() if any(not alias.name.startswith("__torch__") for alias in node.names):
            return f"imports {shown(node.names[0].name)}, which TorchScript cannot"
        case ast.ImportFrom() if not (node.module or "").startswith("__torch__"):
            return f"imports from {shown(node.module or '.')}, which TorchScript cannot"
        case ast.Call(func=ast.Name(id=name)) if name in _PYTHON_FUNCTIONS:
            return f"calls {name}, which TorchScript does not have"
        case ast.Attribute(attr=name, value=ast.Name(id=module)) if module in _PYTHON_MODULES:
            return f"uses {module}.{shown(name)}, which TorchScript does not have"
        case ast.Name(id=name) | ast.Attribute(attr=name) if name.startswith("__") and name not in _LISTED["ordinary names"]:
            return None if "torch_mangle" in name else f"uses {shown(name)}"
        case ast.Attribute(attr=name, value=ast.Name(id="torch")) if name in _FILE_OPERATORS:
            return f"reads or writes files with torch.{name}"
        case ast.Attribute(attr=name, value=ast.Attribute(value=ast.Name(id="ops"))) if name in _FILE_OPERATORS:
            return f"reads or writes files with the operator {name}"
        case ast.Attribute(attr=namespace, value=ast.Name(id="ops")) if namespace not in _LISTED["namespaces"]:
            return f"calls a native operator of {shown(namespace)}, which is none of torch's libraries"
        case ast.Attribute(attr="ops" | "classes" as name, value=ast.Name(id="torch")):
            return f"reaches for torch.{name}, which code that torch wrote does not"
    return None
