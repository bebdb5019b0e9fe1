"""Each question has one polarity: a license that has to be answered with YES, and one that has to be answered with NO."""

from dataclasses import replace

import pytest

from budmodel_pipeline.licensing.model import Impact, Value
from budmodel_pipeline.licensing.questions import BY_SLUG, QUESTIONS
from budmodel_pipeline.licensing.terms import Terms, Topic, read_terms, terms_of

SERVICE = """
[template]
template = true
work = "model"
open = false
copyleft = "none"
[template.terms]
commercial-use = "yes"
distribution = "no"
modification = "no"
private-use = "yes"
patent-use = "no"
trademark-use = "no"
include-notice = "no"
credit = "no"
document-changes = "no"
disclose-source = "no"
network-disclose = "no"
binding = "no"
naming = "no"
liability = "no"
warranty = "no"
use-limits = "no"
threshold = "no"
royalties = "no"
patent-retaliation = "no"
revocation = "no"
output-limits = "no"
personal-data = "no"
territory = "no"
duties = "no"

[open-service]
like = "template"
title = "service without limits"
work = "service"
terms = { service-products = "yes", service-quotas = "no", service-suspension = "no" }

[closed-service]
like = "template"
title = "service for a fee"
work = "service"
terms = { service-products = "no", service-quotas = "yes", service-suspension = "yes", royalties = "yes" }

[closed-model]
like = "template"
title = "model that is not handed out"

[free-model]
like = "template"
title = "model without any condition"
terms = { distribution = "yes", modification = "yes" }
"""
# What outweighs a caution.
RISKY = (Topic.OUTPUT_LIMITS, Topic.BINDING, Topic.REVOCATION)
POLARITY = [
    ("modify", "mit", "cc-by-nc-nd-3.0"),
    ("modification-limits", "cc-by-nc-nd-3.0", "mit"),
    ("share-modified", "mit", "cc-by-nd-4.0"),
    ("share-conditions", "mit", "cc0-1.0"),
    ("share-alike", "gpl-3.0", "mit"),
    ("commercial-use", "mit", "cc-by-nc-4.0"),
    ("commercial-limits", "cc-by-nc-4.0", "mit"),
    ("royalties", "closed-service", "mit"),
    ("credit", "cc-by-4.0", "cc0-1.0"),
    ("notices", "mit", "0bsd"),
    ("publish-changes", "agpl-3.0", "apache-2.0"),
    ("api-products", "open-service", "closed-service"),
    ("api-limits", "closed-service", "open-service"),
    ("api-suspension", "closed-service", "open-service"),
    ("patent-grant", "apache-2.0", "bsd-3-clause-clear"),
    ("legal-risk", "deepfloyd-if-license", "apache-2.0"),
    ("patent-retaliation", "apache-2.0", "mit"),
    ("output-limits", "llama2", "openmdw-1.0"),
    ("personal-data", "deepseek", "mit"),
    ("revocation", "deepfloyd-if-license", "apache-2.0"),
    ("liability-limit", "mit", "wtfpl"),
    ("purpose-limits", "llama3.1", "gpl-3.0"),
]
BURDENS = {
    "modification-limits", "share-alike", "commercial-limits", "royalties", "publish-changes", "api-limits",
    "api-suspension", "legal-risk", "output-limits", "revocation", "purpose-limits",
}  # fmt: skip
GRANTS = {"modify", "share-modified", "commercial-use", "api-products", "patent-grant"}


def terms(license_id: str) -> Terms:
    known = terms_of(license_id) or read_terms([SERVICE])[license_id]
    assert known is not None
    return known


@pytest.mark.parametrize(("slug", "yes", "no"), POLARITY)
def test_each_question_has_one_polarity(slug: str, yes: str, no: str) -> None:
    question = BY_SLUG[slug]
    assert question.decide(terms(yes)).value is Value.YES
    assert question.decide(terms(no)).value is Value.NO


def test_the_polarity_of_every_question_is_tested() -> None:
    assert [slug for slug, _, _ in POLARITY] == [question.slug for question in QUESTIONS] == list(BY_SLUG)
    assert len(QUESTIONS) == 22


@pytest.mark.parametrize("slug", sorted(BY_SLUG))
def test_the_impact_follows_from_the_value(slug: str) -> None:
    question = BY_SLUG[slug]
    yes, no = question.impact(Value.YES), question.impact(Value.NO)
    if slug in GRANTS:
        assert (yes, no) == (Impact.POSITIVE, Impact.NEGATIVE)
    elif slug in BURDENS:
        assert (yes, no) == (Impact.NEGATIVE, Impact.POSITIVE)
    else:
        assert yes is Impact.NEUTRAL
    for value in set(Value) - {Value.YES, Value.NO}:
        assert question.impact(value) is Impact.NEUTRAL
        assert question.sentences[value]


@pytest.mark.parametrize(
    ("slug", "license_id", "expected"),
    [
        ("commercial-limits", "llama3.1", Value.CONDITIONAL),
        ("commercial-limits", "kimi-k2-modified-mit", Value.CONDITIONAL),
        ("commercial-limits", "gpl-2.0", Value.NO),
        ("modification-limits", "lppl-1.3c", Value.CONDITIONAL),
        ("modification-limits", "llama2", Value.CONDITIONAL),
        ("share-modified", "cc-by-nc-nd-3.0", Value.NO),
        ("share-modified", "cc-by-nc-4.0", Value.YES),
        ("share-alike", "lgpl-3.0", Value.CONDITIONAL),
        ("share-alike", "mpl-2.0", Value.CONDITIONAL),
        ("notices", "zlib", Value.CONDITIONAL),
        ("share-conditions", "free-model", Value.NO),
        ("share-modified", "closed-model", Value.NO),
        ("output-limits", "mit", Value.NOT_APPLICABLE),
        ("output-limits", "llama3.3", Value.CONDITIONAL),
        ("api-products", "llama3.3", Value.NOT_APPLICABLE),
        ("patent-grant", "mit", Value.SILENT),
        ("revocation", "mit", Value.SILENT),
        ("revocation", "gemma", Value.CONDITIONAL),
        ("legal-risk", "gpl-2.0", Value.CONDITIONAL),
        ("legal-risk", "llama3.1", Value.CONDITIONAL),
        ("legal-risk", "agpl-3.0", Value.YES),
        ("legal-risk", "cc", Value.UNKNOWN),
    ],
)
def test_what_is_neither_yes_nor_no(slug: str, license_id: str, expected: Value) -> None:
    assert BY_SLUG[slug].decide(terms(license_id)).value is expected


@pytest.mark.parametrize(
    ("license_id", "said"),
    [
        ("llama4", "not granted everywhere"),
        ("hunyuan-a13b", "it is not granted everywhere"),
        ("stability-ai-community", "before some uses"),
    ],
)
def test_a_legal_risk_names_where_it_is_not_granted_and_what_comes_before_use(license_id: str, said: str) -> None:
    terms = terms_of(license_id)
    assert terms is not None
    risks = BY_SLUG["legal-risk"].decide(terms)
    cautions = BY_SLUG["legal-risk"].decide(replace(terms, values={**terms.values, **dict.fromkeys(RISKY, Value.NO)}))
    assert risks.value is not Value.NO
    assert any(said in reason for reason in cautions.reasons)
