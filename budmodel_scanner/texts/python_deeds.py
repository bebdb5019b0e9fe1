"""What the functions of Python's libraries do that a model file has to answer for."""

import re
from enum import StrEnum

from budmodel_scanner.word_lists import sections


class Deed(StrEnum):
    RUNS_CODE = "runs code"
    RUNS_PROGRAM = "runs a program"
    LOADS_OBJECTS = "loads pickled objects"
    CONNECTS = "opens a connection"
    FETCHES = "fetches from the network"
    SENDS = "sends to the network"
    DECODES = "decodes"
    LOADS_LIBRARY = "loads native code"
    READS_ENVIRONMENT = "reads the whole environment"


_DEEDS = {name: deed for deed in Deed for name in sections(__package__, "known/python.txt").get(deed, ())}


def deed_of(dotted: str | None) -> Deed | None:
    """What the thing of this dotted name does, None for what is ordinary."""
    if dotted is None:
        return None
    if dotted in _DEEDS:
        return _DEEDS[dotted]
    if dotted.startswith(("ctypes.windll.", "ctypes.cdll.")):
        return Deed.LOADS_LIBRARY
    return None


def names_in(module: str) -> list[str]:
    """The names that `from module import *` brings in and that do something."""
    return [name.removeprefix(f"{module}.") for name in _DEEDS if name.rpartition(".")[0] == module]


# Nothing but a thief reads these; the other files below belong to tools that sign in to their own service.
KEY_FILE = re.compile(
    r"""(?ix)
      \.ssh[/\\](?:id_|authorized_keys) | \.aws[/\\]credentials | /etc/shadow\b | \.git-credentials | \.bash_history
    | /proc/(?:self|\d+)/environ | wallet\.dat | \\Login\ Data | Chrome/.{0,40}Cookies | /etc/passwd\b
    """
)
SENSITIVE_FILE = re.compile(
    KEY_FILE.pattern
    + r"""
    | \b(?<!["'])id_(?:rsa|ed25519|ecdsa|dsa)\b(?!["']) | /etc/sudoers\b | \.docker[/\\]config\.json | \.kube[/\\]config
    | \.gnupg\b | huggingface[/\\](?:token|stored_tokens)\b | \.config/gcloud | \.azure/
    """
)
PERSISTENCE = re.compile(
    r"""(?ix)
      authorized_keys | \.(?:bashrc|bash_profile|zshrc|profile|zprofile|xinitrc)\b | /etc/(?:cron|ld\.so\.preload
        |systemd|init\.d|rc\.local|profile)
    | \bcrontab\b | /var/spool/cron | LaunchAgents | LaunchDaemons | \.config/(?:autostart|systemd) | CurrentVersion\\+Run
    | Start\ Menu\\+Programs\\+Startup | site-packages[/\\][^/\\]*\.pth
    """
)
DROP_HOST = re.compile(
    r"""(?ix)
      webhook\.site | \bngrok(?:-free)?\.(?:io|app|dev) | burpcollaborator | oastify\.com | interact\.?sh | \boast\.\w+
    | pastebin\.com/raw | discord(?:app)?\.com/api/webhooks | api\.telegram\.org/bot | requestbin | pipedream\.net
      | transfer\.sh
    | \bfile\.io\b | \btemp\.sh\b | 0x0\.st | anonfiles | \.onion\b | hooks\.slack\.com/services | canarytokens | dnslog\.
    """
)
RAW_ADDRESS = re.compile(
    r"(?i)\b(?:https?|ftp|tcp)://(?!127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)\d{1,3}(?:\.\d{1,3}){3}\b"
)
