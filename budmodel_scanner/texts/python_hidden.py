"""Ways of Python to a function that avoid its name: by way of objects, by what is sought, replaced or filled in."""

import ast
import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.texts.keys import LISTED
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.python_flow import Found, PythonFile
from budmodel_scanner.verdict import Verdict

_LONGEST = 4_000
_DUNDER_CLIMB = frozenset({"__base__", "__bases__", "__mro__", "__class__"})
_REACHES = re.compile(r"\{[^{}\s]{0,80}\.__(?:globals|builtins|subclasses|init|code)__")


def _climb(node: ast.AST, file: PythonFile) -> Iterator[Found]:
    match node:
        case ast.Subscript(slice=ast.Constant(value="__builtins__" | "__globals__" as name), ctx=ast.Load()):
            yield "python.class-climb", Verdict.SUSPICIOUS, f"reaches for {name}", node.lineno
        case ast.Constant(value=str() as text) if len(text) < _LONGEST and (found := _REACHES.search(text)):
            yield "python.class-climb", Verdict.SUSPICIOUS, f"fills in {found[0]}", node.lineno
        case ast.keyword(arg="co_code" | "co_consts"):
            yield "python.class-climb", Verdict.SUSPICIOUS, "replaces the code of a function", node.value.lineno
        case ast.While(test=ast.Constant(value=True), body=[ast.Expr(value=ast.Call(func=function))]):
            if file.names.dotted(function) == "os.fork":
                yield "python.destroys", Verdict.SUSPICIOUS, "starts itself without end", node.lineno
    if not isinstance(node, ast.Attribute):
        return
    if node.attr == "__subclasses__" and any(
        isinstance(inner, ast.Attribute) and inner.attr in _DUNDER_CLIMB for inner in ast.walk(node.value)
    ):
        base = file.names.dotted(node.value)
        if base is None or not base.startswith(("self.__class__", "cls.")):
            yield "python.class-climb", Verdict.MALICIOUS, "climbs from an object to every class", node.lineno
    if (
        node.attr in {"__globals__", "__builtins__"}
        and isinstance(node.value, ast.Attribute)
        and node.value.attr.startswith("__")
    ):
        yield "python.class-climb", Verdict.SUSPICIOUS, f"reaches for {node.value.attr}.{node.attr}", node.lineno


# Functions that are told from others by their names where nobody is to see which one is meant.
_SOUGHT = frozenset({"system", "popen", "Popen", "exec", "eval", "_wrap_close", "catch_warnings", "check_output"})
_REPLACED = frozenset({"open", "__import__", "exec", "eval", "compile", "input", "getattr"})


_ITEMS = frozenset({"items", "values", "keys"})
_TURNED = re.compile(r"\.swapcase\(|\[::-1\]|\.translate\(|\bchr\(|rot_?13|\bunhexlify\b|\bfromhex\b")
_RUNNERS = frozenset({"os", "subprocess", "posix", "pty", "builtins"})


def _named_in_list(node: ast.Call, file: PythonFile) -> Iterator[Found]:
    """A call of what is taken out of a module, both by names that stand together elsewhere in the file."""
    match node.func:
        case ast.Call(args=[ast.Call(args=[module, *_]) as imported, name, *_]) if (
            file.names.dotted(node.func.func) == "getattr"
            and file.names.dotted(imported.func) in {"__import__", "importlib.import_module"}
            and file.names.text(module) is None
            and file.names.text(name) is None
        ):
            for texts in file.names_together:
                runner = next(
                    (f"{it}.{of}" for it in sorted(texts & _RUNNERS) for of in sorted(texts & _SOUGHT_NAMES)), None
                )
                if runner and deed_of(runner) in {Deed.RUNS_PROGRAM, Deed.RUNS_CODE}:
                    yield "python.hidden-name", Verdict.SUSPICIOUS, f"calls what a list names, such as {runner}", node.lineno
                    return


_SOUGHT_NAMES = frozenset({"system", "popen", "Popen", "exec", "eval", "run", "call", "check_output", "getoutput", "spawn"})


