"""What statements do with each other: a thing is fetched here and run there, a secret is read here and sent there.

Followed by name and by the name of a file, line after line. No language is understood, so most of it is suspicious at most.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from budmodel_scanner.content import Place
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.homes import Homes
from budmodel_scanner.texts.known_places import DOWNLOADS, INSTALLERS, PACKAGES, is_known
from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.python_deeds import KEY_FILE, PERSISTENCE
from budmodel_scanner.texts.statements import ASSIGNED, Statement, assigned_by, set_by
from budmodel_scanner.verdict import Finding, Verdict

# Without one of these, nothing is fetched, decoded, stolen or left behind.
_WORTH_FOLLOWING = re.compile(
    r"(?i)(?:https?|ftp)://|base64|b64|atob|Buffer\.from|\.(?:bin|safetensors|gguf|pth?|onnx|npy|dat)$|decode|unpack|charcode|\bchr\(|\.char\b|rot13|inflate|unescape|hex2bin|\$_(?:GET|POST|REQUEST|COOKIE)|sock|net\.|tcp"
    r"|\breq(?:uest)?\.|\bparams\[|\.(?:URL|FormValue)\b|^~[/\\]?$|\$ENV\{|homedir|Dir\.home|UserHomeDir|home_?dir|\$HOME|USERPROFILE|user\.home|SpecialFolder"
)
_EVALUATES = one_of("flow", "takes a text for code")
# Handed what comes back from an address.
_GIVEN_EVAL = re.compile(r"[(,]\s{0,9}(?:eval|exec)\s{0,9}\)")
_LOADS = one_of("flow", "takes a file for code")
_STARTS = one_of("flow", "starts a program", re.IGNORECASE)
_STARTS_TEXT = re.compile(
    r"(?<![\w])(?:system2?|popen[23]?|os\.execute|shell_exec|passthru|proc_open|execSync|spawnSync|(?<!\.)exec|(?:cp|child_process|[cC]hildProcess|getRuntime\(\))\.exec|execute|sh|spawn|callCommand|execShellCmd|execProcess|Run|commandLine)\s*[(\s]\s*"
)
_DECODES = one_of("flow", "decodes", re.IGNORECASE)
_REQUESTED = re.compile(
    r"""(?x)^[\s(\["']*(?:(?:base64_decode|stripslashes|trim|String|str)\s?\(\s?)?(?:"\d+"\s?[+.,]\s?){0,2}
    (?:\$_(?:GET|POST|REQUEST|COOKIE)\b | params\[ | r\.(?:URL|FormValue|Form|Body)\b
    | (?:req|request|ctx\.request|ctx)\.(?:query|body|params?|args|form|url|values|headers|get_json)\b
    | c\.(?:Query|Param|PostForm|FormValue)\( | event\.(?:body|queryString\w*)\b)"""
)
_CONNECTS = one_of("flow", "connects", re.IGNORECASE)
_TAKES_CODE = frozenset({"-c", "/c", "-e", "-lc", "-command"})
_BARE_SHELL = re.compile(
    r"(?i)(?:/bin/|/usr/bin/|c:\\windows\\system32\\)?(?:(?:ba|z|da|k)?sh(?:\s+-i)?|cmd(?:\.exe)?|powershell(?:\.exe)?)"
)
_ENVIRONMENT = one_of("flow", "reads the whole environment")
_ASKS = one_of("flow", "asks", re.IGNORECASE)
_SENDS = one_of("flow", "sends", re.IGNORECASE)
_WRITES = one_of("flow", "writes", re.IGNORECASE)
_URL = re.compile(r"(?i)\b(?:https?|ftp)://[^\s\"'`<>)\\]+")
_NAME = re.compile(r"[A-Za-z_]\w*")
_WITHIN = re.compile(r"[#$\\]\{?\(?\s*([A-Za-z_]\w*)")
_GIVEN = re.compile(
    r"""(?x)\(?\s{0,9}([A-Za-z_]\w*)\s{0,9}\)?\s{0,9}(?:=>|->) | \bfunction\s*\w*\(\s*(?:\w+\s*,\s*)*?(\w+)\s*[,)]
    | \|\s*(\w+)\s*\|
    | \b(?:getline|gets\s+\$\w+)\s+(\w+) | \{\s*(\w+)\s+in\b | \bas\s+(\w+)
    | &mut\s+(\w+) | \bfor\s+\(?(\w+)\s+(?:in|of)\b
    | \b(?:f?gets|f?read|recv(?:from)?|getline|fscanf|str(?:n?cpy|n?cat)|mem(?:cpy|move)|sn?printf)\s{0,9}\(\s{0,9}&?(\w+)
    | \b(\w+)\s{0,9}(?:<<|\.(?:push|append|write\w*|concat|add|send\w*|read\w*|save\w*|copy\w*|sync\w*)\s*[(\s])"""
)
# Perl reads into a variable without a name.
_READS_LINES = re.compile(r"<\$?\w+>")
_PATH = re.compile(
    r"[\w./\\~$%{}:+-]{0,200}[/\\][\w.${}%-]{1,80}|[\w-]{1,60}\.(?:sh|bash|exe|py|rb|pl|lua|jl|[rR]|ps1|bat|cmd|js|php|so|dll|dylib|out|run|elf|tcl|clj|scm|nim|groovy|kts)|[a-z][\w-]{0,60}"
)
_BARE_NAME = re.compile(r"[a-z][\w-]{0,60}")
_INTO_FILE = re.compile(r"download|retriev|writ|save|getstore|to_?file")
_WORD = re.compile(r"[^\s\"'`,;()\[\]]+")
_BARE_PATH = re.compile(r"(?<![\w:/])(?:[\w.~$%{}-]*[/\\])+[\w.-]+")
_MOST_STATEMENTS = 200_000
_LONGEST = 20_000
_MAX_ARGUMENTS = 300
_ONE_DEED, _NEAR, _NEAR_BY = 1_500, 300, 60
# A function of PHP or Perl that a variable names.
_CALLED = re.compile(r"(?:&\s?\$|(?<![\w>:])\$)\{?(\w+)\}?(?:->)?\(")
_SHELL_OF = re.compile(r"\b(?:ba|z|da)?sh -c \W?\$\{?(\w+)")


@dataclass(slots=True)
class _Seen:
    """Names of variables, and of files, by what is in them."""

    values: dict[str, str] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)
    decoded: set[str] = field(default_factory=set)
    secret: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    homes: Homes = field(default_factory=Homes)
    connects: bool = False
    shell: bool = False


def worth_following(text: str) -> bool:
    return any(form.search(text) for form in (_WORTH_FOLLOWING, KEY_FILE, PERSISTENCE))


def follow(stream: Iterable[Statement], place: Place) -> Iterator[Finding]:
    """The first thing that is wrong of each kind."""
    seen = _Seen()
    told: set[str] = set()
    for number, statement in enumerate(stream):
        if number > _MOST_STATEMENTS:
            return
        if len(statement.code) > _LONGEST:
            continue
        for rule, verdict, what in _step(statement, seen):
            if rule not in told:
                told.add(rule)
                shown = " ".join(_shown(statement).split())[:120]
                yield Finding(f"source.{rule}", verdict, f"{what}: {shown!r}", place.at(f"line {statement.line}"))


def _shown(statement: Statement) -> str:
    return re.sub(r'"(\d+)"', lambda found: repr(statement.texts[int(found[1])]), statement.code)


def _step(statement: Statement, seen: _Seen) -> Iterator[tuple[str, Verdict, str]]:
    code, texts = statement.code, statement.texts
    names = {*_NAME.findall(code), *(name for text in texts for name in _WITHIN.findall(text))}
    texts = (*texts, *(seen.values[name] for name in names if name in seen.values))
    strange = [url for text in (*texts, code) for url in _URL.findall(text)]
    unlisted = [url for url in strange if not is_known(url, DOWNLOADS) and not is_known(url, PACKAGES)]
    yield from _evaluated(statement, seen, strange)
    reads_lines = bool(unlisted) and "getline" in code
    connected = names & seen.fetched or _connects(statement) or reads_lines
    if len(code) < _ONE_DEED and connected and reads_lines + len(ASSIGNED.findall(code)) + len(_GIVEN.findall(code)) > 1:
        # What one line does with a connection, it does after it is open.
        _remember(statement, names, texts, unlisted, seen)
    yield from _started(statement, seen)
    yield from _sent_or_left(statement, names, texts, unlisted, seen)
    if what := seen.homes.destroyed_by(statement, names):
        yield "destroys", Verdict.SUSPICIOUS, what
    _remember(statement, names, texts, unlisted, seen)


def _addressed(arguments: str, statement: Statement, seen: _Seen, purpose: str) -> bool:
    """Whether these arguments name an address that is not listed."""
    texts = _texts_in(arguments, statement)
    texts += [seen.values[name] for name in _NAME.findall(arguments) if name in seen.values]
    addresses = [url for text in (*texts, arguments) for url in _URL.findall(text)]
    return any(not is_known(url, purpose) and (purpose != DOWNLOADS or not is_known(url, PACKAGES)) for url in addresses)


def _evaluated(statement: Statement, seen: _Seen, strange: list[str]) -> Iterator[tuple[str, Verdict, str]]:
    code, unknown = statement.code, any(not is_known(url, INSTALLERS) for url in strange)
    for found in _EVALUATES.finditer(code):
        arguments = code[found.end() : found.end() + _MAX_ARGUMENTS]
        if arguments.startswith("{"):
            continue  # What Perl tries, not a text.
        names = {*_NAME.findall(arguments)}
        answers = {name for given in _GIVEN.findall(code) for name in given if name and unknown}
        if _REQUESTED.match(arguments):
            yield "runs-request", Verdict.MALICIOUS, "runs what a request brings"
        if names & (seen.fetched | answers) or (
            strange
            and re.search(r"[\w)]\s*[(\"]|\s", arguments.strip("() "))
            and _addressed(arguments, statement, seen, INSTALLERS)
        ):
            # Without brackets it is the word of Perl and shells that starts a program, as installers do.
            program = found[0].strip() == "exec" and not arguments.startswith("(")
            yield "runs-fetched", Verdict.SUSPICIOUS if program else Verdict.MALICIOUS, "runs what it fetches"
        if any(_RUN_AS_CODE.search(text) for text in _texts_in(arguments, statement)):
            yield "runs-data", Verdict.SUSPICIOUS, "runs a file of data as code"
        if found[0].strip() != "load" and (direct := _DECODES.search(arguments)):
            near = direct.start() < 40
            yield "runs-decoded", Verdict.MALICIOUS if near else Verdict.SUSPICIOUS, "runs what it decodes"
        elif names & seen.decoded:
            yield "runs-decoded", Verdict.SUSPICIOUS, "runs what it decodes"
    if _GIVEN_EVAL.search(code) and ({*_NAME.findall(code)} & seen.fetched or _addressed(code, statement, seen, INSTALLERS)):
        yield "runs-fetched", Verdict.MALICIOUS, "runs what it fetches"
    for found in _LOADS.finditer(code):
        arguments = code[found.end() : found.end() + _MAX_ARGUMENTS]
        direct = re.match(r'[\s(:]*"(\d+)"', arguments)
        nested = re.match(r"[\s(]*(?:new\s+)?\$?[\w.:]+\s*[(\"]", arguments)
        if (direct or nested) and strange and _addressed(arguments, statement, seen, DOWNLOADS):
            yield "runs-fetched", Verdict.SUSPICIOUS, "loads code from an address"
        elif (decoded := _DECODES.search(arguments)) and decoded.start() < _NEAR_BY:
            yield "runs-decoded", Verdict.SUSPICIOUS, "loads what it decodes"
        elif {*_NAME.findall(arguments)} & (seen.fetched | seen.paths) or _names_file(arguments, statement, seen):
            yield "runs-fetched", Verdict.SUSPICIOUS, "loads what it fetched"


# Files that nobody looks for code in.
_RUN_AS_CODE = re.compile(r"\.(?:bin|safetensors|gguf|pt|pth|npy|onnx|png|jpe?g|gif|wav|dat|vocab|model|weights)$")


def _texts_in(arguments: str, statement: Statement) -> list[str]:
    return [statement.texts[int(number)] for number in re.findall(r'"(\d+)"', arguments)]


def _names_file(arguments: str, statement: Statement, seen: _Seen) -> bool:
    if not seen.files:
        return False
    texts = _texts_in(arguments, statement)
    return any(_known_as(word) in seen.files for text in (*texts, arguments) for word in _WORD.findall(text)[:40])


def _started(statement: Statement, seen: _Seen) -> Iterator[tuple[str, Verdict, str]]:
    code = statement.code
    for found in _STARTS_TEXT.finditer(code):
        arguments = code[found.end() : found.end() + _MAX_ARGUMENTS]
        first = re.match(r"[$@]?(\w+)", arguments)
        if (told := re.match(r'"(\d+)"', arguments)) and statement.texts[int(told[1])][:1] in {"#", "$"}:
            first = _WITHIN.match(statement.texts[int(told[1])])
        filled_in = statement.texts[int(told[1])].lstrip("#{$( ") if told else ""
        if _REQUESTED.match(arguments) or _REQUESTED.match(filled_in):
            yield "runs-request", Verdict.MALICIOUS, "runs what a request brings"
        elif first and first[1] in seen.fetched | seen.decoded:
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched or decoded"
        elif _ASKS.search(arguments) and _addressed(arguments, statement, seen, DOWNLOADS):
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetches"
        elif (decoded := _DECODES.search(arguments)) and decoded.start() < _NEAR_BY:
            yield "runs-decoded", Verdict.SUSPICIOUS, "starts what it decodes"
    if "stdin" in code and any(map(_BARE_SHELL.fullmatch, statement.texts)) and {*_NAME.findall(code)} & seen.fetched:
        yield "runs-fetched", Verdict.SUSPICIOUS, "gives a shell what it fetched"
    if {*_CALLED.findall(code)} & seen.decoded:
        yield "runs-decoded", Verdict.SUSPICIOUS, "calls what it decodes by name"
    if any(of[1] in seen.fetched for text in (*statement.texts, code) if (of := _SHELL_OF.search(text))):
        yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched"
    for number, rest in re.findall(r'"(\d+)"\s{0,9},(?=([^\n]{1,80}))', code):
        if statement.texts[int(number)].lower() in _TAKES_CODE and _REQUESTED.match(rest):
            yield "runs-request", Verdict.MALICIOUS, "runs what a request brings"
    for number, rest in re.findall(r'"(\d+)"\s{0,9},(?=([^\n]{1,60}))', code):
        if statement.texts[int(number)].lower() in _TAKES_CODE and _DECODES.search(rest):
            yield "runs-decoded", Verdict.SUSPICIOUS, "starts what it decodes"
    for number, name in re.findall(r'"(\d+)"\s{0,9}(?:,|\)\s{0,9}\.\w+\()\s{0,9}[$@&*]?(?:\w+\()?[$@&*]?(\w+)', code):
        if statement.texts[int(number)].lower() in _TAKES_CODE and name in seen.fetched | seen.decoded:
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched or decoded"
    if seen.paths or seen.files:
        for found in _STARTS.finditer(code):
            arguments = code[found.start() : found.start() + _MAX_ARGUMENTS]
            if {*_NAME.findall(arguments)} & seen.paths or _names_file(arguments, statement, seen):
                yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched"
    seen.connects = seen.connects or bool(_connects(statement))
    was_opened = seen.shell
    if any(map(_BARE_SHELL.fullmatch, statement.texts)) and _STARTS.search(code):
        seen.shell |= all(_BARE_SHELL.fullmatch(text) or text in {"-i", "-l", "/q"} for text in statement.texts)
    if seen.connects and seen.shell:
        verdict = Verdict.SUSPICIOUS if was_opened else Verdict.MALICIOUS
        yield "opens-shell", verdict, "gives a shell to a connection"


def _connects(statement: Statement) -> bool:
    return bool(_CONNECTS.search(statement.code)) or ("require" in statement.code and "socket" in statement.texts)


def _sent_or_left(
    statement: Statement, names: set[str], texts: tuple[str, ...], unlisted: list[str], seen: _Seen
) -> Iterator[tuple[str, Verdict, str]]:
    code = statement.code
    secret = _ENVIRONMENT.search(code) or names & seen.secret or any(KEY_FILE.search(text) for text in texts)
    if secret and unlisted and _SENDS.search(code) and (len(code) < _ONE_DEED or _side_by_side(statement)):
        yield "sends-secrets", Verdict.MALICIOUS, "sends secrets away"
    if any(len(text) < 300 and PERSISTENCE.search(text) for text in texts) and _WRITES.search(code):
        yield "stays", Verdict.SUSPICIOUS, "writes what every login or program runs"


def _side_by_side(statement: Statement) -> bool:
    """Whether a statement too long to be one deed, as bundlers write them, has a secret and an address close together."""
    code = statement.code
    for found in _ENVIRONMENT.finditer(code):
        near = code[max(0, found.start() - _NEAR) : found.end() + _NEAR]
        texts = _texts_in(near, statement)
        if _SENDS.search(near) and any(_URL.search(text) for text in (*texts, near)):
            return True
    return False


def _remember(statement: Statement, names: set[str], texts: tuple[str, ...], unlisted: list[str], seen: _Seen) -> None:
    code = statement.code
    assigned, right = assigned_by(code)
    given = assigned | {name for found in _GIVEN.findall(code) for name in found if name}
    lower = code.lower()
    calls = "(" in code or (" " in code.strip() and "=" not in code)
    # What is set anew does not come from what it was.
    from_fetched = bool(((names - assigned) | {*_NAME.findall(right)}) & seen.fetched)
    if (unlisted and calls) or from_fetched or _connects(statement) or ("download" in lower and names & seen.paths):
        seen.fetched |= given | ({"_"} if _READS_LINES.search(code) else set())
        if unlisted or _WRITES.search(code) or "bytes" in lower:
            holders = {name for name in names if _is_path(seen.values.get(name, ""))}
            bare = [text for text in texts if _BARE_NAME.fullmatch(text)] if _INTO_FILE.search(lower) else []
            written = [text for text in texts if _is_path(text)] + bare + _BARE_PATH.findall(re.sub(_URL, " ", code))
            files = {_known_as(path) for path in written if not DATA_FILE.search(path)}
            seen.files |= files
            if _INTO_FILE.search(lower) and not any(map(DATA_FILE.search, unlisted)):
                # Where a name for it was made up.
                seen.paths |= {*re.findall(r",\s*(\w+)\s*[,)]", code)} - seen.values.keys()
            seen.paths |= {name for name in holders if not DATA_FILE.search(seen.values[name])}
            if re.search(r"download|tmp|temp|fetch_?file|to_?file|retrieve", lower) and not any(
                map(DATA_FILE.search, unlisted)
            ):
                seen.paths |= assigned
    else:
        seen.fetched -= assigned
    if _DECODES.search(code) or names & seen.decoded:
        seen.decoded |= assigned
    if _ENVIRONMENT.search(code) or names & seen.secret or any(KEY_FILE.search(text) for text in texts):
        seen.secret |= given
    set_by(statement, seen.values)


def _is_path(text: str) -> bool:
    return len(text) < 300 and "://" not in text and _PATH.fullmatch(text) is not None


def _known_as(path: str) -> str:
    """The name of a file, or its path where the name is too short to tell."""
    name = re.split(r"[/\\]", path.strip("\"'"))[-1].lower()
    return name if len(name) > 2 else path.lower()
