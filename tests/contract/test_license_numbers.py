"""How many licenses are known, in the one place that says so."""

import re

from budmodel_pipeline.licensing.fingerprints import known_fingerprints
from budmodel_pipeline.licensing.terms import family_members, known_terms
from tests.contract.house.documents import read


def test_the_numbers_of_licenses_are_those_of_the_data() -> None:
    records = {terms.license_id: terms for terms in known_terms().values()}
    shared = {license_id for license_id in records if family_members(license_id)}
    in_part = [license_id for license_id, terms in records.items() if license_id not in shared and not terms.clauses]
    texts = [known.license_id for known in known_fingerprints() if "/" not in known.license_id]
    unreviewed = {license_id for license_id in texts if license_id not in known_terms()}
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", read("docs/licenses.md"), re.MULTILINE)
    said = [[int(number) for number in (first, *re.findall(r"\b\d+\b", rest))] for first, rest in rows]
    assert said == [
        [len(records) - len(shared), len(in_part)],
        [len(shared)],
        [len(texts), len(set(texts))],
        [len(unreviewed)],
    ]
