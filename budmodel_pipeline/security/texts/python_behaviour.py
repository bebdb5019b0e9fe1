"""What a syntax tree of Python does, and how much it weighs where it stands."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from budmodel_pipeline.security.texts.python_deeds import (
    DROP_HOST,
    KEY_FILE,
    PERSISTENCE,
    RAW_ADDRESS,
    SENSITIVE_FILE,
    Deed,
    deed_of,
)
from budmodel_pipeline.security.texts.python_flow import Flow, flow_of
from budmodel_pipeline.security.texts.python_names import Names, names_of, scope_nodes
from budmodel_pipeline.security.texts.shell_commands import hostile_command, ordinary_command
from budmodel_pipeline.security.verdict import Verdict

_Found = tuple[str, Verdict, str, int]
_NETWORK = frozenset({Deed.FETCHES, Deed.SENDS, Deed.CONNECTS})
# Imported by loaders, servers, installers or test runners without anybody asking for it.
_IMPORTED = re.compile(
    r"""(?x)^(?:modeling|configuration|tokenization|processing|image_processing|video_processing|feature_extraction|pipeline|generation
      |custom_\w*|handler|model|__init__|setup|conftest|sitecustomize|usercustomize|inference_handler|preprocess\w*|modelling
      |quantiz\w*|configuring|convert_tokenizer)(?:_[\w.-]*)?\.py$"""
)
_MAX_EMBEDDED = 200_000
_LONG_BLOB = re.compile(r"[A-Za-z0-9+/=_\-\s\\x]{200,}")
_SHELLS = re.compile(r"(?:^|/)(?:ba|z|da|k|c)?sh$|^cmd(?:\.exe)?$|^powershell")
# Whose examples load code by torch.hub every day.
_HUB_OWNERS = frozenset(
    {
        "pytorch",
        "facebookresearch",
        "ultralytics",
        "huggingface",
        "nvidia",
        "NVIDIA",
        "snakers4",
        "isl-org",
        "intel-isl",
        "openai",
    }
)
_MANNERS = frozenset({"env", "cwd", "context", "timeout", "verify", "cert", "proxies", "stream", "allow_redirects"})
# Modules whose calls are an attack in combination only.
_COMBINED = frozenset({"socket", "os", "ctypes"})
_DUNDER_CLIMB = frozenset({"__base__", "__bases__", "__mro__", "__class__"})


@dataclass(slots=True)
class _File:
    names: Names
    flow: Flow
    is_script: bool
    is_setup: bool
    deeds: set[Deed] = field(default_factory=set)
    sensitive: list[tuple[str, int]] = field(default_factory=list)


def examine_behaviour(tree: ast.Module, file_name: str, *, script: bool | None = None) -> Iterator[_Found]:
    """(rule, verdict, what, line) of everything that is out of the ordinary."""
    nodes = list(ast.walk(tree))
    names = names_of(nodes)
    name = file_name.rsplit("/", 1)[-1].lower()
    imported = bool(_IMPORTED.match(name))
    file = _File(names, flow_of(tree, nodes, names), script if script is not None else not imported, name == "setup.py")
    at_import = _import_time(tree, nodes, names)
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    plain = _plain_references(nodes)
    for node in nodes:
        eager = id(node) in at_import
        if isinstance(node, ast.Call):
            yield from _call(node, eager, file)
        elif isinstance(node, ast.Name | ast.Attribute) and id(node) not in called and id(node) not in plain:
            yield from _reference(node, file)
        if isinstance(node, ast.Attribute):
            yield from _climb(node, file)
        if isinstance(node, ast.FunctionDef) and node.name in {
            "__reduce__",
            "__reduce_ex__",
            "__setstate__",
            "__getnewargs__",
        }:
            yield from _reduction(node, file)
    if names.aliases.keys() & _COMBINED or any(name.split(".")[0] in _COMBINED for name in names.aliases.values()):
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
                yield from _together(node, file)
    yield from _texts(nodes, file)


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
            case ast.Assign(value=ast.Name() | ast.Attribute()):
                # Followed as an alias.
                found.add(id(node.value))
            case ast.Compare() | ast.Delete():
                leave_out(node)
    return found


def _call(node: ast.Call, eager: bool, file: _File) -> Iterator[_Found]:
    dotted = file.names.dotted(node.func)
    deed = deed_of(dotted)
    if deed is None:
        yield from _indirect(node, dotted, file)
        yield from _loads_code(node, dotted, eager, file)
        return
    file.deeds.add(deed)
    # `env=os.environ`, `timeout=` and the like say how something is done, not with what.
    told = [keyword.value for keyword in node.keywords if keyword.arg not in _MANNERS]
    arguments = [*node.args, *told]
    origins = set().union(*(file.flow.origins(argument) for argument in arguments)) if arguments else set()
    when = "when imported" if eager else "when called"
    line = node.lineno
    match deed:
        case Deed.RUNS_CODE:
            yield from _runs_code(node, dotted or "", origins, when, file)
        case Deed.RUNS_PROGRAM:
            yield from _runs_program(node, dotted or "", origins, eager, file)
        case Deed.LOADS_OBJECTS:
            if Deed.DECODES in origins and any(_blob(argument, file) for argument in arguments):
                yield "python.embedded-pickle", Verdict.MALICIOUS, f"{dotted}() of a text in the file, {when}", line
            elif dotted != "torch.load" and origins & {Deed.DECODES, *_NETWORK}:
                yield "python.unpickles", Verdict.SUSPICIOUS, f"{dotted}() of decoded or fetched bytes, {when}", line
            elif (dotted or "").startswith("marshal.") or (eager and not file.is_script):
                yield "python.unpickles", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
        case Deed.CONNECTS if eager and dotted != "socket.getaddrinfo":
            yield "python.connects", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
        case Deed.FETCHES | Deed.SENDS | Deed.CONNECTS:
            if origins & {Deed.READS_ENVIRONMENT}:
                yield "python.exfiltration", Verdict.MALICIOUS, f"{dotted}() of the whole environment, {when}", line
            elif eager and not file.is_script:
                yield "python.connects", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
        case Deed.LOADS_LIBRARY:
            compiled = "cpp_extension" in (dotted or "")
            if eager or compiled:
                yield "python.native-code", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
        case Deed.DECODES:
            if eager and not file.is_script and any(_blob(argument, file) for argument in arguments):
                yield "python.blob", Verdict.SUSPICIOUS, f"decodes a long text of the file by {dotted}()", line


def _runs_code(node: ast.Call, dotted: str, origins: set[Deed], when: str, file: _File) -> Iterator[_Found]:
    line = node.lineno
    if origins & {Deed.DECODES, Deed.LOADS_OBJECTS, *_NETWORK}:
        yield "python.runs-hidden-code", Verdict.MALICIOUS, f"{dotted}() of decoded or fetched code, {when}", line
        return
    argument = node.args[0] if node.args else None
    if dotted not in {"eval", "exec"} or not isinstance(node.func, ast.Name):
        yield "python.runs-code", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
    code = file.names.text(argument) if argument is not None else None
    if code is not None and len(code) <= _MAX_EMBEDDED:
        worst = _embedded(code, file)
        if worst is not None:
            yield "python.runs-hidden-code", worst, f"{dotted}() of {code[:60]!r}, {when}", line
        elif dotted == "exec" or "(" in code or not isinstance(argument, ast.Constant):
            yield "python.runs-code", Verdict.SUSPICIOUS, f"{dotted}() of {code[:60]!r}, {when}", line
        return
    if file.is_setup and _reads_file(argument):
        return
    yield "python.runs-code", Verdict.SUSPICIOUS, f"{dotted}() of code that is not written out, {when}", line


def _embedded(code: str, file: _File) -> Verdict | None:
    """The worst that a text would do if it were run as Python, None for nothing."""
    try:
        tree = ast.parse(code.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # It could only fail.
        return None
    found = [verdict for _, verdict, _, _ in examine_behaviour(tree, "__init__.py", script=False)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (deed := deed_of(file.names.dotted(node.func))):
            found.append(Verdict.MALICIOUS if deed in {Deed.RUNS_PROGRAM, Deed.RUNS_CODE} else Verdict.SUSPICIOUS)
    return max(found, key=lambda verdict: verdict.rank, default=None)


def _reads_file(node: ast.expr | None) -> bool:
    """`open(...).read()` and `path.read_text()`, also compiled: how setup.py takes over a version."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "compile" and node.args:
        node = node.args[0]
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"read", "read_text"}


