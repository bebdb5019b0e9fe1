"""What a syntax tree of Python does, and how much it weighs where it stands."""

import ast
import re
from collections.abc import Iterable, Iterator

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.python_assigned import values_of
from budmodel_scanner.texts.python_bindings import names_of, scope_nodes
from budmodel_scanner.texts.python_calls import examine_call
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.python_detours import examine_detours
from budmodel_scanner.texts.python_files import examine_importer
from budmodel_scanner.texts.python_flow import NETWORK, Found, PythonFile, command_of, flow_of
from budmodel_scanner.texts.python_hidden import examine_hidden, examine_named
from budmodel_scanner.texts.python_leaks import is_stranger
from budmodel_scanner.texts.python_names import Names
from budmodel_scanner.texts.python_places import examine_killing, examine_places
from budmodel_scanner.texts.python_programs import serves
from budmodel_scanner.texts.python_texts import examine_handed_over, examine_texts
from budmodel_scanner.verdict import Verdict

# Imported by loaders, servers, installers or test runners without anybody asking for it.
_IMPORTED = expression(
    r"""(?x)^(?:modeling|configuration|tokenization|processing|image_processing|video_processing|feature_extraction|pipeline|generation
      |custom_\w*|handler|model|__init__|setup|conftest|sitecustomize|usercustomize|inference_handler|preprocess\w*|modelling
      |quantiz\w*|configuring|convert_tokenizer)(?:_[\w.-]*)?\.py$"""
)
_SHELLS = expression(r"(?:^|/)(?:ba|z|da|k|c)?sh$|^cmd(?:\.exe)?$|^powershell")
_WEIGHT_OF_HIDDEN = {Deed.RUNS_PROGRAM: Verdict.MALICIOUS, Deed.RUNS_CODE: Verdict.MALICIOUS}
# Modules whose calls are an attack in combination only.
_COMBINED = frozenset({"socket", "os", "ctypes", "pathlib", "glob", "shutil"})
_LONGEST = 4_000
_REDUCTIONS = frozenset({"__reduce__", "__reduce_ex__", "__setstate__", "__getnewargs__"})


_HANDLERS = frozenset(f"logging.handlers.{it}Handler" for it in ("HTTP", "SMTP", "SysLog", "Socket", "Datagram"))
_PICKLE_ADDRESS = expression(r"(?i)https?://\S+\.(?:pkl|pickle|joblib|dill)(?:\.(?:gz|bz2|xz|zip|zst))?")


def examine_behaviour(tree: ast.Module, file_name: str, *, script: bool | None = None) -> Iterator[Found]:
    """(rule, verdict, what, line) of everything that is out of the ordinary."""
    nodes = list(ast.walk(tree))
    names = names_of(nodes)
    name = file_name.rsplit("/", 1)[-1].lower()
    imported = bool(_IMPORTED.match(name))
    is_script = script if script is not None else not imported
    has_addresses = any(isinstance(node, ast.Constant) and "://" in str(node.value)[:_LONGEST] for node in nodes)
    file = PythonFile(names, flow_of(tree, nodes, names), is_script, name == "setup.py", verdict_of_code, has_addresses)
    file.is_library = name in {"__init__.py", "conftest.py", "setup.py"}
    file.values_of, file.serves = values_of(tree, nodes), serves(names)
    file.logs_away = any(isinstance(node, ast.Attribute | ast.Name) and names.dotted(node) in _HANDLERS for node in nodes)
    file.strange_pickle = any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _PICKLE_ADDRESS.fullmatch(node.value)
        and is_stranger(node.value)
        for node in nodes
    )
    at_import = _import_time(tree, nodes, names)
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    plain = _plain_references(nodes)
    for node in nodes:
        eager = id(node) in at_import
        if isinstance(node, ast.Call):
            yield from examine_call(node, eager, file)
            yield from _handed_by_name(node, file)
        elif isinstance(node, ast.Name | ast.Attribute) and id(node) not in called and id(node) not in plain:
            yield from _reference(node, file)
        yield from examine_hidden(node, file)
        yield from examine_killing(node, file)
        if isinstance(node, ast.FunctionDef) and node.name in _REDUCTIONS:
            yield from _reduction(node, file)
        elif isinstance(node, ast.ClassDef):
            yield from examine_importer(node, nodes, file)
    if any(name.split(".")[0] in _COMBINED for names_of_one in names.aliases.items() for name in names_of_one):
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
                yield from _together(node, file)
                yield from examine_places(list(ast.walk(node)), file)
    if {Deed.READS_KEYS, Deed.SENDS} <= file.deeds:
        yield "python.exfiltration", Verdict.SUSPICIOUS, "sends away what is typed", 1
    yield from examine_named(nodes, file)
    yield from examine_texts(nodes, file)
    yield from examine_detours(nodes, file)
    yield from examine_handed_over(nodes, file)


