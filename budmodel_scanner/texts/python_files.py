"""What Python loads as code from files and from other repositories, and what it writes for others to run."""

import ast
import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.python_flow import FETCHED, NETWORK, Found, PythonFile, opens_to_write
from budmodel_scanner.texts.requirements import examine_requirement
from budmodel_scanner.verdict import Verdict
from budmodel_scanner.word_lists import sections

_HUB_OWNERS = sections(__package__, "known/python.txt")["owners of the hub"]
# Where nobody keeps code that is meant to be found.
_ODD_PLACE = expression(
    r"(?i)^(?:/tmp|/dev/shm|/var/tmp|[a-z]:\\(?:windows\\)?temp|\\\\)|\.(?!pyi?$|so$|pyd$|egg$)\w{2,11}$"
)


def examine_loading(node: ast.Call, dotted: str, origins: set[str], eager: bool, file: PythonFile) -> Iterator[Found]:
    """A call that imports or runs a file."""
    when = "when imported" if eager else "when called"
    is_path = dotted.startswith("sys.path.")
    # What a module is to be called goes before its file.
    named = dotted.endswith(("FileLoader", "spec_from_file_location"))
    paths = [*node.args[named:], *(it.value for it in node.keywords if it.arg in {"path", "location"})]
    told = [text for argument in paths if (text := file.names.text(argument)) and _ODD_PLACE.search(text)]
    if not is_path:
        told += [text for argument in paths for text in _texts_within(argument, file) if DATA_FILE.search(text)]
    odd = [text for text in told if not is_path or DATA_FILE.search(text) or text.startswith("\\")]
    if origins & (NETWORK | {Deed.DECODES, Deed.FROM_HUB, FETCHED}):
        yield "python.loads-file", Verdict.SUSPICIOUS, f"{dotted}() of what was fetched or decoded, {when}", node.lineno
    elif odd or dotted in _STRANGE_LOADERS or (eager and not file.is_script and dotted.endswith("spec_from_file_location")):
        yield "python.loads-file", Verdict.SUSPICIOUS, f"{dotted}() of {(odd or ['a file'])[0][:80]!r}, {when}", node.lineno


def _texts_within(node: ast.expr, file: PythonFile) -> Iterator[str]:
    """The texts of a path that is put together, also by what a parameter stands for."""
    for inner in ast.walk(node):
        values = [inner, *file.names.given.get(inner.id, ())] if isinstance(inner, ast.Name) else [inner]
        for value in values:
            if isinstance(value, ast.Constant | ast.Name) and (text := file.names.text(value)):
                yield text


_LONGEST = 300
_STRANGE_LOADERS = frozenset({"sys.path_hooks.append", "sys.path_hooks.insert"})


_GIVES_CODE = frozenset({"get_data", "get_source", "get_code", "source_to_code"})


def _names_data(text: str) -> bool:
    """A file of data, or the end of its name; modules have names like `pkg.log`, too."""
    return len(text) < _LONGEST and DATA_FILE.search(text) is not None and ("/" in text or text.count(".") == 1)


def examine_importer(made: ast.ClassDef, nodes: list[ast.AST], file: PythonFile) -> Iterator[Found]:
    """A loader of modules that takes their code out of data, or from the network."""
    gives = any(isinstance(it, ast.FunctionDef) and it.name in _GIVES_CODE for it in made.body)
    if not gives or not any((file.names.dotted(base) or "").startswith("importlib.") for base in made.bases):
        return
    deeds = {deed_of(file.names.dotted(it.func)) for it in ast.walk(made) if isinstance(it, ast.Call)}
    prose = {id(it.value) for it in nodes if isinstance(it, ast.Expr)}
    texts = (it.value for it in nodes if isinstance(it, ast.Constant) and id(it) not in prose)
    data = next((it for it in texts if isinstance(it, str) and _names_data(it)), None)
    if data is not None or deeds & {*NETWORK, Deed.DECODES}:
        what = (
            f"{made.name} makes modules of {data!r}" if data else f"{made.name} makes modules of what it fetches or decodes"
        )
        yield "python.loads-file", Verdict.SUSPICIOUS, what, made.lineno


