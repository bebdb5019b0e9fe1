"""Detours of Python: names kept apart from their call, functions replaced that others trust, pickles written out, patterns
for the names of private folders, and files by which others find hosts and packages."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.python_files import ids_of_written
from budmodel_scanner.texts.python_flow import NETWORK, Found, PythonFile, text_given
from budmodel_scanner.texts.python_leaks import is_stranger
from budmodel_scanner.verdict import Verdict
from budmodel_scanner.word_lists import sections

_LONGEST, _MOST = 4_000, 400
_CLONES = expression(r"\bclone\b")
_OF_ANYBODY = expression(r"(?:https?://|git@|ssh://)[\w.-]+[/:]…/")
# What a pickle imports, in its first protocol and in later ones, of modules that run, load or connect.
_IMPORTS_IN_PICKLE = expression(
    rb"(?:[ci]|\x8c.)(?:os|posix|nt|subprocess|builtins|__builtin__|pty|runpy|importlib|operator|socket|shutil|webbrowser|ctypes"
    rb"|code|timeit|sys|types|functools|pickle|marshal|urllib[\w.]*|requests)(?:\n|\x94?\x8c)"
)
_ADDRESS = expression(r"[a-z][a-z+]{1,9}://[^\s\"'<>)]{1,300}")
_TRUSTED = sections(__package__, "known/reached.txt")["is trusted with secrets"]
_FINDS_HOSTS, _FINDS_PACKAGES = (one_of("reached", section) for section in ("finds hosts", "finds packages"))
_HIDDEN_PATTERN = expression(r"(?:^|/)(\.[^/]{0,30}[*?\[][^/]{0,30})(?:/|$)")
_PRIVATE_FOLDERS = (".ssh", ".aws", ".gnupg", ".kube", ".docker", ".netrc")
_WITH_PROGRAMS = ("os", "subprocess", "posix", "pty", "builtins", "importlib")
# What is told of everything that a program does.
_WATCHES = frozenset(
    {"sys.addaudithook", *(f"{it}.{name}" for it in ("sys", "threading") for name in ("setprofile", "settrace"))}
)
_RUNS = {Deed.RUNS_CODE, Deed.RUNS_PROGRAM}
_IMPORTS = frozenset({"__import__", "importlib.import_module", "builtins.__import__"})


def examine_detours(nodes: list[ast.AST], file: PythonFile) -> Iterator[Found]:
    strange = any(isinstance(node, ast.Constant) and _is_strange(node.value) for node in nodes)
    texts = [(node, node.value) for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    written = ids_of_written(nodes, file) if any(_NAMES_PLACE.search(text[:_LONGEST]) for _, text in texts) else set()
    for constant, text in texts:
        for what in _place(text[:_LONGEST], written=id(constant) in written, strange=strange):
            yield "python.sensitive-file", Verdict.SUSPICIOUS, what, constant.lineno
    for node in nodes:
        if isinstance(node, ast.Call):
            yield from _call(node, file)
            if taken := _by_name(node, file):
                yield "python.hidden-name", Verdict.SUSPICIOUS, taken, node.lineno
            if strange and file.deeds & NETWORK and file.names.dotted(node.func) in _WATCHES:
                what = f"{file.names.dotted(node.func)}() in a file that reaches out to the network"
                yield "python.watches", Verdict.SUSPICIOUS, what, node.lineno
        elif isinstance(node, ast.Attribute | ast.Name) and file.names.dotted(node) == "mmap.PROT_EXEC":
            yield "python.shellcode", Verdict.SUSPICIOUS, "makes memory that is written one of a program", node.lineno
        elif isinstance(node, ast.Assign) and (strange or file.deeds & NETWORK):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and (replaced := file.names.dotted(target)) in _TRUSTED:
                    what = f"replaces {replaced}, in a file that reaches out to the network"
                    yield "python.replaces-function", Verdict.SUSPICIOUS, what, node.lineno
    yield from _clones(nodes, file)
    yield from _unpickles_answers(nodes, file) if strange and file.deeds & NETWORK else ()
    imported = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and file.names.dotted(node.value.func) in _IMPORTS
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    if (call := next((node for node in nodes if _by_kept_names(node, imported, file)), None)) is not None:
        kept = _kept_in(text for _, text in texts[:_MOST])
        for module in kept.intersection(_WITH_PROGRAMS):
            for name in sorted(kept):
                if name.isidentifier() and deed_of(f"{module}.{name}") in _RUNS:
                    what = f"calls what names that it keeps apart say, such as {module}.{name}"
                    yield "python.hidden-name", Verdict.SUSPICIOUS, what, getattr(call, "lineno", 1)
                    return


def _clones(nodes: list[ast.AST], file: PythonFile) -> Iterator[Found]:
    """Code out of a repository of whomever, cloned and then put where modules are found."""
    clones = any(isinstance(node, ast.Constant) and _CLONES.search(str(node.value)[:_LONGEST]) for node in nodes) or any(
        isinstance(node, ast.Attribute) and node.attr == "clone_from" for node in nodes
    )
    of_anybody = clones and any(
        isinstance(node, ast.JoinedStr) and _OF_ANYBODY.search(text_given(node, file)) for node in nodes
    )
    for node in nodes if of_anybody else ():
        if not (isinstance(node, ast.Call) and deed_of(file.names.dotted(node.func)) is Deed.LOADS_CODE):
            continue
        if node.args and file.names.text(node.args[-1]) is None:
            yield "python.loads-file", Verdict.SUSPICIOUS, "loads code of whatever repository it clones", node.lineno
            return


def _unpickles_answers(nodes: list[ast.AST], file: PythonFile) -> Iterator[Found]:
    """`torch.load(fetch(name), weights_only=False)` of a function that fetches."""
    fetching = {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(deed_of(file.names.dotted(it.func)) is Deed.FETCHES for it in ast.walk(node) if isinstance(it, ast.Call))
    }
    for node in nodes if fetching else ():
        if not (isinstance(node, ast.Call) and deed_of(dotted := file.names.dotted(node.func)) is Deed.LOADS_OBJECTS):
            continue
        given = [
            it.func.id
            for part in node.args[:1]
            for it in ast.walk(part)
            if isinstance(it, ast.Call) and isinstance(it.func, ast.Name)
        ]
        if fetching.intersection(given) and (dotted != "torch.load" or is_unguarded(node)):
            yield "python.unpickles", Verdict.SUSPICIOUS, f"{dotted}() of what {given[0]}() fetches", node.lineno
            return


def _by_name(node: ast.Call, file: PythonFile) -> str | None:
    """What is taken by a name: a function of C as a pair with its library, or all that is built in."""
    dotted, first = file.names.dotted(node.func), node.args[0] if node.args else None
    if dotted == "ctypes.CFUNCTYPE()" and isinstance(first, ast.Tuple) and first.elts:
        name = file.names.text(first.elts[0])
        return f"takes the function {name or 'of a computed name'} of C" if name in {None, "system", "popen"} else None
    if dotted == "vars" and first is not None and file.names.dotted(first) in {"builtins", "__builtins__"}:
        return "takes all that is built in, by its names"
    return None


def is_unguarded(node: ast.Call) -> bool:
    """Whether `torch.load` is told to unpickle whatever there is."""
    told = {keyword.arg: getattr(keyword.value, "value", None) for keyword in node.keywords}
    return told.get("weights_only") is False or "pickle_module" in told


def _is_strange(value: object) -> bool:
    return isinstance(value, str) and "://" in value and any(map(is_stranger, _ADDRESS.findall(value[:_LONGEST])))


_NAMES_PLACE = expression(f"{_FINDS_HOSTS.pattern}|{_FINDS_PACKAGES.pattern}")


def _place(text: str, *, written: bool, strange: bool) -> Iterator[str]:
    if written and (_FINDS_HOSTS.search(text) or (strange and _FINDS_PACKAGES.search(text))):
        yield f"writes {text[:60]!r}, by which others find hosts or packages"
    found = _HIDDEN_PATTERN.search(text)
    if found and not fnmatchcase(".zzzz", found[1]) and any(fnmatchcase(name, found[1]) for name in _PRIVATE_FOLDERS):
        yield f"finds private files by {text[:60]!r}"


def _call(node: ast.Call, file: PythonFile) -> Iterator[Found]:
    names = file.names
    dotted = names.dotted(node.func) or ""
    deed = deed_of(dotted)
    if deed is Deed.LOADS_OBJECTS and any(_IMPORTS_IN_PICKLE.search(data) for data in _literal(node, file)):
        yield "python.embedded-pickle", Verdict.SUSPICIOUS, f"{dotted}() of a pickle that is written out", node.lineno
    if dotted.startswith("yaml.unsafe_load") and node.args and names.text(node.args[0]) is None:
        yield "python.trusts-files", Verdict.SUSPICIOUS, f"{dotted}() builds whatever a file tells it to", node.lineno
    if dotted == "functools.partial" and node.args and deed_of(names.dotted(node.args[0])) is Deed.LOADS_OBJECTS:
        trusts = any(it.arg == "weights_only" and getattr(it.value, "value", True) is False for it in node.keywords)
        if trusts and file.deeds & NETWORK:
            yield "python.unpickles", Verdict.SUSPICIOUS, "unpickles unguarded, beside what is fetched", node.lineno
    if isinstance(node.func, ast.Subscript):
        owner, key = ast.unparse(node.func.value)[:200], names.text(node.func.slice)
        if re.fullmatch(rf"(?:vars\((?:{'|'.join(_WITH_PROGRAMS)})\)|(?:{'|'.join(_WITH_PROGRAMS)})\.__dict__)", owner):
            yield "python.hidden-name", Verdict.SUSPICIOUS, f"calls a function of {owner} by its key", node.lineno
        elif key in {"system", "popen"} and "cdll" in owner.lower():
            yield "python.runs-program", Verdict.SUSPICIOUS, f"{key}() of the library of C", node.lineno
    if deed is Deed.RUNS_PROGRAM and "install" in ast.unparse(node)[:_LONGEST]:
        origins = set().union(*(file.flow.origins(argument) for argument in node.args)) if node.args else set()
        if origins & {Deed.FETCHES, Deed.SENDS, Deed.DECODES}:
            yield "python.runs-program", Verdict.SUSPICIOUS, "installs what a fetched or decoded name says", node.lineno


def _literal(node: ast.Call, file: PythonFile) -> Iterator[bytes]:
    for argument in node.args[:1]:
        for inner in ast.walk(argument):
            known = file.names.constants.get(inner.id) if isinstance(inner, ast.Name) else inner
            if isinstance(known, ast.Constant) and isinstance(known.value, bytes | str):
                value = known.value[:_LONGEST]
                yield value if isinstance(value, bytes) else value.encode("utf-8", "replace")


def _by_kept_names(node: ast.AST, imported: set[str], file: PythonFile) -> bool:
    """`getattr(__import__(a), b)(c)`, also in two steps; neither name is written there."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Call) and len(node.func.args) > 1):
        return False
    if file.names.dotted(node.func.func) != "getattr" or isinstance(node.func.args[1], ast.Constant):
        return False
    owner = node.func.args[0]
    if isinstance(owner, ast.Name):
        return owner.id in imported
    return isinstance(owner, ast.Call) and file.names.dotted(owner.func) in _IMPORTS


def _kept_in(texts: Iterable[str]) -> set[str]:
    """Texts of a file, and those within its texts of JSON."""
    kept: set[str] = set()
    for text in texts:
        kept.add(text[:_LONGEST])
        waiting: list[object] = []
        if text[:1] in {"{", "["} and len(text) < _LONGEST:
            with suppress(ValueError, RecursionError):
                waiting.append(json.loads(text))
        while waiting:
            inner = waiting.pop()
            if isinstance(inner, dict | list):
                waiting.extend(inner.values() if isinstance(inner, dict) else inner)
            elif isinstance(inner, str):
                kept.add(inner)
    return kept
