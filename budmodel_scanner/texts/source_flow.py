"""What statements do with each other: a thing is fetched here and run there, a secret is read here and sent there.

Followed by name and by the name of a file, line after line. No language is understood, so most of it is suspicious at most.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from budmodel_scanner.content import Place
from budmodel_scanner.texts.known_places import DOWNLOADS, INSTALLERS, PACKAGES, is_known
from budmodel_scanner.texts.paths import DATA_FILE
from budmodel_scanner.texts.python_deeds import KEY_FILE, PERSISTENCE
from budmodel_scanner.texts.statements import Statement, set_by
from budmodel_scanner.verdict import Finding, Verdict

# Without one of these, nothing is fetched, decoded, stolen or left behind.
_WORTH_FOLLOWING = re.compile(
    r"(?i)(?:https?|ftp)://|base64|b64|atob|decode|unpack|charcode|\.char\b|rot13|inflate|unescape|hex2bin|\$_(?:GET|POST|REQUEST|COOKIE)|socket|net\.|tcp"
)
# What takes a text for code.
_EVALUATES = re.compile(
    r"""(?x)(?<![.\w])(?:eval|exec|load|loadstring|execScript|ExecuteGlobal|include_string)\s*(?=[(\s"$])
    | (?i:\biex\b|\bInvoke-Expression\b|\bload-string\b|\beval-string\b|\bread-eval\b) | \.eval\s*\(
    | \bnew\s+Function\s*\( | \bEval\.me\b
    | \b(?:GroovyShell\(\)|[eE]ngine)\s*\.\s*evaluate\b | \b(?:instance|class|module)_eval\b
    | \bCode\.(?:eval|compile)_\w+ | \brunIn\w*Context\b
    | \b(?:Assembly|Reflection\.Assembly\])\W{0,2}\bLoad\b | \bdefineClass\b | \bURLClassLoader\b | \bdo_?[sS]tring\b
    | \bPyRun_SimpleString\b | (?<![.\w])Execute\s*\("""
)
# Handed what comes back from an address.
_GIVEN_EVAL = re.compile(r"[(,]\s{0,9}(?:eval|exec)\s{0,9}\)")
# What takes a file, or an address, for code.
_LOADS = re.compile(
    r"""(?x)(?<![.\w$@-])(?:(?:sys\.)?source\((?=\s*["$\w])
    |(?:include(?:_once)?|require(?:_once)?|import|load|load-file|primitive-load)\s*(?=\())
    | \bsource_url\b
    | (?<![.\w$@-])(?:include(?:_once)?|require(?:_once)?|do|load|load-file|import)\s+(?=["$(])
    | (?<![.\w])(?:dofile|loadfile)\b | \bapply\s+from\s*:
    | \b(?:dlopen|CDLL|LoadLibrary\w*|System\.load)\b"""
)
# What starts a program.
_STARTS = re.compile(
    r"""(?ix)(?<![\w])(?:system2?|p?open[23]|popen|exec\w*|spawn\w*|process\w*|run\w*|start\w*|shell\w*|sh|bash|command\w*|cmd\w*|(?<!\.)call\b|call(?:command|process|program)\w*
    |launch\w*|passthru|proc_open|pcntl_exec|createprocess|readprocess|gorge\w*|staticexec|addsystemcommand|invoke\w*|entrypoint|script|args?|arguments?
    |chmod|set_?executable|posixfilepermission\w*|ii|dlopen|cdll|loadlibrary\w*)\b | (?<![&\w])&\s*[$"(] | 0o?755"""
)
_STARTS_TEXT = re.compile(
    r"(?<![\w])(?:system2?|popen[23]?|os\.execute|shell_exec|passthru|proc_open|execSync|spawnSync|(?<!\.)exec|(?:cp|child_process|[cC]hildProcess|getRuntime\(\))\.exec|execute|sh|spawn|callCommand|execShellCmd|Run|commandLine)\s*[(\s]\s*"
)
_DECODES = re.compile(
    r"""(?ix)base64|b64|\batob\b|unhexlify|fromhex|hex2bin|hexdecode|decode64|\bunpack\b|fromCharCode|string\.char\b|rot13|inflate|gzuncompress|unescape
    |decodeURIComponent|\ba2b_|strrev|\bchr\s?\(|\.map\s?\(?\s?(?:&:)?chr|decompress|Buffer\.from"""
)
_REQUESTED = re.compile(r"^\s*\(?\s*[\"']?\$_(?:GET|POST|REQUEST|COOKIE)\b")
_CONNECTS = re.compile(
    r"(?i)\bTCPSocket\b|\bfsockopen\b|\bIO::Socket|\bsocket\s*[.(:]|\bnew\s+(?:net\.)?Socket\b|\bnet\.(?:connect|createConnection|Dial|Socket)|\bTcpStream::connect|\bTCPClient\b|socket_connect|sockaddr_in|:gen_tcp|connectTo\b|tcpConnectToHost"
)
_TAKES_CODE = frozenset({"-c", "/c", "-e", "-lc", "-command"})
_BARE_SHELL = re.compile(
    r"(?i)(?:/bin/|/usr/bin/|c:\\windows\\system32\\)?(?:(?:ba|z|da|k)?sh(?:\s+-i)?|cmd(?:\.exe)?|powershell(?:\.exe)?)"
)
_ENVIRONMENT = re.compile(
    r"""(?x)\bprocess\.env\b(?!\s*[.\[]) | \bENV\b(?:\.to_\w+|\.map|\.inspect|\.each)|\bENV\.(?:to_\w+)
    | \bgetenv\(\s*\) | \bos\.Environ\(\) | %ENV\b
    | \bSys\.getenv\(\s*\) | \bSystem\.get_env\(\s*\) | \benv::vars\( | \bEnvironment\.GetEnvironmentVariables\b
    | \bPlatform\.environment\b(?!\[)
    | \$_(?:ENV|SERVER)\b(?!\[) | \bgetEnvironment\b | \btoJSON\(\s*secrets\s*\) | \bgci?\s+env:
    | \bProcessInfo\.processInfo\.environment\b(?!\[)"""
)
_SENDS = re.compile(
    r"(?i)post|put\b|send|upload|request|fetch|write|curl|http|connect|urlopen|open\(|get\(|slurp|load|method|contents"
)
_WRITES = re.compile(
    r"(?i)append|write|spit|put_contents|\bcopy|\bcp\b|install|setvalue|regwrite|set-itemproperty|add-content|set-content|out-file|new-item|echo|println|print\b|>>|open\b|\bcat\(|save|tee|sink|io\.open"
)
_URL = re.compile(r"(?i)\b(?:https?|ftp)://[^\s\"'`<>)\\]+")
_EQUALS = re.compile(r"(:?=(?![=>])|<-)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_WITHIN = re.compile(r"[#$\\]\{?\(?\s*([A-Za-z_]\w*)")
_ASSIGNED = re.compile(
    r"""(?x)([A-Za-z_]\w*)\s{0,9}(?::\s*[\w<>?\[\]]{1,40}\s*)?(?:[+.]?=(?![=>])|<-|:=)
    | (?:^|[\s(])(?:set|def|my|let\*?\s*\(?\(?)\s+[$@]?([A-Za-z_]\w*)\s"""
)
_GIVEN = re.compile(
    r"""(?x)\(?\s{0,9}([A-Za-z_]\w*)\s{0,9}\)?\s{0,9}(?:=>|->) | \bfunction\s*\w*\(\s*(?:\w+\s*,\s*)*?(\w+)\s*[,)]
    | \|\s*(\w+)\s*\|
    | \{\s*(\w+)\s+in\b | \bas\s+(\w+)
    | \b(\w+)\s{0,9}(?:<<|\.(?:push|append|write\w*|concat|add|send\w*|read\w*|save\w*|copy\w*|sync\w*)\s*[(\s])"""
)
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
_ONE_DEED, _NEAR = 1_500, 300


@dataclass(slots=True)
class _Seen:
    """Names of variables, and of files, by what is in them."""

    values: dict[str, str] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)
    decoded: set[str] = field(default_factory=set)
    secret: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    connects: bool = False


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
    yield from _started(statement, seen)
    yield from _sent_or_left(statement, names, texts, unlisted, seen)
    _remember(statement, names, texts, unlisted, seen)


def _addressed(arguments: str, statement: Statement, seen: _Seen, purpose: str) -> bool:
    """Whether these arguments name an address that is not listed."""
    texts = [statement.texts[int(number)] for number in re.findall(r'"(\d+)"', arguments)]
    texts += [seen.values[name] for name in _NAME.findall(arguments) if name in seen.values]
    return any(not is_known(url, purpose) for text in (*texts, arguments) for url in _URL.findall(text))


def _evaluated(statement: Statement, seen: _Seen, strange: list[str]) -> Iterator[tuple[str, Verdict, str]]:
    code = statement.code
    for found in _EVALUATES.finditer(code):
        arguments = code[found.end() : found.end() + _MAX_ARGUMENTS]
        names = {*_NAME.findall(arguments)}
        if _REQUESTED.match(arguments):
            yield "runs-request", Verdict.MALICIOUS, "runs what a request brings"
        if names & seen.fetched or (
            strange
            and re.search(r"[\w)]\s*[(\"]|\s", arguments.strip("() "))
            and _addressed(arguments, statement, seen, INSTALLERS)
        ):
            yield "runs-fetched", Verdict.MALICIOUS, "runs what it fetches"
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
        nested = re.match(r"[\s(]*\$?[\w.:]+\s*[(\"]", arguments)
        if (direct or nested) and strange and _addressed(arguments, statement, seen, DOWNLOADS):
            yield "runs-fetched", Verdict.SUSPICIOUS, "loads code from an address"
        elif {*_NAME.findall(arguments)} & (seen.fetched | seen.paths) or _names_file(arguments, statement, seen):
            yield "runs-fetched", Verdict.SUSPICIOUS, "loads what it fetched"


def _names_file(arguments: str, statement: Statement, seen: _Seen) -> bool:
    if not seen.files:
        return False
    texts = [statement.texts[int(number)] for number in re.findall(r'"(\d+)"', arguments)]
    return any(_known_as(word) in seen.files for text in (*texts, arguments) for word in _WORD.findall(text)[:40])


def _started(statement: Statement, seen: _Seen) -> Iterator[tuple[str, Verdict, str]]:
    code = statement.code
    for found in _STARTS_TEXT.finditer(code):
        arguments = code[found.end() : found.end() + _MAX_ARGUMENTS]
        first = re.match(r"[$@]?(\w+)", arguments)
        if _REQUESTED.match(arguments):
            yield "runs-request", Verdict.MALICIOUS, "runs what a request brings"
        elif first and first[1] in seen.fetched | seen.decoded:
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched or decoded"
        elif _DECODES.match(arguments):
            yield "runs-decoded", Verdict.SUSPICIOUS, "starts what it decodes"
    for number, name in re.findall(r'"(\d+)"\s{0,9},\s{0,9}[$@&*]?(\w+)', code):
        if statement.texts[int(number)].lower() in _TAKES_CODE and name in seen.fetched | seen.decoded:
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched or decoded"
    if seen.paths or seen.files:
        for found in _STARTS.finditer(code):
            arguments = code[found.start() : found.start() + _MAX_ARGUMENTS]
            if {*_NAME.findall(arguments)} & seen.paths or _names_file(arguments, statement, seen):
                yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched"
    seen.connects = seen.connects or bool(_connects(statement))
    if seen.connects and any(_BARE_SHELL.fullmatch(text) for text in statement.texts) and _STARTS.search(code):
        alone = all(_BARE_SHELL.fullmatch(text) or text in {"-i", "-l", "/q"} for text in statement.texts)
        if alone:
            yield "opens-shell", Verdict.MALICIOUS, "gives a shell to a connection"


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
        texts = [statement.texts[int(number)] for number in re.findall(r'"(\d+)"', near)]
        if _SENDS.search(near) and any(_URL.search(text) for text in (*texts, near)):
            return True
    return False


def _remember(statement: Statement, names: set[str], texts: tuple[str, ...], unlisted: list[str], seen: _Seen) -> None:
    code = statement.code
    assigned = {name for found in _ASSIGNED.findall(code) for name in found if name}
    left, equals, right = _EQUALS.split(code, maxsplit=1) if _EQUALS.search(code) else (code, "", "")
    if equals and re.search(r"[,})\]]", left) and len(left) < 200:
        assigned |= {part[-1] for part in (_NAME.findall(piece) for piece in left.split(",")) if part}
    given = assigned | {name for found in _GIVEN.findall(code) for name in found if name}
    lower = code.lower()
    calls = "(" in code or (" " in code.strip() and "=" not in code)
    # What is set anew does not come from what it was.
    from_fetched = bool(((names - assigned) | {*_NAME.findall(right)}) & seen.fetched)
    if (unlisted and calls) or from_fetched or _connects(statement) or ("download" in lower and names & seen.paths):
        seen.fetched |= given
        if unlisted or _WRITES.search(code) or "bytes" in lower:
            holders = {name for name in names if _is_path(seen.values.get(name, ""))}
            bare = [text for text in texts if _BARE_NAME.fullmatch(text)] if _INTO_FILE.search(lower) else []
            written = [text for text in texts if _is_path(text)] + bare + _BARE_PATH.findall(re.sub(_URL, " ", code))
            files = {_known_as(path) for path in written if not DATA_FILE.search(path)}
            seen.files |= files
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
