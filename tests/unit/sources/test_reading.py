"""Cells, rows and the account of every row."""

from datetime import date

import pytest

from budmodel_pipeline.sources.contract import Columns, RejectionKind, SourceError
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import (
    csv_rows,
    day,
    decode,
    fact,
    flag,
    json_rows,
    load_json,
    number,
    percent,
    published_name,
    require_columns,
    slug,
    text,
)

COLUMNS = Columns(required=frozenset({"name", "score"}), optional=frozenset({"link"}), ignored=frozenset({"id"}))


def started() -> Ledger:
    """A ledger that is reading the file `board`."""
    ledger = Ledger()
    ledger.start("board")
    return ledger


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (" MIT ", "MIT"),
        ("", None),
        ("  ", None),
        ("-", None),
        ("N/A", None),
        ("nan", None),
        ("Unknown", None),
        ("none of these", "none of these"),
        (None, None),
        (3, None),
    ],
)
def test_text(cell: object, expected: str | None) -> None:
    assert text(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("chat", "chat"),
        (" NA ", None),
        (7, 7),
        (0.5, 0.5),
        (False, False),
        (float("nan"), None),
        (float("inf"), None),
        ([], None),
        (None, None),
    ],
)
def test_fact(cell: object, expected: object) -> None:
    assert fact(cell) == expected
    assert type(fact(cell)) is type(expected)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("86.45780691307947", 86.45780691307947),
        (" 5 ", 5.0),
        ("-0.129", -0.129),
        ("1e3", 1000.0),
        (7, 7.0),
        (0, 0.0),
        ("0", 0.0),
        ("", None),
        ("  ", None),
        ("N/A", None),
        ("-", None),
        ("NaN", None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_number(cell: object, expected: float | None) -> None:
    assert number(cell, "score") == expected


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("Infinity", "score is not finite"),
        ("-inf", "score is not finite"),
        (float("inf"), "score is not finite"),
        ("1e999", "score is not finite"),
        (10**400, "score is not finite"),
        ("44.5 (Not Given)", "score is not a number"),
        ("1,5", "score is not a number"),
        ("50%", "score is not a number"),
        (True, "score is not a number"),
        ([1], "score is not a number"),
        ({}, "score is not a number"),
    ],
)
def test_number_refuses(cell: object, reason: str) -> None:
    with pytest.raises(CellError, match=f"^{reason}$"):
        number(cell, "score")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("77.47%", 77.47), (" -15.4% ", -15.4), ("0.00%", 0.0), ("5 %", 5.0), ("N/A", None), ("", None), (None, None)],
)
def test_percent(cell: str | None, expected: float | None) -> None:
    assert percent(cell, "score") == expected


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("77.47", "score has no percent sign"),
        ("0.7747", "score has no percent sign"),
        ("high%", "score is not a number"),
        ("inf%", "score is not finite"),
    ],
)
def test_percent_refuses(cell: str, reason: str) -> None:
    with pytest.raises(CellError, match=f"^{reason}$"):
        percent(cell, "score")


@pytest.mark.parametrize(
    ("cell", "formats", "expected"),
    [
        ("9/2/2026", ("%m/%d/%Y",), date(2026, 9, 2)),
        ("2023/7/25", ("%Y-%m-%d", "%Y/%m/%d"), date(2023, 7, 25)),
        (" 2024-02-29 ", ("%Y-%m-%d",), date(2024, 2, 29)),
        ("", ("%Y",), None),
        ("Unknown", ("%Y",), None),
        (None, ("%Y",), None),
    ],
)
def test_day(cell: object, formats: tuple[str, ...], expected: date | None) -> None:
    assert day(cell, "released", formats) == expected


@pytest.mark.parametrize("cell", ["2023-02-29", "13/1/2026", "soon", "2024-01-01T00:00:00"])
def test_day_refuses(cell: str) -> None:
    with pytest.raises(CellError, match=r"^released is not a date$"):
        day(cell, "released", ("%Y-%m-%d", "%m/%d/%Y"))


