"""Commands of shells, wherever they stand: in scripts, in Python, in configuration, in a Dockerfile.

What fetches or decodes and then runs is told by the syntax; what is hostile by itself, by the forms of `known/commands.txt`.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from budmodel_scanner.content import Place
from budmodel_scanner.texts.forms import COMMANDS, matches
from budmodel_scanner.texts.known_places import DOWNLOADS, INSTALLERS, is_known, is_strange
from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.shell_syntax import Command, Script, parse_shell
from budmodel_scanner.verdict import Verdict
from budmodel_scanner.word_lists import sections

_MAX_PARSED = 1 << 20
_MAX_DEPTH = 3
_PROGRAMS = sections(__package__, "known/programs.txt")
_SHELLS, _DOWNLOADERS, _ORDINARY = _PROGRAMS["shells"], _PROGRAMS["downloaders"], _PROGRAMS["ordinary"]
_BEGINS_A_COMMAND = _PROGRAMS["commands"] | _DOWNLOADERS | _ORDINARY
_LANGUAGES = re.compile(r"(?:python|pypy|perl|ruby|node|nodejs|php|deno|bun|lua|osascript)[\d.]*")
_FETCHING_CODE = re.compile(r"urlopen|requests\.get|DownloadString|Net\.WebClient|LWP::Simple|URI\.open")
_DECODING = re.compile(
    r"\b(?:base64|base32)\s(?:[^|]*\s)?(?:-\w*[dD]\w*|--decode)\b|\bxxd\s(?:[^|]*\s)?-\w*r|\bopenssl\s[^|]*-d\b|\buudecode\b|\\x[0-9a-f]{2}|^rev$"
)
# The words without which nothing is fetched or decoded, and the signs without which nothing of it is run.
_FETCHES_OR_DECODES = re.compile(
    r"(?i)https?:|curl|wget|fetch|aria2|lynx|\biwr\b|\birm\b|invoke-|base64|base32|xxd|openssl|uudecode|\brev\b|\\x[0-9a-f]{2}|urlopen|downloadstring"
)
_HANDS_ON = re.compile(r"[|`<;&\n]|\$\(|\beval\b")
_URL = re.compile(r"(?i)[a-z][a-z0-9+.-]*://\S+")
_BARE_ADDRESS = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:/\S*)?|\d+(?:\.\d+){3}(?::\d+)?(?:/\S*)?")
_SECRET = re.compile(
    r"(?i)\$(?:\{|env:)?\w*(?:token|secret|passw|api_?key|credential|access_key)\w*|\$\(\s*(?:env|printenv|whoami|id|hostname)\b"
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """`line` counts from 1 within the text."""

    name: str
    written: str
    line: int
    verdict: Verdict = Verdict.MALICIOUS

    def __str__(self) -> str:
        return f"{self.name}: {' '.join(self.written.split())[:120]!r}"


def fetches(text: str) -> bool:
    """Whether a text may hold a command that fetches or decodes."""
    return _FETCHES_OR_DECODES.search(text) is not None


def runs(text: str) -> bool:
    """Whether a text may name what runs something."""
    return _runner().search(text) is not None


def hostile_command(text: str) -> Hostile | None:
    """The worst of a text of shell commands, or None. Comments of a shell are left out."""
    found = [*_by_form(text), *_installed(text), *_by_syntax(text, 0)]
    return max(found, key=lambda hostile: hostile.verdict.rank, default=None)


# How a command begins: after a prompt, a step's mark, the five fields of a timetable, or what is set for it alone.
_BEGINNING = re.compile(
    # What is looked ahead at is taken as it is, and not tried in shorter forms.
    r"(?=(?P<before>(?:[\s$>@&(\[{\"'-]|\\\\|\bsudo\s|\w+=\S*\s|(?:[\d*/,]+\s+){5}(?:root\s)?|(?:RUN|CMD|ENTRYPOINT|SHELL)\s)*))"
    r"(?P=before)(?P<word>[\w./~%\\:{}$]+)"
)


def reads_as_command(text: str, line: int = 1) -> bool:
    """Whether that line of a text, or the first, begins as commands do. Sentences that hold a command do not."""
    lines = text.strip().split("\n")
    for written in (lines[min(line, len(lines)) - 1], lines[0]):
        found = _BEGINNING.match(written)
        if found is None or "://" in found["word"]:
            continue
        word = found["word"].removesuffix(".exe")
        program = re.split(r"[/\\]", word)[-1]
        if program != word or program in _BEGINS_A_COMMAND or _is_interpreter(program.lower()):
            return True
    return False


def _by_form(text: str) -> Iterator[Hostile]:
    for name, found in matches(COMMANDS, text):
        verdict = Verdict.SUSPICIOUS if name.endswith("?") else Verdict.MALICIOUS
        yield Hostile(name.rstrip("?"), found[0].strip(), text.count("\n", 0, found.start()) + 1, verdict)


# What fetches, decodes or is given its program; what runs something then; and what carries a secret away.
# Made when the first text is met that speaks of an address.
@cache
def _fetcher() -> re.Pattern[str]:
    return re.compile(
        r"(?i)\b(?:curl|wget|fetch|aria2c?|lynx|w3m|iwr|irm|invoke-(?:web|rest)\w+|base64|base32|xxd|openssl|uudecode|rev|urlopen|requests\.get"
        r"|downloadstring|net\.webclient|lwp::simple|uri\.open)\b|\\x[0-9a-f]{2}|\bhttps?\s+\S"
        r"|\b(?:python|pypy|perl|ruby|node|nodejs|php|deno|bun|lua|osascript)[\d.]*(?:\.exe)?\b[^\n]{0,100}\s--?[a-z]*[cerE]"
    )


@cache
def _runner() -> re.Pattern[str]:
    return re.compile(
        r"(?i)\b(?:(?:ba|z|da|k|a|fi|c|tc)?sh|iex|invoke-expression|pwsh|powershell|python[\d.]*|pypy|perl|ruby|node(?:js)?|php|deno|bun|lua"
        r"|osascript|cmd|eval|source|xargs|start|start-process|msiexec|rundll32|chmod)\b|(?:^|[\s;&|(`\"'])\.[\s/\\]"
        r"|(?<![:/\w.])(?:\.\.|~|/\w+|\$\{?\w+\}?|%\w+%|[a-z]:)[/\\]\w|\.(?:exe|bat|cmd|ps1|msi|vbs)\b"
    )


# A program that a variable names, in whole or in part.
_BY_VARIABLE = re.compile(r"(?:^|[\s;&|(\w])\$\{?[\w@*!]")
_TAKEN_APART = str.maketrans("", "", "\"'`^")


def _may_matter(text: str) -> bool:
    """Whether a text that speaks of addresses may do more: parsing costs many times as much as looking."""
    # A shell joins what quotes and escapes take apart.
    forms = (text, text.translate(_TAKEN_APART))
    if "$" in text:
        return bool(any(map(_BY_VARIABLE.search, forms)) or _SECRET.search(text) or any(map(_fetcher().search, forms)))
    return any(map(_fetcher().search, forms)) and any(map(_runner().search, forms))


def _by_syntax(text: str, depth: int) -> Iterator[Hostile]:
    if len(text) > _MAX_PARSED:
        text = "\n".join(line if _FETCHES_OR_DECODES.search(line) else "" for line in text.split("\n"))[:_MAX_PARSED]
    if not _FETCHES_OR_DECODES.search(text) or not _HANDS_ON.search(text) or not _may_matter(text):
        return
    script = parse_shell(text)
    yield from _piped(script)
    yield from _put_into(script)
    yield from _run_later(script)
    yield from _sent(script)
    yield from _in_one_line(script)
    if script.has_errors:
        yield from _in_pieces(text)
    if depth < _MAX_DEPTH:
        for quoted, owner in script.quoted():
            if owner is None or owner.program not in _PROGRAMS["showing"]:
                yield from _by_syntax(quoted, depth + 1)


# Installers with all their words.
_INSTALLS = re.compile(
    r"(?i)\b(?:pip[\d.]*|pipx|uvx?|poetry|pdm|pixi|npm|npx|pnpm|pnpx|yarn|bunx?|gem|cargo|conda|mamba|luarocks)\s[^\n;|&]{0,1000}"
    r"|\bgo\s{1,3}(?:run|install)\s[^\n;|&]{0,200}"
)
_PACKAGE_OF_GO = re.compile(r"\s((?:[a-z\d-]+\.)+[a-z]{2,}/[\w./-]+)@")


def _installed(text: str) -> Iterator[Hostile]:
    """From where nobody here has heard of, which is suspicious."""
    if "://" not in text and "go " not in text:
        return
    for found in _INSTALLS.finditer(text):
        addresses = [address.rstrip("\"'`)]},") for address in _URL.findall(found[0])]
        if found[0].lower().startswith("go"):
            addresses += [f"https://{package}" for package in _PACKAGE_OF_GO.findall(found[0])]
        # A variable for a host may be filled in with anything.
        if any("$" not in address[:12] and is_strange(address) for address in addresses):
            line = text.count("\n", 0, found.start()) + 1
            yield Hostile("installs from a stranger", found[0].strip(), line, Verdict.SUSPICIOUS)


def _piped(script: Script) -> Iterator[Hostile]:
    """`curl … | sh`, `base64 -d | python`."""
    for stages in script.pipelines():
        of_stages = [list(script.commands(stage)) for stage in stages]
        for number, runners in enumerate(of_stages):
            if any(_runs_its_input(command) for command in runners):
                before = [command for commands in of_stages[:number] for command in commands]
                yield from _fetched_or_decoded(before, "pipes download", "decoded shell")


def _put_into(script: Script) -> Iterator[Hostile]:
    """`sh -c "$(curl …)"`, `source <(curl …)`, and the same by way of a variable."""
    held = {
        name: [*script.commands(value)]
        for name, value in script.assigned()
        if value.type in {"string", "command_substitution"}
    }
    for command in script.commands():
        if not (_runs_its_words(command) or command.program in {"source", "."}):
            continue
        told = [*script.put_into(command.node)]
        for word in command.words:
            told += [inner for name, commands in held.items() if re.search(rf"\$\{{?{name}\b", word) for inner in commands]
        yield from _fetched_or_decoded(told, "substitutes download", "decoded eval")


def _fetched_or_decoded(commands: list[Command], fetched: str, decoded: str) -> Iterator[Hostile]:
    for command in commands:
        if _fetches(command) and not _all_known(command, INSTALLERS):
            yield Hostile(fetched, command.written, command.line)
        elif _DECODING.search(" ".join([command.program, *command.arguments])) or _DECODING.search(command.written):
            yield Hostile(decoded, command.written, command.line)


def _run_later(script: Script) -> Iterator[Hostile]:
    """A download that is then started: by itself, or by a shell."""
    saved: dict[str, Command] = {}
    for command in script.commands():
        if _fetches(command) and not _all_known(command, DOWNLOADS):
            if (name := _saved_as(command, script)) and not DATA_FILE.search(name):
                saved[name] = command
        elif saved:
            first = next(
                (word for word in command.words if word.rstrip("/").rsplit("/", 1)[-1].lower() == command.program), ""
            )
            if (name := _file_name(first)) in saved and saved[name].node.id != command.node.id:
                yield Hostile("downloads program", saved[name].written, command.line)
            elif _is_interpreter(command.program) or command.program in {
                "source",
                ".",
                "start-process",
                "msiexec",
                "rundll32",
            }:
                for word in command.arguments[:3]:
                    if (name := _file_name(word)) in saved:
                        yield Hostile("downloads script", saved[name].written, command.line, Verdict.SUSPICIOUS)


def _saved_as(command: Command, script: Script) -> str:
    words = command.arguments
    for option, value in itertools.pairwise(words):
        if re.fullmatch(r"-\w*[oO]|--output(?:-document)?|-[oO]ut[fF]ile", option) and not (
            option.endswith("O") and command.program == "curl"
        ):
            return _file_name(value)
    if into := script.written_to(command):
        return _file_name(into)
    addresses = _addresses(command)
    by_name = command.program in {"wget", "aria2c"} or any(re.fullmatch(r"-\w*O|--remote-name", word) for word in words)
    return _file_name(addresses[-1].split("?")[0]) if addresses and by_name else ""


def _file_name(path: str) -> str:
    return re.split(r"[/\\]", path.strip("\"'"))[-1].lower()


def _sent(script: Script) -> Iterator[Hostile]:
    """Secrets of the environment that an address carries away."""
    for command in script.commands():
        if _fetches(command):
            for address in _addresses(command):
                if _SECRET.search(address.partition("://")[2]) and not is_known(_SECRET.sub("x", address), DOWNLOADS):
                    yield Hostile("sends secrets", command.written, command.line)


def _in_one_line(script: Script) -> Iterator[Hostile]:
    """`php -r 'eval(file_get_contents(…));'`: a program of another language for an argument."""
    from budmodel_scanner.texts.source_flow import follow, worth_following
    from budmodel_scanner.texts.statements import statements

    for command in script.commands():
        if _LANGUAGES.fullmatch(command.program):
            for flag, code in itertools.pairwise(command.arguments):
                if re.fullmatch(r"-\w*[cerE]|--?eval|--execute", flag) and worth_following(code):
                    for finding in follow(statements(code), Place("")):
                        yield Hostile("script", finding.what, command.line, finding.verdict)


def _in_pieces(text: str) -> Iterator[Hostile]:
    """The same of lines that are no Bash: pipes are pipes in every shell."""
    for number, line in enumerate(text.split("\n"), start=1):
        if (
            len(line) > 20_000
            or line.lstrip().startswith(("#", "//", "::", "REM ", "rem "))
            or not _FETCHES_OR_DECODES.search(line)
        ):
            continue
        pieces = [piece for piece in re.split(r"(?<!\|)\|(?!\|)", line) if piece.strip()]
        for before, after in itertools.pairwise(pieces):
            words = re.findall(r"[^\s\"'`()<>;{}\[\],]+", before)
            start = next((at for at, word in enumerate(words) if word.lower().removesuffix(".exe") in _DOWNLOADERS), None)
            last = re.findall(r"[^\s\"'`()<>;{}\[\],]+", after)
            runner = parse_shell(" ".join(last[:6])) if start is not None and last else None
            if runner is None or start is None or not any(map(_runs_its_input, runner.commands())):
                continue
            fetch = next(iter(parse_shell(" ".join(words[start:])).commands()), None)
            if fetch is not None and not _all_known(fetch, INSTALLERS):
                yield Hostile("pipes download", line.strip(), number)


def _is_interpreter(program: str) -> bool:
    return program in _SHELLS or bool(_LANGUAGES.fullmatch(program)) or program in {"powershell", "cmd"}


def _runs_its_input(command: Command) -> bool:
    """Whether a program takes what is piped into it for its program."""
    program, arguments = command.program, command.arguments
    if (
        program == "eval"
        or (program == "source" and not arguments)
        or (any(word.rsplit("/", 1)[-1] == "xargs" for word in command.words[:3]) and program in _SHELLS)
    ):
        return True
    if not _is_interpreter(program):
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


def _runs_its_words(command: Command) -> bool:
    return command.program == "eval" or _is_interpreter(command.program)


def _fetches(command: Command) -> bool:
    if command.program in _DOWNLOADERS:
        return True
    return any(word in _DOWNLOADERS for word in command.words[:8]) or any(
        _FETCHING_CODE.search(word) for word in command.arguments
    )


def _addresses(command: Command) -> list[str]:
    written = [found[0] for word in command.words if (found := _URL.search(word))]
    return written or [f"https://{word}" for word in command.arguments if _BARE_ADDRESS.fullmatch(word)]


def _all_known(command: Command, purpose: str) -> bool:
    addresses = _addresses(command)
    return bool(addresses) and all(is_known(address, purpose) for address in addresses)


def ordinary_command(command: str) -> bool:
    """Whether everything that a command starts is a program that helper scripts start every day."""
    if wrapped := _SHELL_WRAPPER.match(command.strip()):
        command = wrapped[1].strip("\"'")
    parts = [part for part in _COMMAND_BREAK.split(command) if part.strip()]
    return bool(parts) and all(_program(part) in _ORDINARY for part in parts[:50])


_PREFIX = re.compile(
    r"^(?:\s*(?:sudo(?:\s+-\S+)?|time|nohup|exec|command|env|then|do|if|!|@|-|CUDA_VISIBLE_DEVICES=\S*|[A-Z_]{2,40}=\S{0,100})\s+)*"
)
_COMMAND_BREAK = re.compile(r"&&|\|\||[;|\n]")
_SHELL_WRAPPER = re.compile(r"^(?:/bin/|/usr/bin/)?(?:ba|z|da)?sh\s+-\w*c\s+(.*)$", re.DOTALL)


def _program(part: str) -> str:
    words = _PREFIX.sub("", part.strip()).split()
    if not words or ("`" in part or "$(" in part):
        return ""
    program = words[0].strip("\"'").lower()
    if program in {"cd", "export", "set", "source"}:
        return "ls"
    if program in _ORDINARY:
        return program
    # A program in the repository itself, or one whose name is only known at run time, is not an ordinary one.
    if program.startswith((".", "…")) or "…" in program:
        return ""
    return program.rsplit("/", 1)[-1].removesuffix(".exe")
