"""Calls of Python, and how much each weighs with these arguments in this place."""

import ast
import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.environment import carries_secret
from budmodel_scanner.texts.known_places import DOWNLOADS, is_known
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.python_deeds import WITH_COMMAND, Deed, deed_of, is_listed
from budmodel_scanner.texts.python_detours import is_unguarded
from budmodel_scanner.texts.python_files import examine_files, examine_loading, is_beside, reads_file
from budmodel_scanner.texts.python_flow import INCOMING, NETWORK, Found, PythonFile, command_of, text_given
from budmodel_scanner.texts.python_leaks import (
    examine_client,
    examine_fetched_program,
    examine_leaks,
    examine_ways_in,
    is_stranger,
)
from budmodel_scanner.texts.python_places import examine_whole
from budmodel_scanner.texts.python_programs import asks_a_tool, is_ordinary_start
from budmodel_scanner.texts.shell_commands import hostile_command, ordinary_command
from budmodel_scanner.verdict import Verdict

_MAX_EMBEDDED = 200_000
_LONG_BLOB = expression(r"[A-Za-z0-9+/=_\-\s\\x]{200,}")
_MANNERS = frozenset({"env", "cwd", "context", "timeout", "verify", "cert", "proxies", "stream", "allow_redirects"})


def examine_call(node: ast.Call, eager: bool, file: PythonFile) -> Iterator[Found]:
    dotted = file.names.dotted(node.func)
    deed = deed_of(dotted)
    if deed is None and (dotted or "").rpartition(".")[2] in WITH_COMMAND and "." in (dotted or ""):
        deed = Deed.RUNS_PROGRAM
    if deed is None or deed is Deed.EVALUATES:
        yield from _indirect(node, dotted, file)
        yield from examine_files(node, dotted, eager, file)
    when = "when imported" if eager else "when called"
    yield from examine_leaks(node, dotted or "", deed, when, file)
    yield from examine_client(node, dotted or "", file)
    if file.has_addresses:
        yield from examine_fetched_program(node, dotted or "", file)
    if deed is None:
        return
    file.deeds.add(deed)
    if deed is Deed.FETCHES:
        # `urlretrieve(address, name)`, and whatever else is told where to put what it fetches.
        file.fetched.update(text for argument in node.args[1:] if (text := file.names.text(argument)) is not None)
        file.fetched.update([re.split(r"[/\\]", text)[-1] for text in file.fetched])
    # `env=os.environ`, `timeout=` and the like say how something is done, not with what.
    told = [keyword.value for keyword in node.keywords if keyword.arg not in _MANNERS]
    arguments = [*node.args, *told]
    origins = set().union(*(file.flow.origins(argument) for argument in arguments)) if arguments else set()
    line = node.lineno
    match deed:
        case Deed.RUNS_CODE:
            yield from _runs_code(node, dotted or "", origins, when, file)
        case Deed.EVALUATES:
            yield from _evaluates(node, dotted or "", origins, when, file)
        case Deed.LOADS_CODE:
            yield from examine_loading(node, dotted or "", origins, eager, file)
        case Deed.RUNS_PROGRAM:
            yield from _runs_program(node, dotted or "", origins, eager, file)
        case Deed.LOADS_OBJECTS:
            if any(_OBJECTS_IN_TEXT.search(_text_or_default(argument, file) or "") for argument in node.args[:1]):
                yield "python.embedded-objects", Verdict.SUSPICIOUS, f"{dotted}() of objects in a text, {when}", line
            elif Deed.DECODES in origins and any(_blob(argument, file) for argument in arguments):
                yield "python.embedded-pickle", Verdict.MALICIOUS, f"{dotted}() of a text in the file, {when}", line
            elif dotted == "torch.load" and is_unguarded(node) and _from_network(node, origins, file):
                yield "python.unpickles", Verdict.SUSPICIOUS, f"torch.load() of what was fetched, unguarded, {when}", line
            elif dotted != "torch.load" and (origins & {Deed.DECODES, *INCOMING} or _strange_pickle(node, file)):
                yield "python.unpickles", Verdict.SUSPICIOUS, f"{dotted}() of decoded or fetched bytes, {when}", line
            elif (dotted or "").startswith("marshal.") or (eager and not file.is_script):
                yield "python.unpickles", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
        case Deed.LETS_IN:
            yield from examine_ways_in(node, dotted or "", eager, file)
        case Deed.CONNECTS if eager and dotted != "socket.getaddrinfo":
            yield "python.connects", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
        case Deed.FETCHES if dotted == "torch.hub.load_state_dict_from_url" and node.args and not _is_guarded(node):
            address = text_given(node.args[0], file)
            if "://" in address and not is_known(address, DOWNLOADS):
                yield "python.unpickles", Verdict.SUSPICIOUS, f"unpickles {address[:120]}, {when}", line
        case Deed.FETCHES | Deed.SENDS | Deed.CONNECTS:
            reached = (_address(argument, dotted or "", file) for argument in node.args)
            carried = next(filter(None, (carries_secret(address, of_another=True) for address in reached)), None)
            if origins & {Deed.READS_ENVIRONMENT}:
                yield "python.exfiltration", Verdict.MALICIOUS, f"{dotted}() of the whole environment, {when}", line
            elif carried:
                yield "python.exfiltration", Verdict.SUSPICIOUS, f"{dotted}() of a secret in {carried[:120]}, {when}", line
            elif eager and not file.is_script:
                yield "python.connects", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
        case Deed.LOADS_LIBRARY:
            compiled = "cpp_extension" in (dotted or "")
            named = {re.split(r"[/\\]", text)[-1] for argument in arguments if (text := file.names.text(argument))}
            if eager or compiled or named & file.fetched or origins & NETWORK:
                yield "python.native-code", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
        case Deed.DECODES:
            if eager and not file.is_script and any(_blob(argument, file) for argument in arguments):
                yield "python.blob", Verdict.SUSPICIOUS, f"decodes a long text of the file by {dotted}()", line


