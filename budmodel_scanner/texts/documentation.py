"""Documentation within sources: blocks that no compiler reads, and texts that are only shown, which are prose.

A block counts where its language cannot take it for anything else: it opens with its line, outside of every text and
here-document, and where everything that was opened before is closed. What is not as plain as that is doubtful.
"""

import re
from collections.abc import Iterator

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.here_documents import documents_in

_DOCUMENTED = r"(?:function|struct|mutable|macro|abstract|const|module|[\w.!]+(?:\(|$))"
_BLOCKS = [
    # Suffixes, how a block opens, and how it closes.
    ("pl pm t pod perl", r"^=[a-z]\w*[^\n]*\n", r"^=cut\b[^\n]*$"),
    ("rb rake gemspec", r"^=begin\b[^\n]*\n", r"^=end\b[^\n]*$"),
    ("lua", r"^[ \t]*--\[(?P<level>=*)\[", r"\](?P=level)\]"),
    ("jl", r"^[ \t]*#=", r"=#"),
    (
        "jl",
        r'^(?:@doc (?:raw|md)?)?"""(?![^\n]*""")',
        r'"""(?=[ \t]*\n(?:function|struct|mutable|macro|abstract|const|module|[\w.!]+(?:\(|$)))',
    ),
    ("ex exs", r'^[ \t]*@(?:module|type)?doc (?:~[sS])?"""', r'^[ \t]*"""'),
    ("hs lhs purs elm", r"^[ \t]*\{-(?!#)", r"-\}"),
    ("ml mli fs", r"^[ \t]*\(\*", r"\*\)"),
    ("lisp cl scm rkt el clj", r"^[ \t]*#\|", r"\|#"),
    ("el", r'^\((?:cl-)?def(?:un|macro|subst)\*? [\w/*-]+ \([^()\n]*\)\s*"', r'(?<!\\)"'),
    ("clj cljs", r'^\(defn-? [\w*!?-]+\s*"', r'(?<!\\)"'),
    ("ps1 psm1 psd1", r"^[ \t]*<#", r"#>"),
    ("cmake", r"^[ \t]*#\[(?P<level>=*)\[", r"\](?P=level)\]"),
    ("m", r"^[ \t]*%\{[ \t]*$", r"^[ \t]*%\}[ \t]*$"),
    ("vim vimrc", r'^[ \t]*"', r"$"),
    ("f90 f95 f03 f08", r"^[ \t]*!", r"$"),
]
_BY_SUFFIX: dict[str, list[tuple[re.Pattern[str], str]]] = {}
for _suffixes, _opens, _closes in _BLOCKS:
    for _suffix in _suffixes.split():
        _BY_SUFFIX.setdefault(_suffix, []).append((expression(_opens, re.MULTILINE), _closes))
_WITH_HERE_DOCUMENTS = frozenset(["pl", "pm", "t", "perl", "rb", "rake", "php"])
# What is only shown: the statement is no more than this, nothing is filled in, and nothing takes it further.
_ONLY_SHOWN = expression(
    r"""(?ix)^\s*(?:print|puts|echo|warn|say|die|abort|(?:\$?std(?:out|err)\.)puts)\b[ \t(]*
    (?:(?:\*?STD\w+|\{\w+\})[ \t]+)?$"""
)
_FILLS_IN = expression(r"#\{|@\{|\$\{|\$\(|\{\$|`")
# Texts and comments that are over, in the languages above, and patterns of Perl and Ruby, which hold quotes.
_QUOTED_BY = r"(?<![\w$@%&>{-])(?:q[qwxr]?|m|s|y|tr|%[qQwWiIxrs]?)[ \t]*"
_CLOSED = expression(
    rf"""(?xms)\"{{3}}.*?\"{{3}} | (?<![$\\])"(?:[^"\\]|\\.)*" | (?<![A-Za-z0-9]{{2}})(?<![$\\])'(?:[^'\\\n]|\\.)*'
    | ^[ \t]*(?:\#|--|;|//|%)[^\n]* | [ \t](?:\#|--|//)[ \t][^\n]*
    | (?<![\w$@%&>{{-])(?:s|y|tr)[ \t]*([^\w\s,;=)(}}{{\]\[.<>])(?:(?!\1)[^\\]|\\.)*\1(?:(?!\1)[^\\]|\\.)*\1
    | {_QUOTED_BY}([^\w\s,;=)(}}{{\]\[.<>])(?:(?!\2)[^\\]|\\.)*\2
    | (?:[=!]~|\(|,|\b(?:split|if|unless|and|or|grep|return))\s*/(?:[^/\\\n]|\\.)*/ | \\. | \$["'`/]"""
)
_OPENS_A_TEXT = expression(rf"""(?<![A-Za-z0-9]{{2}})["'`]|{_QUOTED_BY}(?:[^\w\s,;=)(}}{{\]\[.<>]|<(?![^\n]*>))""")
_OPENING, _CLOSING = expression(r"[(\[{]"), expression(r"[)\]}]")
_MOST_LEFT = 50  # Blocks that are left code, after which no more are looked for.


