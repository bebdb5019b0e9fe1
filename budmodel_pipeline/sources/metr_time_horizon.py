"""METR: how long people need for the tasks that a model completes half of the time."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    IntervalBasis,
    Metric,
    Parsed,
    Score,
    Shape,
    Source,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, load_yaml, number, published_name, require_columns, text

ENDPOINT = "results"
NAME = "benchmark_name"
# Another suite of tasks than that of version 1.0, and other figures.
VERSION = "METR-Horizon-v1.1"
BENCHMARK = Benchmark(
    "time_horizon_1_1",
    "METR time horizon 1.1",
    Domain.AGENTS,
    "How long people need for tasks of software, research and security that a model completes alone.",
)


def _metric(share: int) -> Metric:
    return Metric(
        slug=f"p{share}_minutes",
        benchmark=BENCHMARK.slug,
        title=f"Time horizon at {share}%",
        unit=Unit.MINUTES,
        higher_is_better=True,
        minimum=0,
        maximum=1_000_000,
        description=f"How long people need for tasks that the model completes {share}% of the time.",
        headline=share == 50,
    )


METRICS = {"p50_horizon_length": _metric(50), "p80_horizon_length": _metric(80)}
COLUMNS = Columns(
    required=frozenset({"metrics"}), minor=frozenset({"release_date"}), optional=frozenset({"scaffolds", NAME})
)
DAY = partial(day, formats=("%Y-%m-%d",))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model."""
    ledger = Ledger()
    page = load_yaml(files[ENDPOINT], ENDPOINT, ledger)
    results = page.get("results") if isinstance(page, dict) else None
    if not isinstance(results, dict) or not results or not all(isinstance(row, dict) for row in results.values()):
        raise SourceError(ENDPOINT, "the results of each model by its name", type(results).__name__)
    if page.get(NAME) != VERSION:
        raise SourceError(ENDPOINT, f"the {NAME} {VERSION}", str(page.get(NAME))[:100], "columns")
    require_columns(list(dict.fromkeys(key for row in results.values() for key in row)), ENDPOINT, COLUMNS, ledger)
    ledger.offered |= {metric.slug for metric in METRICS.values()}
    newest: list[date] = []
    for key, row in results.items():
        ledger.read()
        try:
            name = published_name(key)
        except CellError as error:
            ledger.reject(str(error), key)
            continue
        entry = ledger.entry(name, name)
        entry.standing = Standing.VERIFIED
        entry.released_on = ledger.cell(row, "release_date", DAY)
        newest += [entry.released_on] if entry.released_on else []
        scaffolds = row.get("scaffolds")
        if isinstance(scaffolds, list):
            entry.settings["scaffolds"] = sorted(filter(None, map(text, scaffolds)))
        ledger.record(entry, _scores(_object(row.get("metrics")), ledger))
    return ledger.parsed(as_of=max(newest, default=None), as_of_basis=AsOfBasis.NEWEST_ROW)


def _scores(figures: Mapping[str, Any], ledger: Ledger) -> dict[str, Score]:
    found = {}
    for key, metric in METRICS.items():
        # None of those called so: a cell of an object.
        estimates = ledger.scores({key: _object(figures.get(key)).get("estimate")}, {key: metric}, number)
        for slug, score in estimates.items():
            lower, upper = (ledger.cell(_object(figures[key]), end, number) for end in ("ci_low", "ci_high"))
            basis = None if lower is None and upper is None else IntervalBasis.PUBLISHED
            found[slug] = score._replace(lower=lower, upper=upper, interval_basis=basis)
    return found


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


SOURCE = Source(
    slug="metr_time_horizon",
    title="METR time horizons",
    publisher="METR",
    homepage="https://metr.org/time-horizons/",
    license=None,
    terms=unclear(
        "METR, Time horizons, https://metr.org/time-horizons/", "Nothing was found beside the file.", date(2026, 10, 8)
    ),
    endpoints=(Endpoint(ENDPOINT, "https://metr.org/assets/benchmark_results_1_1.yaml", "yaml", shape=Shape.DOCUMENTED),),
    benchmarks=(BENCHMARK,),
    metrics=tuple(METRICS.values()),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
