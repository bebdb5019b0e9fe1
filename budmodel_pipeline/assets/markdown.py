"""What strangers wrote, shown beside our own words: it stays what it is, and becomes no link, image, table or formula."""

import logging
import re
from collections.abc import Callable, Iterable, Sequence

import dagster as dg

LONGEST = 500
# An underscore within a word is one.
_MARKUP = re.compile(r"[\\`*\[\]<>|~!&$#]|(?<![^\W_])_|_(?![^\W_])")
# What a reader of Markdown links by itself stays text in a span of code alone.
_LINKED = re.compile(r"://|www\.|@|mailto:|xmpp:", re.IGNORECASE)
# Within a span of code a table looks for backslashes in pairs: one that is left over keeps a pipe from ending the cell.
_PIPE = re.compile(r"(\\*)\|")
logger = logging.getLogger(__name__)


def inert(text: object) -> str:
    """`text` on one line, as Markdown that shows it and does nothing."""
    written = str(text)[:LONGEST]
    plain = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in written)
    if _LINKED.search(plain):
        return "`" + _PIPE.sub(_escaped, plain.replace("`", "'")) + "`"
    return _MARKUP.sub(r"\\\g<0>", plain)


def _escaped(pipe: re.Match[str]) -> str:
    return pipe[0] if len(pipe[1]) % 2 else rf"{pipe[1]}\|"


def link(text: str, url: str) -> str:
    """A link that we mean; the address cannot end it, nor the cell of a table that it is in."""
    address = re.sub(r"[<>\\\s]", "", url).replace("|", "%7C")
    return f"[{inert(text)}](<{address}>)"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows of strangers' words below heads of our own. Heads that begin with a colon are of numbers."""
    rules = ["---:" if head.startswith(":") else "---" for head in heads]
    lines = [[head.removeprefix(":") for head in heads], rules, *([inert(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(view: Callable[[], dg.MetadataValue]) -> dg.MetadataValue:
    """A view of data that are stored by now. That it cannot be drawn is said in its place, and fails nothing."""
    try:
        return view()
    except Exception as error:
        logger.warning("a view of stored data cannot be shown", exc_info=True)
        return dg.MetadataValue.text(f"This cannot be shown ({type(error).__name__}: {error}); the data are stored.")
