"""EvalPlus, BigCodeBench, LiveBench and SWE-bench: values read by hand, the publishers' traps, and damaged files."""

import json
from pathlib import Path
from typing import Any

import pytest

from budmodel_pipeline.fetching.mirror import mirror_path
from budmodel_pipeline.sources import bigcodebench, evalplus, livebench, swebench
from budmodel_pipeline.sources.contract import AsOfBasis, Entry, Parsed, Source, SourceError, Standing

SAMPLES = Path(__file__).parents[2] / "samples"


def files(source: Source, root: Path = SAMPLES) -> dict[str, bytes]:
    return {endpoint.name: (root / mirror_path(endpoint.url)).read_bytes() for endpoint in source.endpoints}


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def values(source: Source, root: Path, *places: tuple[str, str]) -> list[float]:
    found = entries(source.parse(files(source, root)))
    return [found[entry].scores[metric].value for entry, metric in places]


def test_evalplus_keeps_the_words_of_the_publisher() -> None:
    found = entries(evalplus.SOURCE.parse(files(evalplus.SOURCE)))
    coder = found["Qwen2.5-Coder-32B-Instruct"]
    assert coder.scores["humaneval_plus_pass_at_1"].value == 87.2
    assert coder.link == "https://huggingface.co/Qwen/Qwen2.5-Coder-32B-Instruct"
    assert found["OpenCoder-8B-Instruct"].settings["open_data"] == "NONE"
    # A missing result is no 0.
    assert "mbpp_pass_at_1" not in found["Code-13B"].scores
    assert found["StarCoder2-15B"].settings["prompted"] is False


def test_evalplus_refuses_what_is_no_board() -> None:
    for broken in (b"[]", b"{}", b'{"model": {"score": 1}}'):
        with pytest.raises(SourceError):
            evalplus.SOURCE.parse({"results": broken})
    one = json.loads(files(evalplus.SOURCE)["results"])
    one["Nameless "] = {**one["Code-13B"], "pass@1": None}
    parsed = evalplus.SOURCE.parse({"results": json.dumps(one).encode()})
    assert [(rejection.rows, rejection.example) for rejection in parsed.rejections] == [(1, "Nameless")]


def test_bigcodebench_has_a_row_per_board() -> None:
    parsed = bigcodebench.SOURCE.parse(files(bigcodebench.SOURCE))
    found = entries(parsed)
    magicoder = found["Magicoder-S-DS-6.7B"]
    assert {name: score.value for name, score in magicoder.scores.items()} == {
        "full_instruct_pass_at_1": 36.2,
        "full_complete_pass_at_1": 47.6,
        "hard_instruct_pass_at_1": 13.5,
        "hard_complete_pass_at_1": 12.8,
    }
    assert parsed.rows_read == parsed.rows_kept + parsed.rows_rejected == 36
    # Models that the publisher ran on the hard board alone are no bad rows of the other.
    assert {(rejection.kind, rejection.endpoint) for rejection in parsed.rejections} <= {("by_rule", "full")}


def test_livebench_computes_what_its_site_shows() -> None:
    parsed = livebench.SOURCE.parse(files(livebench.SOURCE))
    opus = entries(parsed)["claude-4-1-opus-20250805-base"]
    assert opus.scores["coding_average"].value == pytest.approx((76.087 + 76.056) / 2)
    assert (opus.scores["coding_average"].tasks, opus.scores["coding_average"].tasks_total) == (2, 2)
    assert opus.scores["agentic_coding_average"].value == pytest.approx((45 + 40 + 75) / 3)
    means = [score.value for name, score in opus.scores.items() if name != "global_average"]
    assert opus.scores["global_average"].value == pytest.approx(sum(means) / 7)
    # A line of the publisher has 21 cells.
    assert [(rejection.reason, rejection.rows) for rejection in parsed.rejections] == [("21 cells under 24 columns", 1)]


def test_livebench_marks_means_over_a_part_of_the_tasks() -> None:
    content = files(livebench.SOURCE)
    header, first, *_ = content["table"].decode().splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True)) | {"python": ""}
    parsed = livebench.SOURCE.parse(content | {"table": f"{header}\n{','.join(cells.values())}\n".encode()})
    [entry] = parsed.entries
    assert (entry.scores["agentic_coding_average"].tasks, entry.scores["agentic_coding_average"].tasks_total) == (2, 3)
    assert (entry.scores["global_average"].tasks, entry.scores["global_average"].tasks_total) == (22, 23)


