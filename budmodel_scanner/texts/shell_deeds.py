"""What commands of shells do with each other, by their syntax: one fetches or decodes, another runs what comes of it."""

import itertools
import re
from collections.abc import Iterator
from functools import cache

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.known_places import DOWNLOADS, FORGES, INSTALLERS
from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.python_deeds import PERSISTENCE
from budmodel_scanner.texts.shell_leaks import SECRET, sent
from budmodel_scanner.texts.shell_programs import (
    ANSWERS,
    BRINGS,
    PRIVATE,
    PROGRAMS,
    Hostile,
    all_known,
    brought_by,
    fetches_something,
    file_name,
    is_interpreter,
    orders_handed,
    runs_its_input,
    saved_as,
    starts_one_of,
)
from budmodel_scanner.texts.shell_syntax import Command, Script, parse_shell
from budmodel_scanner.verdict import Verdict

_MAX_PARSED = 1 << 20
_MAX_DEPTH = 3
_DOWNLOADERS = PROGRAMS["downloaders"]
_DECODING = one_of("flow", "decodes by a command")
# The words without which nothing is fetched or decoded, and the signs without which nothing of it is run.
_FETCHES_OR_DECODES = expression(f"{one_of('flow', 'fetches or decodes').pattern}|{BRINGS.pattern}|{ANSWERS.pattern}")
_HANDS_ON = expression(r"[|`<;&\n$]|\beval\b")


def fetches(text: str) -> bool:
    """Whether a text may hold a command that fetches or decodes."""
    # Small letters are found twice as fast as letters of any size.
    return _FETCHES_OR_DECODES.search(text.lower()) is not None


def runs(text: str) -> bool:
    """Whether a text may name what runs something."""
    return _runner().search(text) is not None


# What fetches, decodes or is given its program; what runs something then; and what carries a secret away.
@cache
def _fetcher() -> re.Pattern[str]:
    return re.compile(
        "|".join((one_of("flow", "fetches by a command").pattern, BRINGS.pattern, ANSWERS.pattern)), re.IGNORECASE
    )


@cache
def _runner() -> re.Pattern[str]:
    return one_of("flow", "runs by a command", re.IGNORECASE)


# A program that a variable names, in whole or in part.
_BY_VARIABLE = expression(r"^\s*`|(?:^|[\s;&|(\w])\$\{?[\w@*!]")
_DUMPS = expression(rf"\b(?:env|printenv)\s{{0,3}}[|>]|{one_of('reached', 'shows what signs in').pattern}")
TAKEN_APART = str.maketrans("", "", "\"'`^")


def _may_matter(text: str) -> bool:
    """Whether a text that speaks of addresses may do more: parsing costs many times as much as looking."""
    # A shell joins what quotes and escapes take apart.
    forms = (text, text.translate(TAKEN_APART))
    if "$" in text or text.lstrip().startswith("`"):
        return bool(any(map(_BY_VARIABLE.search, forms)) or SECRET.search(text) or any(map(_fetcher().search, forms)))
    return any(map(_fetcher().search, forms)) and (
        any(map(_runner().search, forms)) or bool(PRIVATE.search(text) or _DUMPS.search(text) or PERSISTENCE.search(text))
    )


# PowerShell puts a mark before a program whose name it is to work out.
CALLS = expression(r"(?m)((?:^|[;{(])\s{0,9})&\s{0,9}(?:\{|(?=[$\"'.]))")


_OF_WINDOWS = expression(r"(?:\$(?:env:)?\w+|~|%\w+%|\b[A-Za-z]:)(?:\\(?![nrt](?!\w))[\w.-]+)+")


def deeds_in(text: str, depth: int = 0) -> Iterator[Hostile]:
    if not fetches(text):
        return
    if len(text) > _MAX_PARSED:
        text = "\n".join(line if fetches(line) else "" for line in text.split("\n"))[:_MAX_PARSED]
    if not any(form.search(text) for form in (_HANDS_ON, PRIVATE, PERSISTENCE)) or not _may_matter(text):
        return
    script = parse_shell(CALLS.sub(r"\1", _OF_WINDOWS.sub(lambda path: path[0].replace("\\", "/"), text)))
    yield from _piped(script)
    yield from _put_into(script)
    yield from _run_later(script)
    if (unwrapped := _FOR_A_SHELL.sub(r"\2", text)) != text:
        yield from _run_later(parse_shell(unwrapped))
    yield from sent(script)
    if script.has_errors:
        yield from _in_pieces(text)
    if depth < _MAX_DEPTH:
        for quoted, owner in script.quoted():
            kept = script.written_to(owner) if owner else None
            if owner is None or owner.program not in PROGRAMS["showing"] or (kept and not DATA_FILE.search(kept)):
                yield from deeds_in(quoted, depth + 1)