def _runs_program(node: ast.Call, dotted: str, origins: set[Deed], eager: bool, file: _File) -> Iterator[_Found]:
    when = "when imported" if eager else "when called"
    line = node.lineno
    command = _command(node, file)
    if command is not None and (what := hostile_command(command)):
        yield "python.hostile-command", Verdict.MALICIOUS, f"{dotted}() {when}: {what}", line
        return
    ordinary = command is not None and ordinary_command(command)
    if not ordinary and origins & {Deed.DECODES, Deed.FETCHES, Deed.SENDS}:
        verdict = Verdict.MALICIOUS if command is None or command.startswith("…") else Verdict.SUSPICIOUS
        yield "python.runs-hidden-program", verdict, f"{dotted}() of something decoded or fetched, {when}", line
    elif not ordinary or (eager and not file.is_script and not file.is_setup):
        # What a loader imports has little reason to start programs, not even ordinary ones while it is imported.
        shown = f" of {command[:80]!r}" if command else ""
        yield "python.runs-program", Verdict.SUSPICIOUS, f"{dotted}(){shown} {when}", line


def _command(node: ast.Call, file: _File) -> str | None:
    """The command as far as it is written out; `…` stands for what is not."""
    candidates = node.args or [keyword.value for keyword in node.keywords if keyword.arg in {"args", "cmd", "command"}]
    # A list is the whole command; texts may be a program and its arguments, as `os.execl` takes them.
    whole = bool(candidates) and isinstance(candidates[0], ast.List | ast.Tuple | ast.BinOp | ast.Name)
    return " ".join(word for candidate in candidates[: 1 if whole else None] for word in _words(candidate, file)) or None


