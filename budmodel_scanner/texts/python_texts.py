"""Texts of a Python file that tell what it reaches for: paths, addresses, variables of the environment."""

import ast
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.python_deeds import DROP_HOST, KEY_FILE, PERSISTENCE, RAW_ADDRESS, SENSITIVE_FILE, Deed
from budmodel_scanner.texts.python_files import ids_of_written
from budmodel_scanner.texts.python_flow import NETWORK, Found, PythonFile, path_of, text_given
from budmodel_scanner.texts.python_leaks import examine_address, is_outward
from budmodel_scanner.texts.shell_commands import hostile_command
from budmodel_scanner.texts.statements import in_words
from budmodel_scanner.verdict import Verdict

_LONGEST = 4_000
_RUNS_EXAMPLES = frozenset({"doctest.testmod", "doctest.run_docstring_examples", "doctest.testfile"})
_EXAMPLE = expression(r"(?m)^[ \t]*(?:>>>|\.\.\.) ?(.*)$")


def examine_texts(nodes: list[ast.AST], file: PythonFile) -> Iterator[Found]:
    """Paths and addresses in constants, docstrings left out."""
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    reaches_out = bool(file.deeds & NETWORK)
    acts = reaches_out or Deed.RUNS_PROGRAM in file.deeds or "winreg" in file.names.aliases.values()
    writes = ids_of_written(nodes, file)
    writes_raw = any(
        isinstance(node, ast.Call) and file.names.dotted(node.func) in {"os.write", "os.pwrite"} for node in nodes
    )
    parts: set[int] = set()
    within_paths: set[int] = set()
    tested = any(isinstance(node, ast.Call) and file.names.dotted(node.func) in _RUNS_EXAMPLES for node in nodes)
    for node in nodes:
        if tested and id(node) in prose and isinstance(node, ast.Constant) and isinstance(node.value, str):
            examples = "\n".join(_EXAMPLE.findall(node.value))
            if examples and (worst := file.verdict_of_code(examples, file.names)):
                yield "python.runs-hidden-code", worst, "runs the examples of its documentation", node.lineno
        for name, value in _set_variables(node, file):
            for finding in judge(Leaf(LeafKind.VARIABLE, value, role=name), Place("")):
                yield finding.rule, finding.verdict, finding.what, getattr(node, "lineno", 1)
        if id(node) in prose and isinstance(node, ast.Constant) and isinstance(node.value, str):
            for finding in judge(Leaf(LeafKind.NOTE, node.value), Place("")):
                yield finding.rule, finding.verdict, finding.what, node.lineno
        for told in _told_agents(node, file):
            for finding in judge(Leaf(LeafKind.ORDERS, told), Place("")):
                yield finding.rule, finding.verdict, finding.what, getattr(node, "lineno", 1)
        if isinstance(node, ast.BinOp | ast.JoinedStr | ast.Call) and id(node) not in parts:
            yield from _composed(node, parts, file)
        if isinstance(node, ast.BinOp | ast.Call) and (path := _path(node, within_paths, file)):
            text = path
        elif not isinstance(node, ast.Constant) or id(node) in prose or not isinstance(node.value, str | bytes):
            continue
        else:
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if len(text) > _LONGEST:
            continue
        if _DEVICE.match(text) and (writes_raw or id(node) in writes):
            yield "python.destroys", Verdict.SUSPICIOUS, f"writes to {text[:40]}", node.lineno
        if "docker.sock" in text and any(isinstance(it, ast.Constant) and it.value in _OPENED for it in nodes):
            yield "python.reaches-out", Verdict.SUSPICIOUS, "asks for a container that is open to the machine", node.lineno
        if found := _REACHED.search(text):
            yield "python.reaches-out", Verdict.SUSPICIOUS, f"names {found[0][:60]}", node.lineno
        if Deed.LETS_IN in file.deeds and text.startswith("tcp://") and is_outward(text):
            yield "python.lets-others-in", Verdict.SUSPICIOUS, f"unpickles what reaches it at {text[:60]}", node.lineno
        if found := SENSITIVE_FILE.search(text):
            verdict = Verdict.MALICIOUS if reaches_out and KEY_FILE.search(text) else Verdict.SUSPICIOUS
            what = f"reads {found[0]}" + (" and reaches out to the network" if reaches_out else "")
            yield "python.sensitive-file", verdict, what, node.lineno
        elif (found := PERSISTENCE.search(text)) and (acts or writes):
            verdict = Verdict.MALICIOUS if id(node) in writes else Verdict.SUSPICIOUS
            yield "python.persistence", verdict, f"touches {found[0]}", node.lineno
        elif (found := DROP_HOST.search(text) or RAW_ADDRESS.search(text)) and reaches_out:
            yield "python.drop-address", Verdict.SUSPICIOUS, f"reaches out to {found[0]}", node.lineno


