"""Secrets of whoever runs a Python file that it gives to somebody else, and ways in that it opens for somebody else."""

import ast
import re
from collections.abc import Iterator

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.environment import is_of_another
from budmodel_scanner.texts.known_places import host_of, is_strange
from budmodel_scanner.texts.python_deeds import Deed
from budmodel_scanner.texts.python_flow import TYPED, Found, PythonFile, text_given
from budmodel_scanner.verdict import Verdict
from budmodel_scanner.word_lists import sections

# Where somebody signs in to the very service that is called.
_OWN_PLACE = expression(r"headers|auth\w*|cookies|cert|\w*(?:token|key|password|secret|credentials?)(?:_id)?")
_ADDRESSED = expression(r"(?:requests|httpx|aiohttp|urllib\d?|http|treq|httplib2|curl_cffi)\.")
_UNKNOWN_LABEL = expression(r"(?<=://)[^/@]*…[^/@]*?\.(?=[\w-]+\.)")
_ADDRESS = expression(r"(?i)[a-z][a-z+]{1,9}://[^\s,;\"'<>)]+")
_ANSWERS = sections(__package__, "known/reached.txt")["answers for others"]
_WAYS_OUT = frozenset({Deed.SENDS, Deed.RECORDS, Deed.FETCHES, Deed.CONNECTS})
_LOGS = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log"})
_OUTWARD = expression(r"(?i)(?:[a-z]+://)?\[?(?P<host>\*|::|[\w.-]*)\]?(?::[\d…]*)?/?")
_AT_HOME = expression(r"localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\w*\.local$|\.")


def examine_leaks(node: ast.Call, dotted: str, deed: Deed | None, when: str, file: PythonFile) -> Iterator[Found]:
    """A call that sends, asks or reports, with what somebody signs in with among what it is given."""
    if deed not in _WAYS_OUT:
        if not (file.logs_away and dotted.rsplit(".", 1)[-1] in _LOGS):
            return
        deed = Deed.RECORDS
    given = [
        *node.args,
        *(it.value for it in node.keywords if not _OWN_PLACE.fullmatch(it.arg or "") or deed is Deed.FETCHES),
    ]
    content = set().union(*(file.flow.origins(argument) for argument in given)) if given else set()
    line = node.lineno
    if Deed.READS_ENVIRONMENT in content and deed is Deed.RECORDS:
        yield "python.exfiltration", Verdict.SUSPICIOUS, f"{dotted}() of the whole environment, {when}", line
        return
    if deed is Deed.CONNECTS or dotted.startswith(("socket.get", "dns.")):
        stolen = _of_another(content, "") if dotted.startswith(("socket.get", "dns.")) else None
        address = "whoever answers for a name"
    else:
        told = [text for argument in given if "://" in (text := text_given(argument, file))]
        address = next((text for text in told if is_stranger(text)), "")
        if (told and not address) or (not address and _ADDRESSED.match(dotted)):
            return
        everything = [*node.args, *(keyword.value for keyword in node.keywords)] if address else given
        content |= {it for argument in everything for it in file.flow.origins(argument) if it == Deed.READS_SECRET}
        stolen = _of_another(content, address or f"https://{dotted}", identity=bool(address))
    if stolen:
        what = f"{dotted}() of {stolen}, to {(address or 'a service')[:80]}, {when}"
        yield "python.exfiltration", Verdict.SUSPICIOUS, what, line


# Where a client is told to find its service.
_SERVICE = expression(r"(?i)(?:\w+_)?(?:url|base|endpoint|host|uri)")


def examine_client(node: ast.Call, dotted: str, file: PythonFile) -> Iterator[Found]:
    """A client of a service that is given a stranger's address, and what signs in to another one."""
    told = (text_given(it.value, file) for it in node.keywords if _SERVICE.fullmatch(it.arg or ""))
    strange = (text for text in told if "://" in text and is_stranger(text))
    address = next(
        (text for text in strange if not f".{host_of(text)}".endswith(tuple(f".{host}" for host in _ANSWERS))), None
    )
    if address is not None:
        given = [*node.args, *(it.value for it in node.keywords)]
        if stolen := _of_another(set().union(*(file.flow.origins(it) for it in given)), address):
            what = f"{dotted}() is given {stolen} for {address[:80]}"
            yield "python.exfiltration", Verdict.SUSPICIOUS, what, node.lineno


