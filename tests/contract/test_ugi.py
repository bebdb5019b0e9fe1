"""UGI: the sample, the real file, and what the layout of 2024 or a damaged file does."""

import csv
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from budmodel_pipeline.sources.contract import Entry, Parsed, SourceError, Unit
from budmodel_pipeline.sources.ugi import NUMBERS, POLITICS, SOURCE

FILE = SOURCE.endpoints[0].url.removeprefix("https://")
SAMPLE = Path(__file__).parents[2] / "samples" / FILE
METRICS = {metric.slug: metric for metric in SOURCE.metrics}
OPUS = "anthropic/claude-opus-5-5 (adaptive, effort=low)"
NAME = "author/model_name"
Rows = list[list[str]]


def parse(content: bytes) -> Parsed:
    return SOURCE.parse({"leaderboard": content})


def sample() -> Rows:
    return list(csv.reader(StringIO(SAMPLE.read_bytes().decode(), newline="")))


def dump(table: Rows) -> bytes:
    out = StringIO(newline="")
    csv.writer(out).writerows(table)
    return out.getvalue().encode()


def with_cell(column: str, cell: str) -> bytes:
    """The sample with one cell of the row of OPUS changed."""
    header, *rows = sample()
    (row,) = [row for row in rows if row[0] == OPUS]
    row[header.index(column)] = cell
    return dump([header, *rows])


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def canonical(entry: Entry, slug: str) -> float:
    return entry.scores[slug].value / METRICS[slug].unit.divisor


def test_sample() -> None:
    parsed = parse(SAMPLE.read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (15, 15, 0)
    assert parsed.unknown_columns == ()
    opus = entries(parsed)[OPUS]
    assert opus.scores["ugi"].value == 54.46
    assert opus.scores["w_10"].value == 4.2
    assert canonical(opus, "political_lean") == pytest.approx(-0.154)
    assert canonical(opus, "wm_recipe_percent_error") == pytest.approx(0.225)
    assert opus.scores["wm_geoguesser_mae"].value == 359
    assert METRICS["political_lean"].unit is Unit.PERCENT
    assert METRICS["political_lean"].higher_is_better is None
    assert METRICS["wm_geoguesser_mae"].higher_is_better is False
    assert METRICS["wm_geoguessr_mae_score"].higher_is_better is True
    assert opus.released_on == date(2026, 9, 22)


def test_facts_beside_the_scores() -> None:
    found = entries(parse(SAMPLE.read_bytes()))
    # The link leads nowhere, but it is what the publisher says.
    assert found[OPUS].link == f"https://huggingface.co/{OPUS}"
    assert found[OPUS].settings["tested_on"] == "2026-09-23"
    assert found[OPUS].settings["ideology"] == "Liberalism"
    # Written True, TRUE and FALSE.
    assert [found[OPUS].settings[flag] for flag in ("is_thinking", "is_foundation", "is_merged")] == [True, True, False]
    assert found["xai/grok-4.6"].link is None
    mixtral = found["mistralai/Mixtral-8x7B-Instruct-v0.1"].settings
    assert mixtral["parameters"] == "8x7B"
    assert mixtral["total_parameters_billion"] == 46.7


def test_no_writing_score_is_not_zero() -> None:
    found = entries(parse(SAMPLE.read_bytes()))
    assert "writing" not in found["gpt-4o-2024-08-06"].scores
    assert found["xai/grok-4.6"].scores["writing"].value == 63.31


def test_real_file(mirror: Path) -> None:
    parsed = parse((mirror / FILE).read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (379, 379, 0)
    assert parsed.unknown_columns == ()
    found = entries(parsed)
    # Lines 2, 3, 19 and 380 of the file.
    assert canonical(found[OPUS], "govt") == pytest.approx(0.456)
    assert found["xai/grok-4.6"].scores["wm_geoguesser_mae"].value == 2163
    assert found["databricks/dbrx-base"].scores["w_10"].value == 8.181818182
    assert found["databricks/dbrx-base"].settings["parameters"] == "16x12B"
    assert found["google/gemma-7b-it"].scores["ugi"].value == 2.30
    assert found["google/gemma-7b-it"].released_on == date(2024, 2, 21)


def test_the_layout_of_2024_fails_and_names_what_is_gone() -> None:
    header = "Release Date,Date Added,#P,Active Params,Total Params,Model,Link,UGI 🏆,W/10 👍,I/10 💡,Unruly,Internet,Stats"
    row = "8/15/2024,8/17/2024,405,405.0,405.0,NousResearch/Hermes-3-Llama-3.1-405B,,66.67,6.36,8.81,65.8,66.0,58.1"
    with pytest.raises(SourceError, match="'Entertainment'") as failure:
        parse(f"{header}\n{row}\n".encode())
    assert failure.value.check == "columns"
    assert "'I/10 💡'" in failure.value.found


@pytest.mark.parametrize("column", [NAME, "UGI 🏆"])
def test_a_renamed_column_fails_and_is_named(column: str) -> None:
    header, *rows = sample()
    with pytest.raises(SourceError, match=f"'{column}'"):
        parse(dump([[f"{name} v2" if name == column else name for name in header], *rows]))


@pytest.mark.parametrize("column", ["Writing ✍️", "NatInt 💡", "wm_music_mae", "Political Lean 📋", "Test Date", "Is Merged"])
def test_a_minor_column_that_is_renamed_costs_itself_alone(column: str) -> None:
    header, *rows = sample()
    parsed = parse(dump([[f"{name} v2" if name == column else name for name in header], *rows]))
    assert parsed.missing_columns == (f"leaderboard: {column}",)
    assert parsed.unknown_columns == (f"leaderboard: {column} v2",)
    metric = (NUMBERS | POLITICS).get(column)
    before = entries(parse(SAMPLE.read_bytes()))
    assert {key: entry.scores for key, entry in entries(parsed).items()} == {
        key: {slug: score for slug, score in entry.scores.items() if metric is None or slug != metric.slug}
        for key, entry in before.items()
    }


def test_a_header_is_read_without_the_blanks_around_it() -> None:
    header, *rows = sample()
    parsed = parse(dump([[f" {name}  " for name in header], *rows]))
    assert parsed.entries == parse(SAMPLE.read_bytes()).entries


def test_the_order_of_columns_does_not_matter() -> None:
    assert entries(parse(dump([row[::-1] for row in sample()]))) == entries(parse(SAMPLE.read_bytes()))


def test_a_descriptive_column_may_go() -> None:
    gone = sample()[0].index("Architecture")
    parsed = parse(dump([row[:gone] + row[gone + 1 :] for row in sample()]))
    assert parsed.rows_kept == 15


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert parse(b"\xef\xbb\xbf" + SAMPLE.read_bytes()).rows_kept == 15


BAD_CELLS = [
    ("UGI 🏆", "Infinity", "UGI 🏆 is not finite"),
    ("NatInt 💡", "high", "NatInt 💡 is not a number"),
    ("econ", "47.5", "econ has no percent sign"),
    ("Political Lean 📋", "inf%", "Political Lean 📋 is not finite"),
    ("Is Merged", "perhaps", "Is Merged is neither TRUE nor FALSE"),
    ("Release Date", "22.9.2026", "Release Date is not a date"),
    ("Release Date", "13/1/2026", "Release Date is not a date"),
    ("Test Date", "last week", "Test Date is not a date"),
    ("Total Parameters", "8x7B", "Total Parameters is not a number"),
]


@pytest.mark.parametrize(("column", "cell", "reason"), BAD_CELLS)
def test_a_bad_cell_costs_itself_alone(column: str, cell: str, reason: str) -> None:
    parsed = parse(with_cell(column, cell))
    assert (parsed.rows_kept, parsed.rejections) == (15, [])
    assert [(unread.reason, unread.cells) for unread in parsed.unread] == [(reason, 1)]


def test_an_iso_date_is_a_date() -> None:
    assert entries(parse(with_cell("Test Date", "2026-09-23")))[OPUS].settings["tested_on"] == "2026-09-23"


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("a" * 10_000, "the name is longer than 300 characters"),
        ("xai/grok\x07", "the name holds control characters"),
        ("  ", "the name is empty"),
    ],
)
def test_a_bad_name_costs_its_row_alone(cell: str, reason: str) -> None:
    parsed = parse(with_cell(NAME, cell))
    assert [(rejection.reason, rejection.rows, rejection.kind) for rejection in parsed.rejections] == [(reason, 1, "bad")]
    assert (parsed.rows_read, parsed.rows_kept) == (15, 14)


