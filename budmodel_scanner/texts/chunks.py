"""Pieces of a document that are run when it is rendered, and of one of Org that are run unasked when it is opened."""

import re
from collections.abc import Iterator
from textwrap import dedent

from budmodel_scanner.expressions import expression

# As R Markdown and Quarto mark them; Weave and Livebook run every piece that names its language.
_CHUNK = expression(r"(?ms)^```+[ \t]*\{(?!\.)(\w{1,40})\b[^\n]*\n(.*?)^```")
_WOVEN = expression(r"(?ms)^[ \t]*```+(\w+)[ \t]*\n(.*?)^[ \t]*```")
_INLINE = expression(r"`r[ \t]([^`\n]{1,2000})`")
_OF_SWEAVE = expression(r"(?ms)^<<[^\n]*>>=[ \t]*\n(.*?)^@")
_SEXPR = expression(r"\\Sexpr\{([^{}\n]{1,2000})\}")
_OF_CELLS = expression(r"(?m)^#[ \t]?!([^\n]{1,2000})")
_OF_JUPYTEXT = expression(r"\s*---\n(?:(?!---)[^\n]{0,400}\n){0,60}?[^\n]{0,100}\bjupytext:")
_OF_ORG = expression(r"(?im)^[ \t]*#\+begin_src[ \t]+([\w+-]{1,40})[^\n]*\n((?:(?![ \t]*#\+(?:begin|end)_src)[^\n]*\n)*)")
_UNASKED = expression(r"\borg-confirm-babel-evaluate:?\s+nil\b|\borg-babel-execute-")
_LANGUAGES = (
    "python bash shell javascript ojs node julia ruby perl elixir elisp emacs-lisp",
    "py sh sh js js js jl rb pl exs el el",
)
_SUFFIXES = dict(zip(*(words.split() for words in _LANGUAGES), strict=True))


def chunks_of_markdown(text: str, name: str) -> Iterator[tuple[str, str]]:
    """The name that a file of each piece would have, and its code."""
    # A notebook that Jupytext keeps as a page has cells where others have examples.
    woven = name.lower().endswith((".jmd", ".livemd")) or _OF_JUPYTEXT.match(text)
    yield from _files(_WOVEN, text) if woven else ()
    yield from _files(_CHUNK, text)
    if name.lower().endswith((".rmd", ".qmd")):
        yield from (("inline.r", code) for code in _INLINE.findall(text))


def chunks_of_sweave(text: str) -> Iterator[tuple[str, str]]:
    """The same of a page of TeX that R fills in."""
    return (("chunk.r", code) for code in (*_OF_SWEAVE.findall(text), *_SEXPR.findall(text)))


def chunks_of_orders(text: str) -> Iterator[tuple[str, str]]:
    """The same of what agents are told to write or to run."""
    return _files(_WOVEN, text)


def chunks_of_org(text: str) -> Iterator[tuple[str, str]]:
    """The same of a document that tells Emacs not to ask."""
    return _files(_OF_ORG, text) if _UNASKED.search(text) else iter(())


def commands_of_cells(text: str) -> list[str]:
    """Those of a notebook that is kept as a script, where Python takes them for comments."""
    return _OF_CELLS.findall(text) if "\n# %%" in f"\n{text}" else []


def _files(pieces: re.Pattern[str], text: str) -> Iterator[tuple[str, str]]:
    for language, code in pieces.findall(text):
        yield f"chunk.{_SUFFIXES.get(language.lower(), language.lower())}", dedent(code)
