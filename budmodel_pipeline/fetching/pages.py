"""Telling web pages from data."""

import re

_BLANK = b"\xef\xbb\xbf \t\r\n"
_MARKUP = re.compile(rb"<(?:[a-z]|[!?/])", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^<\?xml[^>]*\?>")
_LOOKED_AT = 64 * 1024
_LONGEST_TITLE = 120


def is_blank(content: bytes) -> bool:
    """Whether there is nothing but white space and byte order marks."""
    return not content.strip(_BLANK)


def is_markup(content: bytes) -> bool:
    """Whether the content begins as HTML or XML does, which no CSV, JSON or parquet file of a leaderboard does."""
    return _MARKUP.match(content[:_LOOKED_AT].lstrip(_BLANK)) is not None


def page_title(content: bytes) -> str:
    """What a page calls itself: its title, else its first heading, else its first words; empty where it has none."""
    from bs4 import BeautifulSoup  # Only failures need it, and every process that loads the definitions would pay for it.

    text = content[:_LOOKED_AT].decode("utf-8-sig", "replace").lstrip()
    soup = BeautifulSoup(_XML_DECLARATION.sub("", text), "html.parser")
    named = soup.title or soup.find(["h1", "h2", "message"]) or soup
    words = "".join(mark if mark.isprintable() else " " for mark in named.get_text(" ")).split()
    title = " ".join(words)
    return title if len(title) <= _LONGEST_TITLE else f"{title[:_LONGEST_TITLE]}…"
