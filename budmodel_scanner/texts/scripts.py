"""Scripts other than Python, and files of tools that run commands: shell, PowerShell, batch, JavaScript, Makefiles, Git."""

import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.texts.shell_commands import hostile_match
from budmodel_scanner.texts.unicode_tricks import examine_unicode
from budmodel_scanner.verdict import Finding, Verdict

_MAX_LINE = 20_000
_DOWNLOAD = re.compile(
    r"(?i)\b(?:curl|wget|invoke-webrequest|iwr|start-bitstransfer)\b[^\n]{0,400}?(https?://[^\s\"')]{1,300})[^\n]{0,200}"
)
_MAKES_EXECUTABLE = re.compile(
    r"\bchmod\s{1,5}(?:-\w{1,3}\s{1,5})?(?:[ugoa]{0,3}\+[rw]{0,2}x|[0-7]?[57][0-7]{2})\s{1,5}[\"']?([\w./$\{\}-]{1,120})"
)
_ORDINARY_HOSTS = re.compile(
    r"(?i)^https?://(?:[\w-]+\.)*(?:huggingface\.co|hf\.co|github\.com|githubusercontent\.com|anaconda\.(?:com|org)|conda\.io|pytorch\.org|nvidia\.com|googleapis\.com|google\.com|amazonaws\.com|microsoft\.com|ubuntu\.com|debian\.org|python\.org|npmjs\.org|docker\.com|kernel\.org|gnu\.org|apache\.org|modelscope\.cn|tsinghua\.edu\.cn|fbaipublicfiles\.com|openslr\.org|zenodo\.org|llvm\.org|rust-lang\.org|astral\.sh|ollama\.com|cmake\.org|gitlab\.com|sourceforge\.net)(?:[/:]|$)"
)
# Programs of Windows and desktops that have no place in a repository of a model, and run with one click.
CLICKABLE = frozenset(
    {
        ".hta",
        ".vbs",
        ".vbe",
        ".jse",
        ".wsf",
        ".wsh",
        ".scf",
        ".url",
        ".desktop",
        ".reg",
        ".inf",
        ".sct",
        ".application",
        ".lnk",
    }
)
_WEB_SCRIPT = re.compile(
    r"""(?ix)
      (?P<shell>\b(?:ActiveXObject|CreateObject)\s{0,5}\(\s{0,5}["'](?:WScript|Scripting|Shell|ADODB)\.|\bWScript\.(?:Shell|CreateObject|Run)\b)
    | (?P<hidden>\beval\s{0,5}\(\s{0,5}(?:atob|unescape|decodeURIComponent|String\.fromCharCode|Buffer\.from
      |require)\b|\bnew\s{1,5}Function\s{0,5}\(\s{0,5}(?:atob|unescape)|\bFunction\s{0,3}\(\s{0,3}atob)
    | (?P<process>require\s{0,3}\(\s{0,3}["'](?:node:)?child_process["']\s{0,3}\)
      |from\s{1,3}["'](?:node:)?child_process["']|\bDeno\.(?:run|Command)\b)
    | (?P<php>\b(?:eval|assert|system|exec|shell_exec|passthru|popen)\s{0,3}\(\s{0,3}(?:base64_decode|gzinflate
      |str_rot13|\$_(?:GET|POST|REQUEST|COOKIE)))
    """
)
_OTHER_SCRIPT = re.compile(
    r"""(?ix)
      (?P<perl>\buse\s{1,5}(?:IO::)?Socket\b|\bsystem\s{0,3}\(?\s{0,3}["'q]|\bexec\s{0,3}\(?\s{0,3}["'])
    | (?P<ruby>\brequire\s{1,5}["']socket["']|\bKernel\.(?:system|exec)|\bIO\.popen)
    | (?P<lua>\bos\.execute\s{0,3}\(|\bio\.popen\s{0,3}\()
    """
)
_GIT = re.compile(
    r"""(?imx)
      ^\s*(?P<attribute>\S+\s[^\n]{0,300}\bfilter=(?!lfs\b)[\w.-]+)
    | ^\s*url\s*=\s*(?P<url>(?:ext::|-|file://|\.\./)[^\n]{0,200})
    | ^\s*(?P<setting>(?:fsmonitor|sshCommand|hooksPath|gitProxy|askPass|editor|pager|clean|smudge|process|textconv
      |external|update|helper)\s*=\s*(?!true|false|less|cat|git-lfs\b)[^\n]{1,200})
    | ^\s*path\s*=\s*(?P<path>[^\n]{0,200}\.\.[^\n]{0,100}|\.git\b[^\n]{0,100})
    """
)
_INDEX_SETTING = re.compile(r"(?im)^\s*(?:(?:extra-)?index-url|registry|find-links|repository|proxy)\s*=\s*([^\n]{1,300})")
_ORDINARY_INDEX = re.compile(
    r"(?i)https?://(?:[\w-]+\.)*(?:pypi\.org|pythonhosted\.org|npmjs\.org|pytorch\.org|nvidia\.com|tsinghua\.edu\.cn|aliyun\.com)(?:[/:]|$)"
)


