"""Scripts other than Python, and files of tools that run commands: shell, PowerShell, batch, JavaScript, Makefiles, Git."""

import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.texts.known_places import PACKAGES, is_known
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.sources import examine_source
from budmodel_scanner.texts.unicode_tricks import examine_unicode
from budmodel_scanner.verdict import Finding, Verdict

_MAX_LINE = 20_000
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
_LFS_STORE = re.compile(r"(?im)^\s*(?:\w*url|lfs\.\w*url)\s*=\s*([^\n]{1,300})")
_LFS_AGENT = re.compile(r"(?im)^\s*(?:standalonetransferagent|path|concurrent|customtransfer\S*)\s*=")
_INDEX_SETTING = re.compile(r"(?im)^\s*(?:(?:extra-)?index-url|registry|find-links|repository|proxy)\s*=\s*([^\n]{1,300})")
# Lines that are no commands, in the languages of shells.
_COMMENT = re.compile(r"(?im)^[ \t]*(?:#(?!!)|::|rem[ \t]).*$")
_CONTINUED = re.compile(r"[\\^`]\r?\n")


def examine_commands(text: str, place: Place) -> Iterator[Finding]:
    """Shell, batch and PowerShell scripts, and files that hold commands, such as a Dockerfile."""
    yield from examine_unicode(text, place, "a script")
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > _MAX_LINE:
            what = f"a line of {len(line):,} characters in a script"
            yield Finding("script.long-line", Verdict.SUSPICIOUS, what, place.at(f"line {number}"))
    yield from judge(Leaf(LeafKind.COMMAND, _CONTINUED.sub(" ", _COMMENT.sub("", text))), place)


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
    else:
        yield from examine_source(text[: 4 << 20], place, worst=Verdict.SUSPICIOUS)


def examine_other_script(text: str, place: Place) -> Iterator[Finding]:
    """Perl, Ruby, Lua and what else a shebang line may name."""
    yield from examine_unicode(text, place, "a script")
    yield from examine_source(text, place)
    if found := _OTHER_SCRIPT.search(text):
        yield Finding("script.runs-program", Verdict.SUSPICIOUS, f"holds {found[0][:80]!r}", place.at(""))


def examine_clickable(text: str, place: Place) -> Iterator[Finding]:
    yield Finding("script.clickable", Verdict.SUSPICIOUS, "runs or connects when somebody opens it", place.at(""))
    yield from examine_commands(text, place)
    yield from examine_web_script(text, place)


def examine_git(text: str, place: Place) -> Iterator[Finding]:
    """.gitattributes, .gitmodules, .lfsconfig and .git/config: settings that run programs, and stores of strangers."""
    if place.name.endswith(".lfsconfig"):
        for found in _LFS_STORE.finditer(text):
            yield from judge(Leaf(LeafKind.FILE, found[1].strip(), role="the store of large files"), place)
        if _LFS_AGENT.search(text):
            yield Finding("git.runs-program", Verdict.SUSPICIOUS, "names a program that transfers large files", place.at(""))
    for found in _GIT.finditer(text):
        yield Finding("git.runs-program", Verdict.SUSPICIOUS, f"sets {found[0].strip()[:120]!r}", place.at(""))
        return


def examine_package_settings(text: str, place: Place) -> Iterator[Finding]:
    """pip.conf, .npmrc, .pypirc: where packages come from."""
    for found in _INDEX_SETTING.finditer(text):
        if not is_known(found[1].strip(), PACKAGES):
            yield Finding(
                "requirements.index", Verdict.SUSPICIOUS, f"packages come from {found[1].strip()[:120]}", place.at("")
            )
            return
