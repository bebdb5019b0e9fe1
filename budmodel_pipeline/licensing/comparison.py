"""How a text differs from a license, and whether the difference says something."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from zlib import crc32

from budmodel_pipeline.licensing.fingerprints import Fingerprint
from budmodel_pipeline.licensing.words import GRAM, Words, words_of

# Words that make a sentence a term. Others may stand around a license: headings, names, what a page says of itself.
_OPERATIVE = frozenset(
    (
        "allowed",
        "banned",
        "cannot",
        "disallowed",
        "except",
        "fee",
        "fees",
        "must",
        "never",
        "no",
        "non",
        "none",
        "nor",
        "not",
        "only",
        "owe",
        "pay",
        "payment",
        "provided",
        "shall",
        "should",
        "solely",
        "subject",
        "unless",
        "without",
    )
)
_OPERATIVE_STEMS = (
    "forbid",
    "restrict",
    "permit",
    "permission",
    "requir",
    "exclu",
    "commercial",
    "noncommercial",
    "consent",
    "royalt",
    "terminat",
    "revo",
    "oblig",
    "indemnif",
    "military",
    "negativ",
    "violat",
    "cost",
    "charg",
    "paid",
    # The same in German, French, Spanish, Portuguese and Italian.
    "kommerziel",
    "gewerblich",
    "untersagt",
    "verboten",
    "gestattet",
    "interdit",
    "autoris",
    "prohib",
    "proibid",
    "vietat",
    "comercia",
)
# Words that a license is another one without, wherever a template lets them pass.
_WEIGHTY = (
    "not",
    "no",
    "non",
    "nor",
    "never",
    "only",
    "without",
    "except",
    "unless",
    "solely",
    "free",
    "commercial",
    "noncommercial",
    "sublicense",
    "sell",
    "distribute",
    "modify",
    "irrevocable",
    "perpetual",
    "worldwide",
)
_ARTICLES = ("a", "an", "the", "of", "to", "that", "this")
# A line on whose copyright it is; `copyright license` and the like stand in the midst of a sentence.
_COPYRIGHT = re.compile(
    r"[\s#*/>|-]*(?:portions\s+)?(?:copyright(?!\s+(?:licen[cs]|notice|statement|law|holder|owner|interest|and\b|or\b|in\b|is\b))"
    r"|\(c\)|©|&copy;|all rights reserved)",
    re.IGNORECASE,
)
# Ideographs have points of their own.
_SENTENCE = re.compile(
    r"[^.!;\u3002\uff01\uff1b\n]+(?:\n(?!\s*\n)[^.!;\u3002\uff01\uff1b\n]+)*(?:[.!;](?=\s|$)|[\u3002\uff01\uff1b])"
)
# What projects say of their license, and pages of themselves.
_SAID_AROUND = re.compile(
    r"(?:licen[cs]ed|released|distributed|available|provided|published|covered)\b.{0,60}\b(?:under|by)\b|cookie|javascript"
    r"|sign(?:ed)? (?:in|up)|log(?:ged)? in|newsletter|rights reserved|the following (?:is|license)|this (?:page|file)",
    re.IGNORECASE,
)
# What is said when a license is accepted or signed, and binds nobody to anything.
_CEREMONY = re.compile(
    r"\bclicking\s+(?:on\s+)?(?:the\s+)?\W{0,2}(?:I\s+)?(?:accept|agree)\w*\W{0,2}(?:\s*button)?(?:\s+below)?(?:,?\s+or\b)?"
    r"|\bby\s+(?:clicking|downloading|installing|accessing|using)\b[^.;]{0,200}?\byou\s+(?:agree|accept|consent)\b[^.;]{0,40}?"
    r"\bth(?:is|ese)\s+(?:licen[cs]e|agreement|terms)\b(?:\s+agreement)?"
    r"|^[ \t_*<\[(]*(?:signature|signed|date|name|title|by|place|witness)\b[ \t]*(?::|of\b|by\b|_{2})[^\n]{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_HOLDER_NAMED = re.compile(r"copyright\s*(?:\(c\)|©|&copy;|[<\[{]|[12][09]\d\d\b)", re.IGNORECASE)
_STATEMENT = 5
# As many words in another script than Latin say something, whatever that is.
_OTHER_SCRIPT = 4
_LAST_LATIN = "\u024f"
# What may stand around a license without being part of it, and what a template takes for a name inside of it; in words.
_AROUND = 40
_NAME = 3
_TITLE = 16
# A name after "Copyright (c) 2026", however it is wrapped.
_HOLDER = 12
_BEFORE_HOLDER = 3
# What a copy may have lost: a heading and whose copyright it is, before a license and inside of it.
_LOST_BEFORE = 30
_LOST_HOLDER = 16

Run = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A text beside one wording of a license.

    `score` is twice what they share of four-word sequences over what they have, 0 to 1; `contained` is the share of the
    license that the text has, and `length` counts the license's words. `covered` has a 1 for each word of the text that is
    the license's. `losses` are places where the text lacks words that copies do not lose: after which word, and how many;
    `turned` says whether a "not", an "only" or another word that decides is missing.
    """

    license_id: str
    score: float
    contained: float
    length: int
    covered: bytearray
    losses: tuple[tuple[int, int], ...]
    turned: bool


