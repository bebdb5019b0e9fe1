"""Names that run code and are not written: in pieces, backwards, shifted, or as the numbers of their letters.

Constants are put together as any language would; which names matter is a list, and where they go does not.
"""

import codecs
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from itertools import pairwise

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.statements import Statement, filled_in, set_by
from budmodel_scanner.word_lists import sections

_LISTED = sections(__package__, "known/hidden.txt")
# Of several that begin alike the longest is meant.
_NAMES, _ADDRESSES = (
    "|".join(sorted(_LISTED[part], key=lambda word: (-len(word), word))) for part in ("names", "addresses")
)
_NAME = expression(rf"(?i)(?<![a-z0-9_])(?:{_NAMES})(?![a-z0-9_])")
_ANY = expression(rf"(?i)(?<![a-z0-9_])(?:{_NAMES})(?![a-z0-9_])|{_ADDRESSES}")
_JOINS, _TURNS, _SWAPS = (one_of("hidden", section, re.IGNORECASE) for section in ("joins", "turns", "swaps"))
# Without a text there must be numbers: every letter's has a digit, in any base.
NUMBER = expression(r"\d")
_LONGEST, _MOST_TEXTS, _MOST_SWAPS = 400, 4_000, 20
# Texts and names with an operator between them; texts in a list; letters in a list of words.
_TERM = r"""(?:"\d+"|[$@]?[A-Za-z_]\w{0,40})"""
_WITH = r"(?:\s{0,9}(?:\+|\.{1,2}|<>|<<|~|&|\)?\s?\.(?:concat|append|plus)\s?\()\s{0,9}|(?<=\")\s{1,9}(?=\"))"
_CHAIN = expression(rf"(?<![\w.$@\"])({_TERM}(?:{_WITH}{_TERM}){{1,40}})(?![\w(])")
_LIST = expression(r'"\d+"(?:\s{0,9},?\s{0,9}"\d+"){1,60}')
_BETWEEN = expression(r'\s?[\])}]{1,2}\s?\.\s?(?:join\w*|mkString)\s?\(?\s?"(\d+)"')
_SPACED = expression(r"(?<!\w)\w(?:\s\w){3,60}(?!\w)")
_FILLED = expression(r"(?:\{\d?\}|%(?:\d\$)?[sv]){2,20}")
_GAP = expression(r"\{(\d?)\}|%(?:(\d)\$)?[sv]")
_FORMAT = expression(
    r'"(\d+)"\s{0,3}\)?\s{0,3}(?:-f|,|%|\.\s?format\s?\()\s{0,3}\(?\s{0,3}("\d+"(?:\s{0,3},\s{0,3}"\d+"){1,20})'
)
_MORE = expression(r'(?<!\w)[$@]?([A-Za-z_]\w*)\s?(?:\+=|\.=|<<)\s?"(\d+)"')
# Letters with one sign between each two of them; a text of base64; and escapes, among which those of Lua count by ten.
_APART = expression(r"\w(\W|_)(?:\w\1){2,60}\w")
_BASE64 = expression(r"[A-Za-z0-9+/]{6,400}={0,2}")
_ESCAPES = expression(
    r"""["'`]([^"'`\\\n]{0,60}\\(?:x[0-9a-fA-F]{2}|u00[0-9a-fA-F]{2}|[01]\d\d|\d\d)[^"'`\n]{0,200})["'`]"""
)
_ESCAPE = expression(r"\\(?:(?:x|u00)([0-9a-fA-F]{2})|(\d{2,3}))")
_OF_TERM = expression(r'"(\d+)"|[$@]?([A-Za-z_]\w*)(?!\w|\s?\()')
# Letters by their numbers: one by one, and in a list.
_LETTER = expression(r'"(\d+)"|(?i:\bchrw?|\[char\]|\bchar|%c)\s?[()]?\s?(0x[0-9a-f]{2}|\d{2,3})\)?', re.IGNORECASE)
_NUMBERS = expression(
    r'(?<![\w."])(?:0x[0-9a-fA-F]{1,2}|\d{1,3})(?:u8)?(?:[,;\s]{1,4}(?:0x[0-9a-fA-F]{1,2}|\d{1,3})){2,400}(?![\w."])'
)
_DIGITS = expression(r"(?<!\w)[0-9a-fA-F]{2}(?:[,;\s]{0,2}[0-9a-fA-F]{2}){3,200}(?!\w)")
_SWAPPED_BY_SED = expression(r"\bs([/|,#!])([^/|,#!\n]{1,11})\1([^/|,#!\n]{0,11})\1")
_SWAPPED = expression(r'(?:"(\d+)"|/([^/\n]{1,3})/)\s{0,3}[,)]?\s{0,3}(?:with\s)?"(\d+)"')


