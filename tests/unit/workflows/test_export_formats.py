"""Cells as files of text have them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZipFile

import pytest

from budmodel_pipeline.workflows import export_formats
from budmodel_pipeline.workflows.export_formats import ExportColumn, TooLongError, inert, plain, write_xlsx


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


def workbook(tmp_path: Path, cells: Sequence[object], kind: str = "text") -> tuple[str, str]:
    """The sheet of a table with one column, and the texts that its cells share, as XML."""
    place, count = write_xlsx(tmp_path, "board", [ExportColumn("name", kind, "A name.")], [(cell,) for cell in cells])
    assert count == len(cells)
    with ZipFile(place) as book:
        texts = book.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in book.namelist() else ""
        return book.read("xl/worksheets/sheet1.xml").decode(), texts


@pytest.mark.parametrize("formula", ["=1+1", "{=1+1}", "+1", "-1", "@SUM(A1)", "\t=1", "http://x.example", "=HYPERLINK(1)"])
def test_a_text_stays_a_text_in_a_workbook(formula: str, tmp_path: Path) -> None:
    sheet, texts = workbook(tmp_path, [formula])
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert escape(formula) in sheet + texts


@pytest.mark.parametrize(
    ("cell", "kind", "shown"),
    [
        (True, "boolean", 't="b"><v>1</v>'),
        (14_659_507_200, "bigint", "<v>14659507200</v>"),
        # A sheet would round it.
        (12_345_678_901_234_567, "bigint", "12345678901234567</t>"),
        (10**15, "bigint", "1000000000000000</t>"),
        (10**15 - 1, "bigint", "<v>999999999999999</v>"),
        (Decimal("0.25"), "numeric", "<v>0.25</v>"),
        (date(2026, 11, 27), "date", "<v>46353</v>"),
        (datetime(2026, 11, 27, 12, tzinfo=UTC), "timestamp with time zone", "<v>46353.5</v>"),
        # Before there are dates in a sheet.
        (date(1832, 1, 1), "date", "1832-01-01</t>"),
        (["a", "b"], "text[]", '["a", "b"]</t>'),
    ],
)
def test_values_keep_their_kind_in_a_workbook(cell: object, kind: str, shown: str, tmp_path: Path) -> None:
    sheet, texts = workbook(tmp_path, [cell], kind)
    assert shown.replace('"', "&quot;") in (sheet + texts).replace('"', "&quot;")


def test_a_text_that_a_cell_cannot_hold_says_where_it_was_cut(tmp_path: Path) -> None:
    sheet, texts = workbook(tmp_path, ["x" * 40_000])
    assert "… (40,000 characters; another format has them all)" in sheet + texts


def test_a_table_that_a_sheet_cannot_hold_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_formats, "_MOST_ROWS", 3)
    assert write_xlsx(tmp_path, "board", [ExportColumn("name", "text", "A name.")], [("a",), ("b",)])[1] == 2
    with pytest.raises(TooLongError, match="board has more than the 2 rows of a sheet"):
        write_xlsx(tmp_path, "board", [ExportColumn("name", "text", "A name.")], [("a",), ("b",), ("c",)])
