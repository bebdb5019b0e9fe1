"""The records of licenses: every id of the hub, how records inherit, and what is refused."""

import pytest

from budmodel_pipeline.licensing.classification import license_type, suitability
from budmodel_pipeline.licensing.model import LicenseType, Suitability, Value
from budmodel_pipeline.licensing.registry import HUB_IDS, NO_LICENSE_NAMED
from budmodel_pipeline.licensing.terms import (
    Copyleft,
    Terms,
    TermsError,
    Topic,
    family_members,
    known_terms,
    read_terms,
    terms_of,
    terms_version,
)

OPENRAIL = ("openrail", "openrail++", "bigscience-openrail-m", "creativeml-openrail-m", "bigcode-openrail-m")
LLAMAS = ("llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4")
EVERYTHING = "".join(f'{topic} = "no"\n' for topic in Topic if topic != "share-alike")


def known(license_id: str) -> Terms:
    terms = terms_of(license_id)
    assert terms is not None, license_id
    return terms


def record(**changes: str) -> str:
    lines = {"title": '"X"', "work": '"service"', "open": "false", "copyleft": '"none"', **changes}
    return "[x]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items()) + f"[x.terms]\n{EVERYTHING}"


@pytest.mark.parametrize("license_id", sorted(HUB_IDS))
def test_every_id_of_the_hub_has_terms_unless_it_names_no_license(license_id: str) -> None:
    assert (terms_of(license_id) is None) == (license_id in NO_LICENSE_NAMED)


@pytest.mark.parametrize("license_id", [*LLAMAS, *OPENRAIL, "bigscience-bloom-rail-1.0", "gemma", "deepseek"])
def test_restrictions_on_use_make_one_class_that_is_not_permissive(license_id: str) -> None:
    assert license_type(known(license_id)) is LicenseType.RESTRICTIVE


@pytest.mark.parametrize(
    ("license_id", "expected"),
    [
        ("cc0-1.0", LicenseType.PERMISSIVE),
        ("unlicense", LicenseType.PERMISSIVE),
        ("0bsd", LicenseType.PERMISSIVE),
        ("pddl", LicenseType.PERMISSIVE),
        ("mit", LicenseType.PERMISSIVE),
        ("apache-2.0", LicenseType.PERMISSIVE),
        ("bsd", LicenseType.PERMISSIVE),
        ("gpl", LicenseType.COPYLEFT),
        ("agpl-3.0", LicenseType.COPYLEFT),
        ("cc-by-sa-4.0", LicenseType.COPYLEFT),
        ("lgpl", LicenseType.WEAK_COPYLEFT),
        ("mpl-2.0", LicenseType.WEAK_COPYLEFT),
        ("epl-2.0", LicenseType.WEAK_COPYLEFT),
        ("cc-by-nd-4.0", LicenseType.RESTRICTIVE),
        ("c-uda", LicenseType.RESTRICTIVE),
        ("kimi-k2-modified-mit", LicenseType.RESTRICTIVE),
        ("cc-by-nc-4.0", LicenseType.NON_COMMERCIAL),
        ("cc-by-nc-nd-4.0", LicenseType.NON_COMMERCIAL),
        ("apple-amlr", LicenseType.NON_COMMERCIAL),
        ("deepfloyd-if-license", LicenseType.NON_COMMERCIAL),
        ("fair-noncommercial-research-license", LicenseType.NON_COMMERCIAL),
        ("cc", None),
    ],
)
def test_the_class_follows_from_the_terms(license_id: str, expected: LicenseType | None) -> None:
    assert license_type(known(license_id)) is expected


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, LicenseType.API_ACCESS),
        ({"work": '"model"'}, LicenseType.PROPRIETARY),
        ({"work": '"model"', "commercial-use": "yes"}, LicenseType.FREE_TO_USE),
        ({"work": '"model"', "commercial-use": "yes", "modification": "yes"}, LicenseType.LIMITED_CUSTOMIZATION),
        ({"work": '"model"', "open": "true", "commercial-use": "yes", "modification": "yes"}, LicenseType.NO_REDISTRIBUTION),
    ],
)
def test_classes_of_what_is_not_handed_out(terms: dict[str, str], expected: LicenseType) -> None:
    text = record(**{key: value for key, value in terms.items() if key in ("work", "open")})
    for key in set(terms) - {"work", "open"}:
        text = text.replace(f'{key} = "no"', f'{key} = "{terms[key]}"')
    assert license_type(read_terms([text])["x"]) is expected


