"""Answers about real license texts: every quote verifies, and every recorded clause is found, however it is dressed."""

import html
import textwrap
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from budmodel_pipeline.licensing.answers import answer_questions
from budmodel_pipeline.licensing.clauses import find_clause, index_text
from budmodel_pipeline.licensing.model import Identification, Value
from budmodel_pipeline.licensing.terms import terms_of
from tests.license_texts import LICENSES

# Adds to the GPL by reference, and holds only what differs from it.
SUPPLEMENTS = {"lgpl-3.0"}


def rewrapped(text: str) -> str:
    for straight, left, right in (('"', "\u201c", "\u201d"), ("'", "\u2019", "\u2019")):
        text = text.replace(f" {straight}", f" {left}").replace(straight, right)
    return "\n\n".join(textwrap.fill(paragraph, 60) for paragraph in text.split("\n\n"))


def paged(text: str) -> str:
    paragraphs = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in text.split("\n\n"))
    page = f"<html><nav><a>Home</a><a>License</a></nav><main><h1>Terms</h1>{paragraphs}</main></html>"
    return BeautifulSoup(page, "html.parser").get_text("\n")


@pytest.mark.parametrize("dressed", [str, rewrapped, paged])
@pytest.mark.parametrize("name", sorted(LICENSES))
def test_every_quote_verifies_in_every_dress(shared: Path, name: str, dressed: type[str]) -> None:
    license_id = LICENSES[name]
    text = dressed((shared / "licenses" / name).read_text("utf-8"))
    answers = answer_questions(text, Identification(license_id, None, "identified", 1.0, (), (), "test"))
    quoted = [answer for answer in answers if answer.quote is not None]
    for answer in quoted:
        assert answer.start is not None
        assert answer.end is not None
        assert text[answer.start : answer.end] == answer.quote
        assert 10 < answer.end - answer.start < 3_000
    assert len(quoted) >= (7 if license_id not in SUPPLEMENTS else 5)
    terms = terms_of(license_id)
    assert terms is not None
    indexed = index_text(text)
    missing = {
        topic for topic, clauses in terms.clauses.items() if not any(find_clause(indexed, clause) for clause in clauses)
    }
    assert not missing or license_id in SUPPLEMENTS
    assert not any(answer.value is Value.UNKNOWN for answer in answers)


def test_what_llama_2_forbids_is_quoted(shared: Path) -> None:
    text = (shared / "licenses" / "llama2.txt").read_text("utf-8")
    answers = answer_questions(text, Identification("llama2", None, "identified", 1.0, (), (), "test"))
    quotes = {answer.question: " ".join((answer.quote or "").split()) for answer in answers}
    assert "greater than 700 million monthly active users" in quotes["commercial-limits"]
    assert quotes["output-limits"].startswith("You will not use the Llama Materials or any output or results")
    assert "Acceptable Use Policy" in quotes["purpose-limits"]