def _address(argument: ast.expr, dotted: str, file: PythonFile) -> str:
    """Where a call reaches; resolvers are given a host alone."""
    text = text_given(argument, file)
    return f"https://{text}" if dotted.startswith(("socket.get", "dns.")) else text


def _runs_code(node: ast.Call, dotted: str, origins: set[str], when: str, file: PythonFile) -> Iterator[Found]:
    line = node.lineno
    if origins & {Deed.DECODES, Deed.LOADS_OBJECTS, *INCOMING}:
        # A path that another process hands over, as those of multiprocessing do, is no code.
        is_path = dotted.startswith("runpy.") and not origins & {Deed.DECODES, *NETWORK}
        verdict = Verdict.SUSPICIOUS if is_path else Verdict.MALICIOUS
        yield "python.runs-hidden-code", verdict, f"{dotted}() of decoded or fetched code, {when}", line
        return
    argument = node.args[0] if node.args else None
    if dotted not in {"eval", "exec"} or not isinstance(node.func, ast.Name):
        yield "python.runs-code", Verdict.SUSPICIOUS, f"{dotted}() {when}", line
    code = file.names.text(argument) if argument is not None else None
    if code is not None and len(code) <= _MAX_EMBEDDED:
        worst = file.verdict_of_code(code, file.names)
        if worst is not None:
            yield "python.runs-hidden-code", worst, f"{dotted}() of {code[:60]!r}, {when}", line
        elif dotted == "exec" or "(" in code or not isinstance(argument, ast.Constant):
            yield "python.runs-code", Verdict.SUSPICIOUS, f"{dotted}() of {code[:60]!r}, {when}", line
        return
    if argument is not None and reads_file(argument) and (file.is_setup or is_beside(argument, file)):
        return
    yield "python.runs-code", Verdict.SUSPICIOUS, f"{dotted}() of code that is not written out, {when}", line


def _evaluates(node: ast.Call, dotted: str, origins: set[str], when: str, file: PythonFile) -> Iterator[Found]:
    """Expressions and templates, which are a program's own every day."""
    text = _text_or_default(node.args[0], file) if node.args else None
    if dotted == "compile" and origins & (NETWORK | {Deed.DECODES}):
        yield "python.runs-code", Verdict.SUSPICIOUS, f"compile() of something decoded or fetched, {when}", node.lineno
    if origins & (INCOMING | {Deed.DECODES}) and not dotted.rpartition(".")[0].endswith("?") and dotted != "compile":
        yield "python.runs-code", Verdict.SUSPICIOUS, f"{dotted}() of something decoded or fetched, {when}", node.lineno
    if text is None or len(text) > _MAX_EMBEDDED:
        return
    if other := _OTHER_LANGUAGE.search(text):
        yield "python.runs-hidden-code", Verdict.SUSPICIOUS, f"{dotted}() of {other[0]}, {when}", node.lineno
    elif worst := file.verdict_of_code(text.replace("@", " "), file.names):
        yield "python.runs-hidden-code", worst, f"{dotted}() of {text[:60]!r}, {when}", node.lineno
    elif "{" in text or "<%" in text:
        from budmodel_scanner.texts.template import examine_template

        found = [*examine_template(text, Place("")), *judge(Leaf(LeafKind.TEMPLATE, text), Place(""))]
        for finding in found:
            if finding.verdict.rank >= Verdict.SUSPICIOUS.rank and not finding.rule.endswith((".other-file", ".beside")):
                yield finding.rule, Verdict.SUSPICIOUS, finding.what, node.lineno


