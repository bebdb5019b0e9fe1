"""What a single command of a shell does by its program and its options: fetches, keeps, or runs what it is given."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.known_places import DOWNLOADS, is_known
from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.python_deeds import SENSITIVE_FILE
from budmodel_scanner.texts.shell_syntax import Command, Script
from budmodel_scanner.verdict import Verdict
from budmodel_scanner.word_lists import sections

PROGRAMS = sections(__package__, "known/programs.txt")
_SHELLS, _DOWNLOADERS = PROGRAMS["shells"], PROGRAMS["downloaders"]
LANGUAGES = expression(
    r"(?:python|pypy|perl|ruby|node|nodejs|php|deno|bun|lua(?:jit)?|osascript|rscript|julia|groovy|tclsh|guile|elixir|escript|scala"
    r"|raku|octave|clj|bb|racket|sbcl|runghc|ocaml)[\d.]*"
)
# Of every program that signs in somewhere.
PRIVATE = expression(f"{SENSITIVE_FILE.pattern}|{one_of('reached', 'files of packagers').pattern}", re.IGNORECASE)
# A program of which nothing is known but the variable that names it.
BY_VARIABLE = expression(r"\$\{?[\w*@]+\}?|\$\(.*\)|`.*`", re.DOTALL)
BRINGS = one_of("flow", "brings from elsewhere")
ANSWERS = one_of("flow", "says what others say")
# Written without a scheme, it may be a file.
_SCRIPT = expression(r"://[\w-]+\.(?:bash|zsh|fish|ksh|py|rb|pl|js|ts)$")
_OBEYS = one_of("flow", "obeys what it is handed")
_NAMED_IN_CODE = expression(r"['\"]([\w.][\w./-]{2,80})['\"]")
# What files of tools write right before a command: `x:2345:respawn:curl`, `program:curl`, `{curl`.
_BEHIND = expression(r"^\S*[:=,^*{(](?=[\w-])")
_FETCHING_CODE = expression(r"urlopen|requests\.get|DownloadString|Net\.WebClient|LWP::Simple|URI\.open")


@dataclass(frozen=True, slots=True)
class Hostile:
    """`line` counts from 1 within the text."""

    name: str
    written: str
    line: int
    verdict: Verdict = Verdict.MALICIOUS

    def __str__(self) -> str:
        return f"{self.name}: {' '.join(self.written.split())[:120]!r}"


def saved_as(command: Command, script: Script) -> str:
    words = command.arguments
    for option, value in itertools.pairwise(words):
        if re.fullmatch(r"-\w*[oO]|--output(?:-document)?|-[oO]ut[fF]ile|-[dD]estination", option) and not (
            option.endswith("O") and command.program == "curl"
        ):
            return file_name(value)
    if into := script.written_to(command):
        return file_name(into)
    addresses = command.addresses
    if command.program in {"start-bitstransfer", "lwp-download"} and words and "://" not in words[-1]:
        return file_name(words[-1])
    by_name = command.program in {"wget", "aria2c", "lwp-download"} or any(
        re.fullmatch(r"-\w*O|--remote-name", word) for word in words
    )
    return file_name(addresses[-1].split("?")[0]) if addresses and by_name else ""


def file_name(path: str) -> str:
    return re.split(r"[/\\]", path.strip("\"'{}()[]"))[-1].lower()


def is_interpreter(program: str) -> bool:
    return program in _SHELLS or bool(LANGUAGES.fullmatch(program)) or program in {"powershell", "cmd"}


def orders_handed(stages: list[list[Command]]) -> Iterator[Command]:
    """Commands that fetch what a later one, which is no interpreter, is handed and does: what a stranger has to be done."""
    obeying = [number for number, commands in enumerate(stages) if any(map(_obeys, commands))]
    for command in (command for commands in stages[: max(obeying, default=0)] for command in commands):
        if fetches_something(command) and command.addresses and not all_known(command, DOWNLOADS):
            yield command


def _obeys(command: Command) -> bool:
    return any(map(_OBEYS.match, (" ".join(command.words), command.written)))


def runs_its_input(command: Command) -> bool:
    """Whether a program takes what is piped into it for its program."""
    program, arguments = command.program, command.arguments
    if (
        program == "eval"
        or (BY_VARIABLE.fullmatch(program) and not arguments)
        or (program == "source" and not arguments)
        or (any(word.rsplit("/", 1)[-1] == "xargs" for word in command.words[:3]) and program in _SHELLS)
    ):
        return True
    if program == "r":
        return any(word in {"--slave", "--no-echo", "--no-save", "--vanilla"} for word in arguments)
    if not is_interpreter(program):
        return False
    if program == "cmd":
        return not any(word.lower() in {"/c", "/k"} for word in arguments)
    flags = [word for word in arguments if re.match(r"[-/]\w", word)]
    given = [word for word in arguments if re.match(r"[\w./$~]", word) and word not in {"/dev/stdin", "-"}]
    if program in _SHELLS:
        return any(re.fullmatch(r"-\w*s", flag) for flag in flags) or not (
            given or any("c" in flag for flag in flags if flag[:2] != "--")
        )
    # Perl and Ruby take their program right behind the letter, too.
    attached = r"-[aclnpswtTuUWX0-7]*[eE]" if program.startswith(("perl", "ruby")) else r"-\w*[ce]$"
    if any(re.match(attached, flag) for flag in flags):
        return any("stdin" in word.lower() and re.search(r"exec|eval", word) for word in arguments)
    return "-m" not in flags and (not given or arguments[:1] == ("-",) or "/dev/stdin" in arguments[:2])


def fetches_something(command: Command) -> bool:
    if command.program in _DOWNLOADERS:
        return True
    # What a compiler is given looks like a host, such as `notes.txt`.
    if BY_VARIABLE.fullmatch(command.program) and any(
        address in command.written or not (DATA_FILE.search(address) or _SCRIPT.search(address))
        for address in command.addresses
    ):
        return True
    return any(_BEHIND.sub("", word) in _DOWNLOADERS for word in command.words[:8]) or any(
        _FETCHING_CODE.search(word) for word in command.arguments
    )


def brought_by(command: Command) -> set[str]:
    """Names under which a program may keep what it brings from where others put it; empty where it brings nothing."""
    if not BRINGS.search(" ".join(command.words)):
        return set()
    words = [word for word in command.arguments if word[:1] != "-"]
    named = {
        file_name(word.rpartition(":")[2])
        for word in (*words, *(name for word in words for name in _NAMED_IN_CODE.findall(word)))
    }
    return {name for name in named if len(name) > 2 and not DATA_FILE.search(name)} or {"-"}


def starts_one_of(command: Command, names: set[str]) -> bool:
    """Whether a command is a file of one of these names, or gives one to what runs it."""
    if is_interpreter(command.program) or command.program in PROGRAMS["starting"]:
        return file_name(next((word for word in command.arguments if word[:1] != "-"), "")) in names
    path = file_name(next((word for word in command.words if "/" in word), ""))
    return path in names and path == command.program


def all_known(command: Command, purpose: str) -> bool:
    addresses = command.addresses
    return bool(addresses) and all(is_known(address, purpose) for address in addresses)
