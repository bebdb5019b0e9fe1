"""What the constant expressions of a template come to, so that a name built from pieces is seen whole.

Nothing is rendered: a handful of operations on texts and numbers are repeated here, each with a bound.
"""

from collections.abc import Mapping

from jinja2 import nodes

_MAX_CHARACTERS = 2_000
_MAX_DEPTH = 40

Value = str | int | float | bool | None | tuple["Value", ...]
Known = Mapping[str, nodes.Node]


class UnknownValueError(Exception):
    """The expression depends on what only rendering would know."""


def value_of(node: nodes.Node, known: Known, depth: int = 0) -> Value:
    """The constant that `node` comes to; `known` are the names that are set once. Raises UnknownValueError."""
    if depth > _MAX_DEPTH:
        raise UnknownValueError
    match node:
        case nodes.Const():
            return _bounded(node.value)
        case nodes.TemplateData():
            return _bounded(node.data)
        case nodes.Name() if node.name in known:
            return value_of(known[node.name], known, depth + 1)
        case nodes.List() | nodes.Tuple():
            return tuple(value_of(item, known, depth + 1) for item in node.items[:200])
        case nodes.Dict():
            return tuple(value_of(pair.key, known, depth + 1) for pair in node.items[:200])
        case nodes.Concat():
            return _bounded("".join(str(value_of(part, known, depth + 1)) for part in node.nodes[:200]))
        case nodes.BinExpr():
            left, right = value_of(node.left, known, depth + 1), value_of(node.right, known, depth + 1)
            return _operation(node.operator, left, right)
        case nodes.Neg():
            inner = value_of(node.node, known, depth + 1)
            if isinstance(inner, int | float):
                return -inner
        case nodes.Getitem():
            return _item(value_of(node.node, known, depth + 1), node.arg, known, depth + 1)
        case nodes.Filter() if node.node is not None:
            arguments = [value_of(argument, known, depth + 1) for argument in node.args[:50]]
            return _method(node.name, value_of(node.node, known, depth + 1), arguments)
        case nodes.Call(node=nodes.Getattr() as method):
            arguments = [value_of(argument, known, depth + 1) for argument in node.args[:50]]
            receiver = value_of(method.node, known, depth + 1)
            if method.attr == "join" and isinstance(receiver, str) and arguments:
                return _method("join", arguments[0], [receiver])
            return _method(method.attr, receiver, arguments)
        case nodes.Call(node=nodes.Name(name="dict")):
            return tuple(keyword.key for keyword in node.kwargs[:200])
        case nodes.Call(node=nodes.Name(name="range")):
            raise UnknownValueError
    raise UnknownValueError