def verdict_of_code(code: str, names: Names) -> Verdict | None:
    """The worst that a text would do if it were run as Python, None for nothing."""
    try:
        tree = ast.parse(code.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # It could only fail.
        return None
    # What was found of nodes is remembered by their identity, which ends with this tree.
    known = Names(names.aliases, names.constants)
    deeds = [deed_of(known.dotted(node.func)) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [verdict for _, verdict, _, _ in examine_behaviour(tree, "__init__.py", script=False)]
    found += [_WEIGHT_OF_HIDDEN.get(deed, Verdict.SUSPICIOUS) for deed in deeds if deed]
    return max(found, key=lambda verdict: verdict.rank, default=None)


def _import_time(tree: ast.Module, nodes: list[ast.AST], names: Names) -> set[int]:
    """Ids of the nodes that run when the file is imported, through functions and classes of its own that its top calls."""
    bodies = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    found: set[int] = set()
    entered: set[str] = set()
    waiting = [[statement for statement in tree.body if not _is_main_guard(statement)]]
    while waiting:
        for node in scope_nodes(waiting.pop()):
            found.add(id(node))
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
            if called is None or called not in bodies or called in entered or called in names.aliases:
                continue
            entered.add(called)
            body = bodies[called]
            if isinstance(body, ast.ClassDef):
                methods = [inner for inner in body.body if isinstance(inner, ast.FunctionDef)]
                waiting.extend(method.body for method in methods if method.name.startswith("__"))
            else:
                waiting.append(body.body)
    return found


def _is_main_guard(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Compare)
        and isinstance(statement.test.left, ast.Name)
        and statement.test.left.id == "__name__"
    )


def _plain_references(nodes: list[ast.AST]) -> set[int]:
    """Mentions that cannot run anything: annotations, what attributes hang on, bases, sides of `isinstance` and `except`."""
    found: set[int] = set()

    def leave_out(node: ast.AST | None) -> None:
        if node is not None:
            found.update(id(inner) for inner in ast.walk(node))

    for node in nodes:
        match node:
            case ast.Attribute():
                found.add(id(node.value))
            case ast.arg() | ast.AnnAssign():
                leave_out(node.annotation)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                leave_out(node.returns)
            case ast.ClassDef():
                for base in node.bases:
                    leave_out(base)
            case ast.ExceptHandler():
                leave_out(node.type)
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass" | "hasattr" | "callable")):
                leave_out(node)
            case ast.Assign(targets=[target], value=ast.Name() | ast.Attribute()) if not _is_of_module(target):
                # Followed as an alias.
                found.add(id(node.value))
            case ast.Compare() | ast.Delete():
                leave_out(node)
    return found


def _is_of_module(target: ast.expr) -> bool:
    """Whether a target is an attribute of something that is not the object of a method."""
    return (
        isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id not in {"self", "cls"}
    )


def _reference(node: ast.Name | ast.Attribute, file: PythonFile) -> Iterator[Found]:
    """A function that runs things, handed over instead of called: `map(os.system, ...)`, `@exec`."""
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        return
    dotted = file.names.dotted(node)
    if dotted in {"subprocess.Popen", "types.FunctionType", "types.CodeType"}:
        return
    if deed_of(dotted) in _WEIGHT_OF_HIDDEN:
        yield "python.hands-over", Verdict.SUSPICIOUS, f"hands {dotted} over to be called elsewhere", node.lineno
    elif dotted == "os.environ":
        file.deeds.add(Deed.READS_ENVIRONMENT)
    elif (deed := deed_of(dotted)) in NETWORK and deed is not None:
        file.deeds.add(deed)


def _handed_by_name(node: ast.Call, file: PythonFile) -> Iterator[Found]:
    """`Lazy(getattr(subprocess, "getoutput"), command)`: one of those functions among what another is given."""
    for given in [*node.args, *(keyword.value for keyword in node.keywords)]:
        if isinstance(given, ast.Call) and len(given.args) == 2 and file.names.dotted(given.func) == "getattr":
            dotted = file.names.dotted(given)
            if deed_of(dotted) in _WEIGHT_OF_HIDDEN:
                yield "python.hands-over", Verdict.SUSPICIOUS, f"hands {dotted} over to be called elsewhere", node.lineno


def _reduction(function: ast.FunctionDef, file: PythonFile) -> Iterator[Found]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.Attribute) and deed_of(file.names.dotted(node)) in _WEIGHT_OF_HIDDEN:
            what = f"{function.name} makes pickles that call {file.names.dotted(node)}"
            yield "python.hostile-reduce", Verdict.MALICIOUS, what, node.lineno
            return


def _together(scope: ast.FunctionDef | ast.AsyncFunctionDef | ast.Module, file: PythonFile) -> Iterator[Found]:
    """Calls that are ordinary one by one and an attack in one scope."""
    nodes = scope_nodes(scope.body) if isinstance(scope, ast.Module) else ast.walk(scope)
    calls = [(file.names.dotted(node.func), node) for node in nodes if isinstance(node, ast.Call)]
    dotted = {name for name, _ in calls if name}
    deeds = {deed for name in dotted if (deed := deed_of(name))}
    line = getattr(scope, "lineno", 1)
    if "socket.socket" in dotted and ("os.dup2" in dotted or "pty.spawn" in dotted or _feeds_shell(calls, file)):
        yield "python.reverse-shell", Verdict.MALICIOUS, "connects a shell to a socket", line
    if "os.chmod" in dotted and Deed.RUNS_PROGRAM in deeds and deeds & {Deed.FETCHES}:
        yield "python.downloads-program", Verdict.MALICIOUS, "fetches a file, makes it executable and runs programs", line
    if Deed.LOADS_LIBRARY in deeds and any(re.search("VirtualAlloc|mprotect|memmove", name) for name in dotted):
        # Copies of numbers are ordinary where nothing makes the memory one of a program.
        runs = any(re.search("VirtualAlloc|mprotect|mmap|CFUNCTYPE|Thread|cast", name) for name in dotted)
        verdict = Verdict.MALICIOUS if runs else Verdict.SUSPICIOUS
        yield "python.shellcode", verdict, "writes machine code into memory and runs it", line


def _feeds_shell(calls: Iterable[tuple[str | None, ast.Call]], file: PythonFile) -> bool:
    starts = [(command_of(call, file) or "").split()[:1] for name, call in calls if deed_of(name) is Deed.RUNS_PROGRAM]
    return any(_SHELLS.search(word) for words in starts for word in words)