def test_livebench_counts_a_cell_that_it_cannot_read_as_a_score_that_is_lost() -> None:
    content = files(livebench.SOURCE)
    header, first, *_ = content["table"].decode().splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True)) | {"python": "see below"}
    parsed = livebench.SOURCE.parse(content | {"table": f"{header}\n{','.join(cells.values())}\n".encode()})
    assert [(unread.column, unread.cells, unread.is_score) for unread in parsed.unread] == [("python", 1, True)]


def test_livebench_refuses_a_table_without_one_of_its_tasks() -> None:
    content = files(livebench.SOURCE)
    with pytest.raises(SourceError) as failure:
        livebench.SOURCE.parse(content | {"table": content["table"].replace(b"python", b"rust", 1)})
    assert (failure.value.endpoint, failure.value.check) == ("table", "columns")


@pytest.mark.parametrize("categories", [{}, {"Reasoning": ["spatial"]}, {key: [] for key in livebench.DOMAINS}])
def test_livebench_refuses_other_categories(categories: Any) -> None:
    with pytest.raises(SourceError) as failure:
        livebench.SOURCE.parse(files(livebench.SOURCE) | {"categories": json.dumps(categories).encode()})
    assert failure.value.endpoint == "categories"


def test_swebench_tells_models_from_systems() -> None:
    parsed = swebench.SOURCE.parse(files(swebench.SOURCE))
    assert parsed.as_of_basis is AsOfBasis.NEWEST_ROW
    opus = entries(parsed)["bash-only | 20251124_mini-v1.16.0_claude-opus-4-5-20251101"]
    assert (opus.published_name, opus.organization) == ("Claude 4.5 Opus medium (20251101)", "Anthropic")
    assert opus.scores["bash_only_resolved"].value == 74.4
    assert opus.scores["bash_only_usd_per_issue"].value == 0.721244997
    standings = {entry.settings["board"]: entry.standing for entry in parsed.entries}
    assert standings == {board: Standing.VERIFIED if board == "bash-only" else Standing.SYSTEM for board in swebench.BOARDS}
    metric = swebench.METRICS["bash-only"]
    assert (metric.benchmark, metric.run_by, metric.headline) == ("swe_bench_verified", "publisher", True)


def test_swebench_reports_boards_that_come_and_go() -> None:
    payload = json.loads(files(swebench.SOURCE)["leaderboards"])
    alone = [board for board in payload["leaderboards"] if board["name"] == "bash-only"]
    parsed = swebench.SOURCE.parse({"leaderboards": json.dumps({"leaderboards": [*alone, {"name": "New"}]}).encode()})
    assert parsed.unknown_columns == ("leaderboards: the board New",)
    assert parsed.missing_columns == tuple(f"leaderboards: the board {name}" for name in list(swebench.BOARDS)[1:])
    other: list[dict[str, Any]] = [{}, {"leaderboards": {}}, {"leaderboards": [{"name": "Lite", "results": []}]}]
    for broken in other:
        with pytest.raises(SourceError):
            swebench.SOURCE.parse({"leaderboards": json.dumps(broken).encode()})


def test_values_of_the_real_files(mirror: Path) -> None:
    """Three of each, read by hand."""
    assert values(
        evalplus.SOURCE,
        mirror,
        ("O1 Mini (Sept 2024)", "humaneval_plus_pass_at_1"),
        ("OpenCoder-8B-Instruct", "mbpp_plus_pass_at_1"),
        ("Artigenz-Coder-DS-6.7B", "humaneval_pass_at_1"),
    ) == [89.0, 71.4, 75.6]
    assert values(
        livebench.SOURCE,
        mirror,
        ("arcee-trinity-large-preview", "coding_average"),
        ("arcee-trinity-large-preview", "agentic_coding_average"),
        ("arcee-trinity-large-preview", "language_average"),
    ) == pytest.approx([(60.87 + 70.423) / 2, 10 / 3, (34.833 + 31.617 + 60.0) / 3])
    assert values(
        swebench.SOURCE,
        mirror,
        ("bash-only | 20251124_mini-v1.16.0_claude-opus-4-5-20251101", "bash_only_resolved"),
        ("Verified | 20250928_trae_doubao_seed_code", "verified_resolved"),
        ("bash-only | 20251124_mini-v1.16.0_claude-opus-4-5-20251101", "bash_only_usd_per_issue"),
    ) == [74.4, 78.8, 0.721244997]
    assert values(
        bigcodebench.SOURCE,
        mirror,
        ("Magicoder-S-DS-6.7B", "full_instruct_pass_at_1"),
        ("Magicoder-S-DS-6.7B", "hard_complete_pass_at_1"),
        ("DeepSeek-R1", "hard_instruct_pass_at_1"),
    ) == [36.2, 12.8, 29.7]
