"""What a file or a page says, as the text that is stored: offsets of answers are offsets in this text."""

import re
from io import BytesIO
from typing import TYPE_CHECKING

from budmodel_pipeline.licensing.comparison import holds_term

if TYPE_CHECKING:
    from bs4 import Tag

MAX_BYTES = 4 * 1024**2
_MAX_PAGES = 300
_PAGE = re.compile(r"<!doctype\s+html|<html[\s>]|<body[\s>]|</(?:html|body)\s*>", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROLS = 0.01
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# UTF-8 that was read as Windows-1252 and written again: a quotation mark in three characters.
_MOJIBAKE = "\u00e2\u20ac"

_INVISIBLE = ["head", "script", "style", "template", "svg", "iframe"]
_AROUND = ["nav", "header", "footer", "aside", "noscript", "form", "button", "select", "dialog"]
_AROUND_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "menu"}
_AROUND_CLASSES = re.compile(
    r"(?:^|[-_\s])(?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|footer|header|banner|cookies?|toc|skip|pagination|share)"
    r"(?:$|[-_\s])",
    re.IGNORECASE,
)
_BLOCKS = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "td",
    "th",
    "tr",
    "ul",
]
# A part that calls itself a header may be the page: above this share of its words it is.
_LARGEST_PART = 0.3
_FEWEST_LINKS = 3


class NotTextError(Exception):
    """There is no text in a file that was given as a license. The message says what it is instead, and what to do."""


def text_of(content: bytes) -> str:
    """The text of a license file: UTF-8, UTF-16, Windows-1252, a page without its navigation, or a PDF.

    Raises NotTextError where there is none, or more than a license can have.
    """
    if len(content) > MAX_BYTES:
        raise NotTextError(
            f"{len(content):,} bytes, where a license has at most {MAX_BYTES:,}: give the license file itself"
        )
    if content.lstrip()[:5] == b"%PDF-":
        return _text_of_pdf(content)
    text = _decoded(content)
    return text_of_page(text) if _PAGE.search(text) else text


def _decoded(content: bytes) -> str:
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8-sig")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if len(_CONTROLS.findall(text)) > _MOST_CONTROLS * len(text):
        raise NotTextError("a binary file: give the text of the license, an HTML page or a PDF")
    if _MOJIBAKE in text:
        try:
            text = text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            return text
    return text


def _text_of_pdf(content: bytes) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        pages = PdfReader(BytesIO(content)).pages
        if len(pages) > _MAX_PAGES:
            raise NotTextError(f"a PDF of {len(pages):,} pages, where {_MAX_PAGES} are read: give the license itself")
        text = "\n\n".join(page.extract_text() for page in pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # What pypdf raises on a broken file is any of these.
        raise NotTextError(f"a PDF that cannot be read ({type(error).__name__}): give the text of the license") from error
    if not text.strip():
        raise NotTextError("a PDF of pictures without text: give the text of the license")
    return text


def text_of_page(page: str) -> str:
    """The text of an HTML page without navigation, headers and footers; such a part stays where it holds a term."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page, "html.parser")
    for element in soup.find_all(_INVISIBLE):
        element.decompose()
    total = len(soup.get_text(" ").split())
    for element in soup.find_all(True):
        if not element.decomposed and _is_around(element, total):
            element.decompose()
    for element in soup.find_all("br"):
        element.replace_with("\n")
    for element in soup.find_all(_BLOCKS):
        element.insert_before("\n\n")
        element.append("\n")
    lines = (" ".join(line.split()) for line in soup.get_text("").splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _is_around(element: "Tag", total: int) -> bool:
    """Whether an element is furniture of the site, which every page of it has."""
    named = " ".join([*element.get_attribute_list("class"), *element.get_attribute_list("id")][:8] or [""])
    tagged = element.name in _AROUND or element.get("role") in _AROUND_ROLES
    listed = element.name in ("ul", "ol", "div", "p", "table")
    if not tagged and not listed and not _AROUND_CLASSES.search(named):
        return False
    text = element.get_text(" ")
    count = len(text.split())
    links = element.find_all("a")
    linked = sum(len(link.get_text(" ").split()) for link in links)
    if 2 * linked >= count and len(links) >= _FEWEST_LINKS and (tagged or 5 * linked >= 4 * count):
        return True
    if not tagged and not _AROUND_CLASSES.search(named):
        return False
    said = " ".join(part for part in element.find_all(string=True) if part.find_parent("a") is None)
    return count <= _LARGEST_PART * total and not holds_term(said)