def _sought(node: ast.AST, file: PythonFile) -> Iterator[Found]:
    """A function that is picked by what its name is like, out of Python's own or of a module that a name stands for."""
    match node:
        case ast.Call(args=[ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)), _]):
            if file.names.dotted(node.func) == "os.kill":
                yield "python.destroys", Verdict.SUSPICIOUS, "ends every program of whoever runs it", node.lineno
        case ast.Call(func=ast.Name(id="vars"), args=[ast.Name(id="__builtins__")]):
            yield (
                "python.hidden-name",
                Verdict.SUSPICIOUS,
                "picks a function of Python by something else than its name",
                node.lineno,
            )
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in _ITEMS and file.names.dotted(owner) in _OWN:
            yield (
                "python.hidden-name",
                Verdict.SUSPICIOUS,
                "picks a function of Python by something else than its name",
                node.lineno,
            )
        case ast.Call(func=ast.Subscript(value=owner, slice=key)) if file.names.dotted(owner) in _OWN:
            if file.names.text(key) is None:
                yield "python.hidden-name", Verdict.SUSPICIOUS, "calls a function of Python by a computed name", node.lineno
        case ast.Call(args=[_, name, *_]) if file.names.dotted(node.func) == "getattr" and not isinstance(
            name, ast.Constant
        ):
            if _TURNED.search(ast.unparse(name)[:_LONGEST]) and file.names.text(name) is None:
                yield (
                    "python.hidden-name",
                    Verdict.SUSPICIOUS,
                    f"takes what is named by {ast.unparse(name)[:80]}",
                    node.lineno,
                )
        case ast.Call(args=[ast.Name(id=name), *_]) if file.names.dotted(node.func) in {
            "__import__",
            "importlib.import_module",
        }:
            given = {file.names.text(value) for value in file.names.given.get(name, ())}
            if given and given <= _RUNNERS:
                yield (
                    "python.hidden-import",
                    Verdict.SUSPICIOUS,
                    f"imports {min(filter(None, given))} by a name that is handed on",
                    node.lineno,
                )


# A name alone is the module or the dictionary, whichever a file is given.
_OWN = frozenset({"__builtins__", "builtins.__dict__", "__dict__", "__builtins__.__dict__", "globals().__builtins__"})


def examine_hidden(node: ast.AST, file: PythonFile) -> Iterator[Found]:
    """A function that is climbed to, sought by its name, or put in the place of one of Python's own."""
    yield from _climb(node, file)
    if isinstance(node, ast.Call):
        yield from _named_in_list(node, file)
    yield from _sought(node, file)
    match node:
        case ast.Compare(left=left, comparators=[ast.Constant(value=str() as name)]) if name in _SOUGHT:
            named = left.attr if isinstance(left, ast.Attribute) else None
            if isinstance(left, ast.Call) and len(left.args) > 1 and file.names.dotted(left.func) == "getattr":
                named = file.names.text(left.args[1])
            if named in {"__name__", "__qualname__"}:
                yield "python.hidden-name", Verdict.SUSPICIOUS, f"looks for {name} among objects", node.lineno
        case ast.Assign(targets=[ast.Attribute(value=ast.Name() as owner, attr=name)]) if name in _REPLACED:
            if file.names.dotted(owner) in {"builtins", "__builtins__"}:
                yield "python.replaces", Verdict.SUSPICIOUS, f"replaces {name} for all of the program", node.lineno
        case ast.Call(func=ast.Name(id="setattr"), args=[owner, name, _]):
            if file.names.dotted(owner) in {"builtins", "__builtins__"} and file.names.text(name) in _REPLACED:
                yield "python.replaces", Verdict.SUSPICIOUS, "replaces a function for all of the program", node.lineno
        case ast.Dict(keys=named, values=values):
            for key, value in zip(named, values, strict=True):
                if isinstance(key, ast.Constant) and key.value in LISTED["callable"] and (told := file.names.text(value)):
                    for finding in judge(Leaf(LeafKind.CALLABLE, told, role=str(key.value)), Place("")):
                        if finding.verdict is Verdict.MALICIOUS:
                            yield finding.rule, finding.verdict, finding.what, node.lineno
