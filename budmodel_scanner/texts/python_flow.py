"""A Python file while it is examined: where its values come from, what they stand for, who runs it."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.python_names import Names
from budmodel_scanner.verdict import Verdict
from budmodel_scanner.word_lists import sections

_ROUNDS = 6
_KEPT = frozenset(Deed) - {Deed.RUNS_CODE, Deed.EVALUATES, Deed.LOADS_CODE, Deed.RUNS_PROGRAM, Deed.LOADS_LIBRARY}
_PASS_ON = sections(__package__, "known/python.txt")["passes on"]
_Function = ast.FunctionDef | ast.AsyncFunctionDef
# A name within the function that binds it; 0 is the module.
_Scoped = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Flow:
    names: Names
    known: dict[_Scoped, set[Deed]] = field(default_factory=dict)
    scopes: dict[int, int] = field(default_factory=dict)

    def origins(self, node: ast.AST) -> set[Deed]:
        """What made the value of an expression."""
        found: set[Deed] = set()
        single = {id(inner.value) for inner in ast.walk(node) if isinstance(inner, ast.Subscript | ast.Attribute)}
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and (self.names.dotted(inner.func) or "").rsplit(".", 1)[-1] not in _PASS_ON:
                single.update(id(argument) for argument in inner.args)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and (deed := deed_of(self.names.dotted(inner.func))) in _KEPT:
                found.add(deed)
            elif isinstance(inner, ast.Name):
                found |= self.known.get((self.scopes.get(id(inner), 0), inner.id)) or self.known.get((0, inner.id), set())
            # One variable of the environment is ordinary, all of it is not.
            if (
                isinstance(inner, ast.Attribute | ast.Name)
                and id(inner) not in single
                and self.names.dotted(inner) == "os.environ"
            ):
                found.add(Deed.READS_ENVIRONMENT)
        return found


def flow_of(tree: ast.Module, nodes: list[ast.AST], names: Names) -> Flow:
    """`nodes` are all nodes of `tree`."""
    if not any(isinstance(node, ast.Call) and deed_of(names.dotted(node.func)) in _KEPT for node in nodes):
        return Flow(names)
    flow = Flow(names, scopes=_scopes(tree))
    functions = {node.name: node for node in nodes if isinstance(node, _Function)}
    sources = _sources(nodes, functions, flow.scopes)
    for _ in range(_ROUNDS):
        changed = False
        for target, value in sources:
            origins = flow.origins(value) - flow.known.get(target, set())
            if origins:
                flow.known.setdefault(target, set()).update(origins)
                changed = True
        if not changed:
            break
    return flow


def _scopes(tree: ast.Module) -> dict[int, int]:
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


def _sources(
    nodes: list[ast.AST], functions: dict[str, _Function], scopes: dict[int, int]
) -> list[tuple[_Scoped, ast.expr]]:
    """Pairs of a name and an expression whose value it takes on."""
    found: list[tuple[_Scoped, ast.expr]] = []

    def bind(target: ast.expr | None, value: ast.expr) -> None:
        if target is not None:
            found.extend(((scopes[id(node)], node.id), value) for node in ast.walk(target) if isinstance(node, ast.Name))

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
                found.extend(((0, node.name), value) for value in returned)
            case ast.Call(func=ast.Name(id=name)) if name in functions:
                function = functions[name]
                parameters = [(id(function), parameter.arg) for parameter in function.args.args]
                found.extend(zip(parameters, node.args, strict=False))
    return found


# Rule, verdict, what was found, line.
Found = tuple[str, Verdict, str, int]
NETWORK = frozenset({Deed.FETCHES, Deed.SENDS, Deed.CONNECTS})


@dataclass(slots=True)
class PythonFile:
    """`verdict_of_code` gives the worst that a text would do if it were run as Python. `deeds`: what was called so far,
    `fetched`: names of files that it fetched."""

    names: Names
    flow: Flow
    is_script: bool
    is_setup: bool
    verdict_of_code: Callable[[str, Names], Verdict | None]
    deeds: set[Deed] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)


def command_of(node: ast.Call, file: PythonFile) -> str | None:
    """The command as far as it is written out; `…` stands for what is not."""
    candidates = node.args or [keyword.value for keyword in node.keywords if keyword.arg in {"args", "cmd", "command"}]
    # A list is the whole command; texts may be a program and its arguments, as `os.execl` takes them.
    whole = bool(candidates) and isinstance(candidates[0], ast.List | ast.Tuple | ast.BinOp | ast.Name)
    return " ".join(word for candidate in candidates[: 1 if whole else None] for word in _words(candidate, file)) or None


def _words(node: ast.expr, file: PythonFile, depth: int = 0) -> list[str]:
    if depth > 8:
        return ["…"]
    if isinstance(node, ast.Name) and isinstance(
        file.names.constants.get(node.id), ast.List | ast.Tuple | ast.JoinedStr | ast.BinOp
    ):
        return _words(file.names.constants[node.id], file, depth + 1)
    if isinstance(node, ast.List | ast.Tuple):
        return [word for item in node.elts for word in _words(item, file, depth + 1)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(word for part in node.values for word in _words(part, file, depth + 1))]
    if isinstance(node, ast.FormattedValue):
        return _words(node.value, file, depth + 1)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and file.names.text(node) is None:
        return _words(node.value, file, depth + 1)
    if variable := variable_read(node, file):
        return [f"${variable}"]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        left, right = _words(node.left, file, depth + 1), _words(node.right, file, depth + 1)
        return left + right if isinstance(node.left, ast.List) else ["".join([*left, *right])]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"format", "split", "join"}:
        inner = node.args[0] if node.func.attr == "join" and node.args else node.func.value
        return _words(inner, file, depth + 1)
    if file.names.dotted(node) == "sys.executable":
        return ["python"]
    text = file.names.text(node)
    return [text if text is not None else "…"]


def variable_read(node: ast.expr, file: PythonFile) -> str | None:
    """The variable of the environment that an expression reads."""
    match node:
        case ast.Name(id=name) if isinstance(file.names.constants.get(name), ast.Subscript | ast.Call):
            return variable_read(file.names.constants[name], file) if node is not file.names.constants[name] else None
        case ast.Subscript(value=owner, slice=name) if file.names.dotted(owner) == "os.environ":
            return file.names.text(name)
        case ast.Call(args=[name, *_]) if file.names.dotted(node.func) in {"os.getenv", "os.environ.get"}:
            return file.names.text(name)
    return None


def text_given(node: ast.expr, file: PythonFile) -> str:
    """An argument as far as it is written out, with variables of the environment as shells write them."""
    return "".join(_words(node, file))


def opens_to_write(node: ast.Call, file: PythonFile) -> bool:
    modes = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    return any(set(file.names.text(mode) or "") & set("wax+") for mode in modes)
