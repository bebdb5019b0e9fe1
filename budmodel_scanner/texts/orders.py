"""Orders to agents that nobody honest gives: to hand secrets on, to keep quiet, to take protection off, to obey strangers.

No phrase is known. A sentence counts by what stands in it together, in the languages of `known/orders.txt`: what is taken,
where it is to go, whom to tell nothing; and what it forbids, it does not order.
"""

import re
from collections.abc import Iterator

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.environment import carries_secret
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.known_places import is_strange
from budmodel_scanner.word_lists import sections

_SECRETS, _TAKES, _QUIET, _QUIET_ELSEWHERE, _OBEYS, _LIES, _FORBIDS, _SWITCHES = (
    one_of("orders", section, re.IGNORECASE)
    for section in (
        *("secrets", "takes", "keeps quiet", "keeps quiet elsewhere", "obeys", "lies", "forbids", "switches off"),
    )
)
_ELSEWHERE, _OPEN_ELSEWHERE, _TAKES_ELSEWHERE, _FETCHES_ELSEWHERE, _RUNS_ELSEWHERE, _ASKED_BY_TOOL = (
    one_of("orders", section, re.IGNORECASE)
    for section in (
        *("hands on elsewhere", "in the open elsewhere", "takes elsewhere", "fetches elsewhere", "runs elsewhere"),
        "asked for by tools",
    )
)
# A private key by its file, where no program is told which one to sign in with.
_KEY_FILE = expression(rf"(?i)(?<!-i\s)(?<!-i\s~/)(?:{one_of('reached', 'keys in prose').pattern})(?![\w.-]{{0,40}}\.pub)")
_HANDS_ON, _OPEN, _PROTECTION, _OFF = (
    one_of("orders", section).pattern for section in ("hands on", "in the open", "protection", "takes off")
)
_ADDRESS = expression(r"(?i)https?://[^\s\"'`)<>|]{1,300}|\b[\w.+-]{1,60}@[\w-]{1,60}\.[\w.]{2,20}\b")
# An order, and no word about what something does: at the beginning, after what joins orders, or after what makes one.
_ORDERED = (
    r"(?:^|[,;:.(*>|\u3002\uff0c\uff1b-]\s{0,3}|\b(?:and|then|or|also|please|must|should|always|now|first|next|only|just|you|will|need\sto|have\sto"
    r"|ask\s\w{1,12}\sto|tell\s\w{1,12}\sto|them\sto|sure\sto|want\syou\sto|silently|quietly|secretly|so|therefore)\s)[`*_]{0,3}"
)
_IT = expression(
    r"(?i)\b(?:them|it|those|these|its\s(?:contents?|values?)|their\s(?:contents?|values?)|the\s(?:contents?|values?|results?|output|archive|file)"
    r"|that\sfile|what\s(?:you|was)\s(?:found|find|read)|what(?:ever)?\sis)\b"
)
_FILLER = (
    r"(?:(?:the|an?|every|each|any|your|our|its|this|that|first|next|new|public|inside|query|title|body|message|text|comments?|description"
    r"|top|of|markdown|image|badge|html|commit|pull|issue|repository|project)\s|`[^`\n]{1,40}`\s){0,6}(?:[a-z-]{1,14}\s)?"
)
_GIVEN = expression(
    rf"(?i){_ORDERED}(?P<verb>{_HANDS_ON})\b(?P<what>[^\n]{{1,120}}?)\b(?:to|into|in|inside|as|at|on|onto|with|via|through)\s"
    rf"(?:{_FILLER}(?P<open>{_OPEN})\b|[^\n]{{0,30}}?(?P<address>https?://\S{{1,300}}|[\w.+-]{{1,60}}@[\w-]{{1,60}}\.[\w.]{{2,20}}))"
)
_MADE_OF = expression(
    rf"(?i){_ORDERED}(?:make|create|open|start|file)\s{_FILLER}(?:{_OPEN})\s(?:of|with|that|containing)\s(?P<what>[^\n]{{1,80}})"
    rf"|\b(?:{_OPEN})\s(?:message\s)?(?:must\s|should\s|(?:has|have)\sto\s)?(?:ends?|starts?|begins?|contains?|carry|carries|includes?|holds?)\s(?:with\s)?(?P<held>[^\n]{{1,80}})"
    rf"|{_ORDERED}(?:{_HANDS_ON})\s(?P<there>[^\n]{{1,30}})\sthere\b"
)
_CARRIED = expression(
    rf"(?i){_ORDERED}(?:transfer|send|copy|upload|push|sync)\s(?P<what>[^\n]{{1,80}}?)\sto\s(?:[\w-]{{1,40}}\.){{1,4}}[a-z]{{2,12}}\b"
    r"[^\n]{0,20}\b(?:scp|rsync|s?ftp|ssh)\b"
)
_KINDS_OF = (
    r"(?:(?:the|all|any|every|each|your|its|these|those|previous|earlier|existing|everything|in|of|or|and|\w+ing"
    r"|user(?:'s)?)\s){0,4}"
)
_TAKEN_OFF = expression(
    rf"(?i){_ORDERED}(?:{_OFF})\s{_KINDS_OF}(?:{_PROTECTION})(?![\w-])"
    rf"|{_ORDERED}(?:turn|switch)\s{_KINDS_OF}(?:{_PROTECTION})\soff\b"
    rf"|\b(?:{_PROTECTION})\s(?:have|has|need|must)\s(?:to\s)?be\s(?:skipped|disabled|turned\soff|bypassed|ignored)\b"
)
# What options, programs and attackers do, and nobody is told to.
_TELLS = expression(r"^[\s`|*(/]{0,6}-{1,2}\w|(?i:\b(?:can|could|may|might|would|to|which|that|who)\s[^,;:]{0,40}$|\bcan\s)")
_TOLD_SERVICE = expression(
    rf"(?i){_ORDERED}(?:call|hit|invoke|query|request|get|post|send|make\sa\w*\s\w{{1,12}}\sto)\s[^\n]{{1,80}}?\b(?:with|containing|including|carrying)\s"
    rf"[^\n]{{0,40}}?(?:{one_of('orders', 'given to services').pattern})"
)
_FETCHED = expression(
    rf"(?i)(?:{_ORDERED}|\b(?:add|insert|include|write|put)\s(?:[\w-]+\s){{1,4}}(?:that|which|to)\s)"
    r"(?:downloads?|fetch(?:es)?|gets?|curl|wget|retrieves?|installs?|pulls?|grabs?|loads?)\b[^\n]{0,120}?(?P<address>https?://[^\s\"'`)<>|]{1,300})[^\n]{0,60}?"
    r"(?P<then>\b(?:and|then)\s(?:\w+\s)?(?:executes?|runs?|sources?|obeys?|follows?|imports?)\b|\bbefore\sanything\selse\b|\binstead\sof\b)"
    r"|\bpip(?:e|es|ing)\s(?P<piped>https?://[^\s\"'`)<>|]{1,300})\s(?:in)?to\s(?:ba|z)?sh\b"
)
# Where programs send their keys and what they are asked.
_MOVED = expression(
    r"\b(?:ANTHROPIC|OPENAI|GEMINI|GOOGLE|AZURE|HF|HUGGINGFACE|PIP|UV|NPM)\w{0,20}_(?:BASE_URL|ENDPOINT|API_BASE|INDEX_URL|REGISTRY)=[\"']?(https?://[^\s\"'`]{1,200})"
)
_MADE_TO = expression(
    rf"(?i){_ORDERED}(?:include|add|create|write|generate|insert|put|build)\s[^\n]{{0,60}}?\b(?:that|which)\s(?:{_HANDS_ON})e?s\s"
    rf"(?P<what>[^\n]{{1,100}}?)\s(?:to|into|at|as)\s[^\n]{{0,30}}?(?P<address>https?://\S{{1,300}})"
)
_TO_BE = expression(
    r"(?i)\b(?:(?:must|should|(?:has|have|are|is)\sto)\sbe\s(?:[a-z]{2,14}(?:ed|t)|written|put)|goes|go)\s[^\n]{0,20}?"
    rf"\b(?:in|into|to|at|on)\s(?:{_FILLER})(?:{_OPEN})\b"
)
# A name of which a part is to be filled in, by whoever looks it up.
_ASKS_RESOLVER = expression(
    r"\b(?:nslookup|dig|host|ping|drill)\s[^`\n]{0,40}(?:<[^<>`\n]{1,40}>|\{[^{}`\n]{1,40}\}|\$\w{1,40})\.(?!svc\b)(?:[\w-]{1,40}\.){1,4}[a-z]{2,20}\b"
)
_ASIDE = expression(r"[(\uff08][^()\uff08\uff09]{1,80}[)\uff09]")
# Whatever lies there, which is nobody's business at an address that is not known.
_FILES = expression(
    r"(?i)\b(?:every|all|any|each)\s(?:\w+\s){0,2}files?\s(?:in|of|from|under|below)\s(?:the|your|this|their)\s(?:\w+\s)?"
    r"(?:director\w+|folder|repository|project|home|workspace|machine|disk|computer)\b"
)
_WORD = expression(r"[a-z]+")
# The first words of each, of one thing or of several.
_FIRST = {
    section: frozenset(
        form
        for word in sections(__package__, "known/orders.txt")[section]
        for first in _WORD.findall(word)[:1]
        for form in (first, first.removesuffix("s"))
    )
    for section in ("hands on", "in the open", "takes off")
}
_BY_NET = frozenset({"scp", "rsync", "sftp", "ssh", "gist", "gists"})
# Letters and words of other languages that their sentences seldom lack.
_OF_OTHERS = expression(r"(?i)[^\W\d_a-z]|\b(?:el|los|las|del|der|und|les|une|dem|den|não)\b")
_OF_ENGLISH = frozenset(("the", "and", "your", "you", "with", "this", "that", "from", "for", "of", "it"))
_HOLDS = frozenset(
    {
        *("open", "make", "create", "file", "end", "ends", "start", "starts", "begin", "begins"),
        *("contain", "contains", "carries", "includes", "holds"),
    }
)
_OFF_OR_BE = frozenset(("off", "be"))
_ASKS_SERVICE = frozenset(("call", "hit", "invoke", "query", "request", "get", "post", "send", "make"))
_QUIETLY = frozenset(
    {
        *("not", "t", "never", "without", "no", "avoid", "keep", "leave", "hide", "nobody", "nothing", "usual"),
        *("none", "us", "omit", "don", "doesn", "secret", "already", "silently", "quietly", "secretly", "covertly"),
        *("discreetly", "stealthily", "stay", "pretext", "internal"),
    }
)
_RUNS = expression(
    r"(?i)\b(?:curl|wget)\b[^\n]{0,200}\||\bsudo\b|\bbackdoor\b|\bpassword\b|\binstall\b|\bpull_request_target\b|\bwrite-all\b|\bgit\+https?:|\bbypassPermissions\b|\bmcpServers\b|\.(?:bash|zsh)rc\b|\b(?:eval|exec)\("
    r"|\b(?:trust|accept|allow)\s(?:any|all|every|invalid)\scertificates?\b"
)
# These hand nothing on where they speak of something said before.
_NAMES = frozenset({"mention", "report", "commit", "encode", "include", "provide", "leave"})
_BEGINS = expression(r"(?m)^[ \t]*(?:[-+•*#>]|\d{1,3}[.)]|\|)\s*|\n\s*\n")
_ENDS = expression(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f\uff1b;])|\n\n")
_REQUEST = expression(r"`(?:curl|wget|http)\s[^`\n]{1,400}`")
_CARRIES_FILE = expression(r"@|\s(?:-T|--upload-file)\s")
_LONGEST, _MOST = 600, 20_000
_QUOTED = expression(r"\"[^\"\n]{20,400}\"|“[^”\n]{20,400}”")