def _words(node: ast.expr, file: _File, depth: int = 0) -> list[str]:
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


def _indirect(node: ast.Call, dotted: str | None, file: _File) -> Iterator[_Found]:
    """Ways to a function that avoid its name, and calls that only matter with certain arguments."""
    names = file.names
    if dotted in {"numpy.load"} and any(
        keyword.arg == "allow_pickle" and getattr(keyword.value, "value", False) is True for keyword in node.keywords
    ):
        file.deeds.add(Deed.LOADS_OBJECTS)
    imports = dotted in {"__import__", "importlib.import_module"} and bool(node.args) and names.text(node.args[0]) is None
    if imports and file.flow.origins(node.args[0]) & {Deed.DECODES, *_NETWORK}:
        what = f"{dotted}() of a decoded or fetched name"
        yield "python.hidden-import", Verdict.SUSPICIOUS, what, node.lineno
    if dotted == "getattr" and len(node.args) >= 2:
        owner = names.dotted(node.args[0])
        name = names.text(node.args[1])
        if name is None and owner in {"os", "subprocess", "builtins", "__builtins__", "posix", "pty", "ctypes", "socket"}:
            yield (
                "python.hidden-name",
                Verdict.SUSPICIOUS,
                f"takes a function of {owner} by a name that is not written out",
                node.lineno,
            )
    if isinstance(node.func, ast.Call) and deed_of(dotted.removesuffix("()") if dotted else None) is Deed.RUNS_CODE:
        yield "python.runs-code", Verdict.SUSPICIOUS, "calls what other code returns", node.lineno
    if dotted == "shutil.rmtree" and node.args:
        target = ast.unparse(node.args[0])[:200]
        if re.search(r"expanduser\(['\"]~/?['\"]\)|Path\.home\(\)$|^['\"](?:/|~|/home|/etc|C:\\\\?)['\"]$", target):
            yield "python.destroys", Verdict.MALICIOUS, f"deletes {target}", node.lineno
    if dotted == "yaml.load" and not any(
        "Safe" in ast.unparse(value)[:80] for value in [*node.args[1:], *(k.value for k in node.keywords)]
    ):
        file.deeds.add(Deed.LOADS_OBJECTS)


def _loads_code(node: ast.Call, dotted: str | None, eager: bool, file: _File) -> Iterator[_Found]:
    """Modules from elsewhere, and files that Python itself will run."""
    if dotted == "torch.hub.load" and node.args:
        repository = file.names.text(node.args[0])
        unknown = repository is not None and repository.split("/")[0] not in _HUB_OWNERS
        if unknown or (eager and not file.is_script):
            yield "python.hub-code", Verdict.SUSPICIOUS, f"runs code of {repository or 'another repository'}", node.lineno
    if dotted == "importlib.util.spec_from_file_location" and eager and not file.is_script:
        yield "python.loads-file", Verdict.SUSPICIOUS, "runs another file as a module when imported", node.lineno
    if dotted == "open" and node.args and _opens_to_write(node, file):
        target = ast.unparse(node.args[0])[:300]
        if re.search(r"getsitepackages|getusersitepackages|USER_SITE|purelib", target):
            yield "python.persistence", Verdict.MALICIOUS, f"writes {target[:80]}, which Python runs later", node.lineno


def _opens_to_write(node: ast.Call, file: _File) -> bool:
    modes = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    return any(set(file.names.text(mode) or "") & set("wax+") for mode in modes)


def _reference(node: ast.Name | ast.Attribute, file: _File) -> Iterator[_Found]:
    """A function that runs things, handed over instead of called: `map(os.system, ...)`, `@exec`."""
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        return
    dotted = file.names.dotted(node)
    if dotted in {"subprocess.Popen", "types.FunctionType", "types.CodeType"}:
        return
    if deed_of(dotted) in {Deed.RUNS_CODE, Deed.RUNS_PROGRAM}:
        yield "python.hands-over", Verdict.SUSPICIOUS, f"hands {dotted} over to be called elsewhere", node.lineno
    elif dotted == "os.environ":
        file.deeds.add(Deed.READS_ENVIRONMENT)


