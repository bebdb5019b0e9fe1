"""Where values of a Python file come from, told by names alone: what was decoded or fetched stays so under any name.

Order and branches are not followed: a name has the origins of everything that is ever assigned to it.
"""

import ast
from dataclasses import dataclass, field

from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.python_names import Names

_ROUNDS = 6
_KEPT = frozenset({Deed.DECODES, Deed.FETCHES, Deed.SENDS, Deed.CONNECTS, Deed.LOADS_OBJECTS, Deed.READS_ENVIRONMENT})


# Functions that give back what they are given, in another form; of others, nobody knows what they take from it.
_PASS_ON = frozenset(
    {
        *{"dict", "str", "repr", "list", "sorted", "dumps", "urlencode", "b64encode"},
        *{"encode", "format", "join", "quote", "compress"},
    }
)
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
