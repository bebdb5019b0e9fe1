"""Pages of HTML: reports, plots and documentation, whose scripts a browser runs when somebody opens them.

A browser keeps scripts away from the machine, so that a page is judged by what its scripts reach for: code from strangers,
code that is hidden, what others stored, and addresses that they send to or go to. Cards and pictures need no scripts at all.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html import unescape
from typing import NamedTuple

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.known_places import host_of, is_local
from budmodel_scanner.texts.markup import FRAME_HOSTS, REACHING_LINK, as_browsers_read
from budmodel_scanner.texts.scripts import examine_script
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import sections

_OPENS = expression(r"(?i)<!--|<script\b([^>]{0,2000})>")
_CLOSES = expression(r"(?i)</script\b[^>]{0,200}>")
_SOURCE = expression(r"""(?i)(?:^|\s)src\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)'|([^\s>]+))""")
_TYPE = expression(r"""(?i)(?:^|\s)(?:type|language)\s{0,5}=\s{0,5}["']?([\w/.+-]*)""")
_OF_PAGES = expression(r"(?i)(?:text|application)/(?:java|ecma)script|module|(?:java|ecma)script[\d.]*|")
# What a browser does not run: data, templates of the page itself, and settings of its typesetter.
_NOT_RUN = expression(
    r"(?i)application/(?:ld\+|[\w.+-]*)json|importmap|application/(?:vnd\.\S+|xml)|text/(?:xml|html|plain|template|ng-template)"
    r"|text/(?:x-)?(?:template|handlebars|mathjax-config|jquery-tmpl)"
)
_HANDLER = expression(
    r"""(?ix)<[a-z][^<>]{0,2000}?\son([a-z]{3,24})\s{0,5}=\s{0,5}
    (?:"([^"]{0,4000})"|'([^']{0,4000})'|([^\s>]{1,400}))"""
)
# Fire without anybody's doing, as soon as the element is there; a page that is loaded has other ways.
_FIRES_ALONE = expression(r"(?i)<(?:img|svg|video|audio|details|input|source|object|marquee|iframe)\b")
_ALONE = {"error", "toggle", "focus", "begin", "load", "start"}
_ELEMENT = expression(
    rf"""(?ix)
      <\s{{0,5}}(?P<element>m?py-(?:script|repl|editor)|object|embed|applet|frame|frameset|portal)(?=[\s/>])
    | <\s{{0,5}}base\b[^>]{{0,200}}\bhref\s{{0,5}}=\s{{0,5}}["']?\s{{0,5}}(?:https?:)?//
    | <\s{{0,5}}meta\b[^>]{{0,200}}http-equiv\s{{0,5}}=\s{{0,5}}["']?\s{{0,5}}refresh\b[^>]{{0,200}}
      url\s{{0,5}}=\s{{0,5}}["']?\s{{0,5}}(?:[a-z]+:|//)
    | (?:href|src|action|formaction|data|xlink:href|to)\s{{0,5}}=\s{{0,5}}["']?\s{{0,10}}(?:{REACHING_LINK})
    """
)
_LINK = expression(
    r"""(?ix)(?:href|action|formaction)\s{0,5}=\s{0,5}
    (?:"\s{0,10}javascript:([^"]{0,2000})"|'\s{0,10}javascript:([^']{0,2000})')"""
)
_REACHES = one_of("pages", "reaches")
_GOES = expression(
    r"""(?x)(?:\bfetch\s?\(|\.open\(\s?["']\w{3,6}["']\s?,|\bsendBeacon\s?\(|\bnew\s(?:WebSocket|EventSource|Worker|SharedWorker)\s?\(
    |\bimport(?:Scripts)?\s?\(|\.src\s?=|\blocation(?:\.href)?\s?=(?!=)|\blocation\.(?:replace|assign)\s?\(|\$\.(?:get|post|ajax|getScript|getJSON)\s?\()
    \s{0,9}(?:\{\s{0,9}url\s?:\s{0,9}|new\sURL\(\s?)?["'`]\s{0,9}((?:[hH][tT]{2}[pP][sS]?:|[wW][sS]{1,2}:)?//[^"'`\s]{1,300})"""
)
_ASKS_FOR_PASSWORD = expression(r"(?i)<input\b[^>]{0,300}\btype\s{0,5}=\s{0,5}[\"']?password")
_FORM = expression(r"""(?i)<form\b[^>]{0,500}\baction\s{0,5}=\s{0,5}["']?\s{0,5}((?:https?:)?//[^"'\s>]{1,300})""")
_FRAME = expression(r"""(?i)<\s{0,5}iframe\b(?:"[^"]*"|'[^']*'|[^>"'])*""")
_INNER = expression(r"""(?i)\ssrcdoc\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)')""")
_LIBRARY = 100_000  # Characters of a script within a page.


