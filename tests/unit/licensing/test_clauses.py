"""Finding a clause in a text, whatever was done to the looks of that text."""

import textwrap

import pytest

from budmodel_pipeline.licensing.clauses import LONGEST_CLAUSE, Clause, find_clause, find_quote, index_text, parse_clause

TEXT = """1. License Grant. Subject to Meta's terms, You may copy "the Work" (a non-exclusive right).

2. Termination. We may terminate this License at any time. You must then delete
the Work."""
CLAUSE = "Subject to Meta's terms … a non-exclusive right"
FOUND = 'Subject to Meta\'s terms, You may copy "the Work" (a non-exclusive right'


def found(text: str, written: str) -> str | None:
    place = find_clause(index_text(text), parse_clause(written))
    return None if place is None else text[place.start : place.end]


def test_a_clause_is_what_stands_between_its_first_and_last_words() -> None:
    assert found(TEXT, CLAUSE) == FOUND
    assert found(TEXT, "we may TERMINATE this license") == "We may terminate this License"


@pytest.mark.parametrize(
    "changed",
    [
        "\n".join(textwrap.wrap(TEXT, 20)),
        TEXT.replace("'", "\u2019").replace('"', "\u201c"),
        TEXT.replace(" ", "\n> "),
        "\r\n".join(TEXT.split()),
        f"\ufeff# LICENSE\n\n{TEXT.upper()}",
        TEXT.replace("License Grant.", "(a) License Grant."),
    ],
)
def test_looks_make_no_difference(changed: str) -> None:
    quote = found(changed, CLAUSE)
    assert quote is not None
    assert quote.casefold().startswith("subject")
    assert quote.casefold().endswith("right")
    assert quote in changed


@pytest.mark.parametrize(
    "written",
    ["Subject to Google's terms … right", "Subject to … wrong", "We may terminate this License at once", "copy of"],
)
def test_what_is_not_there_is_not_found(written: str) -> None:
    assert found(TEXT, written) is None


def test_the_last_words_of_another_passage_do_not_end_a_clause() -> None:
    far = f"You may copy {'x ' * LONGEST_CLAUSE} for ever. You may copy it for ever."
    assert found(far, "You may copy … for ever") == "You may copy it for ever"


def test_nothing_is_found_in_nothing() -> None:
    assert found("", CLAUSE) is None
    assert find_quote(index_text(TEXT), "...") is None


@pytest.mark.parametrize("written", ["", "…", "one …", "… two", "one … two … three"])
def test_a_clause_needs_words_on_each_side(written: str) -> None:
    with pytest.raises(ValueError, match="a clause needs first words"):
        parse_clause(written)


def test_a_clause_without_last_words_is_whole() -> None:
    assert parse_clause("The WORK") == Clause(("the", "work"))