def text_of(node: nodes.Node, known: Known) -> str | None:
    """The text that `node` comes to, if it is a constant text."""
    try:
        found = value_of(node, known)
    except (UnknownValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def number_of(node: nodes.Node, known: Known) -> int | None:
    """The whole number that `node` comes to, if it is constant; one above 10**30 stands for anything larger."""
    try:
        found = value_of(node, known)
    except (UnknownValueError, RecursionError):
        return None
    return int(found) if isinstance(found, int) else None


def _bounded(found: object) -> Value:
    if isinstance(found, str):
        if len(found) > _MAX_CHARACTERS:
            raise UnknownValueError
        return found
    if found is None or isinstance(found, int | float):
        return found
    raise UnknownValueError


def _operation(operator: str, left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(right, str) and operator == "+":
        return _bounded(left + right)
    if isinstance(left, tuple) and isinstance(right, tuple) and operator == "+":
        return (left + right)[:200]
    if isinstance(left, str) and operator == "%":
        return _formatted(left, right if isinstance(right, tuple) else (right,))
    if isinstance(left, str) and isinstance(right, int) and operator == "*":
        return _bounded(left * max(0, min(right, _MAX_CHARACTERS // max(1, len(left)))))
    if isinstance(left, int) and isinstance(right, int):
        return _arithmetic(operator, left, right)
    raise UnknownValueError


def _arithmetic(operator: str, left: int, right: int) -> int:
    limit = 10**31
    if operator == "**":
        if right < 0:
            raise UnknownValueError
        return limit if abs(left) > 1 and right > 200 else max(-limit, min(limit, left**right if abs(left) > 1 else left))
    if operator in {"//", "%"} and right == 0:
        raise UnknownValueError
    results = {"+": left + right, "-": left - right, "*": left * right}
    if operator in results:
        return max(-limit, min(limit, results[operator]))
    if operator == "//":
        return left // right
    if operator == "%":
        return left % right
    raise UnknownValueError


def _item(receiver: Value, argument: nodes.Node, known: Known, depth: int) -> Value:
    if not isinstance(receiver, str | tuple):
        raise UnknownValueError
    if isinstance(argument, nodes.Slice):
        ends: list[int | None] = []
        for end in (argument.start, argument.stop, argument.step):
            found = None if end is None else value_of(end, known, depth)
            if found is not None and not isinstance(found, int):
                raise UnknownValueError
            ends.append(found)
        if ends[2] == 0:
            raise UnknownValueError
        return receiver[ends[0] : ends[1] : ends[2]]
    index = value_of(argument, known, depth)
    if isinstance(index, int) and -len(receiver) <= index < len(receiver):
        return receiver[index]
    raise UnknownValueError


def _formatted(pattern: str, arguments: tuple[Value, ...]) -> str:
    # A width or precision would let a few characters ask for gigabytes.
    if any(character.isdigit() or character == "*" for character in pattern.replace("%%", "")) and len(pattern) < 200:
        pattern = "".join(character for character in pattern if not character.isdigit() and character != "*")
    try:
        return str(_bounded(pattern % arguments))
    except (TypeError, ValueError, OverflowError) as error:
        raise UnknownValueError from error


def _method(name: str, receiver: Value, arguments: list[Value]) -> Value:
    """Filters and methods of texts that are used to put names together."""
    texts = [argument for argument in arguments if isinstance(argument, str)]
    if isinstance(receiver, tuple):
        if name == "join":
            return _bounded((texts[0] if texts else "").join(str(part) for part in receiver))
        if name in {"reverse", "list", "first", "last", "sort"} and receiver:
            return {"reverse": receiver[::-1], "first": receiver[0], "last": receiver[-1]}.get(name, receiver)
    if isinstance(receiver, int | float) and name in {"string", "int"}:
        return str(receiver) if name == "string" else int(receiver)
    if not isinstance(receiver, str):
        raise UnknownValueError
    match name, texts:
        case ("lower" | "upper" | "title" | "capitalize" | "swapcase" | "casefold", _):
            return str(getattr(receiver, name)())
        case ("strip" | "trim", _):
            return receiver.strip(texts[0]) if texts else receiver.strip()
        case ("lstrip", _):
            return receiver.lstrip(texts[0]) if texts else receiver.lstrip()
        case ("rstrip", _):
            return receiver.rstrip(texts[0]) if texts else receiver.rstrip()
        case ("replace", [old, new]):
            return _bounded(receiver.replace(old, new)) if len(receiver) * len(new) < 10**6 else _unknown()
        case ("reverse", _):
            return receiver[::-1]
        case ("list", _):
            return tuple(receiver)
        case ("first" | "last", _) if receiver:
            return receiver[0 if name == "first" else -1]
        case ("string" | "safe" | "escape" | "e" | "default" | "d" | "forceescape", _):
            return receiver
        case ("split", _):
            return tuple(receiver.split(texts[0] if texts and texts[0] else None))
        case ("format", _):
            if "%" in receiver:
                return _formatted(receiver, tuple(arguments))
            return _braces(receiver, arguments)
        case ("join", _):
            return _bounded((texts[0] if texts else "").join(receiver))
    raise UnknownValueError


def _braces(pattern: str, arguments: list[Value]) -> str:
    """`str.format` with plain fields only; attributes and widths are for the caller to notice in the pattern itself."""
    for number, argument in enumerate(arguments[:20]):
        pattern = pattern.replace("{}", str(argument), 1).replace(f"{{{number}}}", str(argument))
    return str(_bounded(pattern))


def _unknown() -> Value:
    raise UnknownValueError
