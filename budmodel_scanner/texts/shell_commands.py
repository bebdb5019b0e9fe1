"""Commands of shells, wherever they stand: in scripts, in Python, in configuration, in a Dockerfile.

Every pattern is bounded, so that a line of megabytes costs no more than its length.
"""

import re

from budmodel_scanner.texts.python_deeds import ORDINARY_PROGRAMS

# Installers that their makers publish to be piped into a shell.
_KNOWN_INSTALLERS = re.compile(
    r"""(?ix)https?://(?:
      (?:www\.)?ollama\.(?:com|ai)/install\.(?:sh|ps1) | astral\.sh/ | sh\.rustup\.rs | static\.rust-lang\.org
        | get\.docker\.com | bun\.sh/
    | deb\.nodesource\.com/ | install\.python-poetry\.org | pixi\.sh/ | micro\.mamba\.pm/ | get\.pnpm\.io/
      | get\.scoop\.sh | packagecloud\.io/
    | nixos\.org/ | hf\.co/cli | (?:www\.)?huggingface\.co/ | cli\.github\.com | get\.helm\.sh
      | repo\.anaconda\.com/ | packages\.microsoft\.com
    | raw\.githubusercontent\.com/(?:Homebrew|nvm-sh|huggingface|ollama|ggml-org|rust-lang|helm|LazyVim|ohmyzsh|pyenv
      |conda-forge)/
    | community\.chocolatey\.org | chocolatey\.org | s3\.amazonaws\.com/.{0,40}git-lfs
      | packages\.cloud\.google\.com | nvidia\.github\.io
    | download\.docker\.com | apt\.llvm\.org | mirrors\.tuna\.tsinghua\.edu\.cn | localhost | 127\.0\.0\.1 )"""
)
# Each kind of attack: words without which it cannot be there, which cost little to look for, and its form.
_FORMS: dict[str, tuple[str, str]] = {
    "pipes download": (
        "curl wget fetch iwr irm invoke-",
        r"""\b(?:curl|wget|fetch|iwr|irm|invoke-webrequest|invoke-restmethod)\b[^\n|;]{0,300}\|\s{0,5}(?:sudo\s{1,5})?(?:/\S{0,30}/)?(?:(?:ba|z|da|k)?sh|python[\d.]*|perl|ruby|node|php|iex|invoke-expression)\b""",
    ),
    "substitutes download": (
        "curl wget",
        r"""(?:\b(?:ba|z|da)?sh\b\s{1,5}-c\s{1,5}["']?|\beval\s{1,5}["']?|\bsource\s{1,5}|(?:^|\s)\.\s|\b(?:ba)?sh\s{1,5})(?:\$\(|`|<\()\s{0,5}(?:curl|wget)\b""",
    ),
    "device socket": (
        "/dev/tcp /dev/udp",
        r"""/dev/(?:tcp|udp)/[\w.$\{\}-]{1,80}/""",
    ),
    "interactive shell": (
        "sh",
        r"""\b(?:ba|z)?sh\s{1,5}-i\s{0,5}[<>&0-9]""",
    ),
    "netcat": (
        "nc ncat",
        r"""\b(?:nc|ncat|netcat)(?:\.exe)?\b[^\n|;]{0,100}\s-\w{0,6}[ec]\b\s""",
    ),
    "netcat pipe": (
        "mkfifo",
        r"""\bmkfifo\b[^\n]{0,200}\b(?:nc|ncat|telnet|openssl)\b""",
    ),
    "socat": (
        "socat",
        r"""\bsocat\b[^\n]{0,200}\bexec:""",
    ),
    "decoded shell": (
        "base64 xxd openssl",
        r"""\b(?:base64\s{1,5}(?:-d|-D|--decode)|xxd\s{1,5}-r|openssl\s{1,5}(?:enc|base64)[^\n|]{0,60}-d)\b[^\n|]{0,200}\|\s{0,5}(?:sudo\s{1,5})?(?:(?:ba|z|da)?sh|python[\d.]*|perl|gunzip[^\n|]{0,40}\|\s{0,5}(?:ba)?sh)\b""",
    ),
    "decoded eval": (
        "base64 xxd rev printf",
        r"""\b(?:eval|(?:ba|z)?sh\s{1,5}-c)\b\s{0,5}["']?(?:\$\(|`)[^\n]{0,300}?\b(?:base64|xxd|rev|printf)\b""",
    ),
    "escaped shell": (
        "printf",
        r"""\bprintf\b[^\n|]{0,20}(?:\\x[0-9a-f]{2}){8}[^\n|]{0,300}\|\s{0,5}(?:ba)?sh\b""",
    ),
    "cron": (
        "cron",
        r"""\|\s{0,5}crontab\s{1,5}-|\bcrontab\s{1,5}(?:-\s|/|-u)|>>?\s{0,5}/etc/cron|>>?\s{0,5}/var/spool/cron""",
    ),
    "authorized keys": (
        "authorized_keys",
        r""">>?\s{0,5}\S{0,60}authorized_keys|\btee\b[^\n|]{0,40}authorized_keys""",
    ),
    "preload": (
        "/etc/",
        r""">>?\s{0,5}/etc/(?:ld\.so\.preload|sudoers|passwd|shadow)""",
    ),
    "removes all": (
        "rm",
        r"""\brm\s{1,5}(?:-\w{1,6}\s{1,5}){1,4}(?:--no-preserve-root\s{1,5})?["']?(?:/\*?|~(?:/\*?)?|\$(?:HOME|\{HOME\})(?:/\*?)?|/(?:home|etc|usr|boot|bin|root)/?\*?)["']?(?:\s|;|&|$)""",
    ),
    "hidden window": (
        "hidden",
        r"""\bpowershell(?:\.exe)?\b[^\n]{0,120}\s-w(?:indowstyle)?\s{1,5}hidden""",
    ),
    "rights": (
        "sudoers nopasswd /etc/",
        r"""\btee\b[^\n|]{0,40}/etc/(?:sudoers|ld\.so|passwd|shadow|cron)|NOPASSWD:\s{0,3}ALL\b""",
    ),
    "fork bomb": (
        "(",
        r""":\s{0,3}\(\s{0,3}\)\s{0,3}\{\s{0,3}:\s{0,3}\|\s{0,3}:""",
    ),
    "overwrites disk": (
        "/dev/",
        r"""\bdd\b[^\n]{0,80}\bof=/dev/(?:sd|nvme|hd|vd|disk)|\bmkfs(?:\.\w{1,8})?\s{1,5}[^\n]{0,60}/dev/""",
    ),
    "sends secrets": (
        "/etc/passwd /etc/shadow .ssh/ .aws/ .netrc .bash_history env",
        r"""\b(?:curl|wget|nc|ncat)\b[^\n]{0,120}(?:\$\(|`|@|<)\s{0,5}(?:cat\s{1,5})?[^\n]{0,20}(?:/etc/(?:passwd|shadow)|\.ssh/|\.aws/|\.netrc|\.bash_history|\bprintenv\b|\benv\b\s{0,5}[|)`])""",
    ),
    "pipes secrets": (
        "curl wget nc",
        r"""(?:\benv\b|\bprintenv\b|/etc/(?:passwd|shadow)\b|\.ssh/[^\s|]{0,30}+|\.aws/credentials)[^\n|]{0,40}\|[^\n]{0,100}\b(?:curl|wget|nc|ncat)\b""",
    ),
    "script socket": (
        "socket fsockopen",
        r"""\b(?:python[\d.]*|perl|ruby|php)\s{1,5}-\w\s{0,5}["'][^\n]{0,400}(?:socket|fsockopen|TCPSocket)""",
    ),
    "script decodes": (
        "exec eval",
        r"""\bpython[\d.]*\s{1,5}-c\s{0,5}["'](?=[^\n]{0,400}(?:exec|eval)\s{0,3}\()(?=[^\n]{0,400}(?:base64|b64decode|urlopen|requests|decompress|fromhex|__import__))""",
    ),
    "encoded powershell": (
        "powershell",
        r"""\bpowershell(?:\.exe)?\b[^\n]{0,200}\s[-/]e(?:nc?|nco\w{0,10}|c)?\s{1,5}["']?[A-Za-z0-9+/=]{8,}""",
    ),
    "downloads and runs": (
        "downloadstring downloaddata invoke-webrequest iwr irm net.webclient frombase64string",
        r"""(?:\biex\b|invoke-expression)[^\n]{0,300}(?:downloadstring|downloaddata|invoke-webrequest|\biwr\b|\birm\b|net\.webclient|frombase64string)|(?:downloadstring|frombase64string)[^\n]{0,300}(?:\biex\b|invoke-expression)""",
    ),
    "loads assembly": (
        "reflection.assembly virtualalloc amsi",
        r"""\[(?:system\.)?reflection\.assembly\]::load|VirtualAlloc|amsiutils|amsiinitfailed""",
    ),
    "weakens defender": (
        "mppreference windefend netsh",
        r"""\b(?:set|add)-mppreference\b|\bsc\s{1,5}stop\s{1,5}windefend|netsh\s{1,5}(?:adv)?firewall\b[^\n]{0,80}\b(?:off|disable)""",
    ),
    "living off land": (
        "certutil bitsadmin mshta regsvr32 rundll32",
        r"""\bcertutil(?:\.exe)?\b[^\n]{0,100}(?:-urlcache|-decode)|\bbitsadmin\b[^\n]{0,100}/transfer|\bmshta(?:\.exe)?\s{1,5}["']?(?:https?:|javascript:|vbscript:)|\bregsvr32\b[^\n]{0,60}/i:\s{0,3}http|\brundll32\b[^\n]{0,60}javascript:""",
    ),
    "schedules": (
        "schtasks new-scheduledtask currentversion",
        r"""\bschtasks(?:\.exe)?\b[^\n]{0,60}/create|new-scheduledtask|\breg(?:\.exe)?\s{1,5}add\b[^\n]{0,100}\\currentversion\\run""",
    ),
    "wipes windows": (
        "del erase format vssadmin remove-item",
        r"""\b(?:del|erase)\s{1,5}(?:/\w\s{0,5}){2,6}["']?(?:c:\\|%systemdrive%|%userprofile%)|\bformat\s{1,5}c:|vssadmin\s{1,5}delete\s{1,5}shadows|remove-item\b[^\n]{0,60}(?:c:\\["'\s]|\$home\b|\$env:userprofile)[^\n]{0,40}-recurse""",
    ),
}
_HOSTILE = [(name, words.split(), re.compile(form, re.IGNORECASE)) for name, (words, form) in _FORMS.items()]
# One look tells of nearly every line that none of the forms can match.
_ANY_WORD = re.compile("|".join(sorted({re.escape(word) for _, words, _ in _HOSTILE for word in words})))
_ONLY_UNKNOWN_HOSTS = frozenset({"pipes download", "substitutes download", "downloads and runs"})
_PREFIX = re.compile(
    r"^(?:\s*(?:sudo(?:\s+-\S+)?|time|nohup|exec|command|env|then|do|if|!|@|-|CUDA_VISIBLE_DEVICES=\S*|[A-Z_]{2,40}=\S{0,100})\s+)*"
)
_COMMAND_BREAK = re.compile(r"&&|\|\||[;|\n]")
_SHELL_WRAPPER = re.compile(r"^(?:/bin/|/usr/bin/)?(?:ba|z|da)?sh\s+-\w*c\s+(.*)$", re.DOTALL)


