"""Scripts other than Python, and files of tools that run commands: shell, PowerShell, batch, JavaScript, Makefiles, Git."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.dialects import in_common_words
from budmodel_scanner.texts.known_places import is_strange
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.shell_commands import ordinary_command
from budmodel_scanner.texts.shell_deeds import CALLS
from budmodel_scanner.texts.shell_programs import PROGRAMS, Hostile, fetches_something, file_name, is_interpreter
from budmodel_scanner.texts.shell_syntax import parse_shell
from budmodel_scanner.texts.sources import examine_source
from budmodel_scanner.texts.statements import ONLY_MATCHES, in_words, statements, without_comments
from budmodel_scanner.texts.unicode_tricks import examine_unicode
from budmodel_scanner.texts.values import examine_value
from budmodel_scanner.verdict import Finding, Verdict

_MAX_LINE = 20_000
# Started by a script with a plain text for its command.
_STARTED = expression(
    r"""(?x)(?<![\w>])(?:system|exec|popen|os\.execute|execSync|spawn(?:Sync)?|execFile(?:Sync)?|passthru|shell_exec)\s{0,3}\(?\s{0,3}
    (?:"([^"\n]{1,400})"|'([^'\n]{1,400})')\s{0,3}[,);\n&]"""
)
# A program that a variable names, and what it is told.
_OF_USER = expression(r"\\?\"?\$\{?\w[\w:>{}'\[\]-]{0,60}\\?\"?\s[^|;&`(]{1,300}")
# The host of scripts on Windows, and code in code.
_HIDDEN = expression(
    r"(?i)\beval\s{0,5}\(\s{0,5}(?:require|String\.fromCharCode)\b|\bActiveXObject\s{0,5}\(\s{0,5}[\"'](?:WScript|Shell|ADODB)\."
)
# Commands of sed that run the line they have in hand, or what they are given, and that write what each login runs.
_LONGEST_OF_SED = 4_000
_BY_SED = expression(r"#!\s?\S*sed\b")
_RUN_BY_SED = expression(
    r"""(?x)(?:^|[;{}\d$/!,+~]|/I)[ \t]*(?:
      s(?P<mark>[^\s\w\\]) (?:(?:\\.|(?!(?P=mark))[^\\]){0,400}(?P=mark)){2}
        [gpiImM\d]{0,6}e[gpiImM\d]{0,6}[ \t]*(?:$|[;}#w])
    | e(?:[ \t]+\S|[ \t]*$) | w[ \t]+\S*(?:/etc/|/\.\w*(?:rc|profile)\b|authorized_keys))"""
)
_GIT = expression(
    r"""(?imx)
      ^[ \t]*(?P<attribute>\S+\s[^\n]{0,300}\bfilter=(?!lfs\b)[\w.-]+)
    | ^[ \t]*url\s*=\s*(?P<url>(?:ext::|-|file://|\.\./)[^\n]{0,200})
    | ^[ \t]*(?P<setting>(?:fsmonitor|sshCommand|hooksPath|gitProxy|askPass|editor|pager|clean|smudge|process|textconv
      |external|update|helper)\s*=[ \t]*(?=\S)(?!true|false|less|cat|git-lfs\b
      |["']?(?:n?vim?|nano|emacs|code|micro)\b[^\n|;&`$]{0,40}$)[^\n]{1,200})
    | ^[ \t]*path\s*=\s*(?P<path>[^\n]{0,200}\.\.[^\n]{0,100}|\.git\b[^\n]{0,100})
    """
)
# An alias that begins with `!` is a command of a shell, and so are many other settings.
_VALUE_OF_GIT = expression(
    r"""(?m)^[ \t]*[\w.-]{1,60}[ \t]*=[ \t]*(?:"!?([^\n]{2,2000})"|!?([^\s"!][^\n]{1,2000}))[ \t]*$"""
)
_LFS_STORE = expression(r"(?im)^[ \t]*(?:\w*url|lfs\.\w*url)\s*=\s*([^\n]{1,300})")
_LFS_AGENT = expression(r"(?im)^[ \t]*(?:standalonetransferagent|path|concurrent|customtransfer\S*)\s*=")
_INDEX_SETTING = expression(
    r"(?im)^[ \t]*(?:(?:extra[-_])?index[-_]url|(?:@[\w.-]+:)?registry|find[-_]links|repository|proxy)\s*[=\s]\s*"
    r"((?:[^\n]{1,300}(?:\n[ \t]+)?){1,20})"
)
# Lines that are no commands, in the languages of shells.
_COMMENT = expression(r"(?im)^[ \t]*(?:#(?!!)|::|rem[ \t]).*$")
# Pieces of a text, which languages of Windows and of the web join by a plus; and variables of batch files.
_JOINED = expression(r"""(?<=[\w.:/-])(["'])\s{0,3}\+\s{0,3}\1(?=[\w.:/-])""")
_SET = expression(r"""(?im)(?:^|[&("])[ \t@]*set\s+"?(\w+)=([^"\n&|%]{0,200}?)[ \t]*"?[ \t]*(?=$|[&)])""")
_OF_BATCH = expression(r"(%%|%|!)(\w+)\1")
# Where quotes begin anew within quotes.
_IN_QUOTES = expression(r'"(\$\([^()\n]{0,300}\))"')
_CONTINUED = expression(r"[\\^`]\r?\n")


