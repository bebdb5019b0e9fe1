"""Entries that a person leaves out: found by name or key, left out until their scores change, and counted."""

from budmodel_pipeline.sources.contract import Entry, Parsed, RejectionKind, Row, Score
from budmodel_pipeline.sources.set_aside import digest, entries_named, without


def entry(key: str, value: float) -> Entry:
    return Entry(key, key.title(), scores={"solved": Score(value)}, rows=[Row("table", 1, {"solved"})])


def test_other_scores_are_another_digest() -> None:
    assert digest(entry("alpha", 10)) == digest(entry("beta", 10))
    assert digest(entry("alpha", 10)) != digest(entry("alpha", 11))
    renamed = entry("alpha", 10)
    renamed.scores = {"share": renamed.scores["solved"]}
    assert digest(renamed) != digest(entry("alpha", 10))


def test_entries_are_found_by_name_or_key_in_any_case() -> None:
    parsed = Parsed([entry("alpha", 10), entry("beta", 11)], [], 2, 2)
    found, unknown = entries_named(parsed, ["ALPHA", "Beta", "gamma"])
    assert [one.key for one in found] == ["alpha", "beta"]
    assert unknown == ["gamma"]


def test_what_is_left_out_is_counted() -> None:
    parsed = Parsed([entry("alpha", 10), entry("beta", 11)], [], 2, 2)
    left = without(parsed, {"alpha": "a typo"})
    assert [one.key for one in left.entries] == ["beta"]
    (rejection,) = left.rejections
    assert (rejection.kind, rejection.rows) == (RejectionKind.SET_ASIDE, 1)
    assert "a typo" in rejection.reason
    assert left.rows_read == left.rows_kept + left.rows_rejected == 2
