"""Real texts: each is what it is, plain, wrapped anew with curly quotes, and inside a page."""

import html
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from budmodel_pipeline.licensing.documents import text_of
from budmodel_pipeline.licensing.identify import identify_text
from tests.license_texts import (
    LICENSES,
    NO_LICENSES,
    installed_licenses,
    installed_text,
    named_texts,
    template_text,
    text_named,
)

TEXTS = named_texts()
# With all that their templates allow, these are texts that nobody publishes.
OVERFULL = {"bsd-2-clause-patent", "ecl-2.0", "mit-0"}
CLAUSES = (
    "You may not use it for commercial purposes.",
    "Armed forces are excluded.",
    "A use costs one dollar, to be paid at once.",
)


def wrapped(text: str) -> str:
    """As people paste it into a file of their own: 60 columns, typographic quotes, another holder of the copyright."""
    text = re.sub(r"(?im)^(\s*copyright \(c\)).*$", r"\1 2031 Somebody Else GmbH", text)
    paragraphs = (textwrap.fill(" ".join(part.split()), 60) for part in re.split(r"\n\s*\n", text))
    quoted = re.sub(r'(?<!\w)"', "\u201c", "\n\n".join(paragraphs)).replace('"', "\u201d").replace("'", "\u2019")
    return f"# My model\n\n{quoted}"


def page(body: str) -> str:
    navigation = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("Home", "Models", "Pricing", "Terms of use"))
    return f"""<!DOCTYPE html><html><head><title>License - Example</title><script>var commercial = 1</script></head><body>
    <header><nav><ul>{navigation}</ul></nav></header><main>{body}</main>
    <footer>© 2026 Example Inc. All rights reserved. <a href="/p">Privacy</a> <a href="/s">Do not sell my data</a></footer>
    </body></html>"""


def flowing(text: str) -> str:
    return "".join(f"<p>{html.escape(part)}</p>\n" for part in re.split(r"\n\s*\n", text))


def bare(text: str) -> str:
    """A page that marks up nothing: no part of it says what it is."""
    lines = html.escape(text).replace("\n", "<br>\n")
    links = '<a href="/">Home</a> | <a href="/m">Models</a> | <a href="/p">Pricing</a> | Search | Log in | Sign up'
    return f"<html><body><div>{links}</div><h1>License</h1><div>{lines}</div><div>Privacy About Jobs</div></body></html>"


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "wrapped": wrapped,
    "preformatted": lambda text: page(f"<pre>{html.escape(text)}</pre>"),
    "flowing": lambda text: page(flowing(text)),
    "bare": bare,
    "wrapped on a page": lambda text: page(f"<pre>{html.escape(wrapped(text))}</pre>"),
}


def test_texts_of_packages_are_enough() -> None:
    assert len(installed_licenses()) > 100
    assert len(set(LICENSES.values()) & set(installed_licenses())) >= 19


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("//** MIT **// plain", " plain"),
        ("((Software || Materials)) is", "Software  is"),
        ("a ((b ((c))?? || d))?? e", "a b c  e"),
        ("by __20__ (a)", "by  (a)"),
        ("may?? be", "may be"),
    ],
)
def test_a_template_becomes_a_text(template: str, text: str) -> None:
    assert template_text(template) == text


@pytest.mark.parametrize("license_id", [one for one in installed_licenses() if one not in OVERFULL])
def test_a_text_of_a_package_is_what_it_is(license_id: str) -> None:
    found = identify_text(installed_text(license_id))
    assert (found.state, found.license_id, found.remainder) == ("identified", license_id, ())


def test_every_text_beside_the_checkout_is_named(shared: Path) -> None:
    assert {path.name for path in (shared / "licenses").iterdir()} == LICENSES.keys() | set(NO_LICENSES)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_what_it_is(name: str, form: str) -> None:
    text = text_of(FORMS[form](text_named(name)).encode())
    found = identify_text(text)
    assert found.license_id == TEXTS[name], (
        found.state,
        found.reason,
        [text[at.start : at.end] for at in found.remainder],
    )
    assert not found.remainder
    assert (found.state == "identified") == (TEXTS[name] is not None)


@pytest.mark.parametrize("clause", CLAUSES)
@pytest.mark.parametrize("name", [name for name, license_id in TEXTS.items() if license_id is not None])
def test_a_text_with_a_term_more_is_not_it(name: str, clause: str) -> None:
    text = text_named(name)
    middle = text.index(". ", len(text) // 2) + 2
    for changed in (f"{text}\n\n{clause}\n", f"{text[:middle]}{clause} {text[middle:]}"):
        found = identify_text(changed)
        assert found.license_id is None
        assert TEXTS[name] in (*found.candidates, *(other for other, _ in found.near))
        said = " ".join(changed[span.start : span.end] for span in found.remainder)
        assert set(clause.strip(".").split()[-2:]) & set(said.replace(",", "").split()), found


@pytest.mark.parametrize("name", [name for name, license_id in TEXTS.items() if license_id is not None])
def test_two_texts_in_one_file_are_several(name: str) -> None:
    other = "mit" if TEXTS[name] != "mit" else "apache-2.0"
    both = "\n\n".join(text_named(one) for one in (name, other))
    found = identify_text(both)
    assert (found.state, found.license_id) == ("several", None)
    assert {TEXTS[name], TEXTS[other]} <= set(found.candidates)


@pytest.mark.parametrize("name", [name for name, license_id in TEXTS.items() if license_id is not None])
def test_half_a_text_is_not_it(name: str) -> None:
    text = text_named(name)
    assert identify_text(text[: 2 * len(text) // 3]).license_id is None
