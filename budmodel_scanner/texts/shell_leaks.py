"""Secrets that commands of a shell send to a stranger, and the commands that show them."""

import itertools
import re
from collections.abc import Iterable, Iterator

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.environment import is_of_another
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.known_places import DOWNLOADS, is_known
from budmodel_scanner.texts.shell_programs import (
    PRIVATE,
    PROGRAMS,
    Hostile,
    all_known,
    fetches_something,
    file_name,
    saved_as,
)
from budmodel_scanner.texts.shell_syntax import Command, Script, text_of
from budmodel_scanner.verdict import Verdict

SECRET = expression(
    r"(?i)\$(?:\{{1,2}\s?(?:secrets\.)?|env:)?\w*(?:token(?!iz)|secret|passw|api_?key|credential|access_key)\w*|\$\(\s*(?:env|printenv|whoami|id|hostname)\b"
)


def sent(script: Script) -> Iterator[Hostile]:
    """Secrets of the environment, or of a private file, that go to a stranger: in an address, as data, by a pipe."""
    given = (*((name, text_of(value)) for name, value in script.assigned()), *script.gone_through())
    named = dict.fromkeys(rf"\$\{{?{re.escape(name)}\b" for name, value in given if _HELD.search(value))
    secret = _any_of(named)
    for command in script.commands():
        addresses = command.addresses if fetches_something(command) else []
        if _hands_private(command, script):
            yield Hostile("sends secrets", command.written, command.line)
        if command.program in _RESOLVERS and any(secret.search(word) and "." in word for word in command.arguments):
            yield Hostile("sends secrets", command.written, command.line)
        for address in addresses:
            if secret.search(address.partition("://")[2]) and not is_known(secret.sub("x", address), DOWNLOADS):
                yield Hostile("sends secrets", command.written, command.line)
        signs_in = any(map(_METADATA.search, command.arguments))
        if signs_in or not addresses:
            into = script.written_to(command) or saved_as(command, script)
            private = signs_in or _dumps(command) or any(map(PRIVATE.search, command.arguments))
            if private or (into and any(map(secret.search, command.words))):
                # What takes it from there, and what it is put into.
                kept = [into, *(word for word in command.arguments if private and not PRIVATE.search(word))]
                names = dict.fromkeys(_as_file(name) for name in map(file_name, kept[:9]) if name)
                if len(named) < _MOST_NAMED and not names.keys() <= named.keys():
                    named |= names
                    secret = _any_of(named)
            continue
        data = [word for option, word in itertools.pairwise(command.words) if _GIVES_DATA.fullmatch(option)]
        data += [word for word in command.words if _GIVES_DATA.match(word)]
        private = any(secret.search(word) or PRIVATE.search(word) for word in data)
        of_another = any(_HEADER.match(word) and is_of_another(word, addresses[0]) for word in command.words)
        if (private or of_another) and not all_known(command, DOWNLOADS):
            yield Hostile("sends secrets", command.written, command.line)
    for first, *others in script.pipelines():
        shown = [*script.commands(first)]
        told = " ".join(word for command in shown for word in command.words)
        if secret.search(told) or PRIVATE.search(told) or any(map(_dumps, shown)):
            for command in (command for stage in others for command in script.commands(stage)):
                carries = command.program in _CARRIERS or _carries_in_name(command)
                # An example may end before it says where to.
                told_whom = bool(command.addresses) or any(map(_MAY_BE_ADDRESS.fullmatch, command.arguments))
                carries &= told_whom or command.program not in PROGRAMS["downloaders"]
                if carries and not all_known(command, DOWNLOADS):
                    yield Hostile("sends secrets", command.written, command.line)
                elif command.program == "ssh" and PRIVATE.search(_OWN_NAME.sub("", told)):
                    yield Hostile("sends secrets", command.written, command.line, Verdict.SUSPICIOUS)


def _any_of(named: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join((SECRET.pattern, _SHOWS, *itertools.islice(named, _MOST_NAMED))))


def _as_file(name: str) -> str:
    """A name of one letter only where it is given as a file."""
    return rf"[\w./\\@=-]*{'@' if len(name) < _SHORT else ''}{re.escape(name)}(?:$|[;,])"


# Where machines of a cloud are told what they sign in with.
_METADATA = expression(r"\b169\.254\.(?:169\.254|170\.2)\b|\bmetadata\.google\.internal\b")


_SHORT, _MOST_NAMED = 2, 200


def _dumps(command: Command) -> bool:
    # Before another program it says with which variables that starts.
    return command.program in PROGRAMS["dumping"] or command.words == ("env",) or _shows(command)


def _shows(command: Command) -> bool:
    return _SHOWS_IT.match(" ".join(command.words)) is not None


def _hands_private(command: Command, script: Script) -> bool:
    """Whether a private file is handed to others: named, or as the input; and not by the way, as the key to sign in with."""
    if not _HANDS_FILES.match(" ".join(command.words)):
        return False
    named = [word for before, word in itertools.pairwise(command.words) if not _SIGNS_IN_BY.fullmatch(before)]
    given = [*(word for word in named if not _SIGNS_IN.search(word)), script.read_from(command) or ""]
    return any(map(PRIVATE.search, given))


def _carries_in_name(command: Command) -> bool:
    """Whether it asks for a name of which a part is filled in, or fills the packets by which it asks who is there."""
    pings = command.program.startswith("ping")
    if command.program in _RESOLVERS or pings:
        named = any(_FILLED_IN.search(word) for word in command.arguments)
        return named or (pings and any(option == "-p" and "$" in word for option, word in itertools.pairwise(command.words)))
    return False


_RESOLVERS = frozenset({"dig", "host", "nslookup", "drill", "getent", "kdig", "delv", "resolvectl", "dscacheutil"})
# A key of one service for another; of those for models there are many services.
_HEADER = expression(r"[\w-]{1,40}:(?![^\n]*\$\{{0,2}(?:OPENAI|ANTHROPIC))[^\n]*\$")
_HANDS_FILES = expression(rf"(?:{one_of('reached', 'hands files to others').pattern})(?!\S)")
_SIGNS_IN_BY = expression(r"-[iFA]|--?(?:identity\S*|key|cert|cafile|cacert|credentials?\S*|config|authentication-file)")
_SIGNS_IN = expression(r"(?i)identityfile|^ssh\s|\.pub$|^-[iFA]\S|^--?(?:key|cert|config|credentials?\S*)=")
# The half of a key that others are to know.
_OWN_NAME = expression(r"\S+\.pub\b")
# A name that a part of is filled in, by a variable or by `xargs`.
_FILLED_IN = expression(r"(?:\$\{?\w+\}?|\{\})\.\w|\$\{?\w*\}?[\w-]*\.\w")
_MAY_BE_ADDRESS = expression(r"[^\s:-][^\s:]*")
_CARRIERS = PROGRAMS["downloaders"] | PROGRAMS["carriers"]
# Programs that show what they, or others, sign in with.
_SHOWING = one_of("reached", "shows what signs in").pattern
_SHOWS = rf"[`(]\s{{0,3}}(?:env|printenv|export\s+-p|declare\s+-[xp]+|{_SHOWING})\b"
_SHOWS_IT = expression(rf"(?:{_SHOWING})(?!\S)")
_HELD = expression(rf"{PRIVATE.pattern}|{_SHOWS}", re.IGNORECASE)
_GIVES_DATA = expression(rf"(?:{one_of('reached', 'gives data').pattern})(?=$|=)")
