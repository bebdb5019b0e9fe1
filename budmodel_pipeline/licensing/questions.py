"""The 22 questions that are answered about every license. Each has one polarity: what YES means is the same for all.

A question decides on the terms of a license by itself; several topics may take part, and the first clause of those that
decided is what gets quoted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from budmodel_pipeline.licensing.model import Impact, Value
from budmodel_pipeline.licensing.terms import SERVICE_TOPICS, Copyleft, Terms, Topic, Work

Method = Literal["terms", "derived", "class"]
"""Where an answer about a known license comes from: one of its terms, several of them, or what kind of license it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the terms say to a question: the value, the topics that decided, and what else a reader should know."""

    value: Value
    topics: tuple[Topic, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """`yes` and `no` are what these answers mean for a user; every other answer is neutral. `mentions` is a pattern for
    words one of which a quote has to hold to be about this question at all."""

    slug: str
    text: str
    yes: Impact
    no: Impact
    method: Method
    decide: Callable[[Terms], Finding]
    sentences: Mapping[Value, str]
    mentions: str

    def impact(self, value: Value) -> Impact:
        """What an answer means for somebody who wants to use the model."""
        return {Value.YES: self.yes, Value.NO: self.no}.get(value, Impact.NEUTRAL)


_OPEN_ENDED = {
    Value.SILENT: "The license says nothing about it.",
    Value.UNKNOWN: "What is known of the license does not tell.",
    Value.NOT_APPLICABLE: "The question does not arise for this kind of license.",
}


def _topic(topic: Topic) -> Callable[[Terms], Finding]:
    return lambda terms: Finding(terms[topic], (topic,))


def _modification_limits(terms: Terms) -> Finding:
    changes = terms[Topic.MODIFICATION]
    if changes is not Value.YES:
        opposite = {Value.NO: Value.YES, Value.SILENT: Value.UNKNOWN}
        return Finding(opposite.get(changes, changes), (Topic.MODIFICATION,))
    if terms[Topic.NAMING] is not Value.NO:
        value = Value.UNKNOWN if terms[Topic.NAMING] is Value.UNKNOWN else Value.CONDITIONAL
        return Finding(value, (Topic.NAMING,))
    if terms[Topic.USE_LIMITS] is not Value.NO:
        value = Value.UNKNOWN if terms[Topic.USE_LIMITS] is Value.UNKNOWN else Value.CONDITIONAL
        return Finding(value, (Topic.USE_LIMITS,))
    return Finding(Value.NO)


def _share_modified(terms: Terms) -> Finding:
    permissions = (Topic.MODIFICATION, Topic.DISTRIBUTION)
    values = {topic: terms[topic] for topic in permissions}
    if terms[Topic.MODIFICATION] is Value.CONDITIONAL and terms.copyleft is Copyleft.NONE and not terms.open:
        # Changed versions may be made, but only for oneself.
        return Finding(Value.NO, (Topic.MODIFICATION,))
    for value in (Value.NO, Value.UNKNOWN, Value.SILENT, Value.CONDITIONAL):
        deciding = tuple(topic for topic in permissions if values[topic] is value)
        if deciding:
            return Finding(value, deciding)
    return Finding(Value.YES, (Topic.DISTRIBUTION, Topic.MODIFICATION))


_CONDITIONS = {
    Topic.SHARE_ALIKE: "the same terms for what is made from it",
    Topic.DISCLOSE_SOURCE: "its source",
    Topic.BINDING: "the restrictions on use for its recipients",
    Topic.NAMING: "rules for its name",
    Topic.CREDIT: "credit to the authors",
    Topic.INCLUDE_NOTICE: "the notices",
    Topic.DOCUMENT_CHANGES: "a note of the changes",
}


def _share_conditions(terms: Terms) -> Finding:
    partly = (Topic.SHARE_ALIKE, Topic.NAMING, Topic.INCLUDE_NOTICE, Topic.DISCLOSE_SOURCE)
    asked = tuple(
        topic
        for topic in _CONDITIONS
        if terms[topic] is Value.YES or (terms[topic] is Value.CONDITIONAL and topic in partly)
    )
    if asked:
        return Finding(Value.YES, asked, (f"Asked for: {', '.join(_CONDITIONS[topic] for topic in asked)}.",))
    unknown = any(terms[topic] is Value.UNKNOWN for topic in _CONDITIONS)
    return Finding(Value.UNKNOWN if unknown else Value.NO, (Topic.INCLUDE_NOTICE,))


def _commercial_limits(terms: Terms) -> Finding:
    use = terms[Topic.COMMERCIAL_USE]
    if use is Value.NO:
        return Finding(Value.YES, (Topic.COMMERCIAL_USE,))
    if use in (Value.UNKNOWN, Value.CONDITIONAL):
        return Finding(use, (Topic.COMMERCIAL_USE,))
    if terms[Topic.THRESHOLD] in (Value.YES, Value.CONDITIONAL):
        return Finding(Value.CONDITIONAL, (Topic.THRESHOLD,))
    return Finding(terms[Topic.THRESHOLD] if use is Value.YES else use)


def _publish_changes(terms: Terms) -> Finding:
    network = terms[Topic.NETWORK_DISCLOSE] is Value.YES
    topics = (Topic.NETWORK_DISCLOSE, Topic.DISCLOSE_SOURCE) if network else (Topic.DISCLOSE_SOURCE,)
    return Finding(terms[Topic.DISCLOSE_SOURCE], topics)


def _service(topic: Topic) -> Callable[[Terms], Finding]:
    def decide(terms: Terms) -> Finding:
        if terms.work is Work.SERVICE:
            return Finding(terms[topic], (topic,))
        return Finding(Value.NOT_APPLICABLE, reasons=("It licenses a copy, not access to somebody's service.",))

    return decide


_RISKS: tuple[tuple[Topic, Value, str], ...] = (
    (Topic.COMMERCIAL_USE, Value.NO, "commercial use is forbidden"),
    (Topic.REVOCATION, Value.YES, "it may be taken back at any time"),
    (Topic.OUTPUT_LIMITS, Value.YES, "what the model generates is restricted"),
    (Topic.BINDING, Value.YES, "recipients have to be bound to restrictions"),
    (Topic.NETWORK_DISCLOSE, Value.YES, "offering it over a network obliges to publish source"),
)
_CAUTIONS: tuple[tuple[Topic, Value, str], ...] = (
    (Topic.USE_LIMITS, Value.YES, "some purposes are forbidden"),
    (Topic.THRESHOLD, Value.YES, "large users need another license"),
    (Topic.TERRITORY, Value.YES, "it is not granted everywhere"),
    (Topic.TERRITORY, Value.CONDITIONAL, "some of what it covers is not granted everywhere"),
    (Topic.DUTIES, Value.YES, "something has to be done before use"),
    (Topic.DUTIES, Value.CONDITIONAL, "something has to be done before some uses"),
    (Topic.SHARE_ALIKE, Value.YES, "derived works go under the same terms"),
    (Topic.SHARE_ALIKE, Value.CONDITIONAL, "some derived works go under the same terms"),
    (Topic.PATENT_USE, Value.NO, "patents are expressly not licensed"),
)


def _legal_risk(terms: Terms) -> Finding:
    for value, risks in ((Value.YES, _RISKS), (Value.CONDITIONAL, _CAUTIONS)):
        found = [(topic, reason) for topic, state, reason in risks if terms[topic] is state]
        if found:
            reasons = "; ".join(reason for _, reason in found)
            return Finding(value, tuple(topic for topic, _ in found), (f"{reasons[0].upper()}{reasons[1:]}.",))
    unknown = any(terms[topic] is Value.UNKNOWN for topic, _, _ in (*_RISKS, *_CAUTIONS))
    return Finding(Value.UNKNOWN if unknown else Value.NO)


def _question(
    slug: str,
    text: str,
    impacts: tuple[Impact, Impact],
    decide: Callable[[Terms], Finding],
    mentions: str,
    *,
    yes: str,
    no: str,
    conditional: str = "It depends.",
    method: Method = "terms",
) -> Question:
    sentences = {Value.YES: yes, Value.NO: no, Value.CONDITIONAL: conditional, **_OPEN_ENDED}
    return Question(slug, text, *impacts, method, decide, sentences, mentions)


_GOOD = (Impact.POSITIVE, Impact.NEGATIVE)
_BAD = (Impact.NEGATIVE, Impact.POSITIVE)
_DUTY = (Impact.NEUTRAL, Impact.POSITIVE)
_USUAL = (Impact.NEUTRAL, Impact.NEUTRAL)

QUESTIONS: tuple[Question, ...] = (
    _question(
        "modify", "May I change the work?", _GOOD, _topic(Topic.MODIFICATION),
        r"modif|chang|alter|adapt|deriv|transform|edit|fine.?tun",
        yes="You may change it.", no="You may not change it.", conditional="You may change it within limits.",
    ),
    _question(
        "modification-limits", "Does the license limit how I may change the work or what I may call the result?",
        _BAD, _modification_limits, r"modif|chang|alter|adapt|deriv|name|call|use|purpos", method="derived",
        yes="Changes are forbidden.", no="Changes are not limited.", conditional="Changes are limited in some way.",
    ),
    _question(
        "share-modified", "May I pass on changed versions?", _GOOD, _share_modified,
        r"distribut|shar|publish|convey|sublicens|pass|transfer|provid", method="derived",
        yes="You may pass on changed versions.", no="You may not pass on changed versions.",
        conditional="You may pass on changed versions within limits.",
    ),
    _question(
        "share-conditions", "Do I have to meet conditions when I pass on what I made from the work?", _DUTY,
        _share_conditions, r"must|shall|provided|condition|require|retain|include|under", method="derived",
        yes="Passing it on has conditions.", no="Passing it on has no conditions.",
    ),
    _question(
        "share-alike", "Does what I make from the work have to go under the same license?", _BAD, _topic(Topic.SHARE_ALIKE),
        r"licens|terms|agreement|same",
        yes="Derived works go under the same license.", no="Derived works may have another license.",
        conditional="Part of what is derived goes under the same license.",
    ),
    _question(
        "commercial-use", "May I use the work to earn money?", _GOOD, _topic(Topic.COMMERCIAL_USE),
        r"commerc|sell|sale|sold|profit|revenue|business|charge|any purpose|without restriction|use",
        yes="You may use it commercially.", no="You may not use it commercially.",
        conditional="You may use it commercially within limits.",
    ),
    _question(
        "commercial-limits", "Is commercial use forbidden or limited, for instance by a number of users?", _BAD,
        _commercial_limits, r"commerc|profit|revenue|users|business|sell|sale|research", method="derived",
        yes="Commercial use is forbidden.", no="Commercial use is not limited.",
        conditional="Commercial use is limited.",
    ),
    _question(
        "royalties", "Do I owe money for using the work?", _BAD, _topic(Topic.ROYALTIES),
        r"royalt|fee|charge|pay|cost|free|gratis",
        yes="Money is owed.", no="Nothing is owed.", conditional="Some uses cost money.",
    ),
    _question(
        "credit", "Do I have to credit the authors?", _DUTY, _topic(Topic.CREDIT),
        r"attribut|credit|notice|acknowledg|author|creator|cit|display|name|copyright",
        yes="The authors have to be credited.", no="No credit is asked for.",
        conditional="Credit goes no further than keeping the notices.",
    ),
    _question(
        "notices", "Do copies have to carry the license and copyright notices?", _DUTY, _topic(Topic.INCLUDE_NOTICE),
        r"notice|copy of|copyright|retain|include|accompan",
        yes="Copies carry the license and its notices.", no="Copies need no notices.",
        conditional="Only copies of the source carry the notices.",
    ),
    _question(
        "publish-changes", "Do I have to publish the source of what I pass on?", _BAD, _publish_changes,
        r"source|machine.?readable|editable|publish|disclos|available", method="derived",
        yes="Its source has to be given as well.", no="No source has to be published.",
        conditional="In some cases source has to be published.",
    ),
    _question(
        "api-products", "May I build products on the provider's service?", _GOOD, _service(SERVICE_TOPICS[0]),
        r"api|service|product|application|integrat", method="class",
        yes="Products may be built on the service.", no="Products may not be built on the service.",
    ),
    _question(
        "api-limits", "Does the provider limit how I may call its service?", _BAD, _service(SERVICE_TOPICS[1]),
        r"rate|limit|quota|volume|request|reverse|automat|excess", method="class",
        yes="Calls are limited.", no="Calls are not limited.",
    ),
    _question(
        "api-suspension", "May the provider cut off my access?", _BAD, _service(SERVICE_TOPICS[2]),
        r"suspend|terminat|discontinu|revok|cancel|deactivat", method="class",
        yes="Access may be cut off.", no="Access may not be cut off.",
    ),
    _question(
        "patent-grant", "Does the license cover the patents of its licensors?", _GOOD, _topic(Topic.PATENT_USE), r"patent",
        yes="Patents are licensed as well.", no="Patents are expressly not licensed.",
    ),
    _question(
        "legal-risk", "Is there a marked legal risk in building a business on it?", _BAD, _legal_risk,
        r".", method="derived",
        yes="There is.", no="Nothing in its terms stands out.", conditional="There is something to look at first.",
    ),
    _question(
        "patent-retaliation", "Do I lose rights when I sue over patents or other rights in the work?", _DUTY,
        _topic(Topic.PATENT_RETALIATION), r"litigat|lawsuit|patent|claim|suit|proceeding|legal action",
        yes="Suing costs rights.", no="Suing costs no rights.",
    ),
    _question(
        "output-limits", "Are there limits on what a model generates, such as not to train other models with it?", _BAD,
        _topic(Topic.OUTPUT_LIMITS), r"output|generat|result|train|distil|improve",
        yes="Outputs may not be used at will.", no="Outputs may be used at will.",
        conditional="Outputs may be used within limits.",
    ),
    _question(
        "personal-data", "Does the license give me duties about the data of persons?", _DUTY, _topic(Topic.PERSONAL_DATA),
        r"personal|privacy|data protection|gdpr|identif|caractère personnel",
        yes="There are duties about personal data.", no="It gives no duties about personal data.",
        conditional="A policy that is part of the license speaks of personal data.",
    ),
    _question(
        "revocation", "May the license be taken back from me at will?", _BAD, _topic(Topic.REVOCATION),
        r"terminat|revo|perpetu|void|withdraw|relinquish",
        yes="It may be taken back at will.", no="It is irrevocable.", conditional="It ends when its terms are broken.",
    ),
    _question(
        "liability-limit", "Is the licensor's liability limited?", _USUAL, _topic(Topic.LIABILITY),
        r"liab|damage|responsab",
        yes="Liability is limited, as nearly everywhere.", no="Liability is not limited.",
    ),
    _question(
        "purpose-limits", "Are some purposes forbidden?", _BAD, _topic(Topic.USE_LIMITS),
        r"not use|prohibit|restrict|forbid|solely|only for|purpos|acceptable use|not to use|must comply|consistent with",
        yes="Some purposes are forbidden.", no="No purpose is forbidden.", conditional="Purposes are limited in some cases.",
    ),
)  # fmt: skip
BY_SLUG: Mapping[str, Question] = {question.slug: question for question in QUESTIONS}
