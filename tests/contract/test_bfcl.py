"""BFCL: six tables joined by name; the sample, the real files, and what a changed or damaged table does."""

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from budmodel_pipeline.sources.bfcl import SOURCE, TABLES
from budmodel_pipeline.sources.contract import Entry, Parsed, RejectionKind, SourceError, Unit

SAMPLES = Path(__file__).parents[2] / "samples"
METRICS = {metric.slug: metric for metric in SOURCE.metrics}
MODELS = 18
Rows = list[list[str]]
Files = dict[str, bytes]


def read(directory: Path) -> Files:
    return {endpoint.name: (directory / endpoint.url.removeprefix("https://")).read_bytes() for endpoint in SOURCE.endpoints}


def rows(content: bytes) -> Rows:
    return list(csv.reader(StringIO(content.decode(), newline="")))


def dump(table: Rows) -> bytes:
    out = StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue().encode()


def changed(table: str, change: Callable[[Rows], Rows]) -> Files:
    """The sample with one table changed."""
    files = read(SAMPLES)
    return files | {table: dump(change(rows(files[table])))}


def with_cell(table: str, column: str, cell: str) -> Files:
    """The sample with one cell of the first row changed."""

    def change(table_rows: Rows) -> Rows:
        header, first, *rest = table_rows
        return [header, [cell if name == column else old for name, old in zip(header, first, strict=True)], *rest]

    return changed(table, change)


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def canonical(entry: Entry, slug: str) -> float:
    return entry.scores[slug].value / METRICS[slug].unit.divisor


def test_sample() -> None:
    parsed = SOURCE.parse(read(SAMPLES))
    # Eleven of the models were not measured for format sensitivity.
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (6 * MODELS, 6 * MODELS - 11, 11)
    assert len(parsed.entries) == MODELS
    assert parsed.unknown_columns == ()
    opus = entries(parsed)["Claude-Opus-4-5-20251101 (FC)"]
    assert canonical(opus, "overall_accuracy") == pytest.approx(0.7747)
    assert opus.scores["overall_accuracy"].rank == 1
    assert opus.scores["overall_live_accuracy"].rank is None
    assert canonical(opus, "total_cost") == 86.55
    assert canonical(opus, "latency_95th_percentile") == 7.56
    assert (METRICS["total_cost"].unit, METRICS["latency_95th_percentile"].unit) == (Unit.USD, Unit.SECONDS)
    assert (opus.organization, opus.license, opus.link) == (
        "Anthropic",
        "Proprietary",
        "https://www.anthropic.com/news/claude-4",
    )


def test_the_mode_of_invocation_keeps_entries_apart() -> None:
    found = entries(SOURCE.parse(read(SAMPLES)))
    assert found["GPT-4.1-2025-04-14 (FC)"].scores["overall_accuracy"].rank == 20
    assert found["GPT-4.1-2025-04-14 (Prompt)"].scores["overall_accuracy"].rank == 45
    assert {"GLM-4.6 (FC thinking)", "DeepSeek-V3.2-Exp (Prompt + Thinking)", "BitAgent-Bounty-8B"} <= found.keys()


def test_equal_titles_in_two_tables_are_two_metrics() -> None:
    opus = entries(SOURCE.parse(read(SAMPLES)))["Claude-Opus-4-5-20251101 (FC)"]
    detections = ("overall_irrelevance_detection", "live_irrelevance_detection", "non_live_irrelevance_detection")
    assert [opus.scores[slug].value for slug in detections] == [84.72, 83.60, 85.83]


def test_what_was_not_measured_is_no_score() -> None:
    parsed = SOURCE.parse(read(SAMPLES))
    (rejection,) = parsed.rejections
    assert (rejection.endpoint, rejection.rows, rejection.kind) == ("format_sensitivity", 11, "by_rule")
    assert not [slug for slug in entries(parsed)["Qwen3-32B (FC)"].scores if "format_sensitivity" in slug]
    phi = entries(parsed)["Phi-4 (Prompt)"]
    assert phi.scores["format_sensitivity_max_delta"].value == 81.5
    assert METRICS["format_sensitivity_max_delta"].unit is Unit.POINTS
    assert METRICS["format_sensitivity_max_delta"].higher_is_better is False
    assert canonical(phi, "format_sensitivity_python_untagged_json_docs_markdown_classic") == pytest.approx(0.66)