def compare(text: str, words: Words, grams: Sequence[int], places: Mapping[int, int], known: Fingerprint) -> Comparison:
    """Compares `text` with a license; `grams` are those of its words in order, `places` says where each is."""
    of_license = frozenset(known.grams)
    shared = len(of_license & places.keys())
    covered = bytearray(len(words))
    for at, gram in enumerate(grams):
        if gram in of_license:
            covered[at : at + GRAM] = b"\1\1\1\1"
    return Comparison(
        known.license_id,
        2 * shared / (len(of_license) + len(places)),
        shared / len(of_license),
        len(known.grams) + GRAM - 1,
        covered,
        (*_losses(text, words, grams, places, known, of_license), *_joints(text, words, grams, known, of_license, covered)),
        _turned(words, grams, places, of_license, covered),
    )


def extra_terms(text: str, words: Words, covered: bytearray, titles: Set[str]) -> list[Run]:
    """Runs of words that are not covered and say something; words of `titles` name the license and add nothing to it."""
    first, last = covered.find(1), covered.rfind(1)
    return [run for run in _uncovered(covered) if _says_something(text, words, run, first <= run[0] <= last, titles)]


def operative_terms(words: Words, covered: bytearray) -> list[Run]:
    """Runs of words that are not covered and hold a term: what a template lets pass where a name is expected."""
    return [
        run
        for run in _uncovered(covered)
        if run[1] - run[0] > _NAME and any(_is_operative(words.spelled, at) for at in range(*run))
    ]


def ceremonies(text: str) -> list[tuple[int, int]]:
    """Characters of `text` that have no legal weight: "by clicking I Accept", a line to sign on."""
    return [found.span() for found in _CEREMONY.finditer(text) if not holds_term(found.group())]


def holds_term(text: str) -> bool:
    """Whether `text` holds a word that makes a sentence a term."""
    words = words_of(text)
    return any(_is_operative(words.spelled, at) for at in range(len(words)))


def _uncovered(covered: bytearray) -> Iterator[Run]:
    for found in re.finditer(rb"\x00+", covered):
        yield found.span()


def _says_something(text: str, words: Words, run: Run, within: bool, titles: Set[str]) -> bool:
    spelled = words.spelled
    counted = [at for at in range(*run) if run[1] - run[0] > _TITLE or spelled[at] not in titles]
    if within and len(counted) < run[1] - run[0]:
        # In the midst of a sentence, a word of the title is a word like others.
        counted = [at for at in range(*run) if at in counted or not titles >= set(_line_of(text, words.starts[at]))]
    if any(_is_operative(spelled, at) for at in counted):
        return True
    if len(counted) <= _HOLDER and _follows_copyright(spelled, run[0]):
        return False
    counted = [at for at in counted if not _is_copyright_line(text, words.starts[at])]
    if within:
        return bool(counted)
    if sum(spelled[at] > _LAST_LATIN for at in counted) >= _OTHER_SCRIPT:
        return True
    return len(counted) > _AROUND or any(_is_statement(sentence) for sentence in _sentences(text, words, counted))


def _follows_copyright(spelled: tuple[str, ...], at: int) -> bool:
    """Whether "copyright", and at most years, stand before a word."""
    before = spelled[max(at - _BEFORE_HOLDER, 0) : at]
    return "copyright" in before and all(word.isdigit() or word == "by" for word in before[before.index("copyright") + 1 :])