@pytest.mark.parametrize("name", ["GPT-4 Turbo (04/09)", "通义千问", "NA", "x" * 300, "Writing ✍️"])
def test_a_name_stays_as_it_stands(name: str) -> None:
    assert published_name(f"  {name} ") == name


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "the name is empty"),
        (" \t\n", "the name is empty"),
        (None, "the name is empty"),
        (4, "the name is empty"),
        ("x" * 301, "the name is longer than 300 characters"),
        ("x" * 10_000, "the name is longer than 300 characters"),
        ("a\x00b", "the name holds control characters"),
        ("a\nb", "the name holds control characters"),
        ("a\x1b[31mb", "the name holds control characters"),
        ("a\x85b", "the name holds control characters"),
        ("a\u202eb", "the name holds control characters"),
        ("a\ufeffb", "the name holds control characters"),
    ],
)
def test_a_bad_name_is_refused(cell: object, reason: str) -> None:
    with pytest.raises(CellError, match=f"^{reason}$"):
        published_name(cell)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Non-Live AST", "non_live_ast"),
        ("W/10 👍", "w_10"),
        ("  Total Cost ($) ", "total_cost"),
        ("wm_music_mae", "wm_music_mae"),
    ],
)
def test_slug(title: str, expected: str) -> None:
    assert slug(title) == expected


@pytest.mark.parametrize("content", ["é".encode(), "\ufeffé".encode()])
def test_decode(content: bytes) -> None:
    assert decode(content, "board") == "é"


@pytest.mark.parametrize(("content", "offset"), [("é".encode("latin-1"), 0), (b"name\xff", 4)])
def test_decode_says_where_the_text_stops_being_utf8(content: bytes, offset: int) -> None:
    with pytest.raises(SourceError, match=f"board: expected UTF-8 text; found .* offset {offset}"):
        decode(content, "board")


@pytest.mark.parametrize(
    "content",
    [
        b"name,score\nA,1\nB,2\n",
        b"name,score\nA,1\nB,2",
        b"name,score\r\nA,1\r\nB,2\r\n",
        b"\xef\xbb\xbfname,score\nA,1\nB,2\n",
        b" name , score\nA,1\nB,2\n",
        b'name,score\n"A",1\n\nB,"2"\n\n',
    ],
    ids=["plain", "no last line end", "crlf", "byte order mark", "blanks in the header", "quotes and empty lines"],
)
def test_csv_rows(content: bytes) -> None:
    ledger = Ledger()
    assert list(csv_rows(content, "board", COLUMNS, ledger)) == [{"name": "A", "score": "1"}, {"name": "B", "score": "2"}]
    assert ledger.rows_read == 2
    assert ledger.unknown_columns == []


def test_csv_cells_may_hold_commas_quotes_and_lines() -> None:
    (row,) = csv_rows(b'score,name\n1,"a, ""b""\nc"\n', "board", COLUMNS, Ledger())
    assert row == {"score": "1", "name": 'a, "b"\nc'}


def test_a_ragged_row_is_rejected_and_the_next_one_read() -> None:
    ledger = Ledger()
    assert [row["name"] for row in csv_rows(b"name,score\nA\nB,2\nC,3,4\n", "board", COLUMNS, ledger)] == ["B"]
    assert ledger.rows_read == 3
    assert [rejection.reason for rejection in ledger.parsed().rejections] == [
        "1 cells under 2 columns",
        "3 cells under 2 columns",
    ]


@pytest.mark.parametrize(
    ("content", "expected", "check"),
    [
        (b"", "the columns 'name', 'score'", "columns"),
        (b"\n\n", "the columns 'name', 'score'", "columns"),
        (b"name,score\n", "rows", "well_formed"),
        (b"<html></html>", "the columns 'name', 'score'", "columns"),
        (b"name,Score\nA,1\n", "the columns 'score'", "columns"),
        (b"name,score,score\nA,1,2\n", "distinct columns", "well_formed"),
        (b"name,score,link\nA,1,x\nB,2", "a complete last row", "well_formed"),
        (b'name,score\nA,1\n"B,2\n', "well-formed CSV", "well_formed"),
        (b'name,score\n"A"x,1\n', "well-formed CSV", "well_formed"),
        (b'name,score\n"' + b"A" * 200_000 + b'",1\n', "well-formed CSV", "well_formed"),
    ],
    ids=[
        "empty",
        "blank lines",
        "no rows",
        "html",
        "renamed",
        "twice",
        "cut off",
        "open quote",
        "text after quote",
        "huge cell",
    ],
)
def test_a_damaged_csv_fails(content: bytes, expected: str, check: str) -> None:
    with pytest.raises(SourceError) as failure:
        list(csv_rows(content, "board", COLUMNS, Ledger()))
    assert (failure.value.endpoint, failure.value.expected, failure.value.check) == ("board", expected, check)


def test_unknown_columns_are_reported_and_known_ones_not() -> None:
    ledger = Ledger()
    require_columns(["id", "name", "score", "link", "judge", "seed"], "board", COLUMNS, ledger)
    assert ledger.unknown_columns == ["board: judge", "board: seed"]