def test_every_numeric_column_is_a_metric() -> None:
    for table, content in read(SAMPLES).items():
        names = set(rows(content)[0]) - {"Rank", "Model", "Model Link", "Organization", "License"}
        assert names == TABLES[table].keys()


def test_real_files(mirror: Path) -> None:
    parsed = SOURCE.parse(read(mirror))
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (654, 585, 69)
    assert (len(parsed.entries), parsed.unknown_columns) == (109, ())
    found = entries(parsed)
    # data_overall.csv, lines 2, 37 and 110.
    assert canonical(found["Claude-Opus-4-5-20251101 (FC)"], "overall_accuracy") == pytest.approx(0.7747)
    assert canonical(found["BitAgent-Bounty-8B"], "latency_95th_percentile") == 77.12
    assert canonical(found["Gemma-3-1b-it (Prompt)"], "overall_format_sensitivity_standard_deviation") == 9.76
    qwen = found["Qwen3-32B (FC)"]
    # data_agentic.csv line 37, data_multi_turn.csv line 19, data_non_live.csv line 12.
    assert canonical(qwen, "agentic_memory_recursive_summarization") == pytest.approx(0.4194)
    assert canonical(qwen, "multi_turn_base") == pytest.approx(0.56)
    assert canonical(qwen, "non_live_java_simple_ast") == pytest.approx(0.62)
    # data_live.csv line 2, data_format_sensitivity.csv line 2.
    assert canonical(found["BitAgent-Bounty-8B"], "live_python_simple_ast") == pytest.approx(0.9031)
    assert found["Phi-4 (Prompt)"].scores["format_sensitivity_json_tagged_python_docs_plaintext_classic"].value == 1.5


def without_columns(table: Rows, gone: set[str]) -> Rows:
    kept = [index for index, name in enumerate(table[0]) if name not in gone]
    return [[row[index] for index in kept] for row in table]


def test_a_minor_column_that_is_gone_costs_its_metric_alone() -> None:
    gone = {"Web Search Acc", "Latency Mean (s)"}
    parsed = SOURCE.parse(changed("overall", lambda table: without_columns(table, gone)))
    assert parsed.missing_columns == ("overall: Latency Mean (s)", "overall: Web Search Acc")
    before = SOURCE.parse(read(SAMPLES))
    lost = {"overall_web_search_accuracy", "latency_mean"}
    assert {key: entry.scores for key, entry in entries(parsed).items()} == {
        key: {slug: score for slug, score in entry.scores.items() if slug not in lost}
        for key, entry in entries(before).items()
    }


@pytest.mark.parametrize("gone", [{"Model"}, {"Overall Acc"}, set(TABLES["overall"]) - {"Overall Acc"}])
def test_another_table_fails_and_names_what_is_gone(gone: set[str]) -> None:
    with pytest.raises(SourceError) as failure:
        SOURCE.parse(changed("overall", lambda table: without_columns(table, gone)))
    assert (failure.value.check, failure.value.endpoint) == ("columns", "overall")
    assert repr(min(gone)) in failure.value.expected


def test_every_metric_says_what_it_counts() -> None:
    assert [metric.slug for metric in SOURCE.metrics if not metric.description] == []
    assert METRICS["live_python_parallel_multiple_ast"].description.startswith("Several functions")


def test_the_order_of_columns_does_not_matter() -> None:
    files = read(SAMPLES)
    turned = {table: dump([row[::-1] for row in rows(content)]) for table, content in files.items()}
    assert {key: entry.scores for key, entry in entries(SOURCE.parse(turned)).items()} == {
        key: entry.scores for key, entry in entries(SOURCE.parse(files)).items()
    }


