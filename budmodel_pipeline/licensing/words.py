"""The words of a legal text, each with its place: what stays the same when a text is wrapped, quoted or marked up anew."""

import re
import unicodedata
from array import array
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from zlib import crc32

GRAM = 4

# Addresses differ between copies of one license, and a page hides them behind links. Wrapped ones go on after a hyphen.
_ADDRESS = (
    r"(?:https?://|www\.)(?:[^\s<>\"”)]|(?<=-)\n[ \t]*(?=\S)|\n[ \t]*(?=/\w))+"
    r"|\b(?:[\w-]+\.)+(?:com|org|net|io|ai|html?)\b(?:/[^\s<>\"”)]*)?"
)
# Numbers of footnotes, as text browsers write them.
_NOTE = r"\[\d+\]"
# What numbers a clause: `1.`, `2.3.`, `(a)`, `iv)`. Pages have it in their list markup, or nowhere.
_NUMBERING = (
    r"(?<![\w.$])\(?(?:\d{1,2}(?:\.\d{1,2})*|[A-Za-z]|[ivxIVX]{2,4})[.)](?=[\s*_]|$)|\((?:\d{1,2}|[A-Za-z]|[ivxIVX]{2,4})\)"
)
_IDEOGRAPH = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_LETTERS = r"[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
# With what follows: where a line ended after it, and where such lines were joined again.
_HYPHEN = r"[-\u00ad\u2010\u2011]\s{0,80}"
_TOKEN = re.compile(
    rf"(?P<skipped>{_ADDRESS}|{_NOTE}|{_NUMBERING})|(?P<word>{_IDEOGRAPH}|{_LETTERS}(?:{_HYPHEN}{_LETTERS})*)"
)
_JOINT = re.compile(_HYPHEN)
# What card and license collections put before a text: `---`, keys and values, `---`. Wrapping may have joined its lines.
_FRONT_MATTER = re.compile(r"^[ \t]*---\s+[a-z][\w-]*:\s.{0,20000}?\s---(?=\s)", re.DOTALL | re.MULTILINE)
_FRONT_MATTER_WITHIN = 400


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text in one spelling, and the characters of the text that each stands for (`ends` are exclusive)."""

    spelled: tuple[str, ...]
    starts: "array[int]"
    ends: "array[int]"

    def __len__(self) -> int:
        return len(self.spelled)

    def digest(self) -> str:
        """The same for every copy of a text, however it is wrapped, quoted, numbered or emphasized."""
        return sha256(" ".join(self.spelled).encode()).hexdigest()

    def grams(self) -> "array[int]":
        """A 32-bit hash of each four words in sequence, in order."""
        spelled = self.spelled
        return array("I", (gram_hash(spelled[at : at + GRAM]) for at in range(len(spelled) - GRAM + 1)))


def gram_hash(words: tuple[str, ...]) -> int:
    """The hash of four words."""
    return crc32(" ".join(words).encode())


def words_of(text: str) -> Words:
    """The words of `text`, in lower case, without front matter, addresses, numbering and marks.

    A hyphen joins, so that words divided at the end of a line are whole; offsets are those of `text`.
    """
    spelled: list[str] = []
    starts, ends = array("l"), array("l")
    skipped, resumed = front_matter(text)
    for found in chain(_TOKEN.finditer(text, 0, skipped), _TOKEN.finditer(text, resumed)):
        word = found["word"]
        if word is None:
            continue
        if not word.isalnum():
            word = _JOINT.sub("", word)
        spelled.append(word.lower() if word.isascii() else unicodedata.normalize("NFKC", word).casefold())
        starts.append(found.start())
        ends.append(found.end())
    return Words(tuple(spelled), starts, ends)


def front_matter(text: str) -> tuple[int, int]:
    """Where front matter begins and ends, which describes a license and is no part of it; (0, 0) where there is none."""
    found = _FRONT_MATTER.search(text, 0, _FRONT_MATTER_WITHIN + 20_000)
    # A heading or what a page says of itself may come before it; a license may not.
    return found.span() if found is not None and found.start() <= _FRONT_MATTER_WITHIN else (0, 0)
