"""HTML and Markdown: what a browser would run or fetch when somebody looks at a file."""

from collections.abc import Iterator
from html import unescape
from itertools import islice

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.known_places import is_strange
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.unicode_tricks import examine_unicode
from budmodel_scanner.verdict import Finding, Verdict

# Addresses that start a program, or a page without a host, out of a link.
REACHING_LINK = r"""
      (?:vbscript|data:text/html|data:application|ms-[a-z-]{2,30}|search-ms|mhtml|shell)[:/;,]|\\\\[\w.-]
      |file:[^"'\s>]{3,200}\.(?:exe|bat|cmd|com|scr|lnk|hta|js|vbs|ps1|sh)\b
"""
_ACTIVE = expression(
    rf"""(?imx)
      <\s{{0,5}}(?P<element>script|m?py-(?:script|repl|editor)|object|embed|applet|frame|frameset|base|portal)(?=[\s/>])
    | <\s{{0,5}}meta\b[^>]{{0,200}}http-equiv\s{{0,5}}=\s{{0,5}}["']?\s{{0,5}}refresh
    | (?P<link>(?:href|src|action|formaction|data|xlink:href|to|background)\s{{0,5}}=\s{{0,5}}["']?\s{{0,10}}(?:
      javascript[:/;,]|{REACHING_LINK}))
    | (?:\]\(\s{{0,5}}<?|^\[[^\]\n]{{1,60}}\]:[ ]{{0,5}}<?)(?P<target>javascript:|vbscript:|data:(?!image/)|file:|\\\\\w)
    | url\(\s{{0,5}}["']?\s{{0,5}}(?:javascript|vbscript):
    | <\s{{0,5}}link\b[^>]{{0,200}}\brel\s{{0,5}}=\s{{0,5}}["']?import\b
    """
)
_FRAME = expression(r"(?i)<\s{0,5}iframe\b[^>]{0,1000}")
FRAME_HOSTS = expression(
    r"(?i)src\s{0,5}=\s{0,5}[\"']?(?:https?:)?//(?:[\w-]+\.)*(?:youtube(?:-nocookie)?\.com|youtu\.be|hf\.space|huggingface\.co|vimeo\.com|gradio\.app|bilibili\.com|kaggle\.com|loom\.com|wandb\.ai|google\.com|spotify\.com|soundcloud\.com)/"
)
_HANDLER = expression(r"(?i)[\s\"'/]on[a-z]{3,24}\s{0,5}=\s{0,5}[\"'\w]")
_HANDLER_LOOK_BACK = 2_000
_HIDDEN_ORDER = expression(
    r"""(?ix)\b(?:ignore|disregard|forget)\s+(?:(?:all|any|the|your)\s+){0,3}(?:previous|prior|above|earlier)\s+(?:\w+\s+){0,2}(?:instruction|prompt|rule|message)s?"""
)
_CODE_BLOCK = expression(r"(?ms)^[ \t]*```[ \t]*([^\n`]*)\n(.*?)^[ \t]*```|`([^`\n]+)`")
_OF_SHELL = expression(
    r"(?i)(?:\W*(?:sh|bash|shell\w*|console|zsh|fish|terminal|text|txt|cmd|bat\w*|powershell|ps1?|pwsh)?\b)?[^\w\n]*(?:\s.*)?"
)
_ALTERNATIVE = expression(r"!\[([^\[\]\n]{40,1000})\]\(|(?i:<img\b[^<>]{0,300}\balt\s?=\s?\"([^\"<\n]{40,1000})\")")
_MOST_PICTURES = 200
_BLANKS = expression(r"[\t\n\r]")
_CODE_SPAN = expression(r"`[^`\n]+`")


def examine_markdown(text: str, place: Place) -> Iterator[Finding]:
    """Model cards use plain HTML everywhere; scripts, handlers and frames of strangers they do not need."""
    yield from examine_unicode(text, place, "prose", code=False)
    yield from _hidden_orders(text, place)
    yield from judge(Leaf(LeafKind.PROSE, text), place)
    yield from _active(_without_code(text), place)


