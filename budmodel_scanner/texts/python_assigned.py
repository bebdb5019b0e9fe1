"""Which names of a Python file take on which values, and which of them stand for a file that is written."""

import ast
from collections.abc import Callable, Iterator
from functools import cache

from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.python_names import Names

_Function = ast.FunctionDef | ast.AsyncFunctionDef
# A name within the function that binds it; 0 is the module.
Scoped = tuple[int, str]


def scopes_of(tree: ast.Module) -> dict[int, int]:
    """For each name within a function, the id of that function."""
    found: dict[int, int] = {}
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, scope = waiting.pop()
        if isinstance(node, ast.Name):
            found[id(node)] = scope
        elif isinstance(node, _Function):
            scope = id(node)
        waiting.extend((child, scope) for child in ast.iter_child_nodes(node))
    return found


def assigned(nodes: list[ast.AST], scopes: dict[int, int]) -> list[tuple[Scoped, ast.expr]]:
    """Pairs of a name and an expression whose value it takes on."""
    functions = {node.name: node for node in nodes if isinstance(node, _Function)}
    found: list[tuple[Scoped, ast.expr]] = []

    def bind(target: ast.expr | None, value: ast.expr) -> None:
        if target is not None:
            # An object is not what one of its attributes is.
            owners = {id(node.value) for node in ast.walk(target) if of_object(node) and isinstance(node, ast.Attribute)}
            names = (node for node in ast.walk(target) if isinstance(node, ast.Name) and id(node) not in owners)
            found.extend(((scopes[id(node)], node.id), value) for node in names)
            found.extend(((0, own), value) for node in ast.walk(target) if (own := of_object(node)))

    for node in nodes:
        match node:
            case ast.Assign(value=value):
                for target in node.targets:
                    bind(target, value)
            case ast.AnnAssign(value=ast.expr() as value) | ast.AugAssign(value=value) | ast.NamedExpr(value=value):
                bind(node.target, value)
            case ast.For(iter=value) | ast.AsyncFor(iter=value) | ast.comprehension(iter=value):
                bind(node.target, value)
            case ast.withitem(context_expr=value):
                bind(node.optional_vars, value)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                returned = [
                    inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value is not None
                ]
                found.extend(((0, name), value) for value in returned for name in (node.name, f"self.{node.name}"))
            case ast.Call():
                found.extend(_given(node, functions))
    return found


def _given(node: ast.Call, functions: dict[str, _Function]) -> Iterator[tuple[Scoped, ast.expr]]:
    """What parameters of the file's own functions are called with, by itself, a thread or a page."""
    told = [*node.args, *(keyword.value for keyword in node.keywords)]
    lists = [argument.elts for argument in told if isinstance(argument, ast.List | ast.Tuple)][:1]
    ways = [(node.func, node.args), *((argument, elements) for argument in told for elements in lists)]
    for called, arguments in ways:
        own = called.id if isinstance(called, ast.Name) else (of_object(called) or "").removeprefix("self.")
        if function := functions.get(own):
            named = [parameter.arg for parameter in function.args.args if parameter.arg not in {"self", "cls"}]
            yield from zip(((id(function), name) for name in named), arguments, strict=False)
            if called is node.func:
                yield from (((id(function), it.arg), it.value) for it in node.keywords if it.arg in named)


def values_of(tree: ast.Module, nodes: list[ast.AST]) -> Callable[[ast.expr], list[ast.expr]]:
    """A function that gives what a name, or an attribute of its own object, is bound to as a whole."""

    @cache
    def table() -> tuple[dict[int, int], dict[Scoped, list[ast.expr]]]:
        scopes = scopes_of(tree)
        added = {id(node.value) for node in nodes if isinstance(node, ast.AugAssign)}
        bound: dict[Scoped, list[ast.expr]] = {}
        for target, value in assigned(nodes, scopes):
            if id(value) not in added:
                bound.setdefault(target, []).append(value)
        for node in nodes:
            if isinstance(node, _Function):
                for parameter, default in zip(reversed(node.args.args), reversed(node.args.defaults), strict=False):
                    bound.setdefault((id(node), parameter.arg), []).append(default)
        return scopes, bound

    def found(node: ast.expr) -> list[ast.expr]:
        scopes, bound = table()
        if isinstance(node, ast.Name):
            return bound.get((scopes.get(id(node), 0), node.id)) or bound.get((0, node.id), [])
        return bound.get((0, of_object(node) or ""), [])

    return found


def of_object(node: ast.AST) -> str | None:
    """The name under which an object's own attribute is remembered."""
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attribute):
            return f"self.{attribute}"
    return None


def path_written(node: ast.AST) -> str | None:
    """The name under which a file whose path is written out is remembered."""
    return repr(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


_PUTS_SECOND = frozenset(
    {"shutil.copyfileobj", "shutil.unpack_archive", "shutil.copy", "shutil.move", "os.rename", "os.replace"}
)
_WRITES = frozenset({"write", "write_text", "write_bytes", "writelines"})
_UNPACKS = frozenset({"extractall", "extract"})
_OPENS = frozenset({"open", "io.open", "codecs.open", "gzip.open", "tarfile.open", "zipfile.ZipFile", "aiofiles.open"})
_INTO = frozenset({"filename", "out", "output", "dst", "destination", "path", "extract_dir"})


def stored(nodes: list[ast.AST], names: Names, scopes: dict[int, int]) -> Iterator[tuple[Scoped, ast.expr]]:
    """Pairs of what stands for a file or a folder, and an expression that is written into it."""
    for node in nodes:
        match node:
            case ast.Call(func=function, args=arguments):
                dotted = names.dotted(function) or ""
                owner = function.value if isinstance(function, ast.Attribute) else None
                method = function.attr if isinstance(function, ast.Attribute) else ""
                told = [it.value for it in node.keywords if it.arg in _INTO]
                pairs: list[tuple[ast.expr, ast.expr]] = []
                if dotted in _PUTS_SECOND and arguments:
                    pairs = [(target, arguments[0]) for target in (*arguments[1:2], *told)]
                elif owner is not None and method in _WRITES and arguments:
                    pairs = [(owner, arguments[0])]
                elif owner is not None and method in _UNPACKS:
                    pairs = [(target, owner) for target in (*arguments[method == "extract" :][:1], *told)]
                elif deed_of(dotted) is Deed.FETCHES:
                    pairs = [(target, node) for target in (*arguments[1:2], *told)]
            case (
                ast.withitem(context_expr=ast.Call(args=[path, *_]) as opened, optional_vars=ast.Name() as file)
                | ast.Assign(targets=[ast.Name() as file], value=ast.Call(args=[path, *_]) as opened)
            ) if names.dotted(opened.func) in _OPENS:
                # What is written into a file that was opened is what lies at its path.
                pairs = [(path, file)]
            case _:
                continue
        yield from ((key, value) for target, value in pairs for key in _standing_for(target, scopes))


def _standing_for(path: ast.expr, scopes: dict[int, int]) -> Iterator[Scoped]:
    """The names of a path, and of the folder that it lies in unless it is data that lies there."""
    inner = list(ast.walk(path))
    of_data = any(isinstance(it, ast.Constant) and DATA_FILE.search(str(it.value)[-20:]) for it in inner)
    for node in inner if isinstance(path, ast.Name | ast.Constant | ast.Attribute) or not of_data else ():
        if isinstance(node, ast.Name):
            yield scopes.get(id(node), 0), node.id
        elif name := of_object(node) or path_written(node):
            yield 0, name
