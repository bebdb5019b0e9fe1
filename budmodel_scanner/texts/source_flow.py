"""What statements do with each other: a thing is fetched here and run there, a secret is read here and sent there.

Followed by name and by the name of a file, line after line. No language is understood, so most of it is suspicious at most.
"""

import re
from collections.abc import Iterable, Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.known_places import DOWNLOADS, PACKAGES, is_known
from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.python_deeds import KEY_FILE, PERSISTENCE
from budmodel_scanner.texts.shell_programs import PRIVATE
from budmodel_scanner.texts.source_leaks import ENVIRONMENT, NEAR, ONE_DEED, TAKES_INPUT, WRITES, sent_or_left
from budmodel_scanner.texts.source_runs import (
    DECODES,
    GIVEN,
    NAME,
    REQUEST,
    URL,
    WITHIN,
    Seen,
    by_name,
    connects,
    evaluated,
    known_as,
    started,
)
from budmodel_scanner.texts.statements import ASSIGNED, ONLY_MATCHES, Statement, assigned_by, set_by
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import sections

_WORTH = sections(__package__, "known/worth.txt")
_WORDS, _ENDS = (*(word.replace("\\x20", " ") for word in _WORTH["words"]), "] ^", '" ^', 'pack "'), tuple(_WORTH["ends"])
# Perl reads into a variable without a name.
_READS_LINES = expression(r"<\$?\w+>")
_PATH = expression(
    r"[\w./\\~$%{}:+-]{0,200}[/\\][\w.${}%-]{1,80}|[\w-]{1,60}\.(?:sh|bash|exe|py|rb|pl|lua|jl|[rR]|ps1|bat|cmd|js|php|so|dll|dylib|out|run|elf|tcl|clj|scm|nim|groovy|kts)|[a-z][\w-]{0,60}"
)
_BARE_NAME = expression(r"[a-z][\w-]{0,60}")
_WRITTEN_TO = expression(
    r"(?i)\b(?:write_?(?:file|all_?(?:bytes|text)|bytes|text|binary)|fs(?:::|\.)write|save_?to|spit|\w*put_contents)\w*\s?\(\s?[$&]?(\w+)\s?,"
)
_INTO_FILE = expression(r"download|retriev|writ|save|getstore|to_?file")
_BARE_PATH = expression(r"(?<![\w:/])(?:[\w.~$%{}-]*[/\\])+[\w.-]+")
_MOST_STATEMENTS = 200_000
_LONGEST = 20_000
# Groovy, Ruby and Nix call a function without brackets.
_CALLED_BARE = expression(r'\s{0,9}[A-Za-z][\w.-]{2,60}\s{1,9}(?:(?:\w{1,40}:\s{0,9})?"|(?:-\w{1,20}\s{1,9}){0,3}https?:)')
_COPIED = expression(r"\s{0,9}[$@&]?(\w+)\s{0,9};?\s{0,9}")
_HOST = expression(r'\bhost(?:name)?\s?[:=]\s?"(\d+)"')
_OPENS = expression(r"(?i)\bopen\w*\s?\(|\bcurl_\w*setopt")
_ITEM = expression(r"\b(\w+)\[[^\]\n]{0,40}\]\s?[\^+|]?=(?!=)")
_COPIES = expression(r"(?i)\b(?:copy|cp|move|rename|tar|zip|compress|archive)\w*\b")
_EXECUTABLE = expression(r"\bPROT_EXEC\b|\bPAGE_EXECUTE_READWRITE\b")
_IN_MEMORY = expression(r"\bmemfd_create\b")
# Letters by their numbers, and what makes a text of numbers.
_NUMBERS = expression(r"(?<![\w.])(?:(?:0x)?(?:[0-9a-fA-F]{2}|1\d\d|2[0-5]\d|\d)(?:u8)?[,;\s]{1,4}){5,400}")
_SPELLS = expression(
    r"(?i)xor|\bchar|\bchr|string|\bstr\b|ascii|utf|byte|text|decode|latin|\bimplode|\^|\b(?:map|collect|transform|select|fold\w*|reduce)\b"
)
_FUNCTION = expression(
    r"""(?x)\b(?:sub|function|def|fn|func|fun|proc)\s+(?:\([^()]{0,60}\)\s?)?([\w.:]{2,60})([^\n;]{0,200})
    | \b(\w{2,60})\s?=\s?(?:async\s)?(?:function\b\s?\w*\s?)?(\([^()]{0,200}\))\s?(?:=>|\{)"""
)
# An object is not what one of its members holds; the tables of all names are no tables of data.
_OBJECTS = frozenset({"self", "this"})
_KEY = expression(r"\b(?!GLOBALS\b|_G\b|_ENV\b|globalThis\b|global\b|window\b)(\w+)[\[{]\s?\$?\w+\s?[\]}]")
_FROM_CALLER = expression(r"\bshift\b|@_|\$@|\$1\b|\bARGV\b|\barguments\b")