def test_every_class_has_one_suitability() -> None:
    by_class = {one: suitability(one) for one in LicenseType}
    assert by_class[LicenseType.PERMISSIVE] is Suitability.MOST
    assert {one for one, suits in by_class.items() if suits is Suitability.GOOD} == {
        LicenseType.COPYLEFT,
        LicenseType.WEAK_COPYLEFT,
    }
    assert {one for one, suits in by_class.items() if suits is Suitability.WORST} == {
        LicenseType.PROPRIETARY,
        LicenseType.API_ACCESS,
        LicenseType.FREE_TO_USE,
    }


@pytest.mark.parametrize("spelled", ["GPL-3.0", "gpl-3.0-only", "gpl-3.0-or-later", "GPL-3.0+"])
def test_versions_of_a_license_share_its_terms(spelled: str) -> None:
    assert known(spelled) is known("gpl-3.0")


@pytest.mark.parametrize(
    ("spdx_id", "hub_id"), [("odbl-1.0", "odbl"), ("pddl-1.0", "pddl"), ("c-uda-1.0", "c-uda"), ("lgpllr", "lgpl-lr")]
)
def test_ids_of_spdx_lead_to_the_same_terms(spdx_id: str, hub_id: str) -> None:
    assert known(spdx_id) is known(hub_id)


def test_what_nobody_recorded_has_no_terms() -> None:
    assert terms_of("my-own-license") is None


def test_a_family_says_only_what_all_its_members_say() -> None:
    gpl = known("gpl")
    assert family_members("gpl") == ("gpl-2.0", "gpl-3.0")
    assert (gpl[Topic.COMMERCIAL_USE], gpl[Topic.SHARE_ALIKE], gpl.copyleft) == (Value.YES, Value.YES, Copyleft.STRONG)
    assert gpl[Topic.PATENT_USE] is Value.UNKNOWN
    assert known("cc")[Topic.COMMERCIAL_USE] is Value.UNKNOWN
    assert known("bsd")[Topic.PATENT_USE] is Value.UNKNOWN


