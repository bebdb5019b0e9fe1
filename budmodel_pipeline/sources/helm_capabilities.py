"""HELM Capabilities: five benchmarks that Stanford runs alike for every model, and their mean."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Metric,
    Parsed,
    Shape,
    Source,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import load_json, number, published_name, require_columns

ENDPOINT = "core_scenarios"
RELEASE = "v1.15.0"
TABLE, NAME, MEAN = "Accuracy", "Model", "Mean score"
WHOLE = Benchmark("capabilities", "HELM Capabilities", Domain.GENERAL, "The mean of five benchmarks.")
PARTS = {
    "MMLU-Pro - COT correct": Benchmark(
        "mmlu_pro", "MMLU-Pro, as HELM runs it", Domain.KNOWLEDGE, "A sample of its questions.", part_of=WHOLE.slug
    ),
    "GPQA - COT correct": Benchmark(
        "gpqa", "GPQA main, as HELM runs it", Domain.SCIENCE, "The main set, and not the diamond one.", part_of=WHOLE.slug
    ),
    "IFEval - IFEval Strict Acc": Benchmark(
        "ifeval", "IFEval, as HELM runs it", Domain.INSTRUCTION_FOLLOWING, "Strict accuracy.", part_of=WHOLE.slug
    ),
    "WildBench - WB Score": Benchmark(
        "wildbench", "WildBench, as HELM runs it", Domain.GENERAL, "Rated by models, from 0 to 1.", part_of=WHOLE.slug
    ),
    "Omni-MATH - Acc": Benchmark(
        "omni_math", "Omni-MATH, as HELM runs it", Domain.MATHEMATICS, "Judged by models.", part_of=WHOLE.slug
    ),
}


def _metric(column: str, benchmark: Benchmark) -> Metric:
    return Metric(
        slug="mean_score" if column == MEAN else benchmark.slug,
        benchmark=benchmark.slug,
        title=column,
        unit=Unit.FRACTION,
        higher_is_better=True,
        minimum=0,
        maximum=1,
        headline=column == MEAN,
    )


METRICS = {column: _metric(column, benchmark) for column, benchmark in ((MEAN, WHOLE), *PARTS.items())}
COLUMNS = Columns(required=frozenset({NAME, MEAN}), minor=frozenset(PARTS))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per name of the table of accuracies; the others are of speed, bias and the like."""
    ledger = Ledger()
    tables = load_json(files[ENDPOINT], ENDPOINT, ledger)
    found = [table for table in _objects(tables) if table.get("title") == TABLE]
    if len(found) != 1:
        raise SourceError(ENDPOINT, f"one table called {TABLE!r}", f"{len(found)} of them")
    header = [str(cell.get("value")) for cell in _objects(found[0].get("header"))]
    require_columns(header, ENDPOINT, COLUMNS, ledger)
    lower = {cell.get("value") for cell in _objects(found[0]["header"]) if cell.get("lower_is_better") is True}
    if wrong_way := sorted(METRICS.keys() & lower):
        raise SourceError(ENDPOINT, "columns of which more is better", ", ".join(wrong_way), "columns")
    rows = found[0].get("rows")
    if not isinstance(rows, list) or not rows:
        raise SourceError(ENDPOINT, "rows", "none")
    for row in rows:
        ledger.read()
        values = [cell.get("value") for cell in _objects(row)]
        if len(values) != len(header):
            ledger.reject(f"{len(values)} cells under {len(header)} columns", row)
            continue
        cells = dict(zip(header, values, strict=True))
        try:
            name = published_name(cells[NAME])
        except CellError as error:
            ledger.reject(str(error), row)
            continue
        entry = ledger.entry(name, name)
        entry.standing = Standing.VERIFIED
        entry.settings = {"release": RELEASE}
        ledger.record(entry, ledger.scores(cells, METRICS, number))
    return ledger.parsed()


def _objects(found: Any) -> Sequence[dict[str, Any]]:
    """The objects of a list of such, or none where it is something else."""
    return found if isinstance(found, list) and all(isinstance(one, dict) for one in found) else []


SOURCE = Source(
    slug="helm_capabilities",
    title="HELM Capabilities",
    publisher="Stanford CRFM",
    homepage="https://crfm.stanford.edu/helm/capabilities/latest/",
    license=None,
    terms=unclear(
        "HELM Capabilities, Stanford CRFM, https://crfm.stanford.edu/helm/capabilities/latest/",
        "The site states no terms of the data.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            ENDPOINT,
            f"https://storage.googleapis.com/crfm-helm-public/capabilities/benchmark_output/releases/{RELEASE}"
            "/groups/core_scenarios.json",
            "json",
            shape=Shape.DOCUMENTED,
        ),
    ),
    benchmarks=(WHOLE, *PARTS.values()),
    metrics=tuple(METRICS.values()),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