def set_apart(text: str, name: str, *, doubtful: bool = False) -> tuple[str, str]:
    """A source without its documentation, every line kept, and that documentation; `doubtful` blocks count where asked."""
    suffix = name.rpartition(".")[2].lower()
    code = masked = text
    prose: list[str] = []
    if suffix in _WITH_HERE_DOCUMENTS:
        documents = list(_here_documents(text))
        shown = [(start, end) for start, end, is_shown in documents if is_shown]
        prose += (text[start:end] for start, end in shown)
        code, masked = _blank(text, shown), _blank(text, [(start, end) for start, end, _ in documents])
    for opens, closes in _BY_SUFFIX.get(suffix, ()):
        blocks = list(_blocks(masked, opens, closes, doubtful))
        prose += (text[start:end] for start, end in blocks)
        code, masked = _blank(code, blocks), _blank(masked, blocks)
    return code, "\n".join(prose)


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with letters of these parts, in their order, made blanks, so that all positions stay."""
    parts, position = [], 0
    for start, end in spans:
        parts += [text[position:start], _LETTER.sub(" ", text[start:end])]
        position = end
    return "".join([*parts, text[position:]])


_LETTER = expression(r"[^\n]")


def _blocks(code: str, opens: re.Pattern[str], closes: str, doubtful: bool) -> Iterator[tuple[int, int]]:
    """Where blocks begin and end, of those that cannot be part of a text."""
    position = seen = left = 0
    while left < _MOST_LEFT and (found := opens.search(code, position)):
        level = found.groupdict().get("level", "")
        end = re.compile(closes.replace("(?P=level)", level), re.MULTILINE).search(code, found.end())
        position = end.end() if end else len(code)
        sure = doubtful or _is_closed(code[seen : found.start()])
        if not sure or _fills_in(found[0], code[found.start() : position]):
            left += 1
            position = found.end()
            continue
        yield found.start(), position
        seen = position


def _is_closed(code: str) -> bool:
    """Whether no text and no bracket is open at the end."""
    rest = _CLOSED.sub(lambda found: "(" if found[0][0] == "(" else " ", code)
    return _OPENS_A_TEXT.search(rest) is None and len(_OPENING.findall(rest)) == len(_CLOSING.findall(rest))


def _fills_in(opening: str, block: str) -> bool:
    """Whether this is a text that runs code when it is made."""
    return opening.rstrip().endswith('"') and _FILLS_IN.search(block) is not None


def _here_documents(text: str) -> Iterator[tuple[int, int, bool]]:
    """Where their lines begin and end, and whether they are only shown."""
    for found, begin, end in documents_in(text):
        line = text.rfind("\n", 0, found.start()) + 1
        rest = text[found.end() : begin].strip(" \t\n;)")
        literal = found[2] == "'" or not _FILLS_IN.search(text, begin, end)
        yield begin, end, not rest and literal and _ONLY_SHOWN.match(text[line : found.start()]) is not None