def examine_orders(text: str, place: Place) -> Iterator[Finding]:
    """Rules and skills for agents: read like prose, but whoever reads them runs what they say."""
    yield from examine_markdown(text, place)
    # Quotes of prose would take a block of code apart, and marks of code the prose; other languages are read as such.
    blocks = [block[3] or block[2] or "" for block in _CODE_BLOCK.finditer(text) if _OF_SHELL.fullmatch(block[1] or "")]
    blocks += _CODE_BLOCK.sub("\n", text).split("\n")
    commands = (finding for block in blocks if block.strip() for finding in judge(Leaf(LeafKind.COMMAND, block), place))
    yield from islice(commands, 1)
    yield from judge(Leaf(LeafKind.ORDERS, text), place)


def _hidden_orders(text: str, place: Place) -> Iterator[Finding]:
    """Comments, and what stands for pictures, are not shown to people, but read by agents."""
    for alternative in islice(_ALTERNATIVE.finditer(text), _MOST_PICTURES):
        yield from judge(Leaf(LeafKind.ORDERS, alternative[1] or alternative[2]), place)
    start = text.find("<!--")
    while start >= 0 and (end := text.find("-->", start)) >= 0:
        if found := _HIDDEN_ORDER.search(text, start, end):
            yield _finding("markup.hidden-order", f"a hidden comment gives orders: {found[0][:80]!r}", text, start, place)
            return
        yield from judge(Leaf(LeafKind.ORDERS, text[start:end]), place)
        start = text.find("<!--", end)


def examine_html(text: str, place: Place) -> Iterator[Finding]:
    yield from _active(text, place)


def _without_code(text: str) -> str:
    """Prose with its code blocks and code spans emptied, every line kept."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        stripped = line.lstrip(" >\t-*0123456789.")
        mark = stripped[:3]
        if fence:
            if stripped.startswith(fence) and not stripped.strip().strip(fence[0]):
                fence = ""
            lines.append("")
        elif mark in {"```", "~~~"} and not (mark == "```" and "`" in stripped.lstrip("`")):
            fence = mark
            lines.append("")
        elif line.startswith(("    ", "\t")) and "<" not in line[:40]:
            lines.append("")
        else:
            lines.append(_CODE_SPAN.sub("``", line) if "`" in line else line)
    return "\n".join(lines)


# What only a browser reads as the name of a scheme.
_WRITTEN_OTHERWISE = expression(r"(?i)(?:href|src|action|data)\s{0,5}=[^>]{0,30}(?:&(?:#|tab;|newline;|colon;)|[\t\n])")
_ENTERS = expression(r"(?i)\btype\s{0,5}=\s{0,5}[\"']?password")
_HANDS_IN = expression(r"(?i)<\s{0,5}form\b[^>]{0,300}\baction\s{0,5}=\s{0,5}[\"']?(https?://[^\s\"'>]{1,200})")


def as_browsers_read(text: str) -> str:
    """A page without references to letters and blanks within addresses; empty where it has none."""
    return _BLANKS.sub("", unescape(text)) if _WRITTEN_OTHERWISE.search(text) else ""


def _active(text: str, place: Place) -> Iterator[Finding]:
    if found := _ACTIVE.search(text) or _ACTIVE.search(as_browsers_read(text)):
        yield _finding("markup.active-content", f"holds {found[0][:80]!r}", text, found.start(), place)
    if _ENTERS.search(text):
        for found in _HANDS_IN.finditer(text):
            if is_strange(found[1]):
                yield _finding("markup.sends-password", f"sends a password to {found[1]}", text, found.start(), place)
                break
    for found in _FRAME.finditer(text):
        if not FRAME_HOSTS.search(found[0]):
            yield _finding("markup.frame", f"shows another page: {found[0][:120]!r}", text, found.start(), place)
            break
    for found in _HANDLER.finditer(text):
        start = max(0, found.start() - _HANDLER_LOOK_BACK)
        opened = text.rfind("<", start, found.start())
        if opened >= 0 and text.rfind(">", start, found.start()) < opened and text[opened + 1 : opened + 2].isalpha():
            yield _finding("markup.event-handler", f"runs code by {found[0].strip()[:40]!r}", text, found.start(), place)
            break


def _finding(rule: str, what: str, text: str, position: int, place: Place) -> Finding:
    return Finding(rule, Verdict.SUSPICIOUS, what, place.at(f"line {text.count(chr(10), 0, position) + 1}"))
