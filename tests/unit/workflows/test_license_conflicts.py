"""Which licenses of models contradict each other, as a table of cases: decisions only, no database."""

from dataclasses import replace

import pytest

from budmodel_pipeline.warehouse.license_records import LicensedModel
from budmodel_pipeline.workflows.model_licensing import find_conflicts

APACHE = LicensedModel("hf:a/base", "a/base", "mit", "identified", "apache-2.0", (), (), "text", ())
CLOSED = LicensedModel("hf:a/closed", "A/Closed", "cc-by-nc-4.0", "identified", "cc-by-nc-4.0", (), (), "tag", ())
FREED = LicensedModel("hf:b/freed", "b/freed", "mit", "identified", "mit", (), (), "tag", ("a/closed", "nobody/knows"))


@pytest.mark.parametrize(
    ("evidence", "contradicts"), [("text", True), ("link", True), ("tag", False), ("none", False), (None, False)]
)
def test_a_tag_is_compared_with_a_text_wherever_that_was_read(evidence: str | None, contradicts: bool) -> None:
    found = find_conflicts([replace(APACHE, evidence=evidence)])
    told = [(one.target, one.kind, one.severity, one.claimed, one.found) for one in found]
    assert told == ([("hf:a/base", "tag_vs_text", "conflict", "mit", "apache-2.0")] if contradicts else [])


def test_a_derivative_is_compared_with_its_base_whatever_both_are_known_by() -> None:
    for ours in ("text", "link", "tag"):
        for theirs in ("text", "link", "tag"):
            found = find_conflicts([replace(CLOSED, evidence=theirs), replace(FREED, evidence=ours)])
            told = {(one.target, one.kind, one.other) for one in found if one.severity == "conflict"}
            assert told == {("hf:b/freed", "derivative_vs_base", "a/closed")}


@pytest.mark.parametrize("unknown", [replace(CLOSED, state=None), replace(CLOSED, name="elsewhere/closed")])
def test_nothing_is_compared_with_what_is_not_known(unknown: LicensedModel) -> None:
    assert find_conflicts([unknown, FREED]) == []


def test_a_base_that_is_named_twice_is_told_once() -> None:
    once = find_conflicts([CLOSED, FREED])
    assert once
    assert find_conflicts([CLOSED, replace(FREED, base_models=("a/closed", "a/closed"))]) == once
