"""What Python does to all that somebody has: a home, or a whole disk, listed and then deleted, rewritten or sent away."""

import ast
from collections.abc import Iterator

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.paths import PARTS, WHOLE
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.python_flow import Found, PythonFile, opens_to_write, path_of, text_given
from budmodel_scanner.texts.python_names import Names
from budmodel_scanner.verdict import Verdict

_MAX_DEPTH = 12
_STEPS_OF_CALL, _MOST_GIVEN = 3, 8
_VARIABLES = {"HOME", "USERPROFILE", "HOMEPATH", "SYSTEMDRIVE"}
_SAME = {
    "os.path.expanduser",
    "os.path.abspath",
    "os.path.realpath",
    "os.path.expandvars",
    "str",
    "os.fspath",
    "pathlib.Path",
    "glob.escape",
}
_SAME_OF_OWNER = {"expanduser", "resolve", "absolute", "as_posix"}
_LISTS = {"os.walk", "os.listdir", "os.scandir", "os.fwalk", "glob.glob", "glob.iglob"}
_LISTS_OF_OWNER = {"rglob", "glob", "iterdir", "walk"}
_DELETES = {"os.remove", "os.unlink", "os.rmdir", "os.removedirs", "shutil.rmtree", "os.truncate", "os.chmod"}
_DELETES_OF_OWNER = {"unlink", "rmdir"}
_ENCRYPTS = expression(r"(?i)^(?:encrypt\w*|update|write_bytes|finalize)$")


def is_whole(node: ast.expr | None, names: Names, depth: int = 0) -> bool:
    """Whether an expression is the home of somebody, or all of a disk, or every file of either."""
    if node is None or depth > _MAX_DEPTH:
        return False
    depth += 1
    match node:
        case ast.Constant(value=str() as text):
            return WHOLE.fullmatch(text) is not None
        case ast.Name(id=name) if name in names.constants:
            return is_whole(names.constants[name], names, depth)
        case ast.Name(id=name) if name in names.looped or name in names.given:
            # A few steps through a few calls: functions that call each other would be gone through again and again.
            told = [*names.looped.get(name, ()), *names.given.get(name, ())][:_MOST_GIVEN]
            return any(is_whole(value, names, depth + _STEPS_OF_CALL) for value in told)
        case ast.Attribute(attr="parent") | ast.Subscript(value=ast.Attribute(attr="parents")):
            return _above(node, names) in {"~", "/", "/home"}
        case ast.Subscript(value=owner, slice=name) if names.dotted(owner) == "os.environ":
            return names.text(name) in _VARIABLES
        case ast.BinOp(left=left, op=ast.Add() | ast.Div(), right=right):
            return is_whole(left, names, depth) and _leaves_whole(right, names)
        case ast.JoinedStr(values=[ast.FormattedValue(value=first), *rest]):
            return is_whole(first, names, depth) and all(_leaves_whole(part, names) for part in rest)
        case ast.Call(func=function, args=arguments):
            dotted = names.dotted(function) or ""
            if dotted == "pathlib.Path.home":
                return True
            if dotted in {"os.getenv", "os.environ.get"} and arguments:
                return names.text(arguments[0]) in _VARIABLES
            if dotted in {*_SAME, "os.path.join"} and arguments:
                return is_whole(arguments[0], names, depth) and all(_leaves_whole(part, names) for part in arguments[1:])
            if isinstance(function, ast.Attribute) and function.attr in {*_SAME_OF_OWNER, "joinpath"}:
                return is_whole(function.value, names, depth) and all(_leaves_whole(part, names) for part in arguments)
    return False


def _above(node: ast.expr, names: Names) -> str:
    """The folder that `.parent` and `.parents[2]` of a path lead to, as far as it is written out."""
    match node:
        case ast.Name(id=name) if name in names.constants:
            return _above(names.constants[name], names)
        case ast.Attribute(value=owner, attr="parent"):
            return _above(owner, names).rpartition("/")[0]
        case ast.Subscript(value=ast.Attribute(value=owner, attr="parents"), slice=ast.Constant(value=int() as up)) if (
            up >= 0
        ):
            return "/".join(_above(owner, names).split("/")[: -up - 1])
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in _SAME_OF_OWNER:
            return _above(owner, names)
        case ast.Call(args=[first]) if names.dotted(node.func) in _SAME:
            return _above(first, names)
    return path_of(node, names)


def _leaves_whole(node: ast.expr, names: Names) -> bool:
    if isinstance(node, ast.Name) and (folders := names.looped.get(node.id)):
        return all(_leaves_whole(folder, names) for folder in folders)
    text = names.text(node)
    return text is not None and PARTS.fullmatch(text) is not None


_UNPACKS = expression(r"(?:^|\.)(?:extractall|unpack_archive)$")


def examine_whole(node: ast.Call, dotted: str, names: Names) -> Iterator[Found]:
    """A home or a disk that is deleted, or that an archive is unpacked over."""
    if dotted == "shutil.rmtree" and node.args and is_whole(node.args[0], names):
        yield "python.destroys", Verdict.MALICIOUS, f"deletes {ast.unparse(node.args[0])[:200]}", node.lineno
    given = [*node.args, *(keyword.value for keyword in node.keywords)] if _UNPACKS.search(dotted) else []
    if any(is_whole(it, names) for it in given):
        yield "python.overwrites", Verdict.SUSPICIOUS, f"{dotted}() over the files of whoever runs it", node.lineno


