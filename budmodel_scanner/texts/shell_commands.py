"""Commands of shells, wherever they stand: in scripts, in Python, in configuration, in a Dockerfile.

What fetches or decodes and then runs is told by the syntax; what is hostile by itself, by the forms of `known/commands.txt`.
"""

import re
from collections.abc import Iterator

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import COMMANDS, matches
from budmodel_scanner.texts.known_places import INSTALLERS, is_known, is_strange
from budmodel_scanner.texts.shell_deeds import TAKEN_APART, deeds_in
from budmodel_scanner.texts.shell_programs import PROGRAMS, Hostile, is_interpreter
from budmodel_scanner.texts.shell_syntax import URL
from budmodel_scanner.verdict import Verdict

_ORDINARY = PROGRAMS["ordinary"]
_BEGINS_A_COMMAND = PROGRAMS["commands"] | PROGRAMS["downloaders"] | _ORDINARY


def hostile_command(text: str) -> Hostile | None:
    """The worst of a text of shell commands, or None. Comments of a shell are left out."""
    if "IFS" in text:
        text = _SPACE.sub(" ", text)
    if "```" in text:
        text = _FENCE.sub("", text)
    found = [*_by_form(text), *_installed(text), *deeds_in(text)]
    return max(found, key=lambda hostile: hostile.verdict.rank, default=None)


# A line that sets off code in prose; to a shell it would put in what stands up to the next one.
_FENCE = expression(r"(?m)^[ \t]{0,20}```[\w-]{0,20}[ \t]*$")
# Words that are joined by what separates words; a script that sets it only reads by it.
_SPACE = expression(r"(?<=[\w'\"|;&/-])\$(?:IFS\$\w|\{IFS[^}\n]{0,9}\}|IFS\b)")
# How a command begins: after a prompt, a step's mark, the five fields of a timetable, or what is set for it alone.
_BEGINNING = expression(
    # What is looked ahead at is taken as it is, and not tried in shorter forms.
    r"(?=(?P<before>(?:[\s$>@&(\[{\"'-]|\\\\|\bsudo\s|\w+=\S*\s|(?:[\d*/,]+\s+){5}(?:root\s)?|(?:RUN|CMD|ENTRYPOINT|SHELL)\s)*))"
    r"(?P=before)(?P<word>[\w./~%\\:{}$]+)"
)


def reads_as_command(text: str, line: int = 1) -> bool:
    """Whether that line of a text, or the first, begins as commands do. Sentences that hold a command do not."""
    lines = text.strip().split("\n")
    for written in (lines[min(line, len(lines)) - 1], lines[0]):
        found = _BEGINNING.match(written.translate(TAKEN_APART) if written[:1].isalpha() else written)
        if found is None or "://" in found["word"]:
            continue
        word = found["word"].removesuffix(".exe")
        program = re.split(r"[/\\]", word)[-1]
        if program != word or program in _BEGINS_A_COMMAND or is_interpreter(program.lower()):
            return True
    return False


def _by_form(text: str) -> Iterator[Hostile]:
    for name, first in matches(COMMANDS, text):
        found = next((it for it in first.re.finditer(text) if not _is_installer(it)), None) if name in _FETCHING else first
        if found is None:
            continue
        verdict = Verdict.SUSPICIOUS if name.endswith("?") else Verdict.MALICIOUS
        yield Hostile(name.rstrip("?"), found[0].strip(), text.count("\n", 0, found.start()) + 1, verdict)


_FETCHING = frozenset({"downloads and runs", "builds what it fetched"})


def _is_installer(found: re.Match[str]) -> bool:
    """Whether all addresses from there to the end of the line are where installers lie."""
    end = found.string.find("\n", found.end())
    addresses = URL.findall(found.string[found.start() : end if end >= 0 else None])
    return bool(addresses) and all(is_known(address.rstrip("\"'`)]},\\"), INSTALLERS) for address in addresses)