def test_a_record_keeps_no_clause_for_a_value_that_it_changes() -> None:
    base = record() + '[x.clauses]\n"royalties naming" = "no fee at all"\n[x.notes]\nroyalties = "None."\n'
    child = '[y]\nlike = "x"\nterms = { royalties = "yes", naming = "no" }\n'
    terms = read_terms([base, child])["y"]
    assert (terms[Topic.ROYALTIES], terms[Topic.DISTRIBUTION], terms.title) == (Value.YES, Value.NO, "X")
    assert set(terms.clauses) == {Topic.NAMING}
    assert terms.notes == {}


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ([record().replace('naming = "no"\n', "")], "x: nothing is recorded about naming"),
        ([record().replace('naming = "no"', 'naming = "perhaps"')], "x: 'PERHAPS' is not a valid Value"),
        ([record().replace('naming = "no"', 'nameing = "no"')], "x: 'nameing' is not a valid Topic"),
        ([record(), record()], "two records are called 'x'"),
        ([record(like='"nowhere"')], "x > nowhere: no such record to start from"),
        ([record(like='"x"')], "x > x: no such record to start from"),
        ([record(), '[y]\nlike = "x"\nalso = ["x"]\n'], "'x' is claimed by x and y"),
        ([record() + '[x.clauses]\nnaming = "a … b … c"\n'], "x: a clause needs first words"),
        ([record() + '[x.clauses]\nnaming = "… b"\n'], "x: a clause needs first words"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused_by_name(texts: list[str], complaint: str) -> None:
    with pytest.raises(TermsError) as refused:
        read_terms(texts)
    assert str(refused.value).startswith(complaint)


def test_what_is_recorded_has_a_version_and_a_clause_where_it_says_something() -> None:
    assert len(terms_version()) == 12
    for license_id, terms in known_terms().items():
        # A record whose text nobody went through has no clauses at all.
        assert Topic.DISTRIBUTION in terms.clauses or not terms.clauses, license_id


@pytest.mark.parametrize(
    ("license_id", "territory", "duties"),
    [
        ("llama3.1", Value.NO, Value.NO),
        ("llama3.2", Value.CONDITIONAL, Value.NO),
        ("llama3.3", Value.NO, Value.NO),
        ("llama4", Value.CONDITIONAL, Value.NO),
        ("tencent-hunyuan-community", Value.YES, Value.NO),
        ("hunyuan-a13b", Value.YES, Value.NO),
        ("stability-ai-community", Value.NO, Value.CONDITIONAL),
        ("cogvideox", Value.UNKNOWN, Value.CONDITIONAL),
        ("mit", Value.NO, Value.NO),
        ("jamba-open-model", Value.UNKNOWN, Value.UNKNOWN),
    ],
)
def test_where_it_is_granted_and_what_comes_before_use(license_id: str, territory: Value, duties: Value) -> None:
    terms = known(license_id)
    assert (terms[Topic.TERRITORY], terms[Topic.DUTIES]) == (territory, duties)
    for topic in (Topic.TERRITORY, Topic.DUTIES):
        assert terms[topic] in (Value.NO, Value.UNKNOWN) or topic in terms.notes or family_members(license_id)


def test_who_grants_to_make_and_sell_grants_patents() -> None:
    assert known("nvidia-open-model")[Topic.PATENT_USE] is Value.YES


def test_an_exception_may_waive_duties_and_takes_back_nothing() -> None:
    plain, excepted = known("gpl-2.0"), known("GPL-2.0 WITH Classpath-exception-2.0")
    assert (plain[Topic.SHARE_ALIKE], excepted[Topic.SHARE_ALIKE]) == (Value.YES, Value.UNKNOWN)
    assert excepted.copyleft is Copyleft.UNKNOWN
    assert excepted[Topic.COMMERCIAL_USE] is Value.YES
    assert known("apache-2.0 with llvm-exception").copyleft is Copyleft.NONE
    assert terms_of("nobody-knows with llvm-exception") is None


def test_a_shared_name_says_only_what_all_its_members_say() -> None:
    told = {name: known(name)[Topic.COMMERCIAL_USE] for name in ("modified-mit", "exaone", "falcon-llm-license", "cc-by-nc")}
    assert told == {
        "modified-mit": Value.UNKNOWN,
        "exaone": Value.UNKNOWN,
        "falcon-llm-license": Value.UNKNOWN,
        "cc-by-nc": Value.NO,
    }
    assert known("kimi-k2-modified-mit")[Topic.COMMERCIAL_USE] is Value.YES
    assert known("minimax-m2.7")[Topic.COMMERCIAL_USE] is Value.NO


def test_what_nobody_has_read_says_only_what_its_record_states() -> None:
    """That there is no duty or no limit is a claim too; a template must not make it for a text that nobody went through."""
    unread = {
        terms.license_id: terms for name, terms in known_terms().items() if not terms.was_read and not family_members(name)
    }
    assert len(unread) == 23
    absent = {
        name: sorted(topic for topic in Topic if terms[topic] in (Value.NO, Value.SILENT)) for name, terms in unread.items()
    }
    assert {name: topics for name, topics in absent.items() if topics} == {
        "ai2-impact-hr": [Topic.DISTRIBUTION],
        "cpml": [Topic.COMMERCIAL_USE],
        "databricks-open-model": [Topic.ROYALTIES],
        "dinov3": [Topic.ROYALTIES],
        "intel-research": [Topic.COMMERCIAL_USE],
        "lfm-1.0": [Topic.ROYALTIES, Topic.USE_LIMITS],
        "minimax-m2.7": [Topic.COMMERCIAL_USE],
        "mistral-research": [Topic.COMMERCIAL_USE],
        "mnpl": [Topic.COMMERCIAL_USE],
        "nvidia-nemotron-open-model": [Topic.ROYALTIES],
        "sam": [Topic.ROYALTIES],
    }
    assert {name for name, terms in unread.items() if terms.copyleft is not Copyleft.UNKNOWN} == {"sam", "dinov3"}


@pytest.mark.parametrize("topic", [Topic.USE_LIMITS, Topic.THRESHOLD, Topic.BINDING])
def test_there_is_no_class_where_a_restriction_is_not_known(topic: Topic) -> None:
    permits = record(work='"model"')
    for permitted in (Topic.COMMERCIAL_USE, Topic.DISTRIBUTION, Topic.MODIFICATION):
        permits = permits.replace(f'{permitted} = "no"', f'{permitted} = "yes"')
    assert license_type(read_terms([permits])["x"]) is LicenseType.PERMISSIVE
    unsure = permits.replace(f'{topic} = "no"', f'{topic} = "unknown"')
    assert unsure != permits
    assert license_type(read_terms([unsure])["x"]) is None