def _text_or_default(node: ast.expr, file: PythonFile) -> str | None:
    given = file.names.given.get(node.id, []) if isinstance(node, ast.Name) else []
    return next((text for it in (node, *given) if (text := file.names.text(it)) is not None), None)


_OTHER_LANGUAGE = expression(r"\b(?:system|os\.execute|io\.popen|shell_exec|execSync)\s?\(|\bchild_process\b")


def _runs_program(node: ast.Call, dotted: str, origins: set[str], eager: bool, file: PythonFile) -> Iterator[Found]:
    when, line = "when imported" if eager else "when called", node.lineno
    command = command_of(node, file)
    if command is not None and (what := hostile_command(command)):
        yield "command.hostile", what.verdict, f"{dotted}() {when}: {what}", line
        return
    if (command or "…").strip("… ") == "" and not is_listed(dotted):
        return
    ordinary = command is not None and ordinary_command(command)
    if not ordinary and origins & {Deed.DECODES, Deed.FETCHES, Deed.SENDS}:
        hidden = (command or "…").startswith("…") and not is_ordinary_start(node, file)
        # What callers hand over one of them may have asked for, as installers ask for the newest release.
        handed = any(isinstance(it, ast.Name) and it.id in file.names.given for it in node.args[:1])
        verdict = Verdict.MALICIOUS if hidden and not handed else Verdict.SUSPICIOUS
        yield "python.runs-hidden-program", verdict, f"{dotted}() of something decoded or fetched, {when}", line
        return
    # What a loader imports has little reason to start programs, not even ordinary ones while it is imported.
    if eager:
        ordinary &= file.is_script or file.is_setup
        ordinary |= (file.is_script or (file.is_setup and asks_a_tool(command))) and is_ordinary_start(node, file)
    elif not ordinary and (file.is_script or file.is_library):
        ordinary = is_ordinary_start(node, file)
    if not ordinary:
        yield (
            "python.runs-program",
            Verdict.SUSPICIOUS,
            f"{dotted}(){f' of {command[:80]!r}' if command else ''} {when}",
            line,
        )


_TRUSTING = frozenset({"safe_mode", "Loader", "typ", "trusted", "safe", "allow_unsafe_protocols", "accept"})
_TRUSTS = expression(
    r" safe_mode=False$| accept=\[[^\]]{0,80}['\"](?:pickle|application/x-python-serialize)| allow_unsafe_protocols=True$"
    r"| Loader=(?:\w+\.)*C?UnsafeLoader$| typ=['\"]unsafe['\"]$"
    r"| trusted=.*get_untrusted_types"
    r"|^(?:hickle|jsonpickle)\.\w+ safe=False$"
)
_RUNNERS = frozenset({"exec", "eval", "system", "popen", "Popen", "__import__", "check_output"})


