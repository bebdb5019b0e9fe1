"""Dates in names: every spelling of a release day or month, as one value."""

from collections.abc import Sequence
from typing import NamedTuple

from budmodel_pipeline.identity.tokens import Piece

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}
_YEARS = range(2018, 2040)
# Two-digit years of models that carry YYMM; earlier ones carry none, and 12 and less is a month.
_SHORT_YEARS = range(20, 40)


class Date(NamedTuple):
    """A release date; `year` or `day` is 0 where the name does not say it."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        if not self.year:
            return f"{self.month:02}{self.day:02}"
        if not self.day:
            # 2001 would be read as a year.
            return f"{self.year % 100:02}{self.month:02}" if self.year > 2020 else f"{self.year}-{self.month:02}"
        return f"{self.year}-{self.month:02}-{self.day:02}"

    def covers(self, other: "Date") -> bool:
        """Whether a full date `other` could be what this partial one means."""
        return (
            self.month == other.month
            and (not self.year or self.year == other.year)
            and (not self.day or self.day == other.day)
        )


def _valid(year: int, month: int, day: int) -> Date | None:
    in_year = not year or year in _YEARS
    return Date(year, month, day) if in_year and 1 <= month <= 12 and 0 <= day <= 31 and (year or day) else None


def parse_iso(text: str) -> Date:
    """A date as the knowledge file writes it: `2024-05-13` or `2024-05`. Raises ValueError for anything else."""
    parts = [int(part) for part in text.split("-")]
    date = _valid(parts[0], parts[1], sum(parts[2:])) if len(parts) in (2, 3) else None
    if date is None:
        raise ValueError(f"{text!r} is not a date such as 2024-05-13 or 2024-05")
    return date


def date_at(found: Sequence[Piece], start: int) -> tuple[Date, int] | None:
    """The date that begins at the piece `start` and how many pieces it takes, or None where none begins."""
    first = found[start]
    if not first.number:
        return _month_name(found, start) if first.text in MONTHS else None
    if start + 1 < len(found) and not found[start + 1].number and found[start + 1].separator == "":
        return None  # A unit follows: 2024b is a size.
    text = first.text
    width = len(text)
    if width == 8 or width == 6 or width == 4:
        date = _compact(text)
        return (date, 1) if date else _parts(found, start)
    if width == 2 or (width == 1 and start + 1 < len(found) and found[start + 1].separator == "/"):
        return _parts(found, start)
    return None


def _compact(text: str) -> Date | None:
    if len(text) == 8:
        return _valid(int(text[:4]), int(text[4:6]), int(text[6:])) if text[6:] != "00" else None
    if len(text) == 6:
        if text.startswith("20"):
            return _valid(int(text[:4]), int(text[4:]), 0)
        return _valid(2000 + int(text[:2]), int(text[2:4]), int(text[4:])) if text[4:] != "00" else None
    high, low = int(text[:2]), int(text[2:])
    if high in _SHORT_YEARS and high != 20:
        return _valid(2000 + high, low, 0)
    return _valid(0, high, low)


def _parts(found: Sequence[Piece], start: int) -> tuple[Date, int] | None:
    texts = [found[start].text]
    for piece in found[start + 1 : start + 3]:
        if not piece.number or not piece.separator or piece.aside != found[start].aside:
            break
        texts.append(piece.text)
    # A number with a unit (the 7 of `2025-04-7b`) is no part of a date.
    end = start + len(texts)
    if end < len(found) and not found[end].number and found[end].separator == "":
        texts.pop()
    widths = [len(text) for text in texts]
    values = [int(text) for text in texts]
    date: Date | None = None
    if len(texts) == 3 and widths[0] == 4 and widths[1] <= 2 and widths[2] <= 2:
        date = _valid(values[0], values[1], values[2])
    elif len(texts) == 3 and widths == [2, 2, 4]:
        date = _valid(values[2], values[0], values[1])
    if date and date.day:
        return date, 3
    if len(texts) >= 2:
        separator = found[start + 1].separator
        if widths[:2] == [4, 2]:
            date = _valid(values[0], values[1], 0)
        elif widths[:2] == [2, 4]:
            inner = _parts(found, start + 1)  # The 10 of `10-2024-05-13` is no month.
            date = _valid(values[1], values[0], 0) if not inner or not inner[0].day else None
        elif widths[:2] == [2, 2] and values[0] in _SHORT_YEARS:
            date = _valid(2000 + values[0], values[1], 0) if separator in "./" else None
        elif (widths[:2] == [2, 2] and separator != ".") or (separator == "/" and widths[0] <= 2 and widths[1] == 2):
            date = _valid(0, values[0], values[1])
        if date:
            return date, 2
    return None


def _month_name(found: Sequence[Piece], start: int) -> tuple[Date, int] | None:
    month = MONTHS[found[start].text]
    numbers = []
    for piece in found[start + 1 : start + 3]:
        if not piece.number:
            break
        numbers.append(piece)
    if numbers and len(numbers[0].text) == 4:
        date = _valid(int(numbers[0].text), month, 0)
        return (date, 2) if date else None
    if len(numbers) == 2 and len(numbers[0].text) <= 2 and len(numbers[1].text) == 4:
        date = _valid(int(numbers[1].text), month, int(numbers[0].text))
        return (date, 3) if date else None
    if numbers and len(numbers[0].text) == 2 and numbers[0].separator in ("", "'") and int(numbers[0].text) in _SHORT_YEARS:
        return Date(2000 + int(numbers[0].text), month, 0), 2  # feb24, Feb '24
    return None
