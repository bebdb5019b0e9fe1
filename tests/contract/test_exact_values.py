"""Every published value is kept exactly: files read here by other means, with no code of `sources/`, against what it reads.

The samples always; the real files beside the checkout where they are.
"""

import csv
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd
import pytest
import yaml

from budmodel_pipeline.commands.published_files import files_of
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Shape

SAMPLES = Path(__file__).parents[2] / "samples"
MISSING = {"", "n/a", "na", "nan", "-"}
# A published name, the slug of a metric, and the value in the unit of the metric.
Value = tuple[str, str, float]


def lower_words(title: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", title.lower()))


def table(root: Path, url: str) -> list[dict[str, str]]:
    with (root / url).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def tree(root: Path, url: str) -> Any:
    return json.loads((root / url).read_text("utf-8-sig"))


def agentset_embeddings(root: Path) -> Iterator[Value]:
    url = "raw.githubusercontent.com/agentset-ai/embedding-leaderboard/main/results/benchmarks.json"
    for row in tree(root, url):
        overall = row["overall"]
        yield row["name"], "elo", overall["elo"]
        yield row["name"], "win_rate", overall["win_rate"]
        yield row["name"], "average_ndcg_at_10", overall["avg_ndcg_10"]
        for dataset, found in row["by_dataset"].items():
            yield row["name"], f"{lower_words(dataset)}_ndcg_at_10", found["metrics"]["ndcg@10"]


def aider_polyglot(root: Path) -> Iterator[Value]:
    file = root / "raw.githubusercontent.com/Aider-AI/aider/main/aider/website/_data/polyglot_leaderboard.yml"
    columns = ("pass_rate_1", "pass_rate_2", "percent_cases_well_formed", "seconds_per_case", "total_cost")
    for row in yaml.safe_load(file.read_text()):
        for column in columns:
            # A run that cost nothing was free, or nobody knew the price.
            if column in row and (column != "total_cost" or row[column]):
                yield row["model"], column, float(row[column])


def alpacaeval(root: Path) -> Iterator[Value]:
    url = "raw.githubusercontent.com/tatsu-lab/alpaca_eval/main/docs/data_AlpacaEval_2/"
    columns = {
        "length_controlled_winrate": "length_controlled_win_rate",
        "win_rate": "win_rate",
        "avg_length": "average_length",
    }
    for row in table(root, f"{url}weighted_alpaca_eval_gpt4_turbo_leaderboard.csv"):
        for column, slug in columns.items():
            if row[column]:
                yield row["name"], slug, float(row[column])


def bfcl(root: Path) -> Iterator[Value]:
    for name in ("overall", "live", "non_live", "multi_turn", "agentic", "format_sensitivity"):
        for row in table(root, f"gorilla.cs.berkeley.edu/data_{name}.csv"):
            for column, cell in row.items():
                if column not in FACTS_OF_BFCL and cell.strip().lower() not in MISSING:
                    yield row["Model"], slug_of_bfcl(name, column), float(cell.rstrip("%"))


FACTS_OF_BFCL = {"Rank", "Model", "Model Link", "Organization", "License"}


def slug_of_bfcl(table_name: str, column: str) -> str:
    if config := re.fullmatch(
        r"Config ret_fmt=(\w+)&tool_call_tag=(\w+)&func_doc_fmt=(\w+)&prompt_fmt=(\w+)&style=(\w+)", column
    ):
        calls, tag, documents, prompt, style = config.groups()
        tagged = "tagged" if tag == "True" else "untagged"
        return f"format_sensitivity_{calls}_{tagged}_{documents}_docs_{prompt}_{style}"
    if column.startswith(("Total Cost", "Latency")):
        return lower_words(re.sub(r"\(.*\)", "", column))
    slug = lower_words(re.sub(r"\bAcc\b", "Accuracy", column))
    return slug if slug.startswith(table_name) else f"{table_name}_{slug}"


def bigcodebench(root: Path) -> Iterator[Value]:
    for board, file in (("full", "results"), ("hard", "results-hard")):
        for name, row in tree(root, f"bigcode-bench.github.io/{file}.json").items():
            for mode, value in row["pass@1"].items():
                if value is not None:
                    yield name, f"{board}_{mode}_pass_at_1", value


# The tables of Epoch's zip whose score is not in a column of the same name, and whose benchmark is not called as the table.
OWN_RUNS = {
    "chess_puzzles": "chess_puzzles",
    "frontiermath": "frontiermath",
    "frontiermath_tier_4": "frontiermath_tier_4",
    "gpqa_diamond": "gpqa_diamond",
    "math_level_5": "math_level_5",
    "otis_mock_aime_2024_2025": "otis_mock_aime",
    "simpleqa_verified": "simpleqa_verified",
    "swe_bench_verified": "swe_bench_verified",
}
# The column of each copied table is the second or, in some, another.
OTHER_COLUMNS = {
    "fictionlivebench": "16k token score",
    "geobench": "ACW Country %",
    "gso": "Score OPT@1",
    "posttrainbench": "Average (%)",
    "terminalbench": "Accuracy mean",
    "the_agent_company": "% Resolved",
}
OTHER_NAMES = {"swe_bench_bash": "swe_bench_verified", "metr_time_horizons": "metr_time_horizon"}


def epoch_tables(root: Path) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(root / "epoch.ai/data/benchmark_data.zip") as archive:
        return {
            name.removesuffix(".csv"): list(csv.DictReader(archive.read(name).decode("utf-8-sig").splitlines(keepends=True)))
            for name in archive.namelist()
            if name.endswith(".csv") and "/" not in name
        }


def epoch_ai(root: Path) -> Iterator[Value]:
    tables = epoch_tables(root)
    for table_name, slug in OWN_RUNS.items():
        for row in tables[table_name]:
            yield row["Model version"], slug, float(row["mean_score"])
    for row in tables["epoch_capabilities_index"]:
        if row["ECI Score"]:
            yield row["Model version"], "capabilities_index", float(row["ECI Score"])


def epoch_ai_external(root: Path) -> Iterator[Value]:
    for table_name, rows in epoch_tables(root).items():
        name = table_name.removesuffix("_external")
        # ARC Prize forbids that its figures are passed on.
        if table_name in (*OWN_RUNS, "epoch_capabilities_index") or name.startswith("arc_agi"):
            continue
        for row in rows:
            column = OTHER_COLUMNS.get(name) or list(row)[1]
            if row["Model version"] and row[column]:
                yield row["Model version"], OTHER_NAMES.get(name, name), float(row[column])


def eqbench(root: Path) -> Iterator[Value]:
    text = (root / "eqbench.com/eqbench3.js").read_text()
    lines = text.partition("leaderboardDataEQBench3 = `")[2].partition("`")[0].splitlines()
    for row in csv.DictReader(lines):
        name = row.pop("model_name").lstrip("*!")
        for column, cell in row.items():
            if not column.startswith("ci_"):
                yield name, {"elo_norm": "elo", "rubric_0_100": "rubric"}.get(column, column), float(cell)


def evalplus(root: Path) -> Iterator[Value]:
    for name, row in tree(root, "evalplus.github.io/results.json").items():
        for title, value in row["pass@1"].items():
            if value is not None:
                yield name, f"{title.replace('+', '_plus')}_pass_at_1", value


def livebench(root: Path) -> Iterator[Value]:
    categories = tree(root, "livebench.ai/categories_2026_01_08.json")
    for row in table(root, "livebench.ai/table_2026_01_08.csv"):
        if None in row.values():  # A line of the publisher is short of cells.
            continue
        means = {name: mean(float(row[task]) for task in tasks) for name, tasks in categories.items()}
        for name, value in means.items():
            yield row["model"], f"{lower_words(name)}_average", value
        yield row["model"], "global_average", mean(means.values())


def swebench(root: Path) -> Iterator[Value]:
    boards = tree(root, "raw.githubusercontent.com/SWE-bench/swe-bench.github.io/master/data/leaderboards.json")
    for board in boards["leaderboards"]:
        for row in board["results"]:
            yield row["name"], f"{board['name'].lower().replace('-', '_')}_resolved", row["resolved"]
            if board["name"] == "bash-only" and row["instance_cost"] is not None:
                yield row["name"], "bash_only_usd_per_issue", row["instance_cost"]


def livecodebench(root: Path) -> Iterator[Value]:
    published = tree(root, "livecodebench.github.io/performances_generation.json")
    marks = published["date_marks"]
    start, end = marks[int(len(marks) * 0.3)], marks[-1]
    shown = {model["model_repr"] for model in published["models"] if model["release_date"]}
    frame = pd.DataFrame(published["performances"])
    frame = frame[frame["model"].isin(shown) & frame["date"].between(start, end)]
    frame = frame.drop_duplicates(["model", "question_id"])
    for name, answers in frame.groupby("model"):
        yield str(name), "pass_at_1", to_fixed(answers["pass@1"].mean())
        for difficulty, some in answers.groupby("difficulty"):
            yield str(name), f"{difficulty}_pass_at_1", to_fixed(some["pass@1"].mean())


def to_fixed(value: float) -> float:
    """One decimal, ties up; the means of tenths are far from any other tie."""
    return int(value * 10 + 0.5 + 1e-9) / 10


def llm_stats(root: Path) -> Iterator[Value]:
    for row in tree(root, "api.zeroeval.com/leaderboard/models/full?justCanonicals=true"):
        for column, cell in row.items():
            is_score = column.endswith("_score") or column in ("input_price", "output_price", "throughput", "latency")
            if is_score and cell is not None:
                yield row["name"], column, float(cell)


def lmarena_text(root: Path) -> Iterator[Value]:
    url = "huggingface.co/datasets/lmarena-ai/leaderboard-dataset/resolve/main/text/latest-00000-of-00001.parquet"
    for row in pd.read_parquet(root / url).to_dict("records"):
        yield row["model_name"], f"rating_{lower_words(row['category'])}", row["rating"]


def lmarena_arenas(root: Path) -> Iterator[Value]:
    folder = root / "huggingface.co/datasets/lmarena-ai/leaderboard-dataset/resolve/main"
    for file in folder.glob("*/latest-00000-of-00001.parquet"):
        arena = file.parent.name
        for row in pd.read_parquet(file).to_dict("records") if arena != "text" else []:
            yield (
                row["model_name"],
                f"{arena}_{lower_words(row['category'])}",
                row["score" if arena == "agent" else "rating"],
            )


def mteb(root: Path) -> Iterator[Value]:
    for row in tree(root, "mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB(eng, v2)/scores")["rows"]:
        means = {"mean_task": row["meanTask"], "mean_task_type": row["meanTaskType"]}
        types = {f"type_{name.lower()}": value for name, value in row["scoresByTaskType"].items()}
        tasks = {f"task_{lower_words(name)}": value for name, value in row["scoresByTask"].items()}
        for slug, value in (means | types | tasks).items():
            # The publisher writes NaN for what it has not.
            if value is not None and not isnan(value):
                yield row["model"]["name"], slug, value


def open_llm_leaderboard(root: Path) -> Iterator[Value]:
    for row in tree(root, "open-llm-leaderboard-open-llm-leaderboard.hf.space/api/leaderboard/formatted"):
        if not row["features"]["is_official_provider"]:
            continue
        name = row["model"]["name"]
        yield name, "average", row["model"]["average_score"]
        for key, found in row["evaluations"].items():
            yield name, f"{key}_normalized", found["normalized_score"]


def openvlm(root: Path) -> Iterator[Value]:
    for row in tree(root, "cdn.opencompass.org.cn/assets/OpenVLM.json")["results"].values():
        name = row["META"]["Method"][0]
        shown = {
            dataset: result.get("Final Score" if dataset == "OCRBench" else "Overall")
            for dataset, result in row.items()
            if dataset != "META"
        }
        figures = {dataset: float(value) for dataset, value in shown.items() if isinstance(value, int | float)}
        both = [figures[dataset] for dataset in ("MMBench_TEST_EN_V11", "MMBench_TEST_CN_V11") if dataset in figures]
        found = {"mmbench_v11": mean(both)} if len(both) == 2 else {}
        for dataset in ("MMStar", "MMMU_VAL", "MathVista", "OCRBench", "AI2D", "HallusionBench", "MMVet"):
            if dataset in figures:
                found[dataset.lower()] = figures[dataset]
        if len(found) == 8:
            found["average_score"] = mean(value / 10 if slug == "ocrbench" else value for slug, value in found.items())
        for slug, value in found.items():
            yield name, slug, value


def ugi(root: Path) -> Iterator[Value]:
    facts = {
        *("author/model_name", "Model Link", "Release Date", "Test Date", "Prompt Template", "Active Parameters", "#P"),
        *("Total Parameters", "Is Finetuned", "Is Merged", "Is Foundation", "Is Thinking Model", "Architecture"),
        *("12axes Ideology", "Repetition Interrupts"),
    }
    url = "huggingface.co/spaces/DontPlanToEnd/UGI-Leaderboard/resolve/main/ugi-leaderboard-data.csv"
    for row in table(root, url):
        for column, cell in row.items():
            if column.strip() not in facts and cell.strip().lower() not in MISSING:
                yield row["author/model_name"], lower_words(column), float(cell.rstrip("%"))


def vectara_hallucination(root: Path) -> Iterator[Value]:
    page = (root / "raw.githubusercontent.com/vectara/hallucination-leaderboard/main/README.md").read_text()
    for line in page.splitlines():
        if line.startswith("|") and not line.startswith(("|Model", "|-")):
            name, *cells = line.strip("|").split("|")
            columns = ("hallucination_rate", "factual_consistency_rate", "answer_rate", "average_summary_length")
            for column, cell in zip(columns, cells, strict=True):
                yield name, column, float(cell.rstrip(" %"))


def helm_capabilities(root: Path) -> Iterator[Value]:
    places = "storage.googleapis.com/crfm-helm-public/capabilities/benchmark_output/releases/v1.15.0/groups"
    accuracy = tree(root, f"{places}/core_scenarios.json")[0]
    metrics = ("mean_score", "mmlu_pro", "gpqa", "ifeval", "wildbench", "omni_math")
    for name, *cells in accuracy["rows"]:
        for metric, cell in zip(metrics, cells, strict=True):
            if cell["value"] is not None:
                yield name["value"], metric, cell["value"]


def metr_time_horizon(root: Path) -> Iterator[Value]:
    page = yaml.safe_load((root / "metr.org/assets/benchmark_results_1_1.yaml").read_text())
    for name, said in page["results"].items():
        for share in (50, 80):
            if found := said["metrics"].get(f"p{share}_horizon_length"):
                yield name, f"p{share}_minutes", found["estimate"]


def mmlu_pro(root: Path) -> Iterator[Value]:
    url = "huggingface.co/datasets/TIGER-Lab/mmlu_pro_leaderboard_submission/resolve/main/results.csv"
    for row in table(root, url):
        if row["Other"] is not None:
            for column in list(row)[3:]:
                if row[column].lower() not in MISSING:
                    yield row["Models"], f"{lower_words(column)}_accuracy", float(row[column])


def open_asr(root: Path) -> Iterator[Value]:
    url = "huggingface.co/datasets/hf-audio/open-asr-leaderboard-results/resolve/main/english_short_latest.csv"
    for row in table(root, url):
        for column, cell in row.items():
            metric = {"avg": "word_error_rate", "RTFx": "times_real_time"}.get(column)
            if column.endswith(" WER"):
                metric = f"set_{lower_words(column)[:-4]}_word_error_rate"
            if metric and cell:
                yield row["model"], metric, float(cell)


def tau2_bench(root: Path) -> Iterator[Value]:
    folder = "raw.githubusercontent.com/sierra-research/tau2-bench/main/web/leaderboard/public/submissions"
    boards = {"submissions": "text", "voice_submissions": "voice", "legacy_submissions": "legacy"}
    for key, names in tree(root, f"{folder}/manifest.json").items():
        for name in names:
            said = tree(root, f"{folder}/{name}/submission.json")
            for firm, results in said["results"].items():
                for figure, value in (results or {}).items():
                    if figure != "retrieval_config" and value is not None:
                        yield said["model_name"], f"{boards[key]}_{firm}_{figure}", value


READERS: dict[str, Callable[[Path], Iterator[Value]]] = {
    reader.__name__: reader
    for reader in (
        agentset_embeddings,
        aider_polyglot,
        alpacaeval,
        bfcl,
        bigcodebench,
        epoch_ai,
        epoch_ai_external,
        eqbench,
        evalplus,
        helm_capabilities,
        livebench,
        livecodebench,
        llm_stats,
        lmarena_arenas,
        lmarena_text,
        metr_time_horizon,
        mmlu_pro,
        mteb,
        open_asr,
        open_llm_leaderboard,
        openvlm,
        swebench,
        tau2_bench,
        ugi,
        vectara_hallucination,
    )
}


def ours(slug: str, root: Path) -> Counter[Value]:
    source = catalog()[slug]
    parsed = source.parse(files_of(source, root))
    return Counter(
        (entry.published_name, metric, near(slug, metric, score.value))
        for entry in parsed.entries
        for metric, score in entry.scores.items()
    )


def near(slug: str, metric: str, value: float) -> float:
    """Means that both sides compute agree to the last digits; everything else exactly."""
    computed = slug == "livebench" or (slug == "openvlm" and metric in ("average_score", "mmbench_v11"))
    return round(value, 9) if computed else value


def compare(slug: str, root: Path) -> int:
    theirs = Counter((name.strip(), metric, near(slug, metric, value)) for name, metric, value in READERS[slug](root))
    found = ours(slug, root)
    assert found - theirs == Counter()
    assert theirs - found == Counter()
    return found.total()


@pytest.mark.parametrize("slug", READERS)
def test_every_value_of_the_samples(slug: str) -> None:
    assert compare(slug, SAMPLES) > 10


# How many values the real files hold.
VALUES = {
    "agentset_embeddings": 168,
    "aider_polyglot": 327,
    "alpacaeval": 633,
    "bfcl": 7740,
    "bigcodebench": 651,
    "epoch_ai": 988,
    "epoch_ai_external": 2460,
    "eqbench": 1027,
    "evalplus": 428,
    "livebench": 1008,
    "livecodebench": 64,
    "llm_stats": 525,
    "lmarena_arenas": 8440,
    "lmarena_text": 7461,
    "mteb": 5001,
    "open_llm_leaderboard": 3290,
    "openvlm": 2553,
    "swebench": 353,
    "tau2_bench": 392,
    "ugi": 866,
    "vectara_hallucination": 384,
}


@pytest.mark.parametrize("slug", VALUES)
def test_every_value_of_the_real_files(slug: str, mirror: Path) -> None:
    assert compare(slug, mirror) == VALUES[slug]


def test_every_source_is_read_twice() -> None:
    assert list(READERS) == list(catalog())
    assert list(VALUES) == [slug for slug, source in catalog().items() if source.shape is Shape.SEEN]


def test_the_window_of_the_real_file_is_what_its_site_opens_with(mirror: Path) -> None:
    marks = tree(mirror, "livecodebench.github.io/performances_generation.json")["date_marks"]
    opens = datetime.fromtimestamp(marks[int(len(marks) * 0.3)] / 1000, UTC)
    assert (opens.year, opens.month) == (2023, 12)
