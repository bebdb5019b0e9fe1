"""AgentSet: embedding models search seven collections, and a model judges in pairs whose finds answer better."""

from collections.abc import Mapping
from datetime import date
from typing import Any

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
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import fact, json_rows, load_json, number, published_name, slug

ENDPOINT = "benchmarks"
OVERALL = Benchmark("overall", "AgentSet, all collections", Domain.EMBEDDING, "Retrieval from seven collections of texts.")
DATASETS = ("ARCD", "DBPedia", "FiQa", "MSMARCO", "PG", "SciFact", "business_reports")
ELO = Metric(
    slug="elo",
    benchmark=OVERALL.slug,
    title="Elo",
    unit=Unit.ELO,
    higher_is_better=True,
    minimum=0,
    maximum=4000,
    description="Of the judgments in pairs, by a model.",
    headline=True,
)


def _share(name: str, benchmark: str, title: str, description: str) -> Metric:
    return Metric(
        slug=name,
        benchmark=benchmark,
        title=title,
        unit=Unit.FRACTION,
        higher_is_better=True,
        minimum=0,
        maximum=1,
        description=description,
    )


OF_ALL = {
    "elo": ELO,
    "win_rate": _share("win_rate", OVERALL.slug, "Win rate", "Share of the judgments that it wins."),
    "avg_ndcg_10": _share("average_ndcg_at_10", OVERALL.slug, "nDCG@10, mean", "Mean over the collections."),
}


def _benchmark(dataset: str) -> Benchmark:
    return Benchmark(slug(dataset), f"AgentSet: {dataset}", Domain.EMBEDDING, "Retrieval.", part_of=OVERALL.slug)


def _of_dataset(dataset: str) -> dict[str, Metric]:
    name = slug(dataset)
    return {"ndcg@10": _share(f"{name}_ndcg_at_10", name, f"nDCG@10, {dataset}", "Of the ten texts that it finds first.")}


BY_DATASET = {dataset: _of_dataset(dataset) for dataset in DATASETS}
COLUMNS = Columns(
    required=frozenset({"name", "overall"}), minor=frozenset({"by_dataset"}), ignored=frozenset({"comparisons"})
)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per name. Collections that are not declared become discovered benchmarks."""
    ledger = Ledger()
    rows = load_json(files[ENDPOINT], ENDPOINT, ledger)
    by_dataset = dict(BY_DATASET)
    for row in json_rows(rows, COLUMNS, ledger):
        try:
            name = published_name(row["name"])
        except CellError as error:
            ledger.reject(str(error), row["name"])
            continue
        entry = ledger.entry(name, name)
        entry.standing = Standing.VERIFIED
        overall = _object(row["overall"])
        entry.settings = {
            "judgments": fact(overall.get("total_judgments")),
            "latency_ms": fact(overall.get("avg_latency_ms")),
        }
        scores = ledger.scores(overall, OF_ALL, number)
        for dataset, found in _object(row.get("by_dataset")).items():
            metrics = by_dataset.setdefault(dataset, _of_dataset(dataset))
            scores |= ledger.scores(_object(_object(found).get("metrics")), metrics, number)
        ledger.record(entry, scores)
    new = sorted(by_dataset.keys() - BY_DATASET.keys())
    return ledger.parsed(
        benchmarks=tuple(map(_benchmark, new)),
        metrics=tuple(metric for dataset in new for metric in by_dataset[dataset].values()),
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


SOURCE = Source(
    slug="agentset_embeddings",
    title="AgentSet embeddings",
    publisher="AgentSet",
    homepage="https://agentset.ai/embeddings",
    license=None,
    terms=unclear(
        "AgentSet, https://agentset.ai/embeddings", "The repository of the leaderboard has no license.", date(2026, 9, 1)
    ),
    endpoints=(
        Endpoint(
            ENDPOINT,
            "https://raw.githubusercontent.com/agentset-ai/embedding-leaderboard/main/results/benchmarks.json",
            "json",
        ),
    ),
    benchmarks=(OVERALL, *map(_benchmark, DATASETS)),
    metrics=(*OF_ALL.values(), *(metric for metrics in BY_DATASET.values() for metric in metrics.values())),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
