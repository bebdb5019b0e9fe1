"""LLM-Stats: benchmark results as the makers of models report them, with prices and speed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from budmodel_pipeline.sources.contract import Benchmark, Columns, Endpoint, Entry, Metric, Parsed, Source, Unit
from budmodel_pipeline.sources.reading import (
    Ledger,
    RowError,
    day,
    fact,
    json_rows,
    load_json,
    published_name,
    scores_of,
    text,
)

SERVING = Benchmark("serving", "Price and speed of serving", "serving", "What the publisher lists for a model's API.")
TITLES = {
    "gpqa": ("GPQA Diamond", "science"),
    "aime_2025": ("AIME 2025", "mathematics"),
    "hle": ("Humanity's Last Exam", "knowledge"),
    "swe_bench_verified": ("SWE-bench Verified", "coding"),
    "mmmu": ("MMMU", "vision"),
    "mmlu": ("MMLU", "knowledge"),
    "mmlu_pro": ("MMLU-Pro", "knowledge"),
    "humaneval": ("HumanEval", "coding"),
    "drop": ("DROP", "reading comprehension"),
}


def _benchmark(column: str) -> Benchmark:
    name = column.removesuffix("_score")
    title, domain = TITLES.get(name, (name.replace("_", " "), "general"))
    return Benchmark(slug=name, title=title, domain=domain)


def _score_metric(column: str) -> Metric:
    """The metric of a column `<benchmark>_score`: a rating where it comes from an arena, else the share that was solved."""
    rating = column.endswith("_arena_score")
    benchmark = _benchmark(column)
    return Metric(
        slug=column,
        benchmark=benchmark.slug,
        title=f"{benchmark.title} score",
        unit=Unit.ELO if rating else Unit.FRACTION,
        higher_is_better=True,
        minimum=0,
        maximum=3000 if rating else 1,
        description="Nearly all values are reported by the model's own maker; the table does not say which.",
        headline=column == "gpqa_score",
    )


def _serving_metric(slug: str, title: str, unit: Unit, maximum: float, *, higher_is_better: bool = False) -> Metric:
    return Metric(
        slug=slug,
        benchmark=SERVING.slug,
        title=title,
        unit=unit,
        higher_is_better=higher_is_better,
        minimum=0,
        maximum=maximum,
    )


SCORES = {f"{name}_score": _score_metric(f"{name}_score") for name in TITLES}
METRICS = SCORES | {
    # The dearest models cost hundreds of dollars; thousands would be cents.
    "input_price": _serving_metric("input_price", "Input price", Unit.USD_PER_MILLION_TOKENS, 2000),
    "output_price": _serving_metric("output_price", "Output price", Unit.USD_PER_MILLION_TOKENS, 2000),
    "throughput": _serving_metric("throughput", "Throughput", Unit.TOKENS_PER_SECOND, 100_000, higher_is_better=True),
    "latency": _serving_metric("latency", "Latency", Unit.SECONDS, 600),
}
FACTS = (
    "model_id",
    "canonical_model_id",
    "organization_id",
    "organization_country",
    "params",
    "context",
    "multimodal",
    "knowledge_cutoff",
    "announcement_date",
)
COLUMNS = Columns(
    # Which benchmarks have a column is the publisher's choice and changes; these have been there throughout.
    required=frozenset({"model_id", "name", "organization", "release_date", "license", "input_price", "output_price"})
    | {"gpqa_score", "aime_2025_score", "hle_score", "swe_bench_verified_score", "mmmu_score"},
    optional=frozenset({*METRICS, *FACTS}),
)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model id; two models may share a name."""
    rows = load_json(files["models"], "models")
    new = _new_score_columns(rows)
    metrics = METRICS | {column: _score_metric(column) for column in new}
    ledger = Ledger()
    for row in json_rows(rows, "models", replace(COLUMNS, optional=COLUMNS.optional | set(new)), ledger):
        try:
            described = _describe(row)
            scores = scores_of(row, metrics)
        except RowError as error:
            ledger.reject("models", str(error), row["model_id"])
            continue
        if scores:
            ledger.record("models", ledger.entries.setdefault(described.key, described), scores)
        else:
            ledger.reject("models", "the model is listed without a number", described.key, by_rule=True)
    return ledger.parsed(benchmarks=tuple(map(_benchmark, new)), metrics=tuple(metrics[column] for column in new))


def _new_score_columns(rows: object) -> list[str]:
    """The columns `<benchmark>_score` that are not declared, in alphabetical order."""
    if not isinstance(rows, list):
        return []
    columns = {column for row in rows if isinstance(row, dict) for column in row}
    return sorted(column for column in columns - METRICS.keys() if column.endswith("_score"))


def _describe(row: Mapping[str, Any]) -> Entry:
    return Entry(
        key=published_name(row["model_id"]),
        published_name=published_name(row["name"]),
        organization=text(row["organization"]),
        published_id=published_name(row["model_id"]),
        license=text(row["license"]),
        released_on=day(row["release_date"], "release_date", "%Y-%m-%d"),
        settings={name: fact(row.get(name)) for name in FACTS},
    )


SOURCE = Source(
    slug="llm_stats",
    title="LLM-Stats",
    publisher="LLM-Stats",
    homepage="https://llm-stats.com/",
    # The publisher's frozen repository of 2025 is CC-BY-4.0; the API that continues it names no license.
    license=None,
    endpoints=(
        Endpoint(name="models", url="https://api.zeroeval.com/leaderboard/models/full?justCanonicals=true", format="json"),
    ),
    benchmarks=(*map(_benchmark, SCORES), SERVING),
    metrics=tuple(METRICS.values()),
    columns={"models": COLUMNS},
    parse=parse,
    parser_version=2,
)