def examine_files(node: ast.Call, dotted: str | None, eager: bool, file: PythonFile) -> Iterator[Found]:
    """Modules from elsewhere, and files that Python itself will run."""
    yield from _writes_fetched(node, file)
    if dotted == "torch.hub.load" and node.args:
        repository = file.names.text(node.args[0])
        here = any(keyword.arg == "source" and file.names.text(keyword.value) == "local" for keyword in node.keywords)
        unknown = not here and (repository or "").split("/")[0] not in _HUB_OWNERS
        if unknown or (eager and not file.is_script):
            yield "python.hub-code", Verdict.SUSPICIOUS, f"runs code of {repository or 'another repository'}", node.lineno
    for option in node.keywords:
        if (option.arg or "").startswith("allow_unsafe_") and getattr(option.value, "value", False) is True:
            yield "python.trusts-files", Verdict.SUSPICIOUS, f"{dotted}() with {option.arg}", node.lineno
    if dotted in {"setuptools.setup", "distutils.core.setup", "setup"}:
        yield from _requires(node, file)
    if isinstance(node.func, ast.Attribute) and node.args and (text := file.names.text(node.args[0])) is not None:
        if node.func.attr in {"execute", "executescript", "executemany", "sql", "query"}:
            for finding in judge(Leaf(LeafKind.QUERY, text), Place("")):
                yield finding.rule, finding.verdict, finding.what, node.lineno
        elif node.func.attr == "load_extension" and re.search(r"[/\\]|\.(?:so|dll|dylib)$", text):
            yield "query.runs-code", Verdict.SUSPICIOUS, f"loads native code into SQLite: {text[:80]!r}", node.lineno
    written = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr.startswith("write_") else None
    if dotted in {"open", "io.open"} and node.args and opens_to_write(node, file):
        written = node.args[0]
    if dotted in _PUTS and len(node.args) > 1:
        written = node.args[1]
    if written is not None:
        inner = [inner for inner in ast.walk(written) if isinstance(inner, ast.Name) and inner.id in file.names.constants]
        target = " ".join(ast.unparse(part)[:300] for part in (written, *(file.names.constants[it.id] for it in inner)))
        if re.search(r"getsitepackages|getusersitepackages|USER_SITE|purelib", target):
            yield "python.persistence", Verdict.MALICIOUS, f"writes {target[:80]}, which Python runs later", node.lineno


# What something else runs later.
_CODE_FILE = expression(r"\.(?:pyc?|so|dll|exe|sh|bash|bat|cmd|ps1|pth|js|jar|whl|service|desktop)$")


def _writes_fetched(node: ast.Call, file: PythonFile) -> Iterator[Found]:
    """A program that is fetched, or decoded, into a file."""
    if (
        not isinstance(node.func, ast.Attribute)
        or node.func.attr not in {"write", "write_text", "write_bytes"}
        or not node.args
    ):
        return
    made = file.flow.origins(node.args[0]) & {*NETWORK, Deed.DECODES}
    owner = node.func.value
    bound = (file.names.constants.get(name.id) for name in ast.walk(owner) if isinstance(name, ast.Name))
    holders = [owner, *filter(None, bound)]
    for inner in (inner for holder in holders if made for inner in ast.walk(holder) if isinstance(inner, ast.expr)):
        text = file.names.text(inner) if isinstance(inner, ast.Constant | ast.BinOp | ast.JoinedStr | ast.Name) else None
        if text and _CODE_FILE.search(text):
            yield "python.downloads-program", Verdict.SUSPICIOUS, f"writes {text[-80:]} of what {min(made)}", node.lineno
            return


