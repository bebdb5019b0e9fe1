"""Bytes of files and pages as text."""

from io import BytesIO

import pytest
from pypdf import PdfWriter

from budmodel_pipeline.licensing.documents import MAX_BYTES, NotTextError, text_of
from budmodel_pipeline.licensing.identify import identify_text
from tests.unit.licensing.texts import MIT

NAVIGATION = """<header><nav><ul><li><a href="/">Home</a></li><li><a href="/m">Models</a></li>
<li><a href="/p">Pricing</a></li></ul></nav></header>"""
FOOTER = """<footer>© 2026 Example Inc. All rights reserved. <a href="/t">Terms of use</a>
<a href="/p">Do not sell my data</a></footer>"""


def page(body: str, before: str = NAVIGATION, after: str = FOOTER) -> bytes:
    head = "<title>License - Example</title><style>p { color: red }</style><script>track('commercial')</script>"
    return f"<!DOCTYPE html><html><head>{head}</head><body>{before}<main>{body}</main>{after}</body></html>".encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    text = MIT.replace('"', "“").replace("Ada", "Zoë")
    found = text_of(text.replace("“", '"').encode(encoding) if encoding == "cp1252" else text.encode(encoding))
    assert "Zoë Example" in found
    assert identify_text(found).license_id == "mit"


def test_text_that_was_decoded_wrongly_before_is_mended() -> None:
    text = "the \u2018Software\u2019"
    assert text_of(text.encode().decode("cp1252").encode()) == text


@pytest.mark.parametrize(
    "body",
    [
        f"<pre>{MIT}</pre>",
        "".join(f"<p>{part}</p>" for part in MIT.split("\n\n")),
        "<div>" + MIT.replace("\n", "<br>\n").replace("Software", "<b>Soft</b>ware") + "</div>",
    ],
)
def test_a_page_says_its_license_and_nothing_else(body: str) -> None:
    found = identify_text(text_of(page(body)))
    assert (found.license_id, found.remainder) == ("mit", ())


@pytest.mark.parametrize("where", ["before", "within", "after"])
def test_a_term_on_a_page_is_seen_wherever_it_stands(where: str) -> None:
    term = "<p>Commercial use requires a fee.</p>"
    pages = {
        "before": page(f"<pre>{MIT}</pre>", before=f"<header>{term}</header>"),
        "within": page(f"<pre>{MIT}</pre>{term}"),
        "after": page(f"<pre>{MIT}</pre>", after=f"<footer>{term}</footer>"),
    }
    text = text_of(pages[where])
    found = identify_text(text)
    assert (found.state, found.license_id) == ("modified", None)
    assert "requires a fee" in " ".join(text[span.start : span.end] for span in found.remainder)


@pytest.mark.parametrize("tag", ["form", "dialog", "noscript", "button"])
def test_a_term_is_seen_in_every_part_that_a_reader_may_see(tag: str) -> None:
    controls = f"<{tag}>Search</{tag}>"
    assert identify_text(text_of(page(f"{controls}<pre>{MIT}</pre>"))).license_id == "mit"
    text = text_of(page(f"<pre>{MIT}</pre><{tag}>Commercial use requires a fee.</{tag}>"))
    assert identify_text(text).state == "modified"


def test_a_page_that_is_one_form_keeps_its_text() -> None:
    assert identify_text(text_of(page(f"<form><pre>{MIT}</pre></form>"))).license_id == "mit"


def test_a_page_that_is_one_header_keeps_its_text() -> None:
    assert identify_text(text_of(page(f'<div class="page-header"><pre>{MIT}</pre></div>'))).license_id == "mit"


def empty_pdf() -> bytes:
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x7fELF" + bytes(range(32)) * 50, "binary"),
        (b"PK\x03\x04" + b"\0" * 200, "binary"),
        (b"x" * (MAX_BYTES + 1), "bytes"),
        (empty_pdf(), "without text"),
        (b"%PDF-1.7\nnothing of the kind", "PDF"),
    ],
)
def test_what_holds_no_text_is_refused_with_a_reason(content: bytes, said: str) -> None:
    with pytest.raises(NotTextError, match=said):
        text_of(content)