def test_byte_order_marks_and_line_ends_do_not_matter() -> None:
    files = read(SAMPLES)
    other = {table: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") for table, content in files.items()}
    assert SOURCE.parse(other).entries == SOURCE.parse(files).entries


BAD_CELLS = [
    ("overall", "Overall Acc", "77.47", "Overall Acc has no percent sign"),
    ("overall", "Live Acc", "Infinity%", "Live Acc is not finite"),
    ("overall", "Total Cost ($)", "Infinity", "Total Cost ($) is not finite"),
    ("overall", "Latency Mean (s)", "4.2 s", "Latency Mean (s) is not a number"),
    ("overall", "Rank", "1.5", "Rank is not a whole number"),
    ("multi_turn", "Base", "0.81", "Base has no percent sign"),
]
BAD_NAMES = [
    ("live", "x" * 10_000, "the name is longer than 300 characters"),
    ("agentic", "GPT\x1b[31m", "the name holds control characters"),
]


@pytest.mark.parametrize(("table", "column", "cell", "reason"), BAD_CELLS)
def test_a_bad_cell_costs_itself_alone(table: str, column: str, cell: str, reason: str) -> None:
    parsed = SOURCE.parse(with_cell(table, column, cell))
    assert [(unread.endpoint, unread.column, unread.reason) for unread in parsed.unread] == [(table, column, reason)]
    assert [rejection for rejection in parsed.rejections if rejection.kind is RejectionKind.BAD] == []
    assert (len(parsed.entries), parsed.rows_kept) == (MODELS, 6 * MODELS - 11)


@pytest.mark.parametrize(("table", "cell", "reason"), BAD_NAMES)
def test_a_bad_name_costs_its_row_alone(table: str, cell: str, reason: str) -> None:
    parsed = SOURCE.parse(with_cell(table, "Model", cell))
    bad = [rejection for rejection in parsed.rejections if rejection.kind is RejectionKind.BAD]
    assert [(rejection.endpoint, rejection.reason, rejection.rows) for rejection in bad] == [(table, reason, 1)]
    assert parsed.rows_read == parsed.rows_kept + parsed.rows_rejected
    assert len(parsed.entries) == MODELS


def test_nan_is_missing() -> None:
    parsed = SOURCE.parse(with_cell("overall", "Latency Mean (s)", "NaN"))
    assert "latency_mean" not in entries(parsed)["Amazon-Nova-Pro-v1:0 (FC)"].scores


def test_a_table_that_lost_its_percent_signs_fails() -> None:
    with pytest.raises(SourceError, match="Live Overall Acc has no percent sign") as failure:
        SOURCE.parse(changed("live", lambda table: [[cell.removesuffix("%") for cell in row] for row in table]))
    assert failure.value.endpoint == "live"


def test_a_table_without_rows_fails() -> None:
    with pytest.raises(SourceError, match=r"agentic: .*header alone"):
        SOURCE.parse(changed("agentic", lambda table: table[:1]))


def test_rows_in_conflict_fail() -> None:
    def conflict(table: Rows) -> Rows:
        other = [*table[1]]
        other[table[0].index("Base")] = "99.99%"
        return [*table, other]

    with pytest.raises(SourceError, match=r"multi_turn: .*multi_turn_base.*Amazon-Nova-Pro") as failure:
        SOURCE.parse(changed("multi_turn", conflict))
    assert failure.value.check == "unique"


def test_a_repeated_row_is_counted_as_rejected() -> None:
    parsed = SOURCE.parse(changed("overall", lambda table: [*table, table[1]]))
    assert ("overall", "an exact duplicate of an earlier row", 1) in [rejection[:3] for rejection in parsed.rejections]
    assert parsed.rows_read == 6 * MODELS + 1


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda _: b"", "columns"),
        (lambda _: b"<html>Service Unavailable</html>", "columns"),
        (lambda content: content[:-20], "complete last row"),
    ],
    ids=["empty", "html", "cut off"],
)
def test_a_damaged_table_fails(table: str, damage: Callable[[bytes], bytes], expected: str) -> None:
    files = read(SAMPLES)
    with pytest.raises(SourceError, match=f"{table}: expected .*{expected}"):
        SOURCE.parse(files | {table: damage(files[table])})