def _indirect(node: ast.Call, dotted: str | None, file: PythonFile) -> Iterator[Found]:
    """Ways to a function that avoid its name, and calls that only matter with certain arguments."""
    names = file.names
    if dotted in {"numpy.load"} and any(
        keyword.arg == "allow_pickle" and getattr(keyword.value, "value", False) is True for keyword in node.keywords
    ):
        yield from _unpickles(node, dotted, file)
    if dotted and dotted.endswith((".enable_unsafe_deserialization", ".enable_insecure_serializers")):
        what = f"makes {dotted.split('.')[0]} build whatever it is told to"
        yield "python.trusts-files", Verdict.SUSPICIOUS, what, node.lineno
    imports = dotted in {"__import__", "importlib.import_module"} and bool(node.args) and names.text(node.args[0]) is None
    if imports and file.flow.origins(node.args[0]) & {Deed.DECODES, *NETWORK}:
        what = f"{dotted}() of a decoded or fetched name"
        yield "python.hidden-import", Verdict.SUSPICIOUS, what, node.lineno
    if dotted == "inspect.getmembers" and node.args and names.dotted(node.args[0]) in {"os", "subprocess", "builtins"}:
        yield "python.hidden-name", Verdict.SUSPICIOUS, f"lists the functions of {names.dotted(node.args[0])}", node.lineno
    if dotted == "getattr" and len(node.args) >= 2:
        owner = names.dotted(node.args[0])
        name = names.text(node.args[1])
        if name is None and owner in {"os", "subprocess", "builtins", "__builtins__", "posix", "pty", "ctypes", "socket"}:
            what = f"takes a function of {owner} by a name that is not written out"
            yield "python.hidden-name", Verdict.SUSPICIOUS, what, node.lineno
        elif name in _RUNNERS and isinstance(node.args[1], ast.BinOp | ast.JoinedStr | ast.Subscript | ast.Call):
            yield "python.hidden-name", Verdict.SUSPICIOUS, f"puts together the name of {name}", node.lineno
        elif name is None and file.flow.origins(node.args[1]) & {Deed.DECODES, *INCOMING}:
            yield "python.hidden-name", Verdict.SUSPICIOUS, "takes what a decoded or fetched name says", node.lineno
    if dotted == "operator.methodcaller()" and isinstance(node.func, ast.Call) and node.func.args and node.args:
        called = f"{names.dotted(node.args[0])}.{names.text(node.func.args[0])}"
        if deed_of(called) in {Deed.RUNS_PROGRAM, Deed.RUNS_CODE}:
            yield "python.hidden-name", Verdict.SUSPICIOUS, f"calls {called} by its name in a text", node.lineno
    options = [ast.unparse(keyword)[:200] for keyword in node.keywords if keyword.arg in _TRUSTING]
    if dotted in {"yaml.load", "yaml.load_all"}:
        options += [f"Loader={ast.unparse(loader)[:200]}" for loader in node.args[1:2]]
    for option in options:
        if _TRUSTS.search(f"{dotted} {option}"):
            what = f"makes {dotted} build whatever a file tells it to, by {option}"
            yield "python.trusts-files", Verdict.SUSPICIOUS, what, node.lineno
    if isinstance(node.func, ast.Call) and deed_of(dotted.removesuffix("()") if dotted else None) is Deed.RUNS_CODE:
        yield "python.runs-code", Verdict.SUSPICIOUS, "calls what other code returns", node.lineno
    yield from examine_whole(node, dotted or "", names)
    if dotted == "yaml.load" and not any(
        "Safe" in ast.unparse(value)[:80] for value in [*node.args[1:], *(k.value for k in node.keywords)]
    ):
        yield from _unpickles(node, dotted, file)


def _unpickles(node: ast.Call, dotted: str, file: PythonFile) -> Iterator[Found]:
    file.deeds.add(Deed.LOADS_OBJECTS)
    if node.args and Deed.DECODES in (made := file.flow.origins(node.args[0])) and _blob(node.args[0], file):
        yield "python.embedded-pickle", Verdict.SUSPICIOUS, f"{dotted}() of a text in the file", node.lineno
    elif node.args and (made & INCOMING or _strange_pickle(node, file)):
        yield "python.unpickles", Verdict.SUSPICIOUS, f"{dotted}() of what was fetched", node.lineno


def _is_guarded(node: ast.Call) -> bool:
    return any(keyword.arg == "weights_only" and getattr(keyword.value, "value", False) is True for keyword in node.keywords)


def _from_network(node: ast.Call, origins: set[str], file: PythonFile) -> bool:
    """Whether it is given fetched bytes, or the name of a file that was fetched."""
    name = file.names.text(node.args[0]) if node.args else None
    return bool(origins & NETWORK) or (name is not None and name in file.fetched)


# What YAML and jsonpickle import, or call, where a text of the file tells them to.
_OBJECTS_IN_TEXT = expression(
    r"!!python/(?:object/(?:apply|new)|module)\b|[\"']py/(?:reduce|object/(?:apply|new)|function|repr)[\"']\s{0,9}:"
)
_PICKLE = expression(r"(?i)\.(?:pkl|pickle|joblib|dill|npy|pt|pth)(?:\.(?:gz|bz2|xz|zip|zst))?(?:\?\S*)?$")


def _strange_pickle(node: ast.Call, file: PythonFile) -> bool:
    """Whether it is given an address, or a name, and addresses of a stranger's pickles are all that the file names."""
    given = [text_given(argument, file) for argument in [*node.args[:1], *(it.value for it in node.keywords)]]
    if any("://" in text for text in given):
        return any(is_stranger(text) for text in given)
    return file.strange_pickle and bool(node.args) and given[0] == "…"


def _blob(node: ast.expr, file: PythonFile) -> bool:
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