def _sentences(text: str, words: Words, counted: Sequence[int]) -> list[str]:
    """The sentences of `text` between the first and the last word that counts; headings and links end with no point."""
    if not counted:
        return []
    said = text[words.starts[counted[0]] : words.ends[counted[-1]] + 1]
    return [" ".join(sentence.split()) for sentence in _SENTENCE.findall(said)]


def _is_statement(sentence: str) -> bool:
    return len(words_of(sentence)) >= _STATEMENT and not _SAID_AROUND.search(sentence)


def _is_operative(spelled: tuple[str, ...], at: int) -> bool:
    word = spelled[at]
    if word == "may":
        return at + 1 < len(spelled) and not spelled[at + 1].isdigit()
    return word in _OPERATIVE or word.startswith(_OPERATIVE_STEMS)


def _line_of(text: str, at: int) -> tuple[str, ...]:
    """The words of the line on which a character stands."""
    return words_of(text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]).spelled


def _is_copyright(text: str, at: int) -> bool:
    """Whether a word is on a line on whose copyright it is, or begins to say that."""
    return _is_copyright_line(text, at) or _HOLDER_NAMED.match(text, at) is not None


def _is_copyright_line(text: str, at: int) -> bool:
    line = text.rfind("\n", 0, at) + 1
    return _COPYRIGHT.match(text, line, at + 40) is not None


def _losses(
    text: str, words: Words, grams: Sequence[int], places: Mapping[int, int], known: Fingerprint, of_license: Set[int]
) -> Iterator[tuple[int, int]]:
    """Where words of the license are missing, beyond a heading and other holders of copyright, and how many."""
    missing = bytes(gram not in places for gram in known.grams)
    for found in re.finditer(rb"\x01+", missing):
        at, end = found.span()
        # Every sequence that touches the place is another one, also those that begin before it.
        count = max(end - at - (0 if at == 0 or end == len(missing) else GRAM - 1), 1)
        if at == 0 and count <= _LOST_BEFORE:
            continue
        before = places[known.grams[at - 1]] if at else 0
        # What stands before the place may stand elsewhere, too.
        befores = [place for place, gram in enumerate(grams) if at and gram == known.grams[at - 1]]
        around = [start for place in befores for start in words.starts[place : place + 2 * GRAM]]
        if count == 1 and any(_lacks_an_article(words, place + 1, of_license) for place in befores):
            continue
        if count > _LOST_HOLDER or not any(_is_copyright(text, start) for start in around):
            yield before, count


def _joints(
    text: str, words: Words, grams: Sequence[int], known: Fingerprint, of_license: Set[int], covered: bytearray
) -> Iterator[tuple[int, int]]:
    """Where two passages of the license meet that stand apart in it, though every word of both is elsewhere, too."""
    strange = bytes(gram not in of_license for gram in grams)
    for found in re.finditer(rb"\x01+", strange):
        at, end = found.span()
        joined = at > 0 and end < len(strange) and end - at < GRAM and all(covered[at : end + GRAM - 1])
        joined = joined and not _lacks_an_article(words, at, of_license)
        # The end and the beginning meet where a license is there twice.
        if joined and grams[at - 1] != known.grams[-1] and not _is_copyright(text, words.starts[at]):
            yield at, 1


def _lacks_an_article(words: Words, at: int, of_license: Set[int]) -> bool:
    """Whether the license has an article or the like after three words of the text, as copies lose it."""
    begun = crc32(" ".join((*words.spelled[at : at + GRAM - 1], "")).encode())
    return any(crc32(word.encode(), begun) in of_license for word in _ARTICLES)


def _turned(words: Words, grams: Sequence[int], places: Mapping[int, int], of_license: Set[int], covered: bytearray) -> bool:
    """Whether the license goes on with a weighty word, and the text without it."""
    spelled = words.spelled
    for at, gram in enumerate(grams):
        if gram in of_license or not (covered[at] and covered[at + 1] and covered[at + 2]):
            continue
        begun = crc32(" ".join((*spelled[at : at + GRAM - 1], "")).encode())
        weighty = {crc32(word.encode(), begun) for word in _WEIGHTY}
        if any(one in of_license and one not in places for one in weighty):
            return True
    return False