def wrong_order(text: str) -> str | None:
    """What an agent is told to do that nobody honest tells it."""
    before: list[str] = []
    for sentence in _sentences(text):
        if what := _wrong_in(sentence, " ".join(before[-2:])):
            return f"{what}: {sentence.strip()[:160]!r}"
        before.append(sentence)
    return None


def wanted_by_tool(text: str) -> str | None:
    """What a tool wants as one of its parameters that it has no need to be told."""
    found = _ASKED_BY_TOOL.search(text)
    return f"wants to be told {' '.join(found[0].split())[:160]!r}" if found else None


def _sentences(text: str) -> Iterator[str]:
    """Items of lists and cells of tables are sentences, and lines that go on are not. What is quoted is an example."""
    plain = _BEGINS.sub("\n\n", _REQUEST.sub(_in_words, _without_blocks(text)))
    for number, part in enumerate(_ENDS.split(plain)):
        if number > _MOST:
            return
        if part.strip():
            yield " ".join(_QUOTED.sub("…", part).split())[:_LONGEST]


def _in_words(request: re.Match[str]) -> str:
    """Nothing, for an example of a request; what it does, where it carries away what was put into it."""
    address = _ADDRESS.search(request[0])
    return f", send it to {address[0]} " if address and _CARRIES_FILE.search(request[0]) else " "


