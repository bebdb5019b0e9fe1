"""What statements send to a stranger, or leave behind: secrets of the environment, private files, what each login runs."""

import re
from collections.abc import Iterator

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.environment import is_of_another
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.python_deeds import KEY_FILE, PERSISTENCE
from budmodel_scanner.texts.shell_programs import PRIVATE
from budmodel_scanner.texts.source_runs import URL, Seen, connects, texts_in
from budmodel_scanner.texts.statements import Statement
from budmodel_scanner.verdict import Verdict

ENVIRONMENT = one_of("flow", "reads the whole environment")
WRITES = one_of("flow", "writes", re.IGNORECASE)
ONE_DEED, NEAR = 1_500, 300
_SENDS = one_of("flow", "sends", re.IGNORECASE)
# Words of a command that is started in pieces.
_CLIENTS = frozenset({"curl", "wget", "curl.exe"})
_AS_DATA = one_of("reached", "gives data")
_MAILS = expression(r"(?i)\bmail\s?\(|\bsend_?mail|\bsmtp")
_TOKEN = expression(r"(?i)\$(?:\{|env:)?\w*(?:token|secret|passw|api_?key)")
# Services that nobody else answers for.
_OF_A_SERVICE = expression(
    r"\$(?:GITHUB|GH|HF|HUGGING_?FACE|PYPI|TWINE|CARGO|KAGGLE)_\w{0,40}(?:TOKEN|SECRET|PASSWORD|KEY)\w{0,20}"
)
# Where a resolver asks, a name of which a part is filled in, and by which words it is asked.
_FILLED_IN_HOST = expression(r"[}\w…%)]\.(?:[\w-]+\.)+[a-z]{2,}\.?(?::\d+)?$")
_RESOLVES = expression(
    r"(?i)\bresolv\w*|to_socket_addrs|lookup|gethost\w*|getaddrinfo|\bgetby\w+|\bdns\b|toip|inet_aton|nslookup|nsdname"
)
_BY_CLIENT = expression(
    r"\b(?:curl|wget)\b[^\n]{0,300}\s(?:-\w{0,8}[dFT]|--data[\w-]{0,20}|--form|--upload-file|--post-\w+|--json)(?=[\s=@\"']|$)"
)
# In a block that an address was opened for.
_WRITES_OUT, _OF_ONE_BLOCK = expression(r"(?i)\b(?:write\w*|send\w*|body|payload)\s?[(=!]|\boutput_?stream\b"), 5
# A command that sends what is written to it.
TAKES_INPUT = expression(
    r"\b(?:curl|wget|http)\b[^\n]{0,300}\s(?:\S{0,40}@-|-\w*T\s?-|--upload-file[\s=]-|--post-file[\s=](?:-|/dev/stdin))(?=\s|$)"
)


def sent_or_left(
    statement: Statement, names: set[str], texts: tuple[str, ...], unlisted: list[str], seen: Seen
) -> Iterator[tuple[str, Verdict, str]]:
    code = statement.code
    secret = ENVIRONMENT.search(code) or names & seen.secret or any(KEY_FILE.search(text) for text in (*texts, code))
    by_client = _CLIENTS.intersection(texts) and any(map(_AS_DATA.fullmatch, texts))
    sends = _SENDS.search(code) or by_client or any(map(_BY_CLIENT.search, texts))
    to_stranger = unlisted or names & seen.addressed
    if secret and to_stranger and sends and (len(code) < ONE_DEED or _side_by_side(statement)):
        yield "sends-secrets", Verdict.MALICIOUS if unlisted else Verdict.SUSPICIOUS, "sends secrets away"
    taken = names & seen.private or any(len(text) < 300 and PRIVATE.search(text) for text in texts)
    if taken and not secret and to_stranger and sends and len(code) < ONE_DEED:
        yield "sends-secrets", Verdict.SUSPICIOUS, "sends what signs in somewhere away"
    seen.since_addressed = 0 if unlisted else seen.since_addressed + 1
    if names & seen.keys and 0 < seen.since_addressed < _OF_ONE_BLOCK and _WRITES_OUT.search(code):
        yield "sends-secrets", Verdict.SUSPICIOUS, "writes a private key where an address was opened"
    owned = [text for text in texts if _OF_A_SERVICE.fullmatch(text)]
    if owned and to_stranger and sends and all(is_of_another(owned[0], url) for url in unlisted):
        yield "sends-secrets", Verdict.SUSPICIOUS, "sends what one service is signed in to with to another"
    if (
        (secret or taken or any(map(_TOKEN.search, texts)))
        and _RESOLVES.search(" ".join((code, *texts)))
        and any(len(text) < 300 and _FILLED_IN_HOST.search(text) for text in texts)
    ):
        yield "sends-secrets", Verdict.SUSPICIOUS, "asks a resolver for a name that carries secrets"
    held, connected = names & (seen.secret | seen.private), names & seen.connected
    # What one name holds is not written over itself.
    apart = held != connected or len(held) > 1
    over = names & seen.piped or (connected and apart and (_SENDS.search(code) or WRITES.search(code)))
    if (secret or taken) and len(code) < ONE_DEED and (over or _MAILS.search(code)):
        yield "sends-secrets", Verdict.SUSPICIOUS, "sends secrets over a connection, or by mail"
    if seen.gathered.sent_by(statement, unlisted, connected=bool(names & seen.connected) or connects(statement)):
        yield "sends-secrets", Verdict.SUSPICIOUS, "sends what several programs sign in with away"
    # Whoever builds an image writes what its users read.
    stays = any(len(text) < 300 and PERSISTENCE.search(text) for text in texts) and not code.lstrip().startswith("RUN ")
    if stays and WRITES.search(code):
        yield "stays", Verdict.SUSPICIOUS, "writes what every login or program runs"


def _side_by_side(statement: Statement) -> bool:
    """Whether a statement too long to be one deed, as bundlers write them, has a secret and an address close together."""
    code = statement.code
    for found in ENVIRONMENT.finditer(code):
        near = code[max(0, found.start() - NEAR) : found.end() + NEAR]
        texts = texts_in(near, statement)
        if _SENDS.search(near) and any(URL.search(text) for text in (*texts, near)):
            return True
    return False