_SHORTEST = min(map(len, _WORDS))
_OF_JAVASCRIPT = expression(r"\.[cm]?[jt]sx?$")


def worth_following(text: str) -> bool:
    if len(text) < _SHORTEST:
        return text == "~"
    lower = text.lower()
    if lower.endswith(_ENDS) or lower in {"~", "~/", "~\\"} or any(word in lower for word in _WORDS):
        return True
    return any(form.search(text) for form in (PRIVATE, PERSISTENCE, _NUMBERS))


def follow(stream: Iterable[Statement], place: Place) -> Iterator[Finding]:
    """The first thing that is wrong of each kind."""
    seen = Seen(signs_name=not _OF_JAVASCRIPT.search(place.name.lower()))
    told: set[str] = set()
    for number, statement in enumerate(stream):
        if number > _MOST_STATEMENTS:
            return
        if len(statement.code) > _LONGEST or statement.code.isalnum():
            continue  # A word alone does nothing.
        seen.signs_name |= "<?" in statement.code
        seen.only_matches |= ONLY_MATCHES.search(statement.code) is not None
        for rule, verdict, what in _step(statement, seen):
            if rule not in told:
                told.add(rule)
                shown = " ".join(_shown(statement).split())[:120]
                yield Finding(f"source.{rule}", verdict, f"{what}: {shown!r}", place.at(f"line {statement.line}"))


def _paths_of(texts: tuple[str, ...]) -> Iterator[str]:
    """What the pieces of a path are together, as functions of every language join them."""
    pieces = [text for text in texts if len(text) < _LONGEST_PIECE and not _OF_NO_PATH.search(text)]
    if 1 < len(pieces) < _MOST_PIECES:
        yield "/".join(pieces)


_LONGEST_PIECE, _MOST_PIECES = 80, 9
_OF_NO_PATH = expression(r"\s|://|^-|^[+]?$")


def _shown(statement: Statement) -> str:
    return re.sub(r'"(\d+)"', lambda found: repr(statement.texts[int(found[1])]), statement.code)


def _step(statement: Statement, seen: Seen) -> Iterator[tuple[str, Verdict, str]]:
    statement = by_name(statement, seen.values) if seen.signs_name else statement
    code, texts = statement.code, statement.texts
    if defined := _FUNCTION.search(code):
        seen.function, seen.parameters = defined[1] or defined[3], {*NAME.findall(defined[2] or defined[4] or "")}
    elif seen.function and _FROM_CALLER.search(code):
        seen.parameters |= assigned_by(code)[0]
    names = {*NAME.findall(code), *_within(texts)}
    texts = (*texts, *(seen.values[name] for name in names if name in seen.values), *_paths_of(statement.texts))
    texts = (*texts, *("~/.ssh/id_" for text in statement.texts if seen.kept and known_as(text) in seen.kept))
    strange = [url for text in (*texts, code) for url in URL.findall(text)]
    strange += [f"https://{text}" for number in _HOST.findall(code) if "." in (text := statement.texts[int(number)])]
    unlisted = [url for url in strange if not is_known(url, DOWNLOADS) and not is_known(url, PACKAGES)]
    yield from evaluated(statement, seen, strange)
    reads_lines = bool(unlisted) and "getline" in code
    connected = names & seen.fetched or connects(statement) or reads_lines
    if len(code) < ONE_DEED and connected and reads_lines + len(ASSIGNED.findall(code)) + len(GIVEN.findall(code)) > 1:
        # What one line does with a connection, it does after it is open.
        _remember(statement, names, texts, unlisted, seen)
    yield from started(statement, seen)
    yield from sent_or_left(statement, names, texts, unlisted, seen)
    if what := seen.homes.destroyed_by(statement, names):
        yield "destroys", Verdict.SUSPICIOUS, what
    _remember(statement, names, texts, unlisted, seen)


