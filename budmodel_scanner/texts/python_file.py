"""A Python file while it is examined: what its names stand for, where its values come from, who runs it."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from budmodel_scanner.texts.python_deeds import Deed
from budmodel_scanner.texts.python_flow import Flow
from budmodel_scanner.texts.python_names import Names
from budmodel_scanner.verdict import Verdict

# Rule, verdict, what was found, line.
Found = tuple[str, Verdict, str, int]
NETWORK = frozenset({Deed.FETCHES, Deed.SENDS, Deed.CONNECTS})


@dataclass(slots=True)
class PythonFile:
    """`verdict_of_code` gives the worst that a text would do if it were run as Python. `deeds`: what was called so far."""

    names: Names
    flow: Flow
    is_script: bool
    is_setup: bool
    verdict_of_code: Callable[[str, Names], Verdict | None]
    deeds: set[Deed] = field(default_factory=set)


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
        return [
            "".join(
                part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "…" for part in node.values
            )
        ]
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


def opens_to_write(node: ast.Call, file: PythonFile) -> bool:
    modes = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    return any(set(file.names.text(mode) or "") & set("wax+") for mode in modes)
