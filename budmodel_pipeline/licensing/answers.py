"""Answers to the 22 questions about a license that is known, with the words of the text that was given.

The records know where each clause stands, so no answer depends on a machine's reading. What a text adds to a known license
may take back anything, so for a modified text only what burdens the user is answered, and only with a quote.
"""

from dataclasses import replace

from budmodel_pipeline.licensing.clauses import IndexedText, find_clause, index_text
from budmodel_pipeline.licensing.model import Answer, Identification, Impact, Span, Value
from budmodel_pipeline.licensing.questions import QUESTIONS, Finding, Question
from budmodel_pipeline.licensing.terms import Terms, Topic, merge, terms_of

_UNRECORDED = {
    "near_variant": "The text is like {names}, but is not it, and nobody has recorded its terms.",
    "unknown": "The terms are not known: {reason}.",
    "not_a_license": "This is no license.",
}
_TAG_ONLY = "No text was seen, only the name of a license."
_UNREAD_RECORD = "Recorded by what is said of this license: its text was not at hand."


def answer_questions(text: str | None, identification: Identification) -> tuple[Answer, ...]:
    """All answers, in the order of QUESTIONS. Offsets count characters of `text`; without one there are no quotes."""
    terms = identified_terms(identification)
    if terms is None:
        return unknown_answers(_why_unknown(identification))
    indexed = index_text(text) if text is not None else None
    answers = tuple(_answer(question, terms, text, indexed) for question in QUESTIONS)
    if identification.state == "identified" or (identification.state == "several" and not identification.remainder):
        return answers
    return tuple(_careful(answer, terms) for answer in answers)


def identified_terms(identification: Identification) -> Terms | None:
    """The terms of what was identified; of several licenses what they agree on; None where nothing is recorded."""
    if identification.license_id is not None:
        return terms_of(identification.license_id)
    if identification.state not in ("modified", "several"):
        return None
    candidates = [terms_of(candidate) for candidate in dict.fromkeys(identification.candidates)]
    known = [terms for terms in candidates if terms is not None]
    if not known or len(known) < len(candidates):
        return None
    title = " and ".join(terms.title for terms in known)
    return known[0] if len(known) == 1 else merge(" ".join(terms.license_id for terms in known), title, known)


def unknown_answers(reason: str, method: str = "none") -> tuple[Answer, ...]:
    """UNKNOWN to every question, for one reason."""
    return tuple(
        Answer(question.slug, Value.UNKNOWN, Impact.NEUTRAL, reason, None, None, None, method) for question in QUESTIONS
    )


def _why_unknown(identification: Identification) -> str:
    if identification.license_id is not None:
        return f"{identification.license_id} was recognized, but its terms are not reviewed."
    if identification.state in _UNRECORDED:
        names = ", ".join(name for name, _ in identification.near[:2]) or "a known license"
        return _UNRECORDED[identification.state].format(names=names, reason=identification.reason)
    return "The text holds more than one set of terms, and not all of them are recorded."


def _answer(question: Question, terms: Terms, text: str | None, indexed: IndexedText | None) -> Answer:
    finding = question.decide(terms)
    if text is None or indexed is None:
        return _without_text(question, terms, finding)
    place = _place(finding, terms, indexed)
    method: str = question.method
    if place is None and any(terms.clauses.get(topic) for topic in finding.topics):
        method += " (clause not found in the text)"
    answer = Answer(
        question.slug, finding.value, question.impact(finding.value), _explanation(question, terms, finding),
        None, None, None, method,
    )  # fmt: skip
    return replace(answer, quote=text[place.start : place.end], start=place.start, end=place.end) if place else answer


def _without_text(question: Question, terms: Terms, finding: Finding) -> Answer:
    if question.slug == "legal-risk":
        value = Value.CONDITIONAL if finding.value is Value.NO else finding.value
        finding = replace(finding, value=value, reasons=(*finding.reasons, _TAG_ONLY))
    explanation = _explanation(question, terms, finding)
    method = f"{question.method} (tag only)"
    return Answer(question.slug, finding.value, question.impact(finding.value), explanation, None, None, None, method)


def _place(finding: Finding, terms: Terms, indexed: IndexedText) -> Span | None:
    for topic in finding.topics:
        for clause in terms.clauses.get(topic, ()):
            place = find_clause(indexed, clause)
            if place is not None:
                return place
    return None


def _explanation(question: Question, terms: Terms, finding: Finding) -> str:
    deciding: tuple[Topic, ...] = finding.topics[:1] if finding.value is not Value.UNKNOWN else ()
    notes = [note for topic in deciding if (note := terms.notes.get(topic))]
    unread = (_UNREAD_RECORD,) if not terms.was_read and finding.value is not Value.NOT_APPLICABLE else ()
    return " ".join((question.sentences[finding.value], *(finding.reasons or notes), *unread))


def _careful(answer: Answer, terms: Terms) -> Answer:
    """What is left of an answer when the text says more, or something else, than the license that it holds."""
    if answer.value is Value.NOT_APPLICABLE:
        return answer
    method = "terms (modified text)"
    if answer.impact is Impact.POSITIVE or answer.quote is None:
        explanation = f"The text adds to or changes {terms.title}, which alone would say: {answer.explanation}"
        return replace(
            answer, value=Value.UNKNOWN, impact=Impact.NEUTRAL, explanation=explanation,
            quote=None, start=None, end=None, method=method,
        )  # fmt: skip
    return replace(answer, explanation=f"{answer.explanation} Other parts of the text may change that.", method=method)