class _Script(NamedTuple):
    """`start` is where its body begins."""

    attributes: str
    body: str
    start: int


# A rule, what is wrong, and where in the text.
_Judged = tuple[str, str, int]


def examine_page(text: str, place: Place) -> Iterator[Finding]:
    """The first thing that is wrong of each kind."""
    told: set[str] = set()
    scripts, rest = _taken_apart(text)
    read = as_browsers_read(rest)
    for part, judged in ((text, _scripts(scripts)), (rest, _elements(rest)), (read, _elements(read))):
        for rule, what, position in judged:
            if rule not in told:
                told.add(rule)
                yield Finding(rule, Verdict.SUSPICIOUS, what, place.at(f"line {_line(part, position)}"))
    for script in scripts:
        # Names in a packed library have one letter, and stand for many things.
        followed = _is_run(script) and len(script.body) <= _LIBRARY
        for finding in examine_script(script.body, place) if followed else ():
            if finding.rule not in told:
                told.add(finding.rule)
                line = place.at(f"line {_line(text, script.start)}")
                yield replace(finding, verdict=Verdict.SUSPICIOUS, where=line)
    for found in _FRAME.finditer(rest):
        if inner := _INNER.search(found[0]):
            yield from examine_page(unescape(inner[1] or inner[2]), place.inside("a page within it"))


def _taken_apart(text: str) -> tuple[list[_Script], str]:
    """The scripts, and the rest without comments, every line kept.

    As in a browser, what stands in a comment is no script, and what looks like a comment within a script is code."""
    scripts: list[_Script] = []
    rest: list[str] = []
    position = 0
    while found := _OPENS.search(text, position):
        rest.append(text[position : found.start()])
        if found[1] is None:
            end = after = text.find("-->", found.end()) % (len(text) + 1)
        else:
            closes = _CLOSES.search(text, found.end())
            end, after = closes.span() if closes else (len(text), len(text))
            scripts.append(_Script(found[1], text[found.end() : end], found.end()))
        rest.append("\n" * text.count("\n", found.start(), after))
        position = after
    return scripts, "".join([*rest, text[position:]])


def _scripts(scripts: list[_Script]) -> Iterator[_Judged]:
    for script in scripts:
        source, kind = _SOURCE.search(script.attributes), _TYPE.search(script.attributes)
        if source and not _is_ours(address := next(filter(None, source.groups()), "")):
            yield "markup.strange-script", f"loads a script from {address[:120]!r}", script.start
        if kind and not _OF_PAGES.fullmatch(kind[1]) and not _NOT_RUN.fullmatch(kind[1]):
            yield "markup.active-content", f"holds a script of {kind[1][:40]!r}", script.start
        elif _is_run(script):
            yield from _code(script.body, script.start)


