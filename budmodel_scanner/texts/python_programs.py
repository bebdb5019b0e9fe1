"""What a call of Python starts where nobody wrote the program out: by which name, and who says so.

A program that a caller names, that is sought on the path or in the environment, or that lies in the folder of a toolkit is
one that its user has: every library starts some. Out of the ordinary is a name that the file alone knows and does not show,
one that comes with data, which a model brings along, and one that others send.
"""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.known_places import is_strange
from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.python_flow import PythonFile, path_of, variable_read
from budmodel_scanner.texts.python_names import Names
from budmodel_scanner.texts.shell_commands import ordinary_command
from budmodel_scanner.word_lists import sections

_WORDS = sections(__package__, "known/python.txt")
_READS_DATA, _TURNS, _SERVES, _SENT = (_WORDS[it] for it in ("reads data", "turns letters", "serves others", "what is sent"))
_PASSES, _CHANGES_TEXTS = _WORDS["passes a command on"], _WORDS["only changes texts"]
# Their functions are called as the program is, or are told of it in a way of their own.
_NAME_PROGRAMS = frozenset({"sh", "plumbum", "docker", "kubernetes", "win32com", "comtypes", "winrm", "multiprocessing"})
_SHELLS = frozenset({"bash", "sh", "zsh", "dash"})
_PLAIN_WORD = expression(r"[\w./~=-]+")
# Where no script lies that is meant to be found.
_ODD_PLACE = expression(r"\.(?!/)|/(?:tmp|dev|var)/|.*/\.(?!\.?/)")
_DEEPEST = 12
_TOO_DEEP = "is put together in too many steps"
_MOST = 200
# What is filled in: `%s`, `{name}`.
_FIELD = expression(r"%\(?\w*\)?[sdr]|\{\w*\}")
_ASKS = frozenset({"--version", "-version", "-V", "-v", "--help", "-h", "version"})
# Deeds whose results others say.
_OF_OTHERS = frozenset(
    {Deed.LOADS_OBJECTS, Deed.RECEIVES, Deed.FROM_HUB, Deed.DECODES, Deed.FETCHES, Deed.SENDS, Deed.CONNECTS}
)


def is_ordinary_start(node: ast.Call, file: PythonFile) -> bool:
    """Whether whatever a call may start is an ordinary program, or one that its user has."""
    dotted = file.names.dotted(node.func) or ""
    file.starts += 1
    if file.starts > _MOST:
        return False  # As many no file has, and each takes its time.
    if dotted.split(".")[0] in _NAME_PROGRAMS or not _is_plain(node.func, dotted):
        return False
    sought = _Sought(file)
    told = [it.value for it in node.keywords if it.arg in {"args", "cmd", "command", "executable", None}]
    # What `spawn` is told first is how.
    first = dotted.startswith(("os.spawn", "posix.spawn", "nt.spawn"))
    given = [*node.args[first : first + 1], *told]
    commands = [command for argument in given for command in sought.commands(argument)]
    if dotted == "webbrowser.open":
        return not any("://" in command and "…" not in command and is_strange(command) for command in commands)
    if {*sought.strange} <= {_TOO_DEEP} and all(asks_a_tool(it) or ordinary_command(it) for it in commands):
        return True
    return not sought.strange and all(_is_users(command) for command in commands)


def asks_a_tool(command: str | None) -> bool:
    """Whether a program of everybody, wherever it lies, is asked for its version."""
    program, *asked = (command or "").split() or [""]
    if not asked or not set(asked) <= _ASKS or not program.startswith(("…", "/usr/")):
        return False
    tool = program.rpartition("/")[2]
    return tool == "…" or ordinary_command(f"{tool} --version")


def _is_plain(function: ast.expr, dotted: str) -> bool:
    """Whether a function is called by its own name. What comes to it in another way hides what it does."""
    name = dotted.rpartition(".")[2]
    if isinstance(function, ast.Name):
        return function.id == name
    if not isinstance(function, ast.Attribute) or function.attr != name:
        return False
    return all(isinstance(it, ast.Attribute | ast.Name | ast.Load) for it in ast.walk(function.value))


