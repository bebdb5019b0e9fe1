"""The ranking against an index that others publish, on the same data, and how long it takes for many models.

The data are the Epoch Benchmarking Hub's, in the layout of April 2026, where a mirror holds them beside this checkout.
"""

import csv
import time
import zipfile
from collections.abc import Iterator
from io import TextIOWrapper

import numpy as np
from scipy.special import expit, logit
from scipy.stats import kendalltau, spearmanr

from benchmarks.measure import Figure
from benchmarks.published_files import MIRROR
from budmodel_pipeline.ranking.fit import Fit, Floats, Integers, Table, fit
from budmodel_pipeline.ranking.intervals import draw

PUBLISHED = MIRROR / "epoch.ai" / "data" / "benchmark_data.zip"
INDEX = "epoch_capabilities_index.csv"
# The column of each file that is a share of what could be had, and the value that means all of it.
SCORES = {
    "adversarial_nli_external": ("Score", 1),
    "aider_polyglot_external": ("Percent correct", 100),
    "apex_agents_external": ("Pass@1 score", 1),
    "arc_agi_2_external": ("Score", 1),
    "arc_agi_external": ("Score", 1),
    "arc_ai2_external": ("Challenge score", 1),
    "balrog_external": ("Average progress", 1),
    "bbh_external": ("Average", 1),
    "chess_puzzles": ("mean_score", 1),
    "common_sense_qa_2_external": ("Score", 1),
    "cybench_external": ("Unguided % Solved", 1),
    "deepresearchbench_external": ("Average score", 1),
    "fictionlivebench_external": ("16k token score", 1),
    "frontiermath": ("mean_score", 1),
    "frontiermath_tier_4": ("mean_score", 1),
    "geobench_external": ("ACW Country %", 1),
    "gpqa_diamond": ("mean_score", 1),
    "gsm8k_external": ("EM", 1),
    "gso_external": ("Score OPT@1", 1),
    "hella_swag_external": ("Overall accuracy", 1),
    "hle_external": ("Accuracy", 1),
    "lambada_external": ("Score", 1),
    "lech_mazur_writing_external": ("Mean score", 10),
    "math_level_5": ("mean_score", 1),
    "mmlu_external": ("EM", 1),
    "open_book_qa_external": ("Accuracy", 1),
    "os_world_external": ("Score", 100),
    "otis_mock_aime_2024_2025": ("mean_score", 1),
    "piqa_external": ("Score", 1),
    "science_qa_external": ("Score", 1),
    "simplebench_external": ("Score (AVG@5)", 1),
    "simpleqa_verified": ("mean_score", 1),
    "swe_bench_verified": ("mean_score", 1),
    "terminalbench_external": ("Accuracy mean", 1),
    "the_agent_company_external": ("% Resolved", 1),
    "trivia_qa_external": ("EM", 1),
    "video_mme_external": ("Overall (no subtitles)", 1),
    "vpct_external": ("Correct", 1),
    "weirdml_external": ("Accuracy", 1),
    "wino_grande_external": ("Accuracy", 1),
}
LEAST_BENCHMARKS = 4
MOST_APART = 0.01
MOST_SWAPPED = 0.05
MOST_ERROR = 0.1
MOST_OFF = 0.05
MOST_SECONDS = 120


def run() -> Iterator[Figure]:
    """How far the ranking is from the published index, from hidden scores and from its own intervals; and its time."""
    if PUBLISHED.is_file():
        yield from _against_the_index()
    yield _time_for_many()


def _against_the_index() -> Iterator[Figure]:
    rows, index = _published()
    table, names = _table(rows, LEAST_BENCHMARKS)
    compared = np.array([place for place, name in enumerate(names) if name in index])
    published = np.array([index[names[place]] for place in compared])
    ours = fit(table).ability[compared]
    mean = (np.bincount(table.model, table.value) / np.bincount(table.model))[compared]
    detail = f"{compared.size} models with {LEAST_BENCHMARKS} or more of {table.benchmarks} benchmarks"
    for what, most, measure in (("Spearman", MOST_APART, spearmanr), ("Kendall", MOST_SWAPPED, kendalltau)):
        found, of_mean = measure(ours, published).statistic, measure(mean, published).statistic
        said = f"{what} {found:.3f}, of the mean of a model's scores {of_mean:.3f}; {detail}"
        yield Figure(f"1 - {what} of the ranking and the published index", 1 - found, most, said)
    yield _hidden(table)
    yield _halves(table)


def _hidden(table: Table) -> Figure:
    """A tenth of the scores hidden, ten times: what the fit, the benchmark's mean and the nearest model say of them."""
    errors = []
    for seed in range(10):
        hidden = np.random.default_rng(seed).random(table.value.size) < 0.1
        shown = table.only(~hidden)
        model, benchmark, value = table.model[hidden], table.benchmark[hidden], table.value[hidden]
        guesses = (fit(shown).predicted(model, benchmark), _means(shown)[benchmark], _nearest(shown, model, benchmark))
        errors.append([np.abs(guess - value).mean() for guess in guesses])
    fitted, mean, nearest = np.mean(errors, axis=0)
    detail = f"fit {fitted:.3f}, mean of the benchmark {mean:.3f}, nearest model {nearest:.3f}"
    return Figure("mean absolute error on hidden scores (0 to 1)", float(fitted), MOST_ERROR, detail)