def examine_places(scope: list[ast.AST], file: PythonFile) -> Iterator[Found]:
    """`scope`: the nodes of a function, or of a file."""
    calls = [node for node in scope if isinstance(node, ast.Call)]
    listed = next((node for node in calls if _lists_all(node, file)), None)
    if listed is None:
        return
    each = _each_of(listed, scope)
    for node in calls:
        dotted, attribute = file.names.dotted(node.func) or "", getattr(node.func, "attr", "")
        written = node.args[:1] if dotted == "open" and opens_to_write(node, file) else []
        written += [node.func.value] if isinstance(node.func, ast.Attribute) and attribute in _REWRITES else []
        if any(isinstance(it, ast.Name) and it.id in each for path in written for it in ast.walk(path)):
            what = f"rewrites each of {ast.unparse(listed)[:100]}"
            yield "python.destroys", Verdict.SUSPICIOUS, what, node.lineno
            return
        if dotted in _DELETES or (attribute in _DELETES_OF_OWNER and not node.args):
            does = "deletes"
        elif _ENCRYPTS.match(attribute) or (dotted == "open" and opens_to_write(node, file)):
            does = "rewrites"
        elif deed_of(dotted) is Deed.SENDS or attribute in {"storbinary", "upload_file", "put_object", "sendall"}:
            does = "sends"
        else:
            continue
        if (
            does == "rewrites"
            and "+" not in "".join(text_given(mode, file) for mode in node.args[1:2])
            and not any(_ENCRYPTS.match(getattr(other.func, "attr", "")) or _reads(other, file) for other in calls)
        ):
            continue
        what = f"{does} what it finds in {ast.unparse(listed)[:100]}"
        yield "python.destroys", Verdict.SUSPICIOUS, what, node.lineno
        return


_REWRITES = {"write_text", "write_bytes"}


def _each_of(listed: ast.Call, scope: list[ast.AST]) -> set[str]:
    """The names that stand for one file after another of a listing."""
    found: set[str] = set()
    lists = {ast.unparse(listed)}
    for node in scope:
        if not isinstance(node, ast.For | ast.comprehension) or not lists & {
            ast.unparse(it) for it in ast.walk(node.iter) if isinstance(it, ast.Call | ast.Name)
        }:
            continue
        match node.target:
            case ast.Name(id=name):
                found.add(name)
            case ast.Tuple(elts=[_, _, ast.Name(id=files)]):
                # `for folder, folders, files in os.walk(...)`
                lists.add(files)
    return found


_ENDS = {"kill", "terminate", "send_signal", "suspend"}
_OTHER_THAN_ONESELF = expression(r"getpid|isdigit|isnumeric")


def examine_killing(node: ast.AST, file: PythonFile) -> Iterator[Found]:
    """Every program of whoever runs it, ended: processes gone through, and no word about which of them."""
    match node:
        case ast.For(iter=processes, body=body):
            within = [inner for statement in body for inner in ast.walk(statement)]
        case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
            processes, within = node.generators[0].iter, list(ast.walk(node))
        case _:
            return
    if not isinstance(processes, ast.Call) or not _lists_processes(processes, file):
        return
    tests: list[ast.AST] = [inner for inner in within if isinstance(inner, ast.Compare | ast.If | ast.IfExp | ast.Match)]
    if not isinstance(node, ast.For):
        tests += node.generators[0].ifs
    asked = [inner.test if isinstance(inner, ast.If | ast.IfExp) else inner for inner in tests]
    for call in (inner for inner in within if isinstance(inner, ast.Call)):
        dotted = file.names.dotted(call.func) or ""
        if (dotted == "os.kill" or (isinstance(call.func, ast.Attribute) and call.func.attr in _ENDS)) and all(
            _OTHER_THAN_ONESELF.search(ast.unparse(test)[:500]) for test in asked
        ):
            yield "python.destroys", Verdict.SUSPICIOUS, "ends every program of whoever runs it", call.lineno
            return


def _lists_processes(node: ast.Call, file: PythonFile) -> bool:
    dotted = file.names.dotted(node.func)
    listed = dotted in _LISTS and bool(node.args) and (file.names.text(node.args[0]) or "").rstrip("/*[0-9]") == "/proc"
    return listed or dotted in {"psutil.process_iter", "psutil.pids"}


def _reads(node: ast.Call, file: PythonFile) -> bool:
    return file.names.dotted(node.func) == "open" and "rb" in ast.unparse(node)


def _lists_all(node: ast.Call, file: PythonFile) -> bool:
    if file.names.dotted(node.func) in _LISTS:
        return bool(node.args) and is_whole(node.args[0], file.names)
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr in _LISTS_OF_OWNER
        and is_whole(node.func.value, file.names)
        and all(_leaves_whole(argument, file.names) for argument in node.args)
    )
