"""tau2-bench, MMLU-Pro, HELM, METR, Open ASR: their publishers' traps, and files that are not what they were."""

import json
from pathlib import Path

import pytest

from budmodel_pipeline.commands.published_files import files_of
from budmodel_pipeline.sources import helm_capabilities, metr_time_horizon, mmlu_pro, open_asr, tau2_bench
from budmodel_pipeline.sources.contract import Entry, Parsed, Source, SourceError, Standing

SAMPLES = Path(__file__).parents[2] / "samples"
TAU2 = files_of(tau2_bench.SOURCE, SAMPLES)
SUBMISSION = "claude-opus-4-5_sierra_2026-02-26"


def changed(source: Source, before: str, now: str) -> Parsed:
    """The sample of a source of one file, with one change."""
    ((name, content),) = files_of(source, SAMPLES).items()
    assert content.count(before.encode()) == 1
    return source.parse({name: content.replace(before.encode(), now.encode())})


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def manifest(**lists: object) -> bytes:
    return json.dumps({"submissions": [], "voice_submissions": [], "legacy_submissions": [], **lists}).encode()


def test_the_manifest_names_the_submissions_and_examples_beside_them_are_none(mirror: Path) -> None:
    listed = tau2_bench.listed(files_of(tau2_bench.SOURCE, mirror))
    assert len(listed) == 64
    assert not any("EXAMPLE" in endpoint.name for endpoint in listed)
    assert tau2_bench.FOLDER + "/glm-5-2_sierra_2026-08-04/submission.json" in {endpoint.url for endpoint in listed}


@pytest.mark.parametrize(
    "lists",
    [
        {"submissions": ["../../../secret"]},
        {"submissions": ["a/b"]},
        {"submissions": ["a?b"]},
        {"submissions": [7]},
        {"submissions": {"a": 1}},
        {"submissions": ["a", "a"]},
        {"submissions": ["a"], "legacy_submissions": ["a"]},
        {"submissions": [f"s{number}" for number in range(1001)]},
        {},
    ],
)
def test_a_manifest_leads_nowhere_else(lists: dict[str, object]) -> None:
    with pytest.raises(SourceError) as failure:
        tau2_bench.listed({"manifest": manifest(**lists)})
    assert failure.value.endpoint == "manifest"


def test_a_submission_that_is_lacking_or_damaged_costs_itself() -> None:
    before = entries(tau2_bench.SOURCE.parse(TAU2))
    lacking = tau2_bench.SOURCE.parse({name: file for name, file in TAU2.items() if name != SUBMISSION})
    assert lacking.missing_columns == (f"{SUBMISSION}: the whole file",)
    damaged = tau2_bench.SOURCE.parse(TAU2 | {SUBMISSION: b"<html>"})
    assert [(one.endpoint, one.rows) for one in damaged.rejections] == [(SUBMISSION, 1)]
    for parsed in (lacking, damaged):
        assert entries(parsed) == {key: entry for key, entry in before.items() if key != SUBMISSION}


def test_who_ran_a_submission_and_on_which_board_it_stands() -> None:
    found = entries(tau2_bench.SOURCE.parse(TAU2))
    assert {key: found[key].standing for key in (SUBMISSION, "qwen3-max_qwen_2026-01-23")} == {
        SUBMISSION: Standing.VERIFIED,
        "qwen3-max_qwen_2026-01-23": Standing.SELF_REPORTED,
    }
    assert found["distyl-buttonagent_distyl_2026-03-25"].standing is Standing.SYSTEM
    assert found[SUBMISSION].settings["retrieval"] == "alltools"
    assert {metric.partition("_")[0] for metric in found["gpt-realtime-1.5_sierra_2026-03-03"].scores} == {"voice"}
    # A firm that was not tried has no score.
    assert set(found["glm-5-2_sierra_2026-08-04"].scores) == {f"text_banking_knowledge_pass_{n}" for n in (1, 2, 3, 4)}


def test_names_that_stand_twice_are_told_apart_by_who_says_it() -> None:
    found = entries(mmlu_pro.SOURCE.parse(files_of(mmlu_pro.SOURCE, SAMPLES)))
    assert found["Sample-Model-D | TIGER-Lab | 32"].standing is Standing.VERIFIED
    assert found["Sample-Model-D | Self-Reported | 32"].standing is Standing.SELF_REPORTED
    assert (found["Sample-Model-B"].standing, found["Sample-Model-C"].standing) == (
        Standing.VERIFIED,
        Standing.SELF_REPORTED,
    )
    assert set(found["Sample-Model-E"].scores) == {"overall_accuracy"}
    # With nothing between them neither is believed.
    parsed = changed(mmlu_pro.SOURCE, "Sample-Model-D,32,Self-Reported", "Sample-Model-D,32,TIGER-Lab")
    assert not any(key.startswith("Sample-Model-D") for key in entries(parsed))
    assert parsed.rows_rejected == 3


def test_percents_among_fractions_are_refused() -> None:
    parsed = changed(mmlu_pro.SOURCE, "Sample-Model-A,-,TIGER-Lab,0.8100", "Sample-Model-A,-,TIGER-Lab,81.00")
    assert "Sample-Model-A" not in entries(parsed)
    assert "the figures are no fractions" in {one.reason for one in parsed.rejections}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ('"title": "Accuracy"', '"title": "Fairness"'),
        (
            '"value": "Mean score",\n    "description": "A sample of Mean score.",\n    "lower_is_better": false',
            '"value": "Mean score",\n    "description": "A sample of Mean score.",\n    "lower_is_better": true',
        ),
        ('"value": "Mean score"', '"value": "Mean win rate"'),
    ],
)
def test_another_table_of_helm_is_refused(before: str, now: str) -> None:
    with pytest.raises(SourceError):
        changed(helm_capabilities.SOURCE, before, now)


def test_another_suite_of_metr_is_refused_and_intervals_are_kept() -> None:
    with pytest.raises(SourceError, match=r"METR-Horizon-v1\.1"):
        changed(metr_time_horizon.SOURCE, "METR-Horizon-v1.1", "METR-Horizon-v2")
    found = entries(metr_time_horizon.SOURCE.parse(files_of(metr_time_horizon.SOURCE, SAMPLES)))
    horizon = found["sample_model_a"].scores["p50_minutes"]
    assert (horizon.value, horizon.lower, horizon.upper) == (11.39, 5.126, 25.058)
    assert found["sample_model_b"].scores["p50_minutes"].interval_basis is None
    assert str(found["sample_model_b"].released_on) == "2024-10-22"


def test_each_set_of_recordings_is_a_benchmark_of_its_own() -> None:
    parsed = open_asr.SOURCE.parse(files_of(open_asr.SOURCE, SAMPLES))
    assert {benchmark.part_of for benchmark in parsed.benchmarks} == {"english_short"}
    assert "set_ls_clean" in {benchmark.slug for benchmark in parsed.benchmarks}
    assert not any(metric.higher_is_better for metric in parsed.metrics)
    (service,) = (entry for entry in parsed.entries if entry.published_name == "sample-service/sample-cloud-e")
    assert "times_real_time" not in service.scores
