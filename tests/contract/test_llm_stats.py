"""LLM-Stats: the sample, the real file, and what a changed or damaged file does."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from budmodel_pipeline.sources.contract import Entry, Parsed, RejectionKind, SourceError, Standing
from budmodel_pipeline.sources.llm_stats import METRICS, SOURCE

FILE = SOURCE.endpoints[0].url.removeprefix("https://")
SAMPLE = Path(__file__).parents[2] / "samples" / FILE
Row = dict[str, Any]


def parse(content: bytes) -> Parsed:
    return SOURCE.parse({"models": content})


def sample() -> list[Row]:
    rows: list[Row] = json.loads(SAMPLE.read_bytes())
    return rows


def dump(rows: object) -> bytes:
    return json.dumps(rows).encode()


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def canonical(entry: Entry, column: str) -> float:
    return entry.scores[column].value / METRICS[column].unit.divisor


def test_sample() -> None:
    parsed = parse(SAMPLE.read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (15, 14, 1)
    assert (parsed.unknown_columns, parsed.metrics, parsed.as_of) == ((), (), date(2025, 9, 29))
    gpt = entries(parsed)["gpt-5-2025-08-07"]
    assert canonical(gpt, "gpqa_score") == 0.857
    assert METRICS["gpqa_score"].unit == "fraction"
    # Published as "1.2500000000000000".
    assert canonical(gpt, "input_price") == 1.25
    assert canonical(gpt, "output_price") == 10
    assert METRICS["output_price"].unit == "usd_per_million_tokens"
    assert METRICS["output_price"].higher_is_better is False
    assert "drop_score" not in gpt.scores
    assert gpt.published_id == "gpt-5-2025-08-07"
    assert (gpt.published_name, gpt.organization, gpt.license) == ("GPT-5", "openai", "proprietary")
    assert gpt.released_on == date(2025, 8, 7)
    assert gpt.settings["context"] == 400_000
    assert gpt.settings["knowledge_cutoff"] == "2024-09-30"
    assert canonical(entries(parsed)["chatgpt-4o-latest"], "throughput") == 132
    assert METRICS["throughput"].unit == "tokens_per_second"


def test_who_reported_a_score_is_not_guessed() -> None:
    rows = sample()
    rows[0] |= {"model_id": "gemini-1.0-pro", "gpqa_score": 0.279, "mmlu_score": 0.7}
    scores = entries(parse(dump(rows)))["gemini-1.0-pro"]
    assert scores.standing is Standing.SELF_REPORTED
    standings = {slug: score.standing for slug, score in scores.scores.items()}
    # The publisher's repository says so of this one; prices are no claim of the maker.
    assert (standings["gpqa_score"], standings["input_price"]) == (Standing.UNKNOWN, Standing.UNKNOWN)
    assert standings["mmlu_score"] is None
    rows[0] |= {"gpqa_score": 0.28}
    assert entries(parse(dump(rows)))["gemini-1.0-pro"].scores["gpqa_score"].standing is None


def test_the_best_of_many_answers_speaks_for_no_model() -> None:
    (row,) = [row for row in sample() if row["model_id"] == "claude-3-5-sonnet-20241022"]
    rows = [row | {"gpqa_score": 0.672, "mmlu_score": 0.7}]
    scores = entries(parse(dump(rows)))["claude-3-5-sonnet-20241022"].scores
    assert (scores["gpqa_score"].standing, scores["mmlu_score"].standing) == (Standing.SYSTEM, None)
    rows[0] |= {"gpqa_score": 0.65}
    assert entries(parse(dump(rows)))["claude-3-5-sonnet-20241022"].scores["gpqa_score"].standing is None


def test_a_model_without_a_number_is_left_out_by_rule() -> None:
    (rejection,) = parse(SAMPLE.read_bytes()).rejections
    assert (rejection.example, rejection.rows, rejection.kind) == ("deepseek-r1", 1, "by_rule")


def test_two_models_may_share_a_name() -> None:
    same = [entry.key for entry in parse(SAMPLE.read_bytes()).entries if entry.published_name == "Claude 3.5 Sonnet"]
    assert same == ["claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022"]


def test_mirror(mirror: Path) -> None:
    parsed = parse((mirror / FILE).read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (169, 162, 7)
    assert {rejection.kind for rejection in parsed.rejections} == {RejectionKind.BY_RULE}
    assert (parsed.unknown_columns, parsed.metrics) == ((), ())
    found = entries(parsed)
    # The objects with these ids; the first is the first of the list.
    assert canonical(found["jamba-1.5-large"], "gpqa_score") == 0.369
    assert canonical(found["grok-4"], "aime_2025_score") == 0.917
    assert canonical(found["claude-3-5-sonnet-20241022"], "swe_bench_verified_score") == 0.49
    assert found["jamba-1.5-large"].settings["params"] == 398_000_000_000


def test_new_score_columns_become_metrics() -> None:
    rows = sample()
    rows[0] |= {"terminal_bench_score": 0.25, "coding_arena_score": 1310.5}
    rows[1] |= {"terminal_bench_score": None}
    parsed = parse(dump(rows))
    assert parsed.unknown_columns == ()
    assert [(metric.slug, metric.benchmark, metric.unit, metric.maximum) for metric in parsed.metrics] == [
        ("coding_arena_score", "coding_arena", "elo", 3000),
        ("terminal_bench_score", "terminal_bench", "fraction", 1),
    ]
    assert [benchmark.slug for benchmark in parsed.benchmarks] == ["coding_arena", "terminal_bench"]
    rows[0] |= {f"{letter}_score": 0.5 for letter in "hgfedcba"}
    assert [metric.slug[0] for metric in parse(dump(rows)).metrics] == list("abccdefght")
    assert entries(parsed)["gpt-4-0613"].scores["terminal_bench_score"].value == 0.25
    assert "terminal_bench_score" not in entries(parsed)[rows[1]["model_id"]].scores


@pytest.mark.parametrize("column", sorted(SOURCE.columns["models"].required))
def test_a_renamed_column_fails_and_is_named(column: str) -> None:
    rows = [{f"{name}_new" if name == column else name: cell for name, cell in row.items()} for row in sample()]
    with pytest.raises(SourceError, match=f"'{column}'") as failure:
        parse(dump(rows))
    assert failure.value.check == "columns"


def test_the_order_of_columns_does_not_matter() -> None:
    rows = [dict(reversed(row.items())) for row in sample()]
    assert parse(dump(rows)).entries == parse(SAMPLE.read_bytes()).entries


def test_a_new_column_is_reported_once() -> None:
    rows = [{**row, "is_moe": True} for row in sample()]
    assert parse(dump(rows)).unknown_columns == ("models: is_moe",)


@pytest.mark.parametrize("cell", [None, "", "N/A", float("nan"), "NaN"])
def test_a_missing_cell_is_no_score(cell: object) -> None:
    rows = sample()
    rows[0]["gpqa_score"] = cell
    parsed = parse(dump(rows))
    assert parsed.rows_kept == 14
    assert set(entries(parsed)["gpt-4-0613"].scores) == {
        "mmlu_score",
        "humaneval_score",
        "drop_score",
        "input_price",
        "output_price",
    }


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("name", None, "the name is empty"),
        ("name", "x" * 10_000, "the name is longer than 300 characters"),
        ("name", "GPT\x1b[31m", "the name holds control characters"),
        ("model_id", "", "the name is empty"),
    ],
)
def test_a_bad_name_costs_its_row_alone(column: str, cell: object, reason: str) -> None:
    rows = sample()
    rows[0][column] = cell
    parsed = parse(dump(rows))
    assert (parsed.rows_read, parsed.rows_kept) == (15, 13)
    bad = [rejection for rejection in parsed.rejections if rejection.kind is RejectionKind.BAD]
    assert [(rejection.reason, rejection.rows) for rejection in bad] == [(reason, 1)]


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("gpqa_score", float("inf"), "gpqa_score is not finite"),
        ("gpqa_score", "Infinity", "gpqa_score is not finite"),
        ("gpqa_score", 10**400, "gpqa_score is not finite"),
        ("gpqa_score", True, "gpqa_score is not a number"),
        ("gpqa_score", {"value": 0.5}, "gpqa_score is not a number"),
        ("input_price", "$30", "input_price is not a number"),
        ("latency", "0.7s", "latency is not a number"),
        ("release_date", "June", "release_date is not a date"),
        ("announcement_date", "2025", "announcement_date is not a date"),
    ],
)
def test_a_bad_cell_costs_itself_alone(column: str, cell: object, reason: str) -> None:
    rows = sample()
    rows[0][column] = cell
    parsed, before = parse(dump(rows)), parse(SAMPLE.read_bytes())
    assert [(unread.column, unread.reason, unread.cells) for unread in parsed.unread] == [(column, reason, 1)]
    assert parsed.rows_kept == before.rows_kept == 14
    wanted = {slug: score for slug, score in before.entries[0].scores.items() if slug != column}
    assert parsed.entries[0].scores == wanted


@pytest.mark.parametrize("column", sorted(SOURCE.columns["models"].minor))
def test_a_minor_column_may_go_and_is_reported(column: str) -> None:
    rows = [{name: cell for name, cell in row.items() if name != column} for row in sample()]
    parsed = parse(dump(rows))
    assert parsed.missing_columns == (f"models: {column}",)
    assert parsed.rows_kept == 14


def test_a_row_that_lacks_a_key_is_rejected() -> None:
    rows = sample()
    del rows[0]["gpqa_score"]
    del rows[1]["license"]
    parsed = parse(dump([*rows, "GPT-6"]))
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (16, 13, 3)


def test_facts_are_storable() -> None:
    rows = sample()
    rows[0] |= {"params": float("inf"), "context": float("nan"), "multimodal": [1]}
    settings = entries(parse(dump(rows)))["gpt-4-0613"].settings
    assert (settings["params"], settings["context"], settings["multimodal"]) == (None, None, None)


def test_rows_in_conflict_fail() -> None:
    rows = sample()
    with pytest.raises(SourceError, match=r"'gpt-4-0613'.*conflict") as failure:
        parse(dump([*rows, {**rows[0], "gpqa_score": 0.1}]))
    assert failure.value.check == "unique"


def test_a_repeated_row_is_counted_as_rejected() -> None:
    rows = sample()
    parsed = parse(dump([*rows, rows[0]]))
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (16, 14, 2)
    assert "an exact duplicate of an earlier row" in [rejection.reason for rejection in parsed.rejections]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!doctype html><html><body>Just a moment...</body></html>",
        SAMPLE.read_bytes()[:-4],
        b'{"error": "rate limited"}',
        b"[]",
    ],
    ids=["empty", "html", "cut off", "object", "no model"],
)
def test_a_damaged_file_fails(content: bytes) -> None:
    with pytest.raises(SourceError):
        parse(content)


def test_another_unit_lies_outside_the_declared_range() -> None:
    gpqa, price = METRICS["gpqa_score"], METRICS["output_price"]
    assert gpqa.maximum is not None
    assert price.maximum is not None
    # Percent; and the dearest price of the sample in cents.
    assert gpqa.maximum < 85.7
    assert price.maximum < 6000