def _climb(node: ast.Attribute, file: _File) -> Iterator[_Found]:
    if node.attr == "__subclasses__" and any(
        isinstance(inner, ast.Attribute) and inner.attr in _DUNDER_CLIMB for inner in ast.walk(node.value)
    ):
        base = file.names.dotted(node.value)
        if base is None or not base.startswith(("self.__class__", "cls.")):
            yield "python.class-climb", Verdict.MALICIOUS, "climbs from an object to every class", node.lineno
    if (
        node.attr in {"__globals__", "__builtins__"}
        and isinstance(node.value, ast.Attribute)
        and node.value.attr.startswith("__")
    ):
        yield "python.class-climb", Verdict.SUSPICIOUS, f"reaches for {node.value.attr}.{node.attr}", node.lineno


def _reduction(function: ast.FunctionDef, file: _File) -> Iterator[_Found]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.Attribute) and deed_of(file.names.dotted(node)) in {
            Deed.RUNS_CODE,
            Deed.RUNS_PROGRAM,
        }:
            what = f"{function.name} makes pickles that call {file.names.dotted(node)}"
            yield "python.hostile-reduce", Verdict.MALICIOUS, what, node.lineno
            return


def _together(scope: ast.FunctionDef | ast.AsyncFunctionDef | ast.Module, file: _File) -> Iterator[_Found]:
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
    if Deed.LOADS_LIBRARY in deeds and any(
        "VirtualAlloc" in name or "mprotect" in name or "memmove" in name for name in dotted
    ):
        yield "python.shellcode", Verdict.MALICIOUS, "writes machine code into memory and runs it", line


def _feeds_shell(calls: Iterable[tuple[str | None, ast.Call]], file: _File) -> bool:
    for name, call in calls:
        if deed_of(name) is Deed.RUNS_PROGRAM:
            words = (_command(call, file) or "").split()
            if words and _SHELLS.search(words[0]):
                return True
    return False


def _blob(node: ast.expr, file: _File) -> bool:
    """Whether a long encoded text of this file is part of an expression."""
    for inner in ast.walk(node):
        value = file.names.constants.get(inner.id) if isinstance(inner, ast.Name) else inner
        text = file.names.text(value) if isinstance(value, ast.Constant | ast.BinOp | ast.JoinedStr) else None
        if text is not None and (len(text) >= 200 and _LONG_BLOB.match(text)):
            return True
        if isinstance(inner, ast.Call) and deed_of(file.names.dotted(inner.func)) is Deed.DECODES and inner.args:
            encoded = file.names.text(inner.args[0])
            if encoded is not None and len(encoded) >= 16:
                return True
    return False


def _texts(nodes: list[ast.AST], file: _File) -> Iterator[_Found]:
    """Paths and addresses in constants, docstrings left out."""
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    reaches_out = bool(file.deeds & _NETWORK)
    acts = reaches_out or Deed.RUNS_PROGRAM in file.deeds
    writes = _writes(nodes, file)
    for node in nodes:
        if not isinstance(node, ast.Constant) or id(node) in prose or not isinstance(node.value, str | bytes):
            continue
        text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if len(text) > 4_000:
            continue
        if found := SENSITIVE_FILE.search(text):
            verdict = Verdict.MALICIOUS if reaches_out and KEY_FILE.search(text) else Verdict.SUSPICIOUS
            what = f"reads {found[0]}" + (" and reaches out to the network" if reaches_out else "")
            yield "python.sensitive-file", verdict, what, node.lineno
        elif (found := PERSISTENCE.search(text)) and (acts or writes):
            verdict = Verdict.MALICIOUS if id(node) in writes else Verdict.SUSPICIOUS
            yield "python.persistence", verdict, f"touches {found[0]}", node.lineno
        elif (found := DROP_HOST.search(text) or RAW_ADDRESS.search(text)) and reaches_out:
            yield "python.drop-address", Verdict.SUSPICIOUS, f"reaches out to {found[0]}", node.lineno


def _writes(nodes: list[ast.AST], file: _File) -> set[int]:
    """Ids of the constants that say which file is opened to be written."""
    found: set[int] = set()
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        dotted = file.names.dotted(node.func) or ""
        opens = dotted in {"open", "io.open", "codecs.open"} and _opens_to_write(node, file)
        if opens or dotted.endswith((".write_text", ".write_bytes")):
            scope = node.args[0] if opens and node.args else node.func
            for inner in ast.walk(scope):
                found.add(id(inner))
                if isinstance(inner, ast.Name) and inner.id in file.names.constants:
                    found.update(id(deeper) for deeper in ast.walk(file.names.constants[inner.id]))
    return found