# What an image runs without a shell.
_LISTED = expression(
    r"""(?im)^([ \t]*(?:ONBUILD[ \t]+)?(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK[^\n\[]{0,99}CMD)[ \t]+)(\["[^\n]{1,4000}\])\s*$"""
)


def _in_words(found: re.Match[str]) -> str:
    with suppress(ValueError, RecursionError):
        return found[1] + in_words(list(map(str, json.loads(found[2]))))
    return found[0]


_CLONES = expression(r"(?:git|hg|svn) (?:clone|checkout|co) ")


def _strange_trees(text: str) -> Iterator[Hostile]:
    """A tree that a stranger has, cloned or unpacked, of which something is run then. For scripts alone."""
    if not _TREES.search(text):
        return
    roots: set[str] = set()
    archives: set[str] = set()
    inside = False
    for command in parse_shell(CALLS.sub(r"\1", text)).commands():
        words = [word for word in command.arguments if word[:1] != "-"]
        parts = {part for word in words for part in re.split(r"[/\\\\]", word) if part not in {"", ".", ".."}}
        strange = [word for word in words if re.search(r"://|^[\w.-]+@[\w.-]+:", word) and is_strange(word)]
        written = " ".join(command.words)
        if strange and (fetches_something(command) or _CLONES.match(written) or command.program == "add"):
            archives |= {_stem(strange[0]), *(_stem(word) for word in words[-1:])}
            roots |= archives if _CLONES.match(written) else set()
        elif archives and command.program in PROGRAMS["unpacking"]:
            roots |= archives | {_stem(word) for word in words}
        elif roots and command.program == "cd":
            inside = bool(parts & roots)
        elif roots:
            path = next((word for word in command.words if "/" in word or "\\" in word), "")
            runs = command.program not in PROGRAMS["ordinary"] | PROGRAMS["showing"] or is_interpreter(command.program)
            first = words[0] if is_interpreter(command.program) and words else path
            of_it = {*re.split(r"[/\\\\]", first)} & roots
            if (runs and (of_it or (inside and (first or path)))) or (inside and command.program in PROGRAMS["building"]):
                yield Hostile("runs what a stranger has", command.written, command.line, Verdict.SUSPICIOUS)
                return


_TREES = expression(r"(?i)\b(?:clone|checkout|tar|unzip|gunzip|expand-archive)\b")


def _stem(path: str) -> str:
    return re.sub(r"\.(?:git|zip|gz|tgz|xz|tar|bz2)\b", "", file_name(path.rstrip("/").split("?")[0]))