@pytest.mark.parametrize("column", [*NUMBERS, *POLITICS])
@pytest.mark.parametrize("cell", ["", "NA", "NaN"])
def test_a_missing_cell_is_no_score(column: str, cell: str) -> None:
    slug = (NUMBERS | POLITICS)[column].slug
    assert slug in entries(parse(SAMPLE.read_bytes()))[OPUS].scores
    assert slug not in entries(parse(with_cell(column, cell)))[OPUS].scores


def test_rows_in_conflict_fail() -> None:
    header, first, *rest = sample()
    other = [*first]
    other[header.index("UGI 🏆")] = "99"
    with pytest.raises(SourceError, match=r"one ugi for .*conflict") as failure:
        parse(dump([header, first, *rest, other]))
    assert failure.value.check == "unique"


def test_a_repeated_row_is_counted_as_rejected() -> None:
    header, first, *rest = sample()
    parsed = parse(dump([header, first, *rest, first]))
    assert [(rejection.reason, rejection.rows) for rejection in parsed.rejections] == [
        ("an exact duplicate of an earlier row", 1)
    ]
    assert parsed.rows_read == 16


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda _: b"", "columns"),
        (lambda _: b"Access to this dataset is gated.", "columns"),
        (lambda content: content[:-30], "complete last row"),
        (lambda content: content[: content.index(b'effort=low)"') + 5], "well-formed CSV"),
    ],
    ids=["empty", "error text", "cut off", "cut off within quotes"],
)
def test_a_damaged_file_fails(damage: Callable[[bytes], bytes], expected: str) -> None:
    with pytest.raises(SourceError, match=expected):
        parse(damage(SAMPLE.read_bytes()))
