"""LLM-Stats: benchmark results as the makers of models report them, with prices and speed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from budmodel_pipeline.sources import shared_benchmarks as shared
from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Entry,
    Metric,
    Parsed,
    RejectionKind,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, fact, json_rows, load_json, number, published_name, text

SERVING = Benchmark("serving", "Price and speed of serving", Domain.SERVING, "What the publisher lists for a model's API.")
BENCHMARKS = {
    "gpqa_score": shared.GPQA_DIAMOND,
    "aime_2025_score": shared.AIME_2025,
    "hle_score": shared.HLE,
    "swe_bench_verified_score": shared.SWE_BENCH_VERIFIED,
    # Makers report the validation set.
    "mmmu_score": shared.MMMU_VAL,
    "mmlu_score": shared.MMLU,
    "mmlu_pro_score": shared.MMLU_PRO,
    "humaneval_score": shared.HUMANEVAL,
    "drop_score": shared.DROP,
}
# The publisher's repository of 2025 says of each score whether the maker reported it; of the columns here these are not.
NOT_SELF_REPORTED = {
    ("gemini-1.0-pro", "gpqa_score", 0.279),
    ("gemini-1.0-pro", "mmmu_score", 0.479),
    ("gpt-3.5-turbo-0125", "drop_score", 0.702),
    ("gpt-3.5-turbo-0125", "gpqa_score", 0.308),
    ("gpt-3.5-turbo-0125", "humaneval_score", 0.68),
    ("gpt-3.5-turbo-0125", "mmlu_score", 0.698),
    ("gpt-3.5-turbo-0125", "mmmu_score", 0.0),
}
# By the same notes these are no single answers: the most frequent of 32, and the best of several attempts with a scaffold.
OF_MANY = {
    ("claude-3-5-sonnet-20241022", "gpqa_score", 0.672),
    ("claude-3-7-sonnet-20250219", "swe_bench_verified_score", 0.703),
}


def _benchmark(column: str) -> Benchmark:
    name = column.removesuffix("_score")
    return BENCHMARKS.get(column) or Benchmark(slug=name, title=name.replace("_", " "), domain=Domain.GENERAL)


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
        description="As the model's own maker reports it, unless its standing says otherwise.",
        headline=column == "gpqa_score",
        run_by="publisher" if rating else "maker",
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


SCORES = {column: _score_metric(column) for column in BENCHMARKS}
SERVING_METRICS = {
    # The dearest models cost hundreds of dollars; thousands would be cents.
    "input_price": _serving_metric("input_price", "Input price", Unit.USD_PER_MILLION_TOKENS, 2000),
    "output_price": _serving_metric("output_price", "Output price", Unit.USD_PER_MILLION_TOKENS, 2000),
    "throughput": _serving_metric("throughput", "Throughput", Unit.TOKENS_PER_SECOND, 100_000, higher_is_better=True),
    "latency": _serving_metric("latency", "Latency", Unit.SECONDS, 600),
}
METRICS = SCORES | SERVING_METRICS
DAY = partial(day, formats=("%Y-%m-%d",))
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
    required=frozenset({"model_id", "name", "gpqa_score"}),
    # Which benchmarks have a column is the publisher's choice and changes; these have been there throughout.
    minor=frozenset({"organization", "release_date", "license", "input_price", "output_price"})
    | {"aime_2025_score", "hle_score", "swe_bench_verified_score", "mmmu_score"},
    optional=frozenset({*METRICS, *FACTS}),
)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model id; two models may share a name."""
    ledger = Ledger()
    rows = load_json(files["models"], "models", ledger)
    new = _new_score_columns(rows)
    metrics = METRICS | {column: _score_metric(column) for column in new}
    announced = []
    for row in json_rows(rows, replace(COLUMNS, optional=COLUMNS.optional | set(new)), ledger):
        try:
            described = _describe(row, ledger)
        except CellError as error:
            ledger.reject(str(error), row["model_id"])
            continue
        announced += [described.released_on, ledger.cell(row, "announcement_date", DAY)]
        unread = ledger.unread_cells
        scores = ledger.scores(row, metrics, number)
        if not scores and ledger.unread_cells == unread:
            ledger.reject("the model is listed without a number", described.key, RejectionKind.BY_RULE)
            continue
        for slug, score in scores.items():
            if slug in SERVING_METRICS or (described.key, slug, score.value) in NOT_SELF_REPORTED:
                scores[slug] = score._replace(standing=Standing.UNKNOWN)
            elif (described.key, slug, score.value) in OF_MANY:
                scores[slug] = score._replace(standing=Standing.SYSTEM)
        ledger.record(ledger.entries.setdefault(described.key, described), scores)
    return ledger.parsed(
        as_of=max(filter(None, announced), default=None),
        as_of_basis=AsOfBasis.NEWEST_ROW,
        benchmarks=tuple(map(_benchmark, new)),
        metrics=tuple(metrics[column] for column in new),
    )


def _new_score_columns(rows: object) -> list[str]:
    """The columns `<benchmark>_score` that are not declared, in alphabetical order."""
    if not isinstance(rows, list):
        return []
    columns = {column for row in rows if isinstance(row, dict) for column in row}
    return sorted(column for column in columns - METRICS.keys() if column.endswith("_score"))


def _describe(row: Mapping[str, Any], ledger: Ledger) -> Entry:
    return Entry(
        key=published_name(row["model_id"]),
        published_name=published_name(row["name"]),
        organization=text(row.get("organization")),
        published_id=published_name(row["model_id"]),
        license=text(row.get("license")),
        released_on=ledger.cell(row, "release_date", DAY),
        standing=Standing.SELF_REPORTED,
        settings={name: fact(row.get(name)) for name in FACTS},
    )


SOURCE = Source(
    slug="llm_stats",
    title="LLM-Stats",
    publisher="LLM-Stats",
    homepage="https://llm-stats.com/",
    # The publisher's frozen repository of 2025 is CC-BY-4.0; the API that continues it names no license.
    license=None,
    terms=unclear(
        "LLM-Stats, https://llm-stats.com/",
        "The API that is read names no terms; CC BY 4.0 is that of the publisher's repository, which stopped in 2025.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(name="models", url="https://api.zeroeval.com/leaderboard/models/full?justCanonicals=true", format="json"),
    ),
    benchmarks=(*BENCHMARKS.values(), SERVING),
    metrics=tuple(METRICS.values()),
    columns={"models": COLUMNS},
    parse=parse,
    parser_version=3,
)
