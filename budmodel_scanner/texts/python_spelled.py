"""Modules, and what is in them, whose names numbers choose the letters of; and functions that are made of computed code."""

import ast
from collections.abc import Iterator

from budmodel_scanner.texts.python_flow import Found, PythonFile
from budmodel_scanner.verdict import Verdict

_IMPORTS = ("__import__", "importlib.import_module", "importlib.__import__", "sys.modules.get", "__dict__.get")
_MODULES = ("sys.modules", "__dict__")
_FEWEST_LETTERS = 3


def examine_spelled(node: ast.AST, file: PythonFile) -> Iterator[Found]:
    """No honest program picks the letters of a name from somewhere else by their places."""
    match node:
        case ast.Call(func=ast.Call(func=ast.Name(id="type")) | ast.Attribute(attr="__class__"), args=[code, *rest]):
            # A function has the names of a file beside its code.
            named = [file.names.dotted(it) or "" for it in (code, *rest[:1])]
            if named[0].endswith(("compile()", ".__code__")) or named[1:] == ["globals()"]:
                what = "makes a function of code that is not written out"
                yield "python.runs-code", Verdict.SUSPICIOUS, what, node.lineno
        case ast.Call(func=function, args=[first, *rest]):
            dotted = file.names.dotted(function) or ""
            name = first if dotted.endswith(_IMPORTS) else rest[0] if rest and dotted == "getattr" else None
            if name is not None and _is_spelled(name, file):
                yield "python.hidden-name", Verdict.SUSPICIOUS, f"takes {ast.unparse(name)[:80]}", node.lineno
        case ast.Subscript(value=owner, slice=name, ctx=ast.Load()) if _is_spelled(name, file):
            if (file.names.dotted(owner) or "").endswith(_MODULES):
                yield "python.hidden-name", Verdict.SUSPICIOUS, f"takes {ast.unparse(name)[:80]}", node.lineno


def _is_spelled(name: ast.expr, file: PythonFile) -> bool:
    if isinstance(name, ast.Call):
        chosen = any(_are_numbers(it) for it in ast.walk(name))
    elif isinstance(name, ast.BinOp):
        chosen = sum(map(_is_letter, ast.walk(name))) >= _FEWEST_LETTERS
    else:
        return False
    return chosen and file.names.text(name) is None


def _are_numbers(node: ast.AST) -> bool:
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items) if items:
            return all(isinstance(it, ast.Constant) and type(it.value) is int for it in items)
    return False


def _is_letter(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant | ast.Slice | ast.UnaryOp)
