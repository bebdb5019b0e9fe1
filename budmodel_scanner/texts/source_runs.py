"""What statements run: what they fetched or decoded, what a request brings, what a connection hands over.

`Seen` is what is known of names so far; no language is understood, so most of it is suspicious at most.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.gathered import Gathered
from budmodel_scanner.texts.homes import Homes
from budmodel_scanner.texts.known_places import DOWNLOADS, INSTALLERS, PACKAGES, is_known
from budmodel_scanner.texts.statements import Statement, filled_in
from budmodel_scanner.verdict import Verdict

_EVALUATES = one_of("flow", "takes a text for code")
# Handed what comes back from an address.
_GIVEN_EVAL = expression(r"[(,]\s{0,9}(?:eval|exec)\s{0,9}\)")
_LOADS = one_of("flow", "takes a file for code")
_STARTS = one_of("flow", "starts a program", re.IGNORECASE)
_STARTS_TEXT = expression(
    r"(?<![\w])(?:system2?|popen[23]?|os\.execute|shell_exec|passthru|proc_open|execSync|spawnSync|(?<!\.)exec|Command::new|exec\.Command|Process\.Start|ProcessBuilder|System\.cmd|(?:cp|child_process|[cC]hildProcess|getRuntime\(\))\.exec|execute|sh|spawn|callCommand|execShellCmd|execProcess|Run|commandLine)\s*[(\s]\s*"
)
DECODES = one_of("flow", "decodes", re.IGNORECASE)
_REQUESTED = expression(
    r"""(?x)^[\s(\["']*(?:(?:base64_decode|stripslashes|trim|String|str)\s?\(\s?)?(?:"\d+"\s?[+.,]\s?){0,2}
    (?:\$_(?:GET|POST|REQUEST|COOKIE)\b | \$_SERVER\[ | getallheaders\( | ngx\.(?:var|req)\b
    | params\[ | r\.(?:URL|FormValue|Form|Body)\b
    | (?:req|request|ctx\.request|ctx)\.(?:query|body|params?|args|form|url|values|headers|get_json)\b
    | c\.(?:Query|Param|PostForm|FormValue)\( | event\.(?:body|queryString\w*)\b)"""
)
# Of PHP, whose functions have names that a text may hold; the rest of what a server tells of itself is its own.
REQUEST = expression(
    r"\$_(?:GET|POST|REQUEST|COOKIE|FILES)\b|\bgetallheaders\(|\bapache_request_headers\(|\bfilter_input\(|\$_SERVER\["
)
_CALLED = expression(
    r"""(?x)(?<![\w>:$&])\$(\w+)(?:\["\d+"\]|\.\w+)?\s?\( | \bnew\s\$(\w+)\s?\(
    | \b(?:array_(?:map|walk\w*|reduce)|call_user_func\w*|forward_static_call\w*|iterator_apply|register_\w+_function
      |ob_start|create_function|assert|set_error_handler)\s?\(\s?@?\$(\w+)
    | \b(?:u[ak]?sort|array_(?:filter|u\w+|walk\w*|reduce)|(?:preg|mb_ereg)_replace_callback)\s?
      \([^;()]{0,80},\s?\$(\w+)(?:\["\d+"\])?\s?[,)]"""
)
# The same in Perl.
_CALLED_OF_PERL = expression(r"(?:&\s?\$|(?<![\w>:])\$)\{?(\w+)\}?(?:->)?\(")
_CONNECTS = one_of("flow", "connects", re.IGNORECASE)
_TAKES_CODE = frozenset({"-c", "/c", "-e", "-lc", "-command"})
_BARE_SHELL = expression(
    r"(?i)(?:/bin/|/usr/bin/|c:\\windows\\system32\\)?(?:(?:ba|z|da|k)?sh(?:\s+-i)?|cmd(?:\.exe)?|powershell(?:\.exe)?)"
)
_URL_CLASS = expression(r"\bURL\b|\bURI\b|toURL|\bfetch\b|\bget\b")
_ASKS = one_of("flow", "asks", re.IGNORECASE)
URL = expression(r"(?i)\b(?:https?|ftp)://[^\s\"'`<>)\\]+")
NAME = expression(r"[A-Za-z_]\w*")
WITHIN = expression(r"(?:[#$\\]\{?\(?\s*|\{\{\s{0,3}|\{(?=\w+\}))([A-Za-z_]\w*)")
_WORD = expression(r"[^\s\"'`,;()\[\]]+")
_MAX_ARGUMENTS = 300
_SHELL_OF = expression(r"\b(?:ba|z|da)?sh -c \W?\$\{?(\w+)")
_NEAR_BY, _LETTERS, _CASES = 60, 2, 3
GIVEN = expression(
    r"""(?x)\(\s{0,9}(\w+)\s{0,9}(?::\s?\w{1,40}\s?)?,(?:[^()\n]{0,80}\W)?(\w+)\s{0,9}\)\s{0,9}(?:=>|->)
    | (?<![\w:])([A-Za-z_]\w*)\s{0,9}[)\]}]{0,3}\s{0,9}(?:=>|->) | \bfunction\s*\w*\(\s*(?:\w+\s*,\s*)*?(\w+)\s*[,)]
    | \|\s*(\w+)\s*(?:,\s*(\w+)\s*)?\|
    | \b(?:getline|gets\s+\$\w+)\s+(\w+) | \{\s*(\w+)\s+in\b | \bas\s+(\w+)
    | \b(?:\w*[sS]tream|string|vector<[^<>\n]{1,30}>|\w*Client|\w*Socket)\s+(\w+)\s?[({]
    | &mut\s+(\w+) | \bfor\s+\(?(\w+)\s+(?:in|of)\b
    | \b(?:read|recv(?:from)?)\s{0,9}\(\s{0,9}\w+\s{0,9},\s{0,9}&?(\w+)
    | \bcurl_\w*setopt\w*\(\s?\$?(\w+)
    | \bfor\s+\(?(\w+)\s?,\s?(\w+)\)?\s+in\b
    | \bfor\s?\(\s?(?:const\s|final\s)?[\w:<>\[\],.]{1,60}\s?[&*]{0,2}\s?(\w+)\s?:\s | \bforeach\s?\(\w+\s(\w+)\sin\b
    | \b(?:f?gets|f?read|recv(?:from)?|getline|fscanf|str(?:n?cpy|n?cat)|mem(?:cpy|move)|sn?printf)\s{0,9}\(\s{0,9}&?(\w+)
    | \b(\w+)(?:\.[A-Z]\w{1,40}){0,2}\s{0,9}(?:<<|\.(?:push|append|extend|concat|[aA]dd|[aA]ttach\w*|[lL]oad\w*|[oO]pen\w*
      |[wW]rite\w*|[sS]end\w*|read\w*|[sS]ave\w*|copy\w*|sync\w*)\s*[(\s])"""
)


@dataclass(slots=True)
class Seen:
    """Names of variables, and of files, by what is in them."""

    values: dict[str, str] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)
    decoded: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    secret: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    requested: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    piped: set[str] = field(default_factory=set)
    addressed: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    since_addressed: int = 1_000
    kept: set[str] = field(default_factory=set)
    executable: set[str] = field(default_factory=set)
    takers: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    # In JavaScript `$` is a letter: a text is not called by it.
    signs_name: bool = True
    only_matches: bool = False
    function: str = ""
    homes: Homes = field(default_factory=Homes)
    gathered: Gathered = field(default_factory=Gathered)
    connects: bool = False
    shell: bool = False


def _addressed(arguments: str, statement: Statement, seen: Seen, purpose: str) -> bool:
    """Whether these arguments name an address that is not listed."""
    texts = [filled_in(text, seen.values) for text in texts_in(arguments, statement)]
    texts += [seen.values[name] for name in NAME.findall(arguments) if name in seen.values]
    addresses = [url for text in (*texts, arguments) for url in URL.findall(text)]
    return any(not is_known(url, purpose) and (purpose != DOWNLOADS or not is_known(url, PACKAGES)) for url in addresses)


def evaluated(statement: Statement, seen: Seen, strange: list[str]) -> Iterator[tuple[str, Verdict, str]]:
    code = statement.code
    # The cases of an answer stand below the question.
    unknown = connects(statement) or any(not is_known(url, INSTALLERS) for url in strange)
    unknown = unknown or ("->" in code and seen.since_addressed < _CASES)
    for found in _EVALUATES.finditer(code):
        arguments = code[found.end() : found.end() + _MAX_ARGUMENTS]
        if arguments.startswith("{") or _NAMED_SO.match(arguments) or (seen.only_matches and found[0].strip() == "exec"):
            continue  # What Perl tries, or something that is called so, and no text.
        piped = _PIPED_IN.search(code, max(0, found.start() - _NEAR_BY), found.start())
        names = {*NAME.findall(arguments), *(piped.groups() if piped else ())}
        answers = {name for given in GIVEN.findall(code) for name in given if name and unknown}
        if _REQUESTED.match(arguments) or names & seen.requested:
            yield "runs-request", Verdict.MALICIOUS, "runs what a request brings"
        _takes(names, seen)
        if names & (seen.fetched | answers) or (
            strange
            and re.search(r"[\w)]\s*[(\"]|\s", arguments.strip("() "))
            and _addressed(arguments, statement, seen, INSTALLERS)
        ):
            # Without brackets it is the word of Perl and shells that starts a program, as installers do.
            program = found[0].strip() == "exec" and not arguments.startswith("(")
            yield "runs-fetched", Verdict.SUSPICIOUS if program else Verdict.MALICIOUS, "runs what it fetches"
        if found[0].strip() != "load" and any(map(_RUN_AS_CODE.search, texts_in(arguments, statement))):
            yield "runs-data", Verdict.SUSPICIOUS, "runs a file of data as code"
        if found[0].strip() != "load" and (direct := DECODES.search(arguments)):
            near = direct.start() < 40
            yield "runs-decoded", Verdict.MALICIOUS if near else Verdict.SUSPICIOUS, "runs what it decodes"
        elif names & seen.decoded:
            yield "runs-decoded", Verdict.SUSPICIOUS, "runs what it decodes"
    for found in _CALLED.finditer(code) if "$" in code and seen.signs_name else ():
        called = next(filter(None, found.groups()))
        if called in seen.requested:
            yield "runs-request", Verdict.MALICIOUS, "calls what a request names"
        elif called in seen.decoded:
            yield "runs-decoded", Verdict.SUSPICIOUS, "calls what it decodes"
    if seen.signs_name and {*_CALLED_OF_PERL.findall(code)} & seen.decoded:
        yield "runs-decoded", Verdict.SUSPICIOUS, "calls what it decodes by name"
    for taker, given in _HANDED.findall(code) if seen.takers else ():
        if taker in seen.takers and given in seen.fetched | seen.decoded | seen.requested:
            yield "runs-decoded", Verdict.SUSPICIOUS, "hands what it fetched or decoded to what runs it"
    if (seen.connects or connects(statement)) and _READS_CODE.search(code):
        yield "runs-fetched", Verdict.SUSPICIOUS, "runs what a connection hands over"
    if _GIVEN_EVAL.search(code) and ({*NAME.findall(code)} & seen.fetched or _addressed(code, statement, seen, INSTALLERS)):
        yield "runs-fetched", Verdict.MALICIOUS, "runs what it fetches"
    for found in _LOADS.finditer(code):
        arguments = code[found.end() : found.end() + _MAX_ARGUMENTS]
        direct = re.match(r'[\s(:]*"(\d+)"', arguments)
        nested = re.match(r"[\s(]*(?:new\s+)?\$?[\w.:]+\s*[(\"]", arguments)
        if (direct or nested) and strange and _addressed(arguments, statement, seen, DOWNLOADS):
            yield "runs-fetched", Verdict.SUSPICIOUS, "loads code from an address"
        elif (decoded := DECODES.search(arguments)) and decoded.start() < _NEAR_BY:
            yield "runs-decoded", Verdict.SUSPICIOUS, "loads what it decodes"
        elif {*NAME.findall(arguments)} & (seen.fetched | seen.paths) or _names_file(arguments, statement, seen):
            yield "runs-fetched", Verdict.SUSPICIOUS, "loads what it fetched"


def _takes(names: set[str], seen: Seen) -> None:
    """Functions of a file that run what they are given."""
    if names & seen.parameters and len(seen.function) > 1:
        seen.takers.add(seen.function)


_READS_CODE = one_of("flow", "reads code")
_PIPED_IN = expression(r"([A-Za-z_]\w*)\s{0,9}\|>\s{0,9}$")
_NAMED_SO = expression(r"\s{0,9}=(?![=~>])")
_HANDED = expression(r"\b([A-Za-z_]\w+)\s?[( ]\s?[$@&*]?([A-Za-z_]\w*)")


# Files that nobody looks for code in.
_RUN_AS_CODE = expression(r"\.(?:bin|safetensors|gguf|pt|pth|npy|onnx|png|jpe?g|gif|wav|dat|vocab|model|weights)$")


def texts_in(arguments: str, statement: Statement) -> list[str]:
    return [statement.texts[int(number)] for number in re.findall(r'"(\d+)"', arguments)]


def _names_file(arguments: str, statement: Statement, seen: Seen) -> bool:
    if not seen.files:
        return False
    texts = texts_in(arguments, statement)
    return any(known_as(word) in seen.files for text in (*texts, arguments) for word in _WORD.findall(text)[:40])


def started(statement: Statement, seen: Seen) -> Iterator[tuple[str, Verdict, str]]:
    code = statement.code
    for found in _STARTS_TEXT.finditer(code):
        arguments = _CAST.sub("", code[found.end() : found.end() + _MAX_ARGUMENTS])
        if _IS_DEFINED.match(arguments) or (seen.only_matches and found[0].startswith("exec")):
            continue
        first = re.match(r"(?:new\s)?(?:(?:[sS]tring(?:::\w+)?|table\.concat)\s?\(\s?)?[$@&]?(\w+)", arguments)
        if (told := re.match(r'"(\d+)"', arguments)) and statement.texts[int(told[1])][:1] in {"#", "$"}:
            first = WITHIN.match(statement.texts[int(told[1])])
        of_request = statement.texts[int(told[1])].lstrip("#{$( ") if told else ""
        if first and len(first[1]) <= _LETTERS and code[found.start() - 1 : found.end()].startswith(".execute"):
            continue  # A method of some object, with what a bundler gave a letter.
        if first:
            _takes({first[1]}, seen)
        within = {*WITHIN.findall(statement.texts[int(told[1])])} if told else set()
        if (first and first[1] in seen.requested) or _REQUESTED.match(arguments) or _REQUESTED.match(of_request):
            yield "runs-request", Verdict.MALICIOUS, "runs what a request brings"
        elif (first and first[1] in seen.fetched | seen.decoded) or within & seen.decoded:
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched or decoded"
        elif _ASKS.search(arguments) and _addressed(arguments, statement, seen, DOWNLOADS):
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetches"
        elif (decoded := DECODES.search(arguments)) and decoded.start() < _NEAR_BY:
            yield "runs-decoded", Verdict.SUSPICIOUS, "starts what it decodes"
    for opened in _OPENED.findall(code):
        if {*opened} & (seen.fetched | seen.decoded):
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched"
    if seen.executable & seen.fetched:
        yield "runs-fetched", Verdict.SUSPICIOUS, "makes a program of what a connection hands over"
    shells = [*map(_BARE_SHELL.fullmatch, statement.texts)]
    alone = any(shells) and ("stdin" in code or (all(shells) and _STARTS.search(code)))
    if alone and {*NAME.findall(code)} & (seen.fetched | seen.decoded):
        yield "runs-fetched", Verdict.SUSPICIOUS, "gives a shell what it fetched"
    if any(of[1] in seen.fetched | seen.decoded for text in (*statement.texts, code) if (of := _SHELL_OF.search(text))):
        yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched or decoded"
    for number, rest in re.findall(r'"(\d+)"\s{0,9},(?=([^\n]{1,80}))', code):
        if statement.texts[int(number)].lower() in _TAKES_CODE and _REQUESTED.match(rest):
            yield "runs-request", Verdict.MALICIOUS, "runs what a request brings"
    for number, rest in re.findall(r'"(\d+)"\s{0,9},(?=([^\n]{1,60}))', code):
        takes = statement.texts[int(number)].lower() in _TAKES_CODE
        if takes and _URL_CLASS.search(rest) and _addressed(rest, statement, seen, DOWNLOADS):
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetches"
        if takes and DECODES.search(rest):
            yield "runs-decoded", Verdict.SUSPICIOUS, "starts what it decodes"
    for number, name in _GIVEN_TO_SHELL.findall(code):
        if _ENDS_IN_OPTION.search(statement.texts[int(number)]) and name in seen.fetched | seen.decoded:
            yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched or decoded"
    if seen.paths or seen.files:
        code = _PARAMETERS.sub("() =>", code) if seen.signs_name else _OF_A_CALL.sub("", _PARAMETERS.sub("() =>", code))
        for found in _STARTS.finditer(code):
            arguments = code[found.start() : found.start() + _MAX_ARGUMENTS]
            within = {name for text in texts_in(arguments, statement) for name in WITHIN.findall(text)}
            if {*NAME.findall(arguments), *within} & seen.paths or _names_file(arguments, statement, seen):
                yield "runs-fetched", Verdict.SUSPICIOUS, "starts what it fetched"
    seen.connects = seen.connects or bool(connects(statement))
    was_opened = seen.shell
    if any(map(_BARE_SHELL.fullmatch, statement.texts)) and _STARTS.search(code):
        seen.shell |= all(_BARE_SHELL.fullmatch(text) or text in {"-i", "-l", "/q"} for text in statement.texts)
    if seen.connects and seen.shell:
        verdict = Verdict.SUSPICIOUS if was_opened else Verdict.MALICIOUS
        yield "opens-shell", verdict, "gives a shell to a connection"


_GIVEN_TO_SHELL = expression(
    r'"(\d+)"\s{0,9}(?:[,+&~^]|\.\.?(?=[\s$])|<>|(?:\}\s{0,9})?\)\s{0,9}\.\w+\()\s{0,9}[$@&*]?(?:[\w:.]+\()?[$@&*]?(\w+)'
)
_ENDS_IN_OPTION = expression(r"(?i)(?:^|\s)(?:-l?c|/c|-e|-command)\s?[\"']?$")


def connects(statement: Statement) -> bool:
    return bool(_CONNECTS.search(statement.code)) or ("require" in statement.code and "socket" in statement.texts)


# A method of that name, as classes have it.
_CAST = expression(r"^\(\s?(?:const\s)?(?:unsigned\s)?\w{1,30}(?:\s?\*|\[\])?\s?\)\s?(?=\w)")
_IS_DEFINED = expression(r"[\w\s,=]{0,80}\)\s?\{")
# Of a function without a name, which are not called there.
_OF_A_CALL = expression(r"\barguments\b(?!\s?:)")  # What JavaScript calls those that it was called with.
_PARAMETERS = expression(r"\([^()]{0,200}\)\s{0,9}=>")
# What awk runs to read its lines, and what Perl opens, which is a file or a command.
_OPENED = expression(r"\b(\w+)\s{0,9}\|&?\s{0,9}getline|\bopen\s?\(?\s?(?:my\s)?\$?\w+\s?,\s?\$(\w+)\s?\)")


def by_name(statement: Statement, values: dict[str, str]) -> Statement:
    """With functions that a variable names called by that name, as PHP allows."""
    if "$" not in statement.code or not values:
        return statement
    named = {name for name in _CALLED_NAME.findall(statement.code) if NAME.fullmatch(values.get(name, ""))}
    code = _CALLED_NAME.sub(lambda found: f" {values[found[1]]}(" if found[1] in named else found[0], statement.code)
    return replace(statement, code=code)


_CALLED_NAME = expression(r"(?<![\w>:$&])\$(\w+)\s?\(")


def known_as(path: str) -> str:
    """The name of a file, or its path where the name is too short to tell."""
    name = re.split(r"[/\\]", path.strip("\"'"))[-1].lower()
    return name if len(name) > 2 else path.lower()
