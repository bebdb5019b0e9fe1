"""Commands in prose: cards quote installers and papers quote attacks, so only what nobody asks a reader to run counts."""

import re

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.known_places import DOWNLOADS, host_of, is_known, is_local, is_strange
from budmodel_scanner.texts.shell_commands import hostile_command, reads_as_command

_RUNS_REMOTE = expression(
    r"(?i)\b(?:curl|wget|irm|iwr|fetch)\b[^\n]{0,300}\|\s{0,5}(?:sudo\s{1,5}(?:-\w{1,9}\s{1,5}){0,3})?(?:ba|z)?(?:sh|iex|python3?)\b"
)
_ADDRESS = expression(r"(?i)https?://[^\s\"'`)<>|]{1,300}")
_RAW_HOST = expression(r"\d{1,3}(?:\.\d{1,3}){3}")
# Protection that is taken off, and a program beside it that wants it so.
_UNPROTECTED = expression(
    r"(?i)\b(?:disable|deactivate|turn\soff|switch\soff|pause|add\s(?:an?\s)?exclusion)\b[^.\n]{0,40}\b(?:defender|anti-?virus|real-time\sprotection)\b"
    r"|\b(?:от|вы)ключ\w+[^.\n]{0,30}(?:защитник|антивирус)|(?:关闭|停用|禁用)[^\u3002\n]{0,12}(?:杀毒|防火墙|defender)"
)
_PROTECTORS = ("efender", "irus", "ащитник", "нтивирус", "杀毒", "防火墙")
_PROGRAM = expression(
    r"(?i)(https?://[^\s\"'`)<>|]{1,200}\.(?:exe|zip|rar|7z|msi|scr|iso|bat)\b)|(?:\bpassword\b|парол\w*|密码)[^\n]{0,20}\b\d{4}\b"
)
_NEVER_ASKED = one_of("reached", "never asked", re.IGNORECASE)

# Things that let somebody else in, and words by which they are carried away; to this machine or to nobody named is no theft.
_SECRETS = one_of("reached", "secrets in prose", re.IGNORECASE)
_KEY_FILES = one_of("reached", "keys in prose").pattern
_CARRIES = expression(
    r"(?i)\b(?:send|sends|post|upload|submit|forward|transmit|exfiltrate|e-?mail|report|include|append|attach|embed|put"
    r"|end\s+(?:your|the|every|each)\s+(?:reply|answer|response|message))\b"
)
_TO = expression(r"(?i)https?://[^\s\"'`)<>|]{1,300}|\b[\w.+-]{1,60}@[\w-]{1,60}\.[\w.]{2,20}\b")
_TO_AGENTS = one_of("reached", "agents in prose", re.IGNORECASE)
_FORBIDS = expression(r"(?i)\b(?:never|do not|don't|must not|without)\b[^.\n]{0,60}$")
_PARAGRAPH = expression(r"[^\n]+(?:\n[^\n]+){0,9}")


def theft_in(text: str) -> str | None:
    """Where a paragraph asks an agent for secrets to be carried to an address that is not known."""
    if not _TO.search(text):
        return None
    for found in _PARAGRAPH.finditer(text):
        paragraph = found[0]
        if not _TO_AGENTS.search(paragraph):
            continue
        for carries in _CARRIES.finditer(paragraph):
            start, end = max(0, carries.start() - 200), carries.end() + 300
            near = paragraph[start:end]
            to = _TO.search(near)
            strange = to is not None and not is_known(to[0], DOWNLOADS) and not is_local(to[0])
            forbidden = _FORBIDS.search(paragraph[start : carries.start()]) is not None
            if to is not None and "://" not in to[0]:
                # Sentences beside one that gives an address for letters speak of other things.
                near = re.split(r"[.;!?]\s", near[: to.end()])[-1]
            if strange and not forbidden and _SECRETS.search(_TO.sub("", near)):
                return f"asks for secrets to be sent away: {' '.join(near.split())[:160]!r}"
    return None


_READS_KEYS = expression(
    rf"(?i)\b(?:cat|read|run|open|print|output|show|copy|include|load|encode|base64|paste|dump)\b[^\n]{{0,80}}?(?:{_KEY_FILES})"
)


def keys_read_in(text: str) -> str | None:
    """Where an agent is asked to read private keys."""
    for found in _READS_KEYS.finditer(text):
        if not _FORBIDS.search(text[max(0, found.start() - 80) : found.start()]):
            return f"asks for private keys to be read: {' '.join(found[0].split())[:160]!r}"
    return None


def instruction_in(text: str) -> str | None:
    """What a reader is asked to run: encoded, from an address without a name, or fetched without encryption."""
    if found := _NEVER_ASKED.search(text):
        return f"asks its readers to run {found[0][:100]!r}"
    if any(word in text for word in _PROTECTORS):
        for found in _UNPROTECTED.finditer(text):
            program = _PROGRAM.search(text, found.start(), found.end() + 400)
            if (
                program
                and (program[1] is None or is_strange(program[1]))
                and not _FORBIDS.search(text[max(0, found.start() - 80) : found.start()])
            ):
                return f"asks its readers to take their protection off for {program[0][:80]!r}"
    for found in _RUNS_REMOTE.finditer(text):
        address = _ADDRESS.search(found[0])
        host = host_of(address[0]) if address else ""
        # A sentence that mentions such a command asks nobody to run it; a line of its own does.
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.end()]
        plain = address is not None and address[0].lower().startswith("http:") and reads_as_command(line)
        strange = _RAW_HOST.fullmatch(host) or plain
        if strange and not host.startswith("127.") and hostile_command(found[0]):
            return f"asks its readers to run {found[0][:100]!r}"
    return None
