"""The words that variants are written in."""

import pytest

from budmodel_pipeline.identity.vocabulary import in_vocabulary, note, written


@pytest.mark.parametrize(
    ("variant", "known"),
    [
        ("effort=high", True),
        ("effort=medium; thinking=on", True),
        ("effort=high + low", True),
        ("agent=EPAM AI/Run Developer Agent v20250719", True),
        ("budget=32k", True),
        ("budget=32768", True),
        ("budget=unknown", True),
        ("effort=med", False),
        ("effort=high low", False),
        ("thinking=fc thinking", False),
        ("thinking", False),
        ("budget=32K", False),
        ("mood=good", False),
        ("", False),
    ],
)
def test_topics_and_values_are_closed(variant: str, known: bool) -> None:
    assert in_vocabulary(variant) is known


def test_a_value_is_noted_once_and_others_stand_beside_it() -> None:
    variant: dict[str, str] = {}
    for value in ("high", "low", "high"):
        note(variant, "effort", value)
    note(variant, "agent", "OpenHands")
    assert written(variant) == "agent=OpenHands; effort=high + low"
    assert written({}) is None
