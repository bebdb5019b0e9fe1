"""Answers about known licenses: what is quoted, and what is not answered when a text says more than the license."""

from dataclasses import replace

import pytest

from budmodel_pipeline.licensing.answers import answer_questions, identified_terms
from budmodel_pipeline.licensing.model import Answer, Identification, Impact, Span, State, Value
from budmodel_pipeline.licensing.questions import QUESTIONS

MIT = """MIT License

Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def identification(license_id: str | None, state: State = "identified", **more: object) -> Identification:
    base = Identification(license_id, None, state, 1.0, (), (), "test")
    return replace(base, **more)  # type: ignore[arg-type]


def by_question(text: str | None, found: Identification) -> dict[str, Answer]:
    answers = answer_questions(text, found)
    assert [answer.question for answer in answers] == [question.slug for question in QUESTIONS]
    assert len(answers) == 22
    for answer in answers:
        assert (answer.quote is None) == (answer.start is None) == (answer.end is None)
        if answer.quote is not None:
            assert text is not None
            assert text[answer.start : answer.end] == answer.quote
    return {answer.question: answer for answer in answers}


def test_a_known_license_is_answered_with_its_own_words() -> None:
    answers = by_question(MIT, identification("mit"))
    commercial = answers["commercial-use"]
    assert (commercial.value, commercial.impact, commercial.method) == (Value.YES, Impact.POSITIVE, "terms")
    assert commercial.quote is not None
    assert commercial.quote.startswith("Permission is hereby granted, free of charge")
    assert commercial.quote.endswith("is furnished to do so")
    assert answers["notices"].quote == MIT.split("\n\n")[3].removesuffix(".")
    assert answers["patent-grant"].value is Value.SILENT
    assert answers["legal-risk"].method == "derived"
    assert answers["api-products"].method == "class"
    assert all(answer.explanation for answer in answers.values())


def test_a_tag_is_answered_without_quotes_and_says_so() -> None:
    answers = by_question(None, identification("mit"))
    assert answers["commercial-use"].value is Value.YES
    assert answers["commercial-use"].method == "terms (tag only)"
    assert answers["legal-risk"].value is Value.CONDITIONAL
    assert "No text was seen" in answers["legal-risk"].explanation


def test_a_clause_that_the_text_does_not_hold_is_not_quoted() -> None:
    answers = by_question(MIT.replace("subject to", "under"), identification("apache-2.0"))
    assert answers["patent-grant"].quote is None
    assert answers["patent-grant"].method == "terms (clause not found in the text)"


def test_added_terms_take_back_every_permission() -> None:
    text = MIT + "\nThe Software may not be used commercially.\n"
    modified = identification(None, "modified", candidates=("mit",), remainder=(Span(len(MIT), len(text)),))
    answers = by_question(text, modified)
    assert not any(answer.impact is Impact.POSITIVE for answer in answers.values())
    for question in ("commercial-use", "modify", "share-modified", "commercial-limits", "purpose-limits", "legal-risk"):
        assert answers[question].value is Value.UNKNOWN, question
    assert "MIT License, which alone would say" in answers["commercial-use"].explanation
    # Duties that the text spells out are still there.
    assert (answers["notices"].value, answers["notices"].method) == (Value.YES, "terms (modified text)")
    assert answers["notices"].quote is not None
    # A restriction that the text is not seen to hold may have been taken back as well.
    said = {Value.UNKNOWN, Value.NOT_APPLICABLE}
    other = identification(None, "modified", candidates=("cc-by-nc-4.0",), remainder=(Span(0, 5),))
    assert {answer.value for answer in by_question(MIT, other).values() if answer.quote is None} <= said


def test_several_licenses_answer_what_they_agree_on() -> None:
    several = identification(None, "several", candidates=("mit", "gpl-3.0"))
    answers = by_question(MIT, several)
    assert (answers["commercial-use"].value, answers["share-alike"].value) == (Value.YES, Value.UNKNOWN)
    added = replace(several, remainder=(Span(0, 5),))
    assert by_question(MIT, added)["commercial-use"].value is Value.UNKNOWN


def test_one_unrecorded_license_among_several_leaves_all_unknown() -> None:
    answers = by_question(MIT, identification(None, "several", candidates=("mit", "my-license")))
    assert {answer.value for answer in answers.values()} == {Value.UNKNOWN}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (identification(None, "unknown", reason="nobody has read them"), "The terms are not known: nobody has read them."),
        (identification(None, "not_a_license"), "This is no license."),
        (identification(None, "near_variant", near=(("llama3", 0.93),)), "The text is like llama3, but is not it"),
        (identification("other"), "other was recognized, but its terms are not reviewed."),
        (identification("my-license"), "my-license was recognized, but its terms are not reviewed."),
    ],
)
@pytest.mark.parametrize("text", [MIT, None, ""])
def test_what_is_not_known_is_not_guessed(text: str | None, found: Identification, reason: str) -> None:
    answers = by_question(text, found)
    assert {(answer.value, answer.impact, answer.quote) for answer in answers.values()} == {
        (Value.UNKNOWN, Impact.NEUTRAL, None)
    }
    assert all(answer.explanation.startswith(reason) for answer in answers.values())


def test_a_family_is_answered_as_far_as_it_agrees() -> None:
    answers = by_question(None, identification("gpl"))
    assert (answers["publish-changes"].value, answers["patent-grant"].value) == (Value.YES, Value.UNKNOWN)
    assert answers["legal-risk"].value is Value.CONDITIONAL


def test_the_terms_of_what_was_identified_are_at_hand() -> None:
    terms = identified_terms(identification(None, "several", candidates=("mit", "apache-2.0")))
    assert terms is not None
    assert terms.title == "MIT License and Apache License 2.0"
    assert identified_terms(identification(None, "near_variant", near=(("mit", 0.9),))) is None


def test_terms_whose_text_nobody_had_say_so_in_every_answer() -> None:
    unread, read = (answer_questions(None, identification(name)) for name in ("cogvideox", "mit"))
    told = [answer.explanation for answer in unread if answer.value is not Value.NOT_APPLICABLE]
    assert all("its text was not at hand" in one for one in told)
    assert not any("its text was not at hand" in answer.explanation for answer in read)
