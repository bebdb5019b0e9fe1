"""Tags against texts, derivatives against base models: what is a conflict, what is worth a look, and what is neither."""

import pytest

from budmodel_pipeline.licensing.conflicts import Conflict, lineage_conflicts, tag_conflicts
from budmodel_pipeline.licensing.model import Identification, State


def text(
    license_id: str | None, state: State = "identified", candidates: tuple[str, ...] = (), near: str = ""
) -> Identification:
    resembled = ((near, 0.95),) if near else ()
    return Identification(license_id, None, state, 1.0, (), resembled, "test", candidates)


def rows(found: tuple[Conflict, ...]) -> set[tuple[str, str]]:
    assert all(conflict.reason.endswith(".") for conflict in found)
    return {(conflict.severity, conflict.dimension) for conflict in found}


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("mit", text("mit")),
        ("MIT", text("mit")),
        ("gpl", text("gpl-3.0")),
        ("bsd", text("bsd-3-clause")),
        ("openrail", text("creativeml-openrail-m")),
        ("cc", text("cc-by-nc-4.0")),
        ("odbl-1.0", text("odbl")),
        ("gpl-3.0-or-later", text("gpl-3.0")),
        ("other", text("llama3.1")),
        ("unknown", text("mit")),
        (None, text("mit")),
        ("mit", text(None, "not_a_license")),
    ],
)
def test_a_tag_that_the_text_bears_out_is_no_conflict(tag: str | None, found: Identification) -> None:
    assert tag_conflicts(tag, found) == ()


@pytest.mark.parametrize(
    ("tag", "found", "severity", "reason"),
    [
        ("apache-2.0", text("llama3.1"), "conflict", "The tag says apache-2.0, the text is llama3.1."),
        ("gpl", text("lgpl-3.0"), "conflict", "The tag says gpl, the text is lgpl-3.0."),
        ("my-own", text("mit"), "conflict", "The tag says my-own, the text is mit."),
        ("mit", text(None, "modified", ("mit",)), "conflict", "The tag says mit, the text adds to or changes its terms."),
        (
            "apache-2.0",
            text(None, "modified", ("mit",)),
            "conflict",
            "The tag says apache-2.0, the text adds to or changes mit.",
        ),
        (
            "mit",
            text(None, "several", ("mit", "apache-2.0")),
            "note",
            "The tag says mit, the text holds mit and apache-2.0.",
        ),
        (
            "gpl-3.0",
            text(None, "several", ("mit", "zlib")),
            "conflict",
            "The tag says gpl-3.0, the text holds mit and zlib.",
        ),
        (
            "llama3",
            text(None, "near_variant", near="llama3.1"),
            "note",
            "The tag says llama3, the text is only like llama3.1.",
        ),
        (
            "mit",
            text(None, "unknown"),
            "conflict",
            "The tag says mit, but nobody has understood what the model carries, links to or says beside it.",
        ),
        (
            "cc-by-nc-4.0",
            text(None, "unknown"),
            "note",
            "The tag says cc-by-nc-4.0, but nobody has understood what the model carries, links to or says beside it.",
        ),
        (
            "my-own",
            text(None, "unknown"),
            "note",
            "The tag says my-own, but nobody has understood what the model carries, links to or says beside it.",
        ),
    ],
)
def test_a_tag_that_the_text_does_not_bear_out(tag: str, found: Identification, severity: str, reason: str) -> None:
    (conflict,) = tag_conflicts(tag, found)
    assert (conflict.kind, conflict.severity, conflict.reason) == ("tag_vs_text", severity, reason)


@pytest.mark.parametrize(
    ("license_id", "base", "expected"),
    [
        ("apache-2.0", "llama3.1", {"commercial threshold", "use restrictions", "naming"}),
        ("mit", "cc-by-nc-4.0", {"commercial use"}),
        ("apache-2.0", "cc-by-nc-sa-4.0", {"commercial use", "share-alike"}),
        ("mit", "gpl-3.0", {"share-alike"}),
        ("cc-by-4.0", "cc-by-nd-4.0", {"modification"}),
        ("apache-2.0", "creativeml-openrail-m", {"use restrictions"}),
        ("unlicense", "mit", {"attribution"}),
        ("cc-by-nc-4.0", "gemma", {"use restrictions"}),
        ("gpl-3.0", "mit", set()),
        ("cc-by-nc-4.0", "apache-2.0", set()),
        ("mit", "apache-2.0", set()),
        ("llama3.2", "llama3.1", set()),
        ("llama3.1", "llama3.1", set()),
        ("gpl-3.0", "gpl", set()),
    ],
)
def test_a_derivative_may_not_permit_more_than_its_base(license_id: str, base: str, expected: set[str]) -> None:
    found = lineage_conflicts(license_id, [("org/base", base)])
    assert rows(found) == {("conflict", dimension) for dimension in expected}
    assert all(
        (one.kind, one.claimed, one.found) == ("derivative_vs_base", license_id, base) and "org/base" in one.reason
        for one in found
    )


@pytest.mark.parametrize(
    ("license_id", "base"), [("other", "llama3.1"), ("mit", None), (None, "mit"), ("mit", "my-own"), (None, None)]
)
def test_what_is_not_known_is_noted_and_no_conflict(license_id: str | None, base: str | None) -> None:
    assert rows(lineage_conflicts(license_id, [("org/base", base)])) == {("note", "license")}


def test_a_family_is_a_note_where_its_members_differ() -> None:
    assert ("note", "commercial use") in rows(lineage_conflicts("mit", [("org/base", "cc")]))


def test_who_permits_nothing_permits_no_more_than_a_base_of_which_nothing_is_known() -> None:
    assert "commercial use" not in {
        dimension for _, dimension in rows(lineage_conflicts("cc-by-nc-4.0", [("org/base", "cc")]))
    }


def test_every_base_is_compared() -> None:
    found = lineage_conflicts("mit", [("a/a", "apache-2.0"), ("b/b", "cc-by-nc-4.0"), ("c/c", "gpl-3.0")])
    assert [(one.found, one.dimension) for one in found] == [("cc-by-nc-4.0", "commercial use"), ("gpl-3.0", "share-alike")]


def test_without_a_base_there_is_nothing_to_say() -> None:
    assert lineage_conflicts("mit", []) == ()


def test_a_duty_that_is_not_known_is_no_conflict_and_keeps_one_from_being_seen() -> None:
    """Nobody has read what CogVideoX asks for: that its base model asks for credit contradicts nothing that is known."""
    found = rows(lineage_conflicts("cogvideox", [("org/base", "mit")]))
    assert ("note", "attribution") in found
    assert ("conflict", "attribution") not in found
