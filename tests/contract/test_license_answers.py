"""Answers about real license texts: every quote verifies, and every recorded clause is found, however it is dressed."""

import html
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from budmodel_pipeline.licensing.answers import answer_questions
from budmodel_pipeline.licensing.clauses import Clause, find_clause, index_text
from budmodel_pipeline.licensing.model import Identification, Value
from budmodel_pipeline.licensing.terms import Terms, family_members, known_terms, terms_of
from tests.license_texts import named_texts, text_named

# Adds to the GPL by reference, and holds only what differs from it.
SUPPLEMENTS = {"lgpl-3.0"}
TEXTS = {name: license_id for name, license_id in named_texts().items() if license_id is not None}


def rewrapped(text: str) -> str:
    for straight, left, right in (('"', "\u201c", "\u201d"), ("'", "\u2019", "\u2019")):
        text = text.replace(f" {straight}", f" {left}").replace(straight, right)
    return "\n\n".join(textwrap.fill(paragraph, 60) for paragraph in text.split("\n\n"))


def paged(text: str) -> str:
    paragraphs = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in text.split("\n\n"))
    page = f"<html><nav><a>Home</a><a>License</a></nav><main><h1>Terms</h1>{paragraphs}</main></html>"
    return BeautifulSoup(page, "html.parser").get_text("\n")


def terms(license_id: str) -> Terms:
    found = terms_of(license_id)
    assert found is not None
    return found


RECORDED = sorted(one for one in known_terms() if terms(one).clauses and not family_members(one))


def between(clause: Clause) -> Sequence[str]:
    """Words of nobody, where a record leaves some out."""
    return ("and", "what", "else", "was", "agreed") if clause.last else ()


def check_answers(license_id: str, text: str, *, at_least: int) -> None:
    """Nothing is unknown that the record knows, and what is quoted stands in the text, `at_least` so many times."""
    answers = answer_questions(text, Identification(license_id, None, "identified", 1.0, (), (), "test"))
    quoted = [answer for answer in answers if answer.quote is not None]
    for answer in quoted:
        assert answer.start is not None
        assert answer.end is not None
        assert text[answer.start : answer.end] == answer.quote
        assert 10 < answer.end - answer.start < 3_000
    assert len(quoted) >= at_least
    if Value.UNKNOWN not in terms(license_id).values.values():
        assert not any(answer.value is Value.UNKNOWN for answer in answers)


@pytest.mark.parametrize("dressed", [str, rewrapped, paged])
@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_quote_verifies_in_every_dress(name: str, dressed: Callable[[str], str]) -> None:
    license_id = TEXTS[name]
    text = dressed(text_named(name))
    check_answers(license_id, text, at_least=7 if license_id not in SUPPLEMENTS else 5)
    indexed = index_text(text)
    missing = {
        topic
        for topic, clauses in terms(license_id).clauses.items()
        if not any(find_clause(indexed, one) for one in clauses)
    }
    assert not missing or license_id in SUPPLEMENTS


@pytest.mark.parametrize("dressed", [str, rewrapped, paged])
@pytest.mark.parametrize("license_id", RECORDED)
def test_a_text_made_of_all_recorded_clauses_is_quoted(license_id: str, dressed: Callable[[str], str]) -> None:
    clauses = sorted({clause for clauses in terms(license_id).clauses.values() for clause in clauses}, key=str)
    made = (" ".join((*clause.first, *between(clause), *clause.last)) for clause in clauses)
    check_answers(license_id, dressed(".\n\n".join(made)), at_least=1)


def test_what_llama_2_forbids_is_quoted(shared: Path) -> None:
    text = (shared / "licenses" / "llama2.txt").read_text("utf-8")
    answers = answer_questions(text, Identification("llama2", None, "identified", 1.0, (), (), "test"))
    quotes = {answer.question: " ".join((answer.quote or "").split()) for answer in answers}
    assert "greater than 700 million monthly active users" in quotes["commercial-limits"]
    assert quotes["output-limits"].startswith("You will not use the Llama Materials or any output or results")
    assert "Acceptable Use Policy" in quotes["purpose-limits"]
