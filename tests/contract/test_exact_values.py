"""Every published value is kept exactly: files read here by other means, with no code of `sources/`, against what it reads.

The samples always; the real files beside the checkout where they are.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd
import pytest

from budmodel_pipeline.fetching.mirror import mirror_path
from budmodel_pipeline.sources.catalog import catalog

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


def mteb(root: Path) -> Iterator[Value]:
    for row in tree(root, "mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB(eng, v2)/scores")["rows"]:
        means = {"mean_task": row["meanTask"], "mean_task_type": row["meanTaskType"]}
        types = {f"type_{name.lower()}": value for name, value in row["scoresByTaskType"].items()}
        tasks = {f"task_{lower_words(name)}": value for name, value in row["scoresByTask"].items()}
        for slug, value in (means | types | tasks).items():
            # The publisher writes NaN for what it has not.
            if value is not None and not isnan(value):
                yield row["model"]["name"], slug, value


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


READERS: dict[str, Callable[[Path], Iterator[Value]]] = {
    reader.__name__: reader
    for reader in (
        alpacaeval,
        bfcl,
        bigcodebench,
        evalplus,
        livebench,
        livecodebench,
        llm_stats,
        lmarena_text,
        mteb,
        openvlm,
        swebench,
        ugi,
    )
}


def ours(slug: str, root: Path) -> Counter[Value]:
    source = catalog()[slug]
    paths = {endpoint.name: root / mirror_path(endpoint.url) for endpoint in source.endpoints}
    parsed = source.parse({name: path.read_bytes() for name, path in paths.items() if path.is_file()})
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
    assert compare(slug, SAMPLES) >= 20


# How many values the real files hold.
VALUES = {
    "alpacaeval": 633,
    "bfcl": 7740,
    "bigcodebench": 651,
    "evalplus": 428,
    "livebench": 1008,
    "livecodebench": 64,
    "llm_stats": 525,
    "lmarena_text": 7461,
    "mteb": 5001,
    "openvlm": 2553,
    "swebench": 353,
    "ugi": 866,
}


@pytest.mark.parametrize("slug", READERS)
def test_every_value_of_the_real_files(slug: str, mirror: Path) -> None:
    assert compare(slug, mirror) == VALUES[slug]


def test_every_source_is_read_twice() -> None:
    assert list(READERS) == list(catalog())


def test_the_window_of_the_real_file_is_what_its_site_opens_with(mirror: Path) -> None:
    marks = tree(mirror, "livecodebench.github.io/performances_generation.json")["date_marks"]
    opens = datetime.fromtimestamp(marks[int(len(marks) * 0.3)] / 1000, UTC)
    assert (opens.year, opens.month) == (2023, 12)
