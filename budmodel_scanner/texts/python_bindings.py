"""What the names of a Python file are bound to: by imports, assignments, loops and calls of its own functions."""

import ast
from collections import Counter
from collections.abc import Iterator

from budmodel_scanner.texts.python_deeds import MAKERS, ORDINARY, Deed, deed_of, names_in
from budmodel_scanner.texts.python_names import Names

_MOST_VALUES = 50


def names_of(nodes: list[ast.AST]) -> Names:
    names = Names()
    targets: dict[str, int] = {}
    bound: dict[str, list[ast.expr]] = {}
    functions = {node.name: node.args.args for node in nodes if isinstance(node, ast.FunctionDef)}
    # What makes an object is called by the name of its class.
    for made in (node for node in nodes if isinstance(node, ast.ClassDef)):
        for inner in made.body:
            if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                functions[made.name] = inner.args.args[1:]
    attributes: list[tuple[ast.expr, ast.expr]] = []
    unpacked: dict[str, list[ast.expr]] = {}

    def bind(target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            targets[target.id] = targets.get(target.id, 0) + 1
            names.constants[target.id] = value
            bound.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Attribute):
            attributes.append((target, value))

    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in functions:
                for parameter, argument in zip(functions[name], arguments, strict=False):
                    names.given.setdefault(parameter.arg, []).append(argument)
            case ast.FunctionDef(args=ast.arguments(args=parameters, defaults=[_, *_] as defaults)):
                for parameter, default in zip(reversed(parameters), reversed(defaults), strict=False):
                    names.given.setdefault(parameter.arg, []).append(default)
            case ast.Import():
                for alias in node.names:
                    package = alias.name.split(".")[0]
                    names.aliases[alias.asname or package] = alias.name if alias.asname else package
            case ast.ImportFrom(module=str() as module, level=0):
                for alias in node.names:
                    for name in names_in(module) if alias.name == "*" else [alias.name]:
                        names.aliases[alias.asname or name] = f"{module}.{name}"
            case ast.Assign(targets=[ast.Tuple(elts=left)], value=ast.Tuple(elts=right)) if len(left) == len(right):
                for target, value in zip(left, right, strict=True):
                    bind(target, value)
            case ast.Assign(targets=[ast.Tuple(elts=left) | ast.List(elts=left)], value=ast.Call() as value):
                for number, target in enumerate(left):
                    if isinstance(target, ast.Name):
                        unpacked.setdefault(target.id, []).append(ast.Subscript(value=value, slice=ast.Constant(number)))
            case ast.Assign(targets=[target], value=value) | ast.NamedExpr(target=target, value=value):
                bind(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                bind(target, value)
            case ast.withitem(context_expr=value, optional_vars=ast.Name() as target):
                bind(target, value)
            case ast.Match(subject=value, cases=cases):
                for matched in cases:
                    if isinstance(matched.pattern, ast.MatchAs) and matched.pattern.name:
                        bind(ast.Name(matched.pattern.name), value)
            case ast.For(target=ast.Name(id=name), iter=items) | ast.comprehension(target=ast.Name(id=name), iter=items) if (
                elements := getattr(
                    bound[items.id][0] if isinstance(items, ast.Name) and items.id in bound else items, "elts", None
                )
            ):
                names.looped[name] = elements
                targets[name] = targets.get(name, 0) + 2
            case ast.For(target=ast.Name(id=name), iter=ast.Subscript(value=ast.Attribute(attr="argv")) as items):
                names.looped[name] = [items]
                targets[name] = targets.get(name, 0) + 2
            case ast.For(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)) | ast.arg(arg=name):
                targets[name] = targets.get(name, 0) + 2
    for name, count in targets.items():
        if count > 1:
            names.constants.pop(name, None)
    names.constants.update((name, made[0]) for name, made in unpacked.items() if len(made) == 1 and name not in targets)
    _remember_attributes(nodes, attributes, names)
    imported = {dotted.split(".")[0] for dotted in names.aliases.values()}
    for name, values in bound.items():
        if (
            isinstance(values[0], ast.Attribute | ast.Name | ast.Call | ast.Subscript | ast.IfExp)
            and name not in names.aliases
        ):
            dotted, *others = {names.dotted(value) for value in values[:_MOST_VALUES]}
            # A plain call gives a value, which is only told apart by what was called where that was imported.
            if (
                dotted
                and not others
                and (not dotted.endswith(("()", "[]")) or dotted.split(".")[0] in imported or dotted in MAKERS)
                and dotted != name
            ):
                names.aliases[name] = dotted
    # What was looked up while the aliases were incomplete may have been wrong.
    names._found.clear()
    for node in nodes:
        match node:
            case ast.FunctionDef(name=name, body=[*_, ast.Return(value=ast.expr() as value)]):
                _remember_module(name, value, names)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(body=value)):
                _remember_module(name, value, names)
    names._found.clear()
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                if (whole := names.dotted(base)) and deed_of(whole) not in {None, Deed.LOADS_OBJECTS}:
                    names.aliases.setdefault(node.name, whole)
            within = [inner for inner in node.body if isinstance(inner, ast.Assign)]
            attributes += [
                (ast.Attribute(ast.Name(owner), target.id), inner.value)
                for inner in within
                for target in inner.targets
                for owner in (node.name, f"{node.name}()", "self", "cls")
                if isinstance(target, ast.Name)
            ]
    for target, value in attributes:
        dotted, whole = names.dotted(value), names.dotted(target)
        if dotted and whole and deed_of(dotted) is not None:
            names.aliases.setdefault(whole, dotted)
    names._found.clear()
    return names


def _remember_module(function: str, value: ast.expr, names: Names) -> None:
    """What a function gives that gives a module, or a function that does something."""
    dotted = names.dotted(value)
    if dotted is not None and (names_in(dotted) or deed_of(dotted) not in ORDINARY | {None}):
        names.aliases.setdefault(f"{function}()", dotted)


def _remember_attributes(nodes: list[ast.AST], attributes: list[tuple[ast.expr, ast.expr]], names: Names) -> None:
    """Attributes of this name that are set once in the whole file, in a class or on an object, as constants `self.name`."""
    told = [("self", target.attr, value) for target, value in attributes if isinstance(target, ast.Attribute)]
    for made, statement in ((node, inner) for node in nodes if isinstance(node, ast.ClassDef) for inner in node.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                told.append((made.name, name, value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                told.append((made.name, name, value))
    counts = Counter(name for _, name, _ in told)
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.constants[f"{node.name}.__name__"] = ast.Constant(node.name)
            if prose := ast.get_docstring(node, clean=False):
                names.constants[f"{node.name}.__doc__"] = ast.Constant(prose)
    for owner, name, value in told:
        if counts[name] == 1:
            names.constants.update((f"{one}.{name}", value) for one in ("self", "cls", owner))


def scope_nodes(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Everything that runs when `body` runs: not the bodies of functions, but their decorators and defaults."""
    waiting: list[ast.AST] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            defaults = [default for default in [*node.args.defaults, *node.args.kw_defaults] if default is not None]
            waiting.extend([*node.decorator_list, *defaults])
        else:
            waiting.extend(ast.iter_child_nodes(node))
