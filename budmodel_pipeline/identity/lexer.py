"""Pieces as tokens: words, versions, sizes, contexts, revisions, quantizations and dates."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from budmodel_pipeline.identity.dates import Date, date_at
from budmodel_pipeline.identity.tokens import Piece


class Kind(IntEnum):
    """What a token says."""

    WORD = 0
    VERSION = 1
    SIZE = 2
    CONTEXT = 3
    REVISION = 4
    QUANT = 5
    DATE = 6


class Token(NamedTuple):
    """One meaningful part of a name. `separator` and `aside` are those of its first piece."""

    text: str
    kind: Kind
    separator: str
    aside: int
    date: Date | None = None


_SIZE_UNITS = frozenset("bmt")
_QUANT_PREFIXES = frozenset({"fp", "int", "bf", "nvfp", "mxfp", "q", "iq", "awq", "w"})
_QUANT_TAILS = frozenset({"0", "1", "k", "s", "m", "l", "xs", "xxs", "nl", "a"})


def lex(found: Sequence[Piece], phrases: Mapping[str, Sequence[tuple[tuple[str, ...], str]]]) -> list[Token]:
    """The tokens of a name, in order.

    `phrases` joins words that some publishers write apart: by first word, the words and what they are as one
    (`code llama` is `codellama`); longer phrases stand first.
    """
    tokens: list[Token] = []
    index, count = 0, len(found)
    while index < count:
        piece = found[index]
        if piece.number:
            index = _number(found, index, tokens)
            continue
        text = piece.text
        if text in phrases:
            phrase = _phrase(found, index, phrases[text])
            if phrase:
                tokens.extend(Token(word, Kind.WORD, piece.separator, piece.aside) for word in phrase[1].split(" "))
                index += len(phrase[0])
                continue
        following = found[index + 1] if index + 1 < count else None
        if following is not None and following.number and following.aside == piece.aside:
            if following.separator == "":
                taken = _letters_before_number(found, index, tokens)
                if taken:
                    index += taken
                    continue
            dated = date_at(found, index)
            if dated:
                tokens.append(Token(str(dated[0]), Kind.DATE, piece.separator, piece.aside, dated[0]))
                index += dated[1]
                continue
        tokens.append(Token(text, Kind.WORD, piece.separator, piece.aside))
        index += 1
    return tokens


def _phrase(
    found: Sequence[Piece], start: int, phrases: Sequence[tuple[tuple[str, ...], str]]
) -> tuple[tuple[str, ...], str] | None:
    aside = found[start].aside
    for words, joined in phrases:
        stretch = found[start : start + len(words)]
        if len(stretch) == len(words) and all(
            piece.text == word and piece.aside == aside for piece, word in zip(stretch, words, strict=True)
        ):
            return words, joined
    return None


def _letters_before_number(found: Sequence[Piece], index: int, tokens: list[Token]) -> int:
    """Takes letters that touch the number after them, where they are no word of their own: `v2`, `fp8`, `a22b`."""
    piece, number = found[index], found[index + 1]
    text = piece.text
    after = found[index + 2] if index + 2 < len(found) else None
    unit = after.text if after is not None and not after.number and after.separator == "" else ""
    if text in _QUANT_PREFIXES and not (text == "w" and unit != "a"):
        end, quant = index + 2, text + number.text
        while end < len(found) and found[end].text in _QUANT_TAILS and found[end].aside == piece.aside and text != "fp":
            quant += "_" + found[end].text
            end += 1
        if text == "w" and end < len(found) and found[end].number:
            quant += found[end].text
            end += 1
        tokens.append(Token(quant, Kind.QUANT, piece.separator, piece.aside))
        return end - index
    if text in ("a", "e"):
        size, end = _decimal(found, index + 1)
        if end < len(found) and found[end].text in ("b", "m") and found[end].separator == "":
            tokens.append(Token(text + size + found[end].text, Kind.SIZE, piece.separator, piece.aside))
            return end + 1 - index
    if text == "v":
        return _number(found, index + 1, tokens, versioned=True) - index
    return 0


def _decimal(found: Sequence[Piece], start: int) -> tuple[str, int]:
    """The number at `start` with its dotted parts, and the index after it."""
    text, end = found[start].text, start + 1
    while (
        end < len(found)
        and found[end].number
        and found[end].separator == "."
        and found[end].aside == found[start].aside
        and len(found[end].text) <= 3
    ):
        text += "." + found[end].text
        end += 1
    return text, end


def _number(found: Sequence[Piece], start: int, tokens: list[Token], *, versioned: bool = False) -> int:
    """Takes the run of numbers at `start` and the unit that touches its end; gives the index after them."""
    first = found[start]
    if not (versioned and "." in _decimal(found, start)[0]):
        dated = date_at(found, start) if first.separator != ":" else None
        if dated:
            tokens.append(Token(str(dated[0]), Kind.DATE, first.separator, first.aside, dated[0]))
            return start + dated[1]
    numbers: list[tuple[str, str]] = []
    index, count, unit = start, len(found), ""
    while index < count and found[index].number and found[index].aside == first.aside:
        if numbers and (len(numbers[-1][0]) > 2 or date_at(found, index)) and "." not in numbers[-1][0]:
            break
        if numbers and "." in numbers[-1][0] and date_at(found, index):
            break
        separator = found[index].separator
        text, index = _decimal(found, index)
        numbers.append((text, separator))
        if index < count and not found[index].number and found[index].separator == "":
            unit = found[index].text
            break
    if versioned and not unit and len(numbers) == 2 and numbers[1][1] == ":" and all(len(text) <= 2 for text, _ in numbers):
        numbers = [(f"{numbers[0][0]}.{numbers[1][0]}", numbers[0][1])]
    return _unit(found, index, unit, numbers, tokens, first, versioned=versioned)


def _unit(
    found: Sequence[Piece],
    index: int,
    unit: str,
    numbers: list[tuple[str, str]],
    tokens: list[Token],
    first: Piece,
    *,
    versioned: bool,
) -> int:
    """Emits the tokens of a run of numbers whose last one may carry `unit`; gives the index of the next piece."""
    suffix = ""
    measured: Token | None = None
    if unit:
        last, separator = numbers[-1]
        beyond = found[index + 1] if index + 1 < len(found) else None
        closed = beyond is None or beyond.separator != ""
        if unit == "x" and beyond is not None and beyond.number and not closed:
            inner, end = _decimal(found, index + 1)
            if end < len(found) and found[end].text in _SIZE_UNITS and found[end].separator == "":
                measured = Token(f"{last}x{inner}{found[end].text}", Kind.SIZE, separator, first.aside)
                index = end + 1
        elif unit in _SIZE_UNITS or (unit == "e" and closed):
            after_letter = versioned or (len(numbers) == 2 and first.separator == "")
            if len(numbers) > 1 and not after_letter and _split_decimal(numbers[-2][0], last):
                last = f"{numbers[-2][0]}.{last}"
                numbers = numbers[:-1]
            measured = Token(last + unit, Kind.SIZE, separator, first.aside)
            index += 1
        elif unit == "k" and closed:
            measured = Token(last + unit, Kind.CONTEXT, separator, first.aside)
            index += 1
        elif unit in ("bit", "bits"):
            measured = Token(f"{last}bit", Kind.QUANT, separator, first.aside)
            index += 1
        elif len(unit) == 1 and closed:
            suffix = unit
            index += 1
        if measured:
            numbers = numbers[:-1]
    _versions(numbers, suffix, tokens, first, versioned=versioned)
    if measured:
        tokens.append(measured)
    return index


def _split_decimal(whole: str, part: str) -> bool:
    """Whether `0-6b`, `1-5b` and `10-7b` are decimals whose point was lost; `2-7b` is version 2 with 7b."""
    return whole == "0" or (whole == "1" and part == "5") or (whole == "10" and part == "7")


def _versions(numbers: list[tuple[str, str]], suffix: str, tokens: list[Token], first: Piece, *, versioned: bool) -> None:
    joined: list[tuple[str, str]] = []
    for text, separator in numbers:
        if (
            joined
            and "." not in text
            and len(text) <= 2
            and separator != ":"
            and joined[-1][0].replace(".", "").isdigit()
            and not (len(text) == 2 and text[0] == "0")
            and all(len(part) <= 2 for part in joined[-1][0].split("."))
            and "." not in numbers[0][0]
        ):
            joined[-1] = (f"{joined[-1][0]}.{text}", joined[-1][1])
        else:
            joined.append((text, separator))
    for position, (text, separator) in enumerate(joined):
        if len(text) == 3 and text[0] == "0" and "." not in text:
            tokens.append(Token(text, Kind.REVISION, separator, first.aside))
            continue
        if versioned and len(text) == 2 and text[0] == "0":
            text = f"0.{text[1]}"
        while "." in text and text[0] != "0" and text.rsplit(".", 1)[1].strip("0") == "":
            text = text.rsplit(".", 1)[0]  # 2.0 is 2; 4.20 is not 4.2.
        if suffix and position == len(joined) - 1:
            text += suffix
        tokens.append(Token(text, Kind.VERSION, separator, first.aside))
