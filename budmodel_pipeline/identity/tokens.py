"""A published name as pieces: runs of letters and runs of digits, with what stood between them."""

import re
import unicodedata
from typing import NamedTuple

MAX_NAME_LENGTH = 300

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PIECE = re.compile(r"([a-z\u0080-\U0010ffff]+)|([0-9]+)|([^a-z0-9\u0080-\U0010ffff]+)")
_PLAIN_SEPARATORS = frozenset("-_ .:/")
_DECIMAL_P = re.compile(r"(?<=[0-9])p(?=[0-9])")
_PLUS_IN_NAME = re.compile(r"(?<=[a-z0-9])\+(?![a-z0-9(+])")
_GREEK = {"α": "alpha", "Α": "alpha", "β": "beta", "Β": "beta"}  # noqa: RUF001


class UnresolvableName(ValueError):  # noqa: N818 -- it names the finding, as the errors of `sources` do.
    """A published name that identifies nothing; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Piece(NamedTuple):
    """A run of letters or digits.

    `separator` is the first character between it and the piece before ("" when they touch). `aside` is 0 in the name
    proper and counts the remarks otherwise: what stands in parentheses or after a comma.
    """

    text: str
    number: bool
    separator: str
    aside: int


def clean(name: object) -> str:
    """The name with typographic dashes and blanks made plain and ornaments removed; its case is kept.

    Letters that merely look alike stay apart: a Cyrillic letter never becomes a Latin one.

    Raises UnresolvableName for what cannot name a model: no text, no letter or digit, control or invisible characters
    (they would make two names look the same), or more than MAX_NAME_LENGTH characters.
    """
    if not isinstance(name, str):
        raise UnresolvableName(f"the name is {type(name).__name__}, not text")
    if len(name) > MAX_NAME_LENGTH:
        raise UnresolvableName(f"the name has {len(name)} characters; at most {MAX_NAME_LENGTH} are read")
    text = " ".join(name.split())
    if not text:
        raise UnresolvableName("the name is empty")
    if _CONTROL.search(text):
        raise UnresolvableName("the name holds control characters")
    if not text.isascii():
        text = "".join(map(_plain, unicodedata.normalize("NFC", text))).strip()
    if not any(map(str.isalnum, text)):
        raise UnresolvableName("the name holds no letter and no digit")
    return text


def _plain(character: str) -> str:
    if character.isascii():
        return character
    category = unicodedata.category(character)
    if category in ("Cf", "Cs", "Co", "Cn"):
        raise UnresolvableName(f"the name holds the invisible or unassigned character U+{ord(character):04X}")
    if character == "\N{RIGHT SINGLE QUOTATION MARK}":
        return "'"
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    if category[0] in "PSZ" or category == "No" or character == "\ufe0f":
        return " "
    return _GREEK.get(character, character)


def fold(text: str) -> str:
    """The text without the distinctions of case, with `3p5` as `3.5` and the plus of `Command R+` as a word."""
    folded = text.casefold()
    if "p" in folded:
        folded = _DECIMAL_P.sub(".", folded)
    return _PLUS_IN_NAME.sub(" plus ", folded) if "+" in folded else folded


def pieces(folded: str) -> list[Piece]:
    """The pieces of a folded text, in order."""
    found: list[Piece] = []
    separator = " "
    depth = aside = remarks = 0
    for letters, digits, between in _PIECE.findall(folded):
        if not between:
            found.append(Piece(letters or digits, not letters, separator, aside))
            separator = ""
            continue
        separator = between.strip()[:1] or " "
        if separator in _PLAIN_SEPARATORS and len(between) == 1:
            continue
        for sign in between:
            if sign in "([":
                depth += 1
            elif sign in ")]":
                depth = max(depth - 1, 0)
            elif sign != ",":
                continue
            if sign == "," or depth:
                remarks += 1
                aside = remarks
            else:
                aside = 0
    return found
