"""LMArena text: the sample, the real file, and what a changed or damaged file does."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from budmodel_pipeline.sources.contract import Entry, Parsed, SourceError
from budmodel_pipeline.sources.lmarena_text import METRICS, SOURCE

FILE = SOURCE.endpoints[0].url.removeprefix("https://")
SAMPLE = Path(__file__).parents[2] / "samples" / FILE
Row = dict[str, Any]


def parse(content: bytes) -> Parsed:
    return SOURCE.parse({"latest": content})


def sample() -> list[Row]:
    rows: list[Row] = pq.read_table(SAMPLE).to_pylist()
    return rows


def write(table: Any) -> bytes:
    out = BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def dump(rows: list[Row]) -> bytes:
    return write(pa.Table.from_pylist(rows))


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def test_sample() -> None:
    parsed = parse(SAMPLE.read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (70, 70, 0)
    assert (parsed.unknown_columns, parsed.metrics) == ((), ())
    assert parsed.as_of == date(2025, 12, 11)
    glm = entries(parsed)["glm-4.6"]
    assert set(glm.scores) == {"rating_overall", "rating_chinese", "rating_coding", "rating_creative_writing", "rating_math"}
    assert METRICS["overall"].unit == "elo"
    overall = glm.scores["rating_overall"]
    assert (overall.value, overall.rank, overall.votes) == (1441.1577248695578, 3, None)
    assert overall.lower is not None
    assert overall.upper is not None
    assert overall.lower < overall.value < overall.upper
    assert glm.scores["rating_chinese"].value == 1504.95011367693
    assert (glm.organization, glm.license) == ("Z.ai", "MIT")
    assert glm.settings["variance"]["chinese"] == 94.51942666008505


def test_ranks_are_shared() -> None:
    parsed = parse(SAMPLE.read_bytes())
    third = [entry.key for entry in parsed.entries if entry.scores["rating_overall"].rank == 3]
    assert len(third) > 1


def test_mirror(mirror: Path) -> None:
    parsed = parse((mirror / FILE).read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (7461, 7461, 0)
    assert (parsed.unknown_columns, parsed.metrics) == ((), ())
    assert (len(parsed.entries), parsed.score_count) == (282, 7461)
    found = entries(parsed)
    # Rows 1, 2 and 4 of the file: category chinese.
    assert found["gemini-3-pro"].scores["rating_chinese"].value == 1525.1042120660923
    assert found["gemini-2.5-pro"].scores["rating_chinese"].lower == 1506.2783819620427
    assert found["glm-4.6"].scores["rating_chinese"].upper == 1524.0054496607793
    # 4,308 of the rows name no organization.
    assert any(entry.organization is None for entry in parsed.entries)


def test_votes_are_kept_where_they_are_published() -> None:
    rows = sample()
    for row in rows:
        row["vote_count"] = 1234
    assert {score.votes for entry in parse(dump(rows)).entries for score in entry.scores.values()} == {1234}


def test_organization_and_license_are_the_first_that_are_given() -> None:
    rows = [row for row in sample() if row["model_name"] == "glm-4.6"]
    for row in (rows[0], rows[-1]):
        row["organization"] = row["license"] = None
    (entry,) = parse(dump(rows)).entries
    assert (entry.organization, entry.license) == ("Z.ai", "MIT")


def test_a_new_category_becomes_a_benchmark() -> None:
    rows = sample()
    rows.append({**rows[0], "category": "swahili"})
    parsed = parse(dump(rows))
    assert [(metric.slug, metric.benchmark, metric.unit) for metric in parsed.metrics] == [
        ("rating_swahili", "swahili", "elo")
    ]
    assert [benchmark.slug for benchmark in parsed.benchmarks] == ["swahili"]
    assert entries(parsed)[rows[0]["model_name"]].scores["rating_swahili"].value == rows[0]["rating"]


def test_of_several_dates_the_latest_counts() -> None:
    rows = sample()
    rows[3]["leaderboard_publish_date"] = "2025-12-18"
    assert parse(dump(rows)).as_of == date(2025, 12, 18)


@pytest.mark.parametrize("cell", [date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04:00"])
def test_a_date_may_be_typed_or_carry_a_time(cell: object) -> None:
    rows = sample()
    for row in rows:
        row["leaderboard_publish_date"] = cell
    assert parse(dump(rows)).as_of == date(2026, 1, 2)


@pytest.mark.parametrize("column", sorted(SOURCE.columns["latest"].required))
def test_a_renamed_column_fails_and_is_named(column: str) -> None:
    table = pq.read_table(SAMPLE)
    names = [f"{name} (new)" if name == column else name for name in table.column_names]
    with pytest.raises(SourceError, match=f"'{column}'") as failure:
        parse(write(table.rename_columns(names)))
    assert failure.value.check == "columns"


def test_the_order_of_columns_does_not_matter() -> None:
    table = pq.read_table(SAMPLE)
    assert parse(write(table.select(table.column_names[::-1]))).entries == parse(SAMPLE.read_bytes()).entries


def test_a_new_column_is_reported() -> None:
    table = pq.read_table(SAMPLE)
    parsed = parse(write(table.append_column("style", pa.array([True] * table.num_rows))))
    assert parsed.unknown_columns == ("latest: style",)
    assert parsed.rows_kept == 70


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("rating", None, "the rating is missing or not finite"),
        ("rating", float("nan"), "the rating is missing or not finite"),
        ("rating", float("inf"), "the rating is missing or not finite"),
        ("model_name", None, "the name is empty"),
        ("model_name", " ", "the name is empty"),
        ("model_name", "x" * 10_000, "the name is longer than 300 characters"),
        ("model_name", "gpt\x00", "the name holds control characters"),
        ("category", None, "the category is missing"),
    ],
)
def test_a_bad_cell_costs_its_row_alone(column: str, cell: object, reason: str) -> None:
    rows = sample()
    rows[5][column] = cell
    parsed = parse(dump(rows))
    assert (parsed.rows_read, parsed.rows_kept) == (70, 69)
    assert [(rejection.reason, rejection.rows) for rejection in parsed.rejections] == [(reason, 1)]


@pytest.mark.parametrize("cell", [None, float("nan"), float("-inf")])
def test_a_bound_that_is_no_number_is_left_out(cell: object) -> None:
    rows = [row for row in sample() if row["category"] == "overall"][:1]
    rows[0] |= {"rating_lower": cell, "variance": cell}
    (entry,) = parse(dump(rows)).entries
    (score,) = entry.scores.values()
    assert score.lower is None
    assert score.upper == rows[0]["rating_upper"]
    assert entry.settings == {}


def test_rows_in_conflict_fail() -> None:
    rows = sample()
    rows.append({**rows[0], "rating": 1000.0})
    with pytest.raises(SourceError, match="conflict") as failure:
        parse(dump(rows))
    assert failure.value.check == "unique"


def test_a_repeated_row_is_counted_as_rejected() -> None:
    rows = sample()
    parsed = parse(dump([*rows, rows[0]]))
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (71, 70, 1)
    assert parsed.rejections[0].reason == "the scores of an earlier row of the same name again"


def test_two_spellings_of_a_category_fail() -> None:
    rows = sample()
    with pytest.raises(SourceError, match="'hard_6' and 'hard 6'"):
        parse(dump([*rows, {**rows[0], "category": "hard 6"}]))


DAMAGES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("empty", lambda _: b""),
    ("html", lambda _: b"<!doctype html><html><body>429 Too Many Requests</body></html>"),
    ("cut off", lambda content: content[:-100]),
    ("head only", lambda content: content[:200]),
    ("middle overwritten", lambda content: content[:300] + b"\xff" * 1500 + content[1800:]),
]


@pytest.mark.parametrize("damage", [damage for _, damage in DAMAGES], ids=[name for name, _ in DAMAGES])
def test_a_damaged_file_fails(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(SourceError, match="a complete parquet file"):
        parse(damage(SAMPLE.read_bytes()))


@pytest.mark.parametrize(("column", "cell"), [("rating", "high"), ("model_name", ["gpt"]), ("category", [1])])
def test_a_column_of_another_type_fails_and_is_named(column: str, cell: object) -> None:
    rows = sample()
    for row in rows:
        row[column] = cell
    with pytest.raises(SourceError, match=column):
        parse(dump(rows))


@pytest.mark.parametrize(("column", "cell"), [("rank", 1.5), ("vote_count", "many"), ("leaderboard_publish_date", "soon")])
def test_a_minor_column_of_another_type_costs_itself_alone(column: str, cell: object) -> None:
    rows = sample()
    for row in rows:
        row[column] = cell
    parsed = parse(dump(rows))
    assert parsed.rows_kept == 70
    assert [unread.column for unread in parsed.unread] == [column]


@pytest.mark.parametrize("column", sorted(SOURCE.columns["latest"].minor))
def test_a_minor_column_may_go_and_is_reported(column: str) -> None:
    table = pq.read_table(SAMPLE)
    parsed = parse(write(table.drop_columns([column])))
    assert parsed.missing_columns == (f"latest: {column}",)
    assert parsed.rows_kept == 70


def test_the_category_that_ranks_must_be_there() -> None:
    rows = [row for row in sample() if row["category"] != "overall"]
    with pytest.raises(SourceError, match="expected the category 'overall'"):
        parse(dump(rows))


def test_coding_is_coding() -> None:
    domains = {benchmark.slug: benchmark.domain for benchmark in SOURCE.benchmarks}
    assert (domains["coding"], domains["math"], domains["overall"]) == ("coding", "mathematics", "human_preference")


def test_another_scale_lies_outside_the_declared_range() -> None:
    assert {(metric.minimum, metric.maximum) for metric in SOURCE.metrics} == {(0, 3000)}