def _remember(statement: Statement, names: set[str], texts: tuple[str, ...], unlisted: list[str], seen: Seen) -> None:
    code = statement.code
    assigned, right = assigned_by(code)
    given = assigned | {name for found in GIVEN.findall(code) for name in found if name}
    lower = code.lower()
    calls = "(" in code or (" " in code.strip() and "=" not in code) or _CALLED_BARE.match(right) is not None
    # What is set anew does not come from what it was.
    from_fetched = bool(((names - assigned) | {*NAME.findall(right)}) & seen.fetched)
    if (unlisted and calls) or from_fetched or connects(statement) or ("download" in lower and names & seen.paths):
        seen.fetched |= given | ({"_"} if _READS_LINES.search(code) else set())
        if unlisted or WRITES.search(code) or "bytes" in lower:
            holders = {name for name in names if _is_path(seen.values.get(name, ""))}
            bare = [text for text in texts if _BARE_NAME.fullmatch(text)] if _INTO_FILE.search(lower) else []
            written = [text for text in texts if _is_path(text)] + bare + _BARE_PATH.findall(URL.sub(" ", code))
            files = {known_as(path) for path in written if path != "/dev/null" and not DATA_FILE.search(path)}
            seen.files |= files
            if _INTO_FILE.search(lower) and not any(map(DATA_FILE.search, unlisted)):
                # Where a name for it was made up.
                given_names = re.findall(r",\s*(\w+)\s*[,)]", code) + _WRITTEN_TO.findall(code)
                seen.paths |= {name for name in given_names if not DATA_FILE.search(seen.values.get(name, ""))}
            seen.paths |= {name for name in holders if not DATA_FILE.search(seen.values[name])}
            if re.search(r"download|tmp|temp|fetch_?file|to_?file|retrieve", lower) and not any(
                map(DATA_FILE.search, unlisted)
            ):
                seen.paths |= assigned
    else:
        seen.fetched -= assigned
    seen.fetched -= _OBJECTS
    if connects(statement) or (unlisted and _OPENS.search(code)):
        seen.connected |= given
    elif (names - assigned) & seen.connected:
        seen.connected |= assigned
    # What is found under a key that was decoded is not decoded itself.
    carried = names & seen.decoded and {*NAME.findall(_KEY.sub(r"\1", code)), *_within(statement.texts)} & seen.decoded
    if (decodes := DECODES.search(code)) or carried:
        seen.decoded |= assigned | {*_ITEM.findall(code)}
        # What a function comes to, where its last statement sets nothing.
        seen.decoded |= {seen.function} if decodes and not assigned and len(seen.function) > 1 else set()
    counted = _NUMBERS.search(code) is not None
    # Languages with braces for lists begin one statement before them.
    numbered = assigned or seen.opened
    seen.opened = assigned if code.rstrip().endswith("{") else set()
    if (counted or names & seen.numbers) and _SPELLS.search(code):
        seen.decoded |= assigned | {*_ITEM.findall(code)}
    seen.numbers |= numbered if counted else set()
    if unlisted and TAKES_INPUT.search(" ".join(statement.texts)):
        seen.piped |= assigned
    if unlisted and (calls or "=" in code):
        seen.addressed |= given
    elif (names - assigned) & seen.addressed:
        seen.addressed |= assigned
    if REQUEST.search(code) or names & seen.requested or "php://input" in texts:
        seen.requested |= assigned
    if _EXECUTABLE.search(code):
        seen.executable |= given
    if _IN_MEMORY.search(code):
        seen.paths |= assigned
    signs_in = any(len(text) < 300 and PRIVATE.search(text) for text in texts)
    if names & seen.private or signs_in:
        seen.private |= given
    if ENVIRONMENT.search(code) or names & seen.secret or any(KEY_FILE.search(text) for text in (*texts, code)):
        seen.secret |= given
    if names & (seen.keys | seen.private) or signs_in:
        seen.keys |= given
        if _COPIES.search(code):
            seen.kept |= {known_as(text) for text in statement.texts if _is_path(text) and not KEY_FILE.search(text)}
    set_by(statement, seen.values)
    # A name for a file that was fetched, or another name for one of those.
    copied = _COPIED.fullmatch(right)
    told = statement.texts if seen.files and len(code) < NEAR else ()
    files = {known_as(text) for text in told if _is_path(text) and not _BARE_NAME.fullmatch(text)}
    if files & seen.files or (copied and copied[1] in seen.paths):
        seen.paths |= assigned


def _within(texts: Iterable[str]) -> Iterator[str]:
    """The names that texts are filled in with."""
    return (name for text in texts for name in WITHIN.findall(text))


def _is_path(text: str) -> bool:
    return len(text) < 300 and "://" not in text and _PATH.fullmatch(text) is not None
