"""The account of every row and cell, and the entries that come of them."""

import pytest

from budmodel_pipeline.sources.contract import Metric, Rejection, RejectionKind, Score, SourceError, Unit
from budmodel_pipeline.sources.ledger import Ledger
from budmodel_pipeline.sources.reading import number


def started(endpoint: str = "board") -> Ledger:
    ledger = Ledger()
    ledger.start(endpoint)
    return ledger


def test_rejections_are_counted_by_reason_with_one_example() -> None:
    ledger = started()
    ledger.reject("too old", "first")
    ledger.reject("too old", "second")
    ledger.reject("too old", "third", RejectionKind.BY_RULE)
    ledger.start("other")
    ledger.reject("too old", "fourth")
    assert ledger.parsed().rejections == [
        Rejection("board", "too old", 2, "first", RejectionKind.BAD),
        Rejection("board", "too old", 1, "third", RejectionKind.BY_RULE),
        Rejection("other", "too old", 1, "fourth", RejectionKind.BAD),
    ]


def test_an_example_is_short_and_harmless() -> None:
    ledger = started()
    ledger.reject("bad", "a\x00\x1b[31m\u202e" + "x" * 10_000)
    (rejection,) = ledger.parsed().rejections
    assert len(rejection.example) == 300
    assert rejection.example.startswith("a��[31m�x")


def test_scores_of_two_rows_gather_in_one_entry() -> None:
    ledger = started()
    ledger.read()
    entry = ledger.entry("A", "A")
    ledger.record(entry, {"x": Score(1.0)})
    ledger.read(3)
    ledger.record(ledger.entry("A", "ignored"), {"y": Score(2.0, rank=1)})
    parsed = ledger.parsed()
    assert [(entry.published_name, entry.scores) for entry in parsed.entries] == [
        ("A", {"x": Score(1.0), "y": Score(2.0, rank=1)})
    ]
    assert (parsed.rows_read, parsed.rows_kept, parsed.score_count) == (4, 2, 2)
    assert (entry.place("x"), entry.place("y"), entry.place("z")) == ("A, row 1", "A, row 4", "A")


@pytest.mark.parametrize(
    ("scores", "reason", "kind"),
    [
        ({"x": Score(1.0)}, "the scores of an earlier row of the same name again", RejectionKind.DUPLICATE),
        ({}, "the row has no score", RejectionKind.BAD),
    ],
)
def test_a_row_that_adds_nothing_is_rejected(scores: dict[str, Score], reason: str, kind: RejectionKind) -> None:
    ledger = started()
    entry = ledger.entry("A", "A")
    ledger.record(entry, {"x": Score(1.0)})
    ledger.record(entry, scores)
    assert (ledger.rows_kept, ledger.parsed().rejections) == (1, [Rejection("board", reason, 1, "A", kind)])


@pytest.mark.parametrize("other", [Score(1.5), Score(1.0, rank=2)])
def test_rows_in_conflict_fail_and_are_named(other: Score) -> None:
    ledger = started()
    entry = ledger.entry("A", "A")
    ledger.read()
    ledger.record(entry, {"x": Score(1.0)})
    ledger.read()
    with pytest.raises(
        SourceError, match=r"board: expected one x for 'A'; found 1 \(A, row 1\) and .* \(row 2\)"
    ) as failure:
        ledger.record(entry, {"x": other})
    assert failure.value.check == "unique"


def test_an_entry_without_scores_is_not_published() -> None:
    ledger = started()
    ledger.entry("A", "A")
    assert ledger.parsed().entries == []


METRICS = {
    name.title(): Metric(slug=name, benchmark="b", title=name, unit=Unit.POINTS, higher_is_better=True)
    for name in ("one", "two")
}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"One": "1", "Two": 2}, {"one": Score(1.0), "two": Score(2.0)}),
        ({"One": "N/A", "Two": 0}, {"two": Score(0.0)}),
        ({"Two": None}, {}),
        ({"One": "best", "Two": 2}, {"two": Score(2.0)}),
    ],
)
def test_scores(row: dict[str, object], expected: dict[str, Score]) -> None:
    assert started().scores(row, METRICS, number) == expected


def test_a_cell_that_cannot_be_read_costs_itself_and_is_counted() -> None:
    ledger = started()
    ledger.read(7)
    assert ledger.scores({"One": "0.7s", "Two": 3}, METRICS, number) == {"two": Score(3.0)}
    assert ledger.cell({"size": "big"}, "size", number) is None
    assert ledger.cell({"size": "huge"}, "size", number) is None
    assert ledger.cell({"size": "8"}, "size", number) == 8
    assert ledger.unread_cells == 3
    assert ledger.parsed().unread == (
        ("board", "One", "One is not a number", 1, "row 7: '0.7s'", True),
        ("board", "size", "size is not a number", 2, "row 7: 'big'", False),
    )
    assert ledger.parsed().rejections == []