def _is_users(command: str) -> bool:
    """`…` stands for what its user says; what a shell is told beside it has to be ordinary."""
    words = command.split()
    if not words:
        return False
    if words[0].strip("\"'").startswith("…") or (len(words) > 1 and set(words[1:]) <= _ASKS):
        return _is_plain_shell(command)
    if words[0].rsplit("/", 1)[-1] in _SHELLS and len(words) > 1:
        options = [word for word in words[1:] if word.startswith("-")]
        return not options and not _ODD_PLACE.match(words[1]) and _is_plain_shell(command)
    return ordinary_command(command)


def _is_plain_shell(command: str) -> bool:
    return not any(sign in command for sign in ("|", ";", "&", "`", "$(", "\n")) or ordinary_command(
        command.replace("…", "ls")
    )


@dataclass(slots=True)
class _Sought:
    """`strange`: what is out of the ordinary about a name that is not written out."""

    file: PythonFile
    strange: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def commands(self, node: ast.expr, depth: int = 0) -> Iterator[str]:
        """The commands that an expression may stand for."""
        if depth > _DEEPEST or len(self.seen) > _MOST:
            self.strange.append(_TOO_DEEP)
            return
        file, depth = self.file, depth + 1
        if isinstance(node, ast.Name | ast.Attribute) and file.names.dotted(node) == "sys.executable":
            yield "python"
            return
        match node:
            case ast.List(elts=[first, *rest]) | ast.Tuple(elts=[first, *rest]):
                # No shell reads what comes after a program, unless it is one itself.
                words = [(file.names.text(word) or "…") for word in rest[:20]]
                words = [word if _PLAIN_WORD.fullmatch(word) else "…" for word in words]
                for command in self.commands(first, depth):
                    program = command.split()[0] if command.split() and isinstance(first, ast.Constant) else command
                    yield " ".join([program, *words])
            case ast.Starred(value=value) | ast.Await(value=value) | ast.NamedExpr(value=value):
                yield from self.commands(value, depth)
            case ast.Name() | ast.Attribute(value=ast.Name(id="self" | "cls")):
                yield from self._named(node, depth)
            case ast.IfExp(body=body, orelse=other):
                yield from self.commands(body, depth)
                yield from self.commands(other, depth)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self.commands(value, depth)
            case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
                after = "" if isinstance(left, ast.List) else (file.names.text(right) or "…")
                for command in self.commands(left, depth):
                    yield command + after
            case ast.BinOp(left=left, op=ast.Div()):
                yield from self._path(node, left, depth)
            case ast.JoinedStr(values=[first, *rest]):
                after = "".join(str(it.value) if isinstance(it, ast.Constant) else "…" for it in rest)
                for command in self.commands(first, depth):
                    yield command + after
            case ast.FormattedValue(value=value):
                yield from self.commands(value, depth)
            case ast.Subscript(value=value, slice=ast.Slice()):
                yield from self.commands(value, depth)
            case ast.Dict(values=values):
                yield from self._each(values, depth)
            case ast.Call():
                yield from self._called(node, depth)
            case ast.Constant(value=None | True | False | ""):
                pass
            case _:
                text = file.names.text(node)
                yield _FIELD.sub("…", text) if text is not None else self._unwritten(node)

    def _named(self, node: ast.Name | ast.Attribute, depth: int) -> Iterator[str]:
        names = self.file.names
        looped = names.looped.get(node.id) if isinstance(node, ast.Name) else None
        values = looped or self.file.values_of(node)
        if not values:
            text = names.text(node)
            yield text if text is not None else self._unwritten(node)
        yield from self._each(values, depth)

    def _each(self, values: list[ast.expr], depth: int) -> Iterator[str]:
        if len(values) > _MOST:
            self.strange.append("is one of too many")
        for value in values[:_MOST]:
            if id(value) not in self.seen:
                self.seen.add(id(value))
                yield from self.commands(value, depth)

    def _path(self, node: ast.expr, first: ast.expr, depth: int) -> Iterator[str]:
        """The program that lies at the end of a path."""
        path = path_of(node, self.file.names)
        if path.startswith("…"):
            list(self.commands(first, depth))
        if DATA_FILE.search(path):
            self.strange.append("is a file of data")
        yield path

    def _called(self, node: ast.Call, depth: int) -> Iterator[str]:
        names = self.file.names
        text = names.text(node)
        dotted = names.dotted(node.func) or ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if text is not None:
            yield text
        elif variable_read(node, names):
            yield "…"
            for default in node.args[1:2]:
                yield from self.commands(default, depth)
        elif dotted == "os.path.join" and node.args:
            yield from self._path(node, node.args[0], depth)
        elif method == "joinpath" and owner is not None:
            yield from self._path(node, owner, depth)
        elif (dotted in _PASSES and node.args) or (method == "join" and node.args and isinstance(owner, ast.Constant)):
            yield from self.commands(node.args[0], depth)
        elif f"*.{method}" in _PASSES and owner is not None and (method != "decode" or _is_encoding(node)):
            yield from self.commands(owner, depth)
        elif values := self.file.values_of(node.func):
            yield from self._each(values, depth)
        elif deed_of(dotted) is Deed.RUNS_PROGRAM or dotted == "shutil.which":
            # What `which nvcc` says.
            yield "…"
        else:
            yield self._unwritten(node)

    def _unwritten(self, node: ast.expr) -> str:
        """`…`; remembers what is strange about it."""
        names, outside, waiting, walked, followed = self.file.names, False, [node], 0, set[int]()
        while waiting and walked < _MOST:
            for inner in islice(ast.walk(waiting.pop()), _MOST):
                walked += 1
                match inner:
                    case ast.BinOp(op=ast.BitXor()):
                        self.strange.append("is turned letter by letter")
                    case ast.Call():
                        dotted = names.dotted(inner.func) or "?"
                        named = {dotted, f"*.{dotted.rpartition('.')[2]}"}
                        if deed_of(dotted) in _OF_OTHERS or named & _READS_DATA:
                            self.strange.append(f"{dotted}() says it")
                        elif "*.decode" in named and not _is_encoding(inner):
                            self.strange.append("a model may say it")
                        elif named & _TURNS:
                            self.strange.append(f"{dotted}() puts it together")
                    case ast.Attribute(attr=said) | ast.Name(id=said) if said in _SENT:
                        self.strange.append(f"{said} says it")
                    case ast.Name(id=name):
                        values = self.file.values_of(inner)
                        waiting += [it for it in values if id(it) not in followed]
                        followed.update(map(id, values))
                        outside |= not values and _is_from_outside(name, names)
        if self.file.serves:
            self.strange.append("others may say it")
        if not outside:
            self.strange.append("nothing but the file itself says it")
        return "…"


def _is_from_outside(name: str, names: Names) -> bool:
    """Whether it is a parameter, a global of which nothing is known, or of a module that does not only change texts."""
    module = names.aliases.get(name, "").split(".")[0]
    return module not in _CHANGES_TEXTS if module else name not in names.constants and not hasattr(builtins, name)


def _is_encoding(node: ast.Call) -> bool:
    """What `decode` is told: that of a tokenizer is told what to decode."""
    return all(isinstance(it, ast.Constant) for it in node.args)


def serves(names: Names) -> bool:
    """Whether a file takes requests of others."""
    return any(dotted[:end] in _SERVES for dotted in names.aliases.values() for end in (len(dotted), *_dots(dotted)))


def _dots(dotted: str) -> list[int]:
    return [at for at, letter in enumerate(dotted) if letter == "."]
