"""A Python file while it is examined: where its values come from, what they stand for, who runs it."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.python_assigned import Scoped, assigned, of_object, path_written, scopes_of, stored
from budmodel_scanner.texts.python_deeds import SENSITIVE_FILE, Deed, deed_of
from budmodel_scanner.texts.python_names import Names
from budmodel_scanner.verdict import Verdict
from budmodel_scanner.word_lists import sections

NETWORK = frozenset({Deed.FETCHES, Deed.SENDS, Deed.CONNECTS})
INCOMING = NETWORK | {Deed.RECEIVES}
_ROUNDS = 6
_KEPT = frozenset(Deed) - {
    Deed.RUNS_CODE,
    Deed.EVALUATES,
    Deed.LOADS_CODE,
    Deed.RUNS_PROGRAM,
    Deed.LOADS_LIBRARY,
    Deed.RECORDS,
}
_PASS_ON = sections(__package__, "known/python.txt")["passes on"]
_SECRET = expression(r"(?i)token|secret|passw|credential|_key\b|api_?key|_pat\b")
# Where the machines of a cloud are told what they sign in with.
_METADATA = r"//169\.254\.169\.254/|//metadata\.google\.internal/"
_SECRET_FILE = expression(rf"{SENSITIVE_FILE.pattern}|\.netrc\b|\.pypirc\b|\.npmrc\b|{_METADATA}", re.IGNORECASE)
# What somebody types where a page asks for a password.
TYPED = "$typed"
# What a file or a folder holds.
FETCHED = "what was fetched into a file"


@dataclass(frozen=True, slots=True)
class Flow:
    names: Names
    known: dict[Scoped, set[str]] = field(default_factory=dict)
    scopes: dict[int, int] = field(default_factory=dict)

    def origins(self, node: ast.AST) -> set[str]:
        """What made the value of an expression: deeds, and variables of the environment that are secrets, as `$NAME`."""
        found: set[str] = set()
        single = {id(inner.value) for inner in ast.walk(node) if isinstance(inner, ast.Subscript | ast.Attribute)}
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and (self.names.dotted(inner.func) or "").rsplit(".", 1)[-1] not in _PASS_ON:
                single.update(id(argument) for argument in inner.args)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and (deed := deed_of(self.names.dotted(inner.func))) in _KEPT:
                found.add(deed)
            elif isinstance(inner, ast.Name):
                found |= self.known.get((self.scopes.get(id(inner), 0), inner.id)) or self.known.get((0, inner.id), set())
            elif (own := of_object(inner)) or (own := path_written(inner)):
                found |= self.known.get((0, own), set())
            found |= self._secrets(inner)
            # One variable of the environment is ordinary, all of it is not.
            if (
                isinstance(inner, ast.Attribute | ast.Name)
                and id(inner) not in single
                and self.names.dotted(inner) == "os.environ"
            ):
                found.add(Deed.READS_ENVIRONMENT)
        return found

    def _secrets(self, node: ast.AST) -> set[str]:
        match node:
            case ast.Constant(value=str() as path) if len(path) < _LONGEST_PATH and _SECRET_FILE.search(path):
                return {Deed.READS_SECRET}
            case ast.BinOp(op=ast.Div()) | ast.Call(func=ast.Attribute(attr="join" | "joinpath")):
                return {Deed.READS_SECRET} if _SECRET_FILE.search(path_of(node, self.names)) else set()
            case ast.Call(func=function) if (self.names.dotted(function) or "").endswith("getpass"):
                return {TYPED}
            case ast.Call(keywords=told) if any(it.arg == "type" and self.names.text(it.value) == "password" for it in told):
                return {TYPED}
            case ast.Subscript() | ast.Call() if (name := variable_read(node, self.names)) and _SECRET.search(name):
                return {f"${name}"}
        return set()


_LONGEST_PATH = 300
_DEEPEST_PATH = 8


def path_of(node: ast.expr, names: Names, depth: int = 0) -> str:
    """A path that is put together, as far as it is written out."""
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            parts = [left, right]
        case ast.Call(func=ast.Attribute(attr="join"), args=parts) if names.dotted(node.func) == "os.path.join":
            pass
        case ast.Call(func=ast.Attribute(value=owner, attr="joinpath"), args=rest):
            parts = [owner, *rest]
        case _:
            return names.text(node) or ("~" if names.dotted(node) == "pathlib.Path.home()" else "…")
    return "/".join(path_of(part, names, depth + 1) for part in parts) if depth < _DEEPEST_PATH else "…"


def flow_of(tree: ast.Module, nodes: list[ast.AST], names: Names) -> Flow:
    """`nodes` are all nodes of `tree`."""
    if not any(
        (isinstance(node, ast.Call) and deed_of(names.dotted(node.func)) in _KEPT)
        or (isinstance(node, ast.Attribute | ast.Name) and names.dotted(node) in {"os.environ", "os.getenv"})
        or (
            isinstance(node, ast.Constant)
            and (
                node.value == "password" or (isinstance(node.value, str) and _SECRET_FILE.search(node.value[:_LONGEST_PATH]))
            )
        )
        for node in nodes
    ):
        return Flow(names)
    flow = Flow(names, scopes=scopes_of(tree))
    sources = assigned(nodes, flow.scopes)
    files = list(stored(nodes, names, flow.scopes))
    for _ in range(_ROUNDS):
        changed = False
        for target, value in sources:
            origins = flow.origins(value) - flow.known.get(target, set())
            if origins:
                flow.known.setdefault(target, set()).update(origins)
                changed = True
        for target, value in files:
            if FETCHED not in flow.known.get(target, ()) and flow.origins(value) & {*INCOMING, FETCHED}:
                flow.known.setdefault(target, set()).add(FETCHED)
                changed = True
        if not changed:
            break
    return flow


# Rule, verdict, what was found, line.
Found = tuple[str, Verdict, str, int]


@dataclass(slots=True)
class PythonFile:
    """`verdict_of_code` gives the worst that a text would do if it were run as Python. `deeds`: what was called so far,
    `fetched`: names of files that it fetched, `logs_away`: what it logs leaves the machine, `strange_pickle`: it names
    a pickle that lies with a stranger. `has_addresses`: whether an address is written out in it. `values_of` gives what a
    name is bound to, `serves`: it takes requests of others, `is_library`: of any library, beside models; `starts`: how
    many programs of it were looked for."""

    names: Names
    flow: Flow
    is_script: bool
    is_setup: bool
    verdict_of_code: Callable[[str, Names], Verdict | None]
    has_addresses: bool = True
    deeds: set[Deed] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    logs_away: bool = False
    strange_pickle: bool = False
    serves: bool = False
    is_library: bool = False
    starts: int = 0
    values_of: Callable[[ast.expr], list[ast.expr]] = lambda _: []


def command_of(node: ast.Call, file: PythonFile) -> str | None:
    """The command as far as it is written out; `…` stands for what is not."""
    told = [keyword.value for keyword in node.keywords if keyword.arg in {"args", "cmd", "command"}]
    candidates = (told or node.args) if file.names.dotted(node.func) == "kubernetes.stream.stream" else (node.args or told)
    candidates = [*_indexed(node.func, file), *candidates]
    # A list is the whole command; texts may be a program and its arguments, as `os.execl` takes them.
    whole = bool(candidates) and isinstance(candidates[0], ast.List | ast.Tuple | ast.BinOp | ast.Name)
    return " ".join(word for candidate in candidates[: 1 if whole else None] for word in _words(candidate, file)) or None


def _indexed(node: ast.expr, file: PythonFile) -> list[ast.expr]:
    """The words of `local["wget"]["-q", address]`."""
    if isinstance(node, ast.Subscript):
        return [*_indexed(node.value, file), *(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])]
    dotted = file.names.dotted(node) or ""
    return [ast.Constant(dotted.removeprefix("plumbum.cmd."))] if dotted.startswith("plumbum.cmd.") else []


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
    if variable := variable_read(node, file.names):
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


def variable_read(node: ast.expr, names: Names) -> str | None:
    """The variable of the environment that an expression reads; of several, one that is a secret."""
    match node:
        case ast.Name(id=name) if isinstance(names.constants.get(name), ast.Subscript | ast.Call):
            return variable_read(names.constants[name], names) if node is not names.constants[name] else None
        case ast.Subscript(value=owner, slice=key) if names.dotted(owner) == "os.environ":
            pass
        case ast.Call(args=[key, *_]) if names.dotted(node.func) in {"os.getenv", "os.environ.get", "os.environ.pop"}:
            pass
        case _:
            return None
    if isinstance(key, ast.Name) and key.id in names.looped:
        told = [text for value in names.looped[key.id] if (text := names.text(value)) is not None]
        return next(filter(_SECRET.search, told), None)
    return names.text(key)


def text_given(node: ast.expr, file: PythonFile) -> str:
    """An argument as far as it is written out, with variables of the environment as shells write them."""
    return "".join(_words(node, file))


def opens_to_write(node: ast.Call, file: PythonFile) -> bool:
    modes = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    return any(set(file.names.text(mode) or "") & set("wax+") for mode in modes)