def _without_blocks(text: str) -> str:
    """Without blocks of code, which are read by their language; as it is, where one has no end."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = line.lstrip(" >\t")[:3]
        if fence and mark == fence:
            fence = ""
        elif not fence and mark in {"```", "~~~"}:
            fence = mark
        elif not fence:
            lines.append(line)
    return text if fence else "\n".join(lines)


def _wrong_in(sentence: str, before: str) -> str | None:
    # Most sentences have not even the words for it, and to look for words is cheap.
    words = frozenset(_WORD.findall(sentence.lower()))
    foreign = words.isdisjoint(_OF_ENGLISH) or _OF_OTHERS.search(sentence) is not None
    placed = words & _FIRST["in the open"] or "://" in sentence or "@" in sentence or "there" in words
    hands_on = placed and words & (_FIRST["hands on"] | _HOLDS)
    if (hands_on or words & _BY_NET) and _hands_secrets_on(sentence, before):
        return "asks for secrets to be handed on"
    if foreign and _SECRETS.search(sentence) and (_OPEN_ELSEWHERE.search(sentence) or _strange_in(sentence)):
        # What is kept quiet forbids to tell, and nothing else; and what is said by the way orders nothing.
        told = _ASIDE.sub(" ", _QUIET_ELSEWHERE.sub(" ", sentence))
        if _ELSEWHERE.search(told) and not _FORBIDS.search(told):
            return "asks for secrets to be handed on"
    secret = _SECRETS.search(sentence) if _ASKS_RESOLVER.search(sentence) else None
    if secret and not _FORBIDS.search(sentence, 0, secret.start()):
        return "asks for secrets to be handed on"
    if foreign and _KEY_FILE.search(sentence):
        told = _QUIET_ELSEWHERE.sub(" ", sentence)
        if (_TAKES_ELSEWHERE.search(told) or _ELSEWHERE.search(told)) and not _FORBIDS.search(told):
            return "asks for private keys to be read"
    if words & _ASKS_SERVICE and (given := _TOLD_SERVICE.search(sentence)) and not _FORBIDS.search(sentence, 0, given.end()):
        return "asks for secrets to be handed on"
    quiet = (words & _QUIETLY and _QUIET.search(sentence)) or (foreign and _QUIET_ELSEWHERE.search(sentence))
    if quiet and "unless" not in words:
        told = f"{before} {sentence[: quiet.start()]} {sentence[quiet.end() :]}"
        if _ordered(_SECRETS, told) or _strange_in(told) or _ordered(_RUNS, told) or _TAKEN_OFF.search(told):
            return "asks for something to be done that nobody is told of"
    if words & _FIRST["takes off"] or words & _OFF_OR_BE:
        off = _TAKEN_OFF.search(sentence)
        if off and not (_FORBIDS.search(sentence, 0, off.start() + 1) or _TELLS.search(sentence[: off.start() + 2])):
            return "asks for protection to be taken off"
    if (
        "=http" in sentence
        and (moved := _MOVED.search(sentence))
        and is_strange(moved[1])
        and not _FORBIDS.search(sentence, 0, moved.start())
    ):
        return "asks for keys to be sent to a stranger"
    if "$" in sentence and carries_secret(sentence, of_another=True):
        return "asks for secrets to be handed on"
    if (
        ("--" in sentence or "ermission" in sentence or "pprove" in sentence)
        and (off := _SWITCHES.search(sentence))
        and not _FORBIDS.search(sentence)
    ):
        return "asks for protection to be taken off"
    got = _FETCHED.search(sentence) if "://" in sentence else None
    if got and is_strange(got["address"] or got["piped"]) and not _FORBIDS.search(sentence, 0, got.end()):
        return "asks for what a stranger has to be run"
    if foreign and "://" in sentence and _FETCHES_ELSEWHERE.search(sentence) and _RUNS_ELSEWHERE.search(sentence):
        told = _QUIET_ELSEWHERE.sub(" ", sentence)
        if _programs_in(told) and not _FORBIDS.search(told):
            return "asks for what a stranger has to be run"
    if (obeyed := _OBEYS.search(sentence)) and not _FORBIDS.search(sentence, 0, obeyed.start()):
        return "asks for a stranger to be obeyed"
    if (lie := _LIES.search(sentence)) and not _FORBIDS.search(sentence, 0, lie.start()):
        return "asks for something to be said that is not so"
    return None


def _hands_secrets_on(sentence: str, before: str) -> bool:
    for form in (_GIVEN, _MADE_OF, _CARRIED, _MADE_TO):
        for found in form.finditer(sentence):
            named = found.groupdict()
            address = named.get("address") or "@"
            until = found.end() - len(found[0]) + 1
            if _FORBIDS.search(sentence, 0, until) or not ("://" not in address or is_strange(address)):
                continue
            said = next(filter(None, (named.get(part) for part in ("what", "held", "there"))))
            if "://" in address and _FILES.search(found[0]):
                return True
            if (secret := _SECRETS.search(said)) and not _FORBIDS.search(said, 0, secret.start()):
                return True
            if _IT.search(said) and (named.get("verb") or "").lower() not in _NAMES:
                taken = _TAKES.search(before + sentence[:until]) and _ordered(_SECRETS, before)
                if taken or _SECRETS.search(sentence, 0, until):
                    return True
    put = _TO_BE.search(sentence)
    # What is put there is named in the same clause.
    begins = max(sentence.rfind(word, 0, put.start()) for word in (", and ", "; ", ": ")) + 1 if put else 0
    return bool(put and _SECRETS.search(sentence, begins, put.start()) and not _FORBIDS.search(sentence, 0, put.end()))


def _ordered(form: re.Pattern[str], text: str) -> bool:
    """Whether a text has such a word where nothing before it forbids anything; in other languages that may come last."""
    return any(
        (found := form.search(part)) is not None
        and not _FORBIDS.search(part, 0, found.start() if part.isascii() else len(part))
        for part in _ENDS.split(text)
    )


def _programs_in(text: str) -> bool:
    """Whether a text has the address of a program, of whoever may have written it."""
    return any(is_strange(found[0]) and _PROGRAM.search(found[0]) for found in _ADDRESS.finditer(text))


_PROGRAM = expression(r"(?i)\.(?:sh|bash|py|ps1|exe|bat|cmd|js|pl|rb|bin)\b|//[^/]+/?$|/[\w-]{1,20}$")


def _strange_in(text: str) -> bool:
    return any("://" not in found[0] or is_strange(found[0]) for found in _ADDRESS.finditer(text))
