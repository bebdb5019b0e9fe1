"""Pages of HTML: reports, plots and documentation, whose scripts a browser runs when somebody opens them.

A browser keeps scripts away from the machine, so that a page is judged by what its scripts reach for: code from strangers,
code that is hidden, what others stored, and addresses that they send to or go to. Cards and pictures need no scripts at all.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html import unescape
from itertools import chain

from budmodel_scanner.content import Place
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.known_places import host_of, is_local
from budmodel_scanner.texts.markup import FRAME_HOSTS
from budmodel_scanner.texts.scripts import examine_script
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import sections

# Comments go first, as in a browser: what stands in one is no script, and what looks like one within a script is code.
_SCRIPT = re.compile(r"(?is)<!--.*?-->|<script\b(?P<attributes>[^>]{0,2000})>(?P<body>.*?)(?:</script\b[^>]{0,200}>|\Z)")
_SOURCE = re.compile(r"""(?i)(?:^|\s)src\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)'|([^\s>]+))""")
_TYPE = re.compile(r"""(?i)(?:^|\s)(?:type|language)\s{0,5}=\s{0,5}["']?([\w/.+-]*)""")
_OF_PAGES = re.compile(r"(?i)(?:text|application)/(?:java|ecma)script|module|(?:java|ecma)script[\d.]*|")
# What a browser does not run: data, templates of the page itself, and settings of its typesetter.
_NOT_RUN = re.compile(
    r"(?i)application/(?:ld\+|[\w.+-]*)json|importmap|application/(?:vnd\.\S+|xml)|text/(?:xml|html|plain|template|ng-template)"
    r"|text/(?:x-)?(?:template|handlebars|mathjax-config|jquery-tmpl)"
)
_HANDLER = re.compile(
    r"""(?ix)<[a-z][^<>]{0,2000}?\son([a-z]{3,24})\s{0,5}=\s{0,5}
    (?:"([^"]{0,4000})"|'([^']{0,4000})'|([^\s>]{1,400}))"""
)
# Fire without anybody's doing, as soon as the element is there; a page that is loaded has other ways.
_FIRES_ALONE = re.compile(r"(?i)<(?:img|svg|video|audio|details|input|source|object|marquee|iframe)\b")
_ALONE = {"error", "toggle", "focus", "begin", "load", "start"}
_ELEMENT = re.compile(
    r"""(?ix)
      <\s{0,5}(?P<element>m?py-(?:script|repl|editor)|object|embed|applet|frame|frameset|portal)(?=[\s/>])
    | <\s{0,5}base\b[^>]{0,200}\bhref\s{0,5}=\s{0,5}["']?\s{0,5}(?:https?:)?//
    | <\s{0,5}meta\b[^>]{0,200}http-equiv\s{0,5}=\s{0,5}["']?\s{0,5}refresh\b[^>]{0,200}
      url\s{0,5}=\s{0,5}["']?\s{0,5}(?:[a-z]+:|//)
    | (?:href|src|action|formaction|data|xlink:href|to)\s{0,5}=\s{0,5}["']?\s{0,10}
      (?:vbscript|data:text/html|data:application)[:/;,]
    """
)
_LINK = re.compile(
    r"""(?ix)(?:href|action|formaction)\s{0,5}=\s{0,5}
    (?:"\s{0,10}javascript:([^"]{0,2000})"|'\s{0,10}javascript:([^']{0,2000})')"""
)
_REACHES = one_of("pages", "reaches", re.IGNORECASE)
_GOES = re.compile(
    r"""(?ix)(?:\bfetch\s?\(|\.open\(\s?["'](?:GET|POST|PUT)["']\s?,|\bsendBeacon\s?\(|\bnew\s(?:WebSocket|EventSource|Worker|SharedWorker)\s?\(
    |\bimport(?:Scripts)?\s?\(|\.src\s?=|\blocation(?:\.href)?\s?=(?!=)|\blocation\.(?:replace|assign)\s?\(|\$\.(?:get|post|ajax|getScript|getJSON)\s?\()
    \s{0,9}(?:\{\s{0,9}url\s?:\s{0,9}|new\sURL\(\s?)?["'`]\s{0,9}((?:https?:|wss?:)?//[^"'`\s]{1,300})"""
)
_ASKS_FOR_PASSWORD = re.compile(r"(?i)<input\b[^>]{0,300}\btype\s{0,5}=\s{0,5}[\"']?password")
_FORM = re.compile(r"""(?i)<form\b[^>]{0,500}\baction\s{0,5}=\s{0,5}["']?\s{0,5}((?:https?:)?//[^"'\s>]{1,300})""")
_FRAME = re.compile(r"""(?i)<\s{0,5}iframe\b(?:"[^"]*"|'[^']*'|[^>"'])*""")
_INNER = re.compile(r"""(?i)\ssrcdoc\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)')""")
_LIBRARY = 100_000  # Characters of a script within a page.
# A rule, what is wrong, and where in the text.
_Judged = tuple[str, str, int]


