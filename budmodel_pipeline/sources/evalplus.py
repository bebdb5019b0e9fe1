"""EvalPlus: Python functions of HumanEval and MBPP, with many more tests than the originals."""

from collections.abc import Mapping
from datetime import date

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Metric,
    Parsed,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import Ledger
from budmodel_pipeline.sources.reading import fact, json_rows_by_name, number, slug, text
from budmodel_pipeline.sources.shared_benchmarks import HUMANEVAL

ENDPOINT = "results"
PASSED = "pass@1"
BENCHMARKS = (
    HUMANEVAL,
    Benchmark("humaneval_plus", "HumanEval+", Domain.CODING, "The functions of HumanEval with 80 times as many tests."),
    Benchmark("mbpp", "MBPP", Domain.CODING, "378 short Python functions, with their own tests."),
    Benchmark("mbpp_plus", "MBPP+", Domain.CODING, "The functions of MBPP with 35 times as many tests."),
)


def _metric(benchmark: Benchmark, *, headline: bool = False) -> Metric:
    return Metric(
        slug=f"{benchmark.slug}_pass_at_1",
        benchmark=benchmark.slug,
        title=f"{benchmark.title} pass@1",
        unit=Unit.PERCENT,
        higher_is_better=True,
        minimum=0,
        maximum=100,
        description="Share of the functions that pass all tests, written once and greedily.",
        headline=headline,
    )


METRICS = dict(
    zip(
        ("humaneval", "humaneval+", "mbpp", "mbpp+"),
        (_metric(benchmark, headline=benchmark.slug == "humaneval_plus") for benchmark in BENCHMARKS),
        strict=True,
    )
)
COLUMNS = Columns(required=frozenset({PASSED}), minor=frozenset({"link", "open-data", "prompted", "size"}))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per name. A model that is not `prompted` completes the function instead of answering a request."""
    ledger = Ledger()
    for name, row in json_rows_by_name(files[ENDPOINT], ENDPOINT, COLUMNS, ledger, PASSED):
        entry = ledger.entry(name, name)
        entry.standing = Standing.VERIFIED
        entry.link = text(row.get("link"))
        entry.settings = {slug(key): fact(row.get(key)) for key in sorted(COLUMNS.minor - {"link"})}
        # A word of the publisher, where others mean by it that something is missing.
        entry.settings["open_data"] = row.get("open-data") if isinstance(row.get("open-data"), str) else None
        ledger.record(entry, ledger.scores(row[PASSED], METRICS, number))
    return ledger.parsed()


SOURCE = Source(
    slug="evalplus",
    title="EvalPlus",
    publisher="EvalPlus team, University of Illinois",
    homepage="https://evalplus.github.io/leaderboard.html",
    license="Apache-2.0",
    terms=permitted(
        "EvalPlus, https://evalplus.github.io/leaderboard.html, Apache-2.0",
        "Apache-2.0, the license of the repository evalplus/evalplus.github.io, which holds the file.",
        date(2026, 9, 1),
    ),
    endpoints=(Endpoint(ENDPOINT, "https://evalplus.github.io/results.json", "json"),),
    benchmarks=BENCHMARKS,
    metrics=tuple(METRICS.values()),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