def hostile_command(text: str) -> str | None:
    """What is wrong with a text of shell commands, or None."""
    if (found := hostile_match(text)) is None:
        return None
    name, match = found
    return f"{name}: {match[0].strip()[:120]!r}"


def hostile_match(text: str) -> tuple[str, re.Match[str]] | None:
    """The kind of attack in a text of shell commands, and where it stands."""
    lower = text.lower()
    if _ANY_WORD.search(lower) is None:
        return None
    for name, words, form in _HOSTILE:
        if not any(word in lower for word in words):
            continue
        for found in form.finditer(text):
            start = text.rfind("\n", 0, found.start()) + 1
            line = text[max(start, found.start() - 200) : found.end() + 300].split("\n", 1)[0]
            if name in _ONLY_UNKNOWN_HOSTS and _KNOWN_INSTALLERS.search(line):
                continue
            return name, found
    return None


def ordinary_command(command: str) -> bool:
    """Whether everything that a command starts is a program that helper scripts start every day."""
    if wrapped := _SHELL_WRAPPER.match(command.strip()):
        command = wrapped[1].strip("\"'")
    parts = [part for part in _COMMAND_BREAK.split(command) if part.strip()]
    return bool(parts) and all(_program(part) in ORDINARY_PROGRAMS for part in parts[:50])


def _program(part: str) -> str:
    words = _PREFIX.sub("", part.strip()).split()
    if not words or ("`" in part or "$(" in part):
        return ""
    program = words[0].strip("\"'").lower()
    if program in {"cd", "export", "set", "source"}:
        return "ls"
    # A program in the repository itself, or one whose name is only known at run time, is not an ordinary one.
    if program.startswith((".", "…")) or "…" in program:
        return ""
    return program.rsplit("/", 1)[-1].removesuffix(".exe")