def _told_agents(node: ast.AST, file: PythonFile) -> Iterator[str]:
    """What models are told: what a tool says of itself, and texts whose names say that they are for them."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() if any(map(_is_tool, node.decorator_list)):
            yield ast.get_docstring(node) or ""
        case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.keyword(arg=str() as name, value=value) if (
            _TELLS_AGENTS.fullmatch(name)
        ):
            yield file.names.text(value) or ""


def _is_tool(decorator: ast.expr) -> bool:
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")) in {
        "tool",
        "prompt",
        "function_tool",
    }


_TELLS_AGENTS = expression(r"(?i)(?:\w+_)?(?:system|instructions?|prompt|persona)(?:_(?:prompt|message|template|text))?")


def _path(node: ast.BinOp | ast.Call, within: set[int], file: PythonFile) -> str | None:
    """A path of several pieces; `within` are pieces of those that were looked at."""
    joins = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"join", "joinpath"}
    if id(node) in within or not (joins or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))):
        return None
    within.update(id(inner) for inner in ast.walk(node))
    path = path_of(node, file.names)
    return path if "/" in path else None


_DEVICE = expression(r"/dev/(?:sd|nvme|vd|hd|xvd|mmcblk|r?disk\d|mapper/|dm-)")
# What such a container is given, as Docker is told.
_OPENED = frozenset({"Privileged", "Binds", "PidMode"})
# Ways out of a container, and settings by which Git runs a program.
_REACHED = one_of("reached", "ways out of boxes")


def _composed(node: ast.BinOp | ast.JoinedStr | ast.Call, parts: set[int], file: PythonFile) -> Iterator[Found]:
    """A text in pieces; `parts` are those of texts that were looked at."""
    is_format = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    if isinstance(node, ast.Call) and not is_format:
        return
    within = list(ast.walk(node))
    parts.update(id(inner) for inner in within if isinstance(inner, ast.BinOp | ast.JoinedStr | ast.Call))
    told = [inner.value for inner in within if isinstance(inner, ast.Constant) and isinstance(inner.value, str)]
    told += [text for inner in within if isinstance(inner, ast.Name) and (text := file.names.text(inner)) is not None]
    if any("://" in text for text in told):
        yield from examine_address(node, file)
    if len(told) > 1 and (found := _REACHED.search(text_given(node, file))):
        yield "python.reaches-out", Verdict.SUSPICIOUS, f"names {found[0][:60]}", node.lineno


def _set_variables(node: ast.AST, file: PythonFile) -> Iterator[tuple[str, str]]:
    """Variables of the environment that a statement sets; a value that is not written out is `…`."""
    match node:
        case ast.Assign(targets=[ast.Subscript(value=owner, slice=name)], value=value):
            sets = file.names.dotted(owner) == "os.environ"
        case ast.Dict(keys=names, values=values):
            told = zip(names, values, strict=True)
            yield from (
                (str(key.value), file.names.text(set_to) or "…") for key, set_to in told if isinstance(key, ast.Constant)
            )
            return
        case ast.keyword(arg=str() as name, value=set_to) if name.isupper():
            yield name, file.names.text(set_to) or "…"
            return
        case ast.Call(func=ast.Attribute(value=owner, attr="setdefault" | "__setitem__" | "putenv"), args=[name, value]):
            sets = file.names.dotted(owner) in {"os.environ", "os"}
        case _:
            return
    variable = file.names.text(name) if sets else None
    if variable is not None:
        yield variable, file.names.text(value) or "…"


# Kinds of commands that nobody mentions by chance in an argument.
_UNMISTAKABLE = frozenset(
    {
        *("pipes download", "substitutes download", "decoded shell", "decoded eval", "device socket", "sends secrets"),
        *("pipes secrets", "hides a program in an option", "encoded powershell", "downloads and runs", "netcat", "socat"),
        *("connected shell", "interactive shell", "living off land", "authorized keys", "netcat pipe", "removes all"),
        *("downloads program", "installs from a stranger", "script fetches", "script decodes", "script socket"),
        *("cron", "removes all, one by one", "locks a home", "overwrites disk", "fork bomb"),
    }
)
_TELLING = expression(
    r"(?:^|\.)(?:print|echo|debug|info|warning|warn|error|write|markdown|append|add_argument|format|\w*Error|\w*Exception)$"
)


_PROGRAM_OF_NOBODY = expression(r"(?:/tmp|/dev/shm|/var/tmp|\.{1,2})/\S+\.(?:sh|so|exe|bat|ps1|dll)")


def _parts(node: ast.expr) -> Iterator[ast.Constant]:
    """The constants of a list, also of lists within it."""
    if isinstance(node, ast.Constant):
        yield node
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for item in node.elts:
            yield from _parts(item)


def _as_one(node: ast.expr) -> Iterator[ast.Constant]:
    """The words of a list, or what a function is given, as one command."""
    items = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    words = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    if 2 < len(words) == len(items) < _MOST_WORDS and _WORD.fullmatch(words[0]):
        yield ast.Constant(in_words(words))


_WORD = expression(r"[\w./~-]{1,200}")
_MOST_WORDS = 60
_HIDES_CODE = expression(r"__import__\s*\(|\b(?:os\.(?:system|popen)|exec|eval)\s*\(")
# Names of what is read or compared.
_SHOWN = expression(r"(?i)help|usage|message|doc|example|test|case|pattern|regex|sample|prompt|text")


def examine_handed_over(nodes: list[ast.AST], file: PythonFile) -> Iterator[Found]:
    """Commands given to functions of which nobody knows what they do: sessions of nox, builders of images."""
    for node in nodes:
        match node:
            case ast.Call():
                given = [ast.List(node.args), *(keyword.value for keyword in node.keywords)]
                if tells := _TELLING.search(file.names.dotted(node.func) or ""):
                    # What is written to be read by people, unless it is a script, or code that goes into a file.
                    texts = [(it, file.names.text(it) or "") for it in (*node.args, *given[1:])]
                    is_file = tells[0].endswith("write")
                    given = [
                        ast.Constant(text, lineno=it.lineno)
                        for it, text in texts
                        if text.startswith("#!") or (is_file and _HIDES_CODE.search(text) and "\n" in text)
                    ]
            case ast.Dict():
                given = node.values
            case ast.arg(annotation=ast.Constant() as value) | ast.AnnAssign(annotation=ast.Constant() as value):
                given = [value]
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()], value=ast.Constant(value=str() as path)):
                if _PROGRAM_OF_NOBODY.fullmatch(path):
                    yield "python.names-program", Verdict.SUSPICIOUS, f"makes {path!r} the program of something", node.lineno
                continue
            case ast.Return(value=ast.List() | ast.Tuple() | ast.Constant() as value):
                given = [value]
            case ast.Assign(targets=[target], value=ast.List() | ast.Tuple() as value) if not _SHOWN.search(
                ast.unparse(target)
            ):
                given = [value]
            case _:
                continue
        for argument in given:
            for part in (*_parts(argument), *_as_one(argument)):
                told = part.value
                if not isinstance(told, str) or len(told) > _LONGEST:
                    continue
                found = hostile_command(told)
                if found and found.name in _UNMISTAKABLE:
                    yield "command.hostile", Verdict.SUSPICIOUS, f"hands over {found}", node.lineno
                elif _HIDES_CODE.search(told) and file.verdict_of_code(told, file.names) is Verdict.MALICIOUS:
                    yield "python.hands-over", Verdict.SUSPICIOUS, f"hands over code: {told[:80]!r}", node.lineno