# What another shell is given, which works in the same folder.
_FOR_A_SHELL = expression(
    r"(?i)\b(?:(?:ba|z|da)?sh|powershell(?:\.exe)?|pwsh|cmd(?:\.exe)?)(?:\s-(?!l?c)\w{1,20}(?:\s(?!-)\w{1,20})?){0,4}\s(?:-l?c(?:ommand)?|/c)\s([\"'])([^\"'\n]{1,400})\1"
)


def _piped(script: Script) -> Iterator[Hostile]:
    """`curl … | sh`, `base64 -d | python`."""
    for stages in script.pipelines():
        of_stages = [list(script.commands(stage)) for stage in stages]
        # What stands before the last of them stands before all: each command is looked at once.
        runners = [number for number, commands in enumerate(of_stages) if any(map(runs_its_input, commands))]
        before = [command for commands in of_stages[: max(runners, default=0)] for command in commands]
        yield from _fetched_or_decoded(before, "pipes download", "decoded shell", data=_READ_BY_PEOPLE, any_answer=True)
        for command in orders_handed(of_stages):
            yield Hostile("hands over orders", command.written, command.line, Verdict.SUSPICIOUS)


def _put_into(script: Script) -> Iterator[Hostile]:
    """`sh -c "$(curl …)"`, `source <(curl …)`, and the same by way of a variable."""
    held = {
        name: [*script.commands(value)]
        for name, value in script.assigned()
        if value.type in {"string", "command_substitution"}
    }
    for command in script.commands():
        if command.program in {"read", "mapfile", "readarray"} and command.arguments:
            held[command.arguments[-1]] = [*script.fed_to(command)]
        by_value = _BY_VALUE.match(command.written) is not None
        for order in orders_handed([[*script.put_into(command.node)], [command]]):
            yield Hostile("hands over orders", order.written, order.line, Verdict.SUSPICIOUS)
        # A timetable, or a word of a tool, may stand before it.
        handed = _HANDED_TO.search(command.written) is not None
        if not (by_value or handed or command.program in {"eval", "source", "."} or is_interpreter(command.program)):
            continue
        told = [*script.put_into(command.node)]
        for word in (*command.words, *script.here_strings(command)):
            told += [inner for name in {*_NAMES.findall(word)} for inner in held.get(name, ())]
        data = _READ_BY_PEOPLE if command.program == "eval" or _OF_A_FILE.search(command.written) else _OF_NO_CODE
        yield from _fetched_or_decoded(told, "substitutes download", "decoded eval", data=data, any_answer=not by_value)


_HANDED_TO = expression(r"\b(?:(?:ba|z|da|k)?sh(?:\s-\w{1,9}){0,3}|source|eval)\s{1,5}[\\\"']{0,3}(?:<\(|\$\(|`)")
_NAMES = expression(r"\$\{?(\w+)")
# A program of which a command tells the name.
_BY_VALUE = expression(r"[\"']?(?:\$\(|`|\$\{?\w+(?:\[[@*]\])?\}?[\"']?(?:\s|$))")


_OF_A_FILE = expression(r"\s-\w{0,3}c\s{1,3}[\"']?\$\((?:cat|head|tail|grep|sed|awk)\s")


def _fetched_or_decoded(
    told: list[Command], fetched: str, decoded: str, *, data: re.Pattern[str], any_answer: bool
) -> Iterator[Hostile]:
    for command in told:
        of_something = command.addresses or any(_NAMED.search(word) for word in command.arguments)
        if of_something and fetches_something(command) and not all_known(command, INSTALLERS):
            verdict = Verdict.SUSPICIOUS if all_known(command, FORGES) else Verdict.MALICIOUS
            yield Hostile(fetched, command.written, command.line, verdict)
        elif _DECODING.search(" ".join([command.program, *command.arguments])) or _DECODING.search(command.written):
            yield Hostile(decoded, command.written, command.line)
        elif brought_by(command) or (any_answer and ANSWERS.match(" ".join(command.words) + " ")):
            yield Hostile("runs what it brings", command.written, command.line, Verdict.SUSPICIOUS)
        elif any(data.search(word) for word in command.arguments):
            yield Hostile("runs data", command.written, command.line, Verdict.SUSPICIOUS)


