"""Commands in prose: cards quote installers and papers quote attacks, so only what nobody asks a reader to run counts."""

import re

from budmodel_scanner.texts.known_places import host_of
from budmodel_scanner.texts.shell_commands import hostile_command, reads_as_command

_RUNS_REMOTE = re.compile(
    r"(?i)\b(?:curl|wget|irm|iwr|fetch)\b[^\n]{0,300}\|\s{0,5}(?:sudo\s{1,5})?(?:ba|z)?(?:sh|iex|python3?)\b"
)
_ADDRESS = re.compile(r"(?i)https?://[^\s\"'`)<>|]{1,300}")
_RAW_HOST = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_NEVER_ASKED = re.compile(
    r"(?i)\bpowershell(?:\.exe)?\b[^\n]{0,200}\s[-/]e(?:nc?|nco\w{0,10}|c)?\s{1,5}[\"']?[A-Za-z0-9+/=]{40,}"
    r"|\bmshta(?:\.exe)?\s{1,5}[\"']?(?:https?:|javascript:|vbscript:)"
    r"|\becho\s{1,5}[\"']?[A-Za-z0-9+/=]{24,}[\"']?\s{0,5}\|\s{0,5}base64\s{1,5}(?:-d|-D|--decode)\s{0,5}\|\s{0,5}(?:ba|z)?sh\b"
)


def instruction_in(text: str) -> str | None:
    """What a reader is asked to run: encoded, from an address without a name, or fetched without encryption."""
    if found := _NEVER_ASKED.search(text):
        return f"asks its readers to run {found[0][:100]!r}"
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
