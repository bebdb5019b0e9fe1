"""Ways of Python to a function that avoid its name: by way of objects, by what is sought, replaced or filled in."""

import ast
import re
from collections.abc import Iterator
from itertools import permutations

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.keys import LISTED
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.python_deeds import FINDS_BY_NAME, Deed, deed_of, is_listed
from budmodel_scanner.texts.python_flow import Found, PythonFile
from budmodel_scanner.texts.python_spelled import examine_spelled
from budmodel_scanner.texts.values import examine_value
from budmodel_scanner.verdict import Verdict

_LONGEST = 4_000
_DUNDER_CLIMB = frozenset({"__base__", "__bases__", "__mro__", "__class__"})
_REACHES = expression(r"\{[^{}\s]{0,80}\.__(?:globals|builtins|subclasses|init|code)__")


def _climb(node: ast.AST, file: PythonFile) -> Iterator[Found]:
    match node:
        case ast.Subscript(slice=ast.Constant(value="__builtins__" | "__globals__" as name), ctx=ast.Load()):
            yield "python.class-climb", Verdict.SUSPICIOUS, f"reaches for {name}", node.lineno
        case ast.Constant(value=str() as text) if len(text) < _LONGEST and (found := _REACHES.search(text)):
            yield "python.class-climb", Verdict.SUSPICIOUS, f"fills in {found[0]}", node.lineno
        case ast.keyword(arg="co_code" | "co_consts"):
            yield "python.class-climb", Verdict.SUSPICIOUS, "replaces the code of a function", node.value.lineno
        case ast.While(test=ast.Constant(value=True | 1), body=[ast.Expr(value=ast.Call(func=function))]):
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
_TURNED = expression(r"\.swapcase\(|\[::-1\]|\.translate\(|\bchr\b|\.pack\(|rot_?13|\bunhexlify\b|\bfromhex\b")
_RUNNERS = frozenset({"os", "subprocess", "posix", "pty", "builtins"})
_RUNS = frozenset({Deed.RUNS_PROGRAM, Deed.RUNS_CODE})
_IMPORTS = frozenset({"__import__", "importlib.import_module", "importlib.__import__"})
_TAKES = frozenset({"operator.attrgetter", "operator.methodcaller"})
_LONGEST_NAME, _MOST_TOGETHER = 80, 12


def examine_named(nodes: list[ast.AST], file: PythonFile) -> Iterator[Found]:
    """A function that runs things, named in texts of a file that imports modules and takes functions by names which are not
    written out there: whichever way the one comes to the other."""
    ways = {way for node in nodes for way in _by_name(node, file)}
    if ways < {"imports", "takes"}:
        return
    for node in nodes:
        if runner := next(filter(None, (_runner(*names) for names in _named_together(node))), None):
            what = f"names {runner}, and calls what texts name"
            yield "python.hidden-name", Verdict.SUSPICIOUS, what, getattr(node, "lineno", 1)
            return


def _by_name(node: ast.AST, file: PythonFile) -> Iterator[str]:
    match node:
        case ast.Call(func=function, args=[first, *rest]):
            dotted = file.names.dotted(function) or ""
            if dotted in _IMPORTS | FINDS_BY_NAME and file.names.text(first) is None:
                yield "imports"
            name = first if dotted in _TAKES | FINDS_BY_NAME else rest[0] if dotted == "getattr" and rest else None
            reduces = dotted == "functools.reduce" and file.names.dotted(first) == "getattr"
            if reduces or (name is not None and file.names.text(name) is None):
                yield "takes"
        case ast.Subscript(value=owner, slice=key, ctx=ast.Load()) if not isinstance(key, ast.Constant):
            dotted = file.names.dotted(owner) or ""
            if dotted.endswith(("sys.modules", ".__dict__")) and file.names.text(key) is None:
                yield "imports" if dotted.endswith("modules") else "takes"


def _named_together(node: ast.AST) -> Iterator[tuple[str, ...]]:
    """Names of one thing, and pairs of such as may be a module and a thing in it."""
    match node:
        case ast.Constant(value=str() as text) if len(text) < _LONGEST_NAME and _PATH_OF_NAMES.fullmatch(text):
            yield (re.sub(r"[:/]", ".", text),)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) if len(parts) <= _MOST_TOGETHER:
            yield from permutations(_texts_of(parts), 2)
        case ast.Dict(keys=keys, values=values) if len(values) <= _MOST_TOGETHER:
            yield from permutations(_texts_of([*filter(None, keys), *values]), 2)
        case ast.ClassDef(body=body):
            told = [it.value for it in body if isinstance(it, ast.Assign | ast.AnnAssign) and it.value is not None]
            yield from permutations(_texts_of(told)[:_MOST_TOGETHER], 2)
        case ast.arguments(defaults=defaults, kw_defaults=others):
            yield from permutations(_texts_of([*defaults, *filter(None, others)])[:_MOST_TOGETHER], 2)


_PATH_OF_NAMES = expression(r"\w+(?:[.:/]\w+)+")