def hidden_names(stream: Iterable[Statement]) -> Iterator[tuple[str, int]]:
    """What is hidden and in which line."""
    values: dict[str, str] = {}
    written: list[tuple[str, int]] = []
    swaps: list[tuple[str, str]] = []
    turns = False
    for statement in stream:
        if not (statement.texts or values or NUMBER.search(statement.code)):
            continue
        for made, pieces in _put_together(statement, values):
            yield from ((name, statement.line) for name in _new_in(made, pieces, _NAME))
        for made in _counted(statement):
            if found := _ANY.search(made):
                yield found[0], statement.line
        for name, number in _MORE.findall(statement.code):
            pieces = [values.get(name, ""), statement.texts[int(number)]]
            values[name] = "".join(pieces)[:_LONGEST]
            yield from ((found, statement.line) for found in _new_in(values[name], pieces, _NAME))
        if len(written) < _MOST_TEXTS:
            written += ((text, statement.line) for text in statement.texts if 2 < len(text) < _LONGEST)
        if len(swaps) < _MOST_SWAPS:
            swaps += _swaps_of(statement)
        turns = turns or any(map(_TURNS.search, (statement.code, *statement.texts)))
        set_by(statement, values)
    for text, line in written:
        changed = [codecs.encode(text, "rot13"), *([text[::-1]] if turns else ())]
        if _APART.fullmatch(text):
            changed.append(text[::2])
        if len(text) % 4 == 0 and _BASE64.fullmatch(text):
            changed.append(b64decode(text).replace(b"\0", b"").decode("latin-1"))
        changed += (text.replace(old, new) for old, new in swaps if old in text)
        # Of an address another one may be made.
        names = _NAME if "://" in text else _ANY
        for made in changed:
            yield from ((name, line) for name in _new_in(made, [text], names))


def escaped_names(text: str) -> Iterator[tuple[str, int]]:
    """The same of letters that are escaped for no reason but not to be read."""
    for found in _ESCAPES.finditer(text) if "\\" in text else ():
        for base in (8, 10):
            made = _ESCAPE.sub(lambda one, base=base: _letter(one, base), found[1])
            for name in _new_in(made, [found[1]], _NAME):
                yield name, text.count("\n", 0, found.start()) + 1


def _letter(escape: re.Match[str], base: int) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return chr(int(escape[2], base) & 255) if base == 10 or not {*escape[2]} & {"8", "9"} else escape[0]


def _new_in(made: str, pieces: list[str], names: re.Pattern[str]) -> Iterator[str]:
    found = names.search(made)
    if found and not any(found[0].lower() in piece.lower() for piece in pieces):
        yield found[0]


def _put_together(statement: Statement, values: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Texts that are made of pieces, with these."""
    code, texts = statement.code, statement.texts
    if texts or values:
        for chain in _CHAIN.findall(code):
            terms = [texts[int(number)] if number else values.get(name, "\0") for number, name in _OF_TERM.findall(chain)]
            yield "".join(terms)[:_LONGEST], terms
    for text in texts:
        if values and len(text) < _LONGEST and (made := filled_in(text, values)) != text:
            yield made[:_LONGEST], [text, *values.values()]
    if len(texts) < 2 and not _JOINS.search(code):
        return
    joins = _JOINS.search(code)
    for listed in _LIST.finditer(code):
        items = [texts[int(number)] for number in re.findall(r"\d+", listed[0])]
        if joins or all(len(item) == 1 for item in items):
            between = _BETWEEN.match(code, listed.end())
            yield (texts[int(between[1])] if between else "").join(items)[:_LONGEST], items
    for form, given in _FORMAT.findall(code):
        if _FILLED.fullmatch(texts[int(form)]):
            items = [texts[int(number)] for number in re.findall(r"\d+", given)]
            places = [int(a or b or at) for at, (a, b) in enumerate(_GAP.findall(texts[int(form)]))]
            yield "".join(items[place] for place in places if place < len(items)), items
    for spaced in _SPACED.findall(" ".join((code, *texts))[:20_000]) if joins else ():
        yield spaced[::2], []


def _counted(statement: Statement) -> Iterator[str]:
    """Texts that numbers are the letters of, as they are and with whatever was added to, or mixed into, each."""
    letters = _LETTER.findall(statement.code)
    if any(number for _, number in letters):
        yield "".join(statement.texts[int(text)] if text else chr(_number(number)) for text, number in letters)[:_LONGEST]
    for text in (statement.code, *(text for text in statement.texts if len(text) < 4_000)):
        for run in _NUMBERS.findall(text):
            yield from _read(bytes(_number(number) & 255 for number in re.findall(r"0x[0-9a-fA-F]+|\d+", run)))
        for run in _DIGITS.findall(text):
            yield from _read(bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", run)))


def _read(data: bytes) -> Iterator[str]:
    yield data.decode("latin-1")
    for mix in (_mixed, _added):
        between = mix(data)
        if word := next((word for word, steps in _STEPS[mix].items() if steps in between), None):
            yield word


def _mixed(data: bytes) -> bytes:
    return bytes(one ^ other for one, other in pairwise(data))


def _added(data: bytes) -> bytes:
    return bytes((other - one) & 255 for one, other in pairwise(data))


# What lies between the letters of a word stays the same whatever each of them is mixed with.
_STEPS = {mix: {word: mix(word.encode()) for word in sorted(_LISTED["mixed"])} for mix in (_mixed, _added)}


def _swaps_of(statement: Statement) -> Iterator[tuple[str, str]]:
    for text in (statement.code, *statement.texts):
        yield from ((old, new) for _, old, new in _SWAPPED_BY_SED.findall(text) if len(text) < _LONGEST)
    for old, sign, new in _SWAPPED.findall(statement.code) if _SWAPS.search(statement.code) else ():
        pair = (statement.texts[int(old)] if old else sign, statement.texts[int(new)])
        if 0 < len(pair[0]) < _SHORT and len(pair[1]) < _SHORT:
            yield pair


_SHORT = 12


def _number(written: str) -> int:
    return int(written, 16 if written[:2] in {"0x", "0X"} else 10)