def examine_commands(text: str, place: Place) -> Iterator[Finding]:
    """Shell, batch and PowerShell scripts, and files that hold commands, such as a Dockerfile."""
    yield from examine_unicode(text, place, "a script")
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > _MAX_LINE:
            what = f"a line of {len(line):,} characters in a script"
            yield Finding("script.long-line", Verdict.SUSPICIOUS, what, place.at(f"line {number}"))
    code = _CONTINUED.sub(" ", _COMMENT.sub("", in_common_words(text, place.name)))
    if place.name.lower().endswith((".ps1", ".psm1")):
        code = _JOINED.sub("", code)
    elif place.name.lower().endswith((".bat", ".cmd")):
        values = {name.lower(): value for name, value in _SET.findall(code)}
        code = _OF_BATCH.sub(lambda found: values.get(found[2].lower(), found[0]), code)
    from budmodel_scanner.texts.source_flow import follow, worth_following

    code = _LISTED.sub(_in_words, code)
    found = list(judge(Leaf(LeafKind.COMMAND, code), place))
    for hostile in () if found else _strange_trees(code):
        yield Finding("command.runs-unpacked", Verdict.SUSPICIOUS, str(hostile), place.at(f"line {hostile.line}"))
    yield from found or (follow(statements(_IN_QUOTES.sub(r"\1", code)), place) if worth_following(code) else ())