def _elements(text: str) -> Iterator[_Judged]:
    for found in _HANDLER.finditer(text):
        if found[1].lower() in _ALONE and _FIRES_ALONE.match(found[0]):
            yield "markup.event-handler", f"runs code by {found[0][-80:]!r}", found.start()
        yield from _code(unescape(next(filter(None, found.groups()[1:]), "")), found.start())
    for found in _LINK.finditer(text):
        yield from _code(_ESCAPED.sub(_meant, unescape(found[1] or found[2] or "")), found.start())
    for frame in _FRAME.finditer(text):
        source = _SOURCE.search(frame[0])
        address = next(filter(None, source.groups()), "") if source else ""
        if not _is_ours(address) and not FRAME_HOSTS.search(frame[0]):
            yield "markup.frame", f"shows another page: {address[:120]!r}", frame.start()
    if element := _ELEMENT.search(text):
        yield "markup.active-content", f"holds {element[0][:80]!r}", element.start()
    if _ASKS_FOR_PASSWORD.search(text):
        for found in _FORM.finditer(text):
            if not _is_ours(found[1]):
                yield "markup.asks-for-password", f"sends a password to {found[1][:120]!r}", found.start()


def _meant(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16))


_ESCAPED = expression(r"%([0-7][\da-fA-F])")  # As addresses write ASCII.


def _is_run(script: _Script) -> bool:
    kind = _TYPE.search(script.attributes)
    return kind is None or not _NOT_RUN.fullmatch(kind[1])


def _code(code: str, position: int) -> Iterator[_Judged]:
    if found := _REACHES.search(code):
        yield "markup.reaching-script", f"a script holds {' '.join(found[0].split())[:80]!r}", position + found.start()
    for rule, what, at in _sends_kept(code):
        yield rule, what, position + at
    for found in _GOES.finditer(code):
        if not _is_ours(found[1]):
            yield "markup.reaching-script", f"a script goes to {found[1][:120]!r}", position + found.start()


# What a browser keeps for a page, and a name that is set to it.
_KEPT = r"\bdocument\s?\.\s?cookie\b|\b(?:local|session)Storage\b"
_NAMED_KEPT = expression(rf"(?<![\w$.])([A-Za-z_$][\w$]{{0,40}})\s?=(?![=>])[^;\n]{{0,120}}?(?:{_KEPT})")
# An address that something is put behind, as far as what is put there goes.
_MADE_ADDRESS = expression(
    r"""["'`]\s?((?:https?:|wss?:)?//[^\s"'`$,;]{1,200})(?:["']\s{0,5}\+|\$\{|["'`]\s{0,5}\.concat\()([^;,\n]{1,300})"""
)
_NEAR = 2_000


def _sends_kept(code: str) -> Iterator[_Judged]:
    """An address of a stranger that is made of what a browser keeps, also by a name that was set to it before."""
    if not re.search(_KEPT, code):
        return
    named = list(_NAMED_KEPT.finditer(code))
    ends = [found.end() for found in named]
    for made in _MADE_ADDRESS.finditer(code):
        near = named[bisect_left(ends, made.start() - _NEAR) : bisect_right(ends, made.start())]
        names = {re.escape(found[1]) for found in near}
        if not _is_ours(made[1]) and re.search(
            "|".join([_KEPT, *(rf"(?<![\w$.]){name}(?![\w$])" for name in names)]), made[2]
        ):
            yield "markup.reaching-script", f"a script tells {made[1][:80]!r} what the browser keeps", made.start()
            return


def _is_ours(address: str) -> bool:
    """Whether it lies beside the page, on this machine, or where the libraries of pages are kept."""
    address = address.strip()
    if address.startswith("//"):
        address = f"https:{address}"
    scheme, _, rest = address.partition("://")
    if not rest:
        return re.match(r"(?i)(?:data|blob|javascript|vbscript|file|ftp):|\\", address) is None
    if scheme.lower() not in {"http", "https", "ws", "wss"}:
        return False
    listed, host = _listed(), host_of(address)
    if host in listed["package hosts"]:
        named = _PACKAGE.match(rest.partition("/")[2].removeprefix("npm/"))
        return named is not None and named[0].lower() in listed["packages"]
    return is_local(address) or host in listed["hosts"]


@cache
def _listed() -> dict[str, frozenset[str]]:
    return {name: frozenset(words) for name, words in sections(__package__, "known/pages.txt").items()}


_PACKAGE = expression(r"(?:@[\w.-]+/)?[\w.-]+")


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
