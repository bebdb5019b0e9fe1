"""What a file hands to whoever opens it: commands, names of callables, references. One rule for each kind, in every carrier.

Readers of structure (configuration, notebooks, sources, headers) yield leaves and know nothing of what is dangerous;
here it is known, and nothing of where a leaf comes from. Rules that few files need are imported when they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.dotted_names import judge_dotted
from budmodel_scanner.texts.forms import TEMPLATES, matches
from budmodel_scanner.texts.known_places import DOWNLOADS, PACKAGES, is_known, is_local
from budmodel_scanner.texts.paths import leaves_repository, reaches_beyond
from budmodel_scanner.texts.shell_commands import hostile_command, reads_as_command
from budmodel_scanner.verdict import Finding, Verdict


class LeafKind(StrEnum):
    COMMAND = "is run by a shell"
    VALUE = "is a command where it reads as one"
    CALLABLE = "is imported and called"
    LISTED_CALLABLE = "is looked up among known names, or imported"
    FILE = "is opened by a loader, often on the machine of the author"
    REFERENCE = "is a path or an address where it reads as one"
    MEMBER = "is opened beside the file that names it"
    PROSE = "is read by people"
    NOTE = "is read by people who look into a file of code or settings"
    ORDERS = "is read by agents, which do what it says"
    VARIABLE = "is put into the environment of programs, under the name of its role"
    INDEX = "is where an installer finds packages"
    QUERY = "is run by a database"
    TEMPLATE = "is filled in by an engine that gives it more than values"


@dataclass(frozen=True, slots=True)
class Leaf:
    """`where` is its place within the file; `role` what it is there for, such as the key that holds it."""

    kind: LeafKind
    text: str
    where: str = ""
    role: str = ""


_MAX_SHOWN = 120
_ADDRESS = expression(r"(?i)(?:https?|ftp|file|smb|s3|gs)://")
_ADDRESSES = expression(r"(?i)[a-z][a-z+]{1,9}://[^\s,;\"'\])}]+")
_SENSITIVE = expression(r"(?i)/etc/(?:passwd|shadow)|\.ssh/|\.aws/|/proc/self/|id_rsa|\.netrc")


def judge(leaf: Leaf, place: Place, *, worst: Verdict = Verdict.MALICIOUS) -> Iterator[Finding]:
    """What is wrong with a leaf. `worst`: as which it counts at most, for carriers that mostly hold something else."""
    for finding in _judged(leaf, place):
        yield replace(finding, verdict=min(finding.verdict, worst, key=lambda verdict: verdict.rank))


def _judged(leaf: Leaf, place: Place) -> Iterator[Finding]:
    text = leaf.text.replace("\r\n", "\n")
    shown, where = repr(text[:_MAX_SHOWN]), place.at(leaf.where)
    role = f"{leaf.role} " if leaf.role else ""
    match leaf.kind:
        case LeafKind.COMMAND:
            if found := hostile_command(text):
                yield Finding("command.hostile", found.verdict, str(found), where or place.at(f"line {found.line}"))
        case LeafKind.VALUE:
            if (found := hostile_command(text)) and reads_as_command(text, found.line):
                verdict = min(found.verdict, Verdict.SUSPICIOUS, key=lambda verdict: verdict.rank)
                yield Finding("command.hostile", verdict, str(found), where or place.at(f"line {found.line}"))
        case LeafKind.CALLABLE | LeafKind.LISTED_CALLABLE:
            # A project names its own classes every day; a function that a loader calls is another thing.
            of_project = leaf.kind is LeafKind.LISTED_CALLABLE or _CLASS_WITHIN.fullmatch(text)
            unknown = Verdict.SAFE if of_project else Verdict.SUSPICIOUS
            verdict = judge_dotted(text, unknown=unknown)
            is_name = text.replace(".", "").replace("_", "").isalnum()
            if verdict is not Verdict.SAFE and (is_name or leaf.kind is LeafKind.CALLABLE):
                yield Finding("config.target", verdict, f"{role}makes a loader call {shown}", where)
        case LeafKind.FILE | LeafKind.MEMBER:
            member = leaf.kind is LeafKind.MEMBER
            if _ADDRESS.match(text):
                if member or not is_known(text, DOWNLOADS):
                    yield Finding("config.url", Verdict.SUSPICIOUS, f"{role}is fetched from {text[:_MAX_SHOWN]}", where)
            elif reason := leaves_repository(text, absolute_too=member) or _private(text):
                yield Finding("config.path-outside", Verdict.SUSPICIOUS, f"{role}{shown} {reason}", where)
        case LeafKind.REFERENCE:
            if reason := reaches_beyond(text):
                yield Finding("config.path-outside", Verdict.SUSPICIOUS, f"{role}{shown} {reason}", where)
        case LeafKind.PROSE:
            from budmodel_scanner.texts.addressed import wrong_address
            from budmodel_scanner.texts.prose import instruction_in, theft_in

            if what := instruction_in(text):
                yield Finding("prose.hostile-command", Verdict.SUSPICIOUS, what, where)
            if what := theft_in(text):
                yield Finding("prose.asks-for-secrets", Verdict.SUSPICIOUS, what, where)
            elif what := wrong_address(text):
                yield Finding("prose.wrong-order", Verdict.SUSPICIOUS, what, where)
        case LeafKind.NOTE:
            from budmodel_scanner.texts.addressed import wrong_address

            if what := wrong_address(text):
                yield Finding("prose.wrong-order", Verdict.SUSPICIOUS, what, where)
        case LeafKind.ORDERS:
            from budmodel_scanner.texts.orders import wrong_order
            from budmodel_scanner.texts.prose import keys_read_in

            if what := keys_read_in(text):
                yield Finding("prose.asks-for-secrets", Verdict.SUSPICIOUS, what, where)
            elif what := wrong_order(text):
                yield Finding("prose.wrong-order", Verdict.SUSPICIOUS, what, where)
        case LeafKind.VARIABLE:
            from budmodel_scanner.texts import environment

            if what := environment.does(leaf.role, text):
                yield Finding("environment.variable", Verdict.SUSPICIOUS, what, where)
        case LeafKind.INDEX:
            for address in _ADDRESSES.findall(text):
                if not is_known(address, PACKAGES) and not is_local(address):
                    yield Finding("requirements.index", Verdict.SUSPICIOUS, f"installs from {address[:_MAX_SHOWN]}", where)
        case LeafKind.QUERY:
            from budmodel_scanner.texts.queries import query_deed

            if what := query_deed(text):
                yield Finding("query.runs-code", Verdict.SUSPICIOUS, what, where)
        case LeafKind.TEMPLATE:
            for name, found_form in matches(TEMPLATES, text):
                what = f"{name}: {' '.join(found_form[0].split())[:_MAX_SHOWN]!r}"
                yield Finding("template.runs-code", Verdict.SUSPICIOUS, what, where)


_CLASS_WITHIN = expression(r"[a-z_]\w*(?:\.[a-z_]\w*)+\.[A-Z]\w*[a-z]\w*")


def _private(path: str) -> str | None:
    return "names a private file" if _SENSITIVE.search(path) else None