def _requires(node: ast.Call, file: PythonFile) -> Iterator[Found]:
    """What pip and setuptools fetch for a setup.py, beyond names of packages."""
    for keyword in node.keywords:
        if keyword.arg and re.fullmatch(r"\w*_requires?|dependency_links", keyword.arg):
            for inner in ast.walk(keyword.value):
                text = file.names.text(inner) if isinstance(inner, ast.Constant | ast.JoinedStr) else None
                for finding in examine_requirement(text or "", Place(""), ""):
                    yield finding.rule, finding.verdict, finding.what, node.lineno


_PUTS = frozenset(
    {f"shutil.{name}" for name in ("copy", "copy2", "copyfile", "move")} | {"os.rename", "os.replace", "os.symlink"}
)


def ids_of_written(nodes: list[ast.AST], file: PythonFile) -> set[int]:
    """Ids of the constants that say which file is opened to be written."""
    found: set[int] = set()
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        dotted = file.names.dotted(node.func) or ""
        opens_path = dotted.endswith(".open") and any(
            set(file.names.text(mode) or "") & set("wax") for mode in node.args[:1]
        )
        opens = dotted in {"open", "io.open", "codecs.open"} and opens_to_write(node, file)
        puts = dotted in _PUTS and len(node.args) > 1
        if opens or puts or opens_path or dotted.endswith((".write_text", ".write_bytes", ".symlink_to", ".rename")):
            scope = node.args[1] if puts else node.args[0] if opens and node.args else node.func
            for inner in ast.walk(scope):
                found.add(id(inner))
                if isinstance(inner, ast.Name) and inner.id in file.names.constants:
                    found.update(id(deeper) for deeper in ast.walk(file.names.constants[inner.id]))
    return found


def reads_file(node: ast.expr) -> bool:
    """`open(...).read()` and `path.read_text()`, also compiled: how setup.py takes over a version."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "compile" and node.args:
        node = node.args[0]
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"read", "read_text"}


_BESIDE = expression(r"(?:\./)?(?!\.)[\w/-]+\.py")


def is_beside(node: ast.expr, file: PythonFile) -> bool:
    """Whether the one file that it reads is Python of the repository, which is examined as what an import would run.

    So is one that its user names when starting the program."""
    opened = [
        it.args[0] for it in ast.walk(node) if isinstance(it, ast.Call) and file.names.dotted(it.func) == "open" and it.args
    ]
    if len(opened) == 1 and _is_of_command_line(opened[0], file):
        return True
    texts = [text for inner in ast.walk(node) if isinstance(inner, ast.Constant) and (text := file.names.text(inner))]
    paths = [text for text in texts if not re.fullmatch(r"rb?|exec|utf-?8|<\w+>", text, re.IGNORECASE)]
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    opens = {file.names.dotted(func) or "" for func in calls} & {"open", "io.open", "pathlib.Path"}
    named = len({*paths}) == 1 and _BESIDE.fullmatch(paths[0]) is not None and not paths[0].startswith("/")
    names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} - {
        "open",
        "compile",
        "Path",
        "io",
        "pathlib",
    }
    return bool(opens) and named and not names and paths[0] not in file.fetched


def _is_of_command_line(node: ast.expr, file: PythonFile, steps: int = 4) -> bool:
    """Whether it is one of the words after the name of the program, and nothing else."""
    match node:
        case ast.Attribute() if file.names.dotted(node) == "sys.argv":
            return True
        case ast.Attribute(value=ast.Name() as parsed):
            values = file.values_of(parsed)
            return bool(values) and all(
                isinstance(it, ast.Call) and isinstance(it.func, ast.Attribute) and it.func.attr == "parse_args"
                for it in values
            )
        case ast.Subscript(value=value):
            return steps > 0 and _is_of_command_line(value, file, steps - 1)
        case ast.Name(id=name):
            values = [*file.names.looped.get(name, ()), *file.values_of(node)]
            return steps > 0 and bool(values) and all(_is_of_command_line(it, file, steps - 1) for it in values)
    return False