# Installers, and programs that run what lies at an address, with all their words.
_INSTALLS = expression(
    r"(?i)\b(?:pip[\d.]*|pipx|uvx?|poetry|pdm|pixi|npm|npx|pnpm|pnpx|yarn|bunx?|gem|cargo|conda|mamba|luarocks|deno|jbang|nix|source_url|ansible-pull|Install-(?:Module|Package|Script|PSResource)|Register-PS(?:Resource)?Repository|(?:choco|scoop|winget)\s{1,3}(?:install|bucket)|groovy|jshell|jbang|nix-env|nix-build|flatpak|guix\s{1,3}pull|terraform\s{1,3}init|(?:code|codium|cursor)\s{1,3}--install-extension|Pkg\.(?:add|develop|clone)|(?:remotes|devtools|pak)::\w+"
    r"|kubectl\s{1,3}(?:apply|create)|helm\s{1,3}(?:install|upgrade|pull)|(?:asdf|mise|rtx|helm|vagrant|krew)\s{1,3}plugins?\s{1,3}(?:add|install)|nix-channel\s{1,3}--add|brew\s{1,3}tap\s{1,3}\S{1,80}|docker\s{1,3}(?:build|buildx))[\s(][^\n;|&]{0,1000}"
    r"|\bgo\s{1,3}(?:run|install)\s[^\n;|&]{0,200}|^[ \t%]{0,9}(?:run|load|loadpy)\s{1,3}https?:[^\n]{1,300}",
    re.MULTILINE,
)
_PACKAGE_OF_GO = expression(r"\s((?:[a-z\d-]+\.)+[a-z]{2,}/[\w./-]+)@")


def _installed(text: str) -> Iterator[Hostile]:
    """From where nobody here has heard of, which is suspicious."""
    if "://" not in text and "go " not in text:
        return
    for found in _INSTALLS.finditer(text):
        addresses = [address.rstrip("\"'`)]},") for address in URL.findall(found[0])]
        if found[0].lower().startswith("go"):
            addresses += [f"https://{package}" for package in _PACKAGE_OF_GO.findall(found[0])]
        # A variable for a host may be filled in with anything.
        if any("$" not in address[:12] and is_strange(address) for address in addresses):
            line = text.count("\n", 0, found.start()) + 1
            yield Hostile("installs from a stranger", found[0].strip(), line, Verdict.SUSPICIOUS)


def ordinary_command(command: str) -> bool:
    """Whether everything that a command starts is a program that helper scripts start every day."""
    command = _PART_OF_PATH.sub("x", command)
    if wrapped := _SHELL_WRAPPER.match(command.strip()):
        command = wrapped[1].strip("\"'")
    parts = [part for part in _COMMAND_BREAK.split(command) if part.strip()]
    if not parts or not _is_ordinary(parts[0]):
        return False
    return all(_is_ordinary(part) or _filters(part) for part in parts[1:50])


# Removes what lies below, by name or by kind.
_TIDIES = expression(r"rm(?:\s+-[rRfv]{1,3}){0,2}(?:\s+(?:\*\.)?\w(?!\S*\.\.)[\w*?.\[\]/-]*)+")


def _is_ordinary(part: str) -> bool:
    return _program(part) in _ORDINARY or _TIDIES.fullmatch(part.strip()) is not None


_PART_OF_PATH = expression(r"`\s?(?:dirname|basename)\s[\w$./{}-]+\s?`|\$\(\s?(?:dirname|basename)\s[\w$./{}\"-]+\s?\)")


def _filters(part: str) -> bool:
    """Whether it passes on some of what it is given, and neither writes nor runs: `head -n1`, `awk '{print $2}'`."""
    plain = part.strip().removesuffix("2>/dev/null")
    return _AWK.fullmatch(plain.strip()) is not None or (_program(part) in PROGRAMS["filters"] and ">" not in plain)


_AWK = expression(r"awk\s{1,3}(?:-F\s?\S{1,6}\s{1,3})?(['\"])\{\s?print(?:\s?[$\\\w,\s]{0,60})?\}\1")


_PREFIX = expression(
    r"^(?:\s*(?:sudo(?:\s+-\S+)?|time|nohup|exec|command|env|then|do|if|!|@|-|CUDA_VISIBLE_DEVICES=\S*|[A-Z_]{2,40}=\S{0,100})\s+)*"
)
_COMMAND_BREAK = expression(r"&&|\|\||[;|\n]")
_SHELL_WRAPPER = expression(r"^(?:/bin/|/usr/bin/)?(?:ba|z|da)?sh\s+-\w*c\s+(.*)$", re.DOTALL)


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
