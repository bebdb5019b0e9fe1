"""Cells as files of text have them."""

from typing import Any

import pytest

from budmodel_pipeline.workflows.export_formats import inert, plain


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_is_a_formula(formula: str) -> None:
    assert inert(formula) == f"'{formula}"
    # What a name begins with itself is not taken for ours.
    assert inert(f"'{formula}") == f"''{formula}"


@pytest.mark.parametrize("cell", [-1.5, 0, None, "gpt-4", "", "a=b"])
def test_what_is_no_formula_stays(cell: Any) -> None:
    assert inert(cell) == cell


def test_lists_and_truths_are_json() -> None:
    assert [plain(cell) for cell in (["=a", "ж"], True, None)] == ['["=a", "ж"]', "true", None]