def examine_address(node: ast.expr, file: PythonFile) -> Iterator[Found]:
    """An address of a stranger that is made of a secret, whoever is to ask it."""
    for address in _ADDRESS.findall(text_given(node, file)):
        if is_stranger(address):
            origins = file.flow.origins(node) - ({Deed.READS_SECRET} if "@" in address else set())
            whole = "the whole environment" if Deed.READS_ENVIRONMENT in origins else None
            stolen = _of_another(origins, address) or whole
            if stolen and not (stolen == TYPED and ("?" in address or "@" in address)):
                yield (
                    "python.exfiltration",
                    Verdict.SUSPICIOUS,
                    f"puts {stolen} into {address[:80]}",
                    getattr(node, "lineno", 1),
                )


def is_stranger(text: str) -> bool:
    """Whether a text is an address whose host is written out, or the end of it, and known to nobody."""
    address = _UNKNOWN_LABEL.sub("", text)
    host = host_of(address)
    return "." in host and re.fullmatch(r"[\w.-]+", host, re.ASCII) is not None and is_strange(address)


def _of_another(origins: set[str], address: str, *, identity: bool = False) -> str | None:
    """What of `origins` the one at `address` is not to be given."""
    if Deed.READS_SECRET in origins:
        return "what somebody signs in with"
    if identity and Deed.READS_IDENTITY in origins:
        return "who somebody is, and on which machine"
    for name in sorted(it for it in origins if it.startswith("$")):
        if (name == TYPED and address and not identity) or is_of_another(name, address):
            return name
    return None


def examine_ways_in(node: ast.Call, dotted: str, eager: bool, file: PythonFile) -> Iterator[Found]:
    """Debuggers, workers and managers that obey whoever reaches them, and whom they let in from outside."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    # Where a parameter stands for it, what it is called with, or is without that.
    meant = [
        value for it in given for value in ((it, *file.names.given.get(it.id, ())) if isinstance(it, ast.Name) else (it,))
    ]
    told = [it for argument in meant for it in (argument.elts[:1] if isinstance(argument, ast.Tuple) else [argument])]
    outward = next(
        (text for it in told if is_outward(text := text_given(it, file), bare=isinstance(it, ast.Constant))), None
    )
    if outward is not None:
        yield (
            "python.lets-others-in",
            Verdict.SUSPICIOUS,
            f"{dotted}() reaches beyond this machine: {outward[:80]!r}",
            node.lineno,
        )
    elif eager and not file.is_script:
        yield "python.connects", Verdict.SUSPICIOUS, f"{dotted}() when imported", node.lineno


def is_outward(text: str, *, bare: bool = False) -> bool:
    """Whether a place to listen on or to reach is one of another machine, or all of the network."""
    found = _OUTWARD.fullmatch(text)
    host = found["host"] if found else "."
    if host in {"*", "::", "0.0.0.0"} or (bare and not text):  # noqa: S104
        return True
    return "." in host and not _AT_HOME.match(host) and not host.endswith((".py", ".sock", ".log"))


# An address of what is run or loaded as code.
_PROGRAM_AT = expression(r"(?i)^(?:https?|ftp)://\S+\.(?:py|sh|bash|ps1|exe|dll|so|dylib|jar|whl|egg|bat|msi)(?:[?#]\S*)?$")


def examine_fetched_program(node: ast.Call, dotted: str, file: PythonFile) -> Iterator[Found]:
    """A program at a stranger's address, whatever a call does with it."""
    for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
        text = file.names.text(argument) if isinstance(argument, ast.Constant | ast.Name | ast.BinOp) else None
        if text and "://" in text and _PROGRAM_AT.match(text) and is_strange(text):
            yield "python.fetches-program", Verdict.SUSPICIOUS, f"{dotted}() of {text[:120]}", node.lineno
