"""Rows as they stand in the page."""

from decimal import Decimal
from typing import Any

import pytest

from budmodel_pipeline.report.compact import OF_A_MODEL, OF_A_PLACE, first_of_each, models_and_places, table
from tests.report_rows import choice


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("1486.60"), 1486.6),
        (0.123456789, 0.12346),
        (0.00012345678, 0.00012346),
        (123456789.0, 123460000.0),
        (123456789, 123456789),
        (True, True),
        (None, None),
        ("0.123456789", "0.123456789"),
        (["a"], ["a"]),
        (2**53, 2**53),
        (10**30, "1" + 30 * "0"),
        (-(2**53), -(2**53)),
        (-(10**30), "-1" + 30 * "0"),
        ({"value": [10**30, 0.123456789]}, {"value": ["1" + 30 * "0", 0.123456789]}),
    ],
)
def test_a_value_is_as_exact_as_anybody_is_shown(value: Any, written: Any) -> None:
    assert table(["a"], [{"a": value, "b": 1}]) == {"columns": ["a"], "rows": [[written]]}


def test_a_model_is_there_once_and_its_places_by_scope() -> None:
    rows = [choice(1), choice(2), choice(2, scope="coding", rank=1, blended_usd_per_million_tokens=0.5)]
    models, places = models_and_places(rows)
    assert models["columns"] == list(OF_A_MODEL)
    assert [row[0] for row in models["rows"]] == ["maker/model-1", "maker/model-2"]
    assert list(places) == ["overall", "coding"]
    (coding,) = places["coding"]["rows"]
    place = dict(zip(OF_A_PLACE, coding, strict=True))
    assert (place["group_id"], place["rank"], place["blended_usd_per_million_tokens"]) == ("maker/model-2", 1, 0.5)


def test_every_column_of_a_choice_is_of_a_model_or_of_a_place() -> None:
    known = set(choice(1))
    assert known - {"scope"} == {*OF_A_MODEL, *OF_A_PLACE}


@pytest.mark.parametrize(
    ("most", "kept"),
    [
        (1, [("a", 1, 2), ("b", 4, 0)]),
        (2, [("a", 1, 0), ("a", 2, 1), ("b", 4, 0)]),
        (3, [("a", 1, 0), ("a", 2, 0), ("a", 3, 0), ("b", 4, 0)]),
    ],
)
def test_the_last_that_is_shown_says_how_many_are_not(most: int, kept: list[tuple[str, int, int]]) -> None:
    rows = [{"key": key, "n": n} for n, key in enumerate("aaab", 1)]
    assert [(row["key"], row["n"], row["more"]) for row in first_of_each(rows, ("key",), most)] == kept
