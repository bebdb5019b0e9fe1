"""What agents start that is no reason for alarm: tools that check an edit, and servers that their makers publish."""

import re
from collections.abc import Mapping

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.shell_programs import PRIVATE
from budmodel_scanner.word_lists import sections

_KNOWN = sections(__package__, "known/agents.txt")
_BREAK = expression(r"&&|\|\||[;|\n]")
# What a shell fills in beyond variables, what it writes, and what it does aside.
_MORE = expression(r"`|\$\(|<\(|>(?!\s?(?:&\d|/dev/null))|(?<!&)&(?![&\d])|~")
_TASK = expression(r"(?:npm|pnpm|yarn|bun)(?: run)? (?:lint|format|fmt|check|type-?check|test)(?::[\w-]+)?(?:\s.*)?")
_VERSION = expression(r"(?<=.)(?:@[\w.^~-]+|:[\w.-]+|==[\w.]+)$")
_PLAIN = expression(r"(?:--?[\w-]+(?:=[\w./:@${}-]+)?|[\w./:@${}-]+)")
# Options by which a runner takes its package, or an interpreter its code, from somewhere else.
_ELSEWHERE = expression(
    r"(?i)-?-(?:registry|index|package|call|from|with|node-options|require|eval|import|volume|mount|privileged|entrypoint"
    r"|net|plugin|rulesdir|resolve-plugins|[pcev]$)"
)
_WHOLE = expression(r"~|~/.*|\$\{?HOME\}?/?|/(?:etc|root|home|Users|usr|var)?(?:/.*)?")
_OF_LOADERS = expression(r"(?i)(?:LD|DYLD|NODE|NPM|UV|PIP|PYTHON|BASH|GIT|DOCKER)(?:_.*)?|PATH|.*(?:REGISTRY|INDEX|PROXY).*")
_BEFORE = frozenset({"xargs", "uv", "run", "poetry", "python", "-m", "-r", "-0", "-I{}"}) | _KNOWN["runs packages"]
_OF_RUNNERS = frozenset({"run", "-i", "--rm", "-y", "--yes", "--init", "dlx"})


def is_ordinary_hook(command: str) -> bool:
    """Whether a command does nothing but check what was edited, in a form that hides nothing."""
    bare = command.replace("2>/dev/null", "").replace("2>&1", "")
    if _MORE.search(bare) or PRIVATE.search(bare):
        return False
    return all(_checks(part.split()) for part in _BREAK.split(bare) if part.strip())


def _checks(words: list[str]) -> bool:
    while words and words[0] in _BEFORE:
        words = words[1:]
    if not words or _TASK.fullmatch(" ".join(words)):
        return bool(words)
    first = words[0].rpartition("node_modules/.bin/")[2]
    if first in _KNOWN["checks by a word"]:
        return words[1:2] != [] and words[1] in _KNOWN["words"]
    return first in _KNOWN["checks"] | _KNOWN["shows"] and not any(map(_ELSEWHERE.match, words[1:]))


def is_known_server(server: Mapping[object, object]) -> bool:
    """Whether a server is a package of its makers, told nothing but what to work on, or lies at their address."""
    given = server.get("env")
    told = given if isinstance(given, Mapping) else {}
    if any(_OF_LOADERS.fullmatch(str(name)) for name in told):
        return False
    args = server.get("args")
    words = [*str(server.get("command") or "").split(), *(map(str, args) if isinstance(args, list) else [])]
    if not words:
        return any(str(server.get(key)) in _KNOWN["addresses"] for key in ("url", "httpUrl", "serverUrl", "endpoint"))
    if words[0] not in _KNOWN["runs packages"] | {"docker"} or not all(map(_PLAIN.fullmatch, words)):
        return False
    at = next((at for at, word in enumerate(words) if _VERSION.sub("", word) in _KNOWN["servers"]), 0)
    before = [
        word for word in words[1:at] if word not in {"run", "-i", "--rm", "-y", "--yes", "--init", "dlx", "--pull", "always"}
    ]
    named = all(re.fullmatch(r"-e|--env|[A-Z][A-Z0-9_]*", word) and not _OF_LOADERS.fullmatch(word) for word in before)
    return at > 0 and named and not any(_WHOLE.fullmatch(it) or _ELSEWHERE.match(it) for it in words[at + 1 :])
