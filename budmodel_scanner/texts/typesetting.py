"""Documents that are programs: TeX, PostScript and roff start others, and Vim and Emacs obey lines of any text."""

import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.verdict import Finding, Verdict

_STARTS = expression(
    r"""(?x)
      (?P<TeX>\\write\s{0,3}18\b | write18\b | \\csname\s{0,3}(?:write|openout|input|immediate)\s{0,3}\\endcsname
      | \\(?:input|include|lstinputlisting|verbatiminput)\s?\{?\s?(?:/etc/|/proc/|~/|[^}\s]{0,60}\.ssh/)
      | \\href\{\s?(?:run|file|launch):[^}]{0,100}\.(?:exe|bat|cmd|sh|app|ps1|vbs|js)\b
      | (?:\\begin\{(?:pycode|pyblock|luacode\*?|sagesilent|juliacode)\}|\\py[bc]?\{)[^\\]{0,2000}?
        (?:os\.(?:system|popen|execute)|subprocess|io\.popen) | \\(?:ShellEscape|DelayedShellEscape)\b
      | \\(?:input|openin|openout|include|InputIfFileExists|verbatiminput|lstinputlisting|includegraphics)
        (?![A-Za-z])[^\n|%]{0,40}\|
      | \\openout(?:\d{1,3}|\\\w{1,20})?\s{0,3}=?\s{0,3}\{?\s{0,3}(?:/|~|\.\./\.\.|\\string~)
      | \\(?:directlua|luaexec|latelua|luadirect)\b[^\\]{0,400}(?:os\.(?:execute|spawn|exec)|io\.popen|loadstring|require) )
    | (?P<PostScript>%pipe% | \b(?:deletefile|renamefile)\b | (?<!\w)\.(?:forceput|eqproc|rsdparams
      |policyprocs|sethalftone5)\b)
    | (?P<roff>(?m:^[.'](?:sy|pi|pso|open)[ \t]+\S))"""
)
_TEX_COMMENT = expression(r"(?m)(?<!\\)%(?!pipe%).*$")
# What is set again, and no more given to a program.
_OF_TEXT = expression(r"\\(?:begin|end|section|item)\b|\n[ \t]*\n")
_LINES_READ = 5
# Options of Vim that are expressions, and the functions that reach out of one.
_VIM_LINE = expression(
    r"(?:^|\s)(?:vim?|ex)(?:[<=>]?\d+)?:.*?\b((?:fde|foldexpr|fdt|foldtext|fex|formatexpr|inde|indentexpr|inex|includeexpr|stl|statusline|ruf"
    r"|rulerformat|tal|tabline|dex|diffexpr|pex|patchexpr|pexpr|printexpr|ccv|charconvert|bexpr|balloonexpr|titlestring|iconstring"
    r"|tfu|tagfunc|ofu|omnifunc|cfu|completefunc|opfunc|operatorfunc)=.*)"
)
_VIM_CALLS = expression(
    r"(?i)\b(?:execute|system|systemlist|assert_fails|feedkeys|writefile|call|job_start|term_start|nvim_\w+|py3?eval|luaeval|eval|source)\b\s*[!(\\\"']"
)
_EMACS_LINE = expression(r"-\*-.{0,2000}?-\*-")
_EMACS_END = expression(r"Local Variables:.{0,3000}", re.DOTALL)
_EMACS_RUNS = expression(
    r"\b(?:eval\s*:|\w[\w-]*-(?:command|program|hook)\s*:).{0,400}\((?:[\w-]*shell-command[\w-]*|call-process[\w-]*|start-process[\w-]*|make-process|async-\w+|org-babel-execute-[\w-]+|load|load-file|eval|url-retrieve[\w-]*)\b",
    re.DOTALL,
)  # fmt: skip


def examine_typesetting(text: str, place: Place) -> Iterator[Finding]:
    """Programs that a document starts while it is set or shown."""
    is_tex = "\\" in text and not text.lstrip().startswith("%!")
    code = _TEX_COMMENT.sub("", text) if is_tex else text
    if found := _STARTS.search(code):
        shown = " ".join(code[found.start() : found.start() + 100].split())
        what = f"starts a program, or loads one, when it is set: {shown!r}"
        where = place.at(f"line {code.count(chr(10), 0, found.start()) + 1}")
        yield Finding("document.runs-program", Verdict.SUSPICIOUS, what, where)
        given = _OF_TEXT.split(code[found.end() : found.end() + 2_000])[0]
        yield from judge(Leaf(LeafKind.COMMAND, given.strip("{}()|\"' ")), place)


def examine_modelines(text: str, place: Place) -> Iterator[Finding]:
    """Vim reads the first and the last five lines of a text for its settings, Emacs the first two and the last page."""
    lines = text[:4_000].splitlines()[:_LINES_READ] + text[-4_000:].splitlines()[-_LINES_READ:]
    for line in lines:
        if (options := _VIM_LINE.search(line)) and (calls := _VIM_CALLS.search(options[1])):
            what = f"a line by which Vim would call {calls[0]!r}"
            yield Finding("document.modeline", Verdict.MALICIOUS, what, place.at(""))
            return
    for found in (*map(_EMACS_LINE.search, lines[:2]), _EMACS_END.search(text[-3_000:])):
        if found and (calls := _EMACS_RUNS.search(found[0])):
            what = f"a setting by which Emacs would run {' '.join(calls[0].split())[:80]!r}"
            yield Finding("document.modeline", Verdict.MALICIOUS, what, place.at(""))
            return