def examine_commands(text: str, place: Place) -> Iterator[Finding]:
    """Shell, batch and PowerShell scripts, and files that hold commands, such as a Dockerfile."""
    yield from examine_unicode(text, place, "a script")
    joined = re.sub(r"[\\^`]\r?\n[ \t]{0,80}", " ", text) if "\n" in text else text
    for number, line in enumerate(joined.splitlines(), start=1):
        if len(line) > _MAX_LINE:
            what = f"a line of {len(line):,} characters in a script"
            yield Finding("script.long-line", Verdict.SUSPICIOUS, what, place.at(f"line {number}"))
        stripped = line.lstrip()
        if stripped.startswith(("#", "::", "REM ", "rem ")) and not stripped.startswith("#!"):
            continue
        if found := hostile_match(line[:_MAX_LINE]):
            what = f"{found[0]}: {found[1][0].strip()[:120]!r}"
            yield Finding("script.hostile-command", Verdict.MALICIOUS, what, place.at(f"line {number}"))
            return
    yield from _downloaded_program(joined, place)


def _downloaded_program(text: str, place: Place) -> Iterator[Finding]:
    """A download that is made executable and started. Installers of known publishers are ordinary."""
    strange = next((found for found in _DOWNLOAD.finditer(text) if not _ORDINARY_HOSTS.match(found[1])), None)
    if strange is None:
        return
    for made in _MAKES_EXECUTABLE.finditer(text):
        name = made[1].rsplit("/", 1)[-1]
        if name and name in strange[0] and text.count(name) > 2:
            verdict = Verdict.MALICIOUS
            yield Finding(
                "script.downloads-program", verdict, f"fetches {strange[1][:120]} and runs it as {name[:60]}", place.at("")
            )
            return
    last = strange[1].rsplit("/", 1)[-1]
    if last.endswith((".sh", ".exe", ".ps1", ".bat", ".bin", ".run")) and re.search(
        r"\b(?:ba)?sh\s+\S{0,80}"
        + re.escape(last[:60])
        + r"|^\s*\.?/?\S{0,60}"
        + re.escape(last[:60])
        + r"\s*$|start-process[^\n]{0,80}"
        + re.escape(last[:60]),
        text,
        re.IGNORECASE | re.MULTILINE,
    ):
        yield Finding(
            "script.downloads-program", Verdict.SUSPICIOUS, f"fetches {strange[1][:120]} and runs it", place.at("")
        )


def examine_web_script(text: str, place: Place) -> Iterator[Finding]:
    """JavaScript, TypeScript, PHP, VBScript and the like."""
    yield from examine_unicode(text, place, "a script")
    found = _WEB_SCRIPT.search(text)
    if found:
        verdict = Verdict.SUSPICIOUS if found.lastgroup == "process" else Verdict.MALICIOUS
        yield Finding(
            "script.hostile-code",
            verdict,
            f"holds {found[0][:80]!r}",
            place.at(f"line {text.count(chr(10), 0, found.start()) + 1}"),
        )
    elif hostile := hostile_match(text[: 4 << 20]):
        yield Finding(
            "script.hostile-command", Verdict.SUSPICIOUS, f"{hostile[0]}: {hostile[1][0].strip()[:120]!r}", place.at("")
        )


def examine_other_script(text: str, place: Place) -> Iterator[Finding]:
    """Perl, Ruby, Lua and what else a shebang line may name."""
    yield from examine_commands(text, place)
    if found := _OTHER_SCRIPT.search(text):
        yield Finding("script.runs-program", Verdict.SUSPICIOUS, f"holds {found[0][:80]!r}", place.at(""))


def examine_clickable(text: str, place: Place) -> Iterator[Finding]:
    yield Finding("script.clickable", Verdict.SUSPICIOUS, "runs or connects when somebody opens it", place.at(""))
    yield from examine_commands(text, place)
    yield from examine_web_script(text, place)


def examine_git(text: str, place: Place) -> Iterator[Finding]:
    """.gitattributes, .gitmodules and .git/config: filters and settings that run programs."""
    for found in _GIT.finditer(text):
        yield Finding("git.runs-program", Verdict.SUSPICIOUS, f"sets {found[0].strip()[:120]!r}", place.at(""))
        return


def examine_package_settings(text: str, place: Place) -> Iterator[Finding]:
    """pip.conf, .npmrc, .pypirc: where packages come from."""
    for found in _INDEX_SETTING.finditer(text):
        if not _ORDINARY_INDEX.search(found[1]):
            yield Finding(
                "requirements.index", Verdict.SUSPICIOUS, f"packages come from {found[1].strip()[:120]}", place.at("")
            )
            return