def test_a_failure_does_not_print_a_whole_header() -> None:
    with pytest.raises(SourceError) as failure:
        require_columns([f"column {number} {'x' * 200}" for number in range(500)], "board", COLUMNS, Ledger())
    assert len(str(failure.value)) < 1_500
    assert failure.value.found.endswith("…")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": Infinity}', {"a": float("inf")}),
    ],
)
def test_load_json(content: bytes, expected: object) -> None:
    assert load_json(content, "board", Ledger()) == expected


def test_load_json_lets_nan_through() -> None:
    assert number(load_json(b'{"a": NaN}', "board", Ledger())["a"], "a") is None


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b'{"a": 1', b"{'a': 1}", b"[" * 100_000, b"\xff\xfe"],
    ids=["empty", "html", "cut off", "single quotes", "deep", "utf-16"],
)
def test_damaged_json_fails(content: bytes) -> None:
    with pytest.raises(SourceError, match="board"):
        load_json(content, "board", Ledger())


def test_json_rows_reject_what_is_no_complete_object() -> None:
    ledger = started()
    rows = [{"name": "A", "score": 1}, None, {"name": "B"}, {"score": 3, "name": "C", "judge": "x"}]
    assert [row["name"] for row in json_rows(rows, COLUMNS, ledger)] == ["A", "C"]
    assert ledger.rows_read == 4
    assert [rejection.reason for rejection in ledger.parsed().rejections] == [
        "the row is not an object",
        "the row lacks score",
    ]
    assert ledger.unknown_columns == ["board: judge"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"name": "A", "score": 1}, "a list of row objects"),
        (None, "a list of row objects"),
        ([], "a list of row objects"),
        ([{"name": "A", "Score": 1}], "the columns 'score'"),
    ],
)
def test_json_rows_of_another_layout_fail(rows: object, expected: str) -> None:
    with pytest.raises(SourceError) as failure:
        list(json_rows(rows, COLUMNS, started()))
    assert failure.value.expected == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("TRUE", True), (" false ", False), ("True", True), ("", None), ("N/A", None), (None, None)],
)
def test_flag(cell: object, expected: bool | None) -> None:
    assert flag(cell, "thinks", yes="true", no="false") is expected


def test_flag_refuses() -> None:
    with pytest.raises(CellError, match=r"^thinks is neither true nor false$"):
        flag("maybe", "thinks", yes="true", no="false")


def test_exact_duplicates_are_called_that() -> None:
    ledger = Ledger()
    assert len(list(csv_rows(b"name,score\nA,1\nB,2\nA,1\nA,3\n", "board", COLUMNS, ledger))) == 3
    (rejection,) = ledger.parsed().rejections
    assert (rejection.reason, rejection.kind) == ("an exact duplicate of an earlier row", RejectionKind.DUPLICATE)
    assert rejection.example.startswith("row 3 of row 1")
    ledger = started()
    rows = [{"name": "A", "score": 1}, {"name": "A", "score": 1}]
    assert len(list(json_rows(rows, COLUMNS, ledger))) == 1
    assert [rejection.kind for rejection in ledger.parsed().rejections] == [RejectionKind.DUPLICATE]


def test_an_empty_list_is_called_that() -> None:
    with pytest.raises(SourceError, match="found an empty list"):
        list(json_rows([], COLUMNS, started()))


def test_a_key_with_two_values_in_one_object_fails() -> None:
    """Every other reader silently takes the last."""
    with pytest.raises(
        SourceError, match=r"board: expected one value of the key 'score' in an object; found 1 and 2"
    ) as found:
        load_json(b'[{"name": "A", "score": 1, "score": 2}]', "board", Ledger())
    assert found.value.check == "unique"


def test_a_key_twice_with_one_value_is_counted() -> None:
    ledger = Ledger()
    assert load_json(b'[{"name": "A", "score": 1, "score": 1}]', "board", ledger) == [{"name": "A", "score": 1}]
    (unread,) = ledger.parsed().unread
    assert (unread.endpoint, unread.column, unread.cells) == ("board", "score", 1)


WIDE = Columns(required=frozenset({"name"}), minor=frozenset({"a", "b", "c"}))


def test_a_minor_column_that_is_gone_is_reported() -> None:
    ledger = Ledger()
    require_columns(["name", "a", "b"], "board", WIDE, ledger)
    assert (ledger.missing_columns, ledger.unknown_columns) == (["board: c"], [])


@pytest.mark.parametrize("header", [["a", "b", "c"], ["name", "a"], ["name", "x", "y"]])
def test_another_table_fails(header: list[str]) -> None:
    with pytest.raises(SourceError) as failure:
        require_columns(header, "board", WIDE, Ledger())
    assert failure.value.check == "columns"
