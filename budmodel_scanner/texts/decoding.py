"""Bytes to text: UTF-8, UTF-16 with its mark, and the single-byte encodings of old files where they are plausible."""

import codecs
from dataclasses import dataclass

from budmodel_scanner.expressions import expression

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Tab, line feed, vertical tab, form feed, carriage return and escape belong to texts; logs hold bells and backspaces.
_CONTROL = expression(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_NOT_SINGLE_BYTE = expression(rb"[\x80-\x84\x86-\x90\x98-\x9f]")
_MAX_HIGH_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Decoded:
    text: str
    encoding: str


def begins_as_text(head: bytes) -> bool:
    """Whether the first bytes of a file (4096, cut anywhere) are text. Nothing at all is an empty text."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding == "utf-8-sig" or _is_wide_text(head, encoding)
    if _CONTROL.search(head):
        return False
    return is_utf8(head, cut=True) or _plausible_single_byte(head)


def decode(data: bytes) -> Decoded | None:
    """The text of a whole file, or None where it is none. Control characters are for the caller to judge."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return Decoded(data.decode(encoding), encoding)
            except UnicodeDecodeError:
                return None
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return Decoded(data.decode("latin-1"), "latin-1") if _plausible_single_byte(data) else None


def is_utf8(data: bytes, *, cut: bool = False) -> bool:
    """`cut`: the last character may be incomplete."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), 1 << 20):
            decoder.decode(data[start : start + (1 << 20)])
        decoder.decode(b"", final=not cut)
    except UnicodeDecodeError:
        return False
    return True


def first_control(data: bytes) -> int | None:
    """Where the first byte stands that no text holds."""
    found = _CONTROL.search(data)
    return found.start() if found else None


def _is_wide_text(head: bytes, encoding: str) -> bool:
    width = 4 if encoding == "utf-32" else 2
    whole = head[: len(head) - len(head) % width]
    try:
        text = whole.decode(encoding, errors="ignore" if len(whole) > 1_000 else "strict")
    except UnicodeDecodeError:
        return False
    return not any(character < " " and character not in "\t\n\v\f\r\x1b\x08\x07" for character in text)


def _plausible_single_byte(data: bytes) -> bool:
    if _CONTROL.search(data) or _NOT_SINGLE_BYTE.search(data):
        return False
    high = len(data) - len(data.translate(None, bytes(range(128, 256))))
    return high <= len(data) * _MAX_HIGH_SHARE