def _means(table: Table) -> Floats:
    sums = np.bincount(table.benchmark, table.value, table.benchmarks)
    means: Floats = sums / np.maximum(np.bincount(table.benchmark, minlength=table.benchmarks), 1)
    return means


def _nearest(table: Table, model: Integers, benchmark: Integers) -> Floats:
    """The score of the model that has the benchmark and is most like the model on those that both have."""
    grid = np.full((table.models, table.benchmarks), np.nan)
    grid[table.model, table.benchmark] = table.value
    guesses: Floats = _means(table)[benchmark]
    for place, (one, exam) in enumerate(zip(model, benchmark, strict=True)):
        apart = np.abs(grid - grid[one])
        shared = (~np.isnan(apart)).sum(axis=1)
        able = ~np.isnan(grid[:, exam]) & (shared >= LEAST_BENCHMARKS)
        if able.any():
            distance = np.where(able, np.nansum(apart, axis=1) / np.maximum(shared, 1), np.inf)
            guesses[place] = grid[distance.argmin(), exam]
    return guesses


def _halves(table: Table) -> Figure:
    """Fits to two halves of the benchmarks: how often they differ by no more than their 90 % intervals say."""
    held = []
    for seed in range(10):
        half = np.random.default_rng(seed).permutation(table.benchmarks) < table.benchmarks // 2
        (one, reach, count), (other, other_reach, other_count) = (
            _with_reach(table.only(chosen[table.benchmark]), seed) for chosen in (half, ~half)
        )
        both = (count >= LEAST_BENCHMARKS - 1) & (other_count >= LEAST_BENCHMARKS - 1)
        stretch = one[both].std() / other[both].std()
        apart = one[both] - one[both].mean() - stretch * (other[both] - other[both].mean())
        held.append((np.abs(apart) <= np.hypot(reach, stretch * other_reach)[both]).mean())
    detail = f"{np.mean(held):.1%} of the models, over ten divisions from {min(held):.1%} to {max(held):.1%}"
    return Figure("distance from 90 % of the 90 % intervals' coverage", abs(float(np.mean(held)) - 0.9), MOST_OFF, detail)


def _with_reach(table: Table, seed: int) -> tuple[Floats, Floats, Integers]:
    fitted = fit(table)
    lower, upper = draw(table, fitted, 100, seed).bounds()
    return fitted.ability, (upper - lower) / 2, np.bincount(table.model, minlength=table.models)


def _time_for_many(models: int = 3_000, benchmarks: int = 300, each: int = 9, draws: int = 200) -> Figure:
    """Made scores, as many to a model as the sources have of one."""
    chance = np.random.default_rng(0)
    truth = Fit(chance.normal(0, 1.5, models), chance.normal(0, 1.5, benchmarks), chance.normal(0.3, 0.5, benchmarks))
    model, benchmark = np.nonzero(chance.random((models, benchmarks)) < each / benchmarks)
    odds = logit(np.clip(truth.predicted(model, benchmark), 1e-6, 1 - 1e-6)) + chance.normal(0, 0.3, model.size)
    table = Table(model, benchmark, expit(odds), models, benchmarks)
    started = time.perf_counter()
    draw(table, fit(table), draws, 0)
    seconds = time.perf_counter() - started
    detail = f"{models:,} models, {benchmarks} benchmarks, {model.size:,} scores, {draws} draws"
    return Figure("seconds for a ranking of thousands", seconds, MOST_SECONDS, detail)


def _published() -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """The best score of each model on each benchmark, and the index of each model that has one."""
    with zipfile.ZipFile(PUBLISHED) as archive:
        listed = _rows(archive, INDEX)
        names = {row["Model version"]: row["Model name"] for row in listed if row["Model version"]}
        index = {row["Model name"]: float(row["ECI Score"]) for row in listed if row["ECI Score"]}
        scores: dict[tuple[str, str], float] = {}
        for benchmark, (column, whole) in SCORES.items():
            for row in _rows(archive, f"{benchmark}.csv"):
                if (cell := row[column].rstrip("%")) and row["Model version"]:
                    key = (names.get(row["Model version"], row["Model version"]), benchmark)
                    scores[key] = max(scores.get(key, 0.0), float(cell) / whole)
    return scores, index


def _rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    with archive.open(name) as member:
        return list(csv.DictReader(TextIOWrapper(member, "utf-8", newline="")))


def _table(scores: dict[tuple[str, str], float], least: int) -> tuple[Table, list[str]]:
    """The scores of models with at least so many benchmarks, and their names in the order of the table."""
    had: dict[str, int] = {}
    for model, _ in scores:
        had[model] = had.get(model, 0) + 1
    names, exams = sorted(model for model in had if had[model] >= least), list(SCORES)
    chosen = [
        (names.index(model), exams.index(exam), value) for (model, exam), value in scores.items() if had[model] >= least
    ]
    models, benchmarks, values = (np.array(column) for column in zip(*chosen, strict=True))
    return Table(models, benchmarks, values, len(names), len(exams)), names