def examine_script(text: str, place: Place) -> Iterator[Finding]:
    """Perl, Ruby, Lua, JavaScript, PHP and what else a shebang line may name: seldom needed beside a model."""
    yield from examine_unicode(text, place, "a script")
    hostile = list(examine_source(text, place))
    yield from hostile
    if place.name.endswith(".sed") or _BY_SED.match(text):
        for line, written in enumerate(text.splitlines(), start=1):
            if len(written) > _LONGEST_OF_SED or _RUN_BY_SED.search(written):
                what = f"runs what it edits: {written.strip()[:80]!r}"
                yield Finding("script.runs-program", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
                return
    if found := _HIDDEN.search(_JOINED.sub("", text)):
        yield Finding("script.hostile-code", Verdict.MALICIOUS, f"holds {found[0][:80]!r}", place.at(""))
    only_matches = ONLY_MATCHES.search(text) is not None
    for started in () if hostile else _STARTED.finditer(without_comments(text)):
        command = started[1] or started[2]
        if only_matches and started[0].startswith("exec"):
            continue
        if not ordinary_command(command) and not _OF_USER.fullmatch(command):
            yield Finding("script.runs-program", Verdict.SUSPICIOUS, f"starts {started[0][:80]!r}", place.at(""))
            return


_QUOTE = expression(r"[\"'`]|\[\[|\b[%q]x")


def examine_hidden_names(text: str, place: Place) -> Iterator[Finding]:
    """Sources and scripts of any language that write what they start so that nobody reads it."""
    from budmodel_scanner.texts.hidden_names import NUMBER, escaped_names, hidden_names

    if not (_QUOTE.search(text) or NUMBER.search(text)):
        return
    code = without_comments(text)
    for name, line in chain(hidden_names(statements(code)), escaped_names(code)):
        what = f"puts together {name!r}, which is not written"
        yield Finding("source.hidden-name", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
        return


# What the menu of a desktop starts where a package put it.
_INSTALLED = expression(r"(?:/(?:usr|opt)/[\w./+-]+|[a-z][\w.+-]*)(?:\s+(?:%[a-zA-Z]|--?[\w-]+(?:=[\w%./-]+)?))*\s*")
_STARTED_BY_DESKTOP = expression(r"(?m)^(?:Try)?Exec=(.*)$")
_LINKS_OR_STARTS_LATER = expression(r"(?m)^(?:URL|Type=Link|X-\w+-Autostart)")


def _is_of_a_package(text: str) -> bool:
    started = _STARTED_BY_DESKTOP.findall(text)
    return bool(started) and all(map(_INSTALLED.fullmatch, started)) and not _LINKS_OR_STARTS_LATER.search(text)


def examine_clickable(text: str, place: Place) -> Iterator[Finding]:
    if place.name.endswith(".desktop") and _is_of_a_package(text):
        return
    yield Finding("script.clickable", Verdict.SUSPICIOUS, "runs or connects when somebody opens it", place.at(""))
    yield from examine_commands(text, place)
    yield from examine_script(text, place)


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
    for quoted, plain in _VALUE_OF_GIT.findall(text):
        yield from judge(Leaf(LeafKind.VALUE, plain or quoted.replace('\\"', '"')), place)


# Ruby, .NET, Gradle, R and Go have words of their own for it.
_SOURCE_OF_PACKAGES = expression(
    r"""(?im)^[ \t]*source\s{1,99}["']?(https?:[^"'\n]{1,300})
    | <add\s[^>]{0,200}value\s{0,9}=\s{0,9}["'](https?:[^"'\n]{1,300})
    | \brepos\s{0,9}=\s{0,99}(?:c\(\s{0,99}(?:\w{1,60}\s{0,9}=\s{0,9})?)?["'](https?:[^"'\n]{1,300})
    | \bmaven\s{0,99}\{\s{0,99}url\s{0,9}[=(]?\s{0,9}(?:uri\()?["'](https?:[^"'\n]{1,300})
    | ^[^\n]{0,200}=>\s*(?!(?:github|gitlab|bitbucket)\.)((?:[\w-]+\.)+[\w-]+/\S{1,200})""",
    re.VERBOSE,
)


def examine_package_sources(text: str, place: Place) -> Iterator[Finding]:
    for found in _SOURCE_OF_PACKAGES.finditer(text):
        address = next(filter(None, found.groups()))
        yield from judge(Leaf(LeafKind.INDEX, address if "://" in address else f"https://{address}"), place)


# What build tools fetch, unpack and build; homes of projects and of their papers have other names.
_BUILT = expression(
    r"""(?x)\b(?:(?:URL|GIT_REPOSITORY)[\s"']{1,12}|(?:urls?|src|remote|git|context|binary|dist|extra-deps)[\s"'\[({:=>-]{1,16}|source\s{0,9}=\s{0,9}["'])
    ((?:git::)?(?:https?|ssh|git)://[^\s"'`)>\]?]{1,300})|"(git::[^"\n]{1,300})\""""
)
BUILD_FILES = expression(
    r"(?:^|/)(?:CMakeLists\.txt|WORKSPACE|MODULE\.bazel|BUILD|meson\.build|build\.zig\.zon|conanfile\.py|Podfile|[Gg]emfile|DESCRIPTION|Cartfile|paket\.dependencies|cpanfile|opam|pyproject\.toml|Cargo\.toml|pubspec\.yaml"
    r"|mix\.exs|stack\.yaml|composer\.json)$|\.(?:tf|hcl|cmake|bzl|bazel|wrap|nix|opam|gradle|kts|rockspec|podspec|sbt|[rR]|Rprofile)$"
)
_MADE_OF = expression(
    r"(?i)\.(?:git|zip|t?gz|tgz|tar\.\w+|xz|bz2|jar|whl|so|dll|exe|sh)(?:[?#/]|$)|^git::|^http://|/simple/?$|//git\.|^(?:ssh|git)://"
)


def examine_build_sources(text: str, place: Place) -> Iterator[Finding]:
    yield from examine_package_sources(text, place)
    for found in _BUILT.finditer(text):
        address = found[1] or found[2]
        plain = address.removeprefix("git::")
        if (found[0].startswith("git") or _MADE_OF.search(address)) and ("://" not in plain or is_strange(plain)):
            line = text.count("\n", 0, found.start()) + 1
            yield Finding("requirements.direct", Verdict.SUSPICIOUS, f"builds {address[:120]}", place.at(f"line {line}"))
            return


def examine_package_settings(text: str, place: Place) -> Iterator[Finding]:
    """pip.conf, .npmrc, .pypirc: where packages come from."""
    yield from examine_package_sources(text, place)
    for found in _INDEX_SETTING.finditer(text):
        yield from judge(Leaf(LeafKind.INDEX, found[1]), place)
    for line in text.splitlines():
        key, _, value = line.partition("=")
        yield from examine_value(key.strip(), value.strip(), key.strip(), place)