def _texts_of(nodes: list[ast.expr]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _runner(*names: str) -> str | None:
    dotted = ".".join(names)
    return dotted if is_listed(dotted) and deed_of(dotted) in _RUNS else None


def _computed(node: ast.AST, file: PythonFile) -> Iterator[Found]:
    """A function of a module that runs things, or of one that is itself computed, by a name that is put together."""
    match node:
        case ast.Call(func=getter, args=[owner, name, *_]) if file.names.dotted(getter) == "getattr":
            told = file.names.text(name)
            module = file.names.dotted(owner) or ""
            through = _THROUGH.search(module) is not None
            brought = isinstance(owner, ast.Call | ast.Subscript) and _is_put_together(_imported_by(owner, file), file)
            if told is None and not isinstance(name, ast.Constant):
                composed = _is_put_together(name, file)
                if through or (composed and (brought or module in _RUNNERS) and _may_name_runner(name)):
                    yield "python.hidden-name", Verdict.SUSPICIOUS, f"takes {ast.unparse(node)[8:88]}", node.lineno
            elif told in _OF_RUNNERS and (not module or module.endswith(("()", "[]"))):
                yield "python.hidden-name", Verdict.SUSPICIOUS, f"takes {told} of something computed", node.lineno


# What another module imported for itself, and functions that no other module has.
_THROUGH = expression(r"\w\._?(?:os|posix|subprocess|pty)$")
_OF_RUNNERS = frozenset({"popen", "getoutput", "getstatusoutput", "check_output", "posix_spawn", "spawnlp", "execvp"})


def _imported_by(node: ast.expr, file: PythonFile) -> ast.expr | None:
    """The text by which an expression imports a module."""
    match node:
        case ast.Call(func=function, args=[name, *_]) if file.names.dotted(function) in _IMPORTS:
            return name
        case ast.Subscript(value=owner, slice=name) if (file.names.dotted(owner) or "").endswith("sys.modules"):
            return name
    return None


def _is_put_together(node: ast.expr | None, file: PythonFile) -> bool:
    return isinstance(node, ast.BinOp | ast.JoinedStr | ast.Call) and file.names.text(node) is None


def _may_name_runner(name: ast.expr) -> bool:
    """Whether the pieces that are written out, in their order, fit a function that runs something."""
    pieces = [it.value for it in ast.walk(name) if isinstance(it, ast.Constant) and isinstance(it.value, str)]
    if not isinstance(name, ast.BinOp | ast.JoinedStr):
        return True
    return any(all(piece in runner for piece in pieces if "%" not in piece) for runner in _SOUGHT | _OF_RUNNERS)


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
        case ast.Call(func=function, args=arguments, keywords=named) if _whole_module([*arguments, *named], file):
            what = f"hands over every function of a module to {file.names.dotted(function)}()"
            yield "python.hidden-name", Verdict.SUSPICIOUS, what, node.lineno
        case ast.Call(func=ast.Name() as function, args=[name, *_]) if file.names.dotted(
            function
        ) in _TAKES and file.names.text(name) in _SOUGHT - {"exec", "eval"}:
            what = f"takes {file.names.text(name)} by its name in a text"
            yield "python.hidden-name", Verdict.SUSPICIOUS, what, node.lineno
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


# Settings of Python's own tools that import, or that say what is unpickled.
_SETTINGS = expression(r"(?i)_base_|custom_imports|pytest_plugins|(?:\w+_)?accept_content|session_serializer")


def _settings(node: ast.AST, file: PythonFile) -> Iterator[Found]:
    told: list[tuple[object, ast.expr]] = []
    match node:
        case ast.Assign(targets=[ast.Name(id=key) | ast.Attribute(attr=key)], value=value):
            told = [(key, value)]
        case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=str() as key))], value=value):
            told = [(key, value)]
        case ast.keyword(arg=str() as key, value=value):
            told = [(key, value)]
        case ast.Dict(keys=keys, values=values):
            told = [(key.value, value) for key, value in zip(keys, values, strict=True) if isinstance(key, ast.Constant)]
    for name, value in told:
        if isinstance(name, str) and _SETTINGS.fullmatch(name):
            inner = (file.names.text(it) for it in ast.walk(value) if isinstance(it, ast.expr))
            for finding in examine_value(name, [text for text in inner if text is not None], "", Place("")):
                yield finding.rule, finding.verdict, finding.what, value.lineno


_WHOLE = frozenset(f"{module}.__dict__" for module in _RUNNERS)


def _whole_module(given: list[ast.expr | ast.keyword], file: PythonFile) -> bool:
    """`dict(vars(os))`, `SimpleNamespace(**os.__dict__)`"""
    values = [it.value if isinstance(it, ast.keyword) else it for it in given]
    return any((file.names.dotted(it) or "") in _WHOLE for it in values if isinstance(it, ast.Call | ast.Attribute))


# A name alone is the module or the dictionary, whichever a file is given.
_OWN = frozenset({"__builtins__", "builtins.__dict__", "__dict__", "__builtins__.__dict__", "globals().__builtins__"})


def examine_hidden(node: ast.AST, file: PythonFile) -> Iterator[Found]:
    """A function that is climbed to, sought by its name, or put in the place of one of Python's own."""
    yield from _climb(node, file)
    yield from _sought(node, file)
    yield from _computed(node, file)
    yield from examine_spelled(node, file)
    yield from _settings(node, file)
    match node:
        case ast.Compare(left=left, comparators=[right]) if (name := file.names.text(right)) in _SOUGHT:
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
