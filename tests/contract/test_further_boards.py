"""Aider, EQ-Bench, Vectara, AgentSet and the Open LLM Leaderboard: values read by hand, traps, and damaged files."""

import json
from pathlib import Path

import pytest

from budmodel_pipeline.fetching.mirror import mirror_path
from budmodel_pipeline.sources import (
    agentset_embeddings,
    aider_polyglot,
    eqbench,
    open_llm_leaderboard,
    vectara_hallucination,
)
from budmodel_pipeline.sources.contract import AsOfBasis, Entry, Parsed, Source, SourceError, Standing

SAMPLES = Path(__file__).parents[2] / "samples"


def content(source: Source, root: Path = SAMPLES) -> bytes:
    [endpoint] = source.endpoints
    return (root / mirror_path(endpoint.url)).read_bytes()


def parse(source: Source, file: bytes | str) -> Parsed:
    [endpoint] = source.endpoints
    return source.parse({endpoint.name: file if isinstance(file, bytes) else file.encode()})


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def test_aider_keeps_a_version_and_a_date_as_they_are_written() -> None:
    parsed = parse(aider_polyglot.SOURCE, content(aider_polyglot.SOURCE))
    run = entries(parsed)["2025-02-25-20-23-07--gemini-pro"]
    assert (run.settings["versions"], run.settings["date"]) == ("0.75.2.dev", "2025-02-25")
    assert run.scores["pass_rate_2"].value == 35.6
    # What cost nothing was free, or nobody knew the price.
    assert "total_cost" not in run.scores
    assert parsed.as_of_basis is AsOfBasis.NEWEST_ROW
    [two] = [entry for entry in parsed.entries if entry.standing is Standing.SYSTEM]
    assert two.published_name == "o3 (high) + gpt-4.1"
    coder = {entry.settings["edit_format"] for entry in parsed.entries if "Coder-32B" in entry.published_name}
    assert coder == {"diff", "whole"}


@pytest.mark.parametrize(
    "broken",
    ["- &a {dirname: 1}\n- *a\n", "[" * 50 + "]" * 50, "- {dirname: a", "model: o3", "- {dirname: a, model: o3}", "\t- a"],
    ids=["alias", "deep", "cut off", "no list", "no score", "no yaml"],
)
def test_aider_refuses_what_is_no_flat_table(broken: str) -> None:
    with pytest.raises(SourceError):
        parse(aider_polyglot.SOURCE, broken)


def test_eqbench_reads_names_without_the_signs_that_come_and_go() -> None:
    file = content(eqbench.SOURCE).decode()
    found = entries(parse(eqbench.SOURCE, file))
    fable = found["claude-fable-5"]
    assert (fable.published_name, fable.settings) == ("claude-fable-5", {"new": True})
    elo = fable.scores["elo"]
    assert (elo.value, elo.lower, elo.upper) == (2049.7, 1977.1, 2122.3)
    assert entries(parse(eqbench.SOURCE, file.replace("*claude-fable-5", "claude-fable-5"))).keys() == found.keys()
    undirected = [metric.slug for metric in eqbench.SOURCE.metrics if metric.higher_is_better is None]
    assert sorted(undirected) == sorted(eqbench.MANNERS)


@pytest.mark.parametrize("broken", ["const a = `model_name`", "leaderboardDataEQBench3 = `model_name,elo_norm\n`", "x"])
def test_eqbench_refuses_a_script_without_the_table(broken: str) -> None:
    with pytest.raises(SourceError):
        parse(eqbench.SOURCE, broken)


def test_vectara_is_better_the_less_it_invents() -> None:
    parsed = parse(vectara_hallucination.SOURCE, content(vectara_hallucination.SOURCE))
    assert (str(parsed.as_of), parsed.as_of_basis) == ("2026-03-10", AsOfBasis.STATED)
    finix = entries(parsed)["antgroup/finix_s1_32b"]
    assert {slug: score.value for slug, score in finix.scores.items()} == {
        "hallucination_rate": 1.8,
        "factual_consistency_rate": 98.2,
        "answer_rate": 99.5,
        "average_summary_length": 172.4,
    }
    headline = vectara_hallucination.SOURCE.headline_metric()
    assert (headline.slug, headline.higher_is_better) == ("hallucination_rate", False)