def examine_page(text: str, place: Place) -> Iterator[Finding]:
    """The first thing that is wrong of each kind."""
    told: set[str] = set()
    scripts = [found for found in _SCRIPT.finditer(text) if found["attributes"] is not None]
    for rule, what, position in chain(_scripts(scripts), _elements(_without_code(text))):
        if rule not in told:
            told.add(rule)
            yield Finding(rule, Verdict.SUSPICIOUS, what, place.at(f"line {_line(text, position)}"))
    for found in scripts:
        packed = len(found["body"]) > _LIBRARY
        for finding in examine_script(found["body"], place) if _is_run(found) else ():
            # Names of a packed library have one letter, and stand for many things.
            if finding.rule not in told and not (packed and finding.rule.startswith("source.")):
                told.add(finding.rule)
                line = place.at(f"line {_line(text, found.start('body'))}")
                yield replace(finding, verdict=Verdict.SUSPICIOUS, where=line)
    for found in _FRAME.finditer(_without_code(text)):
        if inner := _INNER.search(found[0]):
            yield from examine_page(unescape(inner[1] or inner[2]), place.inside("a page within it"))


def _scripts(scripts: list[re.Match[str]]) -> Iterator[_Judged]:
    for found in scripts:
        source, kind = _SOURCE.search(found["attributes"]), _TYPE.search(found["attributes"])
        if source and not _is_ours(address := next(filter(None, source.groups()), "")):
            yield "markup.strange-script", f"loads a script from {address[:120]!r}", found.start()
        if kind and not _OF_PAGES.fullmatch(kind[1]) and not _NOT_RUN.fullmatch(kind[1]):
            yield "markup.active-content", f"holds a script of {kind[1][:40]!r}", found.start()
        elif _is_run(found):
            yield from _code(found["body"], found.start("body"))


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


_ESCAPED = re.compile(r"%([0-7][\da-fA-F])")  # As addresses write ASCII.


def _without_code(text: str) -> str:
    """With comments and the bodies of scripts left out, and every line kept."""
    return _SCRIPT.sub(lambda found: " " * 8 + "\n" * found[0].count("\n"), text)


def _is_run(script: re.Match[str]) -> bool:
    kind = _TYPE.search(script["attributes"])
    return kind is None or not _NOT_RUN.fullmatch(kind[1])


def _code(code: str, position: int) -> Iterator[_Judged]:
    if found := _REACHES.search(code):
        yield "markup.reaching-script", f"a script holds {' '.join(found[0].split())[:80]!r}", position + found.start()
    for found in _GOES.finditer(code):
        if not _is_ours(found[1]):
            yield "markup.reaching-script", f"a script goes to {found[1][:120]!r}", position + found.start()


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


_PACKAGE = re.compile(r"(?:@[\w.-]+/)?[\w.-]+")


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