# An address that is not written out, or a file.
_NAMED = expression(r"[$%/\\:@]|^-")


def _run_later(script: Script) -> Iterator[Hostile]:
    """A download that is then started: by itself, or by a shell."""
    saved: dict[str, Command] = {}
    brought: set[str] = set()
    for command in script.commands():
        if (names := brought_by(command)) and not (all_known(command, DOWNLOADS) or all_known(command, INSTALLERS)):
            brought |= names
        elif brought and starts_one_of(command, brought):
            yield Hostile("runs what it brings", command.written, command.line, Verdict.SUSPICIOUS)
        if _SPELLS.search(" ".join(command.words)) and (name := file_name(script.written_to(command) or "")):
            saved[name] = command
        if fetches_something(command) and not (all_known(command, DOWNLOADS) or all_known(command, INSTALLERS)):
            if (name := saved_as(command, script)) and not DATA_FILE.search(name):
                saved[name] = command
            into = next((path for path in _places(command, script) if PERSISTENCE.search(path)), None)
            if into and not name.endswith(_COMPLETIONS):
                yield Hostile("downloads what every login runs", command.written, command.line)
            if _OF_LATER_STEPS.match(name):
                yield Hostile("downloads variables", command.written, command.line, Verdict.SUSPICIOUS)
        elif saved:
            first = next(filter(lambda word: file_name(word).removesuffix(".exe") == command.program, command.words), "")
            if (name := file_name(first)) in saved and saved[name].node.id != command.node.id:
                yield Hostile("downloads program", saved[name].written, command.line)
            elif is_interpreter(command.program) or command.program in PROGRAMS["starting"]:
                for word in command.arguments[:3]:
                    if (name := file_name(word)) in saved:
                        yield Hostile("downloads script", saved[name].written, command.line, Verdict.SUSPICIOUS)


def _places(command: Command, script: Script) -> Iterator[str]:
    """Where a command may put what it fetches."""
    yield script.written_to(command) or ""
    for option, value in itertools.pairwise(command.arguments):
        if re.fullmatch(r"-\w*[oO]|--output(?:-document)?|-[oO]ut[fF]ile", option):
            yield value


_COMPLETIONS = (".bash", ".zsh", ".fish")
# Files from which runners take variables and programs for the steps to come.
_OF_LATER_STEPS = expression(r"\$\{?(?:env:)?(?:github_(?:env|path)|bash_env)\b")
# Letters for letters, backwards, or by their numbers: what nobody needs for a program of their own.
_SPELLS = expression(
    r"^tr\s(?!-)\S*\w-\w|^rev$|^(?:base64|base32)\s.*(?:-\w*[dD]|--decode)|^xxd\s.*-\w*r|^uudecode\b|\\x[0-9a-f]{2}.{0,3}\\x[0-9a-f]{2}|\\1[0-7]{2}.{0,3}\\1[0-7]{2}"
)
_OF_NO_CODE = expression(r"\.(?:safetensors|gguf|bin|pth?|onnx|npy|png|jpe?g|wav)$")
_READ_BY_PEOPLE = expression(rf"{_OF_NO_CODE.pattern}|\.(?:txt|md|csv|json)$")


def _in_pieces(text: str) -> Iterator[Hostile]:
    """The same of lines that are no Bash: pipes are pipes in every shell."""
    for number, line in enumerate(text.split("\n"), start=1):
        is_comment = line.lstrip().lower().startswith(("#", "//", "::", "rem "))
        if is_comment or len(line) > 20_000 or not fetches(line):
            continue
        pieces = [piece for piece in re.split(r"(?<!\|)\|(?!\|)", line) if piece.strip()]
        for before, after in itertools.pairwise(pieces):
            words, last = _BARE_WORD.findall(before), _BARE_WORD.findall(after)[:6]
            start = next((at for at, word in enumerate(words) if word.lower().removesuffix(".exe") in _DOWNLOADERS), None)
            if start is not None:
                for found in _piped(parse_shell(" ".join([*words[start:], "|", *last]))):
                    yield Hostile(found.name, line.strip(), number)


_BARE_WORD = expression(r"[^\s\"'`()<>;{}\[\],]+")