def test_vectara_counts_a_ragged_line_and_refuses_a_page_without_the_table() -> None:
    page = content(vectara_hallucination.SOURCE).decode()
    parsed = parse(vectara_hallucination.SOURCE, page.replace("|antgroup/finix_s1_32b|1.8 %|", "|antgroup/finix_s1_32b|"))
    assert [(rejection.reason, rejection.rows) for rejection in parsed.rejections] == [("4 cells under 5 columns", 1)]
    header, dashes = "|Model|Hallucination Rate|Factual Consistency Rate|", "|---|---|---|"
    for broken in (
        "# No table",
        "|Model|Rate|\n|---|---|\n|a|1 %|",
        header,
        f"{header}\n{dashes}",
        f"{header}\n|a|1 %|99 %|",
    ):
        with pytest.raises(SourceError):
            parse(vectara_hallucination.SOURCE, broken)


def test_agentset_finds_new_collections() -> None:
    rows = json.loads(content(agentset_embeddings.SOURCE))
    rows[0]["by_dataset"]["New Texts"] = {"metrics": {"ndcg@10": 0.5}}
    parsed = parse(agentset_embeddings.SOURCE, json.dumps(rows))
    assert [(one.slug, one.part_of) for one in parsed.benchmarks] == [("new_texts", "overall")]
    assert parsed.entries[0].scores["new_texts_ndcg_at_10"].value == 0.5


def test_the_open_llm_leaderboard_tells_precisions_apart() -> None:
    rows = json.loads(content(open_llm_leaderboard.SOURCE))
    parsed = parse(open_llm_leaderboard.SOURCE, json.dumps(rows))
    names = [entry.published_name for entry in parsed.entries]
    assert len(set(names)) < len(names) == 10
    assert [(rejection.kind, rejection.rows) for rejection in parsed.rejections] == [("by_rule", 4)]
    assert all(entry.link == f"https://huggingface.co/{entry.published_name}" for entry in parsed.entries)
    rows[0]["features"]["is_flagged"] = True
    assert parse(open_llm_leaderboard.SOURCE, json.dumps(rows)).entries[0].standing is Standing.CONTAMINATED
    rows[0]["metadata"]["params_billions"] = -1
    assert "params_billions" not in parse(open_llm_leaderboard.SOURCE, json.dumps(rows)).entries[0].settings


def values(source: Source, mirror: Path, *places: tuple[str, str]) -> list[float]:
    found = entries(parse(source, content(source, mirror)))
    return [found[entry].scores[metric].value for entry, metric in places]


def test_values_of_the_real_files(mirror: Path) -> None:
    """Three of each, read by hand."""
    assert values(
        aider_polyglot.SOURCE,
        mirror,
        ("2025-10-03-09-21-36--deepseek-v3.2-chat", "pass_rate_2"),
        ("2025-10-03-09-21-36--deepseek-v3.2-chat", "total_cost"),
        ("2024-12-21-18-41-18--polyglot-gpt-4o-mini", "pass_rate_1"),
    ) == [70.2, 0.8756, 0.9]
    assert values(
        eqbench.SOURCE,
        mirror,
        ("claude-fable-5", "elo"),
        ("HiveLabsAI/hivemind-32b-preview", "rubric"),
        ("meta-llama/llama-3.2-1b-instruct", "empathy"),
    ) == [2049.7, 79.6, 2.46]
    assert values(
        vectara_hallucination.SOURCE,
        mirror,
        ("openai/o3-pro", "hallucination_rate"),
        ("microsoft/Phi-4", "answer_rate"),
        ("mistralai/ministral-3-3b-2512", "average_summary_length"),
    ) == [23.3, 80.7, 119.4]
    assert values(
        agentset_embeddings.SOURCE,
        mirror,
        ("Gemini Embedding 2", "elo"),
        ("Gemini Embedding 2", "fiqa_ndcg_at_10"),
        ("zembed-1", "average_ndcg_at_10"),
    ) == [1604.92, 0.8353773946529417, 0.6193]
    yi = "01-ai/Yi-1.5-34B_bfloat16_4b486f81c935a2dadde84c6baa1e1370d40a098f_False"
    assert values(
        open_llm_leaderboard.SOURCE,
        mirror,
        (yi, "average"),
        (yi, "ifeval_normalized"),
        (yi, "mmlu_pro_normalized"),
    ) == [25.6464941942931, 28.4117253332269, 40.732121749409]
